"""The ledger's entries in words that an operator uses, each word for one sort of entry. Pure.

The entry's own name stands in the full view and in every file; the filter takes both.
"""

import re

WORDS = {
    "Pinned": "company",
    "ConfigApplied": "configured",
    "Observed": "seen",
    "VersionMoved": "touched",
    "Tombstoned": "deleted",
    "Quarantined": "unreadable",
    "Swept": "read all",
    "Linked": "linked",
    "Unlinked": "unlinked",
    "BaselineAdvanced": "agreed",
    "Planned": "planned",
    "Withdrawn": "withdrawn",
    "Held": "held",
    "Released": "released",
    "GateHeld": "waits",
    "Approved": "approved",
    "ConflictResolved": "resolved",
    "Retried": "retried",
    "Skipped": "skipped",
    "SkipEnded": "taken up",
    "Paused": "paused",
    "Resumed": "resumed",
    "Remapped": "remapped",
    "AbsenceAccepted": "gone is ok",
    "JobAdvanced": "re-export",
    "Connected": "connected",
    "Disconnected": "disconnected",
    "Refused": "REFUSED",
    "Intended": "sent",
    "Confirmed": "written",
    "Rejected": "rejected",
    "OutcomeUnknown": "reply lost",
    "Restored": "restored",
    "FirstPlanApproved": "first plan",
    "KeyDestroyed": "key gone",
}
_NAMES = {word.lower(): name for name, word in WORDS.items()}
_TERM = re.compile(r'(?<!\S)(-?entry:)(?:"([^"]*)"|(\S+))', re.IGNORECASE)


def word(entry: str) -> str:
    """What the list says for an entry of this name."""
    return WORDS.get(entry, entry)


def by_name(text: str) -> str:
    """A filter with the entries' own names where it says our words: ``entry:waits``."""

    def named(found: re.Match[str]) -> str:
        said = found[2] or found[3] or ""
        name = _NAMES.get(said.lower())
        return f"{found[1]}{name}" if name is not None else found[0]

    return _TERM.sub(named, text)
