"""One entry of the ledger on top of the timeline, and what a proof of the chain says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from daemon.control.protocol_drift import TimelineRow
from daemon.control.protocol_ledger import VerifyAnswer
from daemon.control.text import clean, plural
from tui.dialogs import Dialog
from tui.widgets.diff import SheetLine
from tui.widgets.safe import Line
from tui.widgets.sheet import Sheet

RECORD = "record"
"""What the cursor of the dialog can stand on."""


@dataclass(frozen=True)
class Proof:
    """What came of the last verification."""

    answer: VerifyAnswer
    noted: str = ""
    """The hash of the head that somebody wrote down elsewhere."""

    @property
    def word(self) -> str:
        if not self.answer.ok:
            return f"x CHAIN BROKEN: {plural(len(self.answer.problems), 'problem')}"
        short = f"{self.answer.head_hash[:8]}..{self.answer.head_hash[-4:]}"
        return f"+ chain ok to {self.answer.entries:,}, head {short}{self._compared}"

    @property
    def _compared(self) -> str:
        if not self.noted:
            return ""
        same = self.answer.head_hash.startswith(self.noted)
        return ", as noted" if same else ", NOT the one noted"

    def lines(self) -> list[str]:
        answer = self.answer
        told = [
            self.word,
            "",
            f"Entries   {answer.entries:,}",
            f"Head hash {answer.head_hash}",
            f"Erased    {answer.erased_payloads:,} bodies, by retention",
        ]
        if self.noted:
            told.append(f"Noted     {self.noted}")
            if not answer.head_hash.startswith(self.noted):
                told.append(
                    "          another hash: of an earlier head, if entries were added since you "
                    "noted it; otherwise this is not the ledger that you saw"
                )
        else:
            told.append("Compare the hash with the one that you noted elsewhere, or note it now.")
        return [*told, *(["", "Problems", *answer.problems] if answer.problems else [])]


class EntryDialog(Dialog[str | None]):
    """One entry whole; enter on its record opens that."""

    AUTO_FOCUS = "#entry"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "close", show=False),
        Binding("y", "copy", show=False),
    ]
    DEFAULT_CSS = """
    EntryDialog { align: center middle; }
    EntryDialog .dialog { height: 90%; }
    """

    def __init__(self, row: TimelineRow, told: Sequence[str], *, plain: bool) -> None:
        super().__init__()
        self.row = row
        self.told = tuple(told)
        self.plain = plain

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Line(f"Entry {self.row.seq}", classes="dialog-title")
            yield Sheet(plain=self.plain, id="entry")
            yield Line("enter opens the record   y copies the number   esc closes")

    def on_mount(self) -> None:
        self.query_one(Sheet).show(self._lay_out, from_top=True)

    def _lay_out(self, width: int) -> list[SheetLine]:
        row = self.row
        record = f"{row.label}  ({row.record})" if row.label else row.record
        if record:
            first = SheetLine(clean(f"Record   {record}   enter opens it"), "bold", RECORD)
        else:
            first = SheetLine("Record   (none, or several)")
        lines = [first]
        for text in map(clean, self.told):
            lines += [SheetLine(part) for part in _folded(text, width)]
        return lines

    def on_sheet_opened(self, event: Sheet.Opened) -> None:
        event.stop()
        _ = self.dismiss(self.row.record)

    def action_close(self) -> None:
        _ = self.dismiss(None)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(str(self.row.seq))


def _folded(text: str, width: int) -> list[str]:
    """Long text in several lines, without regard to words: it is JSON and sentences."""
    return [text[at : at + width] for at in range(0, len(text), width)] or [""]
