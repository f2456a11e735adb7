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


def test_numbers_and_names_of_views_are_unique() -> None:
    numbers = [view.number for view in VIEWS if view.number]
    assert len(numbers) == len(set(numbers))
    assert len({view.name for view in VIEWS}) == len(VIEWS)


def test_help_names_every_key_its_command_and_why_not_now() -> None:
    keys = (standard("approve"), Key("v", "Verify", "verify"))
    told = "\n".join(help_lines("Drift", keys, {"a": "your role may not"}))
    assert "a              Approve   (trueup approve DIGEST)   NOT NOW: your role may not" in told
    assert all(key.shown in told for key in ALWAYS)


def test_a_plot_shows_its_peak_whatever_its_width() -> None:
    values = [0] * 500 + [412] + [3] * 500
    lines = plot_lines(values, width=40, height=6, ends=("08-01", "08-14"), plain=True)
    assert len(lines) == 6
    assert lines[0].startswith("412 |")
    assert "@" in lines[0]
    assert all(len(line) <= 40 and line.isascii() for line in lines)
    assert lines[-1].split() == ["08-01", "08-14"]
    assert plot_lines([], width=40, height=6) == ["no history yet"]
    assert plot_lines([5], width=5, height=6) == ["now 5"]
    assert plot_lines([0, 0], width=20, height=4)[0].startswith("0 │")
