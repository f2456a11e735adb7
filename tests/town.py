"""A whole company for tests: both sandboxes on loopback, real connectors, a real ledger.

Everything shares one ``JumpClock``, so that the vendors' limits are honoured and nobody waits.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
import msgspec

from daemon.connectors.base import Connector
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.connector import DearConnector
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.connector import QboConnector
from daemon.connectors.vault import FileVault
from daemon.cycle.company import Company, Pace
from daemon.cycle.report import CycleReport
from daemon.cycle.schedule import Scheduler
from daemon.reconcile.policy import DocumentPolicy, Policy
from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.faults import Fault, FaultScript
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.server import serve
from daemon.sandbox.world import Size, World
from ledger.model.entries import Approved, Entry, FirstPlanApproved
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind, RecordId, SystemName
from ledger.store.engine import ExecutorFactory, threaded
from ledger.store.ledger import Ledger
from ledger.store.rows import HeldRow, OperationRow
from tests.sampledefaults import DEAR_DEFAULTS
from tests.worlds import make_world

from .jumpclock import JumpClock, OffsetClock
from .pipes import Pipes, Protocols, served

QBO = SystemName("qbo")
DEAR = SystemName("dear")
KEY = bytes(range(32))


class Wire(FaultScript):
    """The fault script of both sandboxes, and the place from which a test sees each request."""

    def __init__(self) -> None:
        super().__init__()
        self.on_request: Callable[[str, str, str], None] | None = None
        """Called with system, method and path before a request is carried out."""

    def take(self, system: str, method: str, path: str, *, query: str = "") -> Fault | None:
        if self.on_request is not None:
            self.on_request(system, method, path)
        return super().take(system, method, path, query=query)


class Town:
    """One company under test. ``cycle()`` runs the daemon's own cycle over real sockets."""

    def __init__(self, folder: Path, world: World, clock: JumpClock) -> None:
        self.folder = folder
        self.world = world
        self.clock = clock
        self.theirs: tuple[OffsetClock, ...] = ()
        """The clocks of the machines of both systems."""
        self.faults = Wire()
        self.log = RequestLog(clock)
        self.qbo: QboTwin
        self.dear: DearTwin
        self.urls: dict[str, str] = {}
        self.http: aiohttp.ClientSession
        self.ledger: Ledger
        self.scheduler: Scheduler
        self.policy_changes: dict[str, Any] = {}
        self.qbo_settings: dict[str, Any] = {}
        """Settings of the ``qbo`` section that a restart shall bring."""
        self.dear_settings: dict[str, Any] = {}
        """The same of the ``dear`` section."""
        self.key = KEY
        """The ledger's."""
        self.executor: ExecutorFactory = threaded
        """``inline`` makes a run repeatable: no thread then has a say in the order of things."""
        self.servers: dict[int, Protocols] | None = None
        """The sandboxes by port when the network is in memory; ``None`` over real sockets."""
        self._running = AsyncExitStack()

    async def start_daemon(self) -> None:
        """Open ledger and connectors as the daemon does at its start."""
        stack = self._running = AsyncExitStack()
        self.ledger = await Ledger.open(
            self.folder / "ledger.db", now=self.clock.now, key=self.key, executor=self.executor
        )
        stack.push_async_callback(self.ledger.close)
        network = self.network()
        if network is not None:
            stack.push_async_callback(network.close)
        connectors: dict[SystemName, Connector] = {
            QBO: self._open_qbo(network),
            DEAR: self._open_dear(network),
        }
        for connector in connectors.values():
            stack.push_async_callback(connector.close)
        policy = Policy(
            systems=(DEAR, QBO),
            capabilities={name: c.capabilities for name, c in connectors.items()},
            **self.policy_changes,
        )
        company = Company(
            ledger=self.ledger,
            connectors=connectors,
            policy=policy,
            clock=self.clock,
            pace=Pace(),
            deciding=msgspec.json.encode(self.policy_changes, order="sorted"),
        )
        self.scheduler = Scheduler(company, poll_s=60)

    def network(self) -> Pipes | None:
        """Connections of one program in memory, when there are no sockets."""
        return Pipes(self.servers) if self.servers is not None else None

    async def stop_daemon(self) -> None:
        """Close everything in order; also what a kill leaves is a closed file."""
        await self._running.aclose()

    async def restart(self) -> None:
        """Stop and start the daemon over the same state directory."""
        await self.stop_daemon()
        await self.start_daemon()

    def _open_qbo(self, network: Pipes | None = None) -> QboConnector:
        given = self.qbo.credentials
        config = QboConfig.model_validate(
            {
                "environment": "sandbox",
                "base_url": self.urls["qbo"],
                "token_url": self.qbo.addresses(self.urls["qbo"])["token_url"],
                "realm_id": given["realm_id"],
                "client_id": self._secret("client_id", given["client_id"]),
                "client_secret": self._secret("client_secret", given["client_secret"]),
                "refresh_token": self._secret("refresh_token", given["refresh_token"]),
                "new_items": {
                    "income_account": "Sales of Product Income",
                    "expense_account": "Cost of Goods Sold",
                },
                **self.qbo_settings,
            }
        )
        tokens = FileVault(self.folder / "vault", system="qbo", realm=given["realm_id"])
        return QboConnector.open(config, clock=self.clock, tokens=tokens, transport=network)

    def _open_dear(self, network: Pipes | None = None) -> DearConnector:
        given = self.dear.credentials
        config = DearConfig.model_validate(
            {
                "type": "dear",
                "native_link": "none",
                "expense_account": "cogs",
                "home_country": ["USA"],
                "base_url": self.urls["dear"] + self.dear.path.rstrip("/"),
                "account_id": given["account_id"],
                "application_key": self._secret("application_key", given["application_key"]),
                "defaults": DEAR_DEFAULTS,
                **self.dear_settings,
            }
        )
        return DearConnector.open(config, clock=self.clock, transport=network)

    def _secret(self, name: str, value: str) -> dict[str, str]:
        path = self.folder / "secrets" / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(value, encoding="utf-8")
        return {"file": str(path)}

    async def cycle(self, reason: str = "test", *, after_s: float = 60.0) -> CycleReport:
        """Let time pass, then run one cycle."""
        self.clock.advance(after_s)
        return await self.scheduler.run_now(reason)

    async def settle(self, limit: int = 6) -> CycleReport:
        """Cycles until one learns nothing."""
        for _ in range(limit - 1):
            if (report := await self.cycle("settle")).learned_nothing:
                return report
        report = await self.cycle("settle")
        assert report.learned_nothing, f"still moving after {limit} cycles: {report}"
        return report

    async def approve_all(self) -> int:
        """A person accepts everything that waits, the first plan included."""
        rows = await self.operations("waiting", "planned")
        draft = self.ledger.draft(actor="test")
        expires = (self.clock.now() + timedelta(days=7)).isoformat()
        digests = tuple(row.operation.digest for row in rows)
        draft.add(Approved(digests=digests, by="test", expires_at=expires))
        draft.add(FirstPlanApproved(by="test"))
        await self.ledger.append(draft)
        return len(rows)

    async def agree(self) -> CycleReport:
        """First load, first plan approved, and on until nothing moves."""
        await self.cycle("first load")
        await self.approve_all()
        return await self.settle()

    async def operations(self, *states: str) -> list[OperationRow]:
        return await self.ledger.read(lambda views: views.operations(states=states, limit=100_000))

    async def holds(self, kind: Kind | None = None) -> list[HeldRow]:
        rows = await self.ledger.read(lambda views: views.holds(limit=100_000))
        return [row for row in rows if kind is None or row.kind is kind]

    async def record_of(self, system: SystemName, kind: Kind, ref_id: str) -> RecordId:
        ref = ExternalRef(system, kind, ref_id)
        found = await self.ledger.read(lambda views: views.record_of(ref))
        assert found is not None, f"the ledger has never seen {ref}"
        return found

    async def entries(self) -> Sequence[Entry]:
        rows = await self.ledger.read(lambda views: views.entries(0, 1_000_000))
        return [row.entry for row in rows]

    def set_our_clock(self, seconds: float) -> None:
        """Somebody sets the clock of the daemon's machine, and of no other."""
        self.clock.set_wall(seconds)
        for theirs in self.theirs:
            theirs.set_wall(-seconds)

    async def edit(self, system: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change a record as a user of that system would in its own screens."""
        async with self.http.post(f"{self.urls[system]}/_sandbox/edit", json=body) as answer:
            text = await answer.text()
            assert answer.status == 200, text
            data: dict[str, Any] = await answer.json()
            return data

    def fail(self, *rules: dict[str, Any]) -> None:
        """Add rules to the fault script that both sandboxes follow."""
        self.faults.extend(rules)

    def writes(self, system: str) -> list[Any]:
        """What the sandbox's own log says was written by the daemon."""
        return [
            row
            for row in self.log.rows
            if row["system"] == system
            and row["method"] in {"POST", "PUT", "DELETE"}
            and "/oauth2/" not in row["path"]
            and "/_sandbox/" not in row["path"]
            and not row["path"].endswith("/query")
        ]


@asynccontextmanager
async def town(
    folder: Path,
    *,
    seed: int = 1,
    size: Size = "small",
    world: World | None = None,
    qbo: QboSwitches | None = None,
    dear: DearSwitches | None = None,
    dear_ahead_s: float = 0.0,
    qbo_ahead_s: float = 0.0,
    executor: ExecutorFactory = threaded,
    documents_since: str = "",
    in_memory: bool = False,
    qbo_settings: Mapping[str, Any] = MappingProxyType({}),
    dear_settings: Mapping[str, Any] = MappingProxyType({}),
    clock: JumpClock | None = None,
    **policy: Any,
) -> AsyncIterator[Town]:
    """Both sandboxes served on loopback, and a daemon's parts over a fresh state directory.

    ``world`` replaces the sample world of ``seed`` and ``size``. ``dear_ahead_s`` and
    ``qbo_ahead_s`` set the clock of that system so far ahead of the daemon's. With
    ``documents_since`` all three kinds of documents are in sync from that day on. With
    ``in_memory`` the same bytes pass through pipes instead of sockets.
    """
    clock = clock or JumpClock()
    one = Town(folder, world or make_world(seed, size), clock)
    if documents_since:
        since = DocumentPolicy(since=documents_since)
        policy.setdefault("documents", dict.fromkeys(DOCUMENT_KINDS, since))
    one.qbo_settings = dict(qbo_settings)
    one.dear_settings = dict(dear_settings)
    one.policy_changes = policy
    one.executor = executor
    times = {"qbo": OffsetClock(clock, qbo_ahead_s), "dear": OffsetClock(clock, dear_ahead_s)}
    one.theirs = tuple(times.values())
    shared: dict[str, Any] = {"faults": one.faults, "log": one.log}
    one.qbo = QboTwin(one.world, clock=times["qbo"], switches=qbo, **shared)
    one.dear = DearTwin(one.world, clock=times["dear"], switches=dear, **shared)
    async with AsyncExitStack() as stack:
        if in_memory:
            one.servers = {}
            for port, app in enumerate((one.qbo.app, one.dear.app), start=1):
                one.servers[port] = await stack.enter_async_context(served(app))
            one.urls |= {"qbo": "http://127.0.0.1:1", "dear": "http://127.0.0.1:2"}
        else:
            one.urls["qbo"] = await stack.enter_async_context(serve(one.qbo.app))
            one.urls["dear"] = await stack.enter_async_context(serve(one.dear.app))
        outside = aiohttp.ClientSession(connector=one.network())
        one.http = await stack.enter_async_context(outside)
        await one.start_daemon()
        try:
            yield one
        finally:
            await one.stop_daemon()
