"""What a person decides about operations: approve, take back, set aside, try again.

Every act is about what is chosen, asks first with count, sum and effect, and is carried out by the
daemon alone. Setting aside and trying again are about the record, with all that is planned for it.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from daemon.control.client import ControlClient
from daemon.control.protocol import MAX_DIGESTS, RetryRequest, WithdrawRequest
from daemon.control.protocol_drift import QueueRow
from daemon.control.protocol_valves import SkipRequest
from daemon.control.text import plural
from ledger.model.errors import TrueupError
from tui.dialogs import Question
from tui.link import sentence
from tui.screens.approval import digests_text, question
from tui.screens.drift_acts import told_approved
from tui.screens.listed import ListScreen
from tui.screens.queueing import (
    no_retry,
    no_withdrawal,
    of_rows,
    to_approve,
    to_retry,
    to_skip,
    to_withdraw,
)
from tui.state import environment

MOST_NAMED = 5


class QueueActs(ListScreen[QueueRow]):
    """A list of operations that can be decided about."""

    def nothing_to_approve(self) -> str:
        none = "nothing chosen waits for an approval"
        return self.none_chosen() or ("" if any(map(to_approve, self.chosen())) else none)

    async def approve(self) -> None:
        """Say yes to exactly the digests of what is chosen, as it was when it was chosen."""
        rows = self.chosen()
        waiting = [row for row in rows if to_approve(row)]
        chosen = of_rows(rows, self.sum_text(waiting))
        count = len(chosen.digests)
        if count > MAX_DIGESTS:
            self.front.tell(f"one approval takes {MAX_DIGESTS:,} changes: mark fewer", bad=True)
            return
        # What has changed since it was chosen is refused before anybody reads a question about it.
        if await self.ask(lambda d: d.approve(chosen.digests, dry_run=True)) is None:
            return
        said = await self.confirm(question(chosen, self.state.status, environment(self.state)))
        if said is None:
            return
        answer = await self.carry_out(
            "approve",
            lambda d: d.approve(chosen.digests, expect_count=count, note=said.reason),
            done=told_approved,
        )
        if answer is not None:
            self.rows.unmark(row.operation for row in rows)

    def nothing_to_withdraw(self) -> str:
        return self.none_chosen() or no_withdrawal(self.chosen())

    async def withdraw(self) -> None:
        """Take back the yes; what is on its way is beyond it."""
        rows = [row for row in self.chosen() if to_withdraw(row)]
        digests = tuple(dict.fromkeys(row.digest for row in rows))
        effect = "they wait for a yes again; what is sent by then cannot be called back"
        facts = [*self._facts(rows, effect), ("Digests", digests_text(digests))]
        title = f"Take back the yes to {plural(len(digests), 'change')}?"
        said = await self.confirm(Question(title, "Take back", facts, reason="optional"))
        if said is None:
            return
        request = WithdrawRequest(digests=digests, reason=said.reason, expect_count=len(digests))
        if await self.carry_out("approve", lambda daemon: daemon.withdraw(request)):
            self.rows.unmark(row.operation for row in rows)

    def nothing_to_skip(self) -> str:
        none = "nothing chosen can be set aside: it is sent, over, or set aside already"
        return self.none_chosen() or ("" if any(map(to_skip, self.chosen())) else none)

    async def skip(self) -> None:
        rows = _records(row for row in self.chosen() if to_skip(row))
        effect = "nothing is sent for them until they change or r takes them up; they stay listed"
        title = f"Set aside {plural(len(rows), 'record')}?"
        facts = self._facts(rows, effect)
        said = await self.confirm(Question(title, "Set aside", facts, reason="required"))
        if said is not None:
            await self._each(
                "skip",
                rows,
                lambda d, row: d.skip(SkipRequest(record=row.record, reason=said.reason)),
                "set aside",
            )

    def nothing_to_retry(self) -> str:
        return self.none_chosen() or no_retry(self.chosen())

    async def retry(self) -> None:
        """What was refused is sent once more, after its cause was mended."""
        rows = _records(row for row in self.chosen() if to_retry(row))
        facts = self._facts(rows, "what was refused or set aside is planned and sent once more")
        facts += [("Refused", row.result) for row in rows[:MOST_NAMED] if row.result]
        title = f"Try {plural(len(rows), 'record')} again?"
        said = await self.confirm(Question(title, "Try again", facts, reason="optional"))
        if said is not None:
            await self._each(
                "retry",
                rows,
                lambda d, row: d.retry(RetryRequest(record=row.record, reason=said.reason)),
                "will be tried again",
            )

    def _facts(self, rows: Sequence[QueueRow], effect: str) -> list[tuple[str, str]]:
        named = ", ".join(row.title or row.label for row in rows[:MOST_NAMED])
        more = f" and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
        company = self.state.status.company if self.state.status is not None else ""
        facts = [("Company", company), ("Records", f"{named}{more}")]
        if summed := self.sum_text(rows):
            facts.append(("Sum", summed))
        return [*facts, ("Effect", effect)]

    async def _each(
        self,
        act: str,
        rows: Sequence[QueueRow],
        question: Callable[[ControlClient, QueueRow], Awaitable[object]],
        done: str,
    ) -> None:
        """One decision after the other; the first that is refused stops the rest, and it is said
        how far it came."""
        why = self.refusal(act)
        if why:
            self.front.tell(why, bad=True)
            return
        carried: set[str] = set()
        for row in rows:
            try:
                await self.front.link.ask(lambda daemon, row=row: question(daemon, row))  # type: ignore[misc]
            except TrueupError as error:
                told = f"{len(carried):,} of {len(rows):,} {done}; then {row.label}"
                self.front.tell(f"{told}: {sentence(error)}", bad=True)
                break
            carried.add(row.record)
        else:
            self.front.tell(f"{plural(len(carried), 'record')} {done}")
        marked = self.rows.marked_rows()
        self.rows.unmark(row.operation for row in marked if row.record in carried)
        self.reload()


def _records(rows: Iterable[QueueRow]) -> list[QueueRow]:
    """One row for each record: a record may have an operation in every system."""
    return list({row.record: row for row in rows}.values())
