"""Views of records in step: which of those that are to be looked at need no look.

The verdict itself is planning's; here is only told whether everything that it stood on stands.
"""

from collections.abc import Collection, Iterable

import msgspec

from ledger.model.ids import Kind, RecordId, SystemName
from ledger.store.asking import Asking, json_list


class StepPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the dirty set."""

    as_of: int
    """Head of the ledger that was asked."""
    last: RecordId
    """Where the next page begins."""
    in_step: tuple[RecordId, ...]
    """Those of the page that would be decided as they were."""


class InStepViews(Asking):
    """Questions about records in step."""

    def ground(self, systems: Iterable[SystemName], kinds: Iterable[Kind]) -> int | None:
        """The newest entry that may have changed what a pointer to records of these kinds means;
        None when bodies were erased: then nothing is certain unread."""
        if self._value("erased") is not None:
            return None
        both = list(kinds)
        listed = json_list([system, kind.value] for system in systems for kind in both)
        return int(self._value("ground", {"refs": listed}))

    def dirty_in_step(
        self, rules: Collection[str], ground: int, *, after: str = "", limit: int = 2000
    ) -> StepPage | None:
        """The dirty records behind ``after``, told apart; None when there are no more."""
        values = {"rules": json_list(rules), "ground": ground, "after": after, "limit": limit}
        rows = self._rows("dirty_in_step", values)
        if not rows:
            return None
        last = rows[-1][0]
        busy = {record for (record,) in self._rows("busy_between", {"after": after, "last": last})}
        return StepPage(
            as_of=int(self._value("head_seq")),
            last=RecordId(last),
            in_step=tuple([RecordId(r) for r, stands in rows if stands and r not in busy]),
        )
