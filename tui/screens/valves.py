"""Run a cycle now, and stop or resume writing for a scope: the same on every screen that offers it.

Asks first, and the daemon decides; a pause lets reading and planning go on.
"""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList

from daemon.control.protocol import CycleAnswer
from daemon.control.protocol_valves import PauseRequest, PauseShown, ResumeRequest
from daemon.control.slugs import nouns
from daemon.control.text import plural
from tui.dialogs import Dialog, Question
from tui.screens.base import BaseScreen
from tui.widgets.safe import Line, safe


class ChoiceDialog(Dialog[int | None]):
    """One of several, by its place; ``None``: none of them."""

    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", show=False),
        Binding("j", "step(1)", show=False),
        Binding("k", "step(-1)", show=False),
    ]
    DEFAULT_CSS = """
    ChoiceDialog { align: center middle; }
    ChoiceDialog OptionList { height: auto; max-height: 14; border: none; padding: 0; }
    """

    def __init__(self, title: str, choices: Sequence[str]) -> None:
        super().__init__()
        self.heading = title
        self.choices = tuple(choices)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Line(self.heading, classes="dialog-title")
            options = OptionList(compact=True)
            options.add_options([safe(choice) for choice in self.choices])
            options.highlighted = 0
            yield options
            yield Line("enter goes on (and asks for a reason)   esc closes")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        _ = self.dismiss(event.option_index)

    def action_no(self) -> None:
        _ = self.dismiss(None)

    def action_step(self, step: int) -> None:
        options = self.query_one(OptionList)
        if step > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()


async def compare(screen: BaseScreen) -> None:
    """Run a cycle now and tell how it ended."""
    if not screen.refusal("cycle"):
        screen.front.tell("comparing now: the result is told when the cycle ends")
    await screen.carry_out("cycle", lambda daemon: daemon.cycle(), told_cycle)


def told_cycle(answer: CycleAnswer) -> str:
    report = answer.report
    told = f"cycle ended: {plural(report.planned, 'change')} planned, {report.confirmed:,} written"
    for count, word in ((report.rejected, "refused"), (report.unknown, "with its reply lost")):
        if count:
            told += f", {count:,} {word}"
    return f"{told}, {report.held:,} held"


async def pause(screen: BaseScreen, kind: str = "", system: str = "") -> None:
    """Choose a scope (``kind`` and ``system`` are those of the row that one is on), then why."""
    status = screen.state.status
    if status is None:
        return
    standing = {(one.kind, one.system): one for one in status.pauses}
    scopes = [*standing, *(scope for scope in _scopes(kind, system) if scope not in standing)]
    words = [_choice(scope, standing.get(scope)) for scope in scopes]
    place: int | None = 0
    if len(scopes) > 1:
        place = await screen.front.push_screen_wait(ChoiceDialog("Pause or resume writing", words))
    if place is None:
        return
    scope = scopes[place]
    what = scope_text(*scope)
    facts = [("Company", status.company), ("Scope", what)]
    kind, system = scope
    if scope in standing:
        facts += [("Paused by", standing[scope].by), ("Reason", standing[scope].reason)]
        question = Question(f"Resume writing {what}?", "Resume", facts, reason="required")
        said = await screen.confirm(question)
        if said is not None:
            lift = ResumeRequest(kind=kind, system=system, reason=said.reason)
            await screen.carry_out("resume", lambda daemon: daemon.resume(lift))
        return
    facts.append(("Effect", "nothing of it is written; reading and planning go on"))
    facts.append(("Meanwhile", "what is on its way already is not called back"))
    said = await screen.confirm(
        Question(f"Pause writing {what}?", "Pause", facts, reason="required")
    )
    if said is not None:
        stop = PauseRequest(kind=kind, system=system, reason=said.reason)
        await screen.carry_out("pause", lambda daemon: daemon.pause(stop))


def _scopes(kind: str, system: str) -> list[tuple[str, str]]:
    """From the widest to the narrowest."""
    wider = [("", ""), ("", system), (kind, ""), (kind, system)]
    return list(dict.fromkeys(wider))


def scope_text(kind: str, system: str) -> str:
    what = nouns(kind) if kind else "everything"
    return f"{what} to {system}" if system else f"{what} to every system"


def _choice(scope: tuple[str, str], standing: PauseShown | None) -> str:
    what = scope_text(*scope)
    if standing is None:
        return f"Pause   {what}"
    return f"Resume  {what}   (paused by {standing.by}: {standing.reason})"
