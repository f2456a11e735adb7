"""Deciding about rows of a list: what the drift list and the queue of operations do alike.

Every act is about what is chosen (the marked rows, else the one under the cursor), asks first with
count, sum and effect, and is carried out by the daemon alone.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from daemon.control.client import ControlClient, NoAnswer
from daemon.control.protocol import MAX_DIGESTS, ApproveAnswer, RetryRequest, WithdrawRequest
from daemon.control.text import plural
from ledger.model.errors import TrueupError
from tui.link import sentence
from tui.questions import Question
from tui.screens import asides
from tui.screens.approval import Chosen, question
from tui.screens.listed import ListScreen
from tui.state import environment

QUICK = 25
"""Decisions one by one that nobody waits long for."""
MOST_NAMED = 5


class Decidable(Protocol):
    """A row about a record."""

    @property
    def record(self) -> str: ...
    @property
    def label(self) -> str: ...


ActsRow = TypeVar("ActsRow", bound=Decidable)


class ListActs(ListScreen[ActsRow]):
    """A list whose rows can be decided about."""

    def name_of(self, row: ActsRow) -> str:
        """What a person calls the record."""
        return row.label

    def looked(self) -> int:
        """The entry of the ledger up to which the rows tell; 0: unknown."""
        raise NotImplementedError

    def none_fits(self, fits: Callable[[ActsRow], bool], why: str) -> str:
        """``why``, unless something chosen ``fits``."""
        return self.none_chosen() or ("" if any(map(fits, self.chosen())) else why)

    def facts(self, rows: Sequence[ActsRow], effect: str) -> list[tuple[str, str]]:
        """What a question is about: company, records, sum, and what a yes does."""
        named = ", ".join(map(self.name_of, rows[:MOST_NAMED]))
        more = f" and {len(rows) - MOST_NAMED:,} more" if len(rows) > MOST_NAMED else ""
        company = self.state.status.company if self.state.status is not None else ""
        facts = [("Company", company), ("Records", f"{named}{more}")]
        if summed := self.sum_text(rows):
            facts.append(("Sum", summed))
        return [*facts, ("Effect", effect)]

    def too_many(self, chosen: Chosen) -> bool:
        """Whether one approval cannot take it; then that was told."""
        over = len(chosen.digests) > MAX_DIGESTS
        if over:
            self.front.tell(f"one approval takes {MAX_DIGESTS:,} changes: mark fewer", bad=True)
        return over

    async def say_yes(self, chosen: Chosen, rows: Iterable[ActsRow]) -> None:
        """Approve exactly these digests, after the question."""
        said = await self.confirm(question(chosen, self.state.status, environment(self.state)))
        if said is None:
            return
        count = len(chosen.digests)
        answer = await self.carry_out(
            "approve",
            lambda d: d.approve(chosen.digests, expect_count=count, note=said.reason),
            done=told_approved,
        )
        if answer is not None:
            self.rows.unmark(map(self.key_of, rows))

    async def take_back(
        self, digests: Sequence[str], facts: Sequence[tuple[str, str]], rows: Iterable[ActsRow]
    ) -> None:
        """Withdraw the yes to exactly these digests, after the question."""
        title = f"Take back the yes to {plural(len(digests), 'change')}?"
        said = await self.confirm(Question(title, "Take back", facts, reason="optional"))
        if said is None:
            return
        request = WithdrawRequest(
            digests=tuple(digests), reason=said.reason, expect_count=len(digests)
        )
        if await self.carry_out("approve", lambda daemon: daemon.withdraw(request)):
            self.rows.unmark(map(self.key_of, rows))

    async def set_aside(self, rows: Iterable[ActsRow]) -> None:
        """Skip the records of these rows, after the question."""
        records, seen = _records(rows), self.looked()
        effect = "nothing is sent for them until they change or r takes them up; they stay listed"
        title = f"Set aside {plural(len(records), 'record')}?"
        said = await self.confirm(asides.question(title, self.facts(records, effect)))
        if said is not None:
            await self._each(
                "skip",
                records,
                lambda d, row: d.skip(asides.request(row.record, said, seen)),
                "set aside",
            )

    async def try_again(
        self,
        rows: Iterable[ActsRow],
        effect: str,
        also: Callable[[ActsRow], str] = lambda _row: "",
    ) -> None:
        """Retry the records of these rows, after the question. ``also``: what was refused."""
        records, seen = _records(rows), self.looked()
        facts = self.facts(records, effect)
        facts += [("Refused", told) for row in records[:MOST_NAMED] if (told := also(row))]
        title = f"Try {plural(len(records), 'record')} again?"
        said = await self.confirm(Question(title, "Try again", facts, reason="optional"))
        if said is not None:
            await self._each(
                "retry",
                records,
                lambda d, row: d.retry(
                    RetryRequest(record=row.record, reason=said.reason, seen=seen)
                ),
                "will be tried again",
            )

    async def _each(
        self,
        act: str,
        rows: Sequence[ActsRow],
        question: Callable[[ControlClient, ActsRow], Awaitable[object]],
        done: str,
    ) -> None:
        """One decision after the other; one that is refused does not stop the rest."""
        why = self.refusal(act)
        if why:
            self.front.tell(why, bad=True)
            return
        if len(rows) > QUICK:
            self.front.tell(f"{plural(len(rows), 'record')}, one after the other: it takes a while")
        carried: set[str] = set()
        refused: list[str] = []
        for row in rows:
            try:
                await self.front.link.ask(lambda daemon, row=row: question(daemon, row))  # type: ignore[misc]
            except NoAnswer as error:
                refused.append(f"{self.name_of(row)}: {sentence(error)}")
                break
            except TrueupError as error:
                refused.append(f"{self.name_of(row)}: {sentence(error)}")
            else:
                carried.add(row.record)
        marked = self.rows.marked_rows()
        self.rows.unmark(self.key_of(row) for row in marked if row.record in carried)
        if carried:
            self.front.tell(f"{plural(len(carried), 'record')} {done}")
        if refused:
            left = len(rows) - len(carried)
            self.front.tell(f"{left:,} of {len(rows):,} not {done}; {refused[0]}", bad=True)
        self.reload()


def _records(rows: Iterable[ActsRow]) -> list[ActsRow]:
    """One row for each record: a record may have an operation in every system."""
    return list({row.record: row for row in rows}.values())


def told_approved(answer: ApproveAnswer) -> str:
    """What is said after a yes."""
    told = f"{plural(answer.approved, 'change')} approved until {answer.expires_at}"
    return f"{told}: u takes it back until it is sent"
