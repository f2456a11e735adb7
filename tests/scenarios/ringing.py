"""A whole daemon in this process, as it is composed, with doorbells and both sandboxes.

Real sockets and a real clock that runs fast. Looks are a day apart: what happens soon, happens
because somebody rang.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from daemon.app import App, opened
from daemon.clock import SystemClock
from daemon.config.load import load
from daemon.control.client import ControlClient
from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.server import serve
from daemon.sandbox.world import World
from daemon.webhooks.hooks import Webhooks
from ledger.model.entries import FirstPlanApproved
from tests.scenarios.support import pairs

SCALE = 60.0
PATIENCE_S = 60.0
SECRET = "a-secret-of-the-hooks-of-dear"
CONFIG = """
version: 1
instance: acme
company: {{display_name: Acme, timezone: UTC, home_currency: USD}}
state_dir: {state}
qbo:
  environment: sandbox
  base_url: {qbo}
  token_url: {token_url}
  realm_id: "{realm_id}"
  client_id: {{file: {secrets}/client_id}}
  client_secret: {{file: {secrets}/client_secret}}
  refresh_token: {{file: {secrets}/refresh_token}}
dear:
  base_url: {dear}
  account_id: "{account_id}"
  application_key: {{file: {secrets}/application_key}}
  native_link: none
  expense_account: cogs
  home_country: ["USA"]
schedule: {{poll: {poll}, full_sweep: "23:59"}}
webhooks:
  listen: "127.0.0.1:0"
  missed_after: {missed_after}
  qbo: {{verifier_tokens: [{{file: {secrets}/verifier}}]}}
  dear: {{secrets: [{{file: {secrets}/hooks}}], expected: true}}
"""


@dataclass
class House:
    """One company with doorbells. ``app`` runs from ``start`` on."""

    app: App
    clock: SystemClock
    qbo: QboTwin
    dear: DearTwin
    urls: dict[str, str]
    log: RequestLog
    http: aiohttp.ClientSession
    faults: FaultScript

    async def until(self, what: str, condition: Callable[[], object]) -> None:
        """Wait for a named condition."""
        watch = SystemClock()
        for _ in range(round(PATIENCE_S / 0.02)):
            if condition():
                return
            await watch.sleep(0.02)
        raise AssertionError(f"never: {what}")

    async def edit(self, system: str, body: dict[str, Any]) -> None:
        await self._control(system, "edit", body)

    async def switch(self, system: str, **switches: Any) -> None:
        """Set switches of a sandbox."""
        await self._control(system, "switches", switches)

    @property
    def hooks(self) -> Webhooks:
        assert self.app.hooks is not None
        return self.app.hooks

    @property
    def port(self) -> int:
        assert self.hooks.listener is not None
        return self.hooks.listener.port

    async def connect_bells(self, **switches: Any) -> None:
        """Enter our address in both systems."""
        url = f"http://127.0.0.1:{self.port}"
        await self.switch("qbo", webhook_url=f"{url}/qbo", **switches)
        await self.switch("dear", webhook_url=f"{url}/dear", webhook_secret=SECRET, **switches)

    async def _control(self, system: str, what: str, body: dict[str, Any]) -> None:
        async with self.http.post(f"{self.urls[system]}/_sandbox/{what}", json=body) as answer:
            assert answer.status == 200, await answer.text()

    def name_in_qbo(self, kind: str) -> str:
        """Id of the one record of a kind."""
        (one,) = self.qbo.state.all(kind)
        return one.id

    def in_dear(self, kind: str, field: str) -> list[Any]:
        return [row.fields[field] for row in self.dear.state[kind]]

    def looks(self) -> int:
        """Looks for changes at QuickBooks so far."""
        return sum(1 for row in self.log.rows if row["summary"].startswith("cdc"))

    @property
    def client(self) -> ControlClient:
        return ControlClient(self.app.config.places.socket)


@asynccontextmanager
async def house(
    folder: Path,
    world: World | None = None,
    *,
    poll: str = "24h",
    missed_after: str = "15m",
    scale: float = SCALE,
) -> AsyncIterator[House]:
    """The daemon runs, the first look is over and the first plan approved."""
    clock = SystemClock(scale)
    log = RequestLog(clock)
    faults = FaultScript()
    world = world or pairs()
    qbo = QboTwin(world, clock=clock, faults=faults, log=log)
    dear = DearTwin(world, clock=clock, faults=faults, log=log)
    async with AsyncExitStack() as stack:
        urls = {
            "qbo": await stack.enter_async_context(serve(qbo.app)),
            "dear": await stack.enter_async_context(serve(dear.app)),
        }
        http = await stack.enter_async_context(aiohttp.ClientSession())
        path = write_config(folder, urls, qbo, dear, poll=poll, missed_after=missed_after)
        app = await stack.enter_async_context(opened(load(path), clock))
        one = House(app, clock, qbo, dear, urls, log, http, faults)
        draft = app.ledger.draft(actor="test")
        draft.add(FirstPlanApproved(by="test"))
        await app.ledger.append(draft)
        running = asyncio.ensure_future(app.run())
        try:
            await one.until("the first look is over", lambda: running.done() or app.scheduler.last)
            await one.until("and it rests", lambda: running.done() or app.scheduler.next_at)
            yield one
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def write_config(
    folder: Path,
    urls: dict[str, str],
    qbo: QboTwin,
    dear: DearTwin,
    *,
    poll: str,
    missed_after: str,
) -> Path:
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700)
    given = {**qbo.credentials, **dear.credentials}
    given |= {"verifier": qbo.switches.webhook_token, "hooks": SECRET}
    for name, value in given.items():
        path = secrets / name
        path.touch(mode=0o600)
        path.write_text(value, encoding="utf-8")
    path = folder / "config.yaml"
    text = CONFIG.format(
        state=folder / "state",
        secrets=secrets,
        qbo=urls["qbo"],
        dear=urls["dear"] + dear.path.rstrip("/"),
        token_url=qbo.addresses(urls["qbo"])["token_url"],
        realm_id=given["realm_id"],
        account_id=given["account_id"],
        poll=poll,
        missed_after=missed_after,
    )
    path.write_text(text, encoding="utf-8")
    return path
