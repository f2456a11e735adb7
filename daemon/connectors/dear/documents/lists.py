"""The two lists of documents, and what the details behind a row hold. A table, no acts.

DEAR: lists show headers only, so that each purchase or sale costs a call of its own; the row of a
list and the details behind it name their stamps differently.
"""

from collections.abc import Callable, Mapping

import msgspec

from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping import purchases, sales
from daemon.connectors.dear.mapping.fields import Raw
from ledger.model.ids import Kind
from ledger.model.records import Document


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of record that hangs on the parts of a purchase or sale."""

    kind: Kind
    list_key: str
    """The array on the whole that holds one part for each record."""
    label: str
    to_record: Callable[[Raw, Raw, DearConfig], tuple[Document, str]]
    kept: frozenset[str]
    """Properties of the whole that are kept beside a record."""


class DocumentList(msgspec.Struct, frozen=True, kw_only=True):
    """One list."""

    path: str
    """Below the base URL."""
    list_key: str
    id_key: str
    stamp_key: str
    """On a row: when it was last changed."""
    detail_path: str
    detail_params: Mapping[str, str] = {}
    detail_stamp_key: str
    label: str
    simple_type: str
    """The Type of those that can have one invoice only."""
    order: Part | None
    """The record that the whole itself is."""
    invoices: Part

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Kinds read here; the last one leads: its cursor is stored last."""
        return (self.invoices.kind, self.order.kind) if self.order else (self.invoices.kind,)

    @property
    def leader(self) -> Kind:
        return self.kinds[-1]

    def params(self, config: DearConfig) -> dict[str, str]:
        """None: drafts and voided documents are always listed."""
        return {}


PURCHASES = DocumentList(
    path="/purchaseList",
    list_key="PurchaseList",
    id_key="ID",
    stamp_key="LastUpdatedDate",
    # Serves simple, advanced and service purchases; /purchase refuses the last two.
    detail_path="/advanced-purchase",
    detail_stamp_key="LastUpdatedDate",
    label="purchase",
    simple_type="Simple Purchase",
    order=Part(
        kind=Kind.PURCHASE_ORDER,
        list_key="Order",
        label="order",
        to_record=purchases.order_to_record,
        kept=purchases.ORDER_KEPT,
    ),
    invoices=Part(
        kind=Kind.BILL,
        list_key="Invoice",
        label="purchase invoice",
        to_record=purchases.bill_to_record,
        kept=purchases.BILL_KEPT,
    ),
)
SALES = DocumentList(
    path="/saleList",
    list_key="SaleList",
    id_key="SaleID",
    stamp_key="Updated",
    detail_path="/sale",
    detail_params={"HideInventoryMovements": "true"},
    detail_stamp_key="LastModifiedOn",
    label="sale",
    simple_type="Simple Sale",
    order=None,
    invoices=Part(
        kind=Kind.INVOICE,
        list_key="Invoices",
        label="sale invoice",
        to_record=sales.invoice_to_record,
        kept=sales.INVOICE_KEPT,
    ),
)
LISTS = (PURCHASES, SALES)


def list_of(kind: Kind) -> DocumentList | None:
    """The list on which records of a kind are found; None for what is no document."""
    return next((one for one in LISTS if kind in one.kinds), None)


def invoice_id(whole_id: str, task_id: str) -> str:
    """How a bill or invoice is referred to: ``<purchase or sale id>/<task id>``, also where both
    are the same, because it can only be read through the purchase or sale."""
    return f"{whole_id}/{task_id}"


def whole_id(record_id: str) -> str:
    """The purchase or sale that a record is read through."""
    return record_id.partition("/")[0]
