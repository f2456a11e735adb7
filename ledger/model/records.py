"""Canonical records: the system-neutral form of what both sides hold.

A field that a system does not show stays ``UNSET`` and takes part in nothing; ``None`` means
"shown, and empty". Text is kept as the system sent it. Vocabulary fields (``type``,
``account_type`` ...) hold the canonical words listed beside them; connectors translate.
Fields in ``DERIVED`` are figures that the system computes: observed, never compared or written.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, ClassVar, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from .ids import Kind
from .values import Address, Lines, Reference, Texts, Value

Text: TypeAlias = str | UnsetType | None
Number: TypeAlias = Decimal | UnsetType | None
Flag: TypeAlias = bool | UnsetType | None
Pointer: TypeAlias = Reference | UnsetType | None
Postal: TypeAlias = Address | UnsetType | None
Rows: TypeAlias = Lines | UnsetType
Custom: TypeAlias = Texts | UnsetType | None


class _Record(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="kind"):
    KIND: ClassVar[Kind]
    DERIVED: ClassVar[frozenset[str]] = frozenset()


class Account(_Record, frozen=True, tag=Kind.ACCOUNT.value):
    """A ledger account. ``account_type`` uses QBO's AccountType words ("Bank", "Expense" ...)."""

    KIND: ClassVar[Kind] = Kind.ACCOUNT
    DERIVED: ClassVar[frozenset[str]] = frozenset({"balance", "account_sub_type", "system_account"})
    name: Text = UNSET
    code: Text = UNSET
    account_type: Text = UNSET
    account_sub_type: Text = UNSET
    description: Text = UNSET
    currency: Text = UNSET
    parent: Pointer = UNSET
    active: Flag = UNSET
    balance: Number = UNSET
    system_account: Text = UNSET


class TaxCode(_Record, frozen=True, tag=Kind.TAX_CODE.value):
    """A tax code or tax rule. ``rate`` is the total in percent (8.25 means 8.25 %)."""

    KIND: ClassVar[Kind] = Kind.TAX_CODE
    name: Text = UNSET
    description: Text = UNSET
    rate: Number = UNSET
    for_sales: Flag = UNSET
    for_purchases: Flag = UNSET
    active: Flag = UNSET


class Term(_Record, frozen=True, tag=Kind.TERM.value):
    """Payment terms. ``method``: "days" | "day_of_month" | "day_of_next_month" |
    "last_day_of_next_month" | "days_after_month_end"; ``due`` is the count of days or the day."""

    KIND: ClassVar[Kind] = Kind.TERM
    name: Text = UNSET
    method: Text = UNSET
    due: Number = UNSET
    discount_percent: Number = UNSET
    discount_days: Number = UNSET
    active: Flag = UNSET


class Class(_Record, frozen=True, tag=Kind.CLASS.value):
    """A reporting class of the books."""

    KIND: ClassVar[Kind] = Kind.CLASS
    name: Text = UNSET
    parent: Pointer = UNSET
    active: Flag = UNSET


class PaymentMethod(_Record, frozen=True, tag=Kind.PAYMENT_METHOD.value):
    KIND: ClassVar[Kind] = Kind.PAYMENT_METHOD
    name: Text = UNSET
    method_type: Text = UNSET
    active: Flag = UNSET


class Vendor(_Record, frozen=True, tag=Kind.VENDOR.value):
    KIND: ClassVar[Kind] = Kind.VENDOR
    DERIVED: ClassVar[frozenset[str]] = frozenset({"balance"})
    name: Text = UNSET
    code: Text = UNSET
    company_name: Text = UNSET
    contact_name: Text = UNSET
    email: Text = UNSET
    phone: Text = UNSET
    website: Text = UNSET
    billing_address: Postal = UNSET
    terms: Pointer = UNSET
    tax_code: Pointer = UNSET
    payable_account: Pointer = UNSET
    currency: Text = UNSET
    tax_number: Text = UNSET
    is_1099: Flag = UNSET
    notes: Text = UNSET
    active: Flag = UNSET
    balance: Number = UNSET


class Customer(_Record, frozen=True, tag=Kind.CUSTOMER.value):
    KIND: ClassVar[Kind] = Kind.CUSTOMER
    DERIVED: ClassVar[frozenset[str]] = frozenset({"balance"})
    name: Text = UNSET
    code: Text = UNSET
    company_name: Text = UNSET
    contact_name: Text = UNSET
    email: Text = UNSET
    phone: Text = UNSET
    website: Text = UNSET
    billing_address: Postal = UNSET
    shipping_address: Postal = UNSET
    terms: Pointer = UNSET
    tax_code: Pointer = UNSET
    taxable: Flag = UNSET
    receivable_account: Pointer = UNSET
    revenue_account: Pointer = UNSET
    price_tier: Text = UNSET
    currency: Text = UNSET
    tax_number: Text = UNSET
    notes: Text = UNSET
    active: Flag = UNSET
    balance: Number = UNSET


class Item(_Record, frozen=True, tag=Kind.ITEM.value):
    """A product or service. ``type``: "stock" (tracked by the source) | "inventory" (tracked by
    QBO) | "non_inventory" | "service". Prices are per ``unit`` in the home currency."""

    KIND: ClassVar[Kind] = Kind.ITEM
    DERIVED: ClassVar[frozenset[str]] = frozenset(
        {"quantity_on_hand", "average_cost", "full_name", "inventory_start"}
    )
    name: Text = UNSET
    sku: Text = UNSET
    type: Text = UNSET
    description: Text = UNSET
    purchase_description: Text = UNSET
    unit: Text = UNSET
    category: Text = UNSET
    barcode: Text = UNSET
    revision: Text = UNSET
    sales_price: Number = UNSET
    purchase_cost: Number = UNSET
    income_account: Pointer = UNSET
    expense_account: Pointer = UNSET
    asset_account: Pointer = UNSET
    sales_tax_code: Pointer = UNSET
    purchase_tax_code: Pointer = UNSET
    taxable: Flag = UNSET
    active: Flag = UNSET
    full_name: Text = UNSET
    quantity_on_hand: Number = UNSET
    average_cost: Number = UNSET
    inventory_start: Text = UNSET
    """Day from which the books track its quantity; they refuse documents dated before it."""


class _Document(_Record, frozen=True):
    """What all documents show. Dates are calendar days, ``YYYY-MM-DD``, never instants.

    ``status``: "draft" (not authorised, or no longer) | "open" | "closed" | "voided".
    ``tax_calculation``: "exclusive" (tax comes on top of the lines) | "inclusive" | "none".
    ``exchange_rate`` is units of the home currency for one unit of the document's currency.
    ``memo`` is for the other party, ``note`` for ourselves.
    """

    DERIVED: ClassVar[frozenset[str]] = frozenset({"balance", "settlements"})
    number: Text = UNSET
    date: Text = UNSET
    due_date: Text = UNSET
    currency: Text = UNSET
    exchange_rate: Number = UNSET
    tax_calculation: Text = UNSET
    terms: Pointer = UNSET
    memo: Text = UNSET
    note: Text = UNSET
    location: Text = UNSET
    """Name of the warehouse or site that the source keeps the document under."""
    custom_fields: Custom = UNSET
    lines: Rows = UNSET
    tax_total: Number = UNSET
    total: Number = UNSET
    """With tax."""
    status: Text = UNSET
    balance: Number = UNSET
    settlements: Text = UNSET
    """Payments and credits applied to it, as its system names them: "Payment 145, Payment 152"."""


class PurchaseOrder(_Document, frozen=True, tag=Kind.PURCHASE_ORDER.value):
    KIND: ClassVar[Kind] = Kind.PURCHASE_ORDER
    vendor: Pointer = UNSET
    shipping_address: Postal = UNSET
    expected_date: Text = UNSET


class Bill(_Document, frozen=True, tag=Kind.BILL.value):
    """What a vendor charges. ``number`` is the vendor's own."""

    KIND: ClassVar[Kind] = Kind.BILL
    vendor: Pointer = UNSET
    order: Pointer = UNSET
    """The purchase order that it bills, where the system says so for the whole bill."""
    order_number: Text = UNSET


class Invoice(_Document, frozen=True, tag=Kind.INVOICE.value):
    """What a customer is charged. ``customer_reference`` is the customer's own order number."""

    KIND: ClassVar[Kind] = Kind.INVOICE
    customer: Pointer = UNSET
    billing_address: Postal = UNSET
    shipping_address: Postal = UNSET
    customer_reference: Text = UNSET
    order_number: Text = UNSET


Document: TypeAlias = PurchaseOrder | Bill | Invoice
Record: TypeAlias = (
    Account
    | TaxCode
    | Term
    | Class
    | PaymentMethod
    | Vendor
    | Customer
    | Item
    | PurchaseOrder
    | Bill
    | Invoice
)

RECORD_TYPES: dict[Kind, type[Record]] = {
    Kind.ACCOUNT: Account,
    Kind.TAX_CODE: TaxCode,
    Kind.TERM: Term,
    Kind.CLASS: Class,
    Kind.PAYMENT_METHOD: PaymentMethod,
    Kind.VENDOR: Vendor,
    Kind.CUSTOMER: Customer,
    Kind.ITEM: Item,
    Kind.PURCHASE_ORDER: PurchaseOrder,
    Kind.BILL: Bill,
    Kind.INVOICE: Invoice,
}
"""Nothing else lists the kinds in sync."""


@cache
def comparable_fields(kind: Kind) -> tuple[str, ...]:
    """Names of the fields of a kind that take part in comparison, in declared order."""
    record_type = RECORD_TYPES[kind]
    return tuple(f for f in record_type.__struct_fields__ if f not in record_type.DERIVED)


def comparable_values(record: Record) -> dict[str, Value]:
    """The shown, compared fields of a record; fields the system does not show are absent."""
    return {field: value for field, value in zip(*shown(record), strict=True) if value is not UNSET}


def shown(record: Record) -> tuple[tuple[str, ...], Sequence[Any]]:
    """The names of the compared fields of a record, and their values with those not shown."""
    fields, values = _taken(type(record))
    return fields, values(record)


@cache
def _taken(record_type: type[Record]) -> tuple[tuple[str, ...], Callable[[Record], Sequence[Any]]]:
    """Those fields of one type, and what reads them all at once."""
    fields = comparable_fields(record_type.KIND)
    return fields, attrgetter(*fields)


def is_at_rest(record: Record) -> bool:
    """Whether nobody tends the record any more: inactive, or a voided document."""
    if isinstance(record, _Document):
        return record.status == "voided"
    return record.active is False
