"""The one connection to the daemon: follows its events, comes back by itself, carries questions.

Folds what it hears into a ``State`` and tells it to whoever listens, at most twice a second. Knows
nothing of widgets. A daemon that has no event stream is asked for its status once a second.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

from daemon.clock import Clock
from daemon.control.ahead import Ahead
from daemon.control.client import ControlClient, DaemonAbsent, NoAnswer
from daemon.control.protocol import Declined
from daemon.control.protocol_live import AliveEvent
from ledger.model.errors import TrueupError
from tui.state import EventHeard, Heard, LinkLost, State, StatusRead, ThenFound, WhoRead, fold

REDRAW_S = 0.5
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 5.0
SILENCE_S = 15.0
"""A stream that says nothing for so long is broken: it is alive every five seconds."""
POLL_S = 1.0
PAST_POLL_S = 5.0
"""Nothing of the past changes; this only tells that the daemon is there."""

T = TypeVar("T")


class Link:
    """``run()`` for as long as the front end lives; ``ask`` from anywhere meanwhile."""

    def __init__(
        self,
        socket: Path,
        clock: Clock,
        *,
        read_only: bool = False,
        at: str = "",
        on_change: Callable[[State], None] = lambda _state: None,
        ahead: Ahead | None = None,
    ) -> None:
        """``ahead``: what the daemon was asked before there was a link."""
        self.socket = socket
        self.clock = clock
        self.state = State(read_only=read_only)
        self.on_change = on_change
        self._ahead = ahead
        self.at = at
        """The moment of the past that is looked at; empty: now."""
        self.refused = ""
        """Why that moment cannot be looked at."""
        self._client: ControlClient | None = None
        self._changed = asyncio.Event()
        self._spoken = asyncio.Event()
        self._run = ""
        self._number = 0

    async def ask(self, question: Callable[[ControlClient], Awaitable[T]]) -> T:
        """Put one question to the daemon; ``TrueupError`` (with a cure) when it says no or is
        gone. See ``sentence``."""
        client = self._client
        if client is None:
            raise DaemonAbsent(
                f"no daemon is listening on {self.socket}",
                cure=self.state.cure or "start it with: trueup run --config FILE",
            )
        return await question(client)

    async def heard(self) -> None:
        """Until the daemon said how it stands, or that it cannot be reached."""
        await self._spoken.wait()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell())
            await self._stay()

    async def refresh(self) -> None:
        """Read the status now."""
        status = await self.ask(lambda daemon: daemon.status(counts=False))
        self._hear(StatusRead(status, self.clock.now()))

    async def _stay(self) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            try:
                ahead, self._ahead = self._ahead, None
                async with _client(self.socket, self.at, ahead) as client:
                    who = await _who(client)
                    if self.at and not await self._begin(client):
                        continue
                    self._client = client
                    if who is not None:
                        self._hear(who)
                    await self.refresh()
                    wait_s = FIRST_WAIT_S
                    await self._follow(client)
            except (TrueupError, TimeoutError) as error:
                self._lost(error)
            finally:
                self._client = None
            await self.clock.sleep(wait_s)
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def _begin(self, client: ControlClient) -> bool:
        """Find the moment that is to be looked at; without it, on with the present."""
        from tui.past import PastClient

        assert isinstance(client, PastClient), "a moment is looked at"
        try:
            self._hear(ThenFound(await client.begin()))
        except Declined as error:
            self.at, self.refused = "", sentence(error)
        return bool(self.at)

    async def _follow(self, client: ControlClient) -> None:
        """Hear events until the stream ends; ask instead where there is none."""
        if self.at:
            await self._poll(PAST_POLL_S)
        heard = False
        events = client.events(self._run, self._number)
        try:
            async with AsyncExitStack() as stack:
                if isinstance(events, AsyncGenerator):
                    stack.push_async_callback(events.aclose)
                while True:
                    async with asyncio.timeout(SILENCE_S):
                        event = await anext(events)
                    heard = True
                    self._run, self._number = event.run, event.number
                    self._hear(EventHeard(event, self.clock.now()))
                    if not isinstance(event, AliveEvent) or self.state.status is None:
                        await self.refresh()
        except StopAsyncIteration:
            raise NoAnswer("the daemon closed the event stream", cure="see its log") from None
        except (NoAnswer, Declined):
            if heard:
                raise
            await self._poll()

    async def _poll(self, every_s: float = POLL_S) -> None:
        while True:
            await self.refresh()
            await self.clock.sleep(every_s)

    def _lost(self, error: BaseException) -> None:
        cure = error.cure if isinstance(error, TrueupError) else "see its log"
        self._hear(LinkLost(self.clock.now(), str(error) or "the daemon fell silent", cure))

    def _hear(self, heard: Heard) -> None:
        self.state = fold(self.state, heard)
        self._changed.set()
        if not isinstance(heard, WhoRead):
            self._spoken.set()

    async def _tell(self) -> None:
        """Tell of changes, several at once where they come fast."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            self.on_change(self.state)
            await self.clock.sleep(REDRAW_S)


def _client(socket: Path, at: str, ahead: Ahead | None) -> ControlClient:
    if not at:
        return ControlClient(socket, ahead=ahead)
    from tui.past import PastClient  # most sessions never need it

    return PastClient(socket, at)


async def _who(client: ControlClient) -> WhoRead | None:
    try:
        return WhoRead(await client.who())
    except NoAnswer:
        return None  # a daemon without roles: its owner may do everything


def sentence(error: TrueupError) -> str:
    """The error and its cure, as a person reads it. Not yet made safe."""
    return f"{error}: {error.cure}" if error.cure else str(error)
