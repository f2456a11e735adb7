"""One address for each system that calls: whose it is, how it proves itself, what it says.

Secrets are handed in and never shown.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Protocol

from daemon.webhooks.notices import Heard, read_dear, read_qbo
from daemon.webhooks.signing import shared_with, signed_by
from ledger.model.ids import Kind, SystemName

QBO = SystemName("qbo")
DEAR = SystemName("dear")
INTUIT_SIGNATURE = "intuit-signature"
REMEMBERED = 2_000
"""Notices whose bytes are remembered, to know a second copy."""


class Door(Protocol):
    """Where one system calls."""

    @property
    def system(self) -> SystemName: ...

    @property
    def path(self) -> str: ...

    @property
    def proof(self) -> str:
        """Name of the header that has to be there."""
        ...

    @property
    def secrets(self) -> tuple[bytes, ...]: ...

    @property
    def expected(self) -> bool: ...

    @property
    def tells_copies(self) -> bool:
        """Whether equal bytes are the same notice: they hold the time of what they tell."""
        ...

    def who(self, body: bytes, given: str) -> int | None:
        """Which of the secrets proves the notice, or None."""
        ...

    def read(self, body: bytes, followed: frozenset[Kind]) -> Heard:
        """Raises ``NotUnderstood``."""
        ...


@dataclass(frozen=True)
class QboDoor:
    """Intuit signs the bytes of each notice with the verifier token of the app."""

    path: str
    secrets: tuple[bytes, ...] = field(repr=False)
    realm: str = field(repr=False)
    expected: bool = True
    system: SystemName = QBO
    proof: str = INTUIT_SIGNATURE
    tells_copies: bool = True

    def who(self, body: bytes, given: str) -> int | None:
        return signed_by(body, given, self.secrets)

    def read(self, body: bytes, followed: frozenset[Kind]) -> Heard:
        return read_qbo(body, self.realm, followed)


@dataclass(frozen=True)
class DearDoor:
    """DEAR signs nothing: a header that only its hooks know stands for it."""

    path: str
    secrets: tuple[bytes, ...] = field(repr=False)
    proof: str
    expected: bool = False
    system: SystemName = DEAR
    tells_copies: bool = False

    def who(self, body: bytes, given: str) -> int | None:
        return shared_with(given, self.secrets)

    def read(self, body: bytes, followed: frozenset[Kind]) -> Heard:
        return read_dear(body, followed)


@dataclass(frozen=True)
class Settings:
    """Where to listen and for whom."""

    host: str
    port: int
    """0: any free port."""
    doors: Sequence[Door]
    max_body: int = 1024 * 1024
    missed_after: timedelta = timedelta(minutes=15)


class Copies:
    """Remembers the last notices by their hash."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._order: deque[bytes] = deque()
        self._known: set[bytes] = set()
        self._most = most

    def is_copy(self, body: bytes) -> bool:
        """Whether these bytes came before; they are remembered from now on."""
        mark = sha256(body).digest()
        if mark in self._known:
            return True
        self._known.add(mark)
        self._order.append(mark)
        if len(self._order) > self._most:
            self._known.discard(self._order.popleft())
        return False
