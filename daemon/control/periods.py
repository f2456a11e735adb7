"""The days that a report is about, as a person writes them. Pure."""

import re
from datetime import date, timedelta

import msgspec

FORMS = "a month 2026-10, a quarter 2026-Q3, a year 2026, or days 2026-10-01..2026-10-15"
_SHORT = re.compile(r"(\d{4})(?:-(?:(\d{2})|Q([1-4])))?", re.ASCII)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Whole days, both ends included."""

    text: str
    """As it was written: ``2026-10``, ``2026-Q3``, ``2026``, ``A..B``."""
    first: date
    last: date

    @property
    def title(self) -> str:
        """``October 2026``, ``Third quarter of 2026``, ``Year 2026``, or both days."""
        match = _SHORT.fullmatch(self.text)
        if match is None:
            return f"{day_text(self.first)} to {day_text(self.last)}"
        year, month, quarter = match.groups()
        if month:
            return f"{MONTHS[int(month) - 1]} {year}"
        if quarter:
            return f"{_QUARTERS[int(quarter) - 1]} quarter of {year}"
        return f"Year {year}"


MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_QUARTERS = ("First", "Second", "Third", "Fourth")


def parse_period(text: str) -> Period:
    """Raises ``ValueError`` with a sentence for the person who wrote it."""
    wanted = text.strip().upper()
    if ".." in wanted:
        start, _, end = wanted.partition("..")
        first, last = _day(start), _day(end)
    elif (match := _SHORT.fullmatch(wanted)) is not None:
        first, last = _days(*match.groups())
    else:
        raise ValueError(f"{text!r} is not a period: write {FORMS}")
    if last < first:
        raise ValueError(f"{text!r} ends before it begins: write the earlier day first")
    return Period(text=wanted, first=first, last=last)


def _days(year: str, month: str | None, quarter: str | None) -> tuple[date, date]:
    if not 1 <= int(month or 1) <= 12 or not 1900 <= int(year) <= 9998:
        raise ValueError(f"there is no month {year}-{month or ''}: write {FORMS}")
    start = int(month) if month else 3 * int(quarter) - 2 if quarter else 1
    months = 1 if month else 3 if quarter else 12
    end = start + months
    after = date(int(year) + (end > 12), (end - 1) % 12 + 1, 1)
    return date(int(year), start, 1), after - timedelta(days=1)


def _day(text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip(), re.ASCII):
            return date.fromisoformat(text.strip())
    except ValueError:
        pass
    raise ValueError(f"{text!r} is not a day: write it as 2026-10-01")


def day_text(day: date) -> str:
    """``31 October 2026``: the same to readers of every country."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
