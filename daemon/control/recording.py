"""One record whole: three-way diff, what will change, what holds it, who points to it, its life.

Reads one transaction of the ledger and asks the pure core; works with and without a daemon.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from daemon.control.comparing import (
    Known,
    Row,
    asked_fields,
    field_rows,
    planned_values,
    shown_base,
    shown_now,
)
from daemon.control.comparing_lines import Document, line_rows
from daemon.control.finding import the_record
from daemon.control.frame import Json
from daemon.control.listing import PENDING, Listing
from daemon.control.pointing import Pointing, records_in
from daemon.control.protocol import PlanTotals
from daemon.control.protocol_drift import FieldShown, RecordAnswer, SideShown, UseShown
from daemon.control.shapes import Labels, shown_history, shown_value
from daemon.control.showing import shown_page, titles
from daemon.cycle.lookups import LedgerLookups
from daemon.reconcile.decide import Decider
from daemon.reconcile.documents.parties import (
    DocumentParty,
    as_asked,
    books_rule,
    document_party,
    source_of,
    wishing,
)
from daemon.reconcile.documents.wanted import Wanted, want
from daemon.reconcile.gate import SKIPPED
from daemon.reconcile.merge import FieldMerge, merge
from daemon.reconcile.policy import Policy
from daemon.reconcile.world import World
from ledger.model.aside import aside_key
from ledger.model.facts import RecordView, Side
from ledger.model.ids import DOCUMENT_KINDS, Kind, RecordId, SystemName
from ledger.model.keys import fold
from ledger.model.records import is_at_rest
from ledger.model.values import Lines, RecordRef, Reference, Value
from ledger.store.rows import HeldRow, OperationRow
from ledger.store.views import Views
from ledger.store.views_queue import UNKNOWN

MOST_HISTORY = 100
UNFINISHED = (*PENDING, "intended")
ASIDE = "A person set it aside; trueup retry takes it up again."
_USED_BY: dict[Kind, tuple[tuple[Kind, str], ...]] = {
    Kind.VENDOR: ((Kind.PURCHASE_ORDER, "party"), (Kind.BILL, "party")),
    Kind.CUSTOMER: ((Kind.INVOICE, "party"),),
    Kind.PURCHASE_ORDER: ((Kind.BILL, "order"),),
}
"""Pointers that the ledger keeps as keys: what points to an item or an account is not among them,
and is not counted, for that would take a look at every document."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one record."""

    view: RecordView
    world: World
    pointing: Pointing
    work: Sequence[OperationRow]
    holds: Sequence[HeldRow]


class _Remembering(LedgerLookups):
    """The same answers; a pointer that is followed by many lines is followed once."""

    def __init__(self, views: Views, *, recent_since: datetime) -> None:
        super().__init__(views, recent_since=recent_since)
        self._resolved: dict[tuple[SystemName, Reference], RecordId | None] = {}

    def resolve(self, system: SystemName, reference: Reference) -> RecordId | None:
        key = (system, reference)
        if key not in self._resolved:
            self._resolved[key] = super().resolve(system, reference)
        return self._resolved[key]


def record_of(
    views: Views,
    text: str,
    *,
    policy: Policy,
    as_of: datetime,
    systems: tuple[SystemName, ...] | None = None,
) -> RecordAnswer:
    """The record that ``text`` means; ``Declined`` when none or several may be meant.

    ``policy``: the rules in force, or those of the file on disk where no daemon runs.
    """
    named = the_record(views, text, systems=systems or policy.systems)
    looked = _look(views, named, policy, as_of)
    rows = _rows(looked, policy, views)
    skips = views.skips_of([named.record]).get(named.record, [])
    aside = {aside_key(skip.subject, skip.digest): skip.until for skip in skips}
    work = [_in_words(row, aside) for row in looked.work]
    listing = Listing(work, list(looked.holds), False, _NO_TOTALS)
    operations, holds = shown_page(views, listing, home_currency=policy.home_currency)
    view = looked.view
    seqs = [side.seq for side in view.sides.values()] + [b.seq for b in view.baselines.values()]
    instants = views.instants(seqs)
    agreed = max((baseline.seq for baseline in view.baselines.values()), default=0)
    labels = _labels(views, looked, rows)
    return RecordAnswer(
        as_of=as_of,
        head=views.head()[0],
        record=view.record,
        kind=view.kind.value,
        label=view.label,
        title=labels.title(view.record, view.label),
        sides=tuple(_side(side, instants) for _, side in sorted(view.sides.items())),
        fields=tuple(_field(row, labels) for row in rows),
        agreed_at=instants.get(agreed, ""),
        agreed_seq=agreed,
        operations=operations,
        holds=holds,
        history=tuple(map(shown_history, reversed(views.history(view.record, limit=MOST_HISTORY)))),
        uses=_uses(views, view),
    )


_NO_TOTALS = PlanTotals(operations=0, by_state={}, by_action={}, holds=0, by_code={})


def _look(views: Views, view: RecordView, policy: Policy, now: datetime) -> Looked:
    """The record with all that it points to at hand, read together rather than one by one."""
    lookups = _Remembering(views, recent_since=now)
    pointed = {r for system, p in _pointers(view) if (r := lookups.resolve(system, p)) is not None}
    world = World([view, *views.views(pointed - {view.record})], lookups, policy)
    work = views.operations_of([view.record], UNFINISHED).get(view.record, [])
    return Looked(
        view=view,
        world=world,
        pointing=Pointing(views),
        work=work,
        holds=views.holds(record=view.record),
    )


def _pointers(view: RecordView) -> Iterable[tuple[SystemName, Reference]]:
    for system, side in view.sides.items():
        if side.record is None:
            continue
        for field in side.record.__struct_fields__:
            value = getattr(side.record, field)
            parts = value.lines if isinstance(value, Lines) else ()
            if isinstance(value, Reference):
                yield system, value
            for line in parts:
                for name in ("item", "account", "tax_code", "order"):
                    pointer = getattr(line, name)
                    if isinstance(pointer, Reference):
                        yield system, pointer


def _rows(looked: Looked, policy: Policy, views: Views) -> list[Row]:
    view, world = looked.view, looked.world
    asked = asked_fields(looked.holds)
    pending = [row.operation for row in looked.work]
    planned = planned_values(pending, looked.pointing)
    base = shown_base(view, world)
    lines: list[Row] = []
    merged: Sequence[FieldMerge] = ()
    if view.kind in DOCUMENT_KINDS:
        document, merged = _document(looked, policy, base, planned, is_asked="lines" in asked)
        if document is not None:
            lines = line_rows(document, _items(views, document))
    else:
        merged = merge(view, world.parties(view), policy)
    known = Known(
        view=view,
        now=shown_now(view, world, looked.pointing),
        base=base,
        merged={one.field: one for one in merged},
        asked=asked,
        will_be=planned,
        is_awaited=bool(looked.work or looked.holds),
        policy=policy,
    )
    return [*field_rows(known), *lines]


def _document(
    looked: Looked,
    policy: Policy,
    base: Mapping[SystemName, Mapping[str, Value]],
    planned: Mapping[SystemName, Mapping[str, Value]],
    *,
    is_asked: bool,
) -> tuple[Document | None, Sequence[FieldMerge]]:
    """The document as the core compares it, and what it makes of the fields of its head."""
    view, world = looked.view, looked.world
    source_name = source_of(view.kind, policy)
    rule = books_rule(view.kind, policy)
    if source_name is None or rule is None:
        return None, ()
    source = document_party(view, source_name, world)
    books = document_party(view, policy.books, world)
    wanted = None
    merged: Sequence[FieldMerge] = ()
    if source is not None:
        wanted = want(view, source, books, rule, world, Decider(world))
        if books is not None:
            merged = _merged(view, source, books, wanted, policy)
    after = planned.get(policy.books, {}).get("lines")
    return (
        Document(
            source=source,
            books=books,
            source_name=source_name,
            books_name=policy.books,
            wanted=wanted,
            rule=rule.lines,
            agreed={
                system: lines
                for system, fields in base.items()
                if isinstance(lines := fields.get("lines"), Lines)
            },
            after=after if isinstance(after, Lines) else None,
            is_awaited=bool(looked.work or looked.holds or (source and books)),
            is_asked=is_asked,
        ),
        merged,
    )


def _merged(
    view: RecordView,
    source: DocumentParty,
    books: DocumentParty,
    wanted: Wanted,
    policy: Policy,
) -> Sequence[FieldMerge]:
    asking = wishing(source, wanted.values, wanted.untaxed)
    both = (asking, as_asked(books, wanted.values))
    return merge(view, tuple(sorted(both, key=lambda party: party.system)), policy)


def _items(views: Views, document: Document) -> dict[RecordId, str]:
    """What the lines' items and accounts are called."""
    shown = [party.lines for party in (document.source, document.books) if party is not None]
    shown += [*document.agreed.values(), *([document.after] if document.after else [])]
    records = {
        pointer.record
        for lines in shown
        for line in lines.lines
        for pointer in (line.item, line.account)
        if isinstance(pointer, RecordRef)
    }
    return views.labels(records)


def _labels(views: Views, looked: Looked, rows: Sequence[Row]) -> Labels:
    """Of everything that the rows point to; what the pass has at hand is not read again."""
    values = [
        v for row in rows for shown in (row.agreed, row.now, row.will_be) for v in shown.values()
    ]
    wanted = {record for value in values for record in records_in(value)}
    known = {r: v for r in wanted if (v := looked.world.view(r)) is not None}
    shown = [looked.view, *known.values()]
    return Labels(
        titles=titles(views, shown, looked.pointing),
        items={view.record: view.label for view in shown if view.kind is Kind.ITEM},
    )


def _field(row: Row, labels: Labels) -> FieldShown:
    def shown(values: Mapping[SystemName, Value]) -> dict[str, Json]:
        return {system: shown_value(value, labels) for system, value in sorted(values.items())}

    # A document has hundreds of these, and all of them are made here: nothing is left to check.
    return FieldShown(
        group=row.group,
        field=row.field,
        status=row.status,
        agreed=shown(row.agreed),
        now=shown(row.now),
        changed_in=row.changed_in,
        owner=row.owner,
        will_be=shown(row.will_be),
    )


def _side(side: Side, instants: Mapping[int, str]) -> SideShown:
    state, text = "live", ""
    if side.tombstone:
        state, text = "removed", side.tombstone
    elif side.problem is not None:
        state, text = "unreadable", side.problem.message
    elif side.out_of_scope:
        state, text = "out_of_scope", side.out_of_scope
    elif side.record is not None and is_at_rest(side.record):
        state = "inactive"
    return SideShown(
        system=side.ref.system,
        ref=str(side.ref),
        version=side.version,
        state=state,
        seen_at=instants.get(side.seq, ""),
        seen_seq=side.seq,
        text=text,
    )


def _in_words(row: OperationRow, aside: Mapping[tuple[str, str], str]) -> OperationRow:
    """An operation on its way is called as the queue calls it; one that was set aside is told as
    such at once, not only when the gate has looked at it again."""
    operation = row.operation
    if row.state != "intended":
        until = aside.get(("", operation.digest))
        if until is None:
            return row
        told = f"{ASIDE} It is taken up by itself at {until[:19]}Z." if until else ASIDE
        return msgspec.structs.replace(row, state="waiting", reason=SKIPPED, text=told)
    state = "unknown" if row.reason.startswith(UNKNOWN) else "sending"
    return msgspec.structs.replace(row, state=state)


def _uses(views: Views, view: RecordView) -> tuple[UseShown, ...]:
    named = {side.ref.system: fold(side.ref.id.strip()) for side in view.sides.values()}
    counted = (
        UseShown(kind=kind.value, count=views.pointing_to(kind.value, key, named))
        for kind, key in _USED_BY.get(view.kind, ())
    )
    return tuple(use for use in counted if use.count)
