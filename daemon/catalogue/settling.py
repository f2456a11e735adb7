"""Answers to the questions of a catalogue plan, as entries and as what the job remembers."""

import msgspec

from daemon.catalogue.clashes import ways_of
from daemon.catalogue.plan import apart
from daemon.catalogue.sort import Standing, classify
from daemon.catalogue.survey import source_of
from daemon.catalogue.words import Answer, JobRefused, Memo
from daemon.reconcile.policy import Policy
from ledger.model.entries import ConflictResolved, Entry, Linked, Skipped, Unlinked
from ledger.model.facts import RecordView
from ledger.model.ids import ExternalRef, RecordId
from ledger.store.views import Views

PENDING = ("planned", "waiting", "approved")
FOR_UNKNOWN = ("keep", "ignore", "link")


def settle_entries(
    views: Views, policy: Policy, record: RecordId, what: str, to: RecordId | None, by: str
) -> list[Entry]:
    """What an answer appends beside the job's own state. ``JobRefused`` for answers to nothing."""
    view = views.view(record)
    if view is None:
        raise JobRefused(f"the ledger knows no record {record}", sort="not_found")
    standing = classify(view, source=source_of(policy), books=policy.books)
    known = FOR_UNKNOWN if standing is Standing.UNKNOWN else ways_of(standing)
    if what not in known:
        raise JobRefused(
            f"{view.label!r} is {standing.value.replace('_', ' ')}: {what} is no answer to that",
            cure=f"answers here: {', '.join(known)}" if known else "trueup catalogue status",
            sort="bad_request",
        )
    match what:
        case "ignore":
            return _ignored(views, view, by)
        case "link":
            return _linked(views, view, policy, to, by)
        case _:
            return []


def _ignored(views: Views, view: RecordView, by: str) -> list[Entry]:
    """It stays in the books alone: whatever is planned for it is set aside."""
    rows = views.operations_of([view.record], PENDING).get(view.record, [])
    return [
        Skipped(
            record=view.record,
            subject=f"operation:{row.operation.system}",
            digest=row.operation.digest,
            reason="catalogue job: the item stays in the books alone",
            by=by,
        )
        for row in rows
    ]


def _linked(
    views: Views, view: RecordView, policy: Policy, to: RecordId | None, by: str
) -> list[Entry]:
    product = views.view(to) if to is not None else None
    source = source_of(policy)
    if product is None or source not in product.sides or product.kind is not view.kind:
        raise JobRefused(
            f"{to or 'nothing'} is no product of {policy.title(source)}",
            cure="name it by its SKU or record id: --link REF",
            sort="not_found",
        )
    entries: list[Entry] = []
    old = product.sides.get(policy.books)
    if old is not None:
        standing = classify(product, source=source, books=policy.books)
        if standing not in (Standing.INACTIVE, Standing.GONE):
            raise JobRefused(
                f"{product.label!r} has an active item already: {old.ref}",
                cure="unlink that first (trueup link --unlink), or keep this one",
            )
        entries += unlink(product.record, old.ref, "replaced by another item", by)
    ref = view.sides[policy.books].ref
    reason = "catalogue job: a person said that they are one"
    return [
        *entries,
        Linked(record=product.record, ref=ref, how="operator", evidence=reason, by=by),
    ]


def unlink(record: RecordId, ref: ExternalRef, reason: str, by: str) -> list[Entry]:
    """An old item leaves its product and is not joined to it again by its key."""
    answer = apart(ref)
    return [
        Unlinked(record=record, ref=ref, reason=reason, by=by),
        ConflictResolved(
            record=record,
            field=answer.field,
            take=answer.take,
            value_digest=answer.value_digest,
            by=by,
            reason=reason,
        ),
    ]


def answered(memo: Memo, record: RecordId, answer: Answer) -> Memo:
    """The memo with one question less."""
    plan = memo.plan
    if plan is not None and record not in memo.answers:
        left = tuple(s for s in plan.strangers if s.record != record)
        if answer.what in FOR_UNKNOWN:
            plan = msgspec.structs.replace(plan, strangers=left, unknown=max(0, plan.unknown - 1))
        else:
            plan = msgspec.structs.replace(plan, clashes=max(0, plan.clashes - 1))
    return msgspec.structs.replace(
        memo, plan=plan, answers={**memo.answers, record: answer}, approvals=()
    )
