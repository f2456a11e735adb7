"""Everything that asks for a decision about one record: the list, and the one that is chosen.

On a wide terminal the chosen one stands below the list; on a small one enter opens it as a screen
of its own. Nothing is decided here: that is ``conflict_acts``.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.timer import Timer

from daemon.control.protocol import Declined
from daemon.control.protocol_drift import (
    DriftRow,
    RecordAnswer,
)
from daemon.control.slugs import noun
from ledger.model.errors import TrueupError
from tui.address import Address
from tui.keys import Key, standard
from tui.link import sentence
from tui.screens import valves
from tui.screens.conflict_list import ConflictList
from tui.screens.deciding import Asked, asked, still, what_text
from tui.screens.decision_sheet import candidate_lines, sheet_lines
from tui.state import State
from tui.widgets.chrome import Hint
from tui.widgets.diff import SheetLine
from tui.widgets.picker import Picker
from tui.widgets.safe import Line
from tui.work import later

PREVIEW_S = 0.2
"""The cursor must rest so long before the record under it is read."""
WIDE, HIGH = 100, 30
"""A smaller terminal has no room for list and conflict at once."""
FILE_WIDTH = 118
MOST_CANDIDATES = 4


VALUES = {"Pick", "All left", "All right", "Edit"}
MATCHES = {"Link", "Different"}
"""Labels of keys that the footer names only where they are of use."""


class ConflictsScreen(ConflictList):
    view = "conflicts"
    heading = "Conflicts"
    filters: ClassVar[str] = "kind:bill reason:conflict amount>100 age>2d -text"
    DEFAULT_CSS = """
    ConflictsScreen.-beside Rows { height: 35%; }
    ConflictsScreen.-beside Picker { height: 1fr; }
    ConflictsScreen #which { text-style: bold; background: $panel; height: 1;
        text-wrap: nowrap; text-overflow: ellipsis; }
    """
    KEYS: ClassVar[tuple[Key, ...]] = (
        standard(
            "open",
            label="Open/decide",
            when="nothing_to_open",
            cli="trueup conflict resolve RECORD --field F --take SYSTEM --reason TEXT",
            help="open the conflict; in it: review what was picked, then resolve",
        ),
        Key(
            "left",
            "Pick",
            "pick_left",
            act="resolve",
            when="nothing_to_pick",
            cli="trueup conflict resolve RECORD --field F --take SYSTEM --reason TEXT",
            help="for the field under the cursor the value on the left; nothing is sent yet",
        ),
        Key(
            "right",
            "Pick",
            "pick_right",
            act="resolve",
            when="nothing_to_pick",
            help="the value on the right",
            footer=False,
        ),
        Key(
            "less_than_sign",
            "All left",
            "all_left",
            act="resolve",
            when="nothing_to_pick",
            help="for every field the value on the left",
        ),
        Key(
            "greater_than_sign",
            "All right",
            "all_right",
            act="resolve",
            when="nothing_to_pick",
            help="for every field the value on the right",
        ),
        Key(
            "e",
            "Edit",
            "type_own",
            act="resolve",
            when="nothing_to_type",
            cli="trueup conflict resolve RECORD --field F --value VALUE --reason TEXT",
            help="for the field under the cursor a value of your own, for both sides",
        ),
        standard("link", when="no_candidate"),
        standard("apart", when="no_candidate"),
        standard("skip", when="nothing_to_skip"),
        standard("retry", when="nothing_to_retry"),
        standard("approve", when="nothing_to_approve", footer=False),
        standard("filter"),
        Key("f", "Record", "record", when="nothing_shown", cli="trueup drift show RECORD"),
        standard("compare", footer=False, help="run a cycle now"),
        standard("pause", footer=False),
        standard("export", footer=False, help="write the list to a file as CSV"),
        standard("previous", help="the conflict before this one"),
        standard("next", help="the conflict after this one"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._waiting: Timer | None = None
        self._from_top = True
        self.candidates: dict[str, RecordAnswer] = {}
        """By their reference, the records that may be the one shown."""

    def below(self) -> ComposeResult:
        yield Line("", id="which")
        yield Picker(plain=self.front.plain)

    # -- which one is shown ----------------------------------------------------------------

    @property
    def beside(self) -> bool:
        """Whether list and conflict stand on the screen together."""
        return self.size.width >= WIDE and self.size.height >= HIGH

    def visit(self, address: Address) -> None:
        record = address.about or address.get("record")
        query = {name: text for name, text in address.query.items() if name != "record"}
        super().visit(Address(self.view, record or address.about, query))
        self.opened = record
        if record:
            self._turn_to(record)
        if self.is_mounted:
            self._arrange()

    def address(self) -> Address:
        query = {"filter": self.filter_text, **self.query_text}
        return Address(self.view, self.opened, query)

    def on_mount(self) -> None:
        self._arrange()

    def on_resize(self, _event: events.Resize) -> None:
        self._arrange()

    def on_screen_resume(self, _event: events.ScreenResume) -> None:
        self._arrange()

    def _arrange(self) -> None:
        """Give list and conflict their room, and the keys to the one that is at work."""
        picker, which = self.query_one(Picker), self.query_one("#which")
        self.set_class(self.beside, "-beside")
        alone = bool(self.opened) and not self.beside
        self.rows.display = not alone
        self.query_one("FilterLine").display = not alone
        picker.display = which.display = self.beside or alone
        picker.can_focus = bool(self.opened)
        if self.opened and self.focused is not picker:
            picker.focus()
        elif not self.opened and self.focused in (None, picker):
            self.rows.focus()
        self.show_decision()

    async def load(self) -> None:
        await super().load()
        await self._look()

    async def _look(self) -> None:
        """Read the record that is shown; picks of what has moved since are dropped."""
        about = self.opened or self.about
        if not about:
            return
        shown = await self.front.link.ask(lambda daemon: daemon.record(about))
        if about not in (self.opened, self.about):
            return
        candidates = await self._candidates_of(shown)
        if about not in (self.opened, self.about):
            return
        before, self.candidates = self.shown, candidates
        if self.opened == about:
            self.opened = shown.record
        self.about = shown.record
        if before is not None and before.record == shown.record:
            self._keep_picks(asked(before), asked(shown), shown.record)
        self.shown = shown
        self.show_decision()
        self.draw()

    async def _candidates_of(self, shown: RecordAnswer) -> dict[str, RecordAnswer]:
        """The records that may be this one, to stand beside it; without those that are gone."""
        refs = dict.fromkeys(one.ref for hold in shown.holds for one in hold.candidates)
        found: dict[str, RecordAnswer] = {}
        for ref in list(refs)[:MOST_CANDIDATES]:
            try:
                found[ref] = await self.front.link.ask(lambda daemon, ref=ref: daemon.record(ref))  # type: ignore[misc]
            except Declined:
                continue
        return found

    def _keep_picks(self, before: Sequence[Asked], now: Sequence[Asked], record: str) -> None:
        picks = self.picks.get(record, {})
        kept = still(before, now, picks)
        lost = [noun(one.field) for one in now if one.field in picks and one.field not in kept]
        if lost:
            self.front.tell(f"another value is shown since you picked: {', '.join(lost)}")
        self.picks[record] = kept

    def _turn_to(self, record: str) -> None:
        """Show another record."""
        if record != self.about:
            self.about, self.shown, self._from_top = record, None, True

    def moved(self, row: DriftRow | None) -> None:
        """The cursor of the list moved: what was opened stays until it is closed."""
        if self.opened or not self.beside:
            self._say_which()  # the place in the list
            return
        self._turn_to(row.record if row is not None else "")
        if self._waiting is not None:
            self._waiting.stop()
        self.show_decision()
        if self.about:
            self._waiting = self.set_timer(PREVIEW_S, self._read)

    def _read(self) -> None:
        work = later(self._read_shown)
        self.run_worker(work, group="preview", exclusive=True, exit_on_error=False)

    async def _read_shown(self) -> None:
        try:
            await self._look()
        except TrueupError as error:
            self.note = sentence(error)
            self.draw()

    # -- drawing ---------------------------------------------------------------------------

    def show_state(self, state: State) -> None:
        if self.rows.empty != self.why_empty():
            self.rows.empty = self.why_empty()
            self.rows.refresh()

    def show_decision(self) -> None:
        """The conflict that is shown, as it is known and picked now."""
        if not self.query(Picker):
            return
        shown = self.shown
        self._say_which()
        self.query_one(Picker).show(self._lay_out, from_top=self._from_top and shown is not None)
        if shown is not None:
            self._from_top = False

    def _say_which(self) -> None:
        self.query_one("#which", Line).say(f" {self._which(self.shown)}")

    def _which(self, shown: RecordAnswer | None) -> str:
        if shown is None:
            return "reading ..." if self.about else "no conflict is chosen"
        row = self.rows.selected()
        here = row is not None and row.record == shown.record
        place = f"{self.rows.index + 1} of {self.rows.total:,}   " if here else ""
        at = self._when(shown.agreed_at) if shown.agreed_at else ""
        entry = f", entry {shown.agreed_seq:,}" if self.size.width >= WIDE else ""
        agreed = f"   last agreed {at}{entry}" if at else "   never agreed"
        return f"{place}{what_text(shown)}{agreed}"

    def _when(self, at: str) -> str:
        return self.front.when(at, short=True)

    def _lay_out(self, width: int) -> Sequence[SheetLine]:
        if self.shown is None:
            return ()
        record = self.shown.record
        picks, decided = self.picks.get(record, {}), self.decided.get(record)
        found = list(sheet_lines(self.shown, picks, width, self._when, decided))
        return [*found, *candidate_lines(self.shown, self.candidates, width)]

    def hints(self) -> list[Hint]:
        """In the list the keys of the list; in a conflict those of the answers that it has."""
        if not self.opened:
            spare = VALUES | MATCHES
        else:
            spare = {"Filter"} | (set() if self._fields() else VALUES)
            spare |= MATCHES if self.no_candidate() else set()
        told = {"Open/decide": "Review" if self.opened else "Open"}
        return [
            msgspec.structs.replace(hint, label=told.get(hint.label, hint.label))
            for hint in super().hints()
            if hint.label not in spare
        ]

    def on_sheet_moved(self) -> None:
        self.draw()

    def on_sheet_opened(self) -> None:
        self.action_press("enter")

    # -- opening, leaving, files -----------------------------------------------------------

    def nothing_to_open(self) -> str:
        if self.opened:
            return self.nothing_to_review()
        return "" if self.is_mounted and self.rows.selected() else "no row is under the cursor"

    async def open(self) -> None:
        """From the list into the conflict; in it, on to the review."""
        if self.opened:
            await self.review()
            return
        row = self.rows.selected()
        if row is not None:
            self._open(row.record)

    def _open(self, record: str) -> None:
        self._turn_to(record)
        self.opened = record
        self._arrange()
        self._read()

    def leave(self) -> bool:
        if self.opened:
            self.opened = ""
            self._arrange()
            self.moved(self.rows.selected())
            return True
        return super().leave()

    def previous(self) -> None:
        self._step(-1)

    def next(self) -> None:
        self._step(1)

    def _step(self, step: int) -> None:
        row = self.rows.neighbour(step)
        if self.opened and row is not None:
            self._open(row.record)

    async def record(self) -> None:
        """The whole record, with the fields that are the same and all of its life."""
        if self.shown is not None:
            await self.front.go(Address("record", self.shown.record, {"from": self.view}))

    async def compare(self) -> None:
        await valves.compare(self)

    async def pause(self) -> None:
        row = self.rows.selected()
        await valves.pause(self, row.kind if row else "")

    def lines(self) -> list[str]:
        """What is opened, or the list with what stands below it."""
        told = [] if self.opened else [*super().lines(), ""]
        if self.shown is None:
            return told
        sheet = self.query_one(Picker).lines_at(FILE_WIDTH)
        return [*told, self._which(self.shown), "", *sheet]

    async def written(self) -> list[str]:
        return self.lines() if self.opened else await super().written()

    def copied(self) -> str:
        return self.opened or super().copied()
