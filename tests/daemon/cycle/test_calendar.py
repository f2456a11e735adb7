"""Hours of writing and frozen days, clocks going forward and back included."""

from datetime import UTC, date, datetime, time

import pytest

from daemon.cycle.calendar import Calendar, FreezeDays, WriteWindow

WEEKDAYS = frozenset(range(5))
OFFICE = WriteWindow(days=WEEKDAYS, since=time(6), until=time(22))
NIGHT = WriteWindow(days=frozenset({4}), since=time(22), until=time(2))
CLOSE = FreezeDays(first=date(2026, 8, 31), last=date(2026, 9, 3), reason="month-end")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def reason(calendar: Calendar, text: str) -> str:
    shut = calendar.shut(at(text))
    return "" if shut is None else shut.reason


def test_without_windows_every_hour_is_open() -> None:
    assert Calendar().shut(at("2026-08-30T03:00")) is None
    assert Calendar().opens_at(at("2026-08-30T03:00")) is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-08-28T05:59", "window"),  # a Friday
        ("2026-08-28T06:00", ""),
        ("2026-08-28T21:59", ""),
        ("2026-08-28T22:00", "window"),
        ("2026-08-29T12:00", "window"),  # Saturday
    ],
)
def test_a_window_is_open_from_its_first_minute_to_its_end(now: str, expected: str) -> None:
    assert reason(Calendar(windows=(OFFICE,)), now) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-08-28T21:59", "window"),
        ("2026-08-28T23:00", ""),
        ("2026-08-29T01:59", ""),  # still Friday's window
        ("2026-08-29T02:00", "window"),
        ("2026-08-29T23:00", "window"),
        ("2026-08-28T01:00", "window"),  # Thursday's night is not in it
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_it_begins(now: str, expected: str) -> None:
    assert reason(Calendar(windows=(NIGHT,)), now) == expected


def test_times_are_the_company_s_own() -> None:
    chicago = Calendar(windows=(OFFICE,), zone="America/Chicago")
    assert reason(chicago, "2026-08-28T10:59") == "window"
    assert reason(chicago, "2026-08-28T11:00") == ""
    assert chicago.opens_at(at("2026-08-28T10:00")) == at("2026-08-28T11:00")


def test_it_says_when_it_opens() -> None:
    calendar = Calendar(windows=(OFFICE,))
    assert calendar.opens_at(at("2026-08-28T12:00")) is None
    assert calendar.opens_at(at("2026-08-28T23:00")) == at("2026-08-31T06:00"), "over the weekend"


def test_a_freeze_is_stronger_than_a_window_and_includes_both_ends() -> None:
    calendar = Calendar(windows=(OFFICE,), freezes=(CLOSE,))
    assert reason(calendar, "2026-08-31T12:00") == "frozen"
    assert reason(calendar, "2026-09-03T23:59") == "frozen"
    assert reason(calendar, "2026-09-04T05:00") == "window"
    assert reason(calendar, "2026-09-04T06:00") == ""
    shut = calendar.shut(at("2026-09-01T12:00"))
    assert shut is not None
    assert shut.text == "Frozen by the configuration until 2026-09-03: month-end"
    assert calendar.opens_at(at("2026-09-01T12:00")) == at("2026-09-04T06:00")
    assert Calendar(freezes=(CLOSE,)).opens_at(at("2026-09-01T12:00")) == at("2026-09-04T00:00")


def test_freezes_that_follow_each_other_open_at_the_end_of_the_last() -> None:
    more = FreezeDays(first=date(2026, 9, 4), last=date(2026, 9, 6), reason="audit")
    assert Calendar(freezes=(CLOSE, more)).opens_at(at("2026-09-01T12:00")) == at(
        "2026-09-07T00:00"
    )


def test_an_hour_that_the_clocks_leave_out_opens_after_it() -> None:
    """2026-03-08 in Chicago: 01:59 is followed by 03:00."""
    sunday = WriteWindow(days=frozenset({6}), since=time(2, 30), until=time(4))
    calendar = Calendar(windows=(sunday,), zone="America/Chicago")
    opens = calendar.opens_at(at("2026-03-08T07:00"))  # 01:00 there
    assert opens is not None
    assert at("2026-03-08T08:00") <= opens <= at("2026-03-08T08:30")
    assert calendar.shut(opens) is None
    assert reason(calendar, "2026-03-08T09:00") == "window"  # 04:00 there


def test_an_hour_that_comes_twice_is_open_both_times() -> None:
    """2026-11-01 in Chicago: 01:00 to 01:59 comes twice."""
    sunday = WriteWindow(days=frozenset({6}), since=time(1), until=time(2))
    calendar = Calendar(windows=(sunday,), zone="America/Chicago")
    assert [reason(calendar, f"2026-11-01T0{hour}:30") for hour in (5, 6, 7, 8)] == [
        "window",
        "",
        "",
        "window",
    ]
