"""The totals of a ledger: reads documents page by page and has ``totals`` add them up.

Every page is a read transaction of its own, so that a long report never holds up the writer; both
sides of one document always come from the same moment. Works with and without a daemon.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial

import msgspec

from daemon.control.finding import the_kind
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_totals import (
    DifferenceShown,
    EarlyShown,
    PartShown,
    TotalsAnswer,
    TotalsRequest,
    TotalsRowShown,
)
from daemon.control.showing import name_of
from daemon.control.totals import (
    ELSEWHERE,
    NOTHING,
    By,
    Cell,
    Differing,
    Figure,
    Further,
    Line,
    Reason,
    Rules,
    Tally,
    Why,
    by_importance,
    in_order,
    needs_more,
    party_key,
)
from daemon.reconcile.merge import values_digest
from daemon.reconcile.policy import Policy
from ledger.model.facts import RecordView
from ledger.model.ids import DOCUMENT_KINDS, Digest, Kind, RecordId
from ledger.model.values import RecordRef, Value
from ledger.store.ledger import Ledger
from ledger.store.rows import DocumentRow, DocumentSide
from ledger.store.views import Views

PAGE = 2_000
MOST_DIRTY = 100_000
"""Records not looked at yet that are told apart; with more of them the report says so anyway."""
NOBODY = "(nobody)"


class Counted(msgspec.Struct):
    """Everything that was added up."""

    rules: Rules
    rows: Tally
    sums: Tally
    differing: list[Differing] = msgspec.field(default_factory=list)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger was like when the counting began."""

    as_of: datetime
    head: int
    dirty: frozenset[RecordId]
    """Records that changed and were not looked at yet."""
    complete: bool


async def totals(
    ledger: Ledger, policy: Policy, request: TotalsRequest, *, as_of: datetime
) -> TotalsAnswer:
    """Both sides' totals; ``Declined`` for what is no kind of document."""
    kinds = _kinds(request)
    month = request.month
    rules = rules_of(policy, first=f"{month}-01", last=f"{month}-31") if month else rules_of(policy)
    counted = Counted(rules, Tally(rules, By(request.by)), Tally(rules, By.KIND))
    state = await ledger.ask(partial(state_of, as_of, policy, kinds))
    for kind in kinds:
        await _count(ledger, kind, counted, policy, state.dirty)
    names = await _names(ledger, counted)
    return _answer(request, counted, policy, names, state)


def _kinds(request: TotalsRequest) -> tuple[Kind, ...]:
    if not request.kind:
        return DOCUMENT_KINDS
    kind = the_kind(request.kind)
    if kind not in DOCUMENT_KINDS:
        raise Declined(
            Code.BAD_REQUEST,
            f"{kind.value} is not a kind of document",
            cure=f"documents are: {', '.join(DOCUMENT_KINDS)}",
        )
    return (kind,)


def rules_of(policy: Policy, *, first: str = "", last: str = "") -> Rules:
    """What counts, by the configuration in force; of some days, or all."""
    return Rules(
        books=policy.books,
        home_currency=policy.home_currency,
        since={kind: policy.document(kind).since for kind in DOCUMENT_KINDS},
        off=frozenset(kind for kind in DOCUMENT_KINDS if policy.flow(kind) == "off"),
        tolerance={kind: policy.document(kind).tax_tolerance for kind in DOCUMENT_KINDS},
        first=first,
        last=last,
    )


def state_of(as_of: datetime, policy: Policy, kinds: Sequence[Kind], views: Views) -> State:
    """How far reading and planning of some kinds have come."""
    dirty = frozenset(views.dirty(MOST_DIRTY))
    read = all(
        (cursor := views.cursor(system, kind)) is not None and cursor.complete
        for system in policy.systems
        for kind in kinds
        if policy.flow(kind) != "off"
    )
    complete = read and not dirty
    return State(as_of=as_of, head=views.head()[0], dirty=dirty, complete=complete)


async def _count(
    ledger: Ledger, kind: Kind, counted: Counted, policy: Policy, dirty: frozenset[RecordId]
) -> None:
    after: str | None = ""
    while after is not None:
        after = await ledger.ask(partial(_count_page, kind, after, counted, policy, dirty))


def _count_page(
    kind: Kind,
    after: str,
    counted: Counted,
    policy: Policy,
    dirty: frozenset[RecordId],
    views: Views,
) -> str | None:
    """Add up one page; the record behind which the next one begins, None after the last."""
    reader = PageReader(views, counted.rules, policy, dirty)
    page = reader.page(kind, after=after, limit=PAGE)
    for row, further in page:
        shown = counted.rows.add(row, further)
        found = counted.sums.add(row, further) or shown
        if found is not None:
            counted.differing.append(found)
    return page[-1][0].record if len(page) == PAGE else None


class PageReader(msgspec.Struct, frozen=True):
    """Reads documents with all that explains their differences, a page at a time."""

    views: Views
    rules: Rules
    policy: Policy
    dirty: frozenset[RecordId]

    def page(
        self, kind: Kind, *, after: str, limit: int
    ) -> list[tuple[DocumentRow, Further | None]]:
        """Documents behind the record ``after``; looked at closer where nothing else explains."""
        rows = self._with_skips(self.views.documents(kind, after=after, limit=limit))
        unclear = [row.record for row in rows if needs_more(row, self.rules)]
        records = {view.record: view for view in self.views.views(unclear)} if unclear else {}
        return [(row, self._further(records.get(row.record), row)) for row in rows]

    def _with_skips(self, rows: list[DocumentRow]) -> list[DocumentRow]:
        """Documents that somebody set aside say so, while that still holds."""
        if not self.views.skips_of(row.record for row in rows):
            return rows
        skips = {skip.record: skip for skip in self.views.standing_skips()}
        return [
            msgspec.structs.replace(
                row, skipped=skip.reason, skipped_by=skip.by, skipped_since=skip.since
            )
            if (skip := skips.get(row.record)) is not None
            else row
            for row in rows
        ]

    def _further(self, view: RecordView | None, row: DocumentRow) -> Further | None:
        if view is None:
            return None
        return Further(
            is_accepted=is_accepted(view, row, self.policy),
            is_under_way=bool(view.open_intent) or row.record in self.dirty,
        )


def is_accepted(view: RecordView, row: DocumentRow, policy: Policy) -> bool:
    """Whether the books may keep every figure in which both sides differ.

    Said by a person of just these figures, or agreed as they are under an answer or a policy that
    leaves the books alone.
    """
    books = row.sides.get(policy.books)
    source = next((s for name, s in sorted(row.sides.items()) if name != policy.books), None)
    if books is None or source is None:
        return False
    fields: list[tuple[str, ...]] = []
    if source.total != books.total:
        said = {source.ref.system: source.total, books.ref.system: books.total}
        if not _said(view, "total", values_digest("total", {**said})):
            fields.append(("total", "tax_total", "lines"))
    if source.date != books.date:
        fields.append(("date",))
    if source.party_record != books.party_record:
        fields.append(("customer",) if row.kind is Kind.INVOICE else ("vendor",))
    sides = (source, books)
    return all(
        _is_agreed(view, names[0], sides) and _is_left(view, names, policy) for names in fields
    )


def _said(view: RecordView, field: str, digest: Digest) -> bool:
    return any(r.field == field and r.value_digest == digest for r in view.resolutions)


def _is_agreed(view: RecordView, field: str, sides: Iterable[DocumentSide]) -> bool:
    """Whether both sides still show of the field what they showed when they last agreed."""
    for side in sides:
        baseline = view.baselines.get(side.ref.system)
        now: Value = side.total if field == "total" else side.date if field == "date" else None
        if side.party_record is not None and field in ("vendor", "customer"):
            now = RecordRef(side.party_record)
        if baseline is None or now is None or baseline.fields.get(field) != now:
            return False
    return True


def _is_left(view: RecordView, fields: tuple[str, ...], policy: Policy) -> bool:
    """Whether somebody let the books keep what they show of one of the fields."""
    answered = any(r.field in fields and r.take == policy.books for r in view.resolutions)
    return answered or any(policy.foreign_edit(view.kind, f) == "accept" for f in fields)


async def _names(ledger: Ledger, counted: Counted) -> dict[str, str]:
    """What the parties that are to be shown are called."""
    sides = [s for one in counted.differing for s in (one.source, one.books) if s is not None]
    keys = {party_key(side) for side in sides}
    if counted.rows.by is By.PARTY:
        keys |= {cell.group for cell in counted.rows.lines}
    records = sorted(key for key in keys if key and not key.startswith(ELSEWHERE))
    names = {key: key.removeprefix(ELSEWHERE).strip() for key in keys}
    for start in range(0, len(records), PAGE):
        wanted = [RecordId(record) for record in records[start : start + PAGE]]
        found = await ledger.ask(partial(_named, wanted))
        names |= found
    return names | {"": NOBODY}


def _named(records: list[RecordId], views: Views) -> dict[str, str]:
    return {view.record: name_of(view) for view in views.views(records)}


def _answer(
    request: TotalsRequest, counted: Counted, policy: Policy, names: Mapping[str, str], state: State
) -> TotalsAnswer:
    counted.differing.sort(key=by_importance)
    listed = counted.differing[: request.limit] if request.differences else []
    unexplained = [d for d in counted.differing if d.why.reason is Reason.UNEXPLAINED]
    return TotalsAnswer(
        as_of=state.as_of,
        head=state.head,
        source=", ".join(sorted(s for s in policy.systems if s != policy.books)),
        books=policy.books,
        complete=state.complete,
        by=request.by,
        month=request.month,
        rows=tuple(_row(cell, line, names) for cell, line in in_order(counted.rows.lines)),
        sums=tuple(_row(cell, line, names) for cell, line in in_order(counted.sums.lines)),
        early=tuple(
            _early(cell, line, counted.rules) for cell, line in in_order(counted.sums.early)
        ),
        differing=len(counted.differing),
        unexplained=len(unexplained),
        differences=tuple(_difference(one, counted.rules, names) for one in listed),
        more=request.differences and len(counted.differing) > len(listed),
    )


def _row(cell: Cell, line: Line, names: Mapping[str, str]) -> TotalsRowShown:
    parts = tuple(
        PartShown(
            reason=why.reason.value,
            detail=why.detail,
            count=figure.count,
            amount=money_text(figure.amount),
        )
        for why, figure in sorted(line.parts.items(), key=_by_reason)
    )
    unexplained = [f.amount for w, f in line.parts.items() if w.reason is Reason.UNEXPLAINED]
    return TotalsRowShown(
        kind=cell.kind.value,
        currency=cell.currency,
        group=cell.group,
        label=names.get(cell.group, cell.group) if cell.group else "",
        source_count=line.source.count,
        source_total=money_text(line.source.amount),
        books_count=line.books.count,
        books_total=money_text(line.books.amount),
        difference=money_text(line.difference),
        parts=parts,
        unexplained=money_text(sum(unexplained, NOTHING)),
    )


def _by_reason(part: tuple[Why, Figure]) -> tuple[int, str]:
    return list(Reason).index(part[0].reason), part[0].detail


def _early(cell: Cell, line: Line, rules: Rules) -> EarlyShown:
    return EarlyShown(
        kind=cell.kind.value,
        currency=cell.currency,
        since=rules.since.get(cell.kind, ""),
        source_count=line.source.count,
        source_total=money_text(line.source.amount),
        books_count=line.books.count,
        books_total=money_text(line.books.amount),
    )


def _difference(one: Differing, rules: Rules, names: Mapping[str, str]) -> DifferenceShown:
    shown = one.source or one.books
    assert shown is not None, "a document that counts has a side"
    return DifferenceShown(
        record=one.row.record,
        kind=one.row.kind.value,
        number=shown.number or (one.books.number if one.books is not None else ""),
        party=names.get(party_key(shown), ""),
        currency=shown.currency or rules.home_currency,
        source_date=one.source.date if one.source is not None else "",
        books_date=one.books.date if one.books is not None else "",
        source_total=None if one.source_total is None else money_text(one.source_total),
        books_total=None if one.books_total is None else money_text(one.books_total),
        difference=money_text(one.difference),
        reason=one.why.reason.value,
        detail=one.why.detail,
        text=one.text,
    )


def money_text(amount: Decimal) -> str:
    """Exact, with at least two places."""
    exponent = amount.as_tuple().exponent
    places = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{amount:.{places}f}"
