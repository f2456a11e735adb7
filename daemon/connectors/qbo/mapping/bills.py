"""Bills. Their number is the vendor's; lines name the purchase order lines that they take over."""

from daemon.connectors.qbo.mapping.documents import PURCHASE, PURCHASE_PUTS, head, owed
from daemon.connectors.qbo.mapping.lines import ITEM, line_strangers
from daemon.connectors.qbo.mapping.wire import Entity, Setting, Wire, pointer
from ledger.model.ids import Kind
from ledger.model.records import Bill


def _read(raw: Wire, setting: Setting) -> Bill:
    return Bill(
        **head(raw, Kind.BILL, setting),
        **owed(raw),
        vendor=pointer(raw, "VendorRef", Kind.VENDOR),
        status="open",
    )


BILL = Entity(
    kind=Kind.BILL,
    name="Bill",
    name_property="DocNumber",
    read=_read,
    puts=PURCHASE_PUTS,
    known=PURCHASE | {"BillEx", "LessCIS", "HasBeenBilled"},
    queries={"number": "DocNumber"},
    # A sparse update is refused without its vendor.
    required=("VendorRef",),
    item_detail=ITEM,
    strangers=lambda raw: line_strangers(raw, "Bill"),
)
