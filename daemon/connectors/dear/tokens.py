"""What a cursor of DEAR remembers. Opaque to everyone else; unreadable ones mean: begin anew."""

from datetime import UTC, datetime, timedelta

import msgspec

from daemon.connectors.dear.mapping.fields import instant
from ledger.model.facts import Cursor

VERSION = 1


class SweepState(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a sweep was interrupted."""

    id: str
    next_page: int
    rows_before: int
    floor: str = ""
    """Every change made after the sweep began is at or after this instant of DEAR's clock."""


class Token(msgspec.Struct, frozen=True, omit_defaults=True):
    """Instants named ``since`` and ``floor`` are DEAR's own; the others are ours. The two are
    never compared: clocks disagree by minutes."""

    v: int = VERSION
    since: str = ""
    """The latest LastModifiedOn that was seen."""
    since_seen_at: str = ""
    """When, by our clock, ``since`` was first seen."""
    sweep: SweepState | None = None
    read_at: str = ""
    """When, by our clock, a book without changes was last read whole."""
    digest: str = ""
    """Of that book's content."""


def read(cursor: Cursor | None) -> Token:
    """The token of a cursor; an empty one when there is none or it is of another make."""
    if cursor is None:
        return Token()
    try:
        token = msgspec.json.decode(cursor.token.encode(), type=Token)
    except msgspec.DecodeError:
        return Token()
    return token if token.v == VERSION else Token()


def text(token: Token) -> str:
    return msgspec.json.encode(token).decode()


def start(token: Token, *, now: datetime, overlap: timedelta) -> str:
    """From where to look for changes: the latest one seen, less an overlap while it is fresh.

    A change may become visible after a later one; once ``since`` has been the latest for as long
    as the overlap, by our own watch, nothing older can still be on its way.
    """
    if not token.since:
        return ""
    latest = instant(token.since)
    seen_at = datetime.fromisoformat(token.since_seen_at) if token.since_seen_at else None
    is_settled = seen_at is not None and now - seen_at >= overlap
    return wire_instant(latest if is_settled else latest - overlap)


def wire_instant(moment: datetime) -> str:
    """DEAR: ISO 8601 in UTC with three digits of a second, cut, never rounded up."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


def later(one: str, other: str) -> str:
    """The later of two instants of DEAR; ``""`` is earlier than any."""
    if not one or not other:
        return one or other
    return one if instant(one) >= instant(other) else other
