"""One transaction in the making: entries, the bodies they name, and marks beside the chain."""

from collections.abc import Callable, Iterable, Mapping

from ledger.model.entries import Entry
from ledger.model.facts import Cursor
from ledger.model.ids import Digest, ExternalRef, RecordId
from ledger.store.errors import DraftRefused

MAX_ENTRIES = 50_000
"""More than this belongs in several drafts: a group is held in memory and in one transaction."""


class Draft:
    """Collects what is to be appended together, all of it or nothing. Used once."""

    def __init__(self, digest: Callable[[bytes], Digest], *, actor: str, cycle: str) -> None:
        self._digest = digest
        self.actor = actor
        self.cycle = cycle
        self.entries: list[Entry] = []
        self.bodies: dict[Digest, bytes] = {}
        self.cursors: list[Cursor] = []
        self.sightings: list[tuple[str, ExternalRef]] = []
        self.decisions: list[tuple[RecordId, int]] = []
        self.looks: list[RecordId] = []
        self.steps: list[tuple[RecordId, int, int, str]] = []
        self.runtimes: dict[str, bytes] = {}
        self._sealed = False

    def body(self, content: bytes) -> Digest:
        """Register a payload body; entries name it by the digest returned."""
        self._require_open()
        digest = self._digest(content)
        self.bodies[digest] = content
        return digest

    def add(self, entry: Entry) -> None:
        self._require_open()
        if len(self.entries) >= MAX_ENTRIES:
            raise DraftRefused(
                f"a draft holds at most {MAX_ENTRIES} entries", cure="Append in smaller slices."
            )
        self.entries.append(entry)

    def cursor(self, cursor: Cursor) -> None:
        """Where incremental reading goes on, stored together with what was read."""
        self._require_open()
        self.cursors.append(cursor)

    def seen(self, sweep: str, refs: Iterable[ExternalRef]) -> None:
        """Mark references as shown by a sweep; references the ledger never saw are passed over."""
        self._require_open()
        self.sightings.extend((sweep, ref) for ref in refs)

    def decided(self, records: Iterable[RecordId], *, as_of: int) -> None:
        """These records were looked at as the ledger stood at ``as_of``: not dirty any more,
        unless something dirtied them later."""
        self._require_open()
        looked = list(records)
        self.decisions.extend((record, as_of) for record in looked)
        self.looks.extend(looked)

    def passed_over(self, records: Iterable[RecordId], *, as_of: int) -> None:
        """The same for records that are in step still: they were not looked at, and stay so."""
        self._require_open()
        self.decisions.extend((record, as_of) for record in records)

    def in_step(self, records: Mapping[RecordId, tuple[str, int]], *, as_of: int) -> None:
        """Of those decided: what follows from them once this draft is appended is nothing, by the
        rules of this digest, and so many systems show each. Void where something dirtied a record
        since ``as_of``."""
        self._require_open()
        self.steps.extend(
            (record, as_of, sides, rules) for record, (rules, sides) in records.items()
        )

    def runtime(self, key: str, value: bytes) -> None:
        """Keep a value that is no fact (heartbeats, counters); outside the chain."""
        self._require_open()
        self.runtimes[key] = value

    @property
    def is_empty(self) -> bool:
        """Whether appending it would change nothing."""
        return not (
            self.entries or self.cursors or self.sightings or self.decisions or self.runtimes
        )

    @property
    def is_plain(self) -> bool:
        """Whether it says nothing beside its entries and their bodies."""
        return not (
            self.cursors
            or self.sightings
            or self.decisions
            or self.looks
            or self.steps
            or self.runtimes
        )

    def seal(self) -> None:
        """Called by the ledger when the draft is handed over: from here on it cannot change."""
        self._require_open()
        self._sealed = True

    def _require_open(self) -> None:
        if self._sealed:
            raise DraftRefused(
                "this draft was appended already",
                cure="Make a new draft; this is a bug, please report it.",
            )
