"""The memory of one DEAR company: its tables, the ids it gives and the stamps it sets.

Rows hold fields under their wire names. Rules of the API live with the endpoints, not here; what
is here happens whoever changes a record: stamps move, and a renamed record is renamed wherever
others name it.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

from daemon.clock import Clock
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.holdings import Holdings, Place
from daemon.sandbox.recency import Recency

KINDS: Final = (
    "account",
    "tax",
    "paymentterm",
    "category",
    "brand",
    "unit",
    "location",
    "carrier",
    "contact",
    "attributeset",
    "supplier",
    "customer",
    "product",
    "purchase",
    "sale",
)

NAMED_BY: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "account": (
        ("tax", "Account"),
        ("supplier", "AccountPayable"),
        ("customer", "AccountReceivable"),
        ("customer", "RevenueAccount"),
        ("product", "COGSAccount"),
        ("product", "RevenueAccount"),
        ("product", "ExpenseAccount"),
        ("product", "InventoryAccount"),
    ),
    "tax": (
        ("supplier", "TaxRule"),
        ("customer", "TaxRule"),
        ("product", "PurchaseTaxRule"),
        ("product", "SaleTaxRule"),
    ),
    "paymentterm": (("supplier", "PaymentTerm"), ("customer", "PaymentTerm")),
    "category": (("product", "Category"),),
    "brand": (("product", "Brand"),),
    "unit": (("product", "UOM"),),
    "location": (("product", "DefaultLocation"), ("customer", "Location")),
    "carrier": (("customer", "Carrier"),),
    "contact": (("customer", "SalesRepresentative"),),
    "attributeset": (
        ("supplier", "AttributeSet"),
        ("customer", "AttributeSet"),
        ("product", "AttributeSet"),
    ),
}
"""Which fields of which tables name a record of a kind (by its name, accounts by their code)."""

IN_DOCUMENTS: Final[dict[str, tuple[str, ...]]] = {
    "account": ("Account", "InventoryAccount"),
    "tax": ("TaxRule",),
    "paymentterm": ("Terms",),
    "location": ("Location",),
    "carrier": ("Carrier",),
    "contact": ("SalesRepresentative",),
    "supplier": ("SupplierID",),
    "customer": ("CustomerID",),
    "product": ("ProductID",),
}
"""Fields anywhere in a document that name a record: by its name (code) or its id."""

NAME_FIELD: Final = {"account": "Code", "carrier": "Description"}
"""The field by which others name a record, where it is not ``Name``."""


def fold(text: str) -> str:
    """Names and SKUs are compared ignoring case and trailing blanks, as the database does."""
    return text.rstrip().casefold()


@dataclass(slots=True)
class Row:
    """One record. ``fields`` carry everything but LastModifiedOn."""

    id: str
    fields: Fields
    order: int
    """Age: smaller is older."""
    modified: datetime


@dataclass(slots=True)
class Stock:
    """What is on hand of one product at one place. ``value`` is in the base currency."""

    product: str
    location: str
    on_hand: Decimal = Decimal(0)
    allocated: Decimal = Decimal(0)
    on_order: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    bin: str | None = None
    batch: str | None = None


def _recency() -> Recency[Row]:
    return Recency(order=attrgetter("order"), instant=attrgetter("modified"))


@dataclass(slots=True)
class Table:
    kind: str
    rows: dict[str, Row] = field(default_factory=dict)
    """By id in lower case: the case of ids differs from answer to answer on the wire."""
    _sorted: dict[str, list[Row]] = field(default_factory=dict)
    _grouped: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    _recency: Recency[Row] = field(default_factory=_recency)

    def add(self, row: Row) -> None:
        """Keep a new row; groups that are known already take it in."""
        self.rows[row.id.lower()] = row
        self._sorted.clear()
        for name, groups in self._grouped.items():
            groups.setdefault(fold(str(row.fields.get(name) or "")), []).append(row)
        self._recency.moved(row)

    def remove(self, row: Row) -> None:
        del self.rows[row.id.lower()]
        self._recency.gone(row)
        self.touch()

    def moved(self, row: Row) -> None:
        """The stamp of the row is another one now."""
        self._recency.moved(row)

    def since(self, instant: datetime) -> list[Row]:
        """Rows stamped at or after an instant, in no particular order."""
        return self._recency.since(instant)

    def touch(self) -> None:
        """Something here changed: sorted and grouped rows are made anew."""
        self._sorted.clear()
        self._grouped.clear()

    def ordered(self, key: str) -> list[Row]:
        """Every row in the order of a field; ``""`` = oldest first."""
        if key not in self._sorted:
            self._sorted[key] = sorted(
                self, key=lambda row: (fold(str(row.fields.get(key) or "")), row.order)
            )
        return self._sorted[key]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def get(self, row_id: str) -> Row | None:
        return self.rows.get(row_id.lower())

    def where(self, name: str, value: str) -> list[Row]:
        """Rows whose text field equals ``value``, ignoring case, oldest first."""
        if name not in self._grouped:
            groups: dict[str, list[Row]] = {}
            for row in self.rows.values():
                groups.setdefault(fold(str(row.fields.get(name) or "")), []).append(row)
            self._grouped[name] = groups
        return self._grouped[name].get(fold(value), [])

    def one(self, name: str, value: str) -> Row | None:
        found = self.where(name, value)
        return found[0] if found else None


def _within(value: Any) -> Iterator[Fields]:
    """Every object inside a document, itself included."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _within(item)
    elif isinstance(value, list):
        for item in value:
            yield from _within(item)


def _mentions(document: Fields, kind: str, keys: set[str]) -> Iterator[str]:
    for part in _within(document):
        for field_name in IN_DOCUMENTS.get(kind, ()):
            if part.get(field_name) in keys:
                yield field_name


def _rename_in(document: Fields, kind: str, before: str, after: str) -> None:
    for part in _within(document):
        for field_name in IN_DOCUMENTS.get(kind, ()):
            if part.get(field_name) == before:
                part[field_name] = after


class DearState:
    """One company."""

    def __init__(self, clock: Clock, *, seed: int = 0) -> None:
        self._clock = clock
        self._space = uuid.uuid5(uuid.NAMESPACE_URL, f"dear-sandbox/{seed}").bytes
        self._count = 0
        self._rows = 0
        self.tables: dict[str, Table] = {kind: Table(kind) for kind in KINDS}
        self.stock: list[Stock] = []
        self.price_tiers: list[str] = [f"Tier {n}" for n in range(1, 11)]
        self.me: Fields = {}
        self.holdings = Holdings()
        self._stock: dict[Place, Stock] = {}
        self.tell: Callable[[str, Row, bool], None] = lambda _kind, _row, _is_new: None
        """Called with the kind and the row whenever one is added (new) or stamped."""

    def __getitem__(self, kind: str) -> Table:
        return self.tables[kind]

    def new_id(self) -> str:
        """The next id: looks random, is the same in every run."""
        self._count += 1
        made = hashlib.sha1(self._space + str(self._count).encode(), usedforsecurity=False)
        text = made.hexdigest()
        # Version 5 and its variant, spelled here: a year of documents takes a million ids.
        variant = "89ab"[int(text[16], 16) & 3]
        return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"

    def now(self) -> datetime:
        """The present instant as DEAR keeps it, to the millisecond."""
        now = self._clock.now().astimezone(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def add(
        self, kind: str, fields: Fields, *, row_id: str = "", modified: datetime | None = None
    ) -> Row:
        """Keep a new record. Accounts are keyed by their code, all others get an id."""
        new_id = self.new_id()
        key = str(fields["Code"]) if kind == "account" else row_id or new_id
        self._rows += 1
        row = Row(key, dict(fields), order=self._rows, modified=modified or self.now())
        self.tables[kind].add(row)
        self.tell(kind, row, True)
        return row

    def stamp(self, kind: str, row: Row, at: datetime | None = None) -> None:
        """The row was changed now, or at a given instant."""
        row.modified = at or self.now()
        self.tables[kind].moved(row)
        self.tell(kind, row, False)

    def change(self, kind: str, row: Row, fields: Fields, *, stamp_always: bool = True) -> bool:
        """Set fields and the stamp; true when something changed. Renames reach every mention."""
        changes = {name: value for name, value in fields.items() if row.fields.get(name) != value}
        name_field = NAME_FIELD.get(kind, "Name")
        before = row.fields.get(name_field)
        row.fields.update(changes)
        self.tables[kind].touch()
        if name_field in changes and isinstance(before, str):
            self._rename(kind, row, before, str(changes[name_field]))
        if changes or stamp_always:
            self.stamp(kind, row)
        return bool(changes)

    def remove(self, kind: str, row: Row) -> None:
        """Forget a record; no trace stays."""
        self.tables[kind].remove(row)
        if kind == "product":
            self.stock = [stock for stock in self.stock if stock.product != row.id]
        if kind == "supplier":
            for product in self.tables["product"]:
                rows = product.fields["Suppliers"]
                product.fields["Suppliers"] = [r for r in rows if r["SupplierID"] != row.id]

    def number(self, prefix: str) -> str:
        """The next number of a series: ``PO-00001``."""
        last = self.holdings.numbers.get(prefix, 0) + 1
        self.holdings.numbers[prefix] = last
        return f"{prefix}-{last:05}"

    def document_of(self, kind: str, task: str) -> Row | None:
        """The purchase or sale that a TaskID belongs to; its own id is one."""
        master = self.holdings.tasks.get(task, task)
        return self.tables[kind].get(master)

    def stock_at(self, place: Place) -> Stock | None:
        """What is on hand of a product at a location (bins and batches are not told apart)."""
        if len(self._stock) != len(self.stock):
            self._stock = {(stock.product, stock.location): stock for stock in self.stock}
        return self._stock.get(place)

    def keep_stock(self, stock: Stock) -> None:
        self.stock.append(stock)
        self._stock[stock.product, stock.location] = stock

    def places(self, product: str) -> list[Place]:
        """Where a product is or was."""
        self.stock_at((product, ""))
        return [place for place in self._stock if place[0] == product]

    def mentions(self, kind: str, row: Row) -> list[tuple[Row, str]]:
        """Every record and field that names this record."""
        name = row.fields.get(NAME_FIELD.get(kind, "Name"))
        named = self._named(kind, str(name)) if name else []
        return named + [
            (other, mentioned)
            for table in ("purchase", "sale")
            for other in self.tables[table]
            for mentioned in _mentions(other.fields, kind, {row.id, str(name)})
        ]

    def _named(self, kind: str, name: str) -> list[tuple[Row, str]]:
        return [
            (other, field_name)
            for table, field_name in NAMED_BY.get(kind, ())
            for other in self.tables[table]
            if other.fields.get(field_name) == name
        ]

    def _rename(self, kind: str, row: Row, before: str, after: str) -> None:
        # The others point at the record by its id: they show the new name, and are not touched.
        for other, field_name in self._named(kind, before):
            other.fields[field_name] = after
        for table, _ in NAMED_BY.get(kind, ()):
            self.tables[table].touch()
        for table in ("purchase", "sale"):
            for document in self.tables[table]:
                _rename_in(document.fields, kind, before, after)
        if kind == "account":
            self.holdings.rename_account(before, after)
            row.fields["OldCode"] = before
            self.tables[kind].rows[after.lower()] = self.tables[kind].rows.pop(before.lower())
            row.id = after

    def dump(self, kind: str) -> list[dict[str, Any]]:
        """Every record of a kind, deprecated ones included, for tests and people."""
        return [
            {"_id": row.id, "_modified": row.modified.isoformat(), **row.fields}
            for row in self.tables[kind]
        ]
