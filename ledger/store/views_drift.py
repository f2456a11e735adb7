"""Views of the drift list: pages in any of its orders, how many there are of which, and when.

An order is an index, and a page is a walk along it from the nearer end, with the rows fetched
afterwards. Class and kind are in every index; state, reason, system and amount are in those by age
and by class; narrowing another order by them, or any by text, reads the whole list.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from operator import itemgetter
from typing import Any

import msgspec

from ledger.model.drift import DriftClass, unscaled
from ledger.model.ids import Kind, RecordId, SystemName
from ledger.store.asking import Asking, json_list
from ledger.store.conditions import Expression, Filter, Operator, Term, condition
from ledger.store.instants import instant

_CLASSES = tuple(DriftClass)
_BILLION = 10**9
LOOK_UP = 20
"""So many rows are read one after the other in the time of looking one up: a page near either end
of what a filter leaves is walked to, others are sorted out of all rows."""
FEW = 2_000
"""So many rows of a sorted list are kept while it is read; of more, all are sorted. So many that a
filter leaves are counted, summed and sorted from one look through all rows."""
_LONGEST_AGE = 100 * 365 * 86_400


class DriftOrder(StrEnum):
    OLDEST = "oldest"
    NEWEST = "newest"
    CLASS = "class"
    KIND = "kind"
    LABEL = "label"
    AMOUNT = "amount"
    """Largest first, whichever the sign; those without an amount last."""


class DriftEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One record in drift, as far as the list itself knows it."""

    record: RecordId
    kind: Kind
    drift: DriftClass
    since: str
    state: str
    reason: str
    targets: tuple[SystemName, ...]
    amount: Decimal | None
    """Of a document: by how much its total will rise where it is written."""
    currency: str
    """``""``: the home currency."""
    operations: int
    holds: int


class DriftPage(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[DriftEntry]
    total: int
    """Records that the filter leaves."""
    amounts: dict[str, Decimal]
    """Sum of their absolute differences, by currency."""


class DriftCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Of everything in drift."""

    records: int
    by_class: dict[DriftClass, int]
    by_kind: dict[Kind, int]


class DriftHour(msgspec.Struct, frozen=True, kw_only=True):
    hour: str
    """``2026-03-02T15``, UTC."""
    records: int
    conflicts: int


class _Order(msgspec.Struct, frozen=True):
    index: str
    columns: tuple[str, ...]
    """Also what can be narrowed by without looking up the row, beside class and kind."""
    is_falling: bool = False


_COVERED = frozenset({"since", "state", "reason", "targets", "size", "currency"})
_COVERING = frozenset({"drift_by_since", "drift_by_class"})
"""Indexes that have these columns besides."""
_ORDERS = {
    DriftOrder.OLDEST: _Order("drift_by_since", ("since", "record")),
    DriftOrder.NEWEST: _Order("drift_by_since", ("since", "record"), is_falling=True),
    DriftOrder.CLASS: _Order("drift_by_class", ("class", "since", "record")),
    DriftOrder.KIND: _Order("drift_by_kind", ("kind", "label", "record")),
    DriftOrder.LABEL: _Order("drift_by_label", ("label", "record")),
    DriftOrder.AMOUNT: _Order("drift_by_size", ("size", "record"), is_falling=True),
}
_COLUMNS: Mapping[str, Expression] = {
    "class": Expression(sql="class"),
    "kind": Expression(sql="kind"),
    "record": Expression(sql="record"),
    "label": Expression(sql="label"),
    "since": Expression(sql="since"),
    "state": Expression(sql="state"),
    "reason": Expression(sql="reason"),
    "to": Expression(sql="targets", is_list=True),
    "amount": Expression(sql="size", given="size >= 0"),
}
_IN_INDEX = Expression(sql="record", is_begun=True)
"""The kind where an index has the record and not the kind."""
_IN_ALL = frozenset({"class", "kind", "record"})
_FROM = {"amount": "size", "to": "targets"}
"""Terms whose column in the table has another name."""
_PARTIES = frozenset({"", "party"})
_FLIPPED = {
    Operator.OVER: Operator.UNDER,
    Operator.UNDER: Operator.OVER,
    Operator.AT_LEAST: Operator.AT_MOST,
    Operator.AT_MOST: Operator.AT_LEAST,
}


class DriftViews(Asking):
    """Questions about the drift list."""

    def drift_page(
        self,
        terms: Filter = (),
        *,
        order: DriftOrder = DriftOrder.OLDEST,
        limit: int = 200,
        offset: int = 0,
        now: datetime | None = None,
    ) -> DriftPage:
        """``terms`` may name ``class``, ``kind``, ``record``, ``label``, ``party``, ``state``,
        ``reason``, ``to``, ``amount``, ``age`` (before ``now``) and text."""
        told = [_in_tables(term, now) for term in terms]
        path = _path(told, _ORDERS[order])
        few = None if path.index else self._few(told, path.order)
        if few is not None:
            keys, amounts = few
            rows = self._entries(keys[offset : offset + limit])
            return DriftPage(rows=rows, total=len(keys), amounts=amounts)
        if all(term.column in {"class", "kind"} for term in told):
            total, amounts = self._tallied(told)
        else:
            total, amounts = self._summed(told)
        first = min(offset, total)
        count = min(limit, total - first)
        keys = []
        if count > 0:
            walked = min(first, total - first - count) + count
            if not path.index and walked * LOOK_UP < total:
                path = _Path(path.order.index, path.order, _COLUMNS)
            keys = self._keys(told, path, count=count, first=first, total=total)
        return DriftPage(rows=self._entries(keys), total=total, amounts=amounts)

    def drift_counts(self) -> DriftCounts:
        by_class: dict[DriftClass, int] = {}
        by_kind: dict[Kind, int] = {}
        for place, kind, _, records, *_ in self._rows("drift_tally"):
            of_class, of_kind = _CLASSES[place], Kind(kind)
            by_class[of_class] = by_class.get(of_class, 0) + records
            by_kind[of_kind] = by_kind.get(of_kind, 0) + records
        return DriftCounts(records=sum(by_kind.values()), by_class=by_class, by_kind=by_kind)

    def drift_history(self, *, limit: int = 20_000) -> list[DriftHour]:
        """The latest hours in which anything moved, oldest first."""
        rows = self._rows("drift_hours", {"limit": limit})
        return [
            DriftHour(hour=hour, records=records, conflicts=conflicts)
            for hour, records, conflicts in reversed(rows)
        ]

    def drift_of(self, record: RecordId) -> DriftEntry | None:
        """The row of one record; None when it is in no drift."""
        found = self._entries([record])
        return found[0] if found else None

    def _tallied(self, terms: Sequence[Term]) -> tuple[int, dict[str, Decimal]]:
        total, sums = 0, _Sums()
        for place, kind, currency, records, billions, rest, amounts in self._rows("drift_tally"):
            said = {"class": place, "kind": kind}
            if all((said[t.column] in t.values) is not t.negated for t in terms):
                total += records
                if amounts:
                    sums.add(currency, billions, rest)
        return total, sums.told()

    def _summed(self, terms: Sequence[Term]) -> tuple[int, dict[str, Decimal]]:
        access, columns = "NOT INDEXED", _COLUMNS
        if _used(terms) <= _IN_ALL | _COVERED:
            is_classed = "class" in _asked(terms)
            access = f"INDEXED BY {'drift_by_class' if is_classed else 'drift_by_since'}"
            columns = {**_COLUMNS, "kind": _IN_INDEX}
        where, values = self._where(terms, columns)
        # One walk with a sum for each currency: to group by them would sort everything first.
        currencies = sorted({row[2] for row in self._rows("drift_tally") if row[6]})
        told = "".join(
            f""", count(*) FILTER (WHERE size >= 0 AND currency = ?),
              coalesce(sum(size / {_BILLION}) FILTER (WHERE size >= 0 AND currency = ?), 0),
              coalesce(sum(size % {_BILLION}) FILTER (WHERE size >= 0 AND currency = ?), 0)"""
            for _ in currencies
        )
        named = [currency for currency in currencies for _ in range(3)]
        total, *found = self._db.execute(
            f"SELECT count(*){told} FROM drift {access} WHERE {where}", (*named, *values)
        ).fetchone()
        sums = _Sums()
        for place, currency in enumerate(currencies):
            amounts, billions, rest = found[3 * place : 3 * place + 3]
            if amounts:
                sums.add(currency, billions, rest)
        return total, sums.told()

    def _few(
        self, terms: Sequence[Term], order: "_Order"
    ) -> tuple[list[str], dict[str, Decimal]] | None:
        """All that the filter leaves, in order, and its sums; None when that is more than few."""
        where, values = self._where(terms, _COLUMNS)
        columns = ", ".join(order.columns)
        rows = self._db.execute(
            f"SELECT currency, size, {columns} FROM drift NOT INDEXED WHERE {where} LIMIT ?",
            (*values, FEW + 1),
        ).fetchall()
        if len(rows) > FEW:
            return None
        sums = _Sums()
        for currency, size, *_ in rows:
            if size >= 0:
                sums.add(currency, 0, size)
        rows.sort(key=itemgetter(slice(2, None)), reverse=order.is_falling)
        return [row[-1] for row in rows], sums.told()

    def _keys(
        self, terms: Sequence[Term], path: "_Path", *, count: int, first: int, total: int
    ) -> list[str]:
        """The records of a page in its order, counted from the nearer end."""
        where, values = self._where(terms, path.columns)
        behind = total - first - count
        backwards = behind < first
        falling = path.order.is_falling is not backwards
        way = "DESC" if falling else "ASC"
        # A plus keeps the engine from walking an index that has to look every row up.
        sign = "" if path.index else "+"
        order = ", ".join(f"{sign}{column} {way}" for column in path.order.columns)
        access = f"INDEXED BY {path.index}" if path.index else "NOT INDEXED"
        start = behind if backwards else first
        asked = f"SELECT record FROM drift {access} WHERE {where} ORDER BY {order}"
        if not path.index and start + count > FEW:
            # With a limit the engine keeps the best of so many in a tree: dearer than to sort all.
            rows: Iterator[Any] = islice(self._db.execute(asked, values), start, start + count)
        else:
            rows = iter(self._db.execute(f"{asked} LIMIT ? OFFSET ?", (*values, count, start)))
        keys = [record for (record,) in rows]
        return keys[::-1] if backwards else keys

    def _where(
        self, terms: Sequence[Term], columns: Mapping[str, Expression]
    ) -> tuple[str, list[str | int]]:
        where, values = condition([t for t in terms if t.column not in _PARTIES], columns)
        for term in terms:
            if term.column not in _PARTIES:
                continue
            looks = []
            for value in term.values:
                parties = self._rows("parties_named", {"text": value})
                looks.append("party IN (SELECT value FROM json_each(?))")
                values.append(json_list("/".join(party) for party in parties))
                if not term.column:
                    looks.append("instr(search, ?) > 0")
                    values.append(value)
            where += f" AND {'NOT ' if term.negated else ''}({' OR '.join(looks)})"
        return where, values

    def _entries(self, records: Sequence[str]) -> list[DriftEntry]:
        rows = self._rows("drift_rows", {"records": json_list(records)})
        found = {row[0]: _entry(row) for row in rows}
        return [found[record] for record in records if record in found]


class _Path(msgspec.Struct, frozen=True):
    """How a page is walked to."""

    index: str
    """``""``: the rows are read and sorted."""
    order: _Order
    columns: Mapping[str, Expression]


def _path(terms: Sequence[Term], order: _Order) -> _Path:
    asked, index = _asked(terms), order.index
    covered = _COVERED if index in _COVERING else frozenset()
    if not _used(terms) <= _IN_ALL | covered | set(order.columns):
        return _Path("", order, _COLUMNS)
    if "class" in asked and index == "drift_by_since":
        index = "drift_by_class"
    if "kind" in asked and index == "drift_by_label":
        index = "drift_by_kind"
    kind = _COLUMNS["kind"] if index == "drift_by_kind" else _IN_INDEX
    return _Path(index, order, {**_COLUMNS, "kind": kind})


def _used(terms: Sequence[Term]) -> set[str]:
    """Columns of the table that are looked at."""
    return {_FROM.get(term.column, term.column) for term in terms}


def _asked(terms: Sequence[Term]) -> set[str]:
    """Columns that must be one value."""
    return {term.column for term in terms if len(term.values) == 1 and not term.negated}


def _in_tables(term: Term, now: datetime | None) -> Term:
    """The same in the words of the table: places of classes, instants for ages."""
    if term.column == "class":
        places = tuple(_CLASSES.index(DriftClass(str(value))) for value in term.values)
        return msgspec.structs.replace(term, values=places)
    if term.column == "age":
        if now is None:
            raise ValueError("an age needs the present")
        ages = (min(max(int(value), 0), _LONGEST_AGE) for value in term.values)
        instants = tuple(instant(now - timedelta(seconds=age)) for age in ages)
        operator = _FLIPPED.get(term.operator, term.operator)
        return msgspec.structs.replace(term, column="since", operator=operator, values=instants)
    return term


class _Sums:
    """Sums of sizes by currency, in two parts because many do not fit one integer."""

    def __init__(self) -> None:
        self._found: dict[str, int] = {}

    def add(self, currency: str, billions: int, rest: int) -> None:
        self._found[currency] = self._found.get(currency, 0) + billions * _BILLION + rest

    def told(self) -> dict[str, Decimal]:
        return {currency: unscaled(whole) for currency, whole in sorted(self._found.items())}


def _entry(row: Any) -> DriftEntry:
    record, kind, place, since, state, reason, targets, amount, currency, operations, holds = row
    return DriftEntry(
        record=RecordId(record),
        kind=Kind(kind),
        drift=_CLASSES[place],
        since=since,
        state=state,
        reason=reason,
        targets=tuple(map(SystemName, targets.split())),
        amount=None if amount is None else unscaled(amount),
        currency=currency,
        operations=operations,
        holds=holds,
    )
