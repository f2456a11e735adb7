"""Every write stands in the journal before it leaves, with a person's yes where one was needed."""

from datetime import datetime

from ledger.model.entries import (
    Approved,
    ConfigApplied,
    Confirmed,
    FirstPlanApproved,
    GateHeld,
    Intended,
)
from ledger.model.ids import Digest, OperationId
from ledger.model.plans import Action
from tests.simulation.evidence import Evidence

_NEEDS_YES = frozenset(
    {
        *("inactivates", "create_policy", "manual_flow", "removes"),
        *("mass_change", "too_many", "too_much_money", "rules_changed"),
    }
)


async def check(evidence: Evidence) -> list[str]:
    problems = [
        f"the journal intends nothing like {event}"
        for event in evidence.witness.of_daemon()
        if evidence.operation_of(event) is None
    ]
    requests = {sent.entry.request for sent in evidence.sent}
    for row in evidence.one.log.rows:
        did = row["system"] == "qbo" and (row["created"] or row["changed"])
        # A batch that is refused whole goes out again one by one, under ids made from its own.
        if did and row["request_id"].split("-")[0] not in requests:
            problems.append(f"a write under an unknown request id: {row}")
    problems += _unconfirmed(evidence)
    return problems + _without_yes(evidence)


def _unconfirmed(evidence: Evidence) -> list[str]:
    """What is confirmed was really sent; what a sandbox did is in the journal's head by now."""
    sent = {item.operation for s in evidence.sent for item in s.entry.items}
    return [
        f"{row.entry.operation} was confirmed and never intended"
        for row in evidence.journal
        if isinstance(row.entry, Confirmed) and row.entry.operation not in sent
    ]


def _without_yes(evidence: Evidence) -> list[str]:
    problems = []
    first = False
    yes: dict[Digest, datetime] = {}
    waiting: dict[OperationId, str] = {}
    sent_before: set[str] = set()
    for row in evidence.journal:
        at = datetime.fromisoformat(row.at)
        match row.entry:
            case FirstPlanApproved():
                first = True
            case Approved(digests=digests, expires_at=expires):
                yes |= dict.fromkeys(digests, datetime.fromisoformat(expires))
            case Confirmed(operation=operation):
                yes.pop(evidence.operations[operation].digest, None)  # a yes is to one write
            case GateHeld(operation=operation, reason=reason):
                waiting[operation] = reason
            case ConfigApplied():
                waiting.clear()  # other rules may let go what waited
            case Intended(items=items, request=request) if request not in sent_before:
                sent_before.add(request)
                for item in items:
                    approved = item.digest in yes and yes[item.digest] >= at
                    reason = waiting.get(item.operation, "")
                    if not first and not approved:
                        problems.append(f"{item.operation} was sent before the first plan")
                    if item.action is Action.INACTIVATE and not approved:
                        problems.append(f"{item.operation} made inactive without a yes")
                    if reason in _NEEDS_YES and not approved:
                        problems.append(f"{item.operation} waited for {reason} and was sent")
            case _:
                pass
    return problems
