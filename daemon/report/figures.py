"""Amounts and instants as a reader sees them. Pure; no amount ever becomes a float."""

from datetime import UTC, date, datetime
from decimal import Decimal

from daemon.control.periods import MONTHS, day_text

MINUS = "\u2212"
"""As wide as a figure, where a hyphen is not."""


def money(amount: str | Decimal, *, minus: str = MINUS) -> str:
    """``1,234.50``."""
    number = Decimal(amount)
    text = f"{abs(number):,f}"
    return f"{minus}{text}" if number < 0 else text


def signed(amount: str | Decimal, *, minus: str = MINUS) -> str:
    """The same with a plus sign, for what is added to another amount."""
    return f"+{money(amount)}" if Decimal(amount) > 0 else money(amount, minus=minus)


def day(text: str) -> str:
    """``31 Oct 2026``; what is no day as it is."""
    try:
        return _short(date.fromisoformat(text))
    except ValueError:
        return text


def long_day(text: str) -> str:
    return day_text(date.fromisoformat(text))


def moment(at: datetime) -> str:
    """``2 November 2026, 09:30 UTC``."""
    there = at.astimezone(UTC)
    return f"{day_text(there.date())}, {there:%H:%M} UTC"


def since(text: str) -> str:
    """The day of an instant."""
    return _short(datetime.fromisoformat(text).date()) if text else ""


def _short(one: date) -> str:
    return f"{one.day} {MONTHS[one.month - 1][:3]} {one.year}"
