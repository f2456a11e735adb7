"""Views of how much there is of what: numbers for those who watch, never a record.

Every number is read from an index or a tally, so that looking often costs little.
"""

from typing import Final

import msgspec

from ledger.model.drift import UNFINISHED, DriftClass
from ledger.store.asking import Asking

OUTCOMES: Final = {"Confirmed": "confirmed", "Rejected": "rejected", "OutcomeUnknown": "unknown"}
_CONFLICT = tuple(DriftClass).index(DriftClass.CONFLICT)


class Oldest(msgspec.Struct, frozen=True, kw_only=True):
    """Since when the oldest waits: RFC 3339 instants, ``""`` where there is none."""

    drift: str
    waiting: str
    """An operation that waits at the gate."""
    conflict: str
    """A record about which a decision is asked for."""


class FigureViews(Asking):
    """Questions of a monitor."""

    def unfinished(self) -> dict[str, int]:
        """How many operations are in each state that is not an end; ``unknown`` apart from
        ``intended``."""
        counts = {s: int(self._value("state_count", {"state": s})) for s in UNFINISHED}
        counts["unknown"] = int(self._value("unknown_count"))
        counts["intended"] -= counts["unknown"]
        return counts

    def oldest(self) -> Oldest:
        return Oldest(
            drift=self._value("oldest_drift") or "",
            waiting=self._value("oldest_in_state", {"state": "waiting"}) or "",
            conflict=self._value("oldest_of_class", {"class": _CONFLICT}) or "",
        )

    def entry_types(self) -> dict[str, int]:
        """How many entries of each type; walks an index of all of them."""
        return {name: int(count) for name, count in self._rows("entry_types")}

    def outcomes_since(self, seq: int) -> dict[tuple[str, str], int]:
        """How many writes ended how behind an entry, by system and end; what a system refused
        without a look counts, what was never sent does not."""
        rows = self._rows("outcomes_since", {"seq": seq})
        return {(system, OUTCOMES[kind]): count for system, kind, count in rows}

    def people_refused_since(self, seq: int) -> int:
        """Attempts of people that were refused behind an entry."""
        return int(self._value("people_refused_since", {"seq": seq}))
