"""What a person decides about rows of the drift list: approve, set aside, try again, take back."""

from collections.abc import Sequence

from daemon.control.protocol import Declined, OperationShown
from daemon.control.protocol_drift import DriftRow
from tui.link import sentence
from tui.screens.acts import MOST_NAMED, QUICK, ListActs
from tui.screens.approval import of_rows, to_approve

MOST_WITHDRAWN = 500


class DriftActs(ListActs[DriftRow]):
    """A list of drift rows that can be decided about."""

    def nothing_to_approve(self) -> str:
        return self.none_fits(to_approve, "nothing chosen waits for an approval")

    async def approve(self) -> None:
        """Say yes to exactly the digests of what is chosen, as it was when it was chosen."""
        rows = self.chosen()
        waiting = [row for row in rows if to_approve(row)]
        operations = await self._operations(waiting) if len(waiting) <= QUICK else None
        chosen = of_rows(rows, operations, self.sum_text(waiting))
        if not self.too_many(chosen) and await self._is_current(waiting, chosen.digests):
            await self.say_yes(chosen, rows)

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
        return self.none_fits(_not_aside, "what is chosen is set aside already")

    async def skip(self) -> None:
        await self.set_aside(row for row in self.chosen() if _not_aside(row))

    def nothing_to_retry(self) -> str:
        return self.none_fits(_stuck, "nothing chosen is held or set aside")

    async def retry(self) -> None:
        effect = "what was refused or set aside is tried once more; everything else stays as it is"
        await self.try_again((row for row in self.chosen() if _stuck(row)), effect)

    def nothing_to_withdraw(self) -> str:
        return self.none_fits(_approved_row, "nothing chosen is approved and unsent")

    async def withdraw(self) -> None:
        """Take back the yes; what is on its way is beyond it."""
        rows = [row for row in self.chosen() if _approved_row(row)]
        if len(rows) > MOST_WITHDRAWN:
            self.front.tell(f"mark at most {MOST_WITHDRAWN} records, or p on 1 pauses", bad=True)
            return
        operations = await self._operations(rows)
        if operations is None:
            return
        digests = [one.digest for one in operations.values() if one.state == "approved"]
        if not digests:
            self.front.tell("too late: it was sent meanwhile, and only a new change undoes it")
            return
        effect = "they wait for a yes again; what is sent already cannot be called back"
        await self.take_back(digests, self.facts(rows, effect), rows)


def _not_aside(row: DriftRow) -> bool:
    return row.state != "skipped"


def _stuck(row: DriftRow) -> bool:
    return row.state in {"held", "skipped"}


def _approved_row(row: DriftRow) -> bool:
    return row.state == "approved"
