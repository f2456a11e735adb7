"""What an operator sent by name: it passes a manual flow once, as it was then.

A cycle that cannot write, for a system does not answer, leaves that to the next one. What becomes
another change meanwhile is not what they looked at, and waits like any other. Must not rule.
"""

from collections.abc import Iterable

from daemon.cycle.company import Company
from ledger.model.ids import Digest, RecordId
from ledger.store.rows import OperationRow

PENDING = ("planned", "waiting", "approved")


def sent_by_name(company: Company, pending: Iterable[OperationRow]) -> frozenset[RecordId]:
    """Records of which all that is ``pending`` was sent by name."""
    others = {
        row.operation.record
        for row in pending
        if (then := company.sent.get(row.operation.record)) is not None
        and row.operation.digest not in then
    }
    return frozenset(company.sent.keys() - others)


async def keep_as_planned(company: Company) -> None:
    """Nothing could be written: what was sent by name by now waits as it is planned."""
    new = [record for record, then in company.sent.items() if then is None]
    if not new:
        return
    planned = await company.ledger.read(lambda views: views.operations_of(new, PENDING))
    for record in new:
        found: Iterable[Digest] = (row.operation.digest for row in planned.get(record, ()))
        company.sent[record] = frozenset(found)
