"""An operation that was refused."""

from ledger.model.entries import Rejected
from ledger.model.ids import RequestId
from ledger.model.outcomes import RefusalKind
from ledger.model.plans import Operation
from ledger.store.ledger import Draft


def reject(
    draft: Draft, done: Operation, refusal: RefusalKind, *, request: str = "r1", code: str = "6240"
) -> None:
    draft.add(
        Rejected(
            request=RequestId(request),
            operation=done.id,
            record=done.record,
            refusal=refusal,
            code=code,
            message="the name is taken",
            field="name",
            cure="rename it",
        )
    )
