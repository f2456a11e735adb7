"""Parts of a purchase: receipts, put-aways, invoices (bills) and credit notes."""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

from daemon.sandbox.dear.books import Handler, Routes
from daemon.sandbox.dear.documents import (
    LIVE,
    PURCHASE,
    LineReader,
    asked,
    guid,
    named,
    objects,
    product_of,
    read_date,
    refuse_locked,
    status_of,
    text_of,
    today,
)
from daemon.sandbox.dear.errors import (
    Flaw,
    Invalid,
    location_missing,
    malformed,
    missing,
    not_found,
    product_missing,
)
from daemon.sandbox.dear.fields import Fields, Number, Rules, Text, read, require
from daemon.sandbox.dear.money import MAX_AMOUNT, ZERO
from daemon.sandbox.dear.paging import Answer, Call
from daemon.sandbox.dear.purchaseshow import show_array
from daemon.sandbox.dear.purchasestatus import goods, is_ordered, live, received
from daemon.sandbox.dear.purchasework import (
    authorise_credit,
    authorise_invoice,
    authorise_receipt,
    check_undo_credit,
    check_undo_invoice,
    check_undo_receipt,
    fill_accounts,
    touch,
    undo_credit,
    undo_invoice,
    undo_receipt,
)
from daemon.sandbox.dear.state import Row
from daemon.sandbox.dear.terms import due_date

RECEIPT_LINE: Final[Rules] = {
    "Quantity": Number(low=ZERO, high=MAX_AMOUNT),
    "BatchSN": Text(256),
    "SupplierSKU": Text(256),
}

LIST_KEYS: Final = {
    "StockReceived": "StockReceived",
    "PutAway": "PutAway",
    "Invoice": "Invoices",
    "CreditNote": "CreditNotes",
}


def simple(row: Row) -> bool:
    return bool(row.fields["Type"] == "Simple Purchase")


def target(call: Call, row: Row, name: str, flaws: list[Flaw]) -> Fields | None:
    """The part that the body's TaskID names; None = a new one."""
    task = guid(call.body, "TaskID")
    parts: list[Fields] = row.fields[name]
    if simple(row):
        if task not in ("", row.id):
            raise Invalid(not_found("Task"))
        found = parts[0] if parts else None
    else:
        found = next((part for part in parts if part["TaskID"] == task), None)
        if task and found is None:
            raise Invalid(not_found("Task"))
    if found is not None and found["Status"] != "DRAFT":
        flaws.append(Flaw(f"Status of the task must be DRAFT, it is {found['Status']}"))
    return found


def needs_order(row: Row, flaws: list[Flaw]) -> None:
    if row.fields["Voided"] or not is_ordered(row.fields):
        flaws.append(Flaw("Purchase order must be authorised"))


def keep_part(call: Call, row: Row, name: str, part: Fields | None, given: Fields) -> Fields:
    """Put what was given into the part, or into a new one."""
    if part is None:
        task = row.id if simple(row) else call.state.new_id()
        call.state.holdings.tasks[task] = row.id
        part = {"TaskID": task, "Number": len(row.fields[name]) + 1, "Status": "DRAFT"}
        row.fields[name].append(part)
        call.created.append(f"{name}/{task}")
    part |= given
    return part


def show(call: Call, row: Row, name: str) -> Answer:
    if call.silent:
        return {}
    return {"PurchaseID": call.shown_id(row), LIST_KEYS[name]: show_array(call, row, name)}


def get_parts(call: Call, name: str) -> Answer:
    return show(call, asked(call, PURCHASE, "PurchaseID"), name)


def _receipt_lines(call: Call, row: Row, name: str, flaws: list[Flaw]) -> list[Fields]:
    rows: list[Fields] = []
    seen = set[tuple[Any, ...]]()
    for given in objects(call.body, "Lines", flaws):
        product = product_of(call.state, given, names=("SKU", "Name"))
        if product is None or product.fields["Type"] != "Stock":
            flaws.append(product_missing(str(given.get("SKU") or given.get("ProductID"))))
            continue
        if product.id not in goods(row.fields) and not row.fields["BlindReceipt"]:
            flaws.append(Flaw(f"'{product.fields['SKU']}' is not in the purchase order"))
        line = read(RECEIPT_LINE, given, call.switches, flaws, prefix="Lines.")
        if not line.get("Quantity"):
            flaws.append(malformed("Lines.Quantity", "a number above zero"))
        place = _location(call, row, given, name, flaws)
        day = read_date(given, "Date", flaws)
        expiry = read_date(given, "ExpiryDate", flaws)
        key = (product.id, place.id if place else "", line.get("BatchSN"), expiry)
        if key in seen:
            sku = product.fields["SKU"]
            flaws.append(Flaw(f"'{sku}' occurs twice with the same location, batch and expiry"))
        seen.add(key)
        rows.append(
            {
                "Date": day or today(call.state),
                "Quantity": line.get("Quantity", ZERO),
                "ProductID": product.id,
                "LocationID": place.id if place else "",
                "Location": str(place.fields["Name"]) if place else "",
                "BatchSN": line.get("BatchSN"),
                "SupplierSKU": line.get("SupplierSKU"),
                "ExpiryDate": expiry,
                "CardID": None,
            }
        )
    return rows


def _location(
    call: Call, row: Row, given: Mapping[str, Any], name: str, flaws: list[Flaw]
) -> Row | None:
    book = call.state["location"]
    if given.get("LocationID"):
        found = book.get(str(given["LocationID"]))
    elif given.get("Location"):
        found = book.one("Name", str(given["Location"]))
    elif name == "PutAway":
        flaws.append(missing("Lines.Location"))
        return None
    else:
        found = book.one("Name", row.fields["Location"])
    if found is None:
        flaws.append(location_missing(str(given.get("Location") or given.get("LocationID"))))
    return found


def _over(row: Row, lines: list[Fields]) -> bool:
    got, wanted = received(row.fields), goods(row.fields)
    for line in lines:
        got[line["ProductID"]] = got.get(line["ProductID"], ZERO) + line["Quantity"]
    return any(quantity > wanted.get(product, ZERO) for product, quantity in got.items())


def write_receipt(call: Call, name: str) -> Answer:
    """Empty lines and AUTHORISED authorise what was received as a draft."""
    row = named(call, PURCHASE, "PurchaseID")
    flaws: list[Flaw] = []
    part = target(call, row, name, flaws)
    status = status_of(call, flaws)
    needs_order(row, flaws)
    if row.fields["IsServiceOnly"]:
        flaws.append(Flaw("Service purchase has no stock to receive"))
    if name == "PutAway" and simple(row):
        flaws.append(Flaw("Simple purchase has no put away"))
    if row.fields["Approach"] == "INVOICE" and not live(row.fields["Invoice"]):
        flaws.append(Flaw("Invoice must be authorised before stock is received"))
    lines = _receipt_lines(call, row, name, flaws)
    if not lines and status == "AUTHORISED" and part is not None:
        lines = part["Lines"]
    if not lines and status == "AUTHORISED":
        flaws.append(Flaw("Lines value cannot be empty"))
    if status == "AUTHORISED" and call.switches.over_receipt == "refuse" and _over(row, lines):
        flaws.append(Flaw("Received quantity is above the ordered quantity"))
    if flaws:
        raise Invalid(*flaws)
    refuse_locked(call, [line["Date"] for line in lines])
    part = keep_part(call, row, name, part, {"Lines": lines})
    if status == "AUTHORISED":
        authorise_receipt(call, row, part, name)
    touch(call, row)
    return show(call, row, name)


def _bill_number(call: Call, row: Row, part: Fields | None, flaws: list[Flaw]) -> str:
    """The supplier's number, or one made from the order's: ``INV-00001/2`` is the second."""
    given = text_of(call, "InvoiceNumber", 256, flaws)
    if not given and part is not None:
        given = part["InvoiceNumber"]
    count = len(row.fields["Invoice"]) + 1
    own = row.fields["OrderNumber"].replace("PO-", "INV-")
    number = given or (own if count == 1 else f"{own}/{count}")
    taken = call.switches.bill_numbers == "unique" and any(
        other is not part and other["InvoiceNumber"] == number and other["Status"] != "VOIDED"
        for purchase in call.state["purchase"].where("SupplierID", row.fields["SupplierID"])
        for other in purchase.fields["Invoice"]
    )
    if taken:
        flaws.append(Flaw(f"Invoice number '{number}' already exists for this supplier"))
    return number


def write_invoice(call: Call) -> Answer:
    """A bill; an advanced purchase may have several, each for a part of the order."""
    row = named(call, PURCHASE, "PurchaseID")
    flaws: list[Flaw] = []
    part = target(call, row, "Invoice", flaws)
    status = status_of(call, flaws)
    needs_order(row, flaws)
    receipts = [*row.fields["StockReceived"], *row.fields["PutAway"]]
    if row.fields["Approach"] == "STOCK" and goods(row.fields) and not live(receipts):
        flaws.append(Flaw("Stock must be received before the invoice"))
    goods_lines, charges = LineReader(call, PURCHASE, row.fields, True).lines(flaws)
    known = part or {}
    date = read_date(call.body, "InvoiceDate", flaws) or known.get("InvoiceDate")
    date = date or today(call.state)
    due = read_date(call.body, "InvoiceDueDate", flaws) or known.get("InvoiceDueDate")
    number = _bill_number(call, row, part, flaws)
    if status == "AUTHORISED" and not goods_lines and not charges:
        flaws.append(Flaw("Lines value cannot be empty"))
    if flaws:
        raise Invalid(*flaws)
    refuse_locked(call, [date])
    fill_accounts(call, row, [*goods_lines, *charges])
    given = {
        "InvoiceDate": date,
        "InvoiceDueDate": due or due_date(call.state, date, row.fields["Terms"]),
        "InvoiceNumber": number,
        "Lines": goods_lines,
        "AdditionalCharges": charges,
        "Payments": known.get("Payments", []),
    }
    part = keep_part(call, row, "Invoice", part, given)
    if status == "AUTHORISED":
        authorise_invoice(call, row, part)
    touch(call, row)
    return show(call, row, "Invoice")


def _unstock_lines(call: Call, row: Row, flaws: list[Flaw]) -> list[Fields]:
    """What goes back to the supplier, by the card of what was received from this purchase."""
    rows: list[Fields] = []
    left: dict[str, Decimal] = {}
    for given in objects(call.body, "Unstock", flaws):
        quantity = read(RECEIPT_LINE, given, call.switches, flaws, prefix="Unstock.").get(
            "Quantity"
        )
        card = str(given.get("CardID") or "").lower()
        lot = call.state.holdings.lots.get(card)
        if lot is None or lot.master != row.id:
            flaws.append(not_found("Stock card"))
            continue
        left[card] = left.get(card, lot.left) - (quantity or ZERO)
        if not quantity or left[card] < 0:
            flaws.append(malformed("Unstock.Quantity", f"a number up to {lot.left}"))
        day = read_date(given, "Date", flaws)
        rows.append({"CardID": card, "Date": day, "Quantity": quantity or ZERO})
    return rows


def write_credit(call: Call) -> Answer:
    row = named(call, PURCHASE, "PurchaseID")
    flaws: list[Flaw] = []
    part = target(call, row, "CreditNote", flaws)
    status = status_of(call, flaws)
    invoices = live(row.fields["Invoice"])
    if row.fields["Voided"] or not invoices:
        flaws.append(Flaw("Invoice must be authorised before a credit note"))
    goods_lines, charges = LineReader(call, PURCHASE, row.fields, True).lines(flaws)
    known = part or {}
    texts = ("CreditNoteNumber", "CreditNoteInvoiceNumber")
    given: Fields = {name: text_of(call, name, 256, flaws) or known.get(name) for name in texts}
    given["CreditNoteDate"] = read_date(call.body, "CreditNoteDate", flaws) or known.get(
        "CreditNoteDate"
    )
    require(given, [*texts, "CreditNoteDate"], flaws)
    wanted = given["CreditNoteInvoiceNumber"]
    if wanted and all(invoice["InvoiceNumber"] != wanted for invoice in invoices):
        flaws.append(Flaw(f"Authorised invoice '{wanted}' was not found in this purchase"))
    given["Unstock"] = _unstock_lines(call, row, flaws)
    if status == "AUTHORISED" and not goods_lines and not charges:
        flaws.append(Flaw("Lines value cannot be empty"))
    if flaws:
        raise Invalid(*flaws)
    refuse_locked(call, [given["CreditNoteDate"], *(line["Date"] for line in given["Unstock"])])
    fill_accounts(call, row, [*goods_lines, *charges])
    given |= {"Lines": goods_lines, "AdditionalCharges": charges}
    part = keep_part(call, row, "CreditNote", part, {"Refunds": [], **given})
    if status == "AUTHORISED":
        authorise_credit(call, row, part)
    touch(call, row)
    return show(call, row, "CreditNote")


def find_part(call: Call, name: str) -> tuple[Row, Fields]:
    """The part that the query's TaskID names; simple purchases are undone only as a whole."""
    task = call.query.guid("TaskID")
    if not task:
        raise Invalid(missing("TaskID"))
    row = call.state.document_of("purchase", task)
    part = next((one for one in row.fields[name] if one["TaskID"] == task), None) if row else None
    if row is None or part is None:
        raise Invalid(not_found("Task"))
    if simple(row):
        raise Invalid(Flaw("Tasks of a simple purchase can not be undone alone: undo the purchase"))
    if part["Status"] == "VOIDED":
        raise Invalid(Flaw("Task is voided already"))
    return row, part


def end_part(call: Call, row: Row, name: str, part: Fields, *, void: bool) -> None:
    """Undo or void one part, or refuse."""
    match name:
        case "Invoice":
            others = [one for one in live(row.fields["Invoice"]) if one is not part]
            if part["Status"] in LIVE and not others and live(row.fields["CreditNote"]):
                raise Invalid(Flaw("Can not undo: the invoice has a credit note"))
            check_undo_invoice(call, part)
            undo_invoice(call, row, part, void=void)
        case "CreditNote":
            check_undo_credit(call, part)
            undo_credit(call, part, void=void)
        case _:
            check_undo_receipt(call, part, name)
            undo_receipt(call, row, part, name, void=void)
    touch(call, row)


def delete_part(call: Call, name: str) -> Answer:
    """Void, or undo to DRAFT (credit notes are only voided)."""
    row, part = find_part(call, name)
    void = bool(call.query.flag("Void")) or name == "CreditNote"
    end_part(call, row, name, part, void=void)
    return show(call, row, name)


def _routes(name: str, write: Handler) -> dict[str, Handler]:
    return {
        "GET": partial(get_parts, name=name),
        "POST": write,
        "DELETE": partial(delete_part, name=name),
    }


ROUTES: Final[Routes] = {
    "advanced-purchase/stock": _routes(
        "StockReceived", partial(write_receipt, name="StockReceived")
    ),
    "advanced-purchase/put-away": _routes("PutAway", partial(write_receipt, name="PutAway")),
    "advanced-purchase/invoice": _routes("Invoice", write_invoice),
    "advanced-purchase/creditnote": _routes("CreditNote", write_credit),
}
