"""Reading the ledger without a daemon, for the commands that can do without one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from daemon.cli.progress import bar
from daemon.cli.settings import ask, settings
from daemon.clock import SystemClock
from daemon.config.places import Places
from ledger.model.errors import ConfigProblem
from ledger.store.errors import KeyWasDestroyed

if TYPE_CHECKING:
    from daemon.control.client import ControlClient
    from daemon.control.protocol import HistoryAnswer
    from daemon.control.protocol_drift import TimelineAnswer, TimelineQuery
    from daemon.control.protocol_totals import TotalsAnswer, TotalsRequest
    from ledger.store.anchor import AnchorReport
    from ledger.store.ledger import Ledger
    from ledger.store.views import Views

T = TypeVar("T")


def told_by_daemon(question: "Callable[[ControlClient], Awaitable[T]]") -> T | None:
    """The daemon's answer; None when none is listening."""
    from daemon.control.client import DaemonAbsent

    try:
        return ask(question)
    except DaemonAbsent:
        return None


def opened_key(places: Places) -> bytes:
    """The ledger's key. Never makes one: a new key could not read what is there."""
    from ledger.store.destroyed import refuse_destroyed_file
    from ledger.store.key import load_or_create

    if not places.key.exists():
        refuse_destroyed_file(places.ledger)
        raise ConfigProblem(
            [f"{places.key}: the ledger's key is not there: put it back, or check state_dir"]
        )
    return load_or_create(places.key)


def key_if_there(places: Places) -> bytes | None:
    """The ledger's key; None where it was destroyed, which proving the ledger bears."""
    try:
        return opened_key(places)
    except KeyWasDestroyed:
        return None


def compared(places: Places, files: Sequence[Path], heads: Sequence[str]) -> "AnchorReport":
    """The ledger's file against heads that were noted elsewhere."""
    from ledger.store.anchor import AnchorReport, compare_file, noted_in

    if not files and not heads:
        return AnchorReport(compared=0)
    anchors = [one for file in files for one in noted_in(file, instance=places.instance)]
    return compare_file(places.ledger, anchors, heads=heads)


@asynccontextmanager
async def reading() -> "AsyncIterator[Ledger]":
    """The ledger, open for reading only."""
    from ledger.store.ledger import Ledger

    places = settings().places()
    ledger = await Ledger.open(
        places.ledger, now=SystemClock().now, key=opened_key(places), read_only=True
    )
    try:
        yield ledger
    finally:
        await ledger.close()


def life_of(text: str) -> "HistoryAnswer":
    """The history of one record, read from the file."""

    async def read() -> "HistoryAnswer":
        from daemon.control.desk import history_of

        async with reading() as ledger:
            return await ledger.read(
                lambda views: history_of(views, text, as_of=SystemClock().now())
            )

    return asyncio.run(read())


def entries_of(query: "TimelineQuery") -> "TimelineAnswer":
    """A page of the timeline, read from the file."""

    async def read() -> "TimelineAnswer":
        from daemon.control.timelines import the_timeline

        async with reading() as ledger:

            def ask(views: "Views") -> "TimelineAnswer":
                systems = tuple({count.system for count in views.counts()})
                return the_timeline(views, query, as_of=SystemClock().now(), systems=systems)

            return await ledger.read(ask)

    return asyncio.run(read())


def totals_of(request: "TotalsRequest") -> "TotalsAnswer":
    """The totals, read from the file with the configuration as it is on disk."""

    async def read() -> "TotalsAnswer":
        from daemon.config.load import load
        from daemon.config.policy import make_policy
        from daemon.control.tallying import totals

        policy = make_policy(load(settings().config_path()).config)
        async with reading() as ledger:
            return await totals(ledger, policy, request, as_of=SystemClock().now())

    return asyncio.run(read())


def exported(out: BinaryIO, *, bodies: bool) -> None:
    """Write the journal as JSON lines; a daemon at work does not mind."""

    async def write() -> None:
        from ledger.store.export import export

        async with reading() as ledger:
            with bar("exporting") as progress:
                await export(ledger, out, bodies=bodies, progress=progress)

    asyncio.run(write())
