"""The event stream: what is told when, how a client comes back, and who cannot hold up whom."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.control.client import ControlClient
from daemon.control.desk import Desk, Facts
from daemon.control.keeping import Keeper
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_live import (
    AliveEvent,
    CycleEvent,
    Event,
    PulseEvent,
    ResyncEvent,
)
from daemon.control.pulse import MOST_LISTENERS, RING
from daemon.control.server import ControlServer
from daemon.control.shapes import shown_cycle
from ledger.model.entries import Paused
from tests.daemon.catalogue.support import (
    COMPANY,
    MIRA,
    catalogue,
    conductor,
    delete_in_qbo,
    finish,
    sku,
)
from tests.daemon.control.conftest import Office
from tests.town import KEY, town

PATIENCE_S = 60.0
"""Only a test that fails waits this long."""


class Quick:
    """A clock for the hub that lets a second pass in a few milliseconds."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._zero = self._loop.time()

    def now(self) -> None:
        raise AssertionError("the hub takes instants from the desk")

    def monotonic(self) -> float:
        return (self._loop.time() - self._zero) * 100

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        self._loop.call_later(seconds / 100, woken.set)
        await woken.wait()


@asynccontextmanager
async def tower(office: Office) -> AsyncIterator[ControlServer]:
    """The office behind a server whose events come quickly."""
    path = office.socket.with_name("tower.sock")
    server = ControlServer(office.desk, path, pace=Quick())  # type: ignore[arg-type]
    await server.start()
    try:
        yield server
    finally:
        await server.close()


@pytest.fixture
async def server(office: Office) -> AsyncIterator[ControlServer]:
    async with tower(office) as server:
        yield server


@asynccontextmanager
async def listening(
    path: Path, run: str = "", after: int = 0
) -> AsyncIterator[Callable[[], Awaitable[Event]]]:
    """A front end; gives a function that waits for the next event which is more than alive."""
    async with ControlClient(path) as client, aclosing(client.events(run, after)) as events:  # type: ignore[type-var]

        async def news() -> Event:
            async with asyncio.timeout(PATIENCE_S):
                while isinstance(event := await anext(events), AliveEvent):
                    pass
                return event

        yield news


async def pause(office: Office, reason: str = "month-end", system: str = "") -> None:
    draft = office.ledger.draft(actor="test")
    draft.add(Paused(system=system, reason=reason, by="test"))
    await office.ledger.append(draft)


async def test_a_listener_hears_how_things_stand_and_then_what_changes(
    office: Office, server: ControlServer
) -> None:
    await office.two_prices()
    await office.plan()
    async with listening(server.path) as news:
        first = await news()
        assert isinstance(first, PulseEvent)
        assert (first.head, first.conflicts, first.paused) == (office.ledger.head, 1, False)
        assert first.work.step == "idle"
        assert first.links == {"qbo": "untried", "dear": "untried"}

        await pause(office)
        then = await news()
    assert isinstance(then, PulseEvent)
    assert (then.run, then.number > first.number) == (first.run, True)
    assert (then.head, then.paused) == (office.ledger.head, True)


async def test_a_quiet_daemon_says_that_it_is_there(server: ControlServer) -> None:
    async with (
        ControlClient(server.path) as client,
        aclosing(client.events()) as events,  # type: ignore[type-var]
        asyncio.timeout(PATIENCE_S),
    ):
        first = await anext(events)
        alive = await anext(events)
    assert isinstance(first, PulseEvent)
    assert isinstance(alive, AliveEvent)
    assert (alive.run, alive.number) == (first.run, first.number)


async def test_what_a_cycle_did_is_told(office: Office, server: ControlServer) -> None:
    async with listening(server.path) as news:
        await news()
        report = await office.plan()
        office.scheduler.ended.append(report)
        office.scheduler.ended_count += 1
        while not isinstance(event := await news(), CycleEvent):
            pass
    assert event.report == shown_cycle(report)


async def test_nobody_looks_while_nobody_listens(office: Office, server: ControlServer) -> None:
    async with listening(server.path) as news:
        first = await news()
    async with ControlClient(server.path) as client, asyncio.timeout(PATIENCE_S):
        while server.hub.listeners:
            await client.status()
        await pause(office)
        await client.status()
    assert server.hub.number == first.number


async def test_a_client_that_comes_back_gets_what_it_missed(
    office: Office, server: ControlServer
) -> None:
    async with listening(server.path) as watching:
        first = await watching()
        for number, system in enumerate(("qbo", "dear"), start=1):
            await pause(office, system=system)
            assert (await watching()).number == first.number + number
        async with listening(server.path, first.run, first.number) as news:
            missed = [await news(), await news()]
    assert [event.number for event in missed] == [first.number + 1, first.number + 2]
    assert all(isinstance(event, PulseEvent) for event in missed)


@pytest.mark.parametrize("run", ["another start", "this one"])
async def test_a_client_that_missed_too_much_is_told_to_read_anew(
    office: Office, server: ControlServer, run: str
) -> None:
    async with listening(server.path) as watching:
        first = await watching()
        for _ in range(RING + 5):
            server.hub._publish(lambda number: b"{}\n")
        told = first.run if run == "this one" else run
        async with listening(server.path, told, first.number) as news:
            resync, pulse = await news(), await news()
    assert isinstance(resync, ResyncEvent)
    assert isinstance(pulse, PulseEvent)
    assert resync.number == pulse.number == server.hub.number
    assert resync.run == first.run


async def test_a_number_from_the_future_is_no_reason_to_wait(server: ControlServer) -> None:
    async with listening(server.path) as watching:
        first = await watching()
        async with listening(server.path, first.run, first.number + 1_000_000) as news:
            assert isinstance(await news(), ResyncEvent)


async def test_one_front_end_too_many_is_sent_away(server: ControlServer) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(MOST_LISTENERS):
            news = await stack.enter_async_context(listening(server.path))
            await news()
        with pytest.raises(Declined, match="listen already") as caught:
            async with listening(server.path) as refused:
                await refused()
        assert caught.value.code is Code.BUSY
        async with ControlClient(server.path) as client:
            assert (await client.status()).instance == "acme"


async def test_a_listener_that_never_reads_holds_up_nobody(
    office: Office, server: ControlServer
) -> None:
    reader, writer = await asyncio.open_unix_connection(str(server.path), limit=1)
    writer.write(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
    await writer.drain()
    async with listening(server.path) as news:
        await news()
        for _ in range(50):
            server.hub._publish(lambda number: json.dumps({"x": "y" * 60_000}).encode() + b"\n")
        async with ControlClient(server.path) as client:
            assert (await client.status()).instance == "acme"
    async with listening(server.path) as news:
        assert isinstance(await news(), PulseEvent)
    assert server.hub.listeners >= 1
    async with asyncio.timeout(PATIENCE_S):
        await server.close()
    writer.close()
    assert reader is not None


async def test_the_stream_ends_with_the_daemon(office: Office) -> None:
    async with (
        tower(office) as server,
        ControlClient(server.path) as client,
        aclosing(client.events()) as events,  # type: ignore[type-var]
        asyncio.timeout(PATIENCE_S),
    ):
        await anext(events)
        await server.close()
        left = [event async for event in events]
    assert all(isinstance(event, AliveEvent) for event in left)


async def test_a_catalogue_job_is_told_with_how_far_it_is(tmp_path: Path) -> None:
    async with town(tmp_path, world=catalogue(2)) as one, AsyncExitStack() as stack:
        await one.agree()
        await delete_in_qbo(one, sku(0), sku(1))
        await one.cycle()
        job = conductor(one)
        keeper = Keeper(ledger=one.ledger, key=KEY, clock=one.clock)
        facts = Facts(
            instance="acme", company="x", version="0", approvals_expire_after=timedelta(hours=1)
        )
        desk = Desk(keeper=keeper, scheduler=one.scheduler, clock=one.clock, facts=facts)
        server = ControlServer(desk, tmp_path / "c.sock", job, pace=Quick())  # type: ignore[arg-type]
        await server.start()
        stack.push_async_callback(server.close)
        news = await stack.enter_async_context(listening(server.path))

        async def told(text: str) -> None:
            while not (isinstance(event := await news(), PulseEvent) and event.catalogue == text):
                pass

        await told("")
        planned = await job.plan(MIRA, None)
        await told(f"{planned.id} planned")
        await job.approve(MIRA, COMPANY)
        await job.run(MIRA)
        await told(f"{planned.id} running 0/2")
        await finish(one, job)
        await told("")
