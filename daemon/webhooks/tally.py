"""Notices counted, and the change that came without one. No I/O: instants are handed in.

Neither can stop anything: a dead endpoint costs time until the next look, never data.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

import msgspec

from ledger.model.facts import Problem
from ledger.model.ids import Kind, SystemName

PATIENCE = timedelta(minutes=15)
ANYWHERE = SystemName("")
"""Requests to an address that belongs to no system."""
TOLD_OF = {
    SystemName("qbo"): frozenset(
        {
            Kind.ACCOUNT,
            Kind.TERM,
            Kind.CLASS,
            Kind.PAYMENT_METHOD,
            Kind.VENDOR,
            Kind.CUSTOMER,
            Kind.ITEM,
        }
    ),
    SystemName("dear"): frozenset({Kind.VENDOR, Kind.CUSTOMER, Kind.ITEM}),
}
"""Kinds of which every change has to raise a notice. Documents are left out: what a payment or a
bill does to another document (its status) may raise none of that document's own."""


class Result(StrEnum):
    """How one request ended."""

    ACCEPTED = "accepted"
    """Good, about something that is read here: the next look was brought forward."""
    DUPLICATE = "duplicate"
    """Good, and the very bytes came before."""
    IGNORED = "ignored"
    """Good, about nothing that is read here."""
    ELSEWHERE = "elsewhere"
    """Good, about other companies of the same Intuit app."""
    NOT_UNDERSTOOD = "not_understood"
    """Signed, in a form that is not known."""
    NO_SIGNATURE = "no_signature"
    BAD_SIGNATURE = "bad_signature"
    TOO_LARGE = "too_large"
    WRONG_TYPE = "wrong_type"
    WRONG_METHOD = "wrong_method"
    WRONG_ADDRESS = "wrong_address"
    CUT_SHORT = "cut_short"
    """The body did not come whole, or not in time."""
    BUSY = "busy"


GOOD = frozenset(
    {
        Result.ACCEPTED,
        Result.DUPLICATE,
        Result.IGNORED,
        Result.ELSEWHERE,
        Result.NOT_UNDERSTOOD,
    }
)
"""Signed by whom it should be: answered 200."""


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """The notices of one system since the start, for health and metrics."""

    system: SystemName
    """``ANYWHERE`` for requests to no system's address."""
    received: dict[Result, int]
    """Every result, those that never came with 0."""
    by_secret: tuple[int, ...] = ()
    """Good notices by the secret that they came with, in the order of the configuration."""
    ignored: int = 0
    """Events about what is not read here."""
    elsewhere: int = 0
    """Events of other companies."""
    expected: bool = False
    missed: int = 0
    """Looks that found a change of a kind of which no notice came in time."""
    missing: tuple[Kind, ...] = ()
    """Kinds that this stands for now: no good notice came since."""
    last_at: datetime | None = None
    """Of the last notice that was signed well."""

    @property
    def good(self) -> int:
        return sum(self.received[result] for result in GOOD)

    @property
    def refused(self) -> int:
        return sum(self.received.values()) - self.good

    @property
    def warning(self) -> Problem | None:
        """What an operator should know, and do."""
        if not self.missing:
            return None
        kinds = ", ".join(kind.value.replace("_", " ") for kind in self.missing)
        return Problem(
            code="webhook_missed",
            message=f"changes were found by looking, and no notice of them came: {kinds}",
            field=f"webhooks.{self.system}",
            cure="nothing is lost, it only takes until the next look. See that the address given "
            f"to {self.system} leads here and that it is subscribed to these kinds; the health "
            "screen shows what came and what was refused. Without notices on purpose: "
            f"webhooks.{self.system}.expected: false",
        )


class Register:
    """Counts one system's notices, and what was found without one."""

    def __init__(
        self,
        system: SystemName,
        *,
        secrets: Sequence[bytes] = (),
        expected: bool = False,
        patience: timedelta = PATIENCE,
    ) -> None:
        self.system = system
        self._received: Counter[Result] = Counter()
        self._by_secret: Counter[bytes] = Counter()
        self._ignored = self._elsewhere = self._missed = 0
        self._last_at: datetime | None = None
        self.go_by(secrets=secrets, expected=expected, patience=patience)
        self._heard: dict[Kind, datetime] = {}
        self._owed: dict[Kind, datetime] = {}
        """Kinds found changed without a notice so far, and when."""
        self._missing: set[Kind] = set()
        self._looked_at: datetime | None = None

    def go_by(self, *, secrets: Sequence[bytes], expected: bool, patience: timedelta) -> None:
        """``expected``: every change has to raise a notice, within ``patience``. What was counted
        stays; the notices of a secret are counted while it is one of ``secrets``."""
        self._secrets = tuple(map(_mark, secrets))
        self._by_secret = Counter({mark: self._by_secret[mark] for mark in self._secrets})
        self._expected = expected
        self._patience = patience

    def count(self, result: Result) -> None:
        self._received[result] += 1

    def good(self, secret: bytes, at: datetime) -> None:
        """A notice came that was signed well: the way here is open."""
        self.settle(at)
        self._by_secret[_mark(secret)] += 1
        self._last_at = at
        self._missing.clear()

    def events(self, *, ignored: int, elsewhere: int) -> None:
        self._ignored += ignored
        self._elsewhere += elsewhere

    def heard(self, kinds: Iterable[Kind], at: datetime) -> None:
        """A notice named these kinds. Late is not missed, as long as it is in time."""
        for kind in kinds:
            self._heard[kind] = at
            self._owed.pop(kind, None)

    def looked(self, found: Iterable[Kind], began: datetime, ended: datetime) -> None:
        """A look went through and found these kinds changed.

        A notice may come before the look that finds its change, or after it; one that came before
        the look before told of something else.
        """
        before, self._looked_at = self._looked_at, began
        if self._expected and before is not None:
            for kind in set(found) & TOLD_OF.get(self.system, frozenset()):
                heard = self._heard.get(kind)
                if heard is None or heard < before:
                    self._owed.setdefault(kind, ended)
        self.settle(ended)

    def settle(self, now: datetime) -> None:
        """Give up on notices that are overdue."""
        overdue = [kind for kind, since in self._owed.items() if now - since >= self._patience]
        for kind in overdue:
            del self._owed[kind]
            self._missing.add(kind)
            self._missed += 1

    def tally(self, now: datetime) -> Tally:
        self.settle(now)
        return Tally(
            system=self.system,
            received={result: self._received[result] for result in Result},
            by_secret=tuple(self._by_secret[mark] for mark in self._secrets),
            ignored=self._ignored,
            elsewhere=self._elsewhere,
            expected=self._expected,
            missed=self._missed,
            missing=tuple(sorted(self._missing)),
            last_at=self._last_at,
        )


def _mark(secret: bytes) -> bytes:
    """Tells secrets apart without keeping them."""
    return sha256(secret).digest()
