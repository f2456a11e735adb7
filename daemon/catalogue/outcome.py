"""What the re-read at the end shows of each product, and whether anything is doubled."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from daemon.catalogue import job as jobs
from daemon.catalogue.job import Job
from daemon.catalogue.sort import Standing, classify
from daemon.catalogue.survey import PAGE, source_of
from daemon.catalogue.words import Act, Ended, Finished, Row
from daemon.reconcile.policy import Policy
from ledger.model.facts import RecordView
from ledger.model.ids import Digest, Kind
from ledger.model.keys import fold
from ledger.store.ledger import Ledger
from ledger.store.views import Views

MOST_DOUBLED = 100
_WORDS = {Act.REACTIVATE: "reactivated", Act.ADOPT: "adopted"}
NOT_DONE = "not_done"


def look_back(
    views: Views, rows: Sequence[Row], policy: Policy, *, aborted: bool = False
) -> list[Finished]:
    """One line for every row of a chunk of the plan."""
    found = {view.record: view for view in views.views(row.record for row in rows)}
    told = [_finished(views, row, found.get(row.record), policy) for row in rows]
    return [_not_done(one) if aborted and one.outcome == "failed" else one for one in told]


def _not_done(one: Finished) -> Finished:
    """What an abort left as it was before."""
    why = "the job was aborted before its item was created"
    if one.old is not None and one.new == one.old:
        why = "the job was aborted: its old item is linked as before"
    return msgspec.structs.replace(one, outcome=NOT_DONE, new=None, why=why)


def _finished(views: Views, row: Row, view: RecordView | None, policy: Policy) -> Finished:
    side = view.sides.get(policy.books) if view is not None else None
    outcome, why = "failed", row.why
    if row.act in (Act.SKIP, Act.CLASH):
        outcome = "left"
    elif view is not None and _is_served(view, row, policy):
        outcome = _WORDS.get(row.act, "created")
    else:
        held = views.holds_of([row.record]).get(row.record, [])
        waits = views.operations_of([row.record], ("planned", "waiting")).get(row.record, [])
        noes = view.rejections if view is not None else ()
        said = [
            f"{policy.title(no.system)} refused: {no.message}"
            for no in noes
            if no.operation_digest in row.digests
        ]
        said += [h.hold.text for h in held] + [o.text for o in waits if o.text]
        why = said[0] if said else "no active item came of it"
    return Finished(
        record=row.record,
        label=row.label,
        name=row.name,
        act=row.act,
        outcome=outcome,
        old=row.old,
        new=side.ref if side is not None and outcome != "left" else None,
        quantity=row.quantity,
        why=why,
    )


def _is_served(view: RecordView, row: Row, policy: Policy) -> bool:
    if classify(view, source=source_of(policy), books=policy.books) is not Standing.ALIVE:
        return False
    return view.sides[policy.books].ref != row.old or row.act is Act.REACTIVATE


class Outcomes:
    """Questions about the books as a whole."""

    def __init__(self, ledger: Ledger, policy: Policy) -> None:
        self._ledger = ledger
        self._policy = policy

    async def of_job(self, job: Job, *, by: str, at: str, aborted: bool = False) -> Ended:
        """What became of each product of the plan; its rows are kept in the ledger."""
        counts: Counter[str] = Counter()
        chunks: list[Digest] = []
        for digest in job.memo.plan.chunks if job.memo.plan is not None else ():
            rows = await jobs.load(self._ledger, digest, Row)
            found = await self._ledger.read(
                lambda views, r=rows: look_back(views, r, self._policy, aborted=aborted)  # type: ignore[misc]
            )
            counts.update(one.outcome for one in found)
            chunks.append(await jobs.keep(self._ledger, job.id, found, by))
        doubled = await self.doubled()
        return Ended(at=at, outcomes=dict(counts), doubled=doubled, chunks=tuple(chunks))

    async def doubled(self) -> tuple[str, ...]:
        """SKUs and names that more than one active item of the books has."""
        seen: dict[int, str] = {}
        twice: dict[str, None] = {}
        after = ""
        while True:
            page = await self._ledger.read(lambda v, a=after: self._keys(v, a))  # type: ignore[misc]
            if page is None:
                return tuple(twice)[:MOST_DOUBLED]
            after, keys = page
            for sort, text in keys:
                key = hash((sort, fold(text.strip())))
                if key in seen:
                    twice[f"{sort} {text}"] = None
                seen[key] = ""

    def _keys(self, views: Views, after: str) -> tuple[str, list[tuple[str, str]]] | None:
        records = views.records(Kind.ITEM, after=after, limit=PAGE)
        if not records:
            return None
        found: list[tuple[str, str]] = []
        for view in views.views(records):
            side = view.sides.get(self._policy.books)
            if side is None or not side.is_live or side.out_of_scope:
                continue
            if getattr(side.record, "active", None) is False:
                continue
            for sort in ("sku", "name"):
                text = getattr(side.record, sort, None)
                if isinstance(text, str) and text.strip():
                    found.append((sort, text))
        return records[-1], found
