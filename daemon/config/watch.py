"""The configuration file while the daemon runs: a good change is handed on, a bad one is told.

Watches the directory, because editors and deployments replace the file instead of writing it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from watchfiles import awatch

from daemon.config.load import Loaded, content_hash, load, read
from ledger.model.errors import ConfigProblem

MOST_TOLD = 20
LOOK_EVERY_MS = 5_000
"""Looks without an event: a change before the watch began, or where no event is given."""


class ConfigWatch:
    """Calls ``on_good`` with every valid new content, ``on_bad`` with the problems of others."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        on_good: Callable[[Loaded], Awaitable[None]],
        on_bad: Callable[[Sequence[str]], None],
    ) -> None:
        self._path = loaded.path
        self._content = loaded.content
        self._on_good = on_good
        self._on_bad = on_bad
        self._stop = asyncio.Event()

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        """Watch until ``stop``."""
        folders = {self._path.absolute().parent, self._path.resolve().parent}
        async for _ in awatch(
            *folders,
            stop_event=self._stop,
            recursive=False,
            rust_timeout=LOOK_EVERY_MS,
            yield_on_timeout=True,
        ):
            await self.look()

    async def look(self) -> None:
        """Compare the file with what was last seen, and act when its content differs."""
        try:
            content = content_hash(read(self._path))
            if content == self._content:
                return
            self._content = content
            loaded = load(self._path)
        except ConfigProblem as problem:
            self._on_bad(problem.problems[:MOST_TOLD])
            return
        await self._on_good(loaded)
