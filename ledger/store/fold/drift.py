"""The drift list: a row for each record with something unfinished or held, worked out from the
other tables after the entries of a draft, once for each record that they touched.

A row follows from what the tables hold, never from the way there, so that a rebuild may settle at
other places than the daemon did. Only the hours need care: all of an hour is settled before the
next one begins.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from ledger.model.aside import aside_key
from ledger.model.drift import (
    DriftClass,
    DriftState,
    OpenHold,
    OpenWork,
    drift_state,
    scaled,
    total_after,
)
from ledger.model.facts import HoldCode
from ledger.model.ids import DOCUMENT_KINDS
from ledger.model.keys import fold
from ledger.model.plans import Action
from ledger.store.fold.context import Touched

AT_ONCE = 500
_HOUR = len("2026-03-02T15")
_LONGEST_LABEL = 200
_LONGEST_SEARCH = 500
_BILLION = 10**9
_DOCUMENTS = frozenset(kind.value for kind in DOCUMENT_KINDS)
_PLACES = {one: place for place, one in enumerate(DriftClass)}
_CONFLICT = _PLACES[DriftClass.CONFLICT]

_Row = tuple[Any, ...]
_Group = tuple[int, str, str]
"""Class, kind and currency: what the tally counts by."""
_Amount = tuple[int | None, str]
"""With its currency."""


class _Pointer(msgspec.Struct, frozen=True):
    kind: str = ""
    id: str = ""
    key: str = ""


class _Shown(msgspec.Struct, frozen=True):
    """Of a record as a system shows it what the list needs; the rest of the body is skipped."""

    sku: str | None = None
    code: str | None = None
    name: str | None = None
    number: str | None = None
    order_number: str | None = None
    currency: str | None = None
    total: Decimal | None = None
    vendor: _Pointer | None = None
    customer: _Pointer | None = None

    @property
    def label(self) -> str:
        """The same as ``RecordView.label`` takes."""
        return self.sku or self.code or self.name or self.number or self.order_number or ""


class _Body(msgspec.Struct, frozen=True):
    record: _Shown


class _Side(NamedTuple):
    system: str
    kind: str
    shown: _Shown | None
    is_live: bool


class _Told(NamedTuple):
    """What a row says of a record that follows from what systems show of it alone."""

    kind: str
    label: str
    search: str
    party: str


_bodies: msgspec.json.Decoder[_Body] = msgspec.json.Decoder(_Body)

_CONCERNED = """
SELECT wanted.value FROM json_each(?) AS wanted
WHERE EXISTS (SELECT 1 FROM drift WHERE record = wanted.value)
  OR EXISTS (SELECT 1 FROM hold WHERE record = wanted.value)
  OR EXISTS (SELECT 1 FROM operation WHERE record = wanted.value
    AND state IN ('planned', 'waiting', 'approved', 'intended'))"""

_SIDES = """
SELECT l.record, o.system, o.kind, unsealed(p.digest, p.body),
  h.tombstone = '' AND h.problem IS NULL
FROM json_each(?) AS wanted
CROSS JOIN link AS l ON l.record = wanted.value
JOIN object AS o ON o.id = l.object
JOIN head AS h ON h.object = l.object
LEFT JOIN payload AS p ON p.digest = h.payload
ORDER BY l.record, o.system"""

_WORK = """
SELECT n.record, n.operation, n.system, n.action, n.state, n.reason, n.since, n.digest
FROM json_each(?) AS wanted
CROSS JOIN operation AS n ON n.record = wanted.value
  AND n.state IN ('planned', 'waiting', 'approved', 'intended')"""

_HOLDS = """
SELECT d.record, d.subject, d.code, d.since, lower(hex(d.payload))
FROM json_each(?) AS wanted CROSS JOIN hold AS d ON d.record = wanted.value"""

_SKIPS = """
SELECT s.record, s.subject, s.digest
FROM json_each(?) AS wanted CROSS JOIN skip AS s ON s.record = wanted.value"""

_ROWS = """
SELECT d.* FROM json_each(?) AS wanted CROSS JOIN drift AS d ON d.record = wanted.value"""

_PUT = "INSERT OR REPLACE INTO drift VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SAY = """
UPDATE drift SET search = ?5, party = ?6, state = ?8, reason = ?9, targets = ?10, amount = ?11,
  currency = ?13, operations = ?14, holds = ?15
WHERE record = ?1"""
"""For a row whose place in every order stays: half of the trees that it is in are not written."""
_RECORD, _KIND, _CLASS, _SIZE, _CURRENCY = 0, 1, 2, 11, 12
"""Places of columns in a row."""
_ORDERED = itemgetter(1, 2, 3, 6, 11)
"""Those that the indexes of the list are made of, beside the record."""


def hour_of(at: str) -> str:
    return at[:_HOUR]


def settle(db: sqlite3.Connection, touched: Touched, at: str) -> None:
    """Bring the list up to date with the tables, for what was touched until ``at``."""
    if not touched.changed and not touched.shown:
        return
    tally: Counter[tuple[_Group, str]] = Counter()
    came = False
    for records in _slices(_concerned(db, touched)):
        wanted = _json(records)
        before = {row[_RECORD]: row for row in db.execute(_ROWS, (wanted,))}
        still = {r: _told_by(row) for r, row in before.items() if _reads_the_same(row, touched)}
        after = {row[_RECORD]: row for row in _rows(db, records, wanted, still)}
        gone = before.keys() - after.keys()
        put = [row for record, row in after.items() if before.get(record) != row]
        db.executemany("DELETE FROM drift WHERE record = ?", [(record,) for record in sorted(gone)])
        _write(db, put, before)
        came = came or before.keys() != after.keys()
        for row in put:
            _count(tally, row, +1)
            if row[_RECORD] in before:
                _count(tally, before[row[_RECORD]], -1)
        for record in gone:
            _count(tally, before[record], -1)
    _add(db, tally)
    if touched.changed or came:
        _note_hour(db, at)
    touched.clear()


def _write(db: sqlite3.Connection, put: Sequence[_Row], before: dict[str, _Row]) -> None:
    placed: list[_Row] = []
    staying: list[_Row] = []
    for row in put:
        was = before.get(row[_RECORD])
        stays = was is not None and _ORDERED(was) == _ORDERED(row)
        (staying if stays else placed).append(row)
    db.executemany(_SAY, staying)
    db.executemany(_PUT, placed)


def _concerned(db: sqlite3.Connection, touched: Touched) -> list[str]:
    """Everything that changed, and of what is merely shown what is in the list or belongs there."""
    found: list[str] = sorted(touched.changed)
    merely = sorted(touched.shown - touched.changed)
    for records in _slices(merely):
        found += [record for (record,) in db.execute(_CONCERNED, (_json(records),))]
    return found


def _reads_the_same(row: _Row, touched: Touched) -> bool:
    """Whether no system shows the record otherwise than when the row was written; what a document
    would come to follows from its work as well."""
    return row[_RECORD] not in touched.shown and row[_KIND] not in _DOCUMENTS


def _rows(
    db: sqlite3.Connection, records: Sequence[str], wanted: str, still: dict[str, _Told]
) -> Iterator[_Row]:
    """Of those that are ``still`` told the same nothing is read but their work and their holds."""
    skips = {(row[0], *aside_key(row[1], row[2])) for row in db.execute(_SKIPS, (wanted,))}
    work: dict[str, list[OpenWork]] = {}
    for record, operation, system, action, state, reason, since, digest in db.execute(
        _WORK, (wanted,)
    ):
        work.setdefault(record, []).append(
            OpenWork(
                operation=operation,
                system=system,
                action=action,
                state=state,
                reason=reason,
                since=since,
                is_skipped=(record, "", digest) in skips,
            )
        )
    holds: dict[str, list[OpenHold]] = {}
    for record, subject, code, since, digest in db.execute(_HOLDS, (wanted,)):
        held = (record, subject, digest) in skips
        holds.setdefault(record, []).append(
            OpenHold(subject=subject, code=HoldCode(code), since=since, is_skipped=held)
        )
    open_ones = sorted(work.keys() | holds.keys())
    sides = _sides(db, [record for record in open_ones if record not in still])
    for record in open_ones:
        if record not in still and record not in sides:
            continue  # what was joined with another record tells of itself there
        mine, kept = work.get(record, []), holds.get(record, [])
        state = drift_state(mine, kept)
        assert state is not None  # there is work or a hold
        amount: _Amount = (None, "")
        told = still.get(record)
        if told is None:
            told, amount = _told(record, sides[record]), _difference(state.leading, sides[record])
        yield _row(record, told, state, amount, (len(mine), len(kept)))


def _sides(db: sqlite3.Connection, records: Sequence[str]) -> dict[str, list[_Side]]:
    found: dict[str, list[_Side]] = {}
    for record, system, kind, body, live in db.execute(_SIDES, (_json(records),)):
        shown = None if body is None else _bodies.decode(body).record
        found.setdefault(record, []).append(_Side(system, kind, shown, bool(live)))
    return found


def _told(record: str, sides: list[_Side]) -> _Told:
    shown = [side.shown for side in sides if side.shown is not None]
    label = next((one.label for one in shown if one.label), record)
    parties = [(side.system, one) for side in sides if (one := _party(side)) is not None]
    texts = [label, *(one.name for one in shown), *(party.key for _, party in parties)]
    return _Told(
        kind=sides[0].kind,
        label=fold(label)[:_LONGEST_LABEL],
        search="\n".join(dict.fromkeys(fold(text) for text in texts if text))[:_LONGEST_SEARCH],
        party=next((f"{system}/{one.kind}/{one.id}" for system, one in parties if one.id), ""),
    )


def _told_by(row: _Row) -> _Told:
    return _Told(kind=row[_KIND], label=row[3], search=row[4], party=row[5])


def _row(
    record: str, told: _Told, state: DriftState, difference: _Amount, counts: tuple[int, int]
) -> _Row:
    amount, currency = difference
    return (
        record,
        told.kind,
        _PLACES[state.drift],
        told.label,
        told.search,
        told.party,
        state.since,
        state.state,
        state.reason,
        f" {' '.join(state.targets)} " if state.targets else "",
        amount,
        -1 if amount is None else abs(amount),
        currency,
        *counts,
    )


def _party(side: _Side) -> _Pointer | None:
    return None if side.shown is None else side.shown.vendor or side.shown.customer


def _difference(work: OpenWork | None, sides: list[_Side]) -> _Amount:
    """By how much the total of a document will rise in the system written to."""
    if work is None or sides[0].kind not in _DOCUMENTS:
        return None, ""
    here = next((side for side in sides if side.system == work.system), None)
    source = next((side.shown for side in sides if side.system != work.system), None)
    before = here.shown.total if here is not None and here.shown and here.is_live else None
    after = None
    if work.action:
        wanted = source.total if source else None
        after = total_after(Action(work.action), before=before, wanted=wanted)
    told = (source, here.shown if here is not None else None)
    currency = next((one.currency for one in told if one is not None and one.currency), "")
    amount = None if after is None else scaled(after - (before or Decimal(0)))
    return amount, currency


def _count(tally: "Counter[tuple[_Group, str]]", row: _Row, sign: int) -> None:
    group = (row[_CLASS], row[_KIND], row[_CURRENCY])
    tally[group, "records"] += sign
    if row[_SIZE] >= 0:
        billions, rest = divmod(row[_SIZE], _BILLION)
        tally[group, "billions"] += sign * billions
        tally[group, "rest"] += sign * rest
        tally[group, "amounts"] += sign


def _add(db: sqlite3.Connection, tally: "Counter[tuple[_Group, str]]") -> None:
    groups = sorted({group for (group, _), change in tally.items() if change})
    what = ("records", "billions", "rest", "amounts")
    db.executemany(
        """INSERT INTO drift_tally (class, kind, currency, records, billions, rest, amounts)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (class, kind, currency) DO UPDATE SET
          records = records + excluded.records, billions = billions + excluded.billions,
          rest = rest + excluded.rest, amounts = amounts + excluded.amounts""",
        [(*group, *(tally[group, one] for one in what)) for group in groups],
    )
    if groups:
        db.execute("DELETE FROM drift_tally WHERE records = 0")


def _note_hour(db: sqlite3.Connection, at: str) -> None:
    db.execute(
        """INSERT OR REPLACE INTO drift_hour (hour, records, conflicts)
        SELECT ?, coalesce(sum(records), 0), coalesce(sum(records) FILTER (WHERE class = ?), 0)
        FROM drift_tally""",
        (hour_of(at), _CONFLICT),
    )


def count_again(db: sqlite3.Connection) -> None:
    """The tally from the rows themselves."""
    db.execute("DELETE FROM drift_tally")
    db.execute(
        """INSERT INTO drift_tally (class, kind, currency, records, billions, rest, amounts)
        SELECT class, kind, currency, count(*),
          coalesce(sum(size / 1000000000) FILTER (WHERE size >= 0), 0),
          coalesce(sum(size % 1000000000) FILTER (WHERE size >= 0), 0),
          count(*) FILTER (WHERE size >= 0)
        FROM drift GROUP BY class, kind, currency"""
    )


def _slices(records: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(records)
    while taken := list(islice(rest, AT_ONCE)):
        yield taken


def _json(values: Iterable[str]) -> str:
    return msgspec.json.encode(list(values)).decode()
