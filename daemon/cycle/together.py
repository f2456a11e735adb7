"""Whom one slice of planning has to decide together: where it is cut is chance, and two records
that would get one name, or one that another waits for, are settled in one plan. Must not decide.
"""

from collections.abc import Iterable, Iterator

from daemon.reconcile.policy import Policy
from ledger.model.ids import RecordId
from ledger.model.keys import fold
from ledger.model.plans import Operation, Plan
from ledger.store.views import Views


def missing(made: Plan, records: Iterable[RecordId], views: Views, policy: Policy) -> set[RecordId]:
    """Those that ``records`` have to be planned with and are not among them: who waits to get a
    name that ``made`` gives, and who is held though an operation of it counts on its being made."""
    if not made.operations:
        return set()
    known = set(records)
    rivals = views.waiting_for_keys(_names(made.operations, policy))
    needs = {need for operation in made.operations for need in operation.needs}
    held = {record for record, _ in views.standing_holds(needs - known)}
    return (rivals | held) - known


def _names(operations: Iterable[Operation], policy: Policy) -> Iterator[tuple[str, str, str, str]]:
    """The unique names that would be given, as keys; who waits for one watches it by all kinds
    that share it."""
    for operation in operations:
        unique = policy.unique_fields(operation.system, operation.kind)
        for change in operation.changes:
            if change.field in unique and isinstance(change.after, str):
                name = fold(change.after.strip())
                yield (operation.system, operation.kind.value, change.field, name)
