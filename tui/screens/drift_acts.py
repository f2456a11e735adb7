"""What a person decides about rows of the drift list: approve, set aside, try again, take back.

Every act is about what is chosen (the marked rows, else the one under the cursor), asks first with
count, sum and effect, and is carried out by the daemon alone.
"""

from collections.abc import Awaitable, Callable, Sequence

from daemon.control.client import ControlClient, NoAnswer
from daemon.control.protocol import (
    MAX_DIGESTS,
    ApproveAnswer,
    Declined,
    OperationShown,
    RetryRequest,
    WithdrawRequest,
)
from daemon.control.protocol_drift import DriftRow
from daemon.control.protocol_valves import SkipRequest
from daemon.control.text import plural
from ledger.model.errors import TrueupError
from tui.dialogs import Question
from tui.link import sentence
from tui.screens.approval import of_rows, question, to_approve
from tui.screens.listed import ListScreen
from tui.state import environment

MOST_LOOKED = 25
"""Records whose changes are read one by one to be told exactly."""
MOST_WITHDRAWN = 500
MOST_NAMED = 5


class DriftActs(ListScreen[DriftRow]):
    """A list of drift rows that can be decided about."""

    def _none(self, fits: Callable[[DriftRow], bool], why: str) -> str:
        """``why``, unless something chosen ``fits``."""
        return self.none_chosen() or ("" if any(map(fits, self.chosen())) else why)

    def nothing_to_approve(self) -> str:
        return self._none(to_approve, "nothing chosen waits for an approval")

    async def approve(self) -> None:
        """Say yes to exactly the digests of what is chosen, as it was when it was chosen."""
        rows = self.chosen()
        waiting = [row for row in rows if to_approve(row)]
        operations = await self._operations(waiting) if len(waiting) <= MOST_LOOKED else None
        chosen = of_rows(rows, operations, self.sum_text(waiting))
        if len(chosen.digests) > MAX_DIGESTS:
            self.front.tell(f"one approval takes {MAX_DIGESTS:,} changes: mark fewer", bad=True)
            return
        if not await self._is_current(waiting, chosen.digests):
            return
        count = len(chosen.digests)
        said = await self.confirm(question(chosen, self.state.status, environment(self.state)))
        if said is None:
            return
        answer = await self.carry_out(
            "approve",
            lambda d: d.approve(chosen.digests, expect_count=count, note=said.reason),
            done=told_approved,
        )
        if answer is not None:
            self.rows.unmark(row.record for row in rows)

    async def _is_current(self, rows: Sequence[DriftRow], digests: Sequence[str]) -> bool:
        """What has changed since it was chosen is refused before anybody reads a question."""
        try:
            await self.front.link.ask(lambda daemon: daemon.approve(digests, dry_run=True))
        except Declined as error:
            told = sentence(error)
            moved = [row.label for row in rows if any(one in told for one in row.digests)]
            if moved:
                named = ", ".join(moved[:MOST_NAMED])
                told = f"{named} moved on since it was marked: ctrl+u unmarks, look again. {told}"
            self.front.tell(told, bad=True)
            return False
        return True

    async def _operations(self, rows: Sequence[DriftRow]) -> dict[str, OperationShown] | None:
        """By digest, all that is planned for these records; ``None``: it cannot be told."""
        found: dict[str, OperationShown] = {}
        for row in rows:
            plan = await self.ask(lambda daemon, row=row: daemon.plan(record=row.record))  # type: ignore[misc]
            if plan is None:
                return None
            found |= {operation.digest: operation for operation in plan.operations}
        return found

    def nothing_to_skip(self) -> str:
        return self._none(_not_aside, "what is chosen is set aside already")

    async def skip(self) -> None:
        rows = [row for row in self.chosen() if _not_aside(row)]
        effect = "nothing is sent for them until they change or r takes them up; they stay listed"
        facts = self._facts(rows, effect)
        title = f"Set aside {plural(len(rows), 'record')}?"
        said = await self.confirm(Question(title, "Set aside", facts, reason="required"))
        if said is not None:
            await self._each(
                "skip",
                rows,
                lambda d, row: d.skip(SkipRequest(record=row.record, reason=said.reason)),
                "set aside",
            )

    def nothing_to_retry(self) -> str:
        return self._none(_stuck, "nothing chosen is held or set aside")

    async def retry(self) -> None:
        rows = [row for row in self.chosen() if _stuck(row)]
        effect = "what was refused or set aside is tried once more; everything else stays as it is"
        title = f"Try {plural(len(rows), 'record')} again?"
        said = await self.confirm(
            Question(title, "Try again", self._facts(rows, effect), reason="optional")
        )
        if said is not None:
            await self._each(
                "retry",
                rows,
                lambda d, row: d.retry(RetryRequest(record=row.record, reason=said.reason)),
                "will be tried again",
            )

    def nothing_to_withdraw(self) -> str:
        return self._none(_approved_row, "nothing chosen is approved and unsent")

    async def withdraw(self) -> None:
        """Take back the yes; what is on its way is beyond it."""
        rows = [row for row in self.chosen() if _approved_row(row)]
        if len(rows) > MOST_WITHDRAWN:
            self.front.tell(f"mark at most {MOST_WITHDRAWN} records, or p on 1 pauses", bad=True)
            return
        operations = await self._operations(rows)
        if operations is None:
            return
        digests = tuple(one.digest for one in operations.values() if one.state == "approved")
        if not digests:
            self.front.tell("too late: it was sent meanwhile, and only a new change undoes it")
            return
        effect = "they wait for a yes again; what is sent already cannot be called back"
        title = f"Take back the yes to {plural(len(digests), 'change')}?"
        said = await self.confirm(
            Question(title, "Take back", self._facts(rows, effect), reason="optional")
        )
        if said is not None:
            request = WithdrawRequest(
                digests=digests, reason=said.reason, expect_count=len(digests)
            )
            if await self.carry_out("approve", lambda daemon: daemon.withdraw(request)):
                self.rows.unmark(row.record for row in rows)

    def _facts(self, rows: Sequence[DriftRow], effect: str) -> list[tuple[str, str]]:
        named = ", ".join(row.label for row in rows[:MOST_NAMED])
        more = f" and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
        company = self.state.status.company if self.state.status is not None else ""
        facts = [("Company", company), ("Records", f"{named}{more}")]
        if summed := self.sum_text(rows):
            facts.append(("Sum", summed))
        return [*facts, ("Effect", effect)]

    async def _each(
        self,
        act: str,
        rows: Sequence[DriftRow],
        question: Callable[[ControlClient, DriftRow], Awaitable[object]],
        done: str,
    ) -> None:
        """One decision after the other; one that is refused does not stop the rest."""
        why = self.refusal(act)
        if why:
            self.front.tell(why, bad=True)
            return
        if len(rows) > MOST_LOOKED:
            self.front.tell(f"{plural(len(rows), 'record')}, one after the other: it takes a while")
        carried, refused = [], []
        for row in rows:
            try:
                await self.front.link.ask(lambda daemon, row=row: question(daemon, row))  # type: ignore[misc]
            except NoAnswer as error:
                refused.append(sentence(error))
                break
            except TrueupError as error:
                refused.append(sentence(error))
            else:
                carried.append(row.record)
        self.rows.unmark(carried)
        if carried:
            self.front.tell(f"{plural(len(carried), 'record')} {done}")
        if refused:
            left = len(rows) - len(carried)
            self.front.tell(f"{left:,} of {len(rows):,} not {done}: {refused[0]}", bad=True)
        self.reload()


def _not_aside(row: DriftRow) -> bool:
    return row.state != "skipped"


def _stuck(row: DriftRow) -> bool:
    return row.state in {"held", "skipped"}


def _approved_row(row: DriftRow) -> bool:
    return row.state == "approved"


def told_approved(answer: ApproveAnswer) -> str:
    """What is said after a yes."""
    told = f"{plural(answer.approved, 'change')} approved until {answer.expires_at}"
    return f"{told}: u takes it back until it is sent"
