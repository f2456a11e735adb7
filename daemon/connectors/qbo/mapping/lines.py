"""Lines of documents as QuickBooks shows them: which sort, what they point to, which tax.

Only reading; ``sending`` makes the lines that go out. A subtotal is no line: QuickBooks adds it.
"""

from decimal import Decimal
from typing import Final

from daemon.connectors.qbo.mapping.wire import (
    Malformed,
    Setting,
    Wire,
    number,
    part,
    parts,
    pointer,
    text,
)
from ledger.model.capabilities import LineTax
from ledger.model.ids import Kind
from ledger.model.values import Line, Lines, Reference

SALE: Final = "SalesItemLineDetail"
ITEM: Final = "ItemBasedExpenseLineDetail"
ACCOUNT: Final = "AccountBasedExpenseLineDetail"
REMARK: Final = "DescriptionOnly"
DISCOUNT: Final = "DiscountLineDetail"
GROUP: Final = "GroupLineDetail"
SUBTOTAL: Final = "SubTotalLineDetail"
ORDER: Final = "PurchaseOrder"
"""TxnType of the link from a bill line to the order line that it bills."""
TAXED: Final = "TAX"
UNTAXED: Final = "NON"
"""The two words that lines in the US know instead of tax codes."""
SHIPPING: Final = "SHIPPING_ITEM_ID"
"""Stands in the place of an item on the shipping line of sales forms."""

BILLABLE: Final = {"Billable": "billable", "HasBeenBilled": "billed", "NotBillable": ""}
_DETAIL: Final = frozenset(
    {
        "ItemRef",
        "AccountRef",
        "Qty",
        "UnitPrice",
        "TaxCodeRef",
        "ClassRef",
        "CustomerRef",
        "BillableStatus",
        "ServiceDate",
        "ItemAccountRef",
        "DiscountRate",
        "DiscountAmt",
        "TaxInclusiveAmt",
        "TaxAmount",
        "MarkupInfo",
        "DeferredRevenue",
        "TaxClassificationRef",
        "PriceLevelRef",
        "UOMRef",
    }
)
_KNOWN: Final = {
    SALE: _DETAIL,
    ITEM: _DETAIL,
    ACCOUNT: _DETAIL,
    REMARK: frozenset({"TaxCodeRef", "ServiceDate"}),
    DISCOUNT: frozenset(
        {"PercentBased", "DiscountPercent", "DiscountAccountRef", "ClassRef", "TaxCodeRef"}
        | {"ServiceDate", "DiscountRef"}
    ),
    GROUP: frozenset({"GroupItemRef", "Quantity", "Line", "UOMRef", "ServiceDate"}),
    SUBTOTAL: frozenset({"ItemRef", "ServiceDate"}),
}
"""DetailType -> properties of its detail that are understood or knowingly left alone."""
_LINE: Final = frozenset(
    {"Id", "LineNum", "Description", "Amount", "DetailType", "LinkedTxn", "Received"}
    | {"CustomExtensions", "CustomField", "ProjectRef", "LineEx"}
)


def detail_name(detail_type: str) -> str:
    """The property that holds the detail; for remarks alone it has another name than the type."""
    return "DescriptionLineDetail" if detail_type == REMARK else detail_type


def read_lines(raw: Wire, kind: Kind, setting: Setting) -> Lines:
    """All lines but subtotals, in QuickBooks' order."""
    how = _How(raw, kind, setting)
    return Lines(tuple(how.line(row) for row in parts(raw, "Line") if not is_subtotal(row)))


def is_subtotal(row: Wire) -> bool:
    return row.get("DetailType") == SUBTOTAL


def line_strangers(raw: Wire, entity: str) -> list[str]:
    """What in the lines of an object nobody here knows."""
    rows = raw.get("Line")
    found: list[str] = []
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        detail_type = row.get("DetailType")
        known = _KNOWN.get(detail_type) if isinstance(detail_type, str) else None
        if known is None:
            found.append(f"{entity}.Line.DetailType = {detail_type}")
            continue
        name = detail_name(str(detail_type))
        found += [f"{entity}.Line.{prop}" for prop in row.keys() - _LINE - {name}]
        detail = row.get(name)
        if isinstance(detail, dict):
            found += [f"{entity}.Line.{name}.{prop}" for prop in detail.keys() - known]
    return found


class _How:
    """What the lines of one document share."""

    def __init__(self, raw: Wire, kind: Kind, setting: Setting) -> None:
        self._tax = setting.line_tax(kind)
        self._by_code = setting.taxes_by_code
        self._is_inclusive = raw.get("GlobalTaxCalculation") == "TaxInclusive"
        document_tax = part(raw, "TxnTaxDetail") or {}
        self._code = pointer(document_tax, "TxnTaxCodeRef", Kind.TAX_CODE)

    def line(self, row: Wire) -> Line:
        detail_type = text(row, "DetailType") or ""
        detail = part(row, detail_name(detail_type)) or {}
        line_id = text(row, "Id") or ""
        description = text(row, "Description") or ""
        item = pointer(detail, "ItemRef", Kind.ITEM)
        account = pointer(detail, "AccountRef", Kind.ACCOUNT)
        sort = _sort(detail_type, item, account)
        if sort in ("text", "other"):
            amount = None if sort == "text" else _other_amount(row, detail_type, detail)
            return Line(id=line_id, sort=sort, description=description, amount=amount)
        order, order_line = _order(row)
        return Line(
            id=line_id,
            sort=sort,
            item=item if sort == "item" else None,
            account=account if sort == "account" else None,
            description=description,
            quantity=number(detail, "Qty"),
            unit_price=number(detail, "UnitPrice"),
            discount_percent=number(detail, "DiscountRate"),
            amount=self._amount(row, detail),
            tax_code=self._tax_code(detail),
            order=order,
            order_line=order_line,
            reporting_class=pointer(detail, "ClassRef", Kind.CLASS),
            customer=pointer(detail, "CustomerRef", Kind.CUSTOMER),
            billable=_billable(detail),
        )

    def _amount(self, row: Wire, detail: Wire) -> Decimal | None:
        # Amount is always net; with inclusive prices the amount that was entered stands beside it.
        gross = number(detail, "TaxInclusiveAmt") if self._is_inclusive else None
        return number(row, "Amount") if gross is None else gross

    def _tax_code(self, detail: Wire) -> Reference | None:
        found = pointer(detail, "TaxCodeRef", Kind.TAX_CODE)
        if self._by_code:
            return found
        if found is None or found.id == UNTAXED:
            return Reference(kind=Kind.TAX_CODE, id=UNTAXED)
        return self._code or found if self._tax is LineTax.ONE else found


def _sort(detail_type: str, item: Reference | None, account: Reference | None) -> str:
    if detail_type in (SALE, ITEM) and item is not None and item.id != SHIPPING:
        return "item"
    if detail_type == ACCOUNT and account is not None:
        return "account"
    return "text" if detail_type == REMARK else "other"


def _other_amount(row: Wire, detail_type: str, detail: Wire) -> Decimal | None:
    """What the line adds to the total: a discount is shown positive and takes away."""
    amount = number(row, "Amount")
    if detail_type == DISCOUNT and amount is not None:
        return -amount
    if detail_type == GROUP and amount is None:
        components = (number(one, "Amount") for one in parts(detail, "Line"))
        return sum((one for one in components if one is not None), Decimal(0))
    return amount


def _order(row: Wire) -> tuple[Reference | None, str]:
    for link in parts(row, "LinkedTxn"):
        if link.get("TxnType") == ORDER:
            order_id = text(link, "TxnId")
            if order_id is None:
                raise Malformed("Line", "a line is linked to a purchase order without an id")
            return Reference(kind=Kind.PURCHASE_ORDER, id=order_id), text(link, "TxnLineId") or ""
    return None, ""


def _billable(detail: Wire) -> str:
    word = text(detail, "BillableStatus") or ""
    return BILLABLE.get(word, word.lower())
