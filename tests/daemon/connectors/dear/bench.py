"""A DEAR twin on loopback, and a connector that knows only its address and its key."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from daemon.clock import Clock
from daemon.connectors.dear import client as client_module
from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.connector import DearConnector
from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.dear.control import edit
from daemon.sandbox.dear.history import play
from daemon.sandbox.dear.state import Row
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.requestlog import LogRow, RequestLog
from daemon.sandbox.server import serve
from daemon.sandbox.world import make_world
from ledger.model.facts import Cursor, Page
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind, OperationId, RequestId
from ledger.model.outcomes import Outcome, Write, WriteRequest
from ledger.model.plans import Action
from ledger.model.values import Reference, Value
from tests.daemon.connectors.clocks import FastClock
from tests.daemon.connectors.contract import Bench as ContractBench
from tests.daemon.connectors.dear.rows import config

KEY = "TRUEUP_TEST_DEAR_KEY"
TABLES = {
    Kind.ACCOUNT: "account",
    Kind.TAX_CODE: "tax",
    Kind.TERM: "paymentterm",
    Kind.VENDOR: "supplier",
    Kind.CUSTOMER: "customer",
    Kind.ITEM: "product",
}


class Ahead:
    """A clock that runs as another one does, but shows another time of day."""

    def __init__(self, clock: Clock, ahead: timedelta) -> None:
        self._clock = clock
        self._ahead = ahead

    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class Bench(ContractBench):
    """Both ends of the wire."""

    unknown_id = "0e000000-0000-4000-8000-000000000000"

    def __init__(
        self,
        twin: DearTwin,
        url: str,
        clock: FastClock,
        *,
        faults: FaultScript,
        log: RequestLog,
        settings: dict[str, Any],
    ) -> None:
        self.twin = twin
        self.url = url
        self.clock = clock
        self.faults = faults
        self.log = log
        self._settings = settings
        self._logged = 0
        self.opened: list[DearConnector] = []
        self.connector: DearConnector = self.reopen()

    def reopen(self) -> DearConnector:
        given = {"account_id": self.twin.credentials["account_id"], "base_url": self.url}
        connector = DearConnector.open(config(**(given | self._settings)), clock=self.clock)
        self.opened.append(connector)
        return connector

    def fault(self, kind: str, **rule: Any) -> None:
        """Lists that lie do so for good, and reads are put off until patience ends: both would
        otherwise be overcome without a word, which has tests of its own."""
        if kind.endswith("_page"):
            rule = {"times": 0, **rule}
        if kind == "throttle" and rule.get("method", "GET") == "GET":
            rule = {"times": client_module.BUSY_TRIES, **rule}
        self.faults.extend([{"system": "dear", "kind": kind, **rule}])

    def clear_faults(self) -> None:
        self.faults.clear()

    async def rename(self, kind: Kind, record_id: str, name: str) -> None:
        edit(self.twin.state, {"kind": kind.value, "id": record_id, "set": {"Name": name}})

    async def add(self, kind: Kind, name: str) -> str:
        made = edit(self.twin.state, {"kind": kind.value, "create": {"Name": name}})
        return str(made["_id"])

    def names(self, kind: Kind) -> dict[str, str]:
        if kind in DOCUMENT_KINDS:
            return self._documents(kind)
        return {row.id: str(row.fields["Name"]) for row in self.twin.state[TABLES[kind]]}

    def _documents(self, kind: Kind) -> dict[str, str]:
        """Everything that was ever begun: id as the connector puts it -> number."""
        if kind is Kind.PURCHASE_ORDER:
            rows = [r for r in self.twin.state["purchase"] if _is_begun(r.fields["Order"])]
            return {row.id: str(row.fields["OrderNumber"]) for row in rows}
        table, key = ("purchase", "Invoice") if kind is Kind.BILL else ("sale", "Invoices")
        return {
            f"{row.id}/{part['TaskID']}": str(part["InvoiceNumber"])
            for row in self.twin.state[table]
            for part in row.fields[key]
            if _is_begun(part)
        }

    def act(self, kind: str, what: str, **order: Any) -> dict[str, Any]:
        """Something that a person does to a purchase or sale at DEAR's screens."""
        return edit(self.twin.state, {"kind": kind, "do": what, **order}, self.twin.switches)

    def begin(self, kind: str, **fields: Any) -> str:
        """A new purchase or sale; its id."""
        made = edit(self.twin.state, {"kind": kind, "create": fields}, self.twin.switches)
        return str(made["ID"]).lower()

    def asked(self, path: str) -> int:
        """Reads of a path since the calls were last forgotten."""
        return sum(row["path"].endswith(path) for row in self.calls("GET"))

    def fields(self, kind: Kind, name: str) -> dict[str, Value]:
        assert kind is Kind.VENDOR
        return {
            "name": name,
            "currency": "USD",
            "terms": Reference(kind=Kind.TERM, key="Net 30"),
            "tax_code": Reference(kind=Kind.TAX_CODE, key="Tax Exempt"),
            "payable_account": Reference(kind=Kind.ACCOUNT, id="Q33"),
        }

    def break_login(self) -> None:
        self.fault("status", status=403, times=0)

    def row(self, kind: Kind, field: str, value: str) -> Row:
        """The one record with that value under its wire name."""
        found = self.twin.state[TABLES[kind]].where(field, value)
        assert len(found) == 1, f"{len(found)} rows of {kind} with {field} {value!r}"
        return found[0]

    def rows(self, kind: Kind) -> list[Row]:
        return list(self.twin.state[TABLES[kind]])

    def touch(self, kind: Kind, row: Row, **fields: Any) -> None:
        """Change a record as a person in DEAR would, stamp included."""
        self.twin.state.change(TABLES[kind], row, fields)

    def configure(self, **settings: Any) -> None:
        """Go on with a new connector under other settings, as after a restart."""
        self._settings |= settings
        self.connector = self.reopen()

    def forget_calls(self) -> None:
        self._logged = max((row["n"] for row in self.log.since(0, limit=100_000)), default=0)

    def calls(self, method: str = "") -> list[LogRow]:
        rows = self.log.since(self._logged, system="dear", limit=100_000)
        return [row for row in rows if method in ("", row["method"])]

    async def sweep(self, kind: Kind, cursor: Cursor | None = None) -> list[Page]:
        return [page async for page in self.connector.sweep(kind, cursor)]

    async def changes(self, *cursors: Cursor | None) -> list[Page]:
        given = {c.kind: c for c in cursors if c is not None}
        return [page async for page in self.connector.changes(given)]

    async def write(
        self,
        kind: Kind,
        action: Action,
        fields: dict[str, Value],
        *,
        ref: ExternalRef | None = None,
        before: dict[str, Value] | None = None,
    ) -> Outcome:
        write = Write(
            b_id="b1",
            operation=OperationId("op"),
            kind=kind,
            action=action,
            ref=ref,
            version="",
            fields=fields,
            before=before or {},
        )
        (outcome,) = await self.connector.write(
            WriteRequest(id=RequestId("r1"), system=DEAR, writes=(write,))
        )
        return outcome


@asynccontextmanager
async def open_bench(
    monkeypatch: pytest.MonkeyPatch,
    *,
    switches: DearSwitches | None = None,
    twin_ahead: timedelta = timedelta(),
    history: int = 0,
    **settings: Any,
) -> AsyncIterator[Bench]:
    clock = FastClock()
    twin_clock = Ahead(clock, twin_ahead)
    faults, log = FaultScript(), RequestLog(twin_clock)
    world = make_world(7, "small")
    twin = DearTwin(world, clock=twin_clock, faults=faults, log=log, switches=switches)
    play(twin.state, 7, purchases=history, sales=history, start=date(2026, 1, 5), switches=switches)
    monkeypatch.setenv(KEY, twin.credentials["application_key"])
    async with serve(twin.app) as address:
        url = address + twin.path
        bench = Bench(twin, url, clock, faults=faults, log=log, settings=settings)
        try:
            yield bench
        finally:
            for connector in bench.opened:
                await connector.close()


def _is_begun(part: Mapping[str, Any]) -> bool:
    return bool(part["Status"] != "NOT AVAILABLE" or part["Lines"] or part["AdditionalCharges"])


def ids(pages: Sequence[Page]) -> list[str]:
    """Ids of all records on some pages, unreadable ones included, in order."""
    return [
        ref.id
        for page in pages
        for ref in (*(o.ref for o in page.observations), *(u.ref for u in page.unreadable))
    ]
