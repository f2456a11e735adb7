"""Statuses, totals, stock and control accounts counted anew from what the API shows of documents.

Written apart from the twin's own rules, in another shape, so that both would have to be wrong.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from daemon.sandbox.dear.app import ROUTES, DearTwin
from daemon.sandbox.dear.paging import Call, Query

CENT = Decimal("0.01")
LIVE = {"AUTHORISED", "PAID"}
Shown = dict[str, Any]


def get(twin: DearTwin, path: str, **query: str) -> Any:
    call = Call(state=twin.state, switches=twin.switches, query=Query(query))
    return ROUTES[path]["GET"](call)


def pages(twin: DearTwin, path: str, key: str) -> list[Shown]:
    rows: list[Shown] = []
    while True:
        page = get(twin, path, Page=str(len(rows) // 1000 + 1), Limit="1000")
        rows += page[key]
        if len(rows) >= page["Total"]:
            return rows


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def check_totals(twin: DearTwin, part: Shown, *, inclusive: bool = False) -> None:
    """Header figures of a part follow from its lines, and its lines from their numbers."""
    lines = [*part["Lines"], *part["AdditionalCharges"]]
    rates = {row.fields["Name"]: row.fields["TaxPercent"] for row in twin.state["tax"]}
    for line in lines:
        gross = line["Quantity"] * line["Price"] * (1 - line["Discount"] / Decimal(100))
        assert line["Total"] == cents(gross)
        step = CENT if twin.state.me["TaxCalculationMethod"] == "Row Total" else CENT / 100
        rate = rates[line["TaxRule"]]
        tax = line["Total"] * rate / (100 + rate if inclusive else 100)
        assert line["Tax"] == tax.quantize(step, rounding=ROUND_HALF_UP)
    whole = "Total" if inclusive else "TotalBeforeTax"
    assert part[whole] == sum((line["Total"] for line in lines), Decimal(0))
    assert part["Tax"] == cents(sum((line["Tax"] for line in lines), Decimal(0)))
    assert part["Total"] == part["TotalBeforeTax"] + part["Tax"]


def count(parts: Iterable[Shown], lines: str = "Lines") -> Counter[str]:
    counted: Counter[str] = Counter()
    for part in parts:
        for line in part[lines]:
            counted[line["SKU"]] += line["Quantity"]
    return counted


def billed_of(parts: Iterable[Shown]) -> Counter[str]:
    """Quantities of goods by SKU and of charges by description."""
    parts = list(parts)
    counted = count(parts)
    for part in parts:
        for line in part["AdditionalCharges"]:
            counted[f"charge {line['Description']}"] += line["Quantity"]
    return counted


def progress(wanted: Counter[str], got: Counter[str]) -> str:
    if not any(got.values()):
        return "none"
    return "all" if all(got[sku] >= wanted[sku] for sku in wanted) else "some"


def live(parts: Iterable[Shown]) -> list[Shown]:
    return [part for part in parts if part["Status"] in LIVE]


def owed(invoices: list[Shown], notes: list[Shown]) -> Decimal:
    left = sum((part["Total"] for part in live(invoices)), Decimal(0))
    left -= sum((part["Total"] for part in live(notes)), Decimal(0))
    for part in live(invoices):
        left -= sum((one["Amount"] for one in part["Payments"]), Decimal(0))
    for part in live(notes):
        left += sum((one["Amount"] for one in part["Refunds"]), Decimal(0))
    return left


def payment_word(invoices: list[Shown], notes: list[Shown]) -> str:
    total = sum((part["Total"] for part in live(invoices)), Decimal(0))
    left = owed(invoices, notes)
    touched = live(notes) or any(part["Payments"] for part in live(invoices))
    if not total:
        return "UNPAID"
    if left <= 0:
        return "PAID" if left == 0 else "OVERPAID / CREDITED"
    return "PARTIALLY PAID" if touched else "UNPAID"


def check_paid_words(invoices: list[Shown]) -> None:
    for part in live(invoices):
        given = sum((one["Amount"] for one in part["Payments"]), Decimal(0))
        assert part["Paid"] == given
        assert (part["Status"] == "PAID") is (given >= part["Total"] > 0)


def check_purchase(twin: DearTwin, seen: Shown) -> None:
    bills, notes = seen["Invoice"], seen["CreditNote"]
    for part in (seen["Order"], *bills, *notes):
        check_totals(twin, part, inclusive=seen["TaxCalculation"] == "Inclusive")
    check_paid_words(bills)
    assert seen["CombinedPaymentStatus"] in (payment_word(bills, notes), "VOIDED")
    if seen["Status"] == "VOIDED":
        assert not any(part["Lines"] for part in (seen["Order"], *bills, *notes, *seen["PutAway"]))
        assert {part["Status"] for part in bills} <= {"VOIDED", "NOT AVAILABLE"}
        return
    if seen["Order"]["Status"] != "AUTHORISED":
        words = {"NOT AVAILABLE": {"DRAFT"}, "DRAFT": {"DRAFT", "ORDERING"}}
        assert seen["Status"] in words[seen["Order"]["Status"]]
        return
    wanted = count([seen["Order"]])
    came = progress(wanted, count(live([*seen["StockReceived"], *seen["PutAway"]])))
    billed = progress(billed_of([seen["Order"]]), billed_of(live(bills)))
    receiving = {"none": "NOT RECEIVED", "some": "PARTIALLY RECEIVED", "all": "FULLY RECEIVED"}
    invoiced = {"none": "NOT INVOICED", "some": "PARTIALLY INVOICED", "all": "INVOICED"}
    assert seen["CombinedReceivingStatus"] == (receiving[came] if wanted else "NOT AVAILABLE")
    assert seen["CombinedInvoiceStatus"].partition(" / ")[0] == invoiced[billed]
    whole = billed == "all" and (came == "all" or not wanted)
    done = whole and payment_word(bills, notes) == "PAID"
    assert (seen["Status"] == "COMPLETED") is done
    assert ("CREDITED" in seen["Status"]) is (bool(live(notes)) and not done)
    if not done and not live(notes) and came == billed == "none":
        drafts = any(part["Status"] == "DRAFT" for part in seen["PutAway"] + seen["StockReceived"])
        assert seen["Status"] == ("RECEIVING" if drafts else "ORDERED")


def check_sale(twin: DearTwin, seen: Shown) -> None:
    bills, notes = seen["Invoices"], seen["CreditNotes"]
    for part in (seen["Quote"], seen["Order"], *bills, *notes):
        check_totals(twin, part, inclusive=seen["TaxCalculation"] == "Inclusive")
    check_paid_words(bills)
    gone = [one for one in seen["Fulfilments"] if one["Ship"]["Status"] == "AUTHORISED"]
    cogs = sum((one["COGS"] for one in seen["InventoryMovements"]), Decimal(0))
    assert seen["COGSAmount"] == cogs
    entries = Decimal(0)
    for one in seen["Transactions"]:
        entries += one["Amount"] * ((one["Debit"] == "Q80") - (one["Credit"] == "Q80"))
    assert abs(entries - cogs) <= CENT * len(seen["InventoryMovements"])
    if seen["Status"] == "VOIDED" or seen["Order"]["Status"] != "AUTHORISED":
        assert not gone
        assert not live(bills) or seen["ServiceOnly"]
        return
    wanted = count([seen["Order"]])
    left = progress(wanted, count(one["Pick"] for one in gone))
    billed = progress(billed_of([seen["Order"]]), billed_of(live(bills)))
    shipping = {"none": "NOT SHIPPED", "some": "PARTIALLY SHIPPED", "all": "SHIPPED"}
    assert seen["CombinedShippingStatus"] == (shipping[left] if wanted else "NOT AVAILABLE")
    done = billed == "all" and (left == "all" or not wanted)
    done = done and payment_word(bills, notes) == "PAID"
    assert (seen["Status"] == "COMPLETED") is done
    assert (seen["Status"] == "CREDITED") is (bool(live(notes)) and not done)


def opening(twin: DearTwin) -> dict[str, tuple[Decimal, Decimal]]:
    """On hand and value by SKU, to be taken before anything is played."""
    rows = pages(twin, "ref/productavailability", "ProductAvailabilityList")
    return {row["SKU"]: (row["OnHand"], row["StockOnHand"]) for row in rows}


def check_stock(
    twin: DearTwin, before: dict[str, tuple[Decimal, Decimal]], papers: dict[str, list[Shown]]
) -> None:
    """On hand = opening + received - shipped + restocked - returned, and = the movements."""
    moved: Counter[str] = Counter()
    for seen in papers["purchase"]:
        moved.update(count(live([*seen["StockReceived"], *seen["PutAway"]])))
        moved.subtract(count(live(seen["CreditNote"]), "Unstock"))
    for seen in papers["sale"]:
        ships = (one for one in seen["Fulfilments"] if one["Ship"]["Status"] == "AUTHORISED")
        moved.subtract(count(one["Pick"] for one in ships))
        moved.update(count(live(seen["CreditNotes"]), "Restock"))
    products = {
        row["SKU"]: row["Movements"]
        for row in get(twin, "product", Limit="1000", IncludeMovements="true")["Products"]
    }
    for row in pages(twin, "ref/productavailability", "ProductAvailabilityList"):
        if row["SKU"] not in products:
            continue  # deprecated
        moves = products[row["SKU"]]
        assert row["OnHand"] == before[row["SKU"]][0] + moved[row["SKU"]]
        assert row["OnHand"] == sum((one["Quantity"] for one in moves), Decimal(0))
        value = sum((one["Amount"] for one in moves), Decimal(0))
        assert abs(row["StockOnHand"] - value) < CENT
        assert 0 <= row["Allocated"] <= row["OnHand"]
        assert row["Available"] == row["OnHand"] - row["Allocated"]


def check_books(twin: DearTwin, papers: dict[str, list[Shown]]) -> None:
    """Payables and receivables are what the documents say is owed; no entry is lopsided."""
    rows = pages(twin, "transactions", "Transactions")
    balance: Counter[str] = Counter()
    for row in rows:
        assert row["DebitAccountCode"] != row["CreditAccountCode"]
        assert row["Amount"] == cents(row["Amount"])
        balance[row["DebitAccountCode"]] += row["Amount"]
        balance[row["CreditAccountCode"]] -= row["Amount"]
    assert sum(balance.values()) == 0
    payable = sum(owed(seen["Invoice"], seen["CreditNote"]) for seen in papers["purchase"])
    receivable = sum(owed(seen["Invoices"], seen["CreditNotes"]) for seen in papers["sale"])
    assert balance["Q33"] == -payable
    assert balance["Q84"] == receivable


def check_all(twin: DearTwin, before: dict[str, tuple[Decimal, Decimal]]) -> None:
    """Everything at once."""
    readers: dict[str, tuple[str, Callable[[DearTwin, Shown], None]]] = {
        "purchase": ("advanced-purchase", check_purchase),
        "sale": ("sale", check_sale),
    }
    papers: dict[str, list[Shown]] = {}
    for kind, (path, check) in readers.items():
        papers[kind] = [
            get(twin, path, ID=row.id, IncludeTransactions="true") for row in twin.state[kind]
        ]
        for seen in papers[kind]:
            check(twin, seen)
    check_stock(twin, before, papers)
    check_books(twin, papers)
