"""The ledger's entries as far as they were read, newest first; and their words. Draws nothing.

The daemon pages by sequence, the list by place: what was read is kept here, and reading goes on
where it ended. Entries that are newer than the first one kept wait aside until they are wanted, so
that nothing moves under whoever reads further down.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta, tzinfo

import msgspec

from daemon.control.frame import Json
from daemon.control.protocol_drift import TimelineQuery, TimelineRow
from daemon.control.text import cell, clean
from tui.link import Link
from tui.screens.entry_words import by_name, word

ASKED = 500
"""Entries that one question reads."""
MOST_NEW = 2_000
"""Newer entries that are put on top; with more of them the list is read anew."""
BAD = frozenset({"Refused", "Rejected", "Quarantined", "OutcomeUnknown"})
ASKS = frozenset({"Held", "GateHeld"})
DECIDED = frozenset(
    {
        "Approved",
        "FirstPlanApproved",
        "ConflictResolved",
        "Retried",
        "Skipped",
        "Paused",
        "Resumed",
        "Remapped",
        "AbsenceAccepted",
        "JobAdvanced",
    }
)
EXPORTED = ("seq", "at", "actor", "entry", "record", "label", "text", "cycle", "details")


class Period(msgspec.Struct, frozen=True):
    """Instants with their zone; empty: open at that end. ``until`` is not in it."""

    since: str = ""
    until: str = ""


def period(text: str, now: datetime, zone: tzinfo | None) -> Period:
    """``today``, ``24h``, ``7d``, ``2026-08-01``, ``2026-08-01..2026-08-14`` (both days whole).

    ``ValueError`` for anything else.
    """
    said = text.strip().lower()
    if not said:
        return Period()
    if said == "today":
        return Period(_midnight(now.astimezone(zone).date(), zone))
    back = re.fullmatch(r"(\d{1,5})([hd])", said)
    if back is not None:
        count = int(back[1])
        ago = timedelta(hours=count) if back[2] == "h" else timedelta(days=count)
        return Period((now - ago).isoformat(timespec="seconds"))
    first, dots, last = said.partition("..")
    end = last if dots else first
    return Period(
        since=_midnight(date.fromisoformat(first.strip()), zone) if first.strip() else "",
        until=_midnight(date.fromisoformat(end.strip()) + timedelta(days=1), zone)
        if end.strip()
        else "",
    )


def _midnight(day: date, zone: tzinfo | None) -> str:
    """The instant at which the day begins there; ``None`` is this machine's zone."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone().isoformat()


class Timeline:
    """What was read under one filter and period. A ``Source`` of the list."""

    def __init__(self, link: Link, text: str = "", within: Period | None = None) -> None:
        self._link = link
        self._text = by_name(text)
        self._within = within or Period()
        self.rows: list[TimelineRow] = []
        self.waiting: list[TimelineRow] = []
        """Newer than ``rows``, newest first, not shown yet."""
        self.head = 0
        """Newest entry of the ledger when it was last asked; what is newer was not looked at."""
        self.head_hash = ""
        self.more = True
        """Whether older entries may follow."""
        self._before = 0
        self.is_closed = False
        """Another filter is in force: read no further."""

    @property
    def reached(self) -> int:
        """Sequence down to which it was looked; 0: to the beginning."""
        return self._before if self.more else 0

    async def page(self, offset: int, limit: int) -> tuple[Sequence[TimelineRow], int]:
        """Reads once more when these are not here; one more row than known stands for the rest."""
        if len(self.rows) < offset + limit and self.more and not self.is_closed:
            await self._read_on()
        return self.rows[offset : offset + limit], len(self.rows) + (1 if self.more else 0)

    async def _read_on(self) -> None:
        before = self._before
        answer = await self._link.ask(
            lambda daemon: daemon.timeline(self._query(before=before, limit=ASKED))
        )
        if before != self._before:
            return  # two pages were wanted at once, and the other was here first
        if not self.head:
            self.head, self.head_hash = answer.head, answer.head_hash
        self.rows += answer.rows
        self._before, self.more = answer.next_before, bool(answer.next_before)

    async def look_up(self) -> bool:
        """Read what is newer, to wait aside. ``False``: so much that all is to be read anew."""
        if not self.head:
            return True
        found: list[TimelineRow] = []
        before, head, head_hash = 0, 0, ""
        while True:
            query = self._query(before=before, after=self.head, limit=ASKED)
            answer = await self._link.ask(lambda daemon, q=query: daemon.timeline(q))  # type: ignore[misc]
            if not before:
                head, head_hash = answer.head, answer.head_hash
            if head < self.head:
                return False  # another ledger: it was restored
            found += answer.rows
            before = answer.next_before
            if not before:
                break
            if len(found) > MOST_NEW:
                return False
        self.waiting = [*found, *self.waiting]
        self.head, self.head_hash = head, head_hash
        return True

    def show_waiting(self) -> bool:
        """Put what waits on top; whether there was anything."""
        if not self.waiting:
            return False
        self.rows = [*self.waiting, *self.rows]
        self.waiting = []
        return True

    def _query(self, *, before: int = 0, after: int = 0, limit: int) -> TimelineQuery:
        return TimelineQuery(
            filter=self._text,
            since=self._within.since,
            until=self._within.until,
            before=before,
            after=after,
            limit=limit,
        )


def what(row: TimelineRow) -> str:
    """What sort of entry it is, in a word and with its glyph."""
    return f"{_glyph(row.entry)} {word(row.entry)}"


def _glyph(entry: str) -> str:
    if entry in BAD:
        return "x"
    if entry in ASKS:
        return "!"
    return "+" if entry in DECIDED else " "


def style(row: TimelineRow) -> str:
    return "bold" if row.entry in BAD or row.entry in DECIDED else ""


def entry_lines(row: TimelineRow, when: Callable[[str], str]) -> Iterator[str]:
    """One entry whole, but for its record."""
    facts = (
        ("Entry", f"{row.seq}  {what(row).strip()}  ({row.entry})"),
        ("At", when(row.at)),
        ("Actor", row.actor),
        ("Cycle", row.cycle),
    )
    yield from (f"{name:<8} {text}" for name, text in facts if text)
    yield ""
    yield row.text
    yield ""
    yield "Details"
    yield from details(row.details)


def details(told: dict[str, Json]) -> list[str]:
    """JSON, line by line, with nothing in it that acts on a terminal."""
    text = json.dumps(told, indent=2, ensure_ascii=False, sort_keys=True)
    return [f"  {clean(line)}" for line in text.split("\n")]


def exported(row: TimelineRow) -> tuple[str, ...]:
    """A row for a spreadsheet."""
    told = (row.actor, row.entry, row.record, row.label, row.text, row.cycle)
    packed = json.dumps(row.details, ensure_ascii=True, sort_keys=True)
    return (str(row.seq), row.at, *map(cell, told), cell(packed))
