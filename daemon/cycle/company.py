"""One company: its ledger, its connected systems and the rules in force. Holds, never acts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from daemon.clock import Clock
from daemon.connectors.base import Connector
from daemon.cycle.calendar import Calendar
from daemon.reconcile.policy import Policy
from ledger.model.ids import Digest, RecordId, SystemName
from ledger.store.ledger import Ledger
from ledger.store.room import require_room


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes and waits of the cycle. Seconds are seconds of the injected clock."""

    slice_records: int = 1000
    """Records planned in one unit of work, after which the cycle yields. Ids of records are hashes,
    so that every slice reads and writes pages all over the file: the larger, the fewer of them;
    the more to hold in memory, and to put together while the loop waits."""
    passes: int = 8
    """How often in a row the dirty set is planned before the rest waits for the next cycle."""
    rounds: int = 12
    """How often one cycle may plan and send before it leaves the rest to the next."""
    settle_after_s: float = 130.0
    """A lost request is not called absent before this: both vendors give up after 120 s."""
    replay_ttl_s: float = 3600.0
    """How long a request may be sent again under its own id; afterwards it is planned anew."""
    absent_limit: int = 25
    """Records a sweep may miss before the side counts as emptied ..."""
    absent_fraction: float = 0.3
    """... or this part of the live records, whichever is more."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the systems say of their company that decisions follow. Kept with the rules in force,
    so that a daemon that has not heard a system yet decides by the same as before."""

    closed_until: dict[SystemName, str] = msgspec.field(default_factory=dict)
    """Last closed day, ``YYYY-MM-DD``; systems without one are absent."""
    home_currency: str = ""


@dataclass
class Company:
    """What a cycle works with. The scheduler owns it and swaps ``policy`` between cycles."""

    ledger: Ledger
    connectors: Mapping[SystemName, Connector]
    policy: Policy
    clock: Clock
    pace: Pace = field(default_factory=Pace)
    home_currency: str = ""
    """ISO code that both systems must keep their books in; ``""`` = just the same one."""
    deciding: bytes = b""
    """The part of the configuration that decisions follow; its digest goes into the journal."""
    calendar: Calendar = field(default_factory=Calendar)
    """When writes may go; swapped like ``policy``."""
    told: Told = field(default_factory=Told)
    sent: dict[RecordId, frozenset[Digest] | None] = field(default_factory=dict)
    """Records that an operator asked to send, which pass a manual flow once: with these changes, or
    None = with what the next cycle plans."""
    min_free: int = 0
    """Bytes that have to be free on the ledger's disk before a request leaves; 0 = any."""

    def require_room(self) -> None:
        """``LedgerUnavailable`` when an answer might not find room in the ledger."""
        if self.min_free:
            require_room(self.ledger.path, self.min_free)

    def now_text(self) -> str:
        """The present instant as RFC 3339 text in UTC."""
        return self.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def rules(self) -> Policy:
        """The policy with what the systems can do and have told of themselves today."""
        return msgspec.structs.replace(
            self.policy,
            capabilities={name: c.capabilities for name, c in self.connectors.items()},
            closed_until=self.told.closed_until,
            home_currency=self.policy.home_currency
            or self.home_currency
            or self.told.home_currency,
        )
