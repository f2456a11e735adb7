"""Addresses, instants, keys and plots: text from values."""

from datetime import UTC, datetime, timedelta

import pytest

from tui.address import Address, parse_address, typed
from tui.keys import ALWAYS, Key, help_lines, standard
from tui.times import Zone, age, at_text, since
from tui.views import VIEWS
from tui.widgets.plot import plot_lines

NOW = datetime(2026, 8, 14, 14, 41, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "address",
    [
        Address("overview"),
        Address("record", "820412-001 [REV B]"),
        Address("record", "a?b/c #1 100%"),
        Address("drift", query={"filter": "kind:bill amount>100 -x", "sort": "amount"}),
    ],
)
def test_an_address_is_the_same_after_it_was_pasted(address: Address) -> None:
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("queue", Address("queue")),
        ("Drift kind:bill age>2d", Address("drift", query={"filter": "kind:bill age>2d"})),
        ("record PO 7", Address("record", "PO 7")),
        ("drift?filter=kind:bill", Address("drift", query={"filter": "kind:bill"})),
    ],
)
def test_what_is_typed_is_an_address_or_a_view_and_the_rest(line: str, address: Address) -> None:
    assert typed(line) == address


def test_instants_are_shown_in_the_zone_that_was_chosen() -> None:
    assert at_text(NOW, Zone.COMPANY, "America/Chicago") == "2026-08-14 09:41:07 -05:00"
    assert at_text(NOW.isoformat(), Zone.UTC) == "2026-08-14 14:41:07Z"
    assert at_text(NOW, Zone.COMPANY, "Nowhere/Else") == "2026-08-14 14:41:07Z"
    assert at_text("", Zone.UTC) == at_text("rubbish", Zone.UTC) == "-"
    assert [Zone.COMPANY.next(), Zone.LOCAL.next()] == [Zone.UTC, Zone.COMPANY]


def test_ages_have_one_unit() -> None:
    assert [age(s) for s in (0, 59, 60, 7_199, 7_200, 200_000)] == [
        "0s",
        "59s",
        "1m",
        "1h",
        "2h",
        "2d",
    ]
    assert since(NOW - timedelta(minutes=3), NOW) == "3m ago"
    assert since(NOW + timedelta(seconds=40), NOW) == "in 40s"
    assert since("", NOW) == "never"


def test_no_screen_takes_a_key_of_everywhere_and_every_key_has_a_method() -> None:
    always = {key.key for key in ALWAYS}
    for view in VIEWS:
        keys = [key.key for key in view.screen.KEYS]
        assert not always & set(keys)
        assert len(keys) == len(set(keys))
        assert all(callable(getattr(view.screen, key.run)) for key in view.screen.KEYS)
        assert all(callable(getattr(view.screen, key.when)) for key in view.screen.KEYS if key.when)


def test_a_view_is_called_as_its_screen_calls_itself() -> None:
    assert [(view.name, view.title) for view in VIEWS] == [
        (view.screen.view, view.screen.heading) for view in VIEWS
    ]


def test_numbers_and_names_of_views_are_unique() -> None:
    numbers = [view.number for view in VIEWS if view.number]
    assert len(numbers) == len(set(numbers))
    assert len({view.name for view in VIEWS}) == len(VIEWS)


def test_help_names_every_key_its_command_and_why_not_now() -> None:
    keys = (standard("approve"), Key("v", "Verify", "verify"))
    told = "\n".join(help_lines("Drift", keys, {"a": "your role may not"}))
    assert "a              Approve   (trueup approve DIGEST)   NOT NOW: your role may not" in told
    assert all(key.shown in told for key in ALWAYS)


def hours(*values: int) -> list[tuple[datetime, int]]:
    return [(NOW + timedelta(hours=place), value) for place, value in enumerate(values)]


def plotted(*values: int, width: int = 40, height: int = 6) -> list[str]:
    points = hours(*values)
    until = NOW + timedelta(hours=len(values))
    return plot_lines(points, until, width=width, height=height, ends=("08-01", "now"), plain=True)


def test_a_plot_shows_its_peak_whatever_its_width() -> None:
    lines = plotted(*[0] * 500, 412, *[3] * 500)
    assert len(lines) == 6
    assert lines[0].startswith("412 |")
    assert "+" in lines[0]
    assert lines[3].startswith("  0 |-")
    assert all(len(line) <= 40 and line.isascii() for line in lines)
    assert lines[-1].split() == ["08-01", "now"]
    assert plotted(5, width=5) == ["now 5"]
    assert plot_lines([], NOW, width=40, height=6) == ["no history yet"]


def test_a_value_that_never_changed_is_one_level_line_with_its_value() -> None:
    for value in (0, 7):
        lines = plotted(value, value, width=20)
        (level,) = [line for line in lines[:-2] if "-" in line]
        assert level == f"{value} |{'-' * 17}"


def test_a_plot_is_in_time_and_ends_with_what_is_so_now() -> None:
    points = [(NOW, 10), (NOW + timedelta(hours=9), 90), (NOW + timedelta(hours=9, minutes=5), 50)]
    until = NOW + timedelta(hours=10)
    lines = plot_lines(points, until, width=44, height=7, plain=True)
    assert (lines[0][:4], lines[4][:4]) == ("90 |", " 0 |")
    assert lines[0].index("+") in range(36, 41), "nine tenths of the way"
    assert lines[2].rstrip().endswith("-"), "the middle, where it is now"
