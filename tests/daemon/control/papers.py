"""Documents in the office's ledger: what both systems show of a bill from one vendor."""

from decimal import Decimal

from ledger.model.ids import Kind, RecordId
from ledger.model.records import Bill, Item, Record, TaxCode, Vendor
from ledger.model.values import Line, Lines, Reference
from tests.daemon.control.conftest import DEAR, QBO, Office

PUMP = Item(name="Pump", sku="PUMP-40", type="non_inventory", active=True)
BOLT = Item(name="Bolt", sku="BOLT", type="non_inventory", active=True)
BOLTS = Vendor(name="Sierra Bolts", currency="USD", active=True)
EXEMPT = TaxCode(name="Exempt", rate=Decimal(0), for_purchases=True, for_sales=True, active=True)


async def furnish(office: Office) -> None:
    """Vendor, items and tax code, known to both systems as one thing each."""
    records: tuple[Record, ...] = (BOLTS, PUMP, BOLT, EXEMPT)
    for number, shown in enumerate(records, start=1):
        qbo = await office.show(QBO, f"{number}", shown)
        dear = await office.show(DEAR, f"d{number}", shown)
        await office.agree(qbo, dear, shown, shown)


def pointer(kind: Kind, number: int, *, in_qbo: bool) -> Reference:
    return Reference(kind=kind, id=f"{number}" if in_qbo else f"d{number}")


def line(item: int, quantity: str, price: str, *, in_qbo: bool, line_id: str = "") -> Line:
    return Line(
        id=line_id,
        item=pointer(Kind.ITEM, item, in_qbo=in_qbo),
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        amount=Decimal(quantity) * Decimal(price),
        tax_code=pointer(Kind.TAX_CODE, 4, in_qbo=in_qbo),
    )


def bill(
    price: str = "15.00", *, in_qbo: bool, number: str = "INV-77", date: str = "2026-03-10"
) -> Bill:
    """Twelve pumps at a price and a hundred bolts for fifteen."""
    lines = (
        line(3, "100", "0.15", in_qbo=in_qbo, line_id="1" if in_qbo else ""),
        line(2, "12", price, in_qbo=in_qbo, line_id="2" if in_qbo else ""),
    )
    total = sum((one.amount for one in lines if one.amount is not None), Decimal())
    return Bill(
        number=number,
        date=date,
        due_date=date,
        currency="USD",
        tax_calculation="exclusive",
        vendor=pointer(Kind.VENDOR, 1, in_qbo=in_qbo),
        lines=Lines(lines),
        tax_total=Decimal(0),
        total=total,
        status="open",
    )


async def agreed_bill(office: Office) -> RecordId:
    """A bill on which both systems agree."""
    await furnish(office)
    qbo = await office.show(QBO, "b1", bill(in_qbo=True))
    dear = await office.show(DEAR, "db1", bill(in_qbo=False))
    await office.plan()
    record = await office.ledger.read(lambda views: views.record_of(qbo))
    assert record is not None
    assert record == await office.ledger.read(lambda views: views.record_of(dear))
    return record
