"""A document as a person enters it, or another integration: names and numbers instead of ids.

Only bodies are made here; they go through the same rules as a request.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from daemon.sandbox.qbo import linetax
from daemon.sandbox.qbo.details import CENT, SALES_FORMS
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.posting import role
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire

_KEYS: Final = frozenset(
    {"party", "number", "date", "due", "terms", "memo", "note", "order", "tax", "lines"}
    | {"inclusive"}
)
_LINE: Final = frozenset(
    {"item", "account", "quantity", "price", "amount", "description", "class", "customer"}
    | {"billable", "taxed", "line", "tax"}
)
_PRICE: Final = Decimal("0.0000001")
_PARTY: Final[Mapping[str, str]] = {
    "Invoice": "Customer",
    "CreditMemo": "Customer",
    "Bill": "Vendor",
    "VendorCredit": "Vendor",
    "PurchaseOrder": "Vendor",
}
_HEADER: Final[Mapping[str, str]] = {
    "number": "DocNumber",
    "date": "TxnDate",
    "due": "DueDate",
    "note": "PrivateNote",
}


def entered(books: Books, spec: Spec, given: Any) -> Wire:
    """The body of a create: ``party`` (name), ``number``, ``date``, ``due``, ``terms`` (name),
    ``memo``, ``note``, ``order`` (number of the purchase order that it bills), ``tax`` (name of a
    tax code) and ``lines``: ``item`` (name or SKU) or ``account`` (name), ``quantity``, ``price``,
    ``amount``, ``description``, ``class``, ``customer``, ``billable``, ``taxed``, and ``line``
    (number of the order's line that it bills). Outside the United States ``tax`` is the code of
    all lines that name none of their own (``tax``), and with ``inclusive`` the prices and amounts
    contain it. Raises ``ValueError``.
    """
    party = _PARTY.get(spec.name)
    if party is None:
        raise ValueError(f"enter is for {', '.join(_PARTY)}")
    _check(given, _KEYS, "a document")
    lines = given.get("lines")
    if not isinstance(lines, list) or not lines:
        raise ValueError("a document takes lines, a list with at least one")
    body: Wire = {_HEADER[key]: given[key] for key in _HEADER if key in given}
    body[f"{party}Ref"] = _ref(named(books, party, given.get("party")))
    if spec.name == "PurchaseOrder":
        body["APAccountRef"] = _ref(role(books, "Accounts Payable"))
    if "terms" in given:
        body["SalesTermRef"] = _ref(named(books, "Term", given["terms"]))
    if "memo" in given:
        sales = party == "Customer"
        body["CustomerMemo" if sales else "Memo"] = (
            {"value": given["memo"]} if sales else given["memo"]
        )
    if "tax" in given and not books.company.is_abroad:
        body["TxnTaxDetail"] = {"TxnTaxCodeRef": _ref(named(books, "TaxCode", given["tax"]))}
    order = numbered(books, "PurchaseOrder", given["order"]) if "order" in given else None
    body["Line"] = [_line(books, party, line, order) for line in lines]
    if books.company.is_abroad:
        for line, row in zip(lines, body["Line"], strict=True):
            _put_code(books, spec, line.get("tax", given.get("tax")), row)
    elif any("tax" in line for line in lines) or given.get("inclusive"):
        raise ValueError("tax on lines and inclusive are for companies outside the United States")
    if given.get("inclusive"):
        body["GlobalTaxCalculation"] = linetax.INCLUSIVE
        for row in body["Line"]:
            _take_out_tax(books, row, purchase=party == "Vendor")
    return body


def numbered(books: Books, entity: str, number: Any) -> Stored:
    """The one transaction with a DocNumber. Raises ``ValueError`` for none and for several."""
    found = books.indexes[entity].numbered(str(number))
    if len(found) != 1:
        raise ValueError(f"{len(found)} of {entity} have the number {str(number)!r}: use id")
    return found[0]


def named(books: Books, entity: str, name: Any) -> Stored:
    """The active record with a name (items: or SKU), ignoring case. Raises ``ValueError``."""
    wanted = str(name or "").casefold()
    found = [
        row
        for row in books.all(entity)
        if row.active and wanted in (row.name.casefold(), books.full_name(row).casefold())
    ]
    if not found and entity == "Item":
        rows = books.all(entity)
        found = [row for row in rows if str(row.fields.get("Sku", "")).casefold() == wanted]
    if not wanted or len(found) != 1:
        raise ValueError(f"{len(found)} of {entity} are called {str(name)!r}")
    return found[0]


def _line(books: Books, party: str, given: Any, order: Stored | None) -> Wire:
    _check(given, _LINE, "a line")
    by_item = "item" in given
    if by_item == ("account" in given) or (party == "Customer" and not by_item):
        raise ValueError("a line takes item, or account on purchases")
    detail: Wire = {}
    if by_item:
        detail["ItemRef"] = _ref(named(books, "Item", given["item"]))
    else:
        detail["AccountRef"] = _ref(named(books, "Account", given["account"]))
    if "class" in given:
        detail["ClassRef"] = _ref(named(books, "Class", given["class"]))
    if "customer" in given:
        detail["CustomerRef"] = _ref(named(books, "Customer", given["customer"]))
    if given.get("billable"):
        detail["BillableStatus"] = "Billable"
    if party == "Customer" and "taxed" in given:
        detail["TaxCodeRef"] = {"value": "TAX" if given["taxed"] else "NON"}
    for key, prop in (("quantity", "Qty"), ("price", "UnitPrice")):
        if key in given:
            detail[prop] = given[key]
    sort = "SalesItemLineDetail"
    if party == "Vendor":
        sort = "ItemBasedExpenseLineDetail" if by_item else "AccountBasedExpenseLineDetail"
    line: Wire = {"DetailType": sort, sort: detail}
    for key, prop in (("amount", "Amount"), ("description", "Description")):
        if key in given:
            line[prop] = given[key]
    if "line" in given:
        line["LinkedTxn"] = [_link(order, given["line"])]
    return line


def _put_code(books: Books, spec: Spec, name: Any, row: Wire) -> None:
    """Without a name: the code that the item has for it, as the form proposes it."""
    detail = row[row["DetailType"]]
    if name is not None:
        detail["TaxCodeRef"] = _ref(named(books, "TaxCode", name))
        return
    key = "SalesTaxCodeRef" if spec.name in SALES_FORMS else "PurchaseTaxCodeRef"
    item = books.get("Item", detail["ItemRef"]["value"]) if "ItemRef" in detail else None
    if item is not None and key in item.fields:
        detail["TaxCodeRef"] = dict(item.fields[key])


def _take_out_tax(books: Books, row: Wire, *, purchase: bool) -> None:
    """From what was entered with its tax, what QBO keeps: net amount and price, gross beside it."""
    detail = row[row["DetailType"]]
    quantity, price = detail.get("Qty"), detail.get("UnitPrice")
    gross = Decimal(str(row["Amount"])) if "Amount" in row else None
    if gross is None and quantity is not None and price is not None:
        gross = Decimal(str(quantity)) * Decimal(str(price))
    code = books.get("TaxCode", detail.get("TaxCodeRef", {}).get("value", ""))
    if gross is None or code is None:
        raise ValueError("a line with inclusive prices takes tax, and amount or quantity and price")
    gross = gross.quantize(CENT, rounding=ROUND_HALF_UP)
    rates = linetax.rates(books, code, purchase=purchase)
    percent: Decimal = sum((rate.fields["RateValue"] for rate in rates), Decimal(0))
    net = (gross / (1 + percent / 100)).quantize(CENT, rounding=ROUND_HALF_UP)
    detail["TaxInclusiveAmt"], row["Amount"] = gross, net
    if quantity is not None and price is not None and Decimal(str(quantity)):
        detail["UnitPrice"] = (net / Decimal(str(quantity))).quantize(_PRICE)


def _link(order: Stored | None, position: Any) -> Wire:
    rows = order.derived["Line"] if order is not None else []
    found = [row["Id"] for row in rows if str(row["LineNum"]) == str(position)]
    if order is None or not found:
        raise ValueError("line is the number of a line of the document's order")
    return {"TxnId": order.id, "TxnType": "PurchaseOrder", "TxnLineId": found[0]}


def _ref(stored: Stored) -> Wire:
    return {"value": stored.id}


def _check(given: Any, known: frozenset[str], what: str) -> None:
    unknown = sorted(set(given) - known) if isinstance(given, dict) else []
    if not isinstance(given, dict) or unknown:
        raise ValueError(f"{what} takes {', '.join(sorted(known))}")
