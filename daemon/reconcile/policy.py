"""What a person decided beforehand: the values and look-ups that planning depends on.

Types only, with their defaults. Must not read a configuration file and must not know a system.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from ledger.model.capabilities import Capabilities, FieldRule, KindRule
from ledger.model.facts import ConfirmedChange, RecordView
from ledger.model.ids import (
    DOCUMENT_KINDS,
    REFERENCE_KINDS,
    ExternalRef,
    Kind,
    RecordId,
    SystemName,
)
from ledger.model.images import Image
from ledger.model.keys import fold
from ledger.model.values import Reference

from .mapping import MAPPING_VERSION

Flow: TypeAlias = Literal["auto", "manual", "off"]
CreatePolicy: TypeAlias = Literal["auto", "ask", "never"]
ForeignEdit: TypeAlias = Literal["hold", "restore", "accept"]
Names: TypeAlias = Literal["sanitise", "hold"]
Removal: TypeAlias = Literal["ask", "auto"]
OnRemoved: TypeAlias = Literal["ask", "ignore", "follow", "recreate"]
BeforeOrder: TypeAlias = Literal["hold", "unlinked"]

EVERY_FIELD = "*"
"""Key under which ``on_foreign_edit`` keeps the answer for all other fields of a kind."""

PERSON = SystemName("person")
"""Stands for a system where a person gave a value of their own."""
_TITLES = {"qbo": "QuickBooks", "dear": "DEAR", PERSON: "the answer"}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When a change is too big to be made without a look."""

    min_count: int = 25
    """Up to so many operations of one group (system, kind, creates or updates) never halt."""
    fraction: Decimal = Decimal("0.30")
    """Part of the live records of a kind that one group may touch."""
    documents: int = 500
    """Documents of one kind that may be created at once, or changed at once. Documents pile up
    year after year, so a part of them says nothing about a day's work: this is a number."""
    most_creates: int = 10_000
    """Creates of one kind in one system that go together without a look, however many there are."""
    most_updates: int = 10_000
    most_removals: int = 500
    """The same for what is voided, deleted, closed or made inactive."""
    money: Decimal | None = None
    """What the documents of one kind may come to together, in the home currency; None = no such
    limit."""
    oscillation_repeats: int = 3
    """The same value written to the same field so often: somebody else sets it back."""
    oscillation_window_s: int = 86_400
    """How far back ``Lookups.confirmed_changes`` looks; the core itself knows no time."""


class DocumentPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a person decided about one kind of document."""

    since: str = ""
    """First day, ``YYYY-MM-DD``, of documents that are written; earlier ones are only matched.
    ``""`` = nothing of this kind is written."""
    number_prefix: str = ""
    """Put before the source's number in the books."""
    removals: Removal = "ask"
    """Whether voiding, deleting or closing a document in the books waits for a person."""
    before_order: BeforeOrder = "hold"
    """What to do with a bill that is dated before the order that it bills."""
    tax_tolerance: Decimal = Decimal("0.01")
    """Difference in the tax of one document that is noted as a variance and let pass."""


class Policy(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything about the company's wishes that planning and the gate use."""

    systems: tuple[SystemName, ...]
    capabilities: dict[SystemName, Capabilities]
    books: SystemName = SystemName("qbo")
    authority: dict[Kind, dict[str, str]] = msgspec.field(default_factory=dict)
    """Overrides of the default table: field -> system name | books | source | both | none."""
    flows: dict[Kind, Flow] = msgspec.field(default_factory=dict)
    create: dict[Kind, dict[SystemName, CreatePolicy]] = msgspec.field(default_factory=dict)
    """Whether a record that another system shows may be created in this one."""
    names: Names = "sanitise"
    on_foreign_edit: dict[Kind, dict[str, ForeignEdit]] = msgspec.field(default_factory=dict)
    on_removed: dict[Kind, dict[SystemName, OnRemoved]] = msgspec.field(default_factory=dict)
    """What follows when a system removes a record of the kind, or makes it inactive; documents have
    rules of their own."""
    mapping: dict[Kind, dict[str, str]] = msgspec.field(default_factory=dict)
    """Declared pairs: code or name in the source -> number or name in the books."""
    limits: Limits = Limits()
    documents: dict[Kind, DocumentPolicy] = msgspec.field(default_factory=dict)
    home_currency: str = ""
    closed_until: dict[SystemName, str] = msgspec.field(default_factory=dict)
    """Per system the last closed day, ``YYYY-MM-DD``; told by the system at every check."""
    mapping_version: int = MAPPING_VERSION
    titles: dict[SystemName, str] = msgspec.field(default_factory=dict)
    """Names of the systems as people say them."""

    def flow(self, kind: Kind) -> Flow:
        """Documents flow only from a day that somebody has set."""
        if kind in DOCUMENT_KINDS and not self.document(kind).since:
            return "off"
        return self.flows.get(kind, "auto")

    def document(self, kind: Kind) -> DocumentPolicy:
        return self.documents.get(kind, _NO_DOCUMENTS)

    def create_policy(self, kind: Kind, system: SystemName) -> CreatePolicy:
        """Reference data are never created in the books unless the configuration says so."""
        never = kind in REFERENCE_KINDS and system == self.books
        return self.create.get(kind, {}).get(system, "never" if never else "auto")

    def foreign_edit(self, kind: Kind, field: str) -> ForeignEdit:
        """What to do when a field is edited where it is not owned.

        Reference and master data are put back; documents, which post, are held.
        """
        from_config = self.on_foreign_edit.get(kind, {})
        default: ForeignEdit = "restore" if kind in _RESTORED else "hold"
        return from_config.get(field, from_config.get(EVERY_FIELD, default))

    def removed(self, kind: Kind, system: SystemName) -> OnRemoved:
        return self.on_removed.get(kind, {}).get(system, "ask")

    def title(self, system: str) -> str:
        return self.titles.get(SystemName(system)) or _TITLES.get(system, system)

    def rule(self, system: SystemName, kind: Kind) -> KindRule | None:
        """What the system allows for the kind; None when it does not keep that kind at all."""
        capabilities = self.capabilities.get(system)
        return capabilities.kinds.get(kind) if capabilities else None

    def keepers(self, kind: Kind) -> tuple[SystemName, ...]:
        """Systems that keep this kind, in an order that no configuration changes."""
        found = self._keepers.get(kind)
        if found is None:
            found = tuple(s for s in sorted(self.systems) if self.rule(s, kind) is not None)
            self._keepers[kind] = found
        return found

    def sharing(self, system: SystemName, namespace: str) -> tuple[tuple[Kind, str], ...]:
        """Kinds and fields of a system whose values have to be unique together."""
        found = self._sharing.get((system, namespace))
        if found is None:
            found = self._sharing[system, namespace] = tuple(
                (kind, field)
                for kind, rule in sorted(self.capabilities[system].kinds.items())
                for field, field_rule in rule.fields.items()
                if field_rule.namespace == namespace
            )
        return found

    def unique_fields(self, system: SystemName, kind: Kind) -> Mapping[str, str]:
        """Fields of a kind whose values a system allows only once, each with its namespace."""
        found = self._unique.get((system, kind))
        if found is None:
            rule = self.rule(system, kind)
            fields = {} if rule is None else rule.fields
            found = {field: f.namespace for field, f in fields.items() if f.namespace}
            self._unique[system, kind] = found
        return found

    def declared(self, kind: Kind, system: SystemName) -> Mapping[str, tuple[str, str]]:
        """Folded name of a half in this system -> its pair: the source's name, the books'."""
        found = self._declared.get((kind, system))
        if found is None:
            place = int(system == self.books)
            pairs = self.mapping.get(kind, {}).items()
            found = {fold(pair[place].strip()): pair for pair in pairs}
            self._declared[kind, system] = found
        return found

    # What follows from a policy alone is asked for every field of every record: worked out once.

    @cached_property
    def _keepers(self) -> dict[Kind, tuple[SystemName, ...]]:
        return {}

    @cached_property
    def _sharing(self) -> dict[tuple[SystemName, str], tuple[tuple[Kind, str], ...]]:
        return {}

    @cached_property
    def _unique(self) -> dict[tuple[SystemName, Kind], dict[str, str]]:
        return {}

    @cached_property
    def _declared(self) -> dict[tuple[Kind, SystemName], dict[str, tuple[str, str]]]:
        return {}

    @cached_property
    def owners(self) -> dict[tuple[Kind, str], str]:
        """For ``authority.owner`` to remember its answers in."""
        return {}

    @cached_property
    def merged_fields(
        self,
    ) -> dict[tuple[Kind, tuple[SystemName, ...]], tuple[tuple[str, str], ...]]:
        """For ``merge`` to remember in which fields of a kind it compares some systems."""
        return {}

    @cached_property
    def compared(self) -> dict[Kind, tuple["Compared", ...]]:
        """For ``unmoved`` to remember what it compares the parts of a record by."""
        return {}

    @cached_property
    def fields_created(
        self,
    ) -> dict[tuple[Kind, SystemName, tuple[SystemName, ...]], tuple["FieldCreated", ...]]:
        """For ``create`` to remember which fields a new record may get from some systems."""
        return {}


Compared: TypeAlias = tuple[
    SystemName, Callable[[tuple[Any, ...]], Image], Callable[[Image], Image], int
]
"""What one system's part in a kind is compared by, the fields that ``merge`` looks at: its
name, what takes them out of all values of a record, pointers last, what takes them out of an
image, and how many of them are no pointers."""


class FieldCreated(msgspec.Struct, frozen=True, kw_only=True):
    """A field that a new record of some kind and system may get."""

    field: str
    rule: FieldRule
    owner: str
    is_optional: bool
    """It may stay empty: where nobody shows it, there is nothing to say."""
    is_pointer: bool
    is_unique: bool
    is_plain: bool
    """Only the mapping stands between the source's value and the target's: somebody owns it, and
    it is no pointer, nor a name that waits where the target cannot hold it as it is."""


_NO_DOCUMENTS = DocumentPolicy()
_RESTORED = frozenset({*REFERENCE_KINDS, Kind.VENDOR, Kind.CUSTOMER, Kind.ITEM})


class Lookups(Protocol):
    """Questions to the ledger; every answer holds for the whole of one planning pass."""

    def record_of(self, ref: ExternalRef, /) -> RecordId | None: ...

    def ref_of(self, record: RecordId, system: SystemName, /) -> ExternalRef | None: ...

    def resolve(self, system: SystemName, reference: Reference, /) -> RecordId | None:
        """The record that a pointer written by that system means; None if none or several."""
        ...

    def find(
        self, system: SystemName, kind: Kind, key: str, value: str, /
    ) -> Sequence[ExternalRef]:
        """Live and inactive records having that folded key (``ledger.model.keys``)."""
        ...

    def view(self, record: RecordId, /) -> RecordView | None: ...

    def catalogue_complete(self, system: SystemName, kind: Kind, /) -> bool:
        """Whether one full sweep of this kind was ever finished with proof."""
        ...

    def confirmed_changes(self, record: RecordId, /) -> Sequence[ConfirmedChange]:
        """Our own confirmed writes of the record, within the window that oscillation looks at."""
        ...

    def remapped(self, system: SystemName, /) -> Mapping[RecordId, RecordId]:
        """Standing answers: where ``system`` is to be pointed to a record, another one is meant."""
        ...
