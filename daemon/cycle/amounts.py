"""What pending documents come to, for the breaker that adds them up. Reads only."""

from collections.abc import Sequence
from decimal import Decimal

from daemon.reconcile.policy import Policy
from ledger.model.facts import RecordView
from ledger.model.ids import DOCUMENT_KINDS, OperationId
from ledger.model.money import quantise
from ledger.model.plans import REMOVALS, Operation
from ledger.store.views import Views

PAGE = 500
PLACES = 2


def amounts(
    views: Views, operations: Sequence[Operation], policy: Policy
) -> dict[OperationId, Decimal]:
    """The total of each pending document in the home currency: as its source shows it, or, where
    it would be taken back, as it stands there now. Documents without a total are absent."""
    documents = [o for o in operations if o.kind in DOCUMENT_KINDS]
    found: dict[OperationId, Decimal] = {}
    for first in range(0, len(documents), PAGE):
        page = documents[first : first + PAGE]
        shown = {view.record: view for view in views.views({o.record for o in page})}
        for operation in page:
            view = shown.get(operation.record)
            amount = None if view is None else _amount(view, operation, policy.home_currency)
            if amount is not None:
                found[operation.id] = amount
    return found


def _amount(view: RecordView, operation: Operation, home: str) -> Decimal | None:
    taken_back = operation.action in REMOVALS
    for system, side in sorted(view.sides.items()):
        if (system == operation.system) is taken_back and side.record is not None:
            return _home_total(side.record, home)
    return None


def _home_total(record: object, home: str) -> Decimal | None:
    total, rate = getattr(record, "total", None), getattr(record, "exchange_rate", None)
    if not isinstance(total, Decimal):
        return None
    currency = getattr(record, "currency", "")
    if isinstance(rate, Decimal) and currency and currency != home:
        return quantise(abs(total) * rate, PLACES)
    return abs(total)
