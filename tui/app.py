"""The front end's one application: which view is shown, the keys of everywhere, words in passing.

Computes nothing of its own: what is known of the daemon is ``link.state``, what a view shows is
the view's. Everything that acts goes through the link to the daemon.
"""

import asyncio
import gc
import signal
import sys
import traceback
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from daemon.clock import Clock
from daemon.control.text import clean
from ledger.model.errors import TrueupError
from tui.address import Address, typed
from tui.dialogs import CommandDialog, ConfirmDialog, Question, TextDialog
from tui.keys import ALWAYS, help_lines
from tui.link import Link, sentence
from tui.screens.base import BaseScreen
from tui.state import State, counts, there
from tui.times import Zone, at_text
from tui.views import VIEWS, view_named
from tui.widgets.chrome import Tab, TabStrip

THEMES = ("textual-dark", "textual-light", "ansi-dark", "ansi-light")
LINK = "link"
"""Name of the worker that follows the daemon."""
TWICE_S = 3.0
"""Two presses of ctrl+c within this time leave."""
SHORT_S, LONG_S = 3.0, 5.0
"""How long a word in passing stands; a refusal has a cure to read."""
QUIT_WORDS = frozenset({"q", "quit", "exit"})


class TrueupApp(App[int]):
    """``TrueupApp(socket, clock).run()``"""

    CSS_PATH = "theme.tcss"
    ENABLE_COMMAND_PALETTE = True
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high")]  # noqa: RUF012  # as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"number({n})", show=False) for n in range(1, 8)),
        *(
            Binding(key.key, f"always('{key.run}')", key.label, show=False)
            for key in ALWAYS
            if key.key not in ("ctrl+p", "colon")
        ),
        Binding("colon", "command_line", show=False, priority=True),
        Binding("ctrl+c", "interrupt", show=False, priority=True),
        Binding("ctrl+q", "always('quit')", show=False),
    ]

    def __init__(
        self,
        socket: Path,
        clock: Clock,
        *,
        start: Address | None = None,
        read_only: bool = False,
        plain: bool = False,
        no_color: bool = False,
        folder: Path | None = None,
    ) -> None:
        """``plain``: ASCII only. ``folder``: where ``w`` writes; else where one is."""
        super().__init__(ansi_color=True if no_color else None)
        self.clock = clock
        self.plain = plain
        self.link = Link(socket, clock, read_only=read_only, on_change=self._state_changed)
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
        self.animation_level = "none"
        self.set_class(plain, "-plain")
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
        status = self.link.state.status
        return status.timezone if status is not None else ""

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
            self.install_screen(screen, name)
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

    async def on_mount(self) -> None:
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for ending in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                loop.add_signal_handler(ending, self.exit, 0)
        self._follow()
        await self._open(self._start if self.knows(self._start) else Address("overview"))
        self.set_interval(1.0, self._redraw)
        if not self.knows(self._start):
            await self.go(self._start)

    def _follow(self) -> None:
        self.run_worker(self.link.run(), name=LINK, exit_on_error=False)

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
        if self.current is not None:
            with self.batch_update():
                self.current.changed(state)

    async def _open(self, address: Address) -> None:
        screen = self.view(address.view)
        screen.visit(address)
        if self.current is screen:
            screen.reload()
        elif self.current is None:
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
            self.run_worker(getattr(self, f"_{what}")(), group="always", exit_on_error=False)

    async def _help(self) -> None:
        here = self.current
        if here is not None:
            off = {key.key: here.off(key) for key in here.KEYS}
            lines = help_lines(here.heading, here.KEYS, off)
            await self.push_screen(TextDialog("Help", lines))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "command_line":
            return isinstance(self.screen, BaseScreen) and not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    async def action_command_line(self) -> None:
        """The key ``:``. What was typed right behind it, in one go, belongs into the line."""
        line = CommandDialog([view.name for view in VIEWS])
        await self.push_screen(line, self._commanded)
        line.take_keys()

    def _commanded(self, line: str | None) -> None:
        if line is not None:
            leaves = line.lower() in QUIT_WORDS
            said = self._quit() if leaves else self.go(line)
            self.run_worker(said, group="always", exit_on_error=False)

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
        for view in VIEWS:
            cli = f"on the command line: {view.cli}" if view.cli else "opens the view"
            yield SystemCommand(view.title, cli, lambda name=view.name: self._palette_go(name))
        here = self.current
        for key in here.KEYS if here is not None else ():
            told = f"on the command line: {key.cli}" if key.cli else key.help or key.label
            yield SystemCommand(
                f"{key.label} ({key.shown})", told, lambda k=key.key: self._palette_press(k)
            )
        for key in ALWAYS:
            if key.key != "ctrl+p":
                yield SystemCommand(
                    f"{key.label} ({key.shown})",
                    key.help or key.label,
                    lambda run=key.run: self.action_always(run),
                )

    def _palette_go(self, name: str) -> None:
        self.run_worker(self.go(self.view(name).address()), exit_on_error=False)

    def _palette_press(self, key: str) -> None:
        if self.current is not None:
            self.current.action_press(key)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.failed(event.worker.error)
            if event.worker.name == LINK:  # a view that cannot be drawn must not cost the link
                self.set_timer(1.0, self._follow)

    def _fatal_error(self) -> None:
        """End with the places of the failure and none of the data that it may quote."""
        kind, _, trace = sys.exc_info()
        places = [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)[-12:]]
        name = kind.__name__ if kind is not None else "unknown"
        told = ["trueup tui failed inside and ended; the daemon is not affected.", *places]
        self._exit_renderables.append(Text("\n".join([*told, f"  {name}"])))
        self._close_messages_no_wait()
