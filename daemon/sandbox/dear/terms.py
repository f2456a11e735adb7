"""When an invoice falls due under a payment term."""

from datetime import date
from typing import Final

from daemon.sandbox.dear.state import DearState

MAX_DAYS: Final = 3660


def due_date(state: DearState, start: str, terms: str | None) -> str:
    """When an invoice of a date falls due under a payment term."""
    day = date.fromisoformat(start[:10])
    row = state["paymentterm"].one("Name", terms) if terms else None
    duration = min(int(row.fields["Duration"] or 0), MAX_DAYS) if row else 0
    last = _add_days(_first_of_next(day), -1)
    match row.fields["Method"] if row else "":
        case "number of days":
            due = _add_days(day, duration)
        case "days since the end of the month":
            due = _add_days(last, duration)
        case "day of next month":
            due = _add_days(last, max(1, min(duration, 28)))
        case "last day of next month":
            due = _add_days(_first_of_next(_first_of_next(day)), -1)
        case _:
            due = day
    return f"{due}T00:00:00"


def _first_of_next(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _add_days(day: date, days: int) -> date:
    return date.fromordinal(day.toordinal() + days)
