"""What a cursor token of this connector says: where change reading stands, and a sweep under way.

Must stay readable for tokens of older versions: fields are only added, with defaults.
"""

from datetime import datetime, timedelta

import msgspec

from daemon.connectors.qbo.mapping.table import QBO, is_instant
from ledger.model.facts import Cursor
from ledger.model.ids import Kind

LONGEST_NUMBER = 40
"""Digits of an id that is a number; QuickBooks' own have up to 19."""


class Sweeping(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A full read in the middle."""

    id: str
    started: str
    """The server's instant before the first page."""
    expected: int
    """Rows counted before the first page."""
    rows: int = 0
    """Rows seen so far: the position of the next page."""
    last_id: str = ""
    ascends_as_numbers: bool = True
    ascends_as_text: bool = True

    @property
    def is_ordered(self) -> bool:
        """Whether ids only ever rose, in one order or the other: then none came twice."""
        return self.ascends_as_numbers or self.ascends_as_text


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The content of a token."""

    since: str = ""
    """Changes are asked for from here on (the server's own clock, RFC 3339)."""
    swept: str = ""
    """When the last full read was proved, by our clock."""
    owed: bool = False
    """More changed than the change feed can tell: a full read must follow."""
    sweep: Sweeping | None = None


def mark_of(cursor: Cursor | None) -> Mark:
    """What a cursor says; a token that cannot be read says nothing, and all is read again."""
    if cursor is None or not cursor.token:
        return Mark()
    try:
        mark = msgspec.json.decode(cursor.token, type=Mark)
    except msgspec.MsgspecError:
        return Mark()
    stamps = [mark.since, mark.swept, mark.sweep.started if mark.sweep else ""]
    return mark if all(is_instant(stamp) for stamp in stamps if stamp) else Mark()


def cursor_of(kind: Kind, mark: Mark, *, complete: bool) -> Cursor:
    return Cursor(
        system=QBO, kind=kind, token=msgspec.json.encode(mark).decode(), complete=complete
    )


def step(sweep: Sweeping, ids: list[str]) -> Sweeping:
    """The sweep after a page with these ids, in this order."""
    numbers, texts, last = sweep.ascends_as_numbers, sweep.ascends_as_text, sweep.last_id
    for one in ids:
        if last:
            numbers = numbers and natural(last) < natural(one)
            texts = texts and last < one
        last = one
    return msgspec.structs.replace(
        sweep,
        rows=sweep.rows + len(ids),
        last_id=last,
        ascends_as_numbers=numbers,
        ascends_as_text=texts,
    )


def natural(record_id: str) -> tuple[int, int, str]:
    """Order of ids as numbers; ids that are words come last."""
    is_number = record_id.isdecimal() and len(record_id) <= LONGEST_NUMBER
    return (0, int(record_id), "") if is_number else (1, 0, record_id)


def back(stamp: str, seconds: float) -> str:
    """A server instant moved back, in whole seconds and with its own offset."""
    moved = datetime.fromisoformat(stamp) - timedelta(seconds=seconds)
    return moved.isoformat(timespec="seconds")
