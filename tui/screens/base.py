"""What every screen is: header, tabs, banner, a body of its own, footer; keys from one table.

How to add a screen
-------------------
1. A module here with a subclass of ``BaseScreen`` (anything) or ``ListScreen`` (a long list,
   ``tui.screens.listed``). Set ``view`` (its name in addresses), ``heading`` and ``KEYS``; write
   ``body()``, which yields its widgets, and ``load()``, which asks the daemon and shows the answer.
2. One line in ``tui/views.py``. Number keys, tabs, the ``:`` line and the palette follow from it.

What to use
-----------
* The daemon: ``await self.ask(lambda daemon: daemon.record(text))``; ``None`` when it failed, and
  the person has been told why and what helps. Nothing else of the daemon may be imported but
  ``daemon.control.client``, ``protocol*`` and ``text``.
* Long lists: ``Rows`` with ``Column`` values (``tui.widgets.rows``); text that fits on a screen:
  ``Line`` and ``Lines`` (``tui.widgets.safe``). Never a ``Static`` of a plain string: ``safe()``.
* Keys: ``standard("approve", when="nothing_to_approve")`` from ``tui.keys``; the key's ``run``
  names a method here, which may be a coroutine (it runs in a worker). ``act`` names what the role
  must allow: without it the key is greyed, and pressing it says why.
* Acts: ask first (``said = await self.confirm(Question(...))``; ``None`` is no), then
  ``await self.carry_out("approve", lambda daemon: daemon.approve(...))``, which checks once more
  that the act is allowed now, tells the answer or the refusal, and reads the view anew.
* Long text: ``await self.read_text(title, lines)``. A word in passing: ``self.front.tell(text)``.
* Instants: ``self.front.when(text)``, in the zone that the person chose.

``load()`` is called when the screen is opened, when the daemon's state changed, and for ``R``;
never twice at once. Keep filter, position and marks in the screen: it lives as
long as the application, also while the daemon is gone.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from daemon.control.client import ControlClient
from ledger.model.errors import TrueupError
from tui.address import Address
from tui.keys import ALWAYS, Key
from tui.link import sentence
from tui.questions import Question, Said
from tui.state import Connection, Seen, State, banner, header, refusal
from tui.widgets.chrome import Banner, HeaderLine, Hint, Hints, TabStrip
from tui.work import later

if TYPE_CHECKING:
    from tui.app import TrueupApp

T = TypeVar("T")
FILTER = "filter"
"""The key behind which text follows."""


class BaseScreen(Screen[None]):
    """One view. See the module for how to make one."""

    view: ClassVar[str] = ""
    """Its name in addresses and after ``:``."""
    heading: ClassVar[str] = ""
    """Its name for people."""
    KEYS: ClassVar[tuple[Key, ...]] = ()
    FIRST_FOCUS: ClassVar[str] = ""
    """Selector of what gets the keys when the screen is opened."""

    def __init_subclass__(cls, **options: Any) -> None:
        if "KEYS" in cls.__dict__:
            cls.BINDINGS = [
                # What follows ``/`` in one go is text: before anything else looks at the key.
                Binding(
                    key.key,
                    f"press('{key.key}')",
                    key.label,
                    show=False,
                    priority=key.run == FILTER,
                )
                for key in cls.KEYS
            ]
        super().__init_subclass__(**options)

    def __init__(self) -> None:
        super().__init__()
        self.seen: Seen | None = None
        """When, and at which change, this view was last read."""
        self.note = ""
        """Why the last reading failed; empty: it did not."""
        self._header, self._tabs = HeaderLine(), TabStrip()
        self._banner, self._hints = Banner(), Hints()
        self._new = True
        self._loading = False
        self._again = False

    # -- what a screen overrides -----------------------------------------------------------

    def body(self) -> ComposeResult:
        """Its widgets, between banner and footer."""
        raise NotImplementedError

    async def prepare(self) -> None:
        """Read what the first frame should show, before there are widgets: only for the view that
        the application begins with. ``TrueupError`` may pass through."""

    async def load(self) -> None:
        """Read what is shown. ``TrueupError`` may pass through."""

    def show_state(self, state: State) -> None:
        """The state of the daemon changed: draw what hangs on it. Asks nothing."""

    def visit(self, address: Address) -> None:
        """Somebody came here by this address: take ``about`` and ``query`` from it."""

    def address(self) -> Address:
        """Where one is now, so that one can come back."""
        return Address(self.view)

    def lines(self) -> list[str]:
        """The view as text, for ``w``."""
        return [self.heading]

    async def written(self) -> list[str]:
        """The same where more must be asked for: all rows of a list."""
        return self.lines()

    def copied(self) -> str:
        """What ``y`` sends: the id, number or text under the cursor."""
        return str(self.address())

    def marks(self) -> int:
        """Marks that would be lost by leaving the application."""
        return 0

    def leave(self) -> bool:
        """Esc: close or clear something of this screen; ``False``: there was nothing to."""
        return False

    # -- what a screen uses ----------------------------------------------------------------

    @property
    def front(self) -> "TrueupApp":
        return cast("TrueupApp", self.app)

    @property
    def state(self) -> State:
        return self.front.link.state

    async def ask(self, question: Callable[[ControlClient], Awaitable[T]]) -> T | None:
        """The daemon's answer; ``None`` when there is none, and the person was told why."""
        try:
            return await self.front.link.ask(question)
        except TrueupError as error:
            self.front.tell(sentence(error), bad=True)
            return None

    async def confirm(self, question: Question) -> Said | None:
        """Ask before something happens; ``None`` is no. Only from a key's method."""
        from tui.dialogs import ConfirmDialog

        return await self.front.push_screen_wait(ConfirmDialog(question))

    async def read_text(self, title: str, lines: list[str]) -> None:
        """Show a text of any length and wait until it is closed."""
        from tui.dialogs import TextDialog

        await self.front.push_screen_wait(TextDialog(title, lines))

    async def carry_out(
        self,
        act: str,
        question: Callable[[ControlClient], Awaitable[T]],
        done: Callable[[T], str] = lambda answer: getattr(answer, "text", ""),
    ) -> T | None:
        """Do something through the daemon, if it is (still) allowed; tell how it went."""
        why = self.refusal(act)
        if why:
            self.front.tell(why, bad=True)
            return None
        answer = await self.ask(question)
        if answer is not None:
            if done(answer):
                self.front.tell(done(answer))
            self.reload()
        return answer

    def refusal(self, act: str) -> str:
        """Why this act is not allowed now; empty: it is."""
        return refusal(self.state, act, self.front.clock.now(), self.seen)

    def off(self, key: Key) -> str:
        """Why this key does nothing now; empty: it does."""
        why = self.refusal(key.act) if key.act else ""
        return why or (str(getattr(self, key.when)()) if key.when else "")

    def reload(self) -> None:
        """Read the view anew, in a worker; while it is being read, once more after that."""
        self._again = True
        if self.is_mounted and not self._loading:
            self._loading = True
            self.run_worker(later(self._load_all), group="load", exit_on_error=False)

    # -- how it works ----------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield self._header
        yield self._tabs
        yield self._banner
        yield from self.body()
        yield self._hints

    def on_mount(self) -> None:
        self.draw()
        self.show_state(self.state)  # what came while the screen was on its way in

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        event.refresh_styles = not self._new  # they were found when the widgets were made
        self._new = False
        self.draw()
        if self.FIRST_FOCUS and self.focused is None:
            # At once: put off, it would take the keys from a filter opened meanwhile.
            self.set_focus(self.query_one(self.FIRST_FOCUS))
        if self.seen is None or self.seen.changes != self.state.changes:
            self.reload()

    def changed(self, state: State) -> None:
        """The application tells of another state."""
        if not self.is_mounted or not self._header.is_attached:
            return
        self.draw()
        self.show_state(state)
        if self.seen is None or self.seen.changes != state.changes:
            self.reload()

    def draw(self) -> None:
        """Header, tabs, banner and footer; draws only what is another than before."""
        if not self._header.is_attached:
            return  # on its way in, or out
        now, state = self.front.clock.now(), self.state
        standing, is_live = banner(state, now), state.connection is Connection.LIVE
        self._header.show(header(state, now), self.front.clock_text())
        self._tabs.show(self.front.tabs(), self.view)
        # What just failed here comes before what stands everywhere, such as a pause.
        self._banner.say((is_live and self.note) or standing or self.note)
        self._hints.show(self.hints())

    def hints(self) -> list[Hint]:
        """``?`` and enter first, for a narrow footer drops the last."""
        keys = sorted(self.KEYS, key=lambda key: key.key != "enter")
        first, rest = ALWAYS[0], ALWAYS[1:]
        enter = [key for key in keys if key.key == "enter"]
        shown = [first, *enter, *(key for key in keys if key.key != "enter"), *rest]
        return [
            Hint(key.shown, key.label, off=bool(key in keys and self.off(key)))
            for key in shown
            if key.footer
        ]

    def action_press(self, pressed: str) -> None:
        key = next(key for key in self.KEYS if key.key == pressed)
        why = self.off(key)
        if why:
            self.front.tell(f"{key.label}: {why}", bad=True)
            return
        if key.run == FILTER:
            getattr(self, key.run)()
        else:
            self.run_worker(later(self._press, key), group="act", exit_on_error=False)

    async def _press(self, key: Key) -> None:
        try:
            told = getattr(self, key.run)()
            if isinstance(told, Awaitable):
                await told
        except TrueupError as error:
            self.front.tell(sentence(error), bad=True)

    async def _load_all(self) -> None:
        try:
            while self._again:
                self._again = False
                await self._load()
        finally:
            self._loading = False

    async def _load(self) -> None:
        state = self.state
        if state.status is None:
            return
        seen = Seen(self.front.clock.now(), state.changes)
        try:
            await self.load()
        except TrueupError as error:
            self.note = sentence(error)
        else:
            self.seen, self.note = seen, ""
        self.draw()

    def on_rows_loaded(self) -> None:
        self.draw()  # what a key may do hangs on whether there is a row

    def on_rows_moved(self) -> None:
        self.draw()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.front.failed(event.worker.error)
