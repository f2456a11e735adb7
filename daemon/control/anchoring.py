"""Notes the head of the chain where whoever can write the ledger cannot: a file, the journal of
the system, a command. Must not change the ledger, and must not hold up or end the daemon.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from daemon.clock import Clock
from daemon.handover import hand_over
from daemon.log import Log, Turns
from ledger.store.anchor import Anchor, note_in
from ledger.store.errors import LedgerUnavailable
from ledger.store.instants import instant
from ledger.store.ledger import Ledger

PATIENCE_S = 5.0
EVERY_S = 24 * 3600.0

_log = Log(__name__)


class Place(Protocol):
    """Somewhere to note a head."""

    @property
    def name(self) -> str: ...

    async def note(self, anchor: Anchor) -> None:
        """``OSError`` when it is not known to be noted there."""
        ...


@dataclass(frozen=True)
class InFile:
    """A line in a file that is only ever appended to."""

    path: Path
    name: str = "file"

    async def note(self, anchor: Anchor) -> None:
        await asyncio.to_thread(note_in, self.path, anchor)


@dataclass(frozen=True)
class InJournal:
    """A line in the daemon's own log, under a message id of its own."""

    name: str = "journal"

    async def note(self, anchor: Anchor) -> None:
        _log.info("ledger head", seq=anchor.seq, hash=anchor.hash)


@dataclass(frozen=True)
class ByCommand:
    """A command, run without a shell, that gets the anchor as JSON on its standard input."""

    words: tuple[str, ...]
    name: str = "exec"

    async def note(self, anchor: Anchor) -> None:
        line = msgspec.json.encode(anchor) + b"\n"
        await hand_over(self.words, line, patience_s=PATIENCE_S)


@dataclass
class Anchorage:
    """All places of one ledger. A place that fails is tried again with the next head."""

    ledger: Ledger
    clock: Clock
    instance: str
    places: Sequence[Place] = ()
    failed: dict[str, str] = field(default_factory=dict)
    """Place -> why it has not the newest head that there was to note."""
    _noted: dict[int, int] = field(default_factory=dict)
    _turns: Turns = field(default_factory=lambda: Turns(_log))
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def note(self, *, again: bool = False) -> None:
        """Note the head everywhere where it is not noted yet; ``again``: even where it is."""
        if not self.places:
            return
        async with self._turn:
            try:
                seq, head = await self.ledger.ask(lambda views: views.head())
            except LedgerUnavailable as error:
                _log.warning("head not noted", reason=type(error).__name__)
                return
            now = instant(self.clock.now())
            anchor = Anchor(at=now, instance=self.instance, seq=seq, hash=head)
            for number, place in enumerate(self.places):
                if seq and (again or self._noted.get(number) != seq):
                    await self._note(number, place, anchor)

    async def _note(self, number: int, place: Place, anchor: Anchor) -> None:
        subject = f"anchor {place.name} {number + 1}"
        try:
            await place.note(anchor)
        except OSError as error:
            why = error.strerror or str(error)
            self.failed[subject] = why
            self._turns.down(subject, reason=why)
            return
        self._noted[number] = anchor.seq
        self.failed.pop(subject, None)
        self._turns.back(subject)

    async def keep_noting(self) -> None:
        """At the start, which may follow a restore, and then once a day, until cancelled."""
        while True:
            await self.note(again=True)
            await self.clock.sleep(EVERY_S)
