"""Any configuration file: it loads, or every problem has its place and none repeats a secret."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.load import load, parse
from daemon.config.model import Config
from daemon.connectors.secrets import SecretRef
from ledger.model.errors import ConfigProblem
from tests.fuzz.effort import effort
from tests.fuzz.spoiling import DAMAGES, TEXTS, broken

SAMPLES = [
    path.read_bytes()
    for path in sorted((Path(__file__).parents[1] / "daemon/config/files/good").glob("*.yaml"))
]
PLACED = re.compile(r"c\.yaml:\d+:\d+: ")
SECRET = "hunter2hunter2"
"""Where people write a secret by mistake, no message may repeat it."""
SCALARS = [
    *("", "null", "~", "true", "no", "-1", "0", "1e999999999", "9" * 5_000, "0x10", "0o17", "1:30"),
    *(
        "[",
        "[]",
        "{}",
        "{a: 1}",
        "[[[]]]",
        "&a [*a]",
        "*b",
        "!!python/object:os.system x",
        "|",
        ">",
    ),
    *("'", '"', '"\\ud800"', '"\\x00"', "? x", "- x", "%YAML 1.1", "---", "...", "<<: {a: 1}", "#"),
    *("2026-02-30", "0001-01-01", "25:99", "99999999d", "1" * 400 + "d", "USD", "usd", "Mars/Base"),
    *("http://[", "http://x:99999/", "https://user:pw@x/", "/", "../..", "~root", "\t", "\u2028"),
]
LINES = st.lists(
    st.tuples(
        st.sampled_from(["value", "drop", "again", "indent", "key", "add"]),
        st.integers(0, 999),
        st.sampled_from(SCALARS) | st.sampled_from(TEXTS) | st.text(max_size=8),
    ),
    min_size=1,
    max_size=4,
)


def edited(data: bytes, edits: list[tuple[str, int, str]]) -> bytes:
    """A file after a careless hand was at some of its lines."""
    lines = data.decode().splitlines()
    for act, at, text in edits:
        place = at % len(lines) if lines else 0
        line = lines[place] if lines else ""
        match act:
            case "value":
                lines[place : place + 1] = [f"{line.partition(':')[0]}: {text}"]
            case "drop":
                del lines[place : place + 1]
            case "again":
                lines[place:place] = [line]
            case "indent":
                lines[place : place + 1] = [f"  {line}"]
            case "key":
                lines[place : place + 1] = [f"{text}:{line.partition(':')[2]}"]
            case _:
                lines[place:place] = [text]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def problems(data: bytes) -> list[str]:
    """What is wrong with a file; nothing when it loads."""
    try:
        config = parse(data, name="c.yaml", folder=Path("/etc/trueup"))
    except ConfigProblem as problem:
        found = list(problem.problems)
        assert found
        assert all(PLACED.match(one) for one in found), found
        return found
    assert isinstance(config, Config)
    return []


@effort(50)
@given(sample=st.sampled_from(SAMPLES), edits=LINES)
def test_a_careless_hand_is_told_each_place(
    sample: bytes, edits: list[tuple[str, int, str]]
) -> None:
    problems(edited(sample, edits))


@effort(40)
@given(sample=st.sampled_from(SAMPLES), damages=DAMAGES)
def test_any_bytes_load_or_are_refused(sample: bytes, damages: Any) -> None:
    problems(broken(sample, damages))


@effort(40)
@given(
    key=st.sampled_from(["client_id", "client_secret", "refresh_token", "application_key"]),
    form=st.sampled_from(
        [
            *("{s}", '"{s}"', "[{s}]", "{{{s}: 1}}", "{{env: '{s} x'}}", "{{credential: [{s}]}}"),
            *("{{file: {{a: {s}}}}}", "{{env: X, value: {s}}}", "{{env: '{s}!', file: /x}}"),
            *("|\n    {s}", "{s}: {s}", "*{s}", "&{s} x", "!{s} x"),
        ]
    ),
    edits=LINES,
    careless=st.booleans(),
)
def test_no_message_repeats_a_secret(
    key: str, form: str, edits: list[tuple[str, int, str]], careless: bool
) -> None:
    section = "dear" if key == "application_key" else "qbo"
    lines = SAMPLES[-2].decode().splitlines()
    lines = [line for line in lines if f" {key}:" not in line]
    lines.insert(lines.index(f"{section}:") + 1, f"  {key}: {form.format(s=SECRET)}")
    data = "\n".join(lines).encode()
    found = problems(edited(data, edits) if careless else data)
    assert SECRET not in "\n".join(found)


@pytest.mark.parametrize("name", ["", ".", "folder", "missing.yaml", "missing/x.yaml", "x" * 5_000])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigProblem, match="cannot be read"):
        load(tmp_path / name)


@effort(40)
@given(name=st.text(max_size=20))
def test_any_name_of_a_variable_is_a_reference_or_refused(name: str) -> None:
    try:
        reference = SecretRef(env=name)
    except ValueError:
        return
    with pytest.raises(ConfigProblem, match="missing or empty"):
        reference.resolve()
