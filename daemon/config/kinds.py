"""Per kind of reference and master data: does it flow, who gets new ones, who is right.

As in ``model``, the docstring under each field is what a reader of the file is told.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from daemon.config.documents import BillConfig, InvoiceConfig, PurchaseOrderConfig
from daemon.config.types import FieldOf, FlowMode, ForeignEdit, Section
from ledger.model.ids import Kind

CreateMode: TypeAlias = Literal["auto", "ask", "never"]
RemovedMode: TypeAlias = Literal["ask", "ignore", "follow", "recreate"]
Holder: TypeAlias = Literal["qbo", "dear", "both", "none"]


class Create(Section):
    """Whether a record that exists only on one side is created on the other."""

    qbo: CreateMode = "auto"
    """Create in QuickBooks what only the source has. ``ask`` waits for a person each time."""
    dear: CreateMode = "auto"
    """Create in DEAR what only QuickBooks has."""


class CreateReference(Create):
    """As for vendors; but the books own reference data, so nothing is created in them."""

    qbo: CreateMode = "never"
    """Create in QuickBooks what only the source has."""
    dear: CreateMode = "auto"
    """Create in DEAR what only QuickBooks has."""


class OnRemoved(Section):
    """What follows when one system removes a record that both have, or makes it inactive."""

    qbo: RemovedMode = "ask"
    """Removed in QuickBooks. ``ask`` holds what was deleted and proposes to make inactive what was
    made inactive; ``follow`` proposes it in both cases; ``ignore`` leaves the other side alone;
    ``recreate`` asks to unlink it, so that it is created anew. Nothing goes without an approval."""
    dear: RemovedMode = "ask"
    """Removed (or deprecated) in DEAR."""


class KindConfig(Section):
    """What every kind of record has in common."""

    flow: FlowMode = "auto"
    """``auto`` sends what needs no approval; ``manual`` sends a record only after
    ``trueup send KIND REF`` or an approval; ``off`` watches the kind and never writes it."""
    create: Create = Create()
    """Who may get new records."""
    on_removed: OnRemoved = OnRemoved()
    """What follows when one system removes a record, or makes it inactive."""
    authority: dict[str, Holder] = Field(default_factory=dict)
    """Field by field, which system is right."""
    on_foreign_edit: dict[str, ForeignEdit] = Field(default_factory=dict)
    """What to do when a field is edited in the system that does not own it."""


class AccountConfig(KindConfig):
    """Ledger accounts."""

    create: CreateReference = CreateReference()
    """Who may get new accounts."""
    authority: dict[Annotated[str, FieldOf(Kind.ACCOUNT)], Holder] = Field(default_factory=dict)
    """Field by field, which system is right; fields left out follow the default (QuickBooks)."""
    on_foreign_edit: dict[Annotated[str, FieldOf(Kind.ACCOUNT, "*")], ForeignEdit] = Field(
        default_factory=dict
    )
    """What to do when a field is edited in the system that does not own it; ``"*"`` means every
    field. ``restore`` (default) puts it back, ``hold`` asks, ``accept`` leaves it."""


class TaxCodeConfig(KindConfig):
    """Tax codes, called tax rules in DEAR."""

    create: CreateReference = CreateReference()
    """Who may get new tax codes."""
    authority: dict[Annotated[str, FieldOf(Kind.TAX_CODE)], Holder] = Field(default_factory=dict)
    """Field by field, which system is right; fields left out follow the default (QuickBooks)."""
    on_foreign_edit: dict[Annotated[str, FieldOf(Kind.TAX_CODE, "*")], ForeignEdit] = Field(
        default_factory=dict
    )
    """What to do when a field is edited in the system that does not own it; ``"*"`` means every
    field. ``restore`` (default) puts it back, ``hold`` asks, ``accept`` leaves it."""


class TermConfig(KindConfig):
    """Payment terms."""

    create: CreateReference = CreateReference()
    """Who may get new terms."""
    authority: dict[Annotated[str, FieldOf(Kind.TERM)], Holder] = Field(default_factory=dict)
    """Field by field, which system is right; fields left out follow the default (QuickBooks)."""
    on_foreign_edit: dict[Annotated[str, FieldOf(Kind.TERM, "*")], ForeignEdit] = Field(
        default_factory=dict
    )
    """What to do when a field is edited in the system that does not own it; ``"*"`` means every
    field. ``restore`` (default) puts it back, ``hold`` asks, ``accept`` leaves it."""


class ClassConfig(KindConfig):
    """Reporting classes."""

    create: CreateReference = CreateReference()
    """Who may get new classes."""
    authority: dict[Annotated[str, FieldOf(Kind.CLASS)], Holder] = Field(default_factory=dict)
    """Field by field, which system is right; fields left out follow the default (QuickBooks)."""
    on_foreign_edit: dict[Annotated[str, FieldOf(Kind.CLASS, "*")], ForeignEdit] = Field(
        default_factory=dict
    )
    """What to do when a field is edited in the system that does not own it; ``"*"`` means every
    field. ``restore`` (default) puts it back, ``hold`` asks, ``accept`` leaves it."""


class PaymentMethodConfig(KindConfig):
    """Payment methods."""

    create: CreateReference = CreateReference()
    """Who may get new payment methods."""
    authority: dict[Annotated[str, FieldOf(Kind.PAYMENT_METHOD)], Holder] = Field(
        default_factory=dict
    )
    """Field by field, which system is right; fields left out follow the default (QuickBooks)."""
    on_foreign_edit: dict[Annotated[str, FieldOf(Kind.PAYMENT_METHOD, "*")], ForeignEdit] = Field(
        default_factory=dict
    )
    """What to do when a field is edited in the system that does not own it; ``"*"`` means every
    field. ``restore`` (default) puts it back, ``hold`` asks, ``accept`` leaves it."""


class VendorConfig(KindConfig):
    """Vendors, called suppliers in DEAR."""

    create: Create = Create()
    """Who may get new vendors."""
    authority: dict[Annotated[str, FieldOf(Kind.VENDOR)], Holder] = Field(default_factory=dict)
    """Field by field, which system is right: ``qbo``, ``dear``, ``both`` (whoever changed it
    since they agreed; both at once is a conflict) or ``none`` (never written)."""
    on_foreign_edit: dict[Annotated[str, FieldOf(Kind.VENDOR, "*")], ForeignEdit] = Field(
        default_factory=dict
    )
    """What to do when a field is edited in the system that does not own it; ``"*"`` means every
    field. ``restore`` (default) puts it back, ``hold`` asks, ``accept`` leaves it."""


class CustomerConfig(KindConfig):
    """Customers."""

    create: Create = Create()
    """Who may get new customers."""
    authority: dict[Annotated[str, FieldOf(Kind.CUSTOMER)], Holder] = Field(default_factory=dict)
    """As for vendors."""
    on_foreign_edit: dict[Annotated[str, FieldOf(Kind.CUSTOMER, "*")], ForeignEdit] = Field(
        default_factory=dict
    )
    """As for vendors."""


class ItemConfig(KindConfig):
    """Items, called products in DEAR."""

    create: Create = Create()
    """Who may get new items."""
    authority: dict[Annotated[str, FieldOf(Kind.ITEM)], Holder] = Field(default_factory=dict)
    """As for vendors. Quantity on hand is never written and cannot be named here."""
    on_foreign_edit: dict[Annotated[str, FieldOf(Kind.ITEM, "*")], ForeignEdit] = Field(
        default_factory=dict
    )
    """As for vendors."""


class KindsConfig(Section):
    """Per kind of record: does it flow, is it created, who is right."""

    account: AccountConfig = AccountConfig()
    """Ledger accounts."""
    tax_code: TaxCodeConfig = TaxCodeConfig()
    """Tax codes."""
    term: TermConfig = TermConfig()
    """Payment terms."""
    class_: Annotated[ClassConfig, Field(alias="class")] = ClassConfig()
    """Reporting classes."""
    payment_method: PaymentMethodConfig = PaymentMethodConfig()
    """Payment methods."""
    vendor: VendorConfig = VendorConfig()
    """Vendors. ``create: ask`` waits for a person each time."""
    customer: CustomerConfig = CustomerConfig()
    """Customers."""
    item: ItemConfig = ItemConfig()
    """Items."""
    purchase_order: PurchaseOrderConfig = PurchaseOrderConfig()
    """Purchase orders: from the source to QuickBooks, one way."""
    bill: BillConfig = BillConfig()
    """Bills: from the source to QuickBooks, one way."""
    invoice: InvoiceConfig = InvoiceConfig()
    """Invoices: from the source to QuickBooks, one way."""
