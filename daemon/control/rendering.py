"""What will be sent: the request of one operation as its connector would render it now.

Nothing is called for it and nothing is sent. Must not fill in what is not known: where the request
follows from a look at the system right before the write, it says so.
"""

from datetime import datetime

import msgspec

from daemon.connectors.base import Renders
from daemon.control.listing import of_digest
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_drift import RequestAnswer
from daemon.cycle.company import Company
from daemon.cycle.prepare import Ready, make_ready, shares
from ledger.model.errors import Refused, Transient
from ledger.model.plans import Operation
from ledger.store.views import Views


async def request_of(company: Company, digest: str, *, as_of: datetime) -> RequestAnswer:
    """The request of the operation whose digest begins so; ``Declined`` when it is none, or when
    what it points to is not there yet."""
    if not digest:
        raise Declined(Code.BAD_REQUEST, "say which operation", cure="see trueup plan")

    def ask(views: Views) -> tuple[Operation, list[Ready]]:
        (row,) = of_digest(views, digest.lower()).operations
        return row.operation, make_ready(views, [row.operation])

    operation, ready = await company.ledger.ask(ask)
    if not ready:
        raise Declined(
            Code.NOT_READY,
            f"{operation.label}: it points to records that {operation.system} does not have yet, "
            "or something has changed since it was planned",
            cure="its request is known as soon as they are there; trueup plan shows what waits",
        )
    (one,) = ready
    connector = company.connectors[operation.system]
    known = RequestAnswer(
        as_of=as_of,
        digest=operation.digest,
        system=operation.system,
        batched=shares(one, connector.capabilities),
    )
    if not isinstance(connector, Renders):
        told = f"{operation.system} is read right before each write: the request is laid over that"
        return msgspec.structs.replace(known, text=told)
    try:
        rendered = connector.render(one.write)
    except (Refused, Transient) as error:
        told = f"{error}: {error.cure}" if error.cure else str(error)
        return msgspec.structs.replace(known, text=told)
    return msgspec.structs.replace(
        known, method=rendered.method, path=rendered.path, body=rendered.body.decode()
    )
