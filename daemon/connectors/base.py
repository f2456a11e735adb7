"""The contract between the cycle and one connected system: five methods, values in and out.

A connector never sees the ledger. It raises only ``Transient``, ``Throttled``, ``Stale``,
``Refused``, ``OutcomeIsUnknown`` and ``Unauthorised``; what concerns one record comes back as a
value (``Unreadable``, ``Rejected``, ``Unknown``), so that one bad record never stops the rest.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec

from daemon.connectors.calls import Call, CallTally
from ledger.model.capabilities import Capabilities
from ledger.model.facts import Cursor, Observation, Page, Problem, Tombstone
from ledger.model.ids import ExternalRef, Kind, SystemName
from ledger.model.outcomes import Outcome, Write, WriteRequest


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What a cheap look at the system before a cycle told."""

    company_id: str
    """The company's id in that system (QBO realm, DEAR account id): pinned by fingerprint."""
    company_name: str
    home_currency: str
    environment: str
    warnings: tuple[Problem, ...] = ()
    """Capability alarms: features the plan lacks, tracked quantities, native links ..."""
    closed_until: str = ""
    """Last closed day, ``YYYY-MM-DD``, or ``""``."""
    plan: str = ""
    """What the company has subscribed to, where the system tells."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """Calls spent and left, for status."""

    calls: int
    metered_reads: int
    throttled: int
    metered_left: int | None = None


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One limit of a connection, and how much of it is used now."""

    name: str
    """``in flight``, ``per minute``, ``batches per minute``, ``metered reads per month``"""
    used: int
    limit: int
    """0 = none is set."""
    month: str = ""
    """``YYYY-MM`` where the limit is that of a month."""


class LoginLife(msgspec.Struct, frozen=True, kw_only=True):
    """When a login ends; None = not told, or not known yet. Never a secret."""

    access_until: datetime | None = None
    refresh_until: datetime | None = None
    hard_until: datetime | None = None
    """The day on which a person must authorise again whatever happens."""


class Connector(Protocol):
    """One connected system."""

    @property
    def name(self) -> SystemName: ...

    @property
    def capabilities(self) -> Capabilities:
        """What the system can hold and do; may be refined by ``check`` (missing features)."""
        ...

    @property
    def budget(self) -> Budget: ...

    async def check(self, *, anew: bool = False) -> Health:
        """Credentials, company, currency, features. Cheap and cached for hours by the connector,
        unless a person or a full look wants it ``anew``."""
        ...

    def changes(self, cursors: Mapping[Kind, Cursor]) -> AsyncIterator[Page]:
        """What moved since the cursors, all kinds in as few calls as the system allows.

        Every page carries the cursor to store with it. Where a system has no change feed for a
        kind the connector reads it whole, at most every few hours, as a sweep.
        """
        ...

    def sweep(self, kind: Kind, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Read one kind whole, resuming at ``cursor`` when it was left in the middle.

        The last page says ``sweep_done`` only when completeness is proved; a sweep whose proof
        fails raises ``Transient`` and nothing is inferred from it. A long one may end after a
        portion without ``sweep_done``, to go on at its cursor. Kinds that are read together
        (``KindRule.read_with``) come together, the leader's page last.
        """
        ...

    async def read(self, ref: ExternalRef) -> Observation | Tombstone:
        """One record, now, from the system itself."""
        ...

    async def find(self, kind: Kind, key: str, value: str) -> Sequence[Observation]:
        """All records, inactive ones included, whose field ``key`` equals ``value`` exactly
        (ignoring case where the system does): the probe after a lost reply of a create."""
        ...

    async def write(self, request: WriteRequest) -> tuple[Outcome, ...]:
        """Exactly one attempt; one outcome for every write, in the order of the request.

        Raises only ``Throttled`` and ``Unauthorised`` and ``Transient``, each meaning that nothing
        was done; a reply that was lost is ``Unknown``, never an exception.
        """
        ...

    def stop(self) -> None:
        """Begin no further call: what waits for the pace raises ``Stopping`` (a ``Throttled``) at
        once, and so does whatever is asked later. A call under way goes on to its end."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Metered(Protocol):
    """A connector whose reads are counted by the month: the count must survive a restart."""

    def export_meter(self) -> bytes: ...

    def import_meter(self, data: bytes) -> None:
        """Go on counting from what ``export_meter`` gave; anything else counts from zero."""
        ...


@runtime_checkable
class Paced(Protocol):
    """A connector to which several write requests may be on their way at once."""

    @property
    def writes_at_once(self) -> int:
        """How many, so that reads still find room beside them."""
        ...

    def place(self, writes: int) -> AbstractAsyncContextManager[None]:
        """Wait until a request of so many writes may leave, and keep its place in the pace until
        the block ends: what is journalled as sent then leaves at once. Raises ``Stopping``."""
        ...


@runtime_checkable
class Watched(Protocol):
    """A connector that can be looked at from outside, at no cost and without a call."""

    @property
    def calls(self) -> Sequence[Call]:
        """The newest calls, oldest first."""
        ...

    @property
    def tally(self) -> CallTally:
        """All calls since the start, counted."""
        ...

    @property
    def limits(self) -> tuple[Limit, ...]: ...

    @property
    def login_life(self) -> LoginLife | None:
        """None where there is no login that ends."""
        ...


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A write as it would leave by itself: all of it but the login."""

    method: str
    path: str
    body: bytes


@runtime_checkable
class Renders(Protocol):
    """A connector whose requests follow from the ledger alone, without a look at the system."""

    def render(self, write: Write) -> Rendered:
        """The request of one write, and no call. ``Refused`` when it cannot be said in the
        system's form, ``Transient`` while something that it follows from was never asked for."""
        ...
