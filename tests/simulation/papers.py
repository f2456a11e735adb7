"""What a document shows, read from the sandboxes' own memory: one form for both systems.

Shares no code with the connectors and none with planning, so that no mistake of theirs can hide
itself here. The lines of a line map, holds and links are not known here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.dear.documents import LIVE
from daemon.sandbox.dear.money import manner
from daemon.sandbox.dear.purchasestatus import part_totals
from daemon.sandbox.dear.state import Row
from daemon.sandbox.qbo import orders
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.state import Stored

PAPER_ENTITIES: Final = {"purchase_order": "PurchaseOrder", "bill": "Bill", "invoice": "Invoice"}
KIND_OF_PAPER: Final = {entity: kind for kind, entity in PAPER_ENTITIES.items()}
STANDING: Final = ("open", "closed")
_OWN: Final = ("ClassRef", "CustomerRef", "BillableStatus")
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One line. ``subject`` is the id of its item, or ``account <id>``."""

    id: str
    subject: str
    quantity: Decimal | None
    amount: Decimal
    text: str
    own: tuple[str, ...] = ()
    """Class, customer and billable status: the bookkeeper's."""
    order: str = ""
    """The order that it bills, and which line of it."""
    order_line: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """One document as one system shows it."""

    system: str
    kind: str
    id: str
    number: str
    party: str
    """Id of the vendor or customer."""
    date: str
    total: Decimal
    tax: Decimal
    status: str
    """``draft`` | ``open`` | ``closed`` | ``voided``"""
    lines: tuple[PaperLine, ...]
    master: str = ""
    """DEAR: id of the purchase or sale."""
    inclusive: bool = False
    by_hand: bool = False
    """QuickBooks: an order that somebody closed."""
    settled: tuple[tuple[str, Decimal], ...] = ()
    """QuickBooks: payment and what it settles."""
    note: str = ""
    """QuickBooks: the bookkeeper's own remark, which is written at creation at most."""
    head: tuple[tuple[str, str], ...] = ()
    """QuickBooks: every property of the document itself, to the last byte."""
    rest: str = ""
    """QuickBooks: the same of its lines."""

    @property
    def label(self) -> str:
        return f"{self.system}/{self.kind}/{self.id}"

    @property
    def stands(self) -> bool:
        return self.status in STANDING

    def __str__(self) -> str:
        return f"{self.label} {self.number!r} of {self.date}, {self.total}, {self.status}"


# -- QuickBooks ---------------------------------------------------------------------------------


def qbo_paper(twin: QboTwin, stored: Stored) -> Paper:
    """A purchase order, bill or invoice of QuickBooks."""
    fields, derived = stored.fields, stored.derived
    party = fields.get("VendorRef") or fields.get("CustomerRef")
    status = "voided" if derived.get("Void") else "open"
    if stored.spec.name == "PurchaseOrder" and orders.status(twin.state, stored) == "Closed":
        status = "closed"
    return Paper(
        system="qbo",
        kind=KIND_OF_PAPER[stored.spec.name],
        id=stored.id,
        number=str(fields.get("DocNumber", "")),
        party=str(party["value"]) if party else "",
        date=str(fields["TxnDate"]),
        total=Decimal(derived["TotalAmt"]),
        tax=Decimal(derived.get("TotalTax", 0)),
        status=status,
        lines=tuple(_qbo_line(line) for line in derived["Line"]),
        by_hand=bool(derived.get("ClosedByHand")),
        settled=tuple(sorted(derived.get("Applied", {}).items())),
        note=str(fields.get("PrivateNote", "")),
        head=tuple((name, repr(fields[name])) for name in sorted(fields) if name != "Line"),
        rest=repr(fields.get("Line")) + repr(derived["Line"]),
    )


def _qbo_line(line: dict[str, Any]) -> PaperLine:
    detail = line.get(line["DetailType"]) or {}
    item, account = detail.get("ItemRef"), detail.get("AccountRef")
    subject = str(item["value"]) if item else f"account {account['value']}" if account else ""
    link = (line.get("LinkedTxn") or [{}])[0]
    return PaperLine(
        id=str(line["Id"]),
        subject=subject,
        quantity=detail.get("Qty") or None,
        amount=Decimal(line.get("Amount") or 0),
        text=str(line.get("Description", "")),
        own=tuple(_own(detail.get(name)) for name in _OWN),
        order=str(link.get("TxnId", "")),
        order_line=str(link.get("TxnLineId", "")),
    )


def _own(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("value", ""))
    return "" if value in (None, "NotBillable") else str(value)


def qbo_papers(twin: QboTwin) -> dict[str, Paper]:
    """Every document of the three kinds, by label."""
    found = [
        qbo_paper(twin, stored)
        for entity in PAPER_ENTITIES.values()
        for stored in twin.state.all(entity)
    ]
    return {paper.label: paper for paper in found}


# -- DEAR ---------------------------------------------------------------------------------------


def dear_papers(twin: DearTwin) -> dict[str, Paper]:
    """Every order and every invoice that somebody has begun, by label: an invoice is named by its
    purchase or sale and its task."""
    found = [
        paper
        for table in ("purchase", "sale")
        for row in twin.state[table]
        for paper in _of_row(twin, table, row)
    ]
    return {paper.label: paper for paper in found}


def _of_row(twin: DearTwin, table: str, row: Row) -> Iterator[Paper]:
    fields = row.fields
    if table == "purchase":
        order = fields["Order"]
        begun = order["Lines"] or order["AdditionalCharges"]
        if begun or order["Status"] not in ("NOT AVAILABLE", ""):
            number, day = str(fields["OrderNumber"]), str(fields["OrderDate"])
            yield _dear_paper(twin, row, order, "purchase_order", row.id, number, day)
    kind, name = ("bill", "Invoice") if table == "purchase" else ("invoice", "Invoices")
    for part in fields[name]:
        number, day = str(part["InvoiceNumber"] or ""), str(part["InvoiceDate"])
        yield _dear_paper(twin, row, part, kind, part["TaskID"], number, day)


def _dear_paper(
    twin: DearTwin,
    row: Row,
    part: dict[str, Any],
    kind: str,
    task: str,
    number: str,
    day: str,
) -> Paper:
    fields = row.fields
    sums = part_totals(part, manner(twin.state.me, fields, twin.switches))
    status = "open" if part["Status"] in LIVE else "draft"
    if fields["Voided"] or part["Status"] == "VOIDED":
        status = "voided"
    return Paper(
        system="dear",
        kind=kind,
        id=task if kind == "purchase_order" else f"{row.id}/{task}".lower(),
        number=number,
        party=str(fields.get("SupplierID") or fields.get("CustomerID")),
        date=day[:10],
        total=sums.total,
        tax=sums.tax,
        status=status,
        lines=tuple(
            PaperLine(
                id="",
                subject=str(line["ProductID"]),
                quantity=line["Quantity"],
                amount=line["Total"].quantize(_CENT, rounding=ROUND_HALF_UP),
                text=str(line.get("Comment") or ""),
            )
            for line in (*part["Lines"], *part["AdditionalCharges"])
        ),
        master=row.id.lower(),
        inclusive=fields["TaxCalculation"] == "Inclusive",
    )
