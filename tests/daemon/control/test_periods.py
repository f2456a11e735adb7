"""Periods as people write them."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.control.periods import parse_period


@pytest.mark.parametrize(
    ("text", "first", "last", "title"),
    [
        ("2026-10", "2026-10-01", "2026-10-31", "October 2026"),
        ("2026-02", "2026-02-01", "2026-02-28", "February 2026"),
        ("2028-02", "2028-02-01", "2028-02-29", "February 2028"),
        ("2026-12", "2026-12-01", "2026-12-31", "December 2026"),
        ("2026-Q3", "2026-07-01", "2026-09-30", "Third quarter of 2026"),
        ("2026-q4", "2026-10-01", "2026-12-31", "Fourth quarter of 2026"),
        ("2026", "2026-01-01", "2026-12-31", "Year 2026"),
        (
            "2026-10-01..2026-10-15",
            "2026-10-01",
            "2026-10-15",
            "1 October 2026 to 15 October 2026",
        ),
        (
            " 2026-10-05..2026-10-05 ",
            "2026-10-05",
            "2026-10-05",
            "5 October 2026 to 5 October 2026",
        ),
    ],
)
def test_a_period_is_whole_days(text: str, first: str, last: str, title: str) -> None:
    period = parse_period(text)
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)
    assert period.title == title
    assert parse_period(period.text) == period


@pytest.mark.parametrize(
    "text",
    [
        "",
        "october",
        "2026-13",
        "2026-00",
        "2026-Q5",
        "26-10",
        "0001",
        "9999",
        "2026-10-01",
        "2026-10..2026-11",
        "2026-02-30..2026-03-01",
        "2026-10-02..2026-10-01",
        "2026-10-01..",
        "\u0662\u0660\u0662\u0666",
    ],
)
def test_what_is_no_period_is_refused_with_a_cure(text: str) -> None:
    with pytest.raises(ValueError, match="write"):
        parse_period(text)


@given(st.integers(1900, 9998))
def test_months_and_quarters_tile_the_year(year: int) -> None:
    for parts in (
        [f"{year}-{month:02}" for month in range(1, 13)],
        [f"{year}-Q{quarter}" for quarter in range(1, 5)],
    ):
        periods = [parse_period(text) for text in parts]
        assert periods[0].first == date(year, 1, 1)
        assert periods[-1].last == date(year, 12, 31)
        pairs = pairwise(periods)
        assert all(one.last + timedelta(days=1) == two.first for one, two in pairs)
