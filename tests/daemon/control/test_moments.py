"""Instants as people write them, read by the company's clocks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from daemon.control.moments import moment, told
from daemon.control.protocol import Code, Declined

CHICAGO = ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-12-01", "2026-12-01T06:00:00+00:00"),
        ("2026-07-01", "2026-07-01T05:00:00+00:00"),
        (" 2026-12-01T14:30 ", "2026-12-01T20:30:00+00:00"),
        ("2026-12-01 14:30:05", "2026-12-01T20:30:05+00:00"),
        ("2026-12-01T14:30Z", "2026-12-01T14:30:00+00:00"),
        ("2026-12-01T14:30+05:30", "2026-12-01T09:00:00+00:00"),
        # The clocks go forward at two: half past two is the wall clock's half past three.
        ("2026-03-08T02:30", "2026-03-08T08:30:00+00:00"),
        # They go back at two: the first half past one of two.
        ("2026-11-01T01:30", "2026-11-01T06:30:00+00:00"),
        ("2028-02-29", "2028-02-29T06:00:00+00:00"),
    ],
)
def test_a_day_and_a_wall_clock_are_the_company_s(text: str, instant: str) -> None:
    assert moment(text, CHICAGO, what="until").isoformat() == instant


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-02-30", "2026-13-01", "01.12.2026", "9999-12-31", "0001-01-01"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Declined, match=r"^until: ") as caught:
        moment(text, ZoneInfo("Asia/Tokyo"), what="until")
    assert caught.value.code is Code.BAD_REQUEST
    assert "2026-12-01T14:30+01:00" in caught.value.cure


def test_an_instant_is_told_with_its_offset() -> None:
    at = datetime(2026, 7, 1, 5, 0, tzinfo=UTC)
    assert told(at, CHICAGO) == "2026-07-01 00:00 -05:00"
    assert told(at, ZoneInfo("UTC")) == "2026-07-01 05:00 +00:00"
