"""Instants and ages as people read them, in the zone they chose. Pure."""

from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class Zone(StrEnum):
    """Whose clock the instants are shown in."""

    COMPANY = "company"
    UTC = "UTC"
    LOCAL = "local"

    def next(self) -> "Zone":
        zones = list(Zone)
        return zones[(zones.index(self) + 1) % len(zones)]


def instant(text: str) -> datetime | None:
    """The instant that ``text`` writes; ``None`` when it is empty or unreadable."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def zone_of(zone: Zone, company: str) -> tzinfo | None:
    """``None`` is the zone of this machine; a company without a known zone is shown in UTC."""
    if zone is Zone.LOCAL:
        return None
    if zone is Zone.COMPANY and company:
        try:
            return ZoneInfo(company)
        except (ZoneInfoNotFoundError, ValueError):
            return UTC
    return UTC


def at_text(
    at: datetime | str | None, zone: Zone, company: str = "", *, short: bool = False
) -> str:
    """``2026-08-14 09:41:01``, with its offset unless ``short``; ``-`` where there is none."""
    when = instant(at) if isinstance(at, str) else at
    if when is None:
        return "-"
    there = when.astimezone(zone_of(zone, company))
    if short:
        return there.strftime("%m-%d %H:%M:%S")
    offset = there.strftime("%z")
    shown = "Z" if there.utcoffset() == UTC.utcoffset(None) else f"{offset[:3]}:{offset[3:]}"
    return f"{there:%Y-%m-%d %H:%M:%S}{' ' if shown != 'Z' else ''}{shown}"


def age(seconds: float) -> str:
    """``4s``, ``3m``, ``2h``, ``5d``: one unit, rounded down."""
    whole = max(0, int(seconds))
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def since(at: datetime | str | None, now: datetime) -> str:
    """``2m ago``, ``in 40s``; ``never`` where there is no instant."""
    when = instant(at) if isinstance(at, str) else at
    if when is None:
        return "never"
    seconds = (now - when).total_seconds()
    return f"{age(seconds)} ago" if seconds > -1 else f"in {age(-seconds)}"
