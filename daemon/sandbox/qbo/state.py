"""What the simulated company holds: records, removed transactions, id sequences, names, clocks.

Storage only: what may be written is decided in ``rules`` and ``crud``, what it looks like on the
wire in ``render``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from daemon.clock import Clock
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.indexes import Indexes
from daemon.sandbox.qbo.notices import Operation
from daemon.sandbox.qbo.shelf import Shelf
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.qbo.txnentities import SPECS
from daemon.sandbox.qbo.wire import Wire
from daemon.sandbox.world import Company

MAX_DEPTH: Final = 5
"""Levels of a hierarchy, the top one included."""


@dataclass(slots=True)
class Stored:
    """One record. ``fields`` is what a client wrote, ``derived`` what the books made of it."""

    spec: Spec
    id: str
    fields: Wire
    created: datetime
    updated: datetime
    """LastUpdatedTime: moves with every visible change, derived ones included."""
    token: int = 0
    derived: Wire = field(default_factory=dict)
    system: bool = False
    """A system account, which cannot be inactivated."""
    order: int = 0
    """Age among all records: smaller is older."""

    @property
    def name(self) -> str:
        return str(self.fields.get(self.spec.name_field, ""))

    @property
    def active(self) -> bool:
        return self.fields.get("Active", True) is not False

    @property
    def parent(self) -> str:
        """Id of the record above, or ``""``."""
        above = self.fields.get("ParentRef")
        return str(above["value"]) if isinstance(above, dict) else ""

    @property
    def number(self) -> str:
        """DocNumber of a transaction, or ``""``."""
        return str(self.fields.get("DocNumber", "")) if self.spec.transaction else ""


@dataclass(frozen=True, slots=True)
class Stub:
    """A record that was deleted."""

    entity: str
    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a posting. Debits are positive, credits negative."""

    account: str
    amount: Decimal
    party: tuple[str, str] | None = None
    """Entity and id of the customer or vendor, on receivable and payable accounts."""


NameKey = tuple[str, str, str]


class Books:
    """The books of one company."""

    def __init__(self, company: Company, clock: Clock, switches: QboSwitches) -> None:
        self.company = company
        self.switches = switches
        self._clock = clock
        self._records: dict[str, dict[str, Stored]] = {name: {} for name in SPECS}
        self._next: dict[str, int] = {}
        self._names: dict[NameKey, tuple[str, str]] = {}
        self.indexes: dict[str, Indexes[Stored]] = {name: Indexes() for name in SPECS}
        """By entity; read only for others."""
        self._count = 0
        self.stubs: list[Stub] = []
        """Oldest first."""
        self._transactions: dict[str, Stored] = {}
        self._numbers: dict[NameKey, dict[str, Stored]] = {}
        self.postings: dict[str, tuple[Entry, ...]] = {}
        """What each transaction posts, by its id; ``item <id>`` for the first stock of an item."""
        self.shelves: dict[str, Shelf] = {}
        """Stock of each tracked item."""
        self.stocked: dict[str, frozenset[str]] = {}
        """Tracked items that each transaction moves."""
        self.tell: Callable[[Stored, Operation, str], None] = lambda _record, _what, _loser: None
        """Called with everything that happens to a record (for a merge with the loser's id)."""

    @property
    def offering(self) -> str:
        return self.switches.offering or self.company.offering

    @property
    def has_plus(self) -> bool:
        """Whether the subscription has classes, inventory and purchase orders."""
        return not any(word in self.offering for word in ("Essentials", "Simple Start"))

    def now(self) -> datetime:
        """The present second."""
        return self._clock.now().replace(microsecond=0)

    def exact_now(self) -> datetime:
        return self._clock.now()

    def get(self, entity: str, record_id: str) -> Stored | None:
        return self._records[entity].get(record_id)

    def transaction(self, txn_id: str) -> Stored | None:
        """A transaction of any kind: they share one sequence of ids."""
        return self._transactions.get(txn_id)

    def numbered(self, spec: Spec, number: str, party: str = "") -> Stored | None:
        """The first transaction of a kind (and party, for bills) that has a DocNumber."""
        found = self._numbers.get((spec.name, party, number), {})
        return next(iter(found.values()), None)

    def all(self, entity: str) -> Iterator[Stored]:
        """Every record of an entity, inactive ones included, in the order of creation."""
        return iter(self._records[entity].values())

    def new_id(self, sequence: str) -> str:
        """The next id of a sequence; ids are never used twice."""
        number = self._next.get(sequence, 1)
        self._next[sequence] = number + 1
        return str(number)

    def reserve(self, sequence: str, used: str, *, floor: int = 0) -> None:
        """Let the sequence go on after an id that came from elsewhere."""
        if used.isdecimal():
            self._next[sequence] = max(self._next.get(sequence, 1), int(used) + 1, floor)

    def insert(self, spec: Spec, record_id: str, fields: Wire, at: datetime) -> Stored:
        """Store a new record and take its name."""
        self._count += 1
        stored = Stored(spec, record_id, fields, created=at, updated=at, order=self._count)
        self._records[spec.name][record_id] = stored
        self.indexes[spec.name].add(stored)
        if spec.transaction:
            self._transactions[record_id] = stored
        self._take_name(stored)
        self.tell(stored, "Create", "")
        return stored

    def change(self, stored: Stored, fields: Wire) -> None:
        """Replace what a record holds: version + 1, time moved, name exchanged."""
        self._free_name(stored)
        was_active = stored.active
        stored.fields = fields
        stored.token += 1
        self._moved(stored, self.now())
        self._take_name(stored)
        gone = was_active and not stored.active
        void = bool(stored.derived.get("Void"))
        self.tell(stored, "Void" if void else "Delete" if gone else "Update", "")

    def bump(self, stored: Stored) -> None:
        """Version + 1 and time moved: another transaction changed what this one says."""
        stored.token += 1
        self._moved(stored, self.now())
        self._tell_derived(stored)

    def touch(self, stored: Stored) -> None:
        """Move the time but not the version: a derived figure changed."""
        now = self.now()
        if now > stored.updated:
            self._moved(stored, now)
            self._tell_derived(stored)

    def _tell_derived(self, stored: Stored) -> None:
        if self.switches.webhook_derived:
            self.tell(stored, "Update", "")

    def _moved(self, stored: Stored, at: datetime) -> None:
        stored.updated = at
        self.indexes[stored.spec.name].moved(stored)

    def remove(self, stored: Stored) -> None:
        """Delete a transaction, or a list record that was merged away; only change data capture
        will tell."""
        self._free_name(stored)
        self.indexes[stored.spec.name].remove(stored)
        del self._records[stored.spec.name][stored.id]
        if stored.spec.transaction:
            del self._transactions[stored.id]
        self.stubs.append(Stub(stored.spec.name, stored.id, self.now()))
        if stored.spec.transaction:
            self.tell(stored, "Delete", "")

    def holder(self, spec: Spec, name: str, parent: str) -> Stored | None:
        """Who holds a name, active or not. Customers and vendors share one set of names."""
        found = self._names.get(self._name_key(spec, name, parent))
        return self._records[found[0]].get(found[1]) if found else None

    def full_name(self, stored: Stored) -> str:
        """FullyQualifiedName: the names from the top down, joined by colons."""
        names = [stored.name]
        above = stored
        for _ in range(MAX_DEPTH):
            parent = self.get(stored.spec.name, above.parent) if above.parent else None
            if parent is None:
                break
            names.append(parent.name)
            above = parent
        return ":".join(reversed(names))

    def depth(self, stored: Stored) -> int:
        """0 for a record at the top."""
        return self.full_name(stored).count(":")

    def account_created_later(self, stored: Stored) -> None:
        """QBO: an account's LastUpdatedTime is one second after its CreateTime."""
        self._moved(stored, stored.created + timedelta(seconds=1))

    def _name_key(self, spec: Spec, name: str, parent: str) -> NameKey:
        scope = "party" if spec.name_field == "DisplayName" else spec.name
        if scope == "party" or (scope == "Item" and self.switches.item_names == "global"):
            parent = ""
        return (scope, parent, name.casefold())

    def _number_keys(self, stored: Stored) -> list[NameKey]:
        number = stored.number
        if not number:
            return []
        vendor = stored.fields.get("VendorRef")
        party = str(vendor["value"]) if isinstance(vendor, dict) else ""
        return [(stored.spec.name, "", number), (stored.spec.name, party, number)]

    def _take_name(self, stored: Stored) -> None:
        self.indexes[stored.spec.name].take(stored)
        if stored.spec.name_kind:
            key = self._name_key(stored.spec, stored.name, stored.parent)
            self._names[key] = (stored.spec.name, stored.id)
        for key in self._number_keys(stored):
            self._numbers.setdefault(key, {})[stored.id] = stored

    def _free_name(self, stored: Stored) -> None:
        self.indexes[stored.spec.name].free(stored)
        if stored.spec.name_kind:
            self._names.pop(self._name_key(stored.spec, stored.name, stored.parent), None)
        for key in self._number_keys(stored):
            holders = self._numbers.get(key, {})
            holders.pop(stored.id, None)
            if not holders:
                self._numbers.pop(key, None)
