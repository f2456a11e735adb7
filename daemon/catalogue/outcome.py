"""What the re-read at the end shows of each product, and whether anything is doubled."""

from collections.abc import Sequence

from daemon.catalogue.sort import Standing, classify
from daemon.catalogue.survey import PAGE, source_of
from daemon.catalogue.words import Act, Finished, Row
from daemon.reconcile.policy import Policy
from ledger.model.facts import RecordView
from ledger.model.ids import Kind
from ledger.model.keys import fold
from ledger.store.ledger import Ledger
from ledger.store.views import Views

MOST_DOUBLED = 100
_WORDS = {Act.REACTIVATE: "reactivated", Act.ADOPT: "adopted"}


def look_back(views: Views, rows: Sequence[Row], policy: Policy) -> list[Finished]:
    """One line for every row of a chunk of the plan."""
    found = {view.record: view for view in views.views(row.record for row in rows)}
    return [_finished(views, row, found.get(row.record), policy) for row in rows]


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
