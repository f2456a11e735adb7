"""Transactions as QBO shows them: lines, subtotals, links, taxes, what is left to pay."""

from decimal import Decimal
from typing import Any, Final

from daemon.sandbox.qbo import headers, linetax, orders, salestax, settlement
from daemon.sandbox.qbo.company import address
from daemon.sandbox.qbo.details import SALES_FORMS
from daemon.sandbox.qbo.lines import subtotal
from daemon.sandbox.qbo.references import LINE_TARGETS, View, home_currency, reference
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire, number

_SCHEMA: Final = "{http://schema.intuit.com/finance/v3}"


def show_transaction(books: Books, stored: Stored, view: View) -> Wire:
    """What the books add to the fields of a transaction."""
    shown: Wire = {"CurrencyRef": home_currency(books)}
    match stored.spec.name:
        case "Payment":
            return shown | _payment(books, stored)
        case "BillPayment":
            return shown | _bill_payment(books, stored)
        case "PurchaseOrder":
            return shown | _order(books, stored, view)
        case _:
            return shown | _document(books, stored)


def transaction_value(books: Books, stored: Stored, path: str) -> Any:
    """A queryable property that the books give; None for others."""
    match path:
        case "TotalAmt" | "Balance" if path in stored.derived:
            return stored.derived[path]
        case "POStatus":
            return orders.status(books, stored)
        case _:
            return None


def _document(books: Books, stored: Stored) -> Wire:
    shown: Wire = {
        "Line": [_line(books, line) for line in stored.derived["Line"]],
        "LinkedTxn": settlement.links(stored),
        "TotalAmt": number(stored.derived["TotalAmt"]),
        "Balance": number(stored.derived["Balance"]),
    }
    if stored.spec.name not in SALES_FORMS:
        return shown | _tax(books, stored)
    shown["Line"] = _with_subtotal(shown["Line"], subtotal(stored.derived["Line"]))
    shown |= {
        "CustomField": _custom_fields(books, stored),
        "FreeFormAddress": True,
        **_tax(books, stored),
    }
    if stored.spec.name == "CreditMemo":
        return shown | {"RemainingCredit": shown["Balance"]}
    return shown | {"ShipFromAddr": address(books)}


def _tax(books: Books, stored: Stored) -> Wire:
    """``TxnTaxDetail``; purchases in the United States have none, nor have untaxed documents."""
    if not books.company.is_abroad and stored.spec.name not in SALES_FORMS:
        return {}
    if stored.fields.get("GlobalTaxCalculation") == linetax.UNTAXED:
        return {}
    return {"TxnTaxDetail": salestax.shown(stored.fields, stored.derived)}


def _with_subtotal(lines: list[Wire], amount: Decimal) -> list[Wire]:
    """The subtotal stands before a discount, else at the end."""
    at = [n for n, line in enumerate(lines) if line["DetailType"] == "DiscountLineDetail"]
    row: Wire = {
        "Amount": number(amount),
        "DetailType": "SubTotalLineDetail",
        "SubTotalLineDetail": {},
    }
    place = at[0] if at else len(lines)
    return [*lines[:place], row, *lines[place:]]


def _order(books: Books, stored: Stored, view: View) -> Wire:
    lines: list[Wire] = []
    for line in stored.derived["Line"]:
        row = _line(books, line)
        taken = orders.received(books, stored, line)
        if taken is not None and view != "query":
            row["Received"] = number(taken)
        lines.append(row)
    return {
        "Line": lines,
        "LinkedTxn": [{"TxnId": bill, "TxnType": "Bill"} for bill in stored.derived["Taken"]],
        "TotalAmt": number(stored.derived["TotalAmt"]),
        "POStatus": orders.status(books, stored),
        "CustomField": _custom_fields(books, stored),
        **_tax(books, stored),
    }


def _payment(books: Books, stored: Stored) -> Wire:
    return {
        "Line": [_settled(books, line) for line in stored.derived["Line"]],
        "TotalAmt": number(stored.fields["TotalAmt"]),
        "UnappliedAmt": number(settlement.unapplied(stored)),
        "ProcessPayment": False,
    }


def _bill_payment(books: Books, stored: Stored) -> Wire:
    shown: Wire = {
        "Line": [dict(line) for line in stored.derived["Line"]],
        "TotalAmt": number(stored.fields["TotalAmt"]),
    }
    for key, account in (("CheckPayment", "BankAccountRef"), ("CreditCardPayment", "CCAccountRef")):
        if key in stored.fields:
            part = stored.fields[key]
            shown[key] = {**part, account: reference(books, "Account", part[account]["value"])}
    return shown


def _settled(books: Books, line: Wire) -> Wire:
    """A line of a payment with what QBO tells beside it: open balance and number of the other."""
    document = books.transaction(line["LinkedTxn"][0]["TxnId"])
    pairs = {"txnId": line["LinkedTxn"][0]["TxnId"]}
    if document is not None:
        pairs["txnOpenBalance"] = f"{document.derived['Balance'] + line['Amount']:.2f}"
        pairs["txnReferenceNumber"] = str(document.fields.get("DocNumber", ""))
    return {**line, "LineEx": {"any": [_pair(name, value) for name, value in pairs.items()]}}


def _pair(name: str, value: str) -> Wire:
    return {
        "name": f"{_SCHEMA}NameValue",
        "declaredType": "com.intuit.schema.finance.v3.NameValue",
        "scope": "javax.xml.bind.JAXBElement$GlobalScope",
        "value": {"Name": name, "Value": value},
        "nil": False,
        "globalScope": True,
        "typeSubstituted": False,
    }


def _custom_fields(books: Books, stored: Stored) -> list[Wire]:
    texts = stored.fields.get("CustomField", {})
    rows: list[Wire] = []
    for position, name in enumerate(headers.custom_names(books, stored.spec), start=1):
        row: Wire = {"DefinitionId": str(position), "Name": name, "Type": "StringType"}
        if str(position) in texts:
            row["StringValue"] = texts[str(position)]
        rows.append(row)
    return rows


def _line(books: Books, line: Wire) -> Wire:
    shown = dict(line)
    detail = shown.get(shown["DetailType"])
    if isinstance(detail, dict):
        shown[shown["DetailType"]] = {
            key: reference(books, LINE_TARGETS[key], part["value"]) if key in LINE_TARGETS else part
            for key, part in detail.items()
        }
    return shown
