"""Good files load, bad ones name every problem at once with its place."""

from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.config.load import load, parse, secret_references
from daemon.config.places import locate
from daemon.config.types import duration_text, parse_duration
from ledger.model.errors import ConfigProblem

FILES = Path(__file__).parent / "files"
GOOD = sorted((FILES / "good").glob("*.yaml"))
BAD = sorted((FILES / "bad").glob("*.yaml"))


def problems_of(text: str) -> list[str]:
    with pytest.raises(ConfigProblem) as caught:
        parse(text.encode(), name="c.yaml", folder=Path("/etc/trueup"))
    return list(caught.value.problems)


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_every_problem_of_a_bad_file_is_told_at_once(path: Path) -> None:
    expected = path.with_suffix(".expected").read_text().splitlines()
    with pytest.raises(ConfigProblem) as caught:
        load(path)
    assert list(caught.value.problems) == [f"{path}:{line}" for line in expected]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_files_load(path: Path) -> None:
    assert load(path).config.version == 1


def test_every_folder_of_samples_has_some() -> None:
    assert len(GOOD) >= 3
    assert len(BAD) >= 8


def test_words_that_yaml_1_1_would_eat_stay_text() -> None:
    config = load(FILES / "good" / "words_of_yaml_1_1.yaml").config
    assert (config.instance, config.company.display_name) == ("off", "NO")
    assert config.dear is not None
    assert config.dear.account_id == "yes"
    assert config.kinds.class_.flow == "off"
    assert config.schedule.full_sweep == time(2, 30)
    assert config.schedule.poll == timedelta(seconds=90)


def test_relative_paths_start_beside_the_file() -> None:
    config = load(FILES / "good" / "smallest.yaml").config
    assert config.state_dir == (FILES / "good").resolve() / "state"
    assert config.places.ledger == config.state_dir / "ledger.db"
    assert config.places.socket == config.state_dir / "control.sock"


def test_defaults_stand_where_nothing_is_said() -> None:
    config = load(FILES / "good" / "smallest.yaml").config
    assert config.schedule.poll == timedelta(seconds=60)
    assert config.limits.mass_change_fraction == Decimal("0.30")
    assert config.kinds.account.create.qbo == "never"
    assert config.kinds.item.create.qbo == "auto"


def test_a_section_whose_lines_are_all_comments_means_its_defaults() -> None:
    config = load(FILES / "good" / "empty_sections.yaml").config
    assert config.control.socket is None


def test_a_secret_never_appears_in_a_message() -> None:
    path = FILES / "bad" / "five_mistakes.yaml"
    assert "kJ83hs0aPq2" in path.read_text()
    with pytest.raises(ConfigProblem) as caught:
        load(path)
    assert "kJ83hs0aPq2" not in str(caught.value)


def test_secret_references_are_listed_by_key() -> None:
    config = load(FILES / "good" / "smallest.yaml").config
    assert [key for key, _ in secret_references(config)] == [
        "qbo.client_id",
        "qbo.client_secret",
        "dear.application_key",
    ]


def test_a_file_that_repeats_itself_without_end_is_refused() -> None:
    text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for number in range(1, 9):
        before = chr(ord("a") + number - 1)
        here = chr(ord("a") + number)
        text += f"{here}: &{here} [{', '.join([f'*{before}'] * 10)}]\n"
    assert problems_of(text) == [
        "c.yaml:1:1: nested too deep, or it repeats itself through aliases"
    ]


def test_a_cycle_is_refused() -> None:
    assert "repeats itself" in problems_of("a: &a\n  b: *a\n")[0]


def test_merge_keys_are_refused_with_their_place() -> None:
    found = problems_of("version: 1\n<<: {instance: acme}\n")
    assert "c.yaml:2:1: merge keys (<<) are not YAML 1.2: write the keys out" in found


def test_two_documents_in_one_file_are_refused() -> None:
    assert "another document" in problems_of("version: 1\n---\nversion: 1\n")[0]


def test_text_that_is_not_utf_8_is_named_with_its_line() -> None:
    with pytest.raises(ConfigProblem, match=r"c\.yaml:2:1: not UTF-8"):
        parse(b"version: 1\ninstance: \xff\n", name="c.yaml", folder=Path("/"))


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match=r"copy config\.example\.yaml"):
        load(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("15m", 900), ("24h", 86_400), ("7d", 604_800), ("1h30m", 5_400), ("5m 1s", 301)],
)
def test_durations(text: str, seconds: int) -> None:
    value = parse_duration(text)
    assert value == timedelta(seconds=seconds)
    assert parse_duration(duration_text(timedelta(seconds=seconds))) == value


def test_the_places_are_found_while_the_rest_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("state_dir: state\nqbo: nonsense\ncontrol: {socket: /run/x.sock}\n")
    places = locate(path)
    assert places.ledger == tmp_path / "state" / "ledger.db"
    assert places.socket == Path("/run/x.sock")


def test_a_file_without_places_says_so(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("version: 1\n")
    with pytest.raises(ConfigProblem, match="state_dir: missing"):
        locate(path)


SPOILED = """\
version: 1
instance: acme
company: {display_name: 012345, timezone: UTC, home_currency: NO}
state_dir: /var/lib/trueup
qbo:
  environment: sandbox
  realm_id: 4620816365
  realm_id: "1"
  client_id: {env: A}
  client_secret: {env: B}
  minor_version: 1.10
dear: {account_id: 1e3, application_key: {env: C}, native_link: none}
mapping: {terms: {NO: 012, "on": 0x1F}}
"""


def test_39_what_yaml_would_change_is_found_with_its_place_all_at_once() -> None:
    quote = 'as a number: quote it: "'
    assert problems_of(SPOILED) == [
        f'c.yaml:3:11: company.display_name: YAML reads 012345 {quote}012345"',
        "c.yaml:3:48: company.home_currency: a currency is three capital letters, such as USD",
        f'c.yaml:7:3: qbo.realm_id: YAML reads 4620816365 {quote}4620816365"',
        "c.yaml:8:3: qbo.realm_id: given twice (first on line 7): remove one of them",
        f'c.yaml:11:3: qbo.minor_version: YAML reads 1.10 {quote}1.10"',
        f'c.yaml:12:8: dear.account_id: YAML reads 1e3 {quote}1e3"',
        f'c.yaml:13:19: mapping.terms.NO: YAML reads 012 {quote}012"',
        f'c.yaml:13:28: mapping.terms.on: YAML reads 0x1F {quote}0x1F"',
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("shedule: {}", "shedule: unknown key; did you mean schedule?"),
        ("schedule: {pol: 60s}", "schedule.pol: unknown key; did you mean poll?"),
        ("full_sweep: '02:30'", "full_sweep: unknown key; it belongs at schedule.full_sweep"),
        ("limits: {expire_after: 1h}", "limits.expire_after: unknown key; it belongs at "
         "approvals.expire_after"),
        ("kinds: {bill: {mode: auto}}", "kinds.bill.mode: unknown key; it is called `flow`"),
        ("zzz: 1", "zzz: unknown key"),
    ],
)  # fmt: skip
def test_40_an_unknown_key_names_the_nearest_or_where_it_belongs(line: str, told: str) -> None:
    smallest = (FILES / "good" / "smallest.yaml").read_text()
    (problem,) = problems_of(f"{smallest}{line}\n")
    assert problem.split(": ", 1)[1] == told
