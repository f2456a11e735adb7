"""The QuickBooks connector and its twin, put together for tests."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.connector import QboConnector
from daemon.connectors.qbo.mapping.table import ENTITIES
from daemon.connectors.vault import FileVault
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.oauth import TOKEN_PATH
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.requestlog import LogRow, RequestLog
from daemon.sandbox.server import serve
from daemon.sandbox.world import make_world
from ledger.model.ids import Kind
from ledger.model.values import Value
from tests.daemon.connectors.clocks import FastClock
from tests.daemon.connectors.contract import Bench


class QboBench(Bench):
    """One sample company in QuickBooks."""

    def __init__(self, twin: QboTwin, url: str, folder: Path, clock: FastClock) -> None:
        self.twin = twin
        self.url = url
        self.folder = folder
        self.clock = clock
        self.opened: list[QboConnector] = []
        self.connector: QboConnector = self.reopen()
        self._session = aiohttp.ClientSession()

    def config(self, **changes: Any) -> QboConfig:
        given = self.twin.credentials
        secrets = {}
        for name in ("client_id", "client_secret", "refresh_token"):
            path = self.folder / name
            if not path.exists():
                path.write_text(given[name])
                path.chmod(0o600)
            secrets[name] = {"file": path}
        settings: dict[str, Any] = {
            "environment": "sandbox",
            "realm_id": given["realm_id"],
            "base_url": self.url,
            "token_url": self.url + TOKEN_PATH,
            "new_items": {
                "income_account": "Sales of Product Income",
                "expense_account": "Cost of Goods Sold",
            },
        }
        return QboConfig.model_validate(settings | secrets | changes)

    def reopen(self, **changes: Any) -> QboConnector:
        config = self.config(**changes)
        store = FileVault(self.folder, system="qbo", realm=config.realm_id, key=b"k" * 32)
        connector = QboConnector.open(config, clock=self.clock, tokens=store)
        self.opened.append(connector)
        return connector

    async def close(self) -> None:
        for connector in self.opened:
            await connector.close()
        await self._session.close()

    def fault(self, kind: str, **keys: object) -> None:
        rule: dict[str, object] = {"system": "qbo", "kind": kind, "path": "/v3/*"}
        if kind.endswith("_page"):
            rule["query"] = "*STARTPOSITION*"
        self.twin.faults.extend([rule | keys])

    def clear_faults(self) -> None:
        self.twin.faults.clear()

    async def edit(self, order: Mapping[str, object]) -> dict[str, Any]:
        async with self._session.post(f"{self.url}/_sandbox/edit", json=order) as answer:
            body: dict[str, Any] = await answer.json()
            assert answer.status == 200, body
            return body

    async def rename(self, kind: Kind, record_id: str, name: str) -> None:
        entity = ENTITIES[kind]
        await self.edit({"kind": kind.value, "id": record_id, "set": {entity.name_property: name}})

    async def add(self, kind: Kind, name: str) -> str:
        order = {"kind": kind.value, "create": {ENTITIES[kind].name_property: name}}
        return str((await self.edit(order))["id"])

    def names(self, kind: Kind) -> dict[str, str]:
        entity = ENTITIES[kind]
        return {
            stored.id: str(stored.fields.get(entity.name_property, ""))
            for stored in self.twin.state.all(entity.name)
        }

    def fields(self, kind: Kind, name: str) -> dict[str, Value]:
        return {"name": name}

    def break_login(self) -> None:
        self.fault("expire_token", times=0)

    def rows(self, summary: str = "") -> list[LogRow]:
        """Requests of the company that the twin answered."""
        return [
            row
            for row in self.twin.log.since(0, system="qbo", limit=10_000)
            if row["path"].startswith("/v3/") and row["summary"].startswith(summary)
        ]


@asynccontextmanager
async def open_bench(
    folder: Path, *, switches: QboSwitches | None = None, size: str = "small"
) -> AsyncIterator[QboBench]:
    clock = FastClock()
    twin = QboTwin(
        make_world(7, size),  # type: ignore[arg-type]
        clock=clock,
        faults=FaultScript(),
        log=RequestLog(clock),
        switches=switches or QboSwitches(),
    )
    async with serve(twin.app) as url:
        bench = QboBench(twin, url, folder, clock)
        try:
            yield bench
        finally:
            await bench.close()
