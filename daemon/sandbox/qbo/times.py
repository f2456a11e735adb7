"""Time as QBO writes it: Pacific offset, whole seconds in records, milliseconds in envelopes."""

from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from typing import Final

_STANDARD: Final = timezone(timedelta(hours=-8))
_DAYLIGHT: Final = timezone(timedelta(hours=-7))


def _sunday(year: int, month: int, nth: int) -> int:
    first = date(year, month, 1).weekday()
    return 1 + (6 - first) % 7 + 7 * (nth - 1)


@cache
def _daylight(year: int) -> tuple[datetime, datetime]:
    starts = datetime(year, 3, _sunday(year, 3, 2), 10, tzinfo=UTC)
    return starts, datetime(year, 11, _sunday(year, 11, 1), 9, tzinfo=UTC)


def pacific(moment: datetime) -> datetime:
    """The instant in Pacific time. Daylight time: 2nd Sunday of March to 1st of November."""
    utc = moment.astimezone(UTC)
    starts, ends = _daylight(utc.year)
    return utc.astimezone(_DAYLIGHT if starts <= utc < ends else _STANDARD)


def stamp(moment: datetime) -> str:
    """``2026-05-05T02:14:00-07:00``."""
    return pacific(moment).replace(microsecond=0).isoformat()


def envelope_stamp(moment: datetime) -> str:
    """``2026-05-05T02:14:00.123-07:00``."""
    return pacific(moment).isoformat(timespec="milliseconds")


def parse(text: str) -> datetime:
    """An instant as clients write it; without an offset it is Pacific time. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        guess = pacific(moment.replace(tzinfo=_STANDARD))
        moment = moment.replace(tzinfo=guess.tzinfo)
    return moment.astimezone(UTC)


def today(moment: datetime) -> str:
    """The Pacific calendar date, ``YYYY-MM-DD``."""
    return pacific(moment).date().isoformat()
