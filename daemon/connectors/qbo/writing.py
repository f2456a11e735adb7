"""One write request to QuickBooks and the end of every write in it.

Exactly one attempt. Must not decide anything: a refusal is named, with its cure, and handed back.
"""

from collections.abc import Sequence

from daemon.connectors.qbo.client import QboClient, Written
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.faults import Fault, Next
from daemon.connectors.qbo.mapping.table import ENTITIES, to_raw
from daemon.connectors.qbo.mapping.wire import Unwritable, Wire
from daemon.connectors.qbo.reading import Reader
from ledger.model.errors import OutcomeIsUnknown, Throttled, Transient, TrueupError, Unauthorised
from ledger.model.facts import Observation, Tombstone, Unreadable
from ledger.model.outcomes import (
    Confirmed,
    Outcome,
    RefusalKind,
    Rejected,
    Unknown,
    Write,
    WriteRequest,
)
from ledger.model.plans import Action

FIELD_OF = {
    "Name": "name",
    "DisplayName": "name",
    "Sku": "sku",
    "AcctNum": "code",
    "CompanyName": "company_name",
    "PrimaryEmailAddr": "email",
    "PrimaryPhone": "phone",
    "WebAddr": "website",
    "BillAddr": "billing_address",
    "ShipAddr": "shipping_address",
    "TermRef": "terms",
    "SalesTermRef": "terms",
    "Description": "description",
    "PurchaseDesc": "purchase_description",
    "UnitPrice": "sales_price",
    "PurchaseCost": "purchase_cost",
    "IncomeAccountRef": "income_account",
    "ExpenseAccountRef": "expense_account",
    "AssetAccountRef": "asset_account",
    "CurrencyRef": "currency",
    "Notes": "notes",
}


class Writer:
    """Sends writes and reads their ends."""

    def __init__(self, client: QboClient, reader: Reader, config: QboConfig) -> None:
        self._client = client
        self._reader = reader
        self._config = config

    async def write(self, request: WriteRequest) -> tuple[Outcome, ...]:
        ends: dict[str, Outcome] = {}
        sendable: list[tuple[Write, Wire]] = []
        for write in request.writes:
            try:
                sendable.append((write, self._wire(write)))
            except Unwritable as problem:
                ends[write.b_id] = _unwritable(write, problem)
        ends |= await self._send(sendable, request.id)
        return tuple(ends[write.b_id] for write in request.writes)

    async def _send(
        self, sendable: Sequence[tuple[Write, Wire]], request_id: str
    ) -> dict[str, Outcome]:
        try:
            if not sendable:
                return {}
            if len(sendable) == 1:
                write, wire = sendable[0]
                entity = ENTITIES[write.kind].name
                written = await self._client.write_one(entity, wire, request_id)
                return {write.b_id: await self._end(write, written)}
            return await self._batch(sendable, request_id)
        except OutcomeIsUnknown as error:
            return {w.b_id: Unknown(b_id=w.b_id, reason=str(error)) for w, _ in sendable}

    async def _batch(
        self, sendable: Sequence[tuple[Write, Wire]], request_id: str
    ) -> dict[str, Outcome]:
        answer = await self._client.write_batch(
            [
                (
                    write.b_id,
                    "create" if write.action is Action.CREATE else "update",
                    ENTITIES[write.kind].name,
                    wire,
                )
                for write, wire in sendable
            ],
            request_id,
        )
        if isinstance(answer, Fault):
            return await self._one_by_one(sendable, request_id)
        return {write.b_id: await self._end(write, answer.get(write.b_id)) for write, _ in sendable}

    async def _one_by_one(
        self, sendable: Sequence[tuple[Write, Wire]], request_id: str
    ) -> dict[str, Outcome]:
        """A batch was refused as a whole, so one of its objects is not understood at all.

        Nothing was done; each goes by itself, that one bad record does not stop the others.
        """
        ends: dict[str, Outcome] = {}
        stopped = ""
        for write, wire in sendable:
            if stopped:
                ends[write.b_id] = _not_sent(write, stopped)
                continue
            entity = ENTITIES[write.kind].name
            try:
                written = await self._client.write_one(entity, wire, f"{request_id}-{write.b_id}")
                ends[write.b_id] = await self._end(write, written)
            except OutcomeIsUnknown as error:
                ends[write.b_id] = Unknown(b_id=write.b_id, reason=str(error))
            except (Throttled, Transient, Unauthorised) as error:
                if not ends:
                    raise
                stopped = str(error)
                ends[write.b_id] = _not_sent(write, stopped)
        return ends

    def _wire(self, write: Write) -> Wire:
        wire = to_raw(write)
        if write.action is Action.CREATE and wire.get("Type") == "Inventory":
            start = self._config.new_items.inventory_start
            if start is None:
                raise Unwritable(
                    "type",
                    "a new inventory item needs a day from which QuickBooks tracks it",
                    "set qbo.new_items.inventory_start in the configuration",
                )
            wire |= {"QtyOnHand": 0, "InvStartDate": start.isoformat()}
        return wire

    async def _end(self, write: Write, written: Written | None) -> Outcome:
        if written is None:
            return Unknown(b_id=write.b_id, reason="the answer does not mention this write")
        if written.fault is not None:
            return await self._refusal(write, written.fault)
        shown = await self._reader.shown(write.kind, written.body)
        if isinstance(shown, Unreadable):
            return Unknown(
                b_id=write.b_id, reason=f"the answer cannot be understood: {shown.problem.message}"
            )
        if write.ref is not None and shown.ref != write.ref:
            return Unknown(b_id=write.b_id, reason="the answer shows another record")
        return Confirmed(b_id=write.b_id, shown=shown)

    async def _refusal(self, write: Write, fault: Fault) -> Outcome:
        match fault.next:
            case Next.UNSURE:
                return Unknown(b_id=write.b_id, reason=fault.text)
            case Next.STALE:
                return _rejected(write, fault, RefusalKind.STALE, await self._now(write))
            case Next.DUPLICATE:
                return _rejected(write, fault, RefusalKind.DUPLICATE, await self._holder(write))
            case Next.GONE:
                return await self._gone(write, fault)
            case Next.SLOW_DOWN | Next.RETRY | Next.LOGIN | Next.NO_ACCESS:
                return _rejected(write, fault, RefusalKind.NOT_SENT, None)
            case Next.INVALID:
                return _rejected(write, fault, RefusalKind.INVALID, None)

    async def _gone(self, write: Write, fault: Fault) -> Outcome:
        """610 is said of the record itself, and of anything that it points to."""
        if write.ref is not None:
            now = await self._look(write)
            if isinstance(now, Tombstone):
                return _rejected(write, fault, RefusalKind.STALE, None)
            if now is not None and now.version != write.version:
                return _rejected(write, fault, RefusalKind.STALE, now)
        return _rejected(write, fault, RefusalKind.INVALID, None)

    async def _now(self, write: Write) -> Observation | None:
        now = await self._look(write)
        return now if isinstance(now, Observation) else None

    async def _look(self, write: Write) -> Observation | Tombstone | None:
        """The record as it really is, if that can be had: the refusal stands without it."""
        if write.ref is None:
            return None
        try:
            return await self._reader.read(write.ref)
        except TrueupError:
            return None

    async def _holder(self, write: Write) -> Observation | None:
        """The record of the same kind that has the name already, if there is just one."""
        value = write.fields.get("name")
        if not isinstance(value, str):
            return None
        try:
            found = await self._reader.find(write.kind, "name", value)
        except TrueupError:
            return None
        return found[0] if len(found) == 1 else None


def _rejected(
    write: Write, fault: Fault, refusal: RefusalKind, shown: Observation | None
) -> Rejected:
    first = fault.first
    prop = first.element.split(".")[0]
    is_name = refusal is RefusalKind.DUPLICATE and first.code == "6240"
    return Rejected(
        b_id=write.b_id,
        refusal=refusal,
        code=first.code,
        message=fault.text,
        field="name" if is_name else FIELD_OF.get(prop, first.element),
        cure=fault.cure,
        shown=shown,
    )


def _unwritable(write: Write, problem: Unwritable) -> Rejected:
    return Rejected(
        b_id=write.b_id,
        refusal=RefusalKind.INVALID,
        code="not_representable",
        message=str(problem),
        field=FIELD_OF.get(problem.field, problem.field),
        cure=problem.cure,
    )


def _not_sent(write: Write, reason: str) -> Rejected:
    return Rejected(b_id=write.b_id, refusal=RefusalKind.NOT_SENT, code="not_sent", message=reason)
