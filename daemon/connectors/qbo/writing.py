"""One write request to QuickBooks and the end of every write in it.

Exactly one attempt. Must not decide anything: a refusal is named, with its cure, and handed back.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from daemon.connectors.qbo.client import QboClient, Written
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.faults import Fault, Next
from daemon.connectors.qbo.inactive import find_inactive
from daemon.connectors.qbo.mapping.table import ENTITIES, to_raw
from daemon.connectors.qbo.mapping.wire import Setting, Unwritable, Wire
from daemon.connectors.qbo.profile import Profile
from daemon.connectors.qbo.reading import Reader
from daemon.connectors.qbo.refusals import moved, not_sent, rejected, unwritable
from ledger.model.errors import (
    OutcomeIsUnknown,
    Refused,
    Throttled,
    Transient,
    TrueupError,
    Unauthorised,
)
from ledger.model.facts import Observation, Tombstone, Unreadable
from ledger.model.ids import Kind
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
from ledger.model.values import Reference

Sendable: TypeAlias = tuple[Write, Wire]
SOMETHING_IS_GONE: Final = frozenset({"610", "2500", "6250"})
"""Faults about what a document points to."""
_OPERATIONS: Final = {Action.VOID: "void", Action.DELETE: "delete"}
"""What a request by itself asks for beside the object; creates and updates say it by the object."""


class Writer:
    """Sends writes and reads their ends."""

    def __init__(
        self, client: QboClient, reader: Reader, profile: Profile, config: QboConfig
    ) -> None:
        self._client = client
        self._reader = reader
        self._profile = profile
        self._config = config

    async def write(self, request: WriteRequest) -> tuple[Outcome, ...]:
        ends: dict[str, Outcome] = {}
        sendable: list[Sendable] = []
        for write in request.writes:
            try:
                ready = await self._ready(write)
            except Unwritable as problem:
                ends[write.b_id] = unwritable(write, problem)
                continue
            if isinstance(ready, Rejected):
                ends[write.b_id] = ready
            else:
                sendable.append(ready)
        ends |= await self._send(sendable, request.id)
        return tuple(ends[write.b_id] for write in request.writes)

    async def _send(self, sendable: Sequence[Sendable], request_id: str) -> dict[str, Outcome]:
        """A void is no batch operation: it follows by itself, under an id of its own."""
        alone = [one for one in sendable if one[0].action is Action.VOID]
        if len(sendable) == 1:
            return await self._together(sendable, request_id)
        together = [one for one in sendable if one[0].action is not Action.VOID]
        ends = await self._together(together, request_id)
        return ends | await self._one_by_one(alone, request_id, has_begun=bool(ends))

    async def _together(self, sendable: Sequence[Sendable], request_id: str) -> dict[str, Outcome]:
        try:
            if not sendable:
                return {}
            if len(sendable) == 1:
                write, wire = sendable[0]
                return {
                    write.b_id: await self._end(write, await self._one(write, wire, request_id))
                }
            return await self._batch(sendable, request_id)
        except OutcomeIsUnknown as error:
            return {w.b_id: Unknown(b_id=w.b_id, reason=str(error)) for w, _ in sendable}

    async def _one(self, write: Write, wire: Wire, request_id: str) -> Written:
        entity = ENTITIES[write.kind].name
        operation = _OPERATIONS.get(write.action, "")
        return await self._client.write_one(entity, wire, request_id, operation=operation)

    async def _batch(self, sendable: Sequence[Sendable], request_id: str) -> dict[str, Outcome]:
        answer = await self._client.write_batch(
            [
                (write.b_id, _in_batch(write.action), ENTITIES[write.kind].name, wire)
                for write, wire in sendable
            ],
            request_id,
        )
        if isinstance(answer, Fault):
            return await self._one_by_one(sendable, request_id)
        return {write.b_id: await self._end(write, answer.get(write.b_id)) for write, _ in sendable}

    async def _one_by_one(
        self, sendable: Sequence[Sendable], request_id: str, *, has_begun: bool = False
    ) -> dict[str, Outcome]:
        """Writes that cannot share a request; or a batch was refused as a whole, so one of its
        objects is not understood at all: that one bad record does not stop the others.

        ``has_begun``: something was sent for this request already.
        """
        ends: dict[str, Outcome] = {}
        stopped = ""
        for write, wire in sendable:
            if stopped:
                ends[write.b_id] = not_sent(write, stopped)
                continue
            try:
                written = await self._one(write, wire, f"{request_id}-{write.b_id}")
                ends[write.b_id] = await self._end(write, written)
            except OutcomeIsUnknown as error:
                ends[write.b_id] = Unknown(b_id=write.b_id, reason=str(error))
            except (Throttled, Transient, Unauthorised) as error:
                if not ends and not has_begun:
                    raise
                stopped = str(error)
                ends[write.b_id] = not_sent(write, stopped)
        return ends

    async def _ready(self, write: Write) -> Sendable | Rejected:
        """The write with its object; nothing has left yet."""
        if ENTITIES[write.kind].is_document:
            return await self._document(write)
        return write, self._plain(write)

    def _plain(self, write: Write) -> Wire:
        """The object of anything but a document."""
        wire = to_raw(write, Setting())
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

    def render(self, write: Write) -> tuple[str, Wire, str]:
        """Entity, object and operation of a write that goes by itself, without any call.

        ``Transient`` while something that it follows from was never asked for.
        """
        entity = ENTITIES[write.kind]
        try:
            wire = self._known_document(write) if entity.is_document else self._plain(write)
        except Unwritable as problem:
            raise Refused(str(problem), field=problem.field, cure=problem.cure) from problem
        return entity.name, wire, _OPERATIONS.get(write.action, "")

    def _known_document(self, write: Write) -> Wire:
        setting = self._profile.known_setting
        if (
            setting is not None
            and write.action is Action.CREATE
            and self._names_account(write.kind)
        ):
            currency = write.fields.get("currency")
            account = self._profile.known_account(currency if isinstance(currency, str) else "")
            if account is None:
                setting = None
            else:
                setting = msgspec.structs.replace(setting, payable_account=account)
        if setting is None:
            raise Transient(
                "QuickBooks has not been asked for the settings that this document follows from",
                cure="it is asked when the first document is written; the changes are in the plan",
            )
        if not write.raw and write.action in (Action.CLOSE, Action.UPDATE):
            raise Transient(
                "the last form of this document was erased by retention",
                cure="QuickBooks is asked for it right before the write",
            )
        return to_raw(write, setting)

    async def _document(self, write: Write) -> Sendable | Rejected:
        setting = await self._profile.setting()
        if write.action is Action.CREATE and self._names_account(write.kind):
            currency = write.fields.get("currency")
            account = await self._payable(currency if isinstance(currency, str) else "")
            setting = msgspec.structs.replace(setting, payable_account=account)
        needs_last = write.action is Action.CLOSE or write.action is Action.UPDATE
        if needs_last and not write.raw:
            # What a bookkeeper set on the lines is known from the last wire form alone.
            now = await self._look(write)
            if not isinstance(now, Observation) or now.version != write.version:
                return moved(write, now)
            write = msgspec.structs.replace(write, raw=now.raw)
        wire = to_raw(write, setting)
        moved_on = await self._moved_on(write) if write.action is Action.VOID else None
        return moved_on or (write, wire)

    async def _moved_on(self, write: Write) -> Rejected | None:
        """Of a void, which lets go of every payment: whether the document still has the version at
        which it was seen without any.

        Intuit says of updates and deletes that they need the present version, and of voids only
        that they name one. What comes in after this look is left to that.
        """
        assert write.ref is not None  # only creates have no reference
        try:
            now = await self._reader.read(write.ref)
        except Refused as error:
            return not_sent(write, str(error))
        if isinstance(now, Observation):
            is_void = getattr(now.record, "status", "") == "voided"  # sent again: it is replayed
            if is_void or now.version == write.version:
                return None
        return moved(write, now)

    def _names_account(self, kind: Kind) -> bool:
        """Purchase orders are refused without one; for bills QuickBooks has its own choice."""
        is_chosen = self._config.documents.payable_account is not None
        return kind is Kind.PURCHASE_ORDER or (kind is Kind.BILL and is_chosen)

    async def _payable(self, currency: str) -> str:
        try:
            return await self._profile.payable_account(currency)
        except Refused as error:
            raise Unwritable("payable_account", str(error), error.cure) from error

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
        if write.action is Action.DELETE and isinstance(shown, Observation):
            return Unknown(b_id=write.b_id, reason="the answer does not say that it was deleted")
        return Confirmed(b_id=write.b_id, shown=shown, trace=written.trace)

    async def _refusal(self, write: Write, fault: Fault) -> Outcome:
        match fault.next:
            case Next.UNSURE:
                return Unknown(b_id=write.b_id, reason=fault.text)
            case Next.STALE:
                return rejected(write, fault, RefusalKind.STALE, await self._now(write))
            case Next.DUPLICATE:
                return rejected(write, fault, RefusalKind.DUPLICATE, await self._holder(write))
            case Next.GONE:
                return await self._gone(write, fault)
            case Next.SLOW_DOWN | Next.RETRY | Next.LOGIN | Next.NO_ACCESS:
                return rejected(write, fault, RefusalKind.NOT_SENT, None)
            case Next.INVALID:
                return await self._invalid(write, fault)

    async def _gone(self, write: Write, fault: Fault) -> Outcome:
        """610 is said of the record itself, and of anything that it points to."""
        if write.ref is not None:
            now = await self._look(write)
            if isinstance(now, Tombstone) and write.action is Action.DELETE:
                return Confirmed(b_id=write.b_id, shown=now)  # gone is what was asked for
            if isinstance(now, Tombstone):
                return rejected(write, fault, RefusalKind.STALE, None)
            if now is not None and now.version != write.version:
                return rejected(write, fault, RefusalKind.STALE, now)
        return await self._invalid(write, fault)

    async def _invalid(self, write: Write, fault: Fault) -> Rejected:
        """A refusal that a person has to see; "something inactive" gets its name."""
        refusal = rejected(write, fault, RefusalKind.INVALID, None)
        if not ENTITIES[write.kind].is_document or fault.first.code not in SOMETHING_IS_GONE:
            return refusal
        self._profile.forget_accounts()
        try:
            field, found = await find_inactive(self._client, write)
        except TrueupError:
            return refusal  # it stands, with QuickBooks' own words
        if not found:
            return refusal
        return msgspec.structs.replace(
            refusal, field=field, message=f"{found}. QuickBooks says: {refusal.message}"
        )

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
        """The record of the same kind that has the name or number already, if there is just one."""
        key = "number" if ENTITIES[write.kind].is_document else "name"
        value = write.fields.get(key)
        if not isinstance(value, str):
            return None
        try:
            found = await self._reader.find(write.kind, key, value)
        except TrueupError:
            return None
        vendor = write.fields.get("vendor")
        if write.kind is Kind.BILL and isinstance(vendor, Reference):
            # The number is the vendor's own: only this vendor's bills count.
            found = [one for one in found if getattr(one.record, "vendor", None) == _bare(vendor)]
        others = [one for one in found if one.ref != write.ref]
        return others[0] if len(others) == 1 else None


def _in_batch(action: Action) -> str:
    match action:
        case Action.CREATE:
            return "create"
        case Action.DELETE:
            return "delete"
        case Action.UPDATE | Action.INACTIVATE | Action.REACTIVATE | Action.CLOSE | Action.VOID:
            return "update"  # a void never gets here: it goes by itself


def _bare(reference: Reference) -> Reference:
    """A pointer as a document shows it: by id alone."""
    return Reference(kind=reference.kind, id=reference.id)
