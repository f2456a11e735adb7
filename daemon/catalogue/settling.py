"""Answers to the questions of a catalogue plan, as entries and as what the job remembers."""

import msgspec

from daemon.catalogue.clashes import ways_of
from daemon.catalogue.plan import apart
from daemon.catalogue.sort import Standing, classify
from daemon.catalogue.survey import source_of
from daemon.catalogue.words import Act, Answer, JobRefused, Memo, Row, Summary
from daemon.reconcile.policy import Policy
from daemon.reconcile.successors import replaced_by
from ledger.model.aside import operation_subject
from ledger.model.entries import ConflictResolved, Entry, Linked, Skipped, Unlinked
from ledger.model.facts import RecordView
from ledger.model.ids import ExternalRef, RecordId, own_ids
from ledger.store.views import Views

PENDING = ("planned", "waiting", "approved")
FOR_UNKNOWN = ("keep", "ignore", "link")
IN_BULK = ("keep", "ignore")
"""What can be said of all unknown items at once: which product one is, is said one by one."""
OF_CLASHES = frozenset({Act.CLASH, Act.REACTIVATE, Act.RENAME, Act.SUFFIX})
"""What a plan says of a product whose name is taken: that it waits, or how that was answered."""


def settle_entries(views: Views, policy: Policy, record: RecordId, answer: Answer) -> list[Entry]:
    """What an answer appends beside the job's own state. ``JobRefused`` for answers to nothing."""
    view = views.view(record)
    if view is None:
        raise JobRefused(f"the ledger knows no record {record}", sort="not_found")
    standing = classify(view, source=source_of(policy), books=policy.books)
    what = answer.what
    known = FOR_UNKNOWN if standing is Standing.UNKNOWN else ways_of(standing)
    if what not in known:
        raise JobRefused(
            f"{view.label!r} is {standing.value.replace('_', ' ')}: {what} is no answer to that",
            cure=f"answers here: {', '.join(known)}" if known else "trueup catalogue status",
            sort="bad_request",
        )
    match what:
        case "ignore":
            return _ignored(views, view, answer)
        case "link":
            return _linked(views, view, policy, answer)
        case _:
            return []


def require_clash(row: Row | None, what: str) -> None:
    """A way around a taken name is an answer only where the plan found the name taken."""
    if row is not None and row.act in OF_CLASHES:
        return
    told = "it is not in the plan"
    if row is not None:
        told = f"{row.label!r} is planned as: {row.act.value}{f' ({row.why})' if row.why else ''}"
    raise JobRefused(
        f"the plan asks nothing about this product, so {what} answers nothing: {told}",
        cure="what it asks: trueup catalogue status",
        sort="bad_request",
    )


def require_all(plan: Summary, what: str, expect: int) -> None:
    """One answer for all that is unknown: only for as many as the person has seen."""
    if what not in IN_BULK:
        raise JobRefused(
            f"{what} is said of one item at a time",
            cure="of all unknown items: keep or ignore; of all clashes: trueup catalogue plan "
            "--clashes WAY",
            sort="bad_request",
        )
    if plan.unknown != expect:
        raise JobRefused(
            f"{plan.unknown} unknown items wait for an answer, not {expect}; nothing was answered",
            cure="look at them: trueup catalogue status",
            sort="stale",
        )
    if not plan.strangers:
        raise JobRefused(
            f"{plan.unknown} unknown items are counted and not named yet; nothing was answered",
            cure="trueup catalogue plan names them",
            sort="stale",
        )


def settle_all_entries(views: Views, memo: Memo, answer: Answer) -> list[Entry]:
    """As ``settle_entries``, for every unknown item that the plan names."""
    named = memo.plan.strangers if memo.plan is not None else ()
    if answer.what != "ignore":
        return []
    found = views.views(stranger.record for stranger in named)
    return [entry for view in found for entry in _ignored(views, view, answer)]


def _ignored(views: Views, view: RecordView, answer: Answer) -> list[Entry]:
    """It stays in the books alone: whatever is planned for it, or holds it, is set aside."""
    subjects = [(row.subject, row.payload) for row in views.holds(record=view.record)]
    subjects += [
        (operation_subject(row.operation), row.operation.digest)
        for row in views.operations_of([view.record], PENDING).get(view.record, [])
    ]
    return [
        Skipped(
            record=view.record,
            subject=subject,
            digest=digest,
            reason=_because("the item stays in the books alone", answer),
            by=answer.by,
        )
        for subject, digest in subjects
    ]


def _because(what: str, answer: Answer) -> str:
    """What the ledger keeps as the reason: the person's own words last."""
    return f"catalogue job: {what}{f': {answer.reason}' if answer.reason else ''}"


def _linked(views: Views, view: RecordView, policy: Policy, answer: Answer) -> list[Entry]:
    to, by = answer.to, answer.by
    product = views.view(RecordId(to)) if to else None
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
        entries.append(replacement(views, old.ref, product.record, policy, by))
    ref = view.sides[policy.books].ref
    reason = _because("a person said that they are one", answer)
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


def replacement(
    views: Views, old: ExternalRef, product: RecordId, policy: Policy, by: str
) -> ConflictResolved:
    """Documents that show the old item mean the product: said of the record that the old item
    has by itself once it is unlinked."""
    own = next(record for record in own_ids(old) if views.view(record) is None)
    answer = replaced_by(product, policy.books)
    return ConflictResolved(
        record=own,
        field=answer.field,
        take=answer.take,
        value_digest=answer.value_digest,
        by=by,
        reason="another item takes its place",
    )


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
