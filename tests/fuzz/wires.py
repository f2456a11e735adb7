"""Both connectors and both sandboxes in memory, with a hand on every answer that comes back."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from daemon.connectors.dear.connector import DearConnector
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.connector import QboConnector
from daemon.connectors.vault import FileVault
from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.dear.history import play
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.crud import Options, write
from daemon.sandbox.qbo.oauth import TOKEN_PATH
from daemon.sandbox.qbo.txnentities import SPECS
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.world import make_world
from tests.daemon.connectors.clocks import FastClock
from tests.daemon.connectors.dear.rows import config
from tests.daemon.sandbox.qbo.documents import expense, goods, ref, sale
from tests.pipes import Pipes, Protocols, served

QBO_PORT, DEAR_PORT = 1, 2


class Answer(msgspec.Struct, frozen=True):
    """One answer of a sandbox, and what was asked."""

    system: str
    method: str
    path: str
    query: str
    status: int
    body: bytes
    headers: Mapping[str, str] = {}
    """Of an answer that takes the place of another."""


Change = Callable[[Answer], Answer | None]
"""What arrives in place of an answer; None leaves it."""


class Wires:
    """One small company of each system."""

    def __init__(self, folder: Path, clock: FastClock) -> None:
        world = make_world(2, "small")
        faults, log = FaultScript(), RequestLog(clock)
        self.folder = folder
        self.clock = clock
        self.qbo_twin = QboTwin(world, clock=clock, faults=faults, log=log)
        self.dear_twin = DearTwin(world, clock=clock, faults=faults, log=log)
        self.change: Change | None = None
        self.servers: dict[int, Protocols] = {}
        self.network = Pipes(self.servers)
        play(self.dear_twin.state, 7, purchases=4, sales=4, start=date(2026, 1, 5))
        _fill(self.qbo_twin)

    def listener(self, system: str) -> Any:
        """The outermost middleware of a sandbox."""

        @web.middleware
        async def listen(request: web.Request, handler: Any) -> web.StreamResponse:
            response: web.StreamResponse = await handler(request)
            if self.change is not None and isinstance(response, web.Response):
                body = response.body if isinstance(response.body, bytes) else b""
                answer = Answer(
                    system,
                    request.method,
                    request.path,
                    request.query_string,
                    response.status,
                    body,
                )
                changed = self.change(answer)
                if changed is not None:
                    response = web.Response(
                        status=changed.status, body=changed.body, headers=changed.headers
                    )
            return response

        return listen

    def open_dear(self, **settings: Any) -> DearConnector:
        given = {
            "account_id": self.dear_twin.credentials["account_id"],
            "application_key": {"file": str(self._secret("key", self.dear_twin.credentials))},
            "base_url": f"http://127.0.0.1:{DEAR_PORT}{self.dear_twin.path}",
        }
        return DearConnector.open(
            config(**(given | settings)), clock=self.clock, transport=self.network
        )

    def open_qbo(self) -> QboConnector:
        given = self.qbo_twin.credentials
        names = ("client_id", "client_secret", "refresh_token")
        url = f"http://127.0.0.1:{QBO_PORT}"
        settings = QboConfig.model_validate(
            {
                "environment": "sandbox",
                "realm_id": given["realm_id"],
                "base_url": url,
                "token_url": url + TOKEN_PATH,
                "new_items": {
                    "income_account": "Sales of Product Income",
                    "expense_account": "Cost of Goods Sold",
                },
                **{name: {"file": self._secret(name, given)} for name in names},
            }
        )
        vault = FileVault(self.folder, system="qbo", realm=given["realm_id"], key=b"k" * 32)
        return QboConnector.open(settings, clock=self.clock, tokens=vault, transport=self.network)

    def _secret(self, name: str, given: dict[str, str]) -> Path:
        path = self.folder / name
        if not path.exists():
            path.write_text(given.get(name) or given["application_key"])
            path.chmod(0o600)
        return path


@asynccontextmanager
async def wired(folder: Path) -> AsyncIterator[Wires]:
    """Both sandboxes, served in memory."""
    wires = Wires(folder, FastClock())
    async with AsyncExitStack() as stack:
        stack.push_async_callback(wires.network.close)
        for port, system, app in (
            (QBO_PORT, "qbo", wires.qbo_twin.app),
            (DEAR_PORT, "dear", wires.dear_twin.app),
        ):
            app.middlewares.insert(0, wires.listener(system))
            wires.servers[port] = await stack.enter_async_context(served(app))
        yield wires


def _fill(twin: QboTwin) -> None:
    """One document of each kind that is read, with every sort of line that people enter."""
    seller = ref(next(vendor.id for vendor in twin.state.all("Vendor") if vendor.active))
    payable = {"VendorRef": seller, "APAccountRef": ref("33")}
    lines = [goods("11", 2, 5), expense("7", 5)]
    bodies = {
        "PurchaseOrder": {**payable, "DocNumber": "PO-1", "Line": [goods("11", 2, 5)]},
        "Bill": {**payable, "DocNumber": "V-1", "PrivateNote": "as agreed", "Line": lines},
        "Invoice": {
            "CustomerRef": ref("1"),
            "DocNumber": "S-1",
            "Line": [sale("11", Qty=1, UnitPrice=5), sale("7", 5)],
        },
    }
    for entity, body in bodies.items():
        write(twin.state, SPECS[entity], body, Options())
