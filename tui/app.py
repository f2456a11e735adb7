"""The front end's one application: which view is shown, the keys of everywhere, words in passing.

Computes nothing of its own: what is known of the daemon is ``link.state``, what a view shows is
the view's. Everything that acts goes through the link to the daemon.
"""

import asyncio
import gc
import signal
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path, PurePath
from typing import Any, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from daemon.clock import Clock
from daemon.control.ahead import Ahead
from daemon.control.text import clean
from ledger.model.errors import TrueupError
from tui.address import Address, spoken, typed
from tui.bindings import EVERYWHERE
from tui.keys import help_lines
from tui.link import Link, sentence
from tui.questions import Question
from tui.screens.base import BaseScreen
from tui.state import State, counts, there
from tui.times import Zone, at_text
from tui.views import VIEWS, view_named
from tui.widgets.chrome import Tab, TabStrip
from tui.work import later

THEMES = ("textual-dark", "textual-light", "ansi-dark", "ansi-light")
LINK = "link"
"""Name of the worker that follows the daemon."""
LOW = 30
"""Lines: with fewer the list is shown, and no plot."""
TWICE_S = 3.0
"""Two presses of ctrl+c within this time leave."""
FIRST_S = 0.2
"""A daemon that takes longer to answer gets a first frame without its answers."""
SHORT_S, LONG_S = 3.0, 5.0
"""How long a word in passing stands; a refusal has a cure to read."""


class TrueupApp(App[int]):
    """``TrueupApp(socket, clock).run()``"""

    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = EVERYWHERE

    def __init__(
        self,
        socket: Path,
        clock: Clock,
        *,
        start: Address | None = None,
        read_only: bool = False,
        plain: bool = False,
        no_color: bool = False,
        at: str = "",
        folder: Path | None = None,
        ahead: Ahead | None = None,
    ) -> None:
        """``plain``: ASCII only. ``folder``: where ``w`` writes; else where one is. ``at``: a
        moment of the past to look at. ``ahead``: what the daemon was asked already."""
        names = ("theme.tcss", "plain.tcss")[: 1 + plain]
        styles: list[str | PurePath] = [Path(__file__).with_name(name) for name in names]
        super().__init__(css_path=styles, ansi_color=True if no_color else None)
        self.clock = clock
        self.plain = plain
        told = self._state_changed
        self._link = partial(Link, socket, clock, read_only=read_only, on_change=told)
        self.link = self._link(at=at, ahead=ahead)
        self.zone = Zone.COMPANY
        self.told: list[str] = []
        """Words in passing, newest last."""
        self.faults: list[BaseException] = []
        """Programming errors that were met and survived."""
        self._folder = folder
        self._start = start or Address("overview")
        self._screens: dict[str, BaseScreen] = {}
        self._before: list[Address] = []
        self._interrupted_at = -TWICE_S
        self._turns = 0  # to another moment
        self.animation_level = "none"
        self.set_class(plain, "-plain")
        self.set_class(not no_color, "-colours")
        if no_color:
            self.theme = "ansi-dark"

    # -- what screens use ------------------------------------------------------------------

    def tell(self, text: str, *, bad: bool = False) -> None:
        """A word in passing, in a corner. Never parsed as markup."""
        self.told.append(text)
        self.notify(
            clean(text),
            severity="error" if bad else "information",
            markup=False,
            timeout=LONG_S if bad else SHORT_S,
        )

    def when(self, at: str, *, short: bool = False) -> str:
        """An instant in the zone that the person chose."""
        return at_text(at, self.zone, self.company_zone, short=short)

    def there(self) -> datetime:
        """Now, by the daemon's clock: for ages of what it tells."""
        return there(self.link.state, self.clock.now())

    async def go(self, address: Address | str) -> None:
        """Open a view; where one was is remembered for esc and ``-``."""
        wanted = typed(address) if isinstance(address, str) else address
        if not self.knows(wanted):
            names = ", ".join(view.name for view in VIEWS)
            self.tell(f"no view is called {wanted.view!r}: there are {names}", bad=True)
            return
        here = self.current
        if here is not None and here.address() != wanted:
            self._before = [*self._before[-50:], here.address()]
        await self._open(wanted)

    def knows(self, address: Address) -> bool:
        return view_named(address.view) is not None

    async def write(self, screen: BaseScreen) -> None:
        """Write a view to a file and say where."""
        lines = [f"trueup {screen.address()}, {self.link.state.heard_at or '-'}", ""]
        lines += [clean(line) for line in await screen.written()]
        name = f"trueup-{screen.view}-{self.clock.now():%Y%m%dT%H%M%SZ}.txt"
        await self.save(name, "\n".join(lines) + "\n")

    async def save(self, name: str, text: str) -> None:
        """Write a file to where ``w`` writes, and say where."""
        path = (self._folder or Path.cwd()) / name
        try:
            await asyncio.to_thread(path.write_text, text, encoding="utf-8", newline="")
        except OSError as error:
            told = f"{path} cannot be written: {error.strerror}: start trueup in another folder"
            self.tell(told, bad=True)
        else:
            self.tell(f"written to {path}")

    def failed(self, error: BaseException) -> None:
        """Something failed inside the front end; the terminal and the daemon go on."""
        self.faults.append(error)
        self.tell(f"the front end failed inside ({type(error).__name__}): R reads anew", bad=True)

    @property
    def company_zone(self) -> str:
        return status.timezone if (status := self.link.state.status) is not None else ""

    @property
    def current(self) -> BaseScreen | None:
        """The view that is shown, also under a dialog."""
        return next((s for s in reversed(self.screen_stack) if isinstance(s, BaseScreen)), None)

    def view(self, name: str) -> BaseScreen:
        """The screen of that name; made when first asked for, and kept."""
        if name not in self._screens:
            found = view_named(name)
            assert found is not None, name
            self._screens[name] = screen = found.screen()
            self.install_screen(screen, f"{name}@{self._turns}")
        return self._screens[name]

    def tabs(self) -> tuple[Tab, ...]:
        known = counts(self.link.state)
        return tuple(
            Tab(view.name, view.number, view.title, view.count(known))
            for view in VIEWS
            if view.number
        )

    def clock_text(self) -> str:
        """What stands at the right of the header: the zone that instants are shown in."""
        return f"{self.zone} time"

    # -- how it works ----------------------------------------------------------------------

    def get_default_screen(self) -> Screen[Any]:
        """The first view is the first screen: none that shows nothing comes before it."""
        return self._first

    async def on_load(self) -> None:
        """What the first frame shows is read before it is drawn, if it comes soon."""
        self._follow()
        self._first = self._arrived(self._start if self.knows(self._start) else Address("overview"))
        with suppress(TimeoutError, TrueupError):
            async with asyncio.timeout(FIRST_S):
                await self.link.heard()
                await self._first.prepare()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.height < LOW, "-low")

    async def on_mount(self) -> None:
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for ending in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                loop.add_signal_handler(ending, self.exit, 0)
        self.set_interval(1.0, self._redraw)
        if not self.knows(self._start):
            await self.go(self._start)

    def _follow(self) -> None:
        self._following = self.run_worker(later(self.link.run), name=LINK, exit_on_error=False)

    async def look_at(self, moment: str) -> None:
        """As all stood at a moment; empty: now. Views are made anew: nothing of another stays."""
        here = self.current
        if moment == self.link.at or here is None:
            return
        address, old = here.address(), self._screens
        self._following.cancel()
        self.link = self._link(at=moment)
        self._screens, self._turns = {}, self._turns + 1
        self._follow()
        await self._open(address)
        for screen in old.values():
            if screen not in self.screen_stack:  # the first lies at the bottom to the end
                self.uninstall_screen(screen)

    def on_ready(self) -> None:
        """The first paint is out. What was made for it stays, so nobody need look at it again."""
        if not gc.isenabled():
            gc.freeze()
            gc.enable()

    def _redraw(self) -> None:
        """Ages in the header; nothing is sent to the terminal when the text is the same."""
        if self.current is not None and self.current.is_mounted:
            self.current.draw()

    def _state_changed(self, state: State) -> None:
        if self.link.refused:
            self.tell(self.link.refused, bad=True)
            self.link.refused = ""
        if self.current is not None:
            with self.batch_update():
                self.current.changed(state)

    def _arrived(self, address: Address) -> BaseScreen:
        screen = self.view(address.view)
        screen.visit(address)
        return screen

    async def _open(self, address: Address) -> None:
        screen, first = self._arrived(address), self.screen_stack[0]
        if self.current is screen:
            screen.reload()
        elif screen is first:
            await self.pop_screen()
        elif self.current is first:
            await self.push_screen(screen)
        else:
            await self.switch_screen(screen)

    async def action_number(self, number: int) -> None:
        view = next((view for view in VIEWS if view.number == number), None)
        if view is not None and isinstance(self.screen, BaseScreen):
            await self.go(self.view(view.name).address())

    def action_always(self, what: str) -> None:
        """A key of everywhere; in a dialog they are not ours."""
        if isinstance(self.screen, BaseScreen):
            self.run_worker(getattr(self, f"_{what}"), group="always", exit_on_error=False)

    async def _help(self) -> None:
        here = self.current
        if here is not None:
            from tui.dialogs import TextDialog

            off = {key.key: here.off(key) for key in here.KEYS}
            lines = help_lines(here.heading, here.KEYS, off)
            await self.push_screen(TextDialog("Help", lines))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "command_line":
            return isinstance(self.screen, BaseScreen) and not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    async def action_command_line(self) -> None:
        """The key ``:``. What was typed right behind it, in one go, belongs into the line."""
        from tui.dialogs import CommandDialog

        line = CommandDialog([view.name for view in VIEWS])
        await self.push_screen(line, self._commanded)
        line.take_keys()

    def _commanded(self, line: str | None) -> None:
        if line is not None:
            self.run_worker(later(self._do, line), group="always", exit_on_error=False)

    async def _do(self, line: str) -> None:
        match spoken(line):
            case "quit", _:
                await self._quit()
            case "now", _:
                await self.look_at("")
            case "at", "":
                self.tell(":at wants a moment: 2026-11-20, 2026-11-20T02:10, an entry", bad=True)
            case "at", moment:
                await self.look_at(moment)
            case _:
                await self.go(line)

    async def _command(self) -> None:
        await self.action_command_line()

    async def _back(self) -> None:
        here = self.current
        if here is not None and here.leave():
            return
        if self._before:
            await self._open(self._before.pop())

    async def _last(self) -> None:
        if self._before:
            await self.go(self._before.pop())

    async def _copy(self) -> None:
        if self.current is not None:
            text = clean(self.current.copied())
            self.copy_to_clipboard(text)
            self.tell(f"sent to your terminal: {text[:60]} (if nothing arrives: w writes a file)")

    async def _write(self) -> None:
        if self.current is not None:
            await self.write(self.current)

    async def _zone(self) -> None:
        self.zone = self.zone.next()
        self.tell(f"instants are shown in {self.zone} time")
        if self.current is not None:
            self.current.show_state(self.link.state)
            self.current.reload()
            self.current.draw()

    async def _theme(self) -> None:
        place = THEMES.index(self.theme) if self.theme in THEMES else -1
        self.theme = THEMES[(place + 1) % len(THEMES)]
        self.tell(f"theme {self.theme}")

    async def _refresh_view(self) -> None:
        here = self.current
        if here is None:
            return
        try:
            await self.link.refresh()
        except TrueupError as error:
            self.tell(sentence(error), bad=True)
        here.reload()

    async def _quit(self) -> None:
        marks = sum(screen.marks() for screen in self._screens.values())
        if marks:
            from tui.dialogs import ConfirmDialog

            facts = [("Marks", f"{marks:,} marked rows would be forgotten; nothing else is lost")]
            if await self.push_screen_wait(ConfirmDialog(Question("Quit?", "Quit", facts))) is None:
                return
        self.exit(0)

    def action_interrupt(self) -> None:
        now = self.clock.monotonic()
        if now - self._interrupted_at < TWICE_S:
            self.exit(0)
        else:
            self._interrupted_at = now
            self.tell("ctrl+c again quits")

    async def on_tab_strip_picked(self, event: TabStrip.Picked) -> None:
        await self.go(self.view(event.view).address())

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        from tui.palette import commands

        return commands(self)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.failed(event.worker.error)
            if event.worker.name == LINK:  # a view that cannot be drawn must not cost the link
                self.set_timer(1.0, self._follow)

    def _fatal_error(self) -> None:
        """End with the places of the failure and none of the data that it may quote."""
        from tui.fault import told

        self._exit_renderables.append(told())
        self._close_messages_no_wait()
