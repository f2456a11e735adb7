"""Three companies on one machine, each a process: what befalls one is not felt by another."""

import asyncio
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import partial
from pathlib import Path

import aiohttp

from daemon.clock import SystemClock
from daemon.control.client import ControlClient, DaemonAbsent
from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.server import serve
from tests.scenarios.connection import REVOKED
from tests.scenarios.ringing import write_config
from tests.scenarios.support import pairs

SCALE = 60.0
PATIENCE_S = 90.0


class Company:
    """Both systems of one company in this process, and its daemon in one of its own."""

    def __init__(self, folder: Path, http: aiohttp.ClientSession, clock: SystemClock) -> None:
        self.folder = folder
        self.http = http
        self.log = RequestLog(clock)
        self.faults = FaultScript()
        shared = {"clock": clock, "faults": self.faults, "log": self.log}
        world = pairs()
        self.qbo = QboTwin(world, **shared)  # type: ignore[arg-type]
        self.dear = DearTwin(world, **shared)  # type: ignore[arg-type]
        self.urls: dict[str, str] = {}
        self.process: asyncio.subprocess.Process | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "state" / "control.sock"

    async def start(self) -> asyncio.subprocess.Process:
        words = ("run", "--config", str(self.folder / "config.yaml"), "--clock-scale", str(SCALE))
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "daemon", *words, stderr=asyncio.subprocess.PIPE
        )
        return self.process

    async def stop(self) -> bytes:
        """What it said by its end."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        _, said = await asyncio.wait_for(self.process.communicate(), PATIENCE_S)
        return said

    async def states(self) -> dict[str, str]:
        """Each system's connection, as ``trueup status`` tells; none before its first cycle."""
        try:
            async with ControlClient(self.socket) as daemon:
                told = await daemon.status()
        except DaemonAbsent:
            return {}
        if told.last_cycle is None:
            return {}
        return {one.system: one.link for one in told.systems}

    async def edit(self, price: float) -> None:
        body = {"kind": "product", "sku": "BR-1", "set": {"PriceTier1": price}}
        async with self.http.post(f"{self.urls['dear']}/_sandbox/edit", json=body) as answer:
            assert answer.status == 200, await answer.text()

    def prices(self) -> list[str]:
        """Of all items in the books."""
        return [str(item.fields.get("UnitPrice")) for item in self.qbo.state.all("Item")]


async def until(what: str, condition: Callable[[], object]) -> None:
    watch = SystemClock()
    for _ in range(round(PATIENCE_S / 0.1)):
        found = condition()
        if found if not asyncio.iscoroutine(found) else await found:
            return
        await watch.sleep(0.1)
    raise AssertionError(f"never: {what}")


@asynccontextmanager
async def companies(folder: Path, *names: str) -> AsyncIterator[list[Company]]:
    clock = SystemClock(SCALE)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        found = []
        for name in names:
            own = folder / name
            own.mkdir()
            one = Company(own, http, clock)
            one.urls = {
                "qbo": await stack.enter_async_context(serve(one.qbo.app)),
                "dear": await stack.enter_async_context(serve(one.dear.app)),
            }
            write_config(own, one.urls, one.qbo, one.dear, poll="30s", missed_after="15m")
            found.append(one)
        yield found


def spoil(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as db:
        db.execute("DROP TRIGGER journal_is_not_updated")
        db.execute("UPDATE journal SET actor = 'mallory' WHERE seq = 2")
        db.commit()


async def test_36_a_revoked_login_and_a_damaged_ledger_do_not_disturb_a_third_company(
    tmp_path: Path,
) -> None:
    connected = {"qbo": "connected", "dear": "connected"}
    async with companies(tmp_path, "acme", "borealis", "cetus") as (good, revoked, spoiled):
        for one in (good, revoked, spoiled):
            await one.start()
        try:
            for one in (good, revoked, spoiled):
                await until("it is connected", partial(_is, one, connected))
                async with ControlClient(one.socket) as daemon:
                    await daemon.approve(everything=True, expect_count=0)
            revoked.faults.extend(
                [{"system": "qbo", "kind": "status", "status": 403, "body": REVOKED, "times": 0}]
            )
            await spoiled.stop()
            spoil(spoiled.folder / "state" / "ledger.db")
            process = await spoiled.start()

            said = await asyncio.wait_for(process.communicate(), PATIENCE_S)
            assert process.returncode == 74
            assert b"entry 2 was changed" in said[1]
            lost = {"qbo": "access_revoked", "dear": "connected"}
            await until("the login is known to be revoked", lambda: _is(revoked, lost))

            for one in (good, revoked):
                await one.edit(77.25)
            await until("the third goes on", lambda: "77.25" in good.prices())
            assert await good.states() == connected
            assert "77.25" not in revoked.prices()
            assert await revoked.states() == lost, "it waits for a person, and its process lives"
        finally:
            ends = [await one.stop() for one in (good, revoked)]
        assert [one.process.returncode for one in (good, revoked) if one.process] == [0, 0], ends


async def _is(one: Company, states: dict[str, str]) -> bool:
    return await one.states() == states
