"""Requests to QuickBooks and what came back, without any mapping of records.

Every answer passes ``fault_of``: a 200 may carry a fault. Must not know records, retry a write, or
put a statement, a path or a body into an error.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from daemon.connectors.base import Rendered
from daemon.connectors.calls import CallLog, kind_of_thing
from daemon.connectors.governor import Governor
from daemon.connectors.http import Http, Reply
from daemon.connectors.jsontext import decode, shaped
from daemon.connectors.oauth import OAuth
from daemon.connectors.qbo.faults import Fault, Next, error_of, fault_in, fault_of
from daemon.connectors.qbo.mapping.table import encode, is_instant
from daemon.connectors.qbo.mapping.wire import Wire
from ledger.model.errors import OutcomeIsUnknown, Refused, Transient

T = TypeVar("T")

BATCH = "batch"
LONGEST_IN_ADDRESS = 1800
"""Longer statements are posted: addresses beyond 2000 characters are refused on the way."""


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Objects of one answer, not decoded yet."""

    rows: tuple[bytes, ...] = ()
    time: str = ""
    """The server's own instant of the answer."""
    total: int | None = None
    """For COUNT(*) only."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """The end of one write inside a request: the object that was answered, or a fault."""

    body: bytes = b""
    fault: Fault | None = None
    trace: str = ""
    """``intuit_tid`` of the answer."""


class QboClient:
    """Speaks to one company."""

    def __init__(
        self,
        http: Http,
        oauth: OAuth,
        governor: Governor,
        *,
        calls: CallLog,
        realm: str,
        minor_version: str,
    ) -> None:
        self._http = http
        self._calls = calls
        self._oauth = oauth
        self._governor = governor
        self._prefix = f"/v3/company/{realm}"
        self._realm = realm
        self._params = {"minorversion": minor_version}
        self._last_token = ""
        self._spent_token = ""
        """A token that an item of a batch was refused for, though its batch was not."""

    async def company_info(self) -> Wire:
        answer = await self._get(f"/companyinfo/{self._realm}", {})
        return _object(_envelope(answer).get("CompanyInfo"))

    async def preferences(self) -> Wire:
        answer = await self._get("/preferences", {})
        return _object(_envelope(answer).get("Preferences"))

    async def query(self, statement: str, entity: str) -> Rows:
        """Objects of one entity, in the order that the statement asks for."""
        if len(quote(statement, safe="")) <= LONGEST_IN_ADDRESS:
            reply = await self._get("/query", {"query": statement})
        else:
            reply = await self._read("/query", {}, body=statement.encode())
        envelope = _envelope(reply)
        found = _as(envelope.get("QueryResponse"), dict[str, msgspec.Raw])
        total = _as(found["totalCount"], int) if "totalCount" in found else None
        rows = _as(found.get(entity), list[msgspec.Raw]) if entity in found else []
        return Rows(rows=tuple(bytes(row) for row in rows), time=_time(envelope), total=total)

    async def count(self, entity: str, where: str) -> Rows:
        """How many objects; ``where`` is empty or begins with the word itself."""
        rows = await self.query(f"SELECT COUNT(*) FROM {entity}{where}", entity)
        if rows.total is None:
            raise Transient("QuickBooks answered a count without a number")
        return rows

    async def changes(self, entities: Sequence[str], since: str) -> tuple[dict[str, Rows], str]:
        """Everything of these entities touched since then, and the instant of the answer."""
        params = {"entities": ",".join(entities), "changedSince": since}
        envelope = _envelope(await self._get("/cdc", params))
        found: dict[str, Rows] = {}
        for response in _as(envelope.get("CDCResponse"), list[dict[str, msgspec.Raw]]):
            for group in _as(response.get("QueryResponse"), list[dict[str, msgspec.Raw]]):
                _refuse_fault(group)
                # By key, never by place: the order of groups is not promised.
                for entity in group.keys() & set(entities):
                    rows = _as(group[entity], list[msgspec.Raw])
                    before = found.get(entity, Rows()).rows
                    found[entity] = Rows(rows=before + tuple(bytes(row) for row in rows))
        return found, _time(envelope)

    async def read(self, entity: str, record_id: str) -> bytes | Fault:
        """One object, or the fault that says why there is none (code 610 and its kin)."""
        path = f"/{entity.lower()}/{quote(record_id, safe='')}"
        try:
            envelope = _envelope(await self._get(path, {}))
        except _Gone as gone:
            return gone.fault
        if entity not in envelope:
            raise Transient(f"QuickBooks answered a read without the {entity}")
        return bytes(envelope[entity])

    def rendered(self, entity: str, body: Wire, *, operation: str = "") -> Rendered:
        """What ``write_one`` sends, without its request id and the login."""
        params = self._params | ({"operation": operation} if operation else {})
        query = "&".join(f"{name}={value}" for name, value in sorted(params.items()))
        path = f"{self._prefix}/{entity.lower()}?{query}"
        return Rendered(method="POST", path=path, body=encode(body))

    async def write_one(
        self, entity: str, body: Wire, request_id: str, *, operation: str = ""
    ) -> Written:
        """One write; ``operation``: void or delete, or ``""`` for a create or update.

        Raises as ``_send`` does; a refusal comes back as a value.
        """
        reply = await self._send(f"/{entity.lower()}", body, request_id, operation=operation)
        if isinstance(reply, Fault):
            return Written(fault=reply)
        shown = _lost_unless(_envelope_of_write(reply).get(entity), msgspec.Raw)
        return Written(body=bytes(shown), trace=reply.tid)

    async def write_batch(
        self, items: Sequence[tuple[str, str, str, Wire]], request_id: str
    ) -> dict[str, Written] | Fault:
        """Several writes: (bId, operation, entity, object). Ends by bId, the only correlation."""
        body = {
            "BatchItemRequest": [
                {"bId": b_id, "operation": operation, entity: wire}
                for b_id, operation, entity, wire in items
            ]
        }
        reply = await self._send("/batch", body, request_id, lane=BATCH)
        if isinstance(reply, Fault):
            return reply
        names = {b_id: entity for b_id, _, entity, _ in items}
        ends: dict[str, Written] = {}
        envelope = _envelope_of_write(reply)
        for item in _lost_unless(envelope.get("BatchItemResponse"), list[dict[str, msgspec.Raw]]):
            b_id = _lost_unless(item.get("bId"), str)
            if b_id not in names:
                continue
            fault = _fault_of_item(item, reply)
            if fault is not None:
                ends[b_id] = Written(fault=fault)
                if fault.next is Next.LOGIN:
                    self._spent_token = self._last_token
            elif names[b_id] in item:
                ends[b_id] = Written(body=bytes(item[names[b_id]]), trace=reply.tid)
        return ends

    async def _get(self, path: str, params: dict[str, str]) -> Reply:
        return await self._read(path, params)

    async def _read(self, path: str, params: dict[str, str], body: bytes | None = None) -> Reply:
        """A metered read that answered without fault; renews the login once."""
        rejected = ""
        for _ in range(2):
            token = await self._token(rejected)
            headers = self._headers(token)
            if body is not None:
                headers["Content-Type"] = "application/text"
            reply = await self._http.read(
                self._prefix + path,
                params=params | self._params,
                body=body,
                headers=headers,
                metered=True,
                what=kind_of_thing(path),
            )
            fault = self._fault_of(reply)
            if fault is None:
                return reply
            if fault.next is not Next.LOGIN or rejected:
                raise self._read_error(fault)
            rejected = token
        raise Transient("QuickBooks refused a login that it had just renewed")

    def _fault_of(self, reply: Reply) -> Fault | None:
        fault = fault_of(reply)
        if fault is not None:
            self._calls.remark(reply.call, f"refused: {fault.first.code[:20] or reply.status}")
        return fault

    def _read_error(self, fault: Fault) -> Exception:
        if fault.next is Next.SLOW_DOWN:
            self._governor.pause(fault.retry_after)
        if fault.next is Next.GONE:
            return _Gone(fault)
        error = error_of(fault)
        return Transient(str(error)) if isinstance(error, OutcomeIsUnknown) else error

    async def _send(
        self, path: str, body: Wire, request_id: str, *, lane: str = "", operation: str = ""
    ) -> Reply | Fault:
        """One write. A 401 did nothing: the same request id goes once more with a new login.

        Raises ``Throttled``, ``Unauthorised`` and ``Transient`` (nothing was done), and
        ``OutcomeIsUnknown``; any other refusal comes back as a ``Fault``.
        """
        data = encode(body)
        params = {"requestid": request_id} | self._params
        if operation:
            params["operation"] = operation
        rejected = ""
        for _ in range(2):
            token = await self._token(rejected)
            reply = await self._http.send(
                "POST",
                self._prefix + path,
                params=params,
                body=data,
                headers=self._headers(token) | {"Content-Type": "application/json"},
                lane=lane,
                what=kind_of_thing(path),
            )
            fault = self._fault_of(reply)
            if fault is None:
                return reply
            if fault.next is Next.LOGIN and not rejected:
                rejected = token
                continue
            if fault.next is Next.SLOW_DOWN:
                self._governor.pause(fault.retry_after)
            error = error_of(fault)
            if isinstance(error, Refused):
                return fault
            raise error
        raise Transient("QuickBooks refused a login that it had just renewed")

    async def _token(self, rejected: str) -> str:
        self._last_token = await self._oauth.access_token(rejected=rejected or self._spent_token)
        return self._last_token

    def _headers(self, token: str) -> dict[str, str]:
        # Without Accept the answers are XML.
        return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


def objects(rows: Rows) -> list[Wire]:
    """The objects of an answer that can be read; for lists in which something is looked up."""
    found: list[Wire] = []
    for row in rows.rows:
        with suppress(msgspec.DecodeError):
            if isinstance(raw := decode(row), dict):
                found.append(raw)
    return found


class _Gone(Exception):
    """A read was answered with 610."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.first.code)
        self.fault = fault


def _envelope(reply: Reply) -> dict[str, msgspec.Raw]:
    return _as(msgspec.Raw(reply.body), dict[str, msgspec.Raw])


def _envelope_of_write(reply: Reply) -> dict[str, msgspec.Raw]:
    return _lost_unless(msgspec.Raw(reply.body), dict[str, msgspec.Raw])


def _as(data: msgspec.Raw | None, shape: type[T]) -> T:
    """Part of an answer in the shape it must have; else the whole answer is worth nothing."""
    if data is None:
        raise Transient("QuickBooks sent an answer that lacks a part")
    try:
        return shaped(data, shape)
    except msgspec.DecodeError:
        raise Transient("QuickBooks sent an answer that is not what was asked for") from None


def _lost_unless(data: msgspec.Raw | None, shape: type[T]) -> T:
    """As ``_as``, after a write: the answer cannot be read, so the end is not known."""
    try:
        return _as(data, shape)
    except Transient as error:
        raise OutcomeIsUnknown(str(error)) from None


def _decoded(data: msgspec.Raw) -> Any:
    """Part of an answer, whatever its shape."""
    try:
        return decode(data)
    except msgspec.DecodeError:
        raise Transient("QuickBooks sent an answer that cannot be read") from None


def _object(data: msgspec.Raw | None) -> Wire:
    found = _decoded(data) if data is not None else None
    if not isinstance(found, dict):
        raise Transient("QuickBooks sent an answer that is not what was asked for")
    return found


def _refuse_fault(group: dict[str, msgspec.Raw]) -> None:
    if "Fault" in group:
        fault = fault_in({"Fault": _decoded(group["Fault"])}, status=200)
        if fault is not None:
            raise error_of(fault)


def _time(envelope: dict[str, msgspec.Raw]) -> str:
    """The instant of an answer as it was sent; ``""`` where it says none that can be read."""
    stamp = _as(envelope["time"], str) if "time" in envelope else ""
    return stamp if is_instant(stamp) else ""


def _fault_of_item(item: dict[str, msgspec.Raw], reply: Reply) -> Fault | None:
    try:
        found = {key: decode(item[key]) for key in ("Fault", "fault") if key in item}
    except msgspec.DecodeError:
        raise OutcomeIsUnknown("QuickBooks sent a fault that cannot be read") from None
    return fault_in(found, status=200, trace=reply.headers.get("intuit_tid", ""))
