"""Carries the notices of a twin to whoever listens: gathered, late, twice, in disorder, or never.

Knows neither system: a twin hands in what happened and how a letter is written. Nothing is kept
before an address is set, and everything is forgotten when the twin stops.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import aiohttp
from aiohttp import web

from daemon.clock import Clock

Fate: TypeAlias = Literal["deliver", "duplicate", "reorder", "drop"]
ANSWER_S: Final = 3.0
"""Seconds of real time in which a listener has to answer."""
MOST_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Letter:
    """One POST to be."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Post:
    """How letters go now."""

    url: str
    """Empty: nobody listens, and nothing is kept."""
    delay_s: float
    """From the first event to the letter about it; what happens meanwhile goes with it."""
    fate: Fate


Write: TypeAlias = Callable[[Sequence[Any]], Sequence[Letter]]
"""What happened, oldest first, as the letters of this moment."""


@dataclass(slots=True)
class _Due:
    at: float
    letter: Letter
    tries: int = 0


@dataclass
class Postman:
    """One per twin; works while the twin's application runs."""

    clock: Clock
    post: Callable[[], Post]
    write: Write
    retries: Sequence[float]
    """Seconds to wait after each failure; after the last of them the address is given up."""
    given_up: bool = False
    """Too many failures: nothing is sent until somebody switches it on again."""
    statuses: list[int] = field(default_factory=list)
    """Of every attempt; 0: no answer came in time."""
    _events: list[Any] = field(default_factory=list)
    _gather_until: float | None = None
    _due: list[_Due] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: Any) -> None:
        """Something happened."""
        post = self.post()
        if not post.url or self.given_up or len(self._events) >= MOST_KEPT:
            return
        self._events.append(event)
        if self._gather_until is None:
            self._gather_until = self.clock.monotonic() + post.delay_s
        self._news.set()

    def switch_on(self) -> None:
        """Try the address again."""
        self.given_up = False
        self._news.set()

    @property
    def shown(self) -> dict[str, Any]:
        """For ``/_sandbox/notices``."""
        return {
            "gathered": len(self._events),
            "waiting": len(self._due),
            "statuses": self.statuses[-1000:],
            "given_up": self.given_up,
        }

    async def work(self, _app: web.Application) -> AsyncIterator[None]:
        """For ``Application.cleanup_ctx``."""
        async with aiohttp.ClientSession() as session:
            round_ = asyncio.ensure_future(self._rounds(session))
            try:
                yield
            finally:
                round_.cancel()
                await asyncio.gather(round_, return_exceptions=True)

    async def _rounds(self, session: aiohttp.ClientSession) -> None:
        while True:
            next_at = self._next_at()
            if next_at is None:
                await self._news.wait()
                self._news.clear()
                continue
            await self.clock.sleep(next_at - self.clock.monotonic())
            self._gathered()
            now = self.clock.monotonic()
            for due in [one for one in self._due if one.at <= now]:
                self._due.remove(due)
                await self._send(session, due)

    def _next_at(self) -> float | None:
        times = [due.at for due in self._due]
        if self._gather_until is not None:
            times.append(self._gather_until)
        return min(times, default=None)

    def _gathered(self) -> None:
        now = self.clock.monotonic()
        if self._gather_until is None or self._gather_until > now:
            return
        events, self._events, self._gather_until = self._events, [], None
        fate = self.post().fate
        if fate == "drop":
            return
        groups: list[list[Any]] = [events]
        if fate == "reorder":
            groups = [[event] for event in reversed(events)]
        letters = [letter for group in groups for letter in self.write(group)]
        if fate == "duplicate":
            letters = [letter for letter in letters for _ in range(2)]
        self._due += [_Due(now, letter) for letter in letters]

    async def _send(self, session: aiohttp.ClientSession, due: _Due) -> None:
        status = await _posted(session, due.letter)
        self.statuses.append(status)
        if 200 <= status < 300:
            return
        if due.tries >= len(self.retries):
            self.given_up = True
            self._due.clear()
            return
        due.at = self.clock.monotonic() + self.retries[due.tries]
        due.tries += 1
        self._due.append(due)


async def _posted(session: aiohttp.ClientSession, letter: Letter) -> int:
    try:
        async with (
            asyncio.timeout(ANSWER_S),
            session.post(
                letter.url, data=letter.body, headers=letter.headers, allow_redirects=False
            ) as answer,
        ):
            return answer.status
    except (TimeoutError, aiohttp.ClientError, OSError):
        return 0
