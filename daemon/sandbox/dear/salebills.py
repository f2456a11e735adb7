"""Invoices and credit notes of a sale."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, Final

from daemon.sandbox.dear.books import Routes
from daemon.sandbox.dear.documents import (
    LIVE,
    SALE,
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
from daemon.sandbox.dear.fields import Fields, Number, read
from daemon.sandbox.dear.money import ZERO
from daemon.sandbox.dear.paging import Answer, Call
from daemon.sandbox.dear.purchasestatus import live, quantities
from daemon.sandbox.dear.purchasework import touch
from daemon.sandbox.dear.salefulfil import QUANTITY
from daemon.sandbox.dear.saleshow import show_credit, show_invoice
from daemon.sandbox.dear.salestatus import SIMPLE, is_ordered, stage
from daemon.sandbox.dear.salework import (
    authorise_credit,
    authorise_invoice,
    check_undo_credit,
    check_undo_invoice,
    fill_accounts,
    undo_credit,
    undo_invoice,
)
from daemon.sandbox.dear.state import Row
from daemon.sandbox.dear.terms import due_date


def alone(row: Row) -> bool:
    """Whether sub tasks carry the sale's own id: simple and service sales."""
    return bool(row.fields["Type"] != "Advanced Sale")


def target(call: Call, row: Row, name: str, flaws: list[Flaw]) -> Fields | None:
    """The part that the body's TaskID names; None = a new one."""
    task = guid(call.body, "TaskID")
    parts: list[Fields] = row.fields[name]
    if alone(row):
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


def _number(row: Row, prefix: str, name: str) -> str:
    """``INV-00001`` after ``SO-00001``; the second of the sale is ``INV-00001/2``."""
    own = str(row.fields["OrderNumber"]).replace("SO-", prefix)
    count = len(row.fields[name]) + 1
    return own if count == 1 else f"{own}/{count}"


def _keep(call: Call, row: Row, name: str, part: Fields | None, given: Fields) -> Fields:
    if part is None:
        task = row.id if alone(row) else call.state.new_id()
        call.state.holdings.tasks[task] = row.id
        part = {"TaskID": task, "Status": "DRAFT"}
        row.fields[name].append(part)
        call.created.append(f"{name}/{task}")
    part |= given
    return part


def _rate(call: Call, row: Row, name: str, known: Fields, flaws: list[Flaw]) -> Decimal:
    rule = Number(low=Decimal("0.00001"), places=5)
    given = read({name: rule}, call.body, call.switches, flaws).get(name)
    if row.fields["Currency"] == call.state.me["Currency"]:
        return Decimal(1)
    return given or known.get("Rate") or Decimal(row.fields["CurrencyRate"])


def show_invoices(call: Call, row: Row) -> Answer:
    if call.silent:
        return {}
    shown = [show_invoice(call, row, part, partial_model=True) for part in row.fields["Invoices"]]
    return {"SaleID": call.shown_id(row), "Invoices": shown}


def show_credits(call: Call, row: Row) -> Answer:
    if call.silent:
        return {}
    parts = row.fields["CreditNotes"]
    shown = [show_credit(call, row, part, partial_model=True) for part in parts]
    return {"SaleID": call.shown_id(row), "CreditNotes": shown}


def _lines(
    call: Call, row: Row, known: Fields, flaws: list[Flaw]
) -> tuple[list[Fields], list[Fields]]:
    """Lines of the body; an array that is left out stays as it is, an empty one deletes."""
    goods, charges = LineReader(call, SALE, row.fields, True).lines(flaws)
    if call.body.get("Lines") is None and known:
        goods = known["Lines"]
    if call.body.get("AdditionalCharges") is None and known:
        charges = charges or known["AdditionalCharges"]
    for line in goods:
        line.setdefault("AverageCost", ZERO)
    return goods, charges


def write_invoice(call: Call, *, updating: bool = False) -> Answer:
    """POST makes one or replaces a draft; PUT changes what it names of a draft."""
    row = named(call, SALE, "SaleID")
    flaws: list[Flaw] = []
    part = target(call, row, "Invoices", flaws)
    if updating and part is None:
        raise Invalid(not_found("Invoice"))
    known: Fields = part or {}
    status = status_of(call, flaws)
    if row.fields["Voided"] or not (is_ordered(row.fields) or row.fields["IsServiceOnly"]):
        flaws.append(Flaw("Sale order must be authorised"))
    goods, charges = _lines(call, row, known if updating else {}, flaws)
    date = read_date(call.body, "InvoiceDate", flaws) or known.get("InvoiceDate")
    date = date or today(call.state)
    due = read_date(call.body, "InvoiceDueDate", flaws) or known.get("InvoiceDueDate")
    memo = text_of(call, "Memo", 1024, flaws)
    rate = _rate(call, row, "CurrencyConversionRate", known, flaws)
    if status == "AUTHORISED" and not goods and not charges:
        flaws.append(Flaw("Lines value cannot be empty"))
    if flaws:
        raise Invalid(*flaws)
    refuse_locked(call, [date])
    fill_accounts(call, row, [*goods, *charges])
    given = {
        "InvoiceNumber": known.get("InvoiceNumber") or _number(row, "INV-", "Invoices"),
        "InvoiceDate": date,
        "InvoiceDueDate": due or due_date(call.state, date, row.fields["Terms"]),
        "Memo": memo if "Memo" in call.body else known.get("Memo"),
        "Rate": rate,
        "Lines": goods,
        "AdditionalCharges": charges,
        "Payments": known.get("Payments", []),
    }
    part = _keep(call, row, "Invoices", part, given)
    if status == "AUTHORISED":
        authorise_invoice(call, row, part)
    row.fields["Undone"] = False
    touch(call, row)
    return show_invoices(call, row)


def _restock(call: Call, row: Row, flaws: list[Flaw]) -> list[Fields]:
    """What comes back: no more than was shipped and has not come back yet."""
    rows: list[Fields] = []
    left = stage(row.fields, "Ship")
    back = quantities({"Lines": one["Restock"]} for one in live(row.fields["CreditNotes"]))
    for given in objects(call.body, "Restock", flaws):
        product = product_of(call.state, given, names=("SKU", "Name"))
        if product is None:
            flaws.append(product_missing(str(given.get("SKU") or given.get("ProductID"))))
            continue
        quantity = read(QUANTITY, given, call.switches, flaws, prefix="Restock.").get("Quantity")
        back[product.id] = back.get(product.id, ZERO) + (quantity or ZERO)
        if not quantity or back[product.id] > left.get(product.id, ZERO):
            flaws.append(malformed("Restock.Quantity", "a number up to what was shipped"))
        book = call.state["location"]
        if given.get("RestockLocationID"):
            place = book.get(str(given["RestockLocationID"]))
        else:
            place = book.one("Name", str(given.get("RestockLocation") or row.fields["Location"]))
        if place is None:
            flaws.append(location_missing(str(given.get("RestockLocation"))))
            continue
        rows.append(
            {
                "ProductID": product.id,
                "Quantity": quantity or ZERO,
                "RestockLocationID": place.id,
                "RestockLocation": place.fields["Name"],
                "RestockDate": read_date(given, "RestockDate", flaws),
            }
        )
    return rows


def write_credit(call: Call) -> Answer:
    row = named(call, SALE, "SaleID")
    flaws: list[Flaw] = []
    part = target(call, row, "CreditNotes", flaws)
    known: Fields = part or {}
    status = status_of(call, flaws)
    invoices = live(row.fields["Invoices"])
    if row.fields["Voided"] or not invoices:
        flaws.append(Flaw("Invoice must be authorised before a credit note"))
    goods, charges = _lines(call, row, {}, flaws)
    wanted = text_of(call, "CreditNoteInvoiceNumber", 256, flaws)
    if wanted and all(invoice["InvoiceNumber"] != wanted for invoice in invoices):
        flaws.append(Flaw(f"Authorised invoice '{wanted}' was not found in this sale"))
    date = read_date(call.body, "CreditNoteDate", flaws) or known.get("CreditNoteDate")
    date = date or today(call.state)
    restock = _restock(call, row, flaws)
    memo = text_of(call, "Memo", 1024, flaws)
    rate = _rate(call, row, "CreditNoteConversionRate", known, flaws)
    if status == "AUTHORISED" and not goods and not charges:
        flaws.append(Flaw("Lines value cannot be empty"))
    if flaws:
        raise Invalid(*flaws)
    refuse_locked(call, [date, *(line["RestockDate"] for line in restock)])
    fill_accounts(call, row, [*goods, *charges])
    number = known.get("CreditNoteNumber") or _number(row, "CR-", "CreditNotes")
    given = {
        "CreditNoteInvoiceNumber": wanted or invoices[0]["InvoiceNumber"],
        "CreditNoteNumber": number,
        "CreditNoteDate": date,
        "Memo": memo or known.get("Memo"),
        "Rate": rate,
        "Lines": goods,
        "AdditionalCharges": charges,
        "Restock": restock,
        "Refunds": [],
    }
    part = _keep(call, row, "CreditNotes", part, given)
    if status == "AUTHORISED":
        authorise_credit(call, row, part)
    touch(call, row)
    return show_credits(call, row)


def end_bill(call: Call, row: Row, name: str, part: Fields, *, void: bool) -> None:
    """Undo or void an invoice or credit note, or refuse."""
    if name == "CreditNotes":
        check_undo_credit(call, part)
        undo_credit(call, part, void=void)
    else:
        others = [one for one in live(row.fields["Invoices"]) if one is not part]
        if part["Status"] in LIVE and not others and live(row.fields["CreditNotes"]):
            raise Invalid(Flaw("Can not undo: the invoice has a credit note"))
        check_undo_invoice(call, part)
        undo_invoice(call, part, void=void)
    touch(call, row)


def delete_bill(call: Call, name: str, show: Callable[[Call, Row], Answer]) -> Answer:
    """Advanced sales only."""
    task = call.query.guid("TaskID")
    if not task:
        raise Invalid(missing("TaskID"))
    row = call.state.document_of("sale", task)
    part = next((one for one in row.fields[name] if one["TaskID"] == task), None) if row else None
    if row is None or part is None:
        raise Invalid(not_found("Task"))
    if row.fields["Type"] == SIMPLE:
        raise Invalid(Flaw("Tasks of a simple sale can not be undone alone: undo the sale"))
    if part["Status"] == "VOIDED":
        raise Invalid(Flaw("Task is voided already"))
    end_bill(call, row, name, part, void=bool(call.query.flag("Void")))
    return show(call, row)


def _get(call: Call, show: Callable[[Call, Row], Answer]) -> Answer:
    return show(call, asked(call, SALE, "SaleID"))


def _routes(name: str, show: Callable[[Call, Row], Answer]) -> dict[str, Any]:
    return {
        "GET": partial(_get, show=show),
        "DELETE": partial(delete_bill, name=name, show=show),
    }


ROUTES: Final[Routes] = {
    "sale/invoice": {
        **_routes("Invoices", show_invoices),
        "POST": write_invoice,
        "PUT": partial(write_invoice, updating=True),
    },
    "sale/creditnote": {**_routes("CreditNotes", show_credits), "POST": write_credit},
}
