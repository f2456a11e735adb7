"""Instants as people write them, in the company's zone unless they name another. Pure."""

import re
from datetime import UTC, date, datetime, time, tzinfo

from daemon.control.protocol import Code, Declined

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LATEST = 9000
"""Years past it cannot be shown in every zone."""


def moment(text: str, zone: tzinfo, *, what: str) -> datetime:
    """``2026-12-01`` (its first moment), ``2026-12-01T14:30`` (a wall clock of the company), or
    with an offset of its own; in UTC. ``Declined`` names ``what`` for anything else."""
    said = text.strip()
    try:
        if _DAY.fullmatch(said):
            found = datetime.combine(date.fromisoformat(said), time(0))
        else:
            found = datetime.fromisoformat(said)
        if found.year > _LATEST:
            raise ValueError(f"{found.year} is too far away")
        # An hour that the clocks leave out becomes the one after it, as a wall clock shows it.
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Declined(
            Code.BAD_REQUEST,
            f"{what}: {text!r} is no instant",
            cure=f"give a day or an instant: {what} 2026-12-01, 2026-12-01T14:30 (the company's "
            "zone), 2026-12-01T14:30+01:00",
        ) from error


def told(at: datetime, zone: tzinfo) -> str:
    """``2026-12-01 00:00 -06:00``: as the company's clocks show it, with the offset."""
    local = at.astimezone(zone)
    offset = local.isoformat()[-6:]
    return f"{local:%Y-%m-%d %H:%M} {offset}"
