"""What a person decides about operations: approve, take back, set aside, try again.

Setting aside and trying again are about the record, with all that is planned for it.
"""

from daemon.control.protocol_drift import QueueRow
from tui.screens.acts import ListActs
from tui.screens.approval import digests_text
from tui.screens.queueing import (
    no_retry,
    no_withdrawal,
    of_rows,
    to_approve,
    to_retry,
    to_skip,
    to_withdraw,
)


class QueueActs(ListActs[QueueRow]):
    """A list of operations that can be decided about."""

    def name_of(self, row: QueueRow) -> str:
        return row.title or row.label

    def nothing_to_approve(self) -> str:
        return self.none_fits(to_approve, "nothing chosen waits for an approval")

    async def approve(self) -> None:
        """Say yes to exactly the digests of what is chosen, as it was when it was chosen."""
        rows = self.chosen()
        chosen = of_rows(rows, self.sum_text([row for row in rows if to_approve(row)]))
        if self.too_many(chosen):
            return
        # What has changed since it was chosen is refused before anybody reads a question about it.
        if await self.ask(lambda d: d.approve(chosen.digests, dry_run=True)) is not None:
            await self.say_yes(chosen, rows)

    def nothing_to_withdraw(self) -> str:
        return self.none_chosen() or no_withdrawal(self.chosen())

    async def withdraw(self) -> None:
        """Take back the yes; what is on its way is beyond it."""
        rows = [row for row in self.chosen() if to_withdraw(row)]
        digests = tuple(dict.fromkeys(row.digest for row in rows))
        effect = "they wait for a yes again; what is sent by then cannot be called back"
        facts = [*self.facts(rows, effect), ("Digests", digests_text(digests))]
        await self.take_back(digests, facts, rows)

    def nothing_to_skip(self) -> str:
        none = "nothing chosen can be set aside: it is sent, over, or set aside already"
        return self.none_fits(to_skip, none)

    async def skip(self) -> None:
        await self.set_aside(row for row in self.chosen() if to_skip(row))

    def nothing_to_retry(self) -> str:
        return self.none_chosen() or no_retry(self.chosen())

    async def retry(self) -> None:
        """What was refused is sent once more, after its cause was mended."""
        await self.try_again(
            (row for row in self.chosen() if to_retry(row)),
            "what was refused or set aside is planned and sent once more",
            lambda row: row.result,
        )
