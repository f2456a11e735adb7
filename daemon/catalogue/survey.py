"""One look over all items: how each stands, and what the plan makes of it. Streams in slices.

Reads only. The rows are handed to the caller slice by slice, so that a hundred thousand products
cost the memory of a few hundred.
"""

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import msgspec

from daemon.catalogue.checks import check_only
from daemon.catalogue.plan import NONE, OTHER_ACCOUNT, Chosen, Remembered, plan_rows
from daemon.catalogue.remarks import IN_CONFLICT, calls_of, reason_of, remarked
from daemon.catalogue.sort import Standing, classify, is_chosen, is_tracked, quantity
from daemon.catalogue.words import (
    ANEW,
    CHUNK,
    MOST_NAMED,
    Act,
    Answer,
    Keeping,
    Options,
    Row,
    Stranger,
    Summary,
)
from daemon.cycle.company import Company
from daemon.cycle.garbage import few_collections
from daemon.cycle.lookups import LedgerLookups
from daemon.reconcile.match import folded
from daemon.reconcile.policy import Policy
from ledger.model.encoding import encode
from ledger.model.facts import RecordView
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, SystemName, derive
from ledger.model.keys import fold
from ledger.model.money import plain
from ledger.model.values import Lines, Reference
from ledger.store.views import Views

SLICE = 2000
"""Items that are read and planned in one unit of work: what is looked up in the order of its keys
lies the nearer together, the more of it is asked for at once."""
PAGE = 500
"""Records that are only looked through in one."""
ORDERS = (Kind.PURCHASE_ORDER, Kind.BILL, Kind.INVOICE)

Keep = Callable[[Sequence[Row] | Sequence[Keeping]], Awaitable[Digest | None]]
"""Takes a chunk of the plan and says under which digest it is kept, if it is."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """What one slice of the items comes to."""

    last: int
    """Where the next slice begins."""
    rows: list[Row]
    adopted: list[ExternalRef]
    strangers: list[Stranger]
    standings: dict[str, int]
    tracked: int
    with_quantity: int


def source_of(policy: Policy) -> SystemName:
    """The system across from the books."""
    return next(name for name in policy.systems if name != policy.books)


class Found(Remembered):
    """The ledger's answers, with the ladder's questions about a slice asked all at once."""

    def __init__(
        self, lookups: LedgerLookups, views: Views, chosen: Sequence[Chosen], policy: Policy
    ) -> None:
        super().__init__(lookups)
        source = source_of(policy)
        keys: set[tuple[str, str]] = set()
        for one in chosen:
            record = getattr(one.view.sides.get(source), "record", None)
            for key in ("sku", "name"):
                text = getattr(record, key, None)
                if isinstance(text, str) and text.strip() == text:
                    keys |= {(key, folded(key, text))}
                    if key == "name":
                        keys |= {("normal_name", folded("normal_name", text))}
        self._books = policy.books
        self._asked = keys
        self._found = views.find_many(policy.books, Kind.ITEM, keys)

    def find(self, system: SystemName, kind: Kind, key: str, value: str) -> Sequence[ExternalRef]:
        if system == self._books and kind is Kind.ITEM and (key, value) in self._asked:
            return self._found.get((key, value), ())
        return super().find(system, kind, key, value)


def look(
    views: Views, company: Company, options: Options, answers: dict[str, Answer], after: int
) -> Slice | None:
    """The slice behind ``after``; None when there are no more items."""
    records, last = views.records_as_shown(Kind.ITEM, after=after, limit=SLICE)
    if not records:
        return None
    policy = company.rules()
    books, source = policy.books, source_of(policy)
    window = timedelta(seconds=policy.limits.oscillation_window_s)
    lookups = LedgerLookups(views, recent_since=company.clock.now() - window)
    standings: Counter[str] = Counter()
    chosen: list[Chosen] = []
    strangers: list[Stranger] = []
    tracked = with_quantity = 0
    # What was agreed is asked for only where an old item may stay: new ones start from nothing.
    stays = options.reactivate or options.clashes == "reactivate" or bool(answers)
    for view in views.views(records, agreed=stays):
        standing = classify(view, source=source, books=books)
        standings[standing.value] += 1
        if standing is Standing.UNKNOWN:
            strangers.append(_stranger(view, books))
        if is_tracked(view, books=books) and standing is not Standing.UNKNOWN_INACTIVE:
            tracked += 1
        if is_chosen(view, standing, options, books=books):
            said = answers.get(view.record)
            answer = said.what if said is not None else ""
            chosen.append(Chosen(view=view, standing=standing, answer=answer))
            with_quantity += is_tracked(view, books=books) and bool(quantity(view, books=books))
    found = Found(lookups, views, chosen, policy) if chosen else lookups
    rows = plan_rows(chosen, found, policy, options) if chosen else []
    rows = remarked(views, rows, chosen, books=books)
    adopted = [ref for row in rows if row.act is Act.ADOPT for ref in _free(views, row, books)]
    # Who said once that an item stays in the books alone is not asked again by each job.
    aside = views.skips_of([one.record for one in strangers]) if strangers else {}
    return Slice(
        last=last,
        rows=rows,
        adopted=adopted,
        strangers=[one for one in strangers if one.record not in aside],
        standings=dict(standings),
        tracked=tracked,
        with_quantity=with_quantity,
    )


def _free(views: Views, row: Row, books: SystemName) -> list[ExternalRef]:
    """Unlinked items of the books under the SKU of a product: what it will be linked to."""
    found = views.find(books, Kind.ITEM, "sku", row.label)
    return [ref for ref in found if ref != row.old]


def _stranger(view: RecordView, books: SystemName) -> Stranger:
    side = view.sides[books]
    on_hand = quantity(view, books=books)
    return Stranger(
        ref=side.ref,
        record=view.record,
        label=view.label,
        name=getattr(side.record, "name", None) or "",
        tracked=is_tracked(view, books=books),
        quantity=plain(on_hand) if on_hand else "",
    )


async def forget(_rows: Sequence[Row] | Sequence[Keeping]) -> None:
    """For a look that keeps nothing."""


class Survey:
    """The whole look, in order; used once."""

    def __init__(
        self,
        company: Company,
        options: Options,
        answers: dict[str, Answer],
        *,
        batches_per_minute: int,
    ) -> None:
        self._company = company
        self._options = options
        self._answers = answers
        self._batches_per_minute = batches_per_minute
        self._keep: Keep = forget
        self._names: set[int] = set()
        self._old: dict[str, str] = {}
        """Id of each old item that is replaced -> its SKU."""
        self._rows: list[Row] = []
        self._chunks: list[Digest] = []
        self._digest = hashlib.sha256()
        self._counts: Counter[str] = Counter()

    async def run_with(self, keep: Keep) -> Summary:
        """Look at every item and every open document; the plan in numbers."""
        self._keep = keep
        if self._options.only:
            systems = self._company.rules().systems
            await self._company.ledger.read(lambda v: check_only(v, self._options, systems))
        with few_collections():
            return await self._look_at_all()

    async def _look_at_all(self) -> Summary:
        company, after = self._company, 0
        standings: Counter[str] = Counter()
        acts: Counter[str] = Counter()
        skipped: Counter[str] = Counter()
        strangers: list[Stranger] = []
        adopted: set[ExternalRef] = set()
        head, _ = await company.ledger.read(lambda views: views.head())
        while True:
            part = await self._slice(after)
            if part is None:
                break
            after = part.last
            standings.update(part.standings)
            strangers += part.strangers
            adopted.update(part.adopted)
            self._counts.update(tracked=part.tracked, with_quantity=part.with_quantity)
            for row in map(self._once, part.rows):
                acts[row.act.value] += 1
                if row.act is Act.SKIP:
                    skipped[reason_of(row.why)] += 1
                self._add(row)
            while len(self._rows) >= CHUNK:
                await self._flush()
        await self._flush()
        documents, document_chunks = await self._documents()
        # Who names the products has looked at them; the ladder still asks about what is like them.
        asked = [] if self._options.only else strangers
        open_ = [s for s in asked if s.ref not in adopted and s.record not in self._answers]
        summary = Summary(
            id="",
            chunks=tuple(self._chunks),
            document_chunks=document_chunks,
            standings=dict(standings),
            acts=dict(acts),
            skipped=dict(skipped.most_common(20)),
            tracked=self._counts["tracked"],
            with_quantity=self._counts["with_quantity"],
            accounts_change=self._counts["accounts"],
            conflicts=self._counts["conflicts"],
            documents=documents,
            unknown=len(open_),
            strangers=tuple(open_[:MOST_NAMED]),
            clashes=acts[Act.CLASH.value],
            head=head,
        )
        calls = self._counts["calls"]
        return msgspec.structs.replace(
            summary,
            id=derive("catalogue plan", self._digest.hexdigest(), length=12),
            calls=calls,
            minutes=-(-calls // max(1, self._batches_per_minute)),
        )

    async def _slice(self, after: int) -> Slice | None:
        company, options, answers = self._company, self._options, self._answers
        return await company.ledger.read(
            lambda views: look(views, company, options, answers, after)
        )

    def _once(self, row: Row) -> Row:
        """Of two products that would get one name, the first keeps it."""
        if row.act not in ANEW:
            return row
        self._counts["accounts"] += OTHER_ACCOUNT in row.why
        self._counts["conflicts"] += IN_CONFLICT in row.why
        name = hash(fold(row.name.strip()))
        if name in self._names:
            why = "another product of the plan would get the same name; rename one of the two"
            return msgspec.structs.replace(
                row,
                act=Act.SKIP,
                digest=NONE,
                retire=NONE,
                free=NONE,
                called=None,
                why=why,
            )
        self._names.add(name)
        return row

    def _add(self, row: Row) -> None:
        if row.old is not None and (row.act in ANEW or row.act is Act.ADOPT):
            self._old[row.old.id] = row.label
        self._digest.update(encode([row.record, row.act.value, *row.digests]))
        self._rows.append(row)

    async def _flush(self) -> None:
        """Keep the next chunk of rows, if there are any."""
        if self._rows:
            books = self._company.policy.books
            batch = self._company.rules().capabilities[books].max_batch
            self._counts["calls"] += calls_of(self._rows[:CHUNK], batch)
            kept = await self._keep(self._rows[:CHUNK])
            self._chunks += [kept] if kept is not None else []
            self._rows = self._rows[CHUNK:]

    async def _documents(self) -> tuple[int, tuple[Digest, ...]]:
        """Open documents of the books whose lines point to an item that is replaced."""
        if not self._old:
            return 0, ()
        company, count, chunks = self._company, 0, []
        for kind in ORDERS:
            after = ""
            while True:
                page = await company.ledger.read(
                    lambda views, k=kind, a=after: keeping(  # type: ignore[misc]
                        views, k, a, self._old, company.policy.books
                    )
                )
                if page is None:
                    break
                after, found = page
                count += len(found)
                if found:
                    kept = await self._keep(found)
                    chunks += [kept] if kept is not None else []
        return count, tuple(chunks)


def keeping(
    views: Views, kind: Kind, after: str, old: dict[str, str], books: SystemName
) -> tuple[RecordId, list[Keeping]] | None:
    """The open documents behind ``after`` that point to old items; None at the end."""
    records = views.records(kind, after=after, limit=PAGE)
    if not records:
        return None
    found = []
    for view in views.views(records):
        side = view.sides.get(books)
        if side is None or side.record is None or side.tombstone:
            continue
        lines = getattr(side.record, "lines", None)
        if not isinstance(lines, Lines) or not _is_open(side.record):
            continue
        items = {
            old[line.item.id]
            for line in lines.lines
            if isinstance(line.item, Reference) and line.item.id in old
        }
        if items:
            found.append(
                Keeping(
                    record=view.record,
                    ref=side.ref,
                    number=getattr(side.record, "number", None) or "",
                    date=getattr(side.record, "date", None) or "",
                    items=tuple(sorted(items)),
                )
            )
    return records[-1], found


def _is_open(record: object) -> bool:
    """An order that is not closed, a bill or an invoice that is not settled."""
    if getattr(record, "status", None) in ("closed", "voided"):
        return False
    balance = getattr(record, "balance", None)
    return balance is None or balance is msgspec.UNSET or bool(balance)
