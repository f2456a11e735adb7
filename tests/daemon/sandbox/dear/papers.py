"""Documents as tests write them: lines with their totals, and the calls that make a document."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.daemon.sandbox.dear.client import PRODUCT, Dear, Reply

PLACE = "Main Warehouse"
CENT = Decimal("0.01")
PUMP, HEADS = "SAMPLE-11", "SAMPLE-16"


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def line(
    sku: str, quantity: Any, price: Any, *, rate: int = 0, discount: int = 0, **more: Any
) -> dict[str, Any]:
    """A priced line as a client computes it; ``rate`` 8 is California, 0 exempt."""
    total = cents(Decimal(quantity) * Decimal(price) * (100 - discount) / 100)
    return {
        "SKU": sku,
        "Quantity": Decimal(quantity),
        "Price": Decimal(price),
        "Discount": discount,
        "Tax": (total * rate / 100).quantize(Decimal("0.0001")),
        "TaxRule": "California" if rate else "Tax Exempt",
        "Total": total,
        **more,
    }


def done(reply: Reply) -> Any:
    assert reply.status == 200, reply.text
    return reply.json


async def refused(reply: Reply, text: str) -> None:
    assert reply.status == 400, reply.text
    assert any(text in error for error in reply.errors), reply.errors


async def freight(dear: Dear) -> str:
    """A service product to charge for."""
    service = {**PRODUCT, "SKU": "FREIGHT", "Name": "Inbound freight", "Type": "Service"}
    await dear.made("product", service)
    return "Inbound freight"


async def purchase(dear: Dear, **header: Any) -> str:
    """A purchase with a header only: its ID."""
    rows = await dear.rows("supplier", Limit="1")
    given = {"SupplierID": rows[0]["ID"], "Approach": "INVOICE", "Location": PLACE, **header}
    return str(done(await dear.post("advanced-purchase", given))["ID"])


async def order(dear: Dear, task: str, *lines: Any, status: str = "AUTHORISED", **more: Any) -> Any:
    body = {"TaskID": task, "Status": status, "Lines": list(lines), **more}
    return done(await dear.post("purchase/order", body))


async def bill(dear: Dear, task: str, *lines: Any, status: str = "AUTHORISED", **more: Any) -> Any:
    body = {"PurchaseID": task, "Status": status, "Lines": list(lines), **more}
    return done(await dear.post("advanced-purchase/invoice", body))["Invoices"]


async def receive(dear: Dear, task: str, *lines: Any, to: str = "put-away", **more: Any) -> Any:
    rows = [{"SKU": sku, "Quantity": quantity, "Location": PLACE} for sku, quantity in lines]
    body = {"PurchaseID": task, "Status": "AUTHORISED", "Lines": rows, **more}
    return done(await dear.post(f"advanced-purchase/{to}", body))


async def bought(dear: Dear, task: str, **flags: str) -> Any:
    """The whole purchase."""
    return done(await dear.get("advanced-purchase", ID=task, **flags))


async def sale(dear: Dear, **header: Any) -> str:
    rows = await dear.rows("customer", Limit="1")
    given = {"CustomerID": rows[0]["ID"], "Location": PLACE, "SkipQuote": True, **header}
    return str(done(await dear.post("sale", given))["ID"])


async def sell(dear: Dear, task: str, *lines: Any, status: str = "AUTHORISED", **more: Any) -> Any:
    """Write the order of a sale."""
    body = {"SaleID": task, "Status": status, "Lines": list(lines), **more}
    return done(await dear.post("sale/order", body))


async def invoice(
    dear: Dear, task: str, *lines: Any, status: str = "AUTHORISED", **more: Any
) -> Any:
    body = {"SaleID": task, "Status": status, "Lines": list(lines), **more}
    return done(await dear.post("sale/invoice", body))["Invoices"]


async def shipped(dear: Dear, task: str) -> Any:
    """Pick, pack and ship everything that is there."""
    made = done(await dear.post("sale/fulfilment", {"SaleID": task}))["Fulfilments"][-1]
    body = {"TaskID": made["TaskID"], "Status": "AUTHORISED"}
    done(await dear.post("sale/fulfilment/pick", {**body, "AutoPickMode": "AUTOPICK"}))
    done(await dear.post("sale/fulfilment/pack", body))
    return done(await dear.post("sale/fulfilment/ship", body))


async def sold(dear: Dear, task: str, **flags: str) -> Any:
    return done(await dear.get("sale", ID=task, **flags))


async def stock(dear: Dear, sku: str) -> Any:
    return (await dear.rows("ref/productavailability", Sku=sku))[0]


async def paid(dear: Dear, path: str, task: str, amount: str, **more: Any) -> Any:
    body = {"TaskID": task, "Type": "PAYMENT", "Amount": Decimal(amount), "Account": "Q35"}
    return done(await dear.post(path, {**body, "DatePaid": "2026-03-02", **more}))
