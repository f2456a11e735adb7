"""What systemd tells this process and is told by it; without systemd nothing happens.

Speaks the notification protocol and takes the sockets that systemd opened. Must not know what the
parts of the daemon do, and never ties the watchdog to a remote system.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from daemon.clock import Clock, SystemClock, since_boot_us
from daemon.log import Log

LONGEST_STATUS = 240
"""Characters; ``systemctl status`` shows one line."""
EXTEND_EVERY_S = 10.0
EXTEND_BY_S = 60
"""Longer than any single step between two extensions, loops that stand still included."""
FIRST_FD = 3

_log = Log(__name__)


def is_listening() -> bool:
    """Whether somebody wants to be told at all."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


def notify(state: str) -> None:
    """Tell systemd (``READY=1``, ``STOPPING=1``, ``STATUS=...``), if it is listening."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
            sock.connect(address)
            sock.sendall(state.encode())
    except OSError as error:
        _log.warning("systemd was not told", state=state.split("=")[0], reason=error.strerror)


def status(text: str) -> None:
    """The one line that ``systemctl status`` shows."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line) > LONGEST_STATUS:
        line = f"{line[: LONGEST_STATUS - 3]}..."
    notify(f"STATUS={line}")


@contextmanager
def reloading() -> Iterator[None]:
    """A configuration is being read. Ready again whatever came of it: systemd would wait."""
    notify(f"RELOADING=1\nMONOTONIC_USEC={since_boot_us()}")
    try:
        yield
    finally:
        notify("READY=1")


@asynccontextmanager
async def patience(text: str, clock: Clock | None = None) -> AsyncIterator[None]:
    """While the body lasts systemd puts off its limit for starting or stopping.

    The body must have an end of its own.
    """
    status(text)
    extending = asyncio.ensure_future(_extend(clock or SystemClock()))
    try:
        yield
    finally:
        extending.cancel()
        await asyncio.wait({extending})


async def _extend(clock: Clock) -> None:
    while True:
        notify(f"EXTEND_TIMEOUT_USEC={EXTEND_BY_S * 1_000_000}")
        await clock.sleep(EXTEND_EVERY_S)


def watchdog_s() -> float | None:
    """Seconds within which systemd wants a sign of life; None when it does not."""
    meant = os.environ.get("WATCHDOG_PID", "")
    told = os.environ.get("WATCHDOG_USEC", "")
    if not told.isdecimal() or int(told) == 0 or (meant and meant != str(os.getpid())):
        return None
    return int(told) / 1_000_000


async def watchdog(
    every_s: float, is_alive: Callable[[], Awaitable[bool]], clock: Clock | None = None
) -> None:
    """Give a sign of life each half interval, until cancelled; none while ``is_alive`` is not
    answered, so a loop or a ledger that stands still is ended and started anew."""
    clock = clock or SystemClock()
    while True:
        if await is_alive():
            notify("WATCHDOG=1")
        await clock.sleep(every_s / 2)


def inherited(name: str) -> socket.socket | None:
    """The listening unix socket that systemd opened for us under ``name``, if there is one.

    Sockets under other names are not touched: they are somebody else's.
    """
    if os.environ.get("LISTEN_PID", "") != str(os.getpid()):
        return None
    count = os.environ.get("LISTEN_FDS", "")
    if not count.isdecimal():
        return None
    names = os.environ.get("LISTEN_FDNAMES", "").split(":")
    for place, given in enumerate(names[: int(count)]):
        if given != name:
            continue
        # A duplicate, so that closing it takes nothing away from a second call.
        found = socket.socket(fileno=os.dup(FIRST_FD + place))
        if _is_ours(found):
            return found
        found.close()
        _log.warning("not a listening unix socket", name=name)
    return None


def _is_ours(found: socket.socket) -> bool:
    listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return found.family is socket.AF_UNIX and found.type is socket.SOCK_STREAM and bool(listens)
