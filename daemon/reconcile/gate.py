"""The last look before anything leaves: does an operation go by itself, wait, or halt its group?

Deny beats allow: what a person set aside, a pause, a freeze and a closed window stop even what is
approved; then come the breakers, then what asks for a yes. Rulings never depend on what the change
is worth. Must not drop or alter operations.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from ledger.model.ids import Digest, Kind, OperationId, RecordId, SystemName
from ledger.model.plans import REMOVALS, Action, Operation, Ruling, Verdict

from .breaker import Counted, several, trip
from .explain import sentence, thing
from .policy import Policy

SKIPPED = "skipped"
PAUSED = "paused"
FROZEN = "frozen"
WINDOW = "window"
ASKED_ABOUT = "asked_about"
DENIED = frozenset({SKIPPED, PAUSED, FROZEN, WINDOW, ASKED_ABOUT})
"""Reasons that no approval answers."""

_ENDS = {
    Action.VOID: "It would void {what} in {title}: its amounts go to zero and it stays.",
    Action.DELETE: "It would delete {what} from {title}; what was posted with it is taken back.",
    Action.CLOSE: "It would close {what} in {title}: nothing more can be received or billed on it.",
}


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """A scope in which nothing is written for now."""

    system: str = ""
    """``""`` = every system."""
    kind: str = ""
    """``""`` = every kind."""
    reason: str
    by: str = ""
    since: str = ""
    job: str = ""
    passes: frozenset[Digest] = frozenset()
    """The plan of the job that froze the scope for itself."""

    def covers(self, system: SystemName, kind: Kind, digest: Digest) -> bool:
        in_scope = self.system in ("", system) and self.kind in ("", kind)
        return in_scope and digest not in self.passes


class Shut(msgspec.Struct, frozen=True, kw_only=True):
    """Why the calendar lets nothing be written now."""

    reason: str
    """``frozen``: a freeze of the configuration; ``window``: outside the hours of writing."""
    text: str


class GateFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate has to know beside the operations."""

    first_plan_approved: bool
    approved: frozenset[Digest]
    """Digests that a person approved and whose approval has not expired."""
    live_counts: Mapping[tuple[SystemName, Kind], int]
    sent: frozenset[RecordId] = frozenset()
    """Records that an operator sent by name."""
    skipped: frozenset[Digest] = frozenset()
    """Digests that a person set aside."""
    asked: Mapping[OperationId, str] = msgspec.field(default_factory=dict)
    """Creates of what a person is asked about, and the question: it may be what a lost create
    made."""
    pauses: tuple[Pause, ...] = ()
    shut: Shut | None = None
    """None = the calendar lets writes go now."""
    tripped: Mapping[OperationId, str] = msgspec.field(default_factory=dict)
    """Operations that a breaker stopped before, and which: approving a part of a mass change does
    not let the rest go because fewer are left."""
    amounts: Mapping[OperationId, Decimal] = msgspec.field(default_factory=dict)
    """What documents come to in the home currency; needed where ``limits.money`` is set."""
    reviewed: frozenset[OperationId] | None = None
    """After a change of the rules: the operations that were not ruled on yet."""


def gate(
    operations: Sequence[Operation], facts: GateFacts, policy: Policy
) -> dict[OperationId, Verdict]:
    """A verdict for every operation.

    The breakers look at the whole of ``operations``: give it everything that is pending, not one
    slice of it. What is paused counts there too, or a freeze would split a mass change.
    """
    stopped: dict[OperationId, Verdict] = {}
    if facts.first_plan_approved:  # else a person looks at all of it anyway
        decided = facts.approved | facts.skipped
        counted = Counted(
            live_counts=facts.live_counts,
            tripped=facts.tripped,
            amounts=facts.amounts,
            reviewed=facts.reviewed,
        )
        stopped = trip([o for o in operations if o.digest not in decided], counted, policy)
    return {o.id: _ruled(o, stopped.get(o.id), facts, policy) for o in operations}


def _ruled(
    operation: Operation, stopped: Verdict | None, facts: GateFacts, policy: Policy
) -> Verdict:
    denied = _denied(operation, facts, policy)
    if denied is not None:
        # The mark of a breaker outlives the pause: what was too much then is looked at after it.
        breaker = facts.tripped.get(operation.id, "") if stopped is None else stopped.breaker
        return msgspec.structs.replace(denied, breaker=breaker)
    verdict = stopped or _one(operation, facts, policy)
    if facts.shut is not None and verdict.ruling is Ruling.AUTO:
        # What waits for a person anyway keeps its reason: it does not change with the hour.
        return _halts(facts.shut.reason, facts.shut.text)
    return verdict


def _denied(operation: Operation, facts: GateFacts, policy: Policy) -> Verdict | None:
    """What a person stopped, an approved operation included."""
    if operation.digest in facts.skipped:
        return _halts(SKIPPED, "A person set it aside; trueup retry takes it up again.")
    if operation.id in facts.asked:
        return _halts(ASKED_ABOUT, facts.asked[operation.id])
    for pause in facts.pauses:
        if pause.covers(operation.system, operation.kind, operation.digest):
            slug = FROZEN if pause.job else PAUSED
            return _halts(slug, _pause_text(pause, policy))
    return None


def _pause_text(pause: Pause, policy: Policy) -> str:
    kind = several(Kind(pause.kind)) if pause.kind else "everything"
    where = f"in {policy.title(pause.system)}" if pause.system else "in every system"
    who = f"the job {pause.job}" if pause.job else pause.by
    since = f" since {pause.since[:16]}Z" if pause.since else ""
    verb = "Frozen" if pause.job else "Paused"
    return f"{verb} ({kind} {where}) by {who}{since}: {pause.reason}"


def _halts(reason: str, text: str) -> Verdict:
    return Verdict(ruling=Ruling.HALTED, reason=reason, text=sentence(text))


def _one(operation: Operation, facts: GateFacts, policy: Policy) -> Verdict:
    title = policy.title(operation.system)
    if operation.digest in facts.approved:
        return Verdict(ruling=Ruling.AUTO, reason="approved", text="Approved by a person.")
    if not facts.first_plan_approved:
        return _waits(
            "first_plan", "Nothing is written before a person has approved the first plan."
        )
    if policy.flow(operation.kind) == "manual" and operation.record not in facts.sent:
        return _waits("manual_flow", f"{several(operation.kind)} are sent by hand, one by one.")
    if operation.action is Action.INACTIVATE:
        return _waits("inactivates", f"It would make a record of {title} inactive.")
    if operation.action in REMOVALS and policy.document(operation.kind).removals == "ask":
        what = thing(operation.kind, operation.label)
        return _waits("removes", _ENDS[operation.action].format(what=what, title=title))
    if (
        operation.action is Action.CREATE
        and policy.create_policy(operation.kind, operation.system) == "ask"
    ):
        return _waits("create_policy", f"New {several(operation.kind)} in {title} are asked for.")
    return Verdict(ruling=Ruling.AUTO)


def _waits(reason: str, text: str) -> Verdict:
    return Verdict(ruling=Ruling.APPROVAL, reason=reason, text=sentence(text))
