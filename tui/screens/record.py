"""One record whole: the three-way diff, what will be sent, what holds it, and its life."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual import events
from textual.app import ComposeResult

from daemon.control.protocol import (
    HoldShown,
    LinkRequest,
    OperationShown,
    RetryRequest,
    WithdrawRequest,
)
from daemon.control.protocol_drift import FieldShown, RecordAnswer
from daemon.control.text import plural
from tui.address import Address
from tui.dialogs import Question, Said
from tui.keys import Key, standard
from tui.screens import asides
from tui.screens.acts import told_approved
from tui.screens.approval import of_operations, question, waits
from tui.screens.finding import FIND, Finds
from tui.screens.listed import ListScreen
from tui.screens.recording import (
    Candidate,
    Spot,
    candidates,
    opened,
    request_lines,
    sheet_lines,
    side_lines,
    spots,
    title_text,
)
from tui.state import environment
from tui.times import Zone
from tui.widgets.diff import SheetLine
from tui.widgets.safe import Line, Lines
from tui.widgets.sheet import Sheet

WIDE = 100
FILE_WIDTH = 118
"""Columns of the text that ``w`` writes."""
CONFLICTS = "conflicts"
SENT = "Confirmed"
UNDO = "change it in the system that owns it, and that change follows"


class RecordScreen(Finds):
    view = "record"
    heading = "Record"
    FIRST_FOCUS: ClassVar[str] = "Sheet"
    KEYS: ClassVar[tuple[Key, ...]] = (
        standard(
            "open",
            when="nothing_to_open",
            cli="trueup drift show RECORD",
            help="all of the field, change or hold",
        ),
        standard("approve", when="nothing_to_approve"),
        standard("skip", when="nothing_to_skip"),
        standard("retry", when="nothing_to_retry"),
        Key(
            "equals_sign",
            "Same fields",
            "fold",
            cli="trueup drift show RECORD --all",
            help="show or hide the fields that are the same",
        ),
        standard("withdraw", when="nothing_to_withdraw"),
        standard("link", when="no_candidate"),
        standard("apart", when="no_candidate", footer=False),
        standard("previous", help="the record before it in the list that one came from"),
        standard("next", help="the record after it in the list that one came from"),
        *FIND,
    )

    def __init__(self) -> None:
        super().__init__()
        self.about = ""
        """What was asked for: an id, reference, SKU, code or number."""
        self.came_from = ""
        """The list that one came from."""
        self.shown: RecordAnswer | None = None
        self.asked_at = 0  # the entry up to which was shown what is asked about
        self.everything = self._anew = False
        self._spots: dict[str, Spot] = {}
        self._zone: Zone | None = None

    # -- where one is ----------------------------------------------------------------------

    def visit(self, address: Address) -> None:
        self.came_from = address.get("from")
        if address.about != self.about:
            self._about(address.about)

    def _about(self, about: str) -> None:
        """Another record: nothing of the one before it may stand under its name."""
        self.about, self.shown, self.seen, self.note = about, None, None, ""
        self._anew = True
        if self.is_mounted:
            self._say()

    def address(self) -> Address:
        return Address(self.view, self.about, {"from": self.came_from} if self.came_from else {})

    def body(self) -> ComposeResult:
        yield Line("", id="title", classes="title")
        yield Lines(id="sides")
        yield Sheet(plain=self.front.plain)

    async def load(self) -> None:
        about = self.about
        if not about:
            return
        shown = await self.front.link.ask(lambda daemon: daemon.record(about))
        if about != self.about:
            return
        before, zone = self.shown, self.front.zone
        self.shown, self._spots = shown, spots(shown)
        if before is None or zone is not self._zone or not _same(before, shown):
            self._zone = zone
            self._say()
        else:
            self._say_head()

    def on_mount(self) -> None:
        self._say()

    def on_resize(self, _event: events.Resize) -> None:
        self._say()

    def on_sheet_moved(self) -> None:
        self._say_head()
        self.draw()  # what l may do hangs on what the cursor is on

    def on_sheet_opened(self) -> None:
        self.action_press("enter")

    def _say(self) -> None:
        self._say_head()
        sheet = self.query_one(Sheet)
        if self.shown is None:
            sheet.show(lambda _width: ())
            return
        sheet.show(self._lay_out, from_top=self._anew)
        self._anew = False

    def _say_head(self) -> None:
        shown, wide = self.shown, self.size.width >= WIDE
        where = f" {self.came_from.capitalize()} > " if self.came_from else " "
        if shown is None:
            named = self.about or "no record: type : record SKU"
            self.query_one("#title", Line).say(f"{where}{named}")
            self.query_one("#sides", Lines).say([" reading ..." if self.about else ""])
            return
        told = f"{where}{title_text(shown)}"
        spot = self.spot()
        if isinstance(spot, FieldShown) and spot.group:
            told += f" > {spot.group}"  # the heading may have scrolled away
        elif wide:
            told += f"   {shown.record}{'   [ previous  ] next' if self.came_from else ''}"
        self.query_one("#title", Line).say(told)
        lines = side_lines(shown, self._when, wide=wide)
        lines[-1] += f"   as of {self.front.when(shown.as_of.isoformat(), short=True)}"
        self.query_one("#sides", Lines).say(lines)

    def _when(self, at: str) -> str:
        return self.front.when(at, short=self.size.width < WIDE)

    def _lay_out(self, width: int) -> Sequence[SheetLine]:
        if self.shown is None:
            return ()
        return list(sheet_lines(self.shown, width, self._when, everything=self.everything))

    def fold(self) -> None:
        """The key ``=``."""
        self.everything = not self.everything
        self._say()

    async def previous(self) -> None:
        await self._step(-1)

    async def next(self) -> None:
        await self._step(1)

    async def _step(self, step: int) -> None:
        """To the record beside it in the list that one came from."""
        view = self.front.view(self.came_from) if self._listed() else None
        if not isinstance(view, ListScreen) or not view.is_mounted:
            self.front.tell("one did not come here from a list: open a record there with enter")
            return
        rows = view.rows
        place, row = rows.index, rows.neighbour(step)
        if row is None:
            self.front.tell("that part of the list is still being read: once more")
        elif rows.index == place:
            self.front.tell("this is the last one" if step > 0 else "this is the first one")
        elif record := getattr(row, "record", ""):
            self._about(record)
            self.reload()

    def _listed(self) -> bool:
        return bool(self.came_from) and self.front.knows(Address(self.came_from))

    # -- looking ---------------------------------------------------------------------------

    def spot(self) -> Spot | None:
        """What the cursor is on."""
        if self.shown is None or not self.is_mounted:
            return None
        return self._spots.get(self.query_one(Sheet).stop)

    def nothing_to_open(self) -> str:
        return "" if self.spot() is not None else "nothing under the cursor has more to show"

    async def open(self) -> None:
        """All of it; a field in conflict is met where conflicts are answered, if that is here."""
        spot, shown = self.spot(), self.shown
        if spot is None or shown is None:
            return
        conflict = isinstance(spot, FieldShown) and spot.status == "conflict"
        answers = isinstance(spot, HoldShown) and bool(spot.conflict)
        if (conflict or answers) and self.front.knows(Address(CONFLICTS)):
            await self.front.go(Address(CONFLICTS, shown.record))
            return
        title, lines = opened(spot, shown, self._when)
        if conflict:
            cure = f"trueup conflict resolve {shown.record} says which value is right"
            lines += ["", cure]
        if isinstance(spot, OperationShown):
            digest = spot.digest
            request = await self.ask(lambda daemon: daemon.request(digest))
            lines += request_lines(request) if request is not None else []
        await self.read_text(title, lines)

    def copied(self) -> str:
        return self.shown.record if self.shown is not None else self.about

    def lines(self) -> list[str]:
        head = [self.query_one("#title", Line).said, *self.query_one("#sides", Lines).said, ""]
        return [*head, *self.query_one(Sheet).lines_at(FILE_WIDTH)]

    # -- acts ------------------------------------------------------------------------------

    def _operations(self) -> tuple[OperationShown, ...]:
        return self.shown.operations if self.shown is not None else ()

    def _holds(self) -> tuple[HoldShown, ...]:
        return self.shown.holds if self.shown is not None else ()

    def nothing_to_approve(self) -> str:
        return "" if any(map(waits, self._operations())) else "nothing of it waits for an approval"

    async def approve(self) -> None:
        shown = self.shown
        if shown is None:
            return
        chosen = of_operations(title_text(shown), shown.operations)
        asked = question(chosen, self.state.status, environment(self.state))
        said = await self.confirm(asked)
        if said is not None:
            count = len(chosen.digests)
            await self.carry_out(
                "approve",
                lambda d: d.approve(chosen.digests, expect_count=count, note=said.reason),
                done=told_approved,
            )

    def nothing_to_skip(self) -> str:
        open_ones = [one for one in self._operations() if one.reason != "skipped"]
        holds = [hold for hold in self._holds() if not hold.skipped]
        return "" if open_ones or holds else "nothing of it is planned or held"

    async def skip(self) -> None:
        effect = "nothing is sent for it until it changes or r takes it up; it stays a difference"
        said = await self._asks("Set it aside?", "Set aside", effect, aside=True)
        if said is not None and self.shown is not None:
            request = asides.request(self.shown.record, said, self.asked_at)
            await self.carry_out("skip", lambda daemon: daemon.skip(request))

    def nothing_to_retry(self) -> str:
        aside = any(one.reason == "skipped" for one in self._operations())
        stuck = any(hold.skipped or hold.code == "rejected" for hold in self._holds())
        return "" if aside or stuck else "nothing of it was refused or set aside"

    async def retry(self) -> None:
        effect = "what was refused or set aside is tried once more"
        said = await self._asks("Try it again?", "Try again", effect)
        if said is not None and self.shown is not None:
            record, seen = self.shown.record, self.asked_at
            request = RetryRequest(record=record, reason=said.reason, seen=seen)
            await self.carry_out("retry", lambda daemon: daemon.retry(request))

    def _approved(self) -> tuple[str, ...]:
        return tuple(one.digest for one in self._operations() if one.state == "approved")

    def nothing_to_withdraw(self) -> str:
        if self._approved():
            return ""
        if any(one.state in {"sending", "unknown"} for one in self._operations()):
            return "it is on its way: only another change undoes it"
        if self.shown is not None and any(row.entry == SENT for row in self.shown.history):
            return f"it was sent and cannot be called back: {UNDO}"
        return "nothing of it is approved and unsent"

    async def withdraw(self) -> None:
        digests = self._approved()
        effect = f"{plural(len(digests), 'change')} will wait for a yes again"
        said = await self._asks("Take back the yes?", "Take back", effect)
        if said is not None:
            request = WithdrawRequest(
                digests=digests, reason=said.reason, expect_count=len(digests)
            )
            await self.carry_out("approve", lambda daemon: daemon.withdraw(request))

    async def _asks(self, title: str, yes: str, effect: str, *, aside: bool = False) -> Said | None:
        """What was said; ``None`` is no."""
        shown = self.shown
        if shown is None:
            return None
        self.asked_at = shown.head
        company = self.state.status.company if self.state.status is not None else ""
        facts = [("Company", company), ("Record", title_text(shown)), ("Effect", effect)]
        asked = asides.question(title, facts)
        return await self.confirm(asked if aside else Question(title, yes, facts, "optional"))

    def _candidate(self) -> Candidate | None:
        """The one under the cursor, else the only one."""
        known = candidates(self.shown) if self.shown is not None else ()
        spot = self.spot()
        if isinstance(spot, Candidate):
            return spot if spot in known else None
        return known[0] if len(known) == 1 else None

    def no_candidate(self) -> str:
        if self._candidate() is not None:
            return ""
        several = self.shown is not None and candidates(self.shown)
        return "put the cursor on a candidate" if several else "nothing is proposed to belong to it"

    async def link(self) -> None:
        await self._answer(
            "link", "Is this the same thing?", "The same", "both become one record from now on"
        )

    async def apart(self) -> None:
        await self._answer(
            "apart", "Are these two things?", "Different", "they are never proposed again"
        )

    async def _answer(self, action: str, title: str, yes: str, effect: str) -> None:
        chosen, shown = self._candidate(), self.shown
        if chosen is None or shown is None:
            return
        candidate = chosen.candidate
        facts = [
            ("Record", f"{title_text(shown)} ({', '.join(side.ref for side in shown.sides)})"),
            ("Candidate", f"{candidate.label} ({candidate.ref})"),
            ("Evidence", candidate.evidence),
            ("Effect", effect),
        ]
        said = await self.confirm(Question(title, yes, facts, reason="optional"))
        if said is not None:
            request = msgspec.convert(
                {
                    "record": shown.record,
                    "ref": candidate.ref,
                    "action": action,
                    "reason": said.reason,
                    "seen": shown.head,
                },
                LinkRequest,
            )
            await self.carry_out("link", lambda daemon: daemon.link(request))


def _same(before: RecordAnswer, after: RecordAnswer) -> bool:
    """Whether there is nothing to draw anew."""
    return msgspec.structs.replace(after, as_of=before.as_of, head=before.head) == before
