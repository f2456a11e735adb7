"""The daemon as a process of its own: started, looked at from outside, killed, asked to stop."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from daemon.clock import SystemClock
from tests.soak.company import SoakTown

ROOT: Final = Path(__file__).resolve().parents[2]
SAMPLE_S: Final = 0.5
PATIENCE_S: Final = 90.0
"""Real seconds that a start, or an orderly end, may take on a busy machine."""
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Vital:
    """What the process held at one moment."""

    at_s: float
    """Real seconds since its start."""
    rss: int
    """Bytes of memory."""
    descriptors: int
    threads: int


@dataclass
class Life:
    """One run of the daemon, from its start to its end."""

    number: int
    process: asyncio.subprocess.Process
    born_s: float
    ready_s: float | None = None
    """Real seconds until it said that it was ready; ``None`` = it died before."""
    vitals: list[Vital] = field(default_factory=list)
    requests: int = 0
    """Requests that it sent to the simulators."""
    ending: bool = False

    def kill(self) -> None:
        """With -9. One that has ended by itself just now is left alone."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGKILL)

    def look(self, now_s: float) -> None:
        """Take down what it holds now; nothing when it is gone."""
        place = Path(f"/proc/{self.process.pid}")
        try:
            pages = int((place / "statm").read_text().split()[1])
            held = len(os.listdir(place / "fd"))
            threads = len(os.listdir(place / "task"))
        except (OSError, IndexError):
            return
        if pages:
            self.vitals.append(Vital(now_s - self.born_s, pages * _PAGE, held, threads))


class Daemon:
    """Starts one life after another over the same files."""

    def __init__(self, one: SoakTown) -> None:
        self._one = one
        self._real = SystemClock()
        self.log = one.folder / "daemon.log"
        self.lives: list[Life] = []
        self.current: Life | None = None

    @property
    def now_s(self) -> float:
        """Real seconds since the soak began."""
        return self._real.monotonic()

    @asynccontextmanager
    async def life(self) -> AsyncIterator[Life]:
        """A process over the state directory; killed when the block is left and it still runs."""
        told = self._one.folder / "notify"
        told.unlink(missing_ok=True)
        loop = asyncio.get_running_loop()
        heard, notes = await loop.create_datagram_endpoint(
            lambda: _Notes(loop.create_future()), local_addr=str(told), family=socket.AF_UNIX
        )
        argv = ["run", "--config", str(self._one.config)]
        argv += ["--clock-scale", str(self._one.pace.scale)]
        argv += ["--clock-start", self._one.pace.start.isoformat()]
        env = {**os.environ, "NOTIFY_SOCKET": str(told)}
        with self.log.open("ab") as stream:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "daemon", *argv, cwd=ROOT, env=env, stderr=stream
            )
        life = Life(len(self.lives) + 1, process, self.now_s)
        self.lives.append(life)
        self.current = life
        watch = asyncio.ensure_future(self._watch(life, notes.ready))
        try:
            yield life
        finally:
            life.kill()
            await process.wait()
            self.current = None
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            heard.close()

    async def _watch(self, life: Life, ready: asyncio.Future[None]) -> None:
        while life.process.returncode is None and not life.ending:
            life.look(self.now_s)
            if life.ready_s is None:
                await asyncio.wait({ready}, timeout=SAMPLE_S)
                if ready.done():
                    life.ready_s = self.now_s - life.born_s
            else:
                await self._real.sleep(SAMPLE_S)

    async def ready(self, life: Life) -> None:
        """Until it says so itself. ``AssertionError`` when it ends or stays mute instead."""
        until = self.now_s + PATIENCE_S
        while life.ready_s is None:
            if life.process.returncode is not None or self.now_s > until:
                code = life.process.returncode
                raise AssertionError(f"the daemon did not come up ({code}): {self.tail()}")
            await self._real.sleep(0.05)

    async def stop(self, life: Life) -> int:
        """Ask it to end, and wait; its exit code. What it holds while it ends is not looked at."""
        life.ending = True
        with suppress(ProcessLookupError):
            life.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(life.process.wait(), PATIENCE_S)

    def tail(self) -> str:
        """The last lines that it wrote."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-15:])


class _Notes(asyncio.DatagramProtocol):
    """What the daemon tells a service manager."""

    def __init__(self, ready: asyncio.Future[None]) -> None:
        self.ready = ready

    def datagram_received(self, data: bytes, addr: object) -> None:
        if b"READY=1" in data and not self.ready.done():
            self.ready.set_result(None)
