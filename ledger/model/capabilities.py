"""What a system can hold and do, as data that the pure core plans with.

A rule is a statement about one system's field: may it be written, how long may it be, which
words does it know. ``daemon.reconcile.mapping`` applies rules; connectors only declare them.
"""

from enum import StrEnum

import msgspec

from .ids import Kind, SystemName
from .plans import Action
from .values import Reference, Value


class Access(StrEnum):
    READ = "read"
    """Shown, never written by us."""
    CREATE = "create"
    """Given when a record is created, fixed afterwards."""
    WRITE = "write"


class FieldRule(msgspec.Struct, frozen=True, kw_only=True):
    """How one system holds one field."""

    access: Access = Access.WRITE
    required: bool = False
    """The system refuses a create without it."""
    default: Value = None
    """Configured value for a create when no other system shows the field."""
    default_key: str = ""
    """The configuration key that ``default`` comes from; shown as the trace of the value."""
    max_length: int | None = None
    forbidden: str = ""
    """Characters that the system refuses in this text; replaced by ``-`` (policy sanitise)."""
    shorten_with: str = ""
    """Field whose value is kept as ``[value]`` at the end of a text cut to ``max_length``."""
    words: dict[str, str] = msgspec.field(default_factory=dict)
    """Canonical word -> the canonical word under which this system would show it."""
    places: int | None = None
    """Decimal places that the system keeps."""
    namespace: str = ""
    """Names in one namespace of one system are unique, ignoring case ("party", "item")."""
    code_from_id: str = ""
    """Template for an empty code, from the id of the record in the system of origin: ``Q{id}``."""
    clearable: bool = True
    """Whether the system lets the field be emptied."""


class LineTax(StrEnum):
    """How one system keeps the tax of document lines."""

    EACH = "each"
    """Every line has a tax code of its own; the system computes tax by code."""
    ONE = "one"
    """Lines are taxed or not, and all taxed lines of a document share one code."""
    TAXED = "taxed"
    """Lines are taxed or not; the system finds the rate, and takes the tax that is sent."""
    NONE = "none"
    """These documents know no tax."""


class LineRule(msgspec.Struct, frozen=True, kw_only=True):
    """How one system holds the lines of one kind of document."""

    items: bool = True
    accounts: bool = True
    """Whether a line may go straight to a ledger account."""
    price_places: int = 7
    amount_places: int = 2
    description_length: int = 4000
    discounts: bool = False
    """Whether a line keeps list price and discount; else it gets the net price, or quantity and
    amount alone where no net price gives that amount."""
    tax: LineTax = LineTax.EACH
    untaxed: Reference | None = None
    """The code of lines without tax; None where such a line needs a real code as well."""
    links_orders: bool = False
    """Whether a line can name the purchase order line that it bills."""
    most: int = 500
    """Lines that one document may have."""
    classes: dict[str, Reference] = msgspec.field(default_factory=dict)
    """Location of the document -> class that its new lines get; ``""`` for all other locations."""
    classes_key: str = ""
    """The configuration key that the classes of named locations come from."""
    default_class_key: str = ""
    """The configuration key that the class of all other locations comes from."""


class KindRule(msgspec.Struct, frozen=True, kw_only=True):
    """What one system allows for one kind."""

    fields: dict[str, FieldRule]
    lines: LineRule | None = None
    """How the lines of a document are held; None for kinds without lines."""
    removal: Action | None = None
    """How a document ends here when its owner voids it."""
    read_with: Kind | None = None
    """The kind with whose reads records of this kind come along; it is not read by itself."""
    costly: bool = False
    """Every record costs a call of its own: the kind is read whole once, in portions, and from
    then on by its changes alone. It is left out of the daily full read, and what a sweep of it
    does not show is not looked for: nothing of such a kind is ever removed without a sign."""
    can_create: bool = True
    can_update: bool = True
    recovery_key: str = ""
    """Field by which a create can be found again after a lost reply; empty = cannot."""
    recovery_also: tuple[str, ...] = ()
    """Fields that must be equal as well: a bill is known by its number and its vendor."""
    can_batch: bool = True
    singly: frozenset[Action] = frozenset()
    """Actions that never share a request."""
    tombstones: bool = True
    """Whether the system shows removed records (CDC stubs, inactive rows)."""
    disabled: str = ""
    """Why this kind is out of service ("plan Essentials has no classes"); empty = in service."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    system: SystemName
    kinds: dict[Kind, KindRule]
    max_batch: int = 1
    """Operations one request may carry."""
    replays_requests: bool = False
    """Whether the system answers a repeated request id with its first answer."""
    checks_versions: bool = False
    """Whether the system refuses a write against a version that has moved."""

    def rule(self, kind: Kind, field: str) -> FieldRule | None:
        """The rule of a field, or None when the system does not carry it."""
        kind_rule = self.kinds.get(kind)
        return kind_rule.fields.get(field) if kind_rule else None
