"""What may be the record that a lost create made, while a person is asked whether it is.

It looks new, and whoever found out that it was the lost one had to part it from the counterpart
that it got meanwhile. The gate holds it back in sight of the question and of what answers it. Must
not ask: ``daemon.cycle.recover`` does.
"""

from collections.abc import Sequence

from daemon.reconcile.explain import thing
from daemon.reconcile.match import NOT_THE_SAME
from daemon.reconcile.policy import Policy
from ledger.model.ids import DOCUMENT_KINDS, OperationId
from ledger.model.plans import Action, Operation
from ledger.store.views import Views

MOST = 1_000
"""New records that one question is about. Only those count that came while nobody knew."""


def asked_about(
    views: Views, operations: Sequence[Operation], policy: Policy
) -> dict[OperationId, str]:
    """Creates of records that somebody is asked about, and the question in a sentence."""
    questions = views.lost_creates()
    if not questions:
        return {}
    creates = {
        operation.record: operation
        for operation in operations
        if operation.action is Action.CREATE and operation.kind not in DOCUMENT_KINDS
    }
    found: dict[OperationId, str] = {}
    for question in questions:
        lost = views.view(question.record)
        if lost is None or question.system in lost.sides:
            continue  # answered: it has its part there
        apart = {said.field for said in lost.resolutions}
        window = (question.system, lost.kind, question.since, MOST)
        new = views.strangers(*window, before=question.seq)
        for ref, record in views.owners(new).items():
            if record not in creates or record == lost.record or f"{NOT_THE_SAME}{ref}" in apart:
                continue
            held = creates[record]
            found[held.id] = (
                f"{thing(held.kind, held.label)} appeared in {policy.title(question.system)} "
                f"before it was known that a create of {thing(lost.kind, lost.label)} there was "
                f"lost, and may be what that made. If it is: trueup link {lost.record} {ref}. If "
                f"it is not: trueup link {lost.record} {ref} --apart, or trueup retry "
                f"{lost.record}."
            )
    return found
