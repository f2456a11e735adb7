"""The inside of one line: allowed properties, references, tax words, amounts, accounts.

Raises as QBO does for one line on its own; what lines mean together is in ``lines``.
"""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies, linetax
from daemon.sandbox.qbo.references import LINE_TARGETS
from daemon.sandbox.qbo.rules import check_reference
from daemon.sandbox.qbo.state import Books
from daemon.sandbox.qbo.wire import Wire, number

CENT: Final = Decimal("0.01")
MOST: Final = Decimal(99_999_999_999)
SALES_FORMS: Final = frozenset({"Invoice", "CreditMemo"})
SHIPPING: Final = "SHIPPING_ITEM_ID"
_BILLABLE: Final = ("Billable", "NotBillable", "HasBeenBilled")
_REFUSED: Final = frozenset(
    {"TaxInclusiveAmt", "MarkupInfo", "DiscountRate", "DiscountAmt", "TaxAmount", "PriceLevelRef"}
    | {"DeferredRevenue", "TaxClassificationRef", "Discount"}
)
_SALES: Final = frozenset(
    {"ItemRef", "Qty", "UnitPrice", "TaxCodeRef", "ServiceDate", "ClassRef", "ItemAccountRef"}
)
_ITEM: Final = frozenset(
    {"ItemRef", "Qty", "UnitPrice", "TaxCodeRef", "CustomerRef", "BillableStatus", "ClassRef"}
)
_ACCOUNT: Final = frozenset({"AccountRef", "CustomerRef", "BillableStatus", "ClassRef"}) | {
    "TaxCodeRef"
}
_DISCOUNT: Final = frozenset(
    {"PercentBased", "DiscountPercent", "DiscountAccountRef", "ClassRef", "TaxCodeRef"}
)
_DESCRIPTION: Final = frozenset({"TaxCodeRef", "ServiceDate"})
DETAILS: Final[Mapping[str, frozenset[str]]] = {
    "SalesItemLineDetail": _SALES,
    "ItemBasedExpenseLineDetail": _ITEM,
    "AccountBasedExpenseLineDetail": _ACCOUNT,
    "DiscountLineDetail": _DISCOUNT,
    "DescriptionLineDetail": _DESCRIPTION,
}
_REQUIRED: Final = {
    "SalesItemLineDetail": "ItemRef",
    "ItemBasedExpenseLineDetail": "ItemRef",
    "AccountBasedExpenseLineDetail": "AccountRef",
}


def check_detail(
    books: Books, detail_type: str, sent: Wire, before: Wire, *, how: str = ""
) -> Wire:
    """The detail object as it will be stored. ``before``: that of the same line until now; what
    it refers to may have become inactive since. ``how``: GlobalTaxCalculation of the document."""
    detail: Wire = {}
    for key, value in sent.items():
        if key == "TaxInclusiveAmt" and how and detail_type in _REQUIRED:
            if value is not None:
                detail[key] = decimal(f"Line.{key}", value)
        elif key in _REFUSED:
            if value not in (None, "", {}, 0, "0", False):
                raise faultbodies.not_simulated(f"{key} on lines")
        elif key not in DETAILS[detail_type]:
            raise faultbodies.unknown_property(key)
        elif value not in (None, "", {}) and key != "ItemAccountRef":
            _take(books, detail, key, value, before)
    wanted = _REQUIRED.get(detail_type, "")
    if wanted and wanted not in detail:
        raise faultbodies.required(f"Line.{wanted}")
    linetax.check_code(books, detail, detail_type, before, how)
    _check_billable(detail, before)
    _check_item(books, detail, before, sales=detail_type == "SalesItemLineDetail")
    _check_account(books, detail, before)
    return detail


def _take(books: Books, detail: Wire, key: str, value: Any, before: Wire) -> None:
    if key in ("Qty", "UnitPrice", "DiscountPercent"):
        detail[key] = decimal(f"Line.{key}", value)
    elif key == "PercentBased":
        if str(value).lower() not in ("true", "false"):
            raise _wrong(key, value, "2230")
        detail[key] = str(value).lower() == "true"
    elif key == "ServiceDate":
        try:
            detail[key] = date.fromisoformat(str(value)[:10]).isoformat()
        except ValueError as error:
            raise _wrong(key, value, "2060") from error
    elif key == "BillableStatus":
        if value not in _BILLABLE:
            raise _wrong(key, value, "2170")
        detail[key] = value
    else:
        target = _ref_value(key, value)
        if not target:
            return
        if target == SHIPPING:
            raise faultbodies.not_simulated("shipping lines")
        if key in LINE_TARGETS and before.get(key, {}).get("value") != target:
            check_reference(books, LINE_TARGETS[key], target)
        detail[key] = {"value": target}


def _ref_value(key: str, value: Any) -> str:
    if not isinstance(value, dict) or not set(value) <= {"value", "name", "type"}:
        raise faultbodies.unknown_property(key)
    return str(value.get("value") or "")


def _wrong(field: str, value: object, code: str) -> faultbodies.QboFault:
    return faultbodies.QboFault([faultbodies.bad_value(f"Line.{field}", value, code=code)])


def _check_billable(detail: Wire, before: Wire) -> None:
    status = detail.get("BillableStatus")
    if status == "Billable" and "CustomerRef" not in detail:
        raise faultbodies.business("A line that is billable needs a customer")
    if status == "HasBeenBilled" and before.get("BillableStatus") != status:
        raise _wrong("BillableStatus", status, "2170")


def _check_item(books: Books, detail: Wire, before: Wire, *, sales: bool) -> None:
    item = books.get("Item", detail["ItemRef"]["value"]) if "ItemRef" in detail else None
    if item is None:
        return
    if item.fields["Type"] == "Category":
        raise faultbodies.category_reference()
    if "ClassRef" in detail and not books.has_plus:
        raise faultbodies.feature_off("Class")
    if before.get("ItemRef") == detail["ItemRef"]:
        return
    if "IncomeAccountRef" not in item.fields and sales:
        raise faultbodies.business(f"{item.name} has no income account: it is not sold")
    if "ExpenseAccountRef" not in item.fields and not sales:
        raise faultbodies.business(f"{item.name} has no expense account: it is not purchased")


def _check_account(books: Books, detail: Wire, before: Wire) -> None:
    for key in ("AccountRef", "DiscountAccountRef"):
        account = books.get("Account", detail[key]["value"]) if key in detail else None
        if account is None or before.get(key) == detail[key]:
            continue
        if account.fields["AccountType"] in ("Accounts Payable", "Accounts Receivable"):
            raise faultbodies.business(f"{account.name} cannot be used on a line")


def amount_of(line: Wire, detail: Wire) -> Decimal:
    """Quantity times price, rounded half up to cents, or what was sent without them.

    Raises 6070 for a mismatch, 2020 when nothing tells the amount. Drops zeros that clients send
    in place of nothing.
    """
    qty, price = detail.get("Qty"), detail.get("UnitPrice")
    sent = decimal("Line.Amount", line["Amount"]) if line.get("Amount") is not None else None
    if not qty and not price and sent:
        detail.pop("Qty", None)
        detail.pop("UnitPrice", None)
    elif qty is not None and price is not None:
        computed = number((qty * price).quantize(CENT, rounding=ROUND_HALF_UP))
        if sent is not None and sent != computed:
            raise faultbodies.amount_mismatch(sent)
        return computed
    if sent is None:
        raise faultbodies.required("Line.Amount")
    return number(sent.quantize(CENT, rounding=ROUND_HALF_UP))


def decimal(field: str, value: Any) -> Decimal:
    """A number of a line; texts of digits are understood. Raises 2090."""
    try:
        if isinstance(value, int | str | Decimal) and not isinstance(value, bool):
            parsed = Decimal(value)
            if parsed.is_finite() and abs(parsed) <= MOST and _places(parsed) <= 10:
                return number(parsed)
    except InvalidOperation:
        pass
    raise faultbodies.QboFault([faultbodies.bad_value(field, value, code="2090")])


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def fill(books: Books, detail_type: str, detail: Wire, *, taxable: bool) -> None:
    """Put in what QBO puts in: tax word, billable status, account of a sale, quantity rules."""
    item = books.get("Item", detail["ItemRef"]["value"]) if "ItemRef" in detail else None
    if item is not None and item.fields["Type"] == "Inventory" and not detail.get("Qty"):
        missing = "Qty" not in detail
        if missing and books.switches.tracked_without_quantity == "refuse":
            raise faultbodies.quantity_needed(item.name)
    taxed = False
    if detail_type == "SalesItemLineDetail":
        account = item.fields.get("IncomeAccountRef") if item is not None else None
        if account is not None:
            detail["ItemAccountRef"] = dict(account)
        automated = books.switches.sales_tax == "automated" and taxable
        taxed = automated and item is not None and bool(item.fields.get("Taxable"))
    elif detail_type in _REQUIRED:
        detail.setdefault("BillableStatus", "NotBillable")
    if detail_type in _REQUIRED and not books.company.is_abroad:
        detail.setdefault("TaxCodeRef", {"value": "TAX" if taxed else "NON"})
