"""``/metrics``, ``/livez`` and ``/readyz`` on loopback or a unix socket, for monitors of this host.

Answers to GET, tells numbers and single words, needs no login and gives none. Must not ask a
remote system: an outage of theirs is no fault of this process.
"""

import asyncio
import stat
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from daemon.clock import Clock, SystemClock
from daemon.observe.exposition import CONTENT_TYPE, rendered
from daemon.observe.families import families
from daemon.observe.seen import Watch
from ledger.model.errors import ConfigProblem
from ledger.store.errors import LedgerUnavailable
from ledger.store.ledger import Ledger

PATIENCE_S = 5.0
"""So long a sign of life may take."""
SAME_S = 1.0
"""Scrapes within this time get the same page."""
CLOSING_S = 1.0


class Listener:
    """Listens from ``start`` to ``close``."""

    def __init__(
        self,
        where: tuple[str, int] | Path,
        watch: Watch,
        *,
        ledger: Ledger,
        control: Path,
        pace: Clock | None = None,
    ) -> None:
        """``control``: the socket that has to be there when the daemon is ready."""
        self._where = where
        self._watch = watch
        self._ledger = ledger
        self._control = control
        self._pace = pace or SystemClock()
        self._runner: web.AppRunner | None = None
        self._page: tuple[float, bytes] | None = None
        self._turn = asyncio.Lock()

    @property
    def port(self) -> int:
        """The TCP port that was taken; 0 on a unix socket."""
        address = self._runner.addresses[0] if self._runner is not None else None
        return int(address[1]) if isinstance(address, tuple) else 0

    async def start(self) -> None:
        """``ConfigProblem`` when the address cannot be had."""
        app = web.Application(client_max_size=1024)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/livez", self._livez)
        app.router.add_get("/readyz", self._readyz)
        runner = web.AppRunner(
            app, handle_signals=False, access_log=None, shutdown_timeout=CLOSING_S
        )
        await runner.setup()
        try:
            await self._site(runner).start()
        except OSError as error:
            await runner.cleanup()
            place = self._where if isinstance(self._where, Path) else "{}:{}".format(*self._where)
            raise ConfigProblem(
                [
                    f"observe.metrics: nobody can listen on {place}: {error.strerror or error}: "
                    "give another address, one for each company, or switch it off"
                ]
            ) from error
        self._runner = runner
        if isinstance(self._where, Path):
            self._where.chmod(0o666)  # whoever may enter its folder may read the figures

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
            if isinstance(self._where, Path):
                self._where.unlink(missing_ok=True)

    def _site(self, runner: web.AppRunner) -> web.BaseSite:
        if isinstance(self._where, Path):
            with suppress(FileNotFoundError):
                if not stat.S_ISSOCK(self._where.lstat().st_mode):
                    raise ConfigProblem(
                        [f"observe.metrics: {self._where} exists and is not a socket: remove it"]
                    )
                self._where.unlink()  # left by a crash: who runs at all has the ledger's lock
            return web.UnixSite(runner, str(self._where))
        host, port = self._where
        return web.TCPSite(runner, host, port)

    async def _metrics(self, _request: web.Request) -> web.Response:
        async with self._turn:
            now = self._pace.monotonic()
            if self._page is None or now - self._page[0] >= SAME_S:
                seen = await self._watch.look()
                page = rendered(families(seen), {"company": seen.company})
                self._page = (self._pace.monotonic(), page)
        return web.Response(body=self._page[1], headers={"Content-Type": CONTENT_TYPE})

    async def _livez(self, _request: web.Request) -> web.Response:
        """The loop turns, or nobody would answer, and the writer of the ledger takes work."""
        return _said({"loop": "ok", "ledger writer": await self._writer()})

    async def _readyz(self, _request: web.Request) -> web.Response:
        """Configuration valid, ledger open and locked, control socket there. A refused new file
        does not count: an earlier, valid one is in force."""
        reads, writer, socket = await asyncio.gather(self._reads(), self._writer(), self._answers())
        return _said(
            {"configuration": "ok", "ledger": reads, "ledger writer": writer, "socket": socket}
        )

    async def _writer(self) -> str:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return "ok" if await self._ledger.is_writing() else "closed"
        except TimeoutError:
            return "no answer"

    async def _reads(self) -> str:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._ledger.ask(lambda views: views.head())
        except TimeoutError:
            return "no answer"
        except LedgerUnavailable:
            return "cannot be read"
        return "ok"

    async def _answers(self) -> str:
        try:
            async with asyncio.timeout(PATIENCE_S):
                _, writer = await asyncio.open_unix_connection(str(self._control))
                writer.close()
        except (OSError, TimeoutError):
            return "nobody listens"
        return "ok"


def _said(checks: dict[str, str]) -> web.Response:
    good = all(said == "ok" for said in checks.values())
    text = "".join(f"{name}: {said}\n" for name, said in checks.items())
    return web.Response(text=text, status=200 if good else 503)
