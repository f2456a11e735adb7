"""Lines of documents: kinds of lines per entity, ids and numbers, discounts, totals."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies, linetax
from daemon.sandbox.qbo.details import CENT, SALES_FORMS, amount_of, check_detail, decimal, fill
from daemon.sandbox.qbo.orders import check_link
from daemon.sandbox.qbo.state import Books
from daemon.sandbox.qbo.wire import Wire, number

MAX_LINES: Final = 750
MAX_DESCRIPTION: Final = 4000
_LINE_KEYS: Final = frozenset(
    {"Id", "LineNum", "Description", "Amount", "DetailType", "LinkedTxn", "Received"}
    | {"CustomExtensions", "CustomField"}
)
_PURCHASE: Final = ("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail")
_SALE: Final = ("SalesItemLineDetail", "DescriptionOnly", "DiscountLineDetail")
_ALLOWED: Final[Mapping[str, tuple[str, ...]]] = {
    "Invoice": _SALE,
    "CreditMemo": _SALE,
    "PurchaseOrder": _PURCHASE,
    "Bill": _PURCHASE,
    "VendorCredit": _PURCHASE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The document that lines stand on."""

    entity: str
    header: Wire
    before: list[Wire]
    """Lines as stored until now."""
    txn_id: str = ""
    taxable: bool = True
    """Whether the customer pays sales tax."""


def check_lines(books: Books, form: Form, sent: Any) -> list[Wire]:
    """The lines as they will be stored: references checked, amounts computed, ids given.

    A known Id keeps its line, a missing or unknown one makes a new line, what is not sent goes.
    Raises 2020, 2010, 2050, 2500, 6070, 6090, 6100, 6520 as QBO does.
    """
    if not isinstance(sent, list):
        raise faultbodies.unknown_property("Line")
    wanted = [line for line in sent if _detail_type(line) != "SubTotalLineDetail"]
    if not wanted:
        raise faultbodies.required("Line")
    if len(wanted) > MAX_LINES:
        raise faultbodies.business(f"More than {MAX_LINES} lines")
    known = {str(line["Id"]): line for line in form.before}
    last = max((int(line_id) for line_id in known), default=0)
    lines: list[Wire] = []
    for position, line in enumerate(wanted, start=1):
        line_id = str(line.get("Id") or "")
        old = known.pop(line_id, None)
        if old is None:
            last += 1
            line_id = str(last)
        stored = _check_line(books, form, line, old)
        lines.append({"Id": line_id, "LineNum": position, **stored})
    _discount(books, lines)
    return lines


def total_of(lines: list[Wire]) -> Decimal:
    """Sum of the amounts, a discount taken off."""
    return subtotal(lines) - discount_of(lines)


def subtotal(lines: list[Wire]) -> Decimal:
    """Sum of the amounts without the discount."""
    amounts = (
        line.get("Amount", Decimal(0))
        for line in lines
        if line["DetailType"] != "DiscountLineDetail"
    )
    return sum(amounts, Decimal(0))


def discount_of(lines: list[Wire]) -> Decimal:
    found = (line["Amount"] for line in lines if line["DetailType"] == "DiscountLineDetail")
    return sum(found, Decimal(0))


def frozen_accounts(
    books: Books, lines: list[Wire], before: list[Wire], kept: Mapping[str, Wire]
) -> dict[str, Wire]:
    """Accounts of each item line as the item names them now; of a line that keeps its item, as
    when it was written: a later change of the item moves no past posting."""
    old = {line["Id"]: _item_of(line) for line in before}
    found: dict[str, Wire] = {}
    for line in lines:
        item_id = _item_of(line)
        if not item_id:
            continue
        item = books.get("Item", item_id)
        if old.get(line["Id"]) == item_id and line["Id"] in kept:
            found[line["Id"]] = kept[line["Id"]]
        elif item is not None:
            names = ["IncomeAccountRef", "ExpenseAccountRef"]
            if item.fields["Type"] == "Inventory":
                names.append("AssetAccountRef")
            found[line["Id"]] = {
                name: item.fields[name]["value"] for name in names if name in item.fields
            }
    return found


def _item_of(line: Wire) -> str:
    detail = line.get(line["DetailType"])
    reference = detail.get("ItemRef") if isinstance(detail, dict) else None
    return str(reference["value"]) if isinstance(reference, dict) else ""


def _detail_type(line: Any) -> str:
    if not isinstance(line, dict):
        raise faultbodies.unknown_property("Line")
    found = line.get("DetailType")
    if not isinstance(found, str) or not found:
        raise faultbodies.required("Line.DetailType")
    return found


def _check_line(books: Books, form: Form, line: Wire, old: Wire | None) -> Wire:
    detail_type = _detail_type(line)
    if detail_type not in _ALLOWED[form.entity]:
        raise faultbodies.not_simulated(f"lines of type {detail_type} on {form.entity}")
    shape = "DescriptionLineDetail" if detail_type == "DescriptionOnly" else detail_type
    for key, value in line.items():
        if key not in _LINE_KEYS and key != shape and value is not None:
            raise faultbodies.unknown_property(key)
    stored: Wire = {"DetailType": detail_type, "CustomExtensions": []}
    if line.get("Description"):
        stored["Description"] = _description(line["Description"])
    links = check_link(books, form.header, form.entity, line, old=old, txn_id=form.txn_id)
    if links:
        stored["LinkedTxn"] = links
    sent = line.get(shape)
    if sent is None and detail_type == "DescriptionOnly":
        sent = {}
    if not isinstance(sent, dict):
        raise faultbodies.required(f"Line.{detail_type}")
    before = old.get(shape, {}) if old is not None else {}
    how = linetax.calculation(form.header)
    detail = check_detail(books, shape, sent, before, how=how)
    if detail_type == "DescriptionOnly":
        if line.get("Amount") and decimal("Line.Amount", line["Amount"]):
            raise faultbodies.business("A line with a description only has no amount")
        return stored | ({shape: detail} if detail else {})
    if detail_type == "DiscountLineDetail":
        return stored | _discount_line(books, line, detail)
    stored["Amount"] = amount_of(line, detail)
    linetax.check_gross(books, detail, shape, stored["Amount"], how)
    fill(books, shape, detail, taxable=form.taxable)
    stored[shape] = detail
    return stored


def _description(value: Any) -> str:
    text = str(value)
    if len(text) > MAX_DESCRIPTION:
        raise faultbodies.QboFault(
            [faultbodies.too_long("Line.Description", len(text), MAX_DESCRIPTION)]
        )
    return text


def _discount_line(books: Books, line: Wire, detail: Wire) -> Wire:
    if not books.switches.allow_discount:
        raise faultbodies.discount_off()
    if "DiscountAccountRef" not in detail:
        for account in books.all("Account"):
            if account.fields["AccountSubType"] == "DiscountsRefundsGiven" and account.active:
                detail["DiscountAccountRef"] = {"value": account.id}
                break
        else:
            raise faultbodies.business("The company has no account for discounts given")
    detail.setdefault("PercentBased", False)
    if detail["PercentBased"]:
        if "DiscountPercent" not in detail:
            raise faultbodies.required("Line.DiscountPercent")
        return {"Amount": Decimal(0), "DiscountLineDetail": detail}
    detail.pop("DiscountPercent", None)
    if line.get("Amount") is None:
        raise faultbodies.required("Line.Amount")
    amount = decimal("Line.Amount", line["Amount"])
    if amount < 0:
        raise faultbodies.negative_amount("Line.Amount", amount)
    amount = number(amount.quantize(CENT, rounding=ROUND_HALF_UP))
    return {"Amount": amount, "DiscountLineDetail": detail}


def _discount(books: Books, lines: list[Wire]) -> None:
    """Work out a percentage; one discount a document."""
    found = [line for line in lines if line["DetailType"] == "DiscountLineDetail"]
    if len(found) > 1:
        raise faultbodies.business("A document takes one discount line")
    for line in found:
        detail = line["DiscountLineDetail"]
        if detail["PercentBased"]:
            share = subtotal(lines) * detail["DiscountPercent"] / 100
            line["Amount"] = number(share.quantize(CENT, rounding=ROUND_HALF_UP))


__all__ = ["MAX_LINES", "SALES_FORMS", "Form", "check_lines", "frozen_accounts", "total_of"]
