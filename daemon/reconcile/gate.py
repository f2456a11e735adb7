"""The last look before anything leaves: does an operation go by itself, wait, or halt its group?

Rulings depend on what a person said (approvals, flows, policies) and on how much would change at
once; never on what the change is worth. Must not drop or alter operations.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from ledger.model.ids import DOCUMENT_KINDS, Digest, Kind, OperationId, RecordId, SystemName
from ledger.model.money import plain, quantise
from ledger.model.plans import REMOVALS, Action, FieldChange, Operation, Ruling, Verdict
from ledger.model.values import Lines, Value

from .explain import field_name, noun, sentence, thing
from .mapping import same
from .policy import Policy

MASS_CHANGE = "mass_change"
REMOVED = "removals"
SAMPLE = 5
RATIO_PLACES = (2, 3, 4)
"""Digits that a common factor is tried with: "x1.1" says more than "x1.1004"."""
COMMON_PART = Decimal("0.9")
"""Part of a group that has to share a cause for the cause to be named."""

_CLASSES = {
    Action.CREATE: "creates",
    Action.UPDATE: "updates",
    Action.REACTIVATE: "updates",
    Action.INACTIVATE: "inactivations",
    Action.VOID: REMOVED,
    Action.DELETE: REMOVED,
    Action.CLOSE: REMOVED,
}

_ENDS = {
    Action.VOID: "It would void {what} in {title}: its amounts go to zero and it stays.",
    Action.DELETE: "It would delete {what} from {title}; what was posted with it is taken back.",
    Action.CLOSE: "It would close {what} in {title}: nothing more can be received or billed on it.",
}


class GateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate has to know beside the operations."""

    first_plan_approved: bool
    approved: frozenset[Digest]
    """Digests that a person approved and whose approval has not expired."""
    live_counts: Mapping[tuple[SystemName, Kind], int]
    sent: frozenset[RecordId] = frozenset()
    """Records that an operator sent by name."""
    halted: frozenset[OperationId] = frozenset()
    """Operations that the count breaker stopped before: approving a part of a mass change does not
    let the rest go because fewer are left."""


def gate(
    operations: Sequence[Operation], facts: GateFacts, policy: Policy
) -> dict[OperationId, Verdict]:
    """A verdict for every operation.

    The count breaker looks at the whole of ``operations``: give it everything that is pending,
    not one slice of it.
    """
    verdicts = {o.id: _one(o, facts, policy) for o in operations}
    if not facts.first_plan_approved:
        return verdicts  # a person looks at all of it anyway
    groups: dict[tuple[SystemName, Kind, str], list[Operation]] = {}
    for operation in operations:
        if operation.digest not in facts.approved:
            key = (operation.system, operation.kind, _CLASSES[operation.action])
            groups.setdefault(key, []).append(operation)
    for (system, kind, what), group in groups.items():
        live = facts.live_counts.get((system, kind), 0)
        if len(group) > most_at_once(kind, what, live, policy):
            halt = _mass_change(system, kind, what, group, live, policy)
            verdicts |= {operation.id: halt for operation in group}
        else:
            still = [operation for operation in group if operation.id in facts.halted]
            verdicts |= {operation.id: _still_halted(still) for operation in still}
    return verdicts


def most_at_once(kind: Kind, what: str, live: int, policy: Policy) -> Decimal:
    """How many operations of one group may go together without a look.

    Master data: a small number, or a part of the live records. Documents: new ones come in all day
    and more of them after a quiet spell, whatever is there already; edits of posted ones are rarer,
    so of a few documents only a part may change; nobody ends many of them at once.
    """
    limits = policy.limits
    least = Decimal(limits.min_count)
    part = limits.fraction * live
    if kind not in DOCUMENT_KINDS:
        return max(least, part)
    if what == "creates":
        return Decimal(limits.documents)
    if what == REMOVED:
        return least
    return max(least, min(part, Decimal(limits.documents)))


def _one(operation: Operation, facts: GateFacts, policy: Policy) -> Verdict:
    title = policy.title(operation.system)
    if operation.digest in facts.approved:
        return Verdict(ruling=Ruling.AUTO, reason="approved", text="Approved by a person.")
    if not facts.first_plan_approved:
        return _waits(
            "first_plan", "Nothing is written before a person has approved the first plan."
        )
    if policy.flow(operation.kind) == "manual" and operation.record not in facts.sent:
        return _waits("manual_flow", f"{noun(operation.kind)}s are sent by hand, one by one.")
    if operation.action is Action.INACTIVATE:
        return _waits("inactivates", f"It would make a record of {title} inactive.")
    if operation.action in REMOVALS and policy.document(operation.kind).removals == "ask":
        what = thing(operation.kind, operation.label)
        return _waits("removes", _ENDS[operation.action].format(what=what, title=title))
    if (
        operation.action is Action.CREATE
        and policy.create_policy(operation.kind, operation.system) == "ask"
    ):
        return _waits("create_policy", f"New {noun(operation.kind)}s in {title} are asked for.")
    return Verdict(ruling=Ruling.AUTO)


def _waits(reason: str, text: str) -> Verdict:
    return Verdict(ruling=Ruling.APPROVAL, reason=reason, text=sentence(text))


def _mass_change(
    system: SystemName,
    kind: Kind,
    what: str,
    group: Sequence[Operation],
    live: int,
    policy: Policy,
) -> Verdict:
    labels = ", ".join(sorted(o.label for o in group)[:SAMPLE])
    cause = common_cause(group)
    text = (
        f"{len(group)} {what} of {noun(kind)}s in {policy.title(system)} at once, where "
        f"{live} are live; more than {_limit(kind, what, live, policy)} waits for a person."
    )
    if cause:
        text += f" {cause}."
    return Verdict(ruling=Ruling.HALTED, reason=MASS_CHANGE, text=f"{text} Such as: {labels}.")


def _limit(kind: Kind, what: str, live: int, policy: Policy) -> str:
    """The limit that a group went beyond, as it is configured."""
    limits = policy.limits
    most = most_at_once(kind, what, live, policy)
    if kind in DOCUMENT_KINDS and (what != "updates" or most == limits.documents):
        return plain(most)
    return f"{limits.min_count} and {plain(limits.fraction * 100)} %"


def _still_halted(group: Sequence[Operation]) -> Verdict:
    text = f"{len(group)} of a mass change are left; they wait for a person like the others."
    return Verdict(ruling=Ruling.HALTED, reason=MASS_CHANGE, text=text)


def common_cause(group: Sequence[Operation]) -> str:
    """What nine in ten of the group have in common, in a few words; ``""`` if nothing."""
    enough = COMMON_PART * len(group)
    by_field: dict[str, list[FieldChange]] = {}
    for operation in group:
        if operation.action is not Action.CREATE:
            for change in operation.changes:
                by_field.setdefault(change.field, []).append(change)
    shared = {f: changes for f, changes in by_field.items() if len(changes) >= enough}
    if not shared:
        return ""
    field, changes = max(shared.items(), key=lambda pair: (len(pair[1]), pair[0]))
    who = "All" if len(changes) == len(group) else f"{len(changes)} of {len(group)}"
    how = _common_change(changes, enough)
    return f"{who} change {field_name(field)}{f' {how}' if how else ''}"


def _common_change(changes: Sequence[FieldChange], enough: Decimal) -> str:
    first = changes[0].after
    if isinstance(first, Lines):
        return ""  # what changed in them cannot be said in a few words
    if len(changes) > 1 and all(same(c.after, first) for c in changes):
        return f"to {_brief(first)}"
    amounts = [
        (c.before, c.after)
        for c in changes
        if isinstance(c.before, Decimal) and isinstance(c.after, Decimal) and c.before
    ]
    if len(amounts) < 2:
        return ""
    widest = max(amounts, key=lambda pair: abs(pair[0]))
    for places in RATIO_PLACES:
        ratio = quantise(widest[1] / widest[0], places)
        if sum(1 for before, after in amounts if _fits(before, after, ratio)) >= enough:
            return f"by x{plain(ratio)}"
    return ""


def _fits(before: Decimal, after: Decimal, ratio: Decimal) -> bool:
    """Whether ``after`` is ``before`` times the ratio, as far as its own rounding can tell."""
    exponent = after.as_tuple().exponent
    places = max(-exponent, 2) if isinstance(exponent, int) else 2
    return abs(before * ratio - after) <= Decimal(1).scaleb(-places)


def _brief(value: Value) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else "one value"
