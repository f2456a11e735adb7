"""A live daemon over both twins behind a real socket, and the front end under Pilot.

``living(folder)`` is the daemon, ``fronting(socket)`` the front end at a size; ``until`` waits for
a condition that the test names. Screens are tested with these and nothing stands in for anything.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from daemon.clock import SystemClock
from daemon.control.desk import Desk, Facts
from daemon.control.keeping import Keeper
from daemon.control.server import ControlServer
from daemon.cycle.report import CycleReport
from tests.town import KEY, Town, town
from tests.tui.waiting import until
from tui.address import parse_address
from tui.app import TrueupApp
from tui.screens.base import BaseScreen

COMPANY = "Acme [REV B] Fasteners"
"""As hostile as names are."""
SIZES = [(80, 24), (120, 36)]
NARROW, WIDE = SIZES


class Living:
    """A running daemon: its socket, its twins, and ways to make something happen."""

    def __init__(self, one: Town) -> None:
        self.town = one
        self.socket = one.folder / "control.sock"
        self.keeper = Keeper(
            ledger=one.ledger, key=KEY, clock=one.clock, backups=one.folder / "copies", keep=2
        )
        self.desk = Desk(
            keeper=self.keeper,
            scheduler=one.scheduler,
            clock=one.clock,
            facts=Facts(
                instance="acme",
                company=COMPANY,
                version="0",
                approvals_expire_after=timedelta(hours=24),
            ),
        )
        self.server = ControlServer(self.desk, self.socket)

    async def cycle(self) -> CycleReport:
        """A whole cycle: read both twins, compare, plan, gate, send what may go."""
        return await self.town.cycle()

    async def agree(self) -> CycleReport:
        """Approve the first plan and go on until nothing moves: both sides equal."""
        return await self.town.agree()

    async def edit(self, system: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change a record in a twin as its user would, e.g. ``edit("qbo", {"kind": "vendor",
        "id": "56", "set": {...}})``. Seen by the daemon at the next ``cycle``."""
        return await self.town.edit(system, body)

    async def die(self) -> None:
        """The daemon's socket goes away, as when it is killed."""
        await self.server.close()

    async def rise(self) -> None:
        """Another daemon listens at the same place."""
        self.server = ControlServer(self.desk, self.socket)
        await self.server.start()


@asynccontextmanager
async def living(folder: Path, **options: Any) -> AsyncIterator[Living]:
    """A daemon over a small world; ``options`` are those of ``tests.town.town``."""
    async with town(folder, **options) as one:
        live = Living(one)
        await live.server.start()
        try:
            yield live
        finally:
            await live.server.close()


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Living]:
    """A daemon that has looked at both systems once: differences are there, nothing approved."""
    async with living(tmp_path) as one:
        await one.cycle()
        yield one


@asynccontextmanager
async def fronting(
    socket: Path, *, size: tuple[int, int] = (120, 36), start: str = "overview", **options: Any
) -> AsyncIterator["Front"]:
    """The front end on this socket, at this size; connected when it is handed over, if it can be.

    ``options`` are those of ``TrueupApp``. A programming error in it fails the test.
    """
    app = TrueupApp(
        socket, SystemClock(), start=parse_address(start), folder=socket.parent, **options
    )
    async with app.run_test(size=size, notifications=True) as pilot:
        front = Front(app, pilot)
        await front.until(lambda: isinstance(app.screen, BaseScreen), "a view is shown")
        if socket.exists():
            await front.until(lambda: app.link.state.status is not None, "the daemon answered")
            await front.until(lambda: front.view.seen is not None or front.view.note, "it is read")
        yield front
    assert not app.faults, app.faults


class Front:
    """The front end under test."""

    def __init__(self, app: TrueupApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def view(self) -> BaseScreen:
        view = self.app.current
        assert view is not None
        return view

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, condition: Callable[[], object], name: str = "") -> None:
        """Wait until ``condition`` holds; fails with ``name`` and what is on the screen."""
        await until(self.pilot, condition, lambda: f"{name}\n{self.text()}\n{self.app.told}")

    async def shows(self, *texts: str) -> None:
        """Wait until all of these stand on the screen."""
        await self.until(lambda: all(text in self.text() for text in texts), f"shows {texts}")

    def lines(self) -> list[str]:
        """What stands on the screen, line by line."""
        _, height = self.app.size
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips[:height]]

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines())
