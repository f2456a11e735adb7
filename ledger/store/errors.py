"""What the store refuses, each with its cure. Callers see these and nothing of the engine."""

from ledger.model.errors import LedgerDamaged, TrueupError
from ledger.model.ids import ExternalRef, RecordId

__all__ = [
    "DraftRefused",
    "KeyWasDestroyed",
    "LedgerDamaged",
    "LedgerLocked",
    "LedgerMissing",
    "LedgerTooNew",
    "LedgerTooOld",
    "LedgerUnavailable",
    "LinkRefused",
    "WrongKey",
]


class LedgerUnavailable(TrueupError):
    """The ledger could not be written; nothing of this was kept and nothing may be sent."""

    CURE = (
        "Make room on the volume that holds the ledger, or mount it writable; "
        "work goes on by itself once an append succeeds."
    )


class LedgerLocked(TrueupError):
    """Another process writes this ledger."""


class LedgerMissing(TrueupError):
    """There is no ledger at this path."""


class LedgerTooNew(TrueupError):
    """The ledger was written by a newer version of the program."""


class LedgerTooOld(TrueupError):
    """The ledger has to be upgraded before it can be read."""


class WrongKey(TrueupError):
    """The key is not the one that this ledger's digests were made with."""


class KeyWasDestroyed(TrueupError):
    """Only the chain of this ledger can still be read."""


class DraftRefused(TrueupError):
    """The draft says something that cannot be; it was left out whole."""


class LinkRefused(DraftRefused):
    """A record may have one reference per system; both claims are named."""

    def __init__(self, record: RecordId, held: ExternalRef, claimed: ExternalRef) -> None:
        super().__init__(
            f"{claimed} cannot join record {record}: {held} is already linked to it there",
            cure=f"Unlink {held} from {record} first, or link {claimed} with another record.",
        )
        self.record = record
        self.held = held
        self.claimed = claimed
