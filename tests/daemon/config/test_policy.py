"""The configuration in the words of the reconcile core."""

from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.config.load import load, parse
from daemon.config.model import Config
from daemon.config.policy import deciding_bytes, make_calendar, make_policy
from daemon.cycle.calendar import Calendar
from ledger.model.errors import ConfigProblem
from ledger.model.ids import Kind, SystemName

GOOD = Path(__file__).parent / "files" / "good"
QBO, DEAR = SystemName("qbo"), SystemName("dear")


def test_what_was_configured_arrives() -> None:
    policy = make_policy(load(GOOD / "empty_sections.yaml").config)
    assert policy.systems == (QBO, DEAR)
    assert policy.authority[Kind.VENDOR] == {"email": "both", "terms": "qbo", "notes": "none"}
    assert policy.foreign_edit(Kind.VENDOR, "terms") == "restore"
    assert policy.foreign_edit(Kind.VENDOR, "email") == "hold"
    assert policy.limits.oscillation_window_s == 86_400


def test_every_kind_is_there_under_its_own_name() -> None:
    policy = make_policy(load(GOOD / "words_of_yaml_1_1.yaml").config)
    assert policy.flow(Kind.CLASS) == "off"
    assert policy.create_policy(Kind.ACCOUNT, QBO) == "never"
    assert policy.create_policy(Kind.ACCOUNT, DEAR) == "auto"
    assert policy.create_policy(Kind.VENDOR, QBO) == "auto"


def test_what_follows_from_removals_is_configured_per_kind_and_system() -> None:
    more = "kinds: {item: {on_removed: {qbo: recreate}}, account: {on_removed: {dear: ignore}}}\n"
    text = (GOOD / "smallest.yaml").read_text() + more
    policy = make_policy(parse(text.encode(), name="c", folder=Path("/")))
    assert policy.removed(Kind.ITEM, QBO) == "recreate"
    assert policy.removed(Kind.ITEM, DEAR) == "ask"
    assert policy.removed(Kind.ACCOUNT, DEAR) == "ignore"
    assert policy.removed(Kind.VENDOR, QBO) == "ask"


def test_only_what_decides_changes_the_digest() -> None:
    text = (GOOD / "smallest.yaml").read_text()

    def bytes_of(more: str) -> bytes:
        return deciding_bytes(parse((text + more).encode(), name="c", folder=Path("/")))

    assert bytes_of("log: {level: debug}\n") == bytes_of("")
    assert bytes_of("names: hold\n") != bytes_of("")
    assert bytes_of("kinds: {vendor: {flow: manual}}\n") != bytes_of("")


# -- hours of writing, freezes, limits ----------------------------------------------------------

SMALLEST = (GOOD / "smallest.yaml").read_text()


def config_of(more: str) -> Config:
    return parse((SMALLEST + more).encode(), name="c.yaml", folder=Path("/"))


def problems_of(more: str) -> list[str]:
    with pytest.raises(ConfigProblem) as caught:
        config_of(more)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("sat", {5}),
        ("fri-mon", {4, 5, 6, 0}),
        ("mon, wed - thu", {0, 2, 3}),
        ("MON", {0}),
    ],
)
def test_days_of_the_week(text: str, days: set[int]) -> None:
    windows = f'schedule: {{write_windows: [{{days: "{text}", from: "06:00", to: "22:00"}}]}}\n'
    (window,) = make_calendar(config_of(windows)).windows
    assert window.days == days
    assert (window.since, window.until) == (time(6), time(22))


@pytest.mark.parametrize("text", ["", "mon-", "someday", "mon--fri", "0-4", "mon;tue"])
def test_what_is_no_day_is_named(text: str) -> None:
    windows = f'schedule: {{write_windows: [{{days: "{text}", from: "06:00", to: "22:00"}}]}}\n'
    (problem,) = problems_of(windows)
    assert "schedule.write_windows" in problem
    assert "mon-fri" in problem


def test_windows_and_freezes_arrive_in_the_company_s_own_time() -> None:
    config = config_of(
        'schedule: {write_windows: [{from: "22:00", to: "02:00"}],'
        " freeze: [{from: 2026-08-31, to: 2026-09-03, reason: month-end}]}\n"
    )
    calendar = make_calendar(config)
    assert calendar.zone == config.company.timezone
    assert calendar.windows[0].days == {0, 1, 2, 3, 4}
    (freeze,) = calendar.freezes
    assert (freeze.first, freeze.last, freeze.reason) == (
        date(2026, 8, 31),
        date(2026, 9, 3),
        "month-end",
    )
    assert make_calendar(config_of("")) == Calendar(zone=config.company.timezone)


def test_a_freeze_that_ends_before_it_begins_is_refused() -> None:
    (problem,) = problems_of(
        "schedule: {freeze: [{from: 2026-09-03, to: 2026-08-31, reason: month-end}]}\n"
    )
    assert "`to` is before `from`" in problem


def test_the_shown_configuration_reads_back() -> None:
    config = config_of(
        'schedule: {write_windows: [{days: "fri-mon", from: "06:00", to: "22:00"}],'
        " freeze: [{from: 2026-08-31, to: 2026-09-03, reason: month-end}]}\n"
    )
    shown = config.model_dump(mode="json", by_alias=True)["schedule"]
    assert shown["write_windows"] == [
        {"days": "mon, fri, sat, sun", "from": "06:00", "to": "22:00"}
    ]
    assert type(config.schedule).model_validate(shown) == config.schedule


def test_absolute_limits_and_the_money_cap_arrive() -> None:
    limits = make_policy(config_of("")).limits
    assert (limits.most_creates, limits.most_updates, limits.most_removals) == (
        10_000,
        10_000,
        500,
    )
    assert limits.money is None
    config = config_of("limits: {absolute: {creates: 50, removals: 5}, money: 250000.50}\n")
    limits = make_policy(config).limits
    assert (limits.most_creates, limits.most_updates, limits.most_removals) == (50, 10_000, 5)
    assert limits.money == Decimal("250000.50")
    assert deciding_bytes(config) != deciding_bytes(config_of(""))
