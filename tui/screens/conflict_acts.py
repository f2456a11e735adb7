"""A person's answers to a conflict: which value is right, what belongs together, what to retry.

Every answer is reviewed first, needs a reason, and is given through the daemon. Values are resolved
one field after the other: where one is refused it is said how far it came.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from daemon.control.client import ControlClient
from daemon.control.frame import Json
from daemon.control.protocol import DoneAnswer, LinkRequest, ResolveRequest, RetryRequest
from daemon.control.protocol_drift import DriftRow, RecordAnswer
from daemon.control.slugs import noun
from daemon.control.text import plural
from ledger.model.errors import TrueupError
from tui.dialogs import Question
from tui.link import sentence
from tui.screens.acts import told_approved
from tui.screens.approval import of_operations, question, waits
from tui.screens.choosing import LineDialog
from tui.screens.deciding import (
    Answer,
    Asked,
    Own,
    Pick,
    answers,
    asked,
    counted,
    moved,
    picked,
    sentences,
    spots,
    targets,
    turned,
    typed_text,
    uses_text,
    what_text,
)
from tui.screens.decision_sheet import Decided
from tui.screens.drift_acts import DriftActs
from tui.state import environment
from tui.widgets.diff import now_text
from tui.widgets.picker import Picker

MOST_TOLD = 4
MOST_VALUE = 4_000
Takes = Mapping[str, tuple[Pick, Mapping[str, Json]]]
VOID = "as soon as either side shows another value, this answer counts for nothing"


class ConflictActs(DriftActs):
    """A list of records that ask for a decision, and what can be said of the one shown."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = ""
        """The record that was opened; empty: the list has the keys."""
        self.about = ""
        """The record that is shown: the one opened, else the one under the cursor."""
        self.shown: RecordAnswer | None = None
        self.picks: dict[str, dict[str, Pick]] = {}
        """Record -> field -> what is right."""
        self.decided: dict[str, Decided] = {}

    def show_decision(self) -> None:
        """Draw the conflict that is shown anew."""
        raise NotImplementedError

    # -- picking: decides nothing yet ------------------------------------------------------

    def chosen(self) -> tuple[DriftRow, ...]:
        """The conflict that is opened stands alone, whatever is marked in the list."""
        if not self.opened:
            return super().chosen()
        row = self.rows.selected()
        return (row,) if row is not None and row.record == self.opened else ()

    def _fields(self) -> tuple[Asked, ...]:
        return asked(self.shown) if self.shown is not None else ()

    def _picks(self) -> dict[str, Pick]:
        return self.picks.setdefault(self.shown.record, {}) if self.shown is not None else {}

    def spot(self) -> Asked | Answer | None:
        """What the cursor is on in the conflict."""
        if self.shown is None or not self.is_mounted:
            return None
        return spots(self.shown).get(self.query_one(Picker).stop)

    def nothing_to_pick(self) -> str:
        if not self.opened:
            return "enter opens the conflict first"
        return "" if self._fields() else "no value is asked about: see the answers below"

    def pick_left(self) -> None:
        self._pick(-1)

    def pick_right(self) -> None:
        self._pick(1)

    def _pick(self, step: int) -> None:
        spot = self.spot()
        one = spot if isinstance(spot, Asked) else None
        if one is None:
            self.front.tell("put the cursor on a field to pick its value")
            return
        self._take([one], step)

    def all_left(self) -> None:
        self._take(self._fields(), -len(self._fields()) - 9)

    def all_right(self) -> None:
        self._take(self._fields(), len(self._fields()) + 9)

    def _take(self, fields: Sequence[Asked], step: int) -> None:
        picks = self._picks()
        for one in fields:
            take = turned(one, picks.get(one.field), step)
            if take is not None:
                picks[one.field] = take
        self.show_decision()
        self.draw()

    def nothing_to_type(self) -> str:
        if not self.opened:
            return "enter opens the conflict first"
        spot = self.spot()
        if not isinstance(spot, Asked):
            return "put the cursor on a field to give it a value of your own"
        return "" if spot.may_be_own else "a value of your own is no answer here: choose a side"

    async def type_own(self) -> None:
        """A value that neither side shows; the daemon tries it on each and says what it becomes."""
        shown, one = self.shown, self.spot()
        if shown is None or not isinstance(one, Asked):
            return
        before = self._picks().get(one.field)
        told = [f"{name:<8} {now_text(one.values, name)}" for name in one.values]
        told.append("For both sides; empty clears the field. Nothing is sent yet.")
        title = f"{noun(one.field)} of {what_text(shown)}"
        dialog = LineDialog(title, told, value=typed_text(one, before), longest=MOST_VALUE)
        text = await self.front.push_screen_wait(dialog)
        if text is None:
            return
        request = resolution(shown, one.field, Own(text, {}), "tried", dry_run=True)
        tried = await self.ask(lambda daemon: daemon.resolve(request))
        if tried is not None:
            self.picks.setdefault(shown.record, {})[one.field] = Own(text, tried.becomes)
            self.show_decision()
            self.draw()

    # -- reviewing and answering -----------------------------------------------------------

    def nothing_shown(self) -> str:
        return "" if self.shown is not None else "no record is shown"

    def nothing_to_review(self) -> str:
        if self.shown is None:
            return "it is still being read"
        spot = self.spot()
        if isinstance(spot, Answer):
            return self.refusal("retry" if spot.act == "retry" else "link")
        if not self._fields():
            return "nothing is asked about this record now"
        if not picked(self._fields(), self._picks()):
            return (
                "nothing is picked yet: left and right pick a side for each field, e types a value"
            )
        return self.refusal("resolve")

    async def review(self) -> None:
        """Say exactly what follows, ask why, and answer."""
        spot = self.spot()
        if isinstance(spot, Answer):
            await self._say(spot)
        elif self.shown is not None:
            await self._resolve(self.shown)

    async def _resolve(self, shown: RecordAnswer) -> None:
        fields, picks = self._fields(), dict(self._picks())
        chosen = picked(fields, picks)
        count = plural(len(chosen), "field")
        asks = Question(
            f"Resolve {count} of {what_text(shown)}?",
            f"Resolve {len(chosen):,}",
            self._consequences(shown, fields, picks),
            reason="required",
        )
        said = await self.confirm(asks)
        if said is None or not await self._unmoved(shown, chosen):
            return
        requests = [resolution(shown, one.field, picks[one.field], said.reason) for one in chosen]
        await self.resolve_each(shown, requests)

    def _consequences(
        self, shown: RecordAnswer, fields: Sequence[Asked], picks: dict[str, Pick]
    ) -> list[tuple[str, str]]:
        status = self.state.status
        facts = [("Company", f"{status.company if status else ''} {environment(self.state)}")]
        facts.append(("In all", counted(fields, picks)))
        told = list(sentences(what_text(shown), fields, picks))
        facts += [("Will", text) for text in told[:MOST_TOLD]]
        if len(told) > MOST_TOLD:
            facts.append(("", f"and {len(told) - MOST_TOLD} more, all under Effect"))
        left = len(fields) - len(picked(fields, picks))
        if left:
            rest = "stays in conflict" if left == 1 else "stay in conflict"
            facts.append(("Open", f"{plural(left, 'field')} {rest}"))
        if uses := uses_text(shown):
            facts.append(("Used by", uses))
        if targets(fields, picks):
            facts.append(
                ("Then", "the next cycle plans it; the gate may still ask for an approval")
            )
        facts.append(("Void", VOID))
        return facts

    async def _unmoved(self, shown: RecordAnswer, chosen: Sequence[Asked]) -> bool:
        """Whether what was reviewed is still what both sides show: read once more."""
        now = await self.ask(lambda daemon: daemon.record(shown.record))
        if now is None:
            return False
        known = {one.field: one for one in asked(now)}
        gone = [noun(one.field) for one in chosen if moved(one, known.get(one.field))]
        if gone:
            told = f"{', '.join(gone)} moved while you decided; nothing was resolved: look again"
            self.front.tell(told, bad=True)
            self.reload()
        return not gone

    async def resolve_each(self, shown: RecordAnswer, requests: Sequence[ResolveRequest]) -> None:
        """The daemon takes one field at a time."""
        why = self.refusal("resolve")
        if why:
            self.front.tell(why, bad=True)
            return
        done: list[str] = []
        values = {one.field: one.seen for one in asked(shown)}
        for request in requests:
            try:
                answer = await self.front.link.ask(lambda d, request=request: d.resolve(request))  # type: ignore[misc]
            except TrueupError as error:
                before = f"decided: {', '.join(done)}; " if done else "nothing was decided: "
                left = len(requests) - len(done) - 1
                after = f"; {plural(left, 'field')} not tried" if left else ""
                told = f"{before}{noun(request.field)} was refused: {sentence(error)}{after}"
                self.front.tell(told, bad=True)
                break
            done.append(f"{noun(request.field)} = {request.take or request.value}")
            self._picks().pop(request.field, None)
            pick = request.take or Own(request.value or "", answer.becomes)
            takes = {request.field: (pick, values.get(request.field, {}))}
            self._remember(shown.record, answer, ", ".join(done), takes)
        else:
            self.front.tell(f"resolved {', '.join(done)}: the next cycle plans it")
        self.reload()

    def _remember(
        self, record: str, answer: DoneAnswer, text: str, takes: Takes | None = None
    ) -> None:
        before = self.decided.get(record)
        first = min(before.seq, answer.seq) if before is not None else answer.seq
        known = {**(before.takes if before is not None else {}), **(takes or {})}
        self.decided[record] = Decided(seq=first, text=text, takes=known)

    # -- answers that are no values --------------------------------------------------------

    def no_candidate(self) -> str:
        if self.shown is None:
            return "no record is shown"
        found = any(one.act in ("link", "apart") for one in answers(self.shown))
        return "" if found else "there is no candidate to link"

    def _candidate(self, act: str) -> Answer | None:
        """The candidate under the cursor, or the only one there is."""
        found = [a for a in answers(self.shown) if a.act in ("link", "apart")] if self.shown else []
        spot = self.spot()
        refs = {one.ref for one in found}
        ref = spot.ref if isinstance(spot, Answer) and spot.ref in refs else ""
        if not ref and len(refs) == 1:
            ref = next(iter(refs))
        return next((one for one in found if one.ref == ref and one.act == act), None)

    async def link(self) -> None:
        await self._match("link", "put the cursor on the candidate that is meant")

    async def apart(self) -> None:
        await self._match("apart", "that candidate can only be linked, or left as it is")

    async def _match(self, act: str, otherwise: str) -> None:
        answer = self._candidate(act)
        if answer is None:
            self.front.tell(otherwise, bad=True)
        else:
            await self._say(answer)

    async def _say(self, answer: Answer) -> None:
        """One of the other answers, after its effect was read."""
        shown = self.shown
        if shown is None:
            return
        titles = {
            "link": f"Link {answer.ref} with {what_text(shown)}?",
            "apart": f"Is {answer.ref} another thing than {what_text(shown)}?",
            "unlink": f"Unlink {answer.ref} from {what_text(shown)}?",
            "retry": f"Try {what_text(shown)} again?",
        }
        words = {"link": "Link", "apart": "They differ", "unlink": "Unlink", "retry": "Try again"}
        status = self.state.status
        facts = [
            ("Company", status.company if status is not None else ""),
            ("Record", f"{what_text(shown)} ({shown.record})"),
            ("Answer", answer.words),
            ("Effect", answer.effect),
        ]
        if uses := uses_text(shown):
            facts.append(("Used by", uses))
        said = await self.confirm(
            Question(titles[answer.act], words[answer.act], facts, reason="required")
        )
        if said is None:
            return
        act = "retry" if answer.act == "retry" else "link"
        done = await self.carry_out(act, _request(shown, answer, said.reason))
        if done is not None:
            self._remember(shown.record, done, done.text)

    # -- what waits for it -----------------------------------------------------------------

    def nothing_to_approve(self) -> str:
        operations = self.shown.operations if self.shown is not None else ()
        return "" if any(map(waits, operations)) else "nothing of this record waits for a yes"

    async def approve(self) -> None:
        """Of the record that is shown: what followed from its resolution may wait for a yes."""
        shown = self.shown
        if shown is None:
            return
        chosen = of_operations(what_text(shown), shown.operations)
        said = await self.confirm(question(chosen, self.state.status, environment(self.state)))
        if said is not None:
            await self.carry_out(
                "approve",
                lambda d: d.approve(
                    chosen.digests, expect_count=len(chosen.digests), note=said.reason
                ),
                done=told_approved,
            )


def resolution(
    shown: RecordAnswer, field: str, pick: Pick, reason: str, *, dry_run: bool = False
) -> ResolveRequest:
    """The answer to one field, for what was shown."""
    return ResolveRequest(
        record=shown.record,
        field=field,
        take="" if isinstance(pick, Own) else pick,
        value=pick.text if isinstance(pick, Own) else None,
        reason=reason,
        seen=shown.head,
        dry_run=dry_run,
    )


def _request(
    shown: RecordAnswer, answer: Answer, reason: str
) -> Callable[[ControlClient], Awaitable[DoneAnswer]]:
    if answer.act == "retry":
        retry = RetryRequest(record=shown.record, reason=reason, seen=shown.head)
        return lambda daemon: daemon.retry(retry)
    link = LinkRequest(
        record=shown.record, ref=answer.ref, action=answer.act, reason=reason, seen=shown.head
    )
    return lambda daemon: daemon.link(link)
