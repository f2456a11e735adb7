"""Purchase orders. They post nothing; QuickBooks closes one by itself once all of it is billed."""

from daemon.connectors.qbo.mapping.documents import (
    ADDRESS_PUTS,
    PURCHASE,
    PURCHASE_PUTS,
    custom_fields,
    head,
)
from daemon.connectors.qbo.mapping.lines import ITEM, line_strangers
from daemon.connectors.qbo.mapping.wire import (
    Entity,
    Setting,
    Wire,
    address,
    day,
    pointer,
    put_day,
    put_text,
    text,
)
from ledger.model.ids import Kind
from ledger.model.records import PurchaseOrder

STATUSES = {"Open": "open", "Closed": "closed"}


def _read(raw: Wire, setting: Setting) -> PurchaseOrder:
    word = text(raw, "POStatus")
    return PurchaseOrder(
        **head(raw, Kind.PURCHASE_ORDER, setting),
        vendor=pointer(raw, "VendorRef", Kind.VENDOR),
        memo=text(raw, "Memo"),
        custom_fields=custom_fields(raw),
        shipping_address=address(raw, "ShipAddr"),
        expected_date=day(raw, "ExpectedDate"),
        # An unknown word stays as it is, lower-cased: seen and kept, equal only to itself.
        status="open" if word is None else STATUSES.get(word, word.lower()),
    )


PURCHASE_ORDER = Entity(
    kind=Kind.PURCHASE_ORDER,
    name="PurchaseOrder",
    name_property="DocNumber",
    read=_read,
    puts=PURCHASE_PUTS
    | {
        "memo": put_text("Memo"),
        "shipping_address": ADDRESS_PUTS["shipping_address"],
        "expected_date": put_day("ExpectedDate"),
    },
    known=PURCHASE
    | {
        "POStatus",
        "ExpectedDate",
        "ShipAddr",
        "ShipTo",
        "POEmail",
        "TaxCodeRef",
        "ReimbursableInfoRef",
        "ReimbursableType",
        "InventorySiteRef",
        "VendorMsg",
        "ManuallyClosed",
        "PurchaseOrderEx",
    },
    queries={"number": "DocNumber"},
    words={"POStatus": frozenset(STATUSES)},
    required=("VendorRef", "APAccountRef"),
    item_detail=ITEM,
    strangers=lambda raw: line_strangers(raw, "PurchaseOrder"),
)
