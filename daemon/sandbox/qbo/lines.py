"""Lines of transactions: allowed shapes, references, amounts, line ids."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.render import LINE_TARGETS
from daemon.sandbox.qbo.rules import check_reference
from daemon.sandbox.qbo.state import Books
from daemon.sandbox.qbo.wire import Wire, number

MAX_LINES: Final = 750
_CENT: Final = Decimal("0.01")
_LINE_KEYS: Final = frozenset(
    {"Id", "LineNum", "Description", "Amount", "DetailType", "LinkedTxn", "Received"}
    | {"CustomExtensions", "CustomField", "DescriptionLineDetail", "SubTotalLineDetail"}
)
_SALES: Final = frozenset(
    {"ItemRef", "Qty", "UnitPrice", "TaxCodeRef", "ServiceDate", "ClassRef", "ItemAccountRef"}
    | {"TaxInclusiveAmt", "MarkupInfo", "DiscountRate", "DiscountAmt", "PriceLevelRef"}
)
_ITEM: Final = frozenset(
    {"ItemRef", "Qty", "UnitPrice", "TaxCodeRef", "CustomerRef", "BillableStatus", "ClassRef"}
    | {"TaxInclusiveAmt", "MarkupInfo", "PriceLevelRef"}
)
_ACCOUNT: Final = frozenset(
    {"AccountRef", "CustomerRef", "BillableStatus", "ClassRef", "TaxCodeRef", "TaxAmount"}
    | {"TaxInclusiveAmt", "MarkupInfo"}
)
_DETAILS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "Invoice": {"SalesItemLineDetail": _SALES, "DescriptionOnly": frozenset()},
    "Bill": {
        "AccountBasedExpenseLineDetail": _ACCOUNT,
        "ItemBasedExpenseLineDetail": _ITEM,
    },
}
_REQUIRED: Final = {
    "SalesItemLineDetail": "ItemRef",
    "ItemBasedExpenseLineDetail": "ItemRef",
    "AccountBasedExpenseLineDetail": "AccountRef",
}


def check_lines(books: Books, entity: str, sent: Any, before: list[Wire]) -> list[Wire]:
    """The lines as they will be stored: references checked, amounts computed, ids given.

    Raises 2020, 2010, 2500, 6070, 6100 as QBO does.
    """
    if not isinstance(sent, list):
        raise faultbodies.unknown_property("Line")
    wanted = [line for line in sent if _detail_type(line) != "SubTotalLineDetail"]
    if not wanted:
        raise faultbodies.required("Line")
    if len(wanted) > MAX_LINES:
        raise faultbodies.business(f"More than {MAX_LINES} lines")
    known = {str(line["Id"]) for line in before}
    last = max((int(line_id) for line_id in known), default=0)
    lines: list[Wire] = []
    for position, line in enumerate(wanted, start=1):
        stored = _check_line(books, entity, line)
        line_id = str(line.get("Id") or "")
        if line_id not in known:
            last += 1
            line_id = str(last)
        lines.append({"Id": line_id, "LineNum": position, **stored})
    return lines


def total_of(lines: list[Wire]) -> Decimal:
    """Sum of the amounts."""
    return sum((line.get("Amount", Decimal(0)) for line in lines), Decimal(0))


def _detail_type(line: Any) -> str:
    if not isinstance(line, dict):
        raise faultbodies.unknown_property("Line")
    found = line.get("DetailType")
    if not isinstance(found, str) or not found:
        raise faultbodies.required("Line.DetailType")
    return found


def _check_line(books: Books, entity: str, line: Wire) -> Wire:
    detail_type = _detail_type(line)
    allowed = _DETAILS[entity].get(detail_type)
    if allowed is None:
        raise faultbodies.not_simulated(f"lines of type {detail_type} on {entity}")
    for key in line:
        if key not in _LINE_KEYS and key != detail_type:
            raise faultbodies.unknown_property(key)
    if line.get("LinkedTxn"):
        raise faultbodies.not_simulated("linked transactions on lines")
    stored: Wire = {"DetailType": detail_type, "CustomExtensions": []}
    if line.get("Description"):
        stored["Description"] = str(line["Description"])
    if detail_type == "DescriptionOnly":
        return stored
    sent = line.get(detail_type)
    if not isinstance(sent, dict):
        raise faultbodies.required(f"Line.{detail_type}")
    detail = _check_detail(books, sent, allowed)
    if _REQUIRED[detail_type] not in detail:
        raise faultbodies.required(f"Line.{_REQUIRED[detail_type]}")
    _check_category(books, detail)
    stored["Amount"] = _amount(line, detail)
    stored[detail_type] = _defaults(books, detail_type, detail)
    return stored


def _check_detail(books: Books, sent: Wire, allowed: frozenset[str]) -> Wire:
    detail: Wire = {}
    for key, value in sent.items():
        if key not in allowed:
            raise faultbodies.unknown_property(key)
        if value in (None, "", {}) or key in ("ItemAccountRef", "TaxInclusiveAmt", "MarkupInfo"):
            continue
        if key in ("Qty", "UnitPrice"):
            detail[key] = _decimal(f"Line.{key}", value)
        elif key == "TaxCodeRef":
            code = str(value.get("value", "")) if isinstance(value, dict) else ""
            if code not in ("TAX", "NON"):
                raise faultbodies.business("Line tax code must be TAX or NON in the United States")
            detail[key] = {"value": code}
        elif key in LINE_TARGETS:
            target = str(value.get("value", "")) if isinstance(value, dict) else ""
            if target:
                check_reference(books, LINE_TARGETS[key], target)
                detail[key] = {"value": target}
        else:
            detail[key] = value
    return detail


def _check_category(books: Books, detail: Wire) -> None:
    item = books.get("Item", detail["ItemRef"]["value"]) if "ItemRef" in detail else None
    if item is not None and item.fields["Type"] == "Category":
        raise faultbodies.category_reference()


def _amount(line: Wire, detail: Wire) -> Decimal:
    qty, price = detail.get("Qty"), detail.get("UnitPrice")
    sent = _decimal("Line.Amount", line["Amount"]) if line.get("Amount") is not None else None
    if not qty and not price:
        detail.pop("Qty", None)
        detail.pop("UnitPrice", None)
    elif qty is not None and price is not None:
        computed = number((qty * price).quantize(_CENT, rounding=ROUND_HALF_UP))
        if sent is not None and sent != computed:
            raise faultbodies.amount_mismatch(sent)
        return computed
    if sent is None:
        raise faultbodies.required("Line.Amount")
    return sent


def _decimal(field: str, value: Any) -> Decimal:
    try:
        if isinstance(value, int | str | Decimal) and not isinstance(value, bool):
            return number(Decimal(value))
    except InvalidOperation:
        pass
    raise faultbodies.QboFault([faultbodies.bad_value(field, value, code="2090")])


def _defaults(books: Books, detail_type: str, detail: Wire) -> Wire:
    if detail_type == "SalesItemLineDetail":
        item = books.get("Item", detail["ItemRef"]["value"])
        account = item.fields.get("IncomeAccountRef") if item is not None else None
        if account is not None:
            detail["ItemAccountRef"] = dict(account)
    else:
        detail.setdefault("BillableStatus", "NotBillable")
    detail.setdefault("TaxCodeRef", {"value": "NON"})
    return detail
