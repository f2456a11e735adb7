"""The lines that go out: each starts from the line that QuickBooks showed last.

What the owner of the document says is laid over it; class, customer, billable status and whatever
else a bookkeeper set stays. A line that is not named is dropped by QuickBooks.
"""

from decimal import Decimal

from daemon.connectors.qbo.mapping.lines import (
    ACCOUNT,
    BILLABLE,
    ORDER,
    REMARK,
    SALE,
    TAXED,
    UNTAXED,
    detail_name,
    is_subtotal,
)
from daemon.connectors.qbo.mapping.wire import Entity, Setting, Unwritable, Wire, parts
from ledger.model.capabilities import LineTax
from ledger.model.ids import Kind
from ledger.model.money import plain, quantise
from ledger.model.values import Line, LinePointer, Reference

_OVERRULED = ("TaxInclusiveAmt", "TaxAmount", "DiscountRate", "DiscountAmt", "ItemAccountRef")
"""Belong to the amount that was there before, or are output only."""
_KEPT = ("ClassRef", "CustomerRef", "BillableStatus", "MarkupInfo", "ServiceDate")
"""A bookkeeper's own on a line that becomes one of another sort."""
_BILLABLE = {ours: theirs for theirs, ours in BILLABLE.items() if ours == "billable"}


class Outlines:
    """Makes the lines of one document, one after the other, and notes how they are taxed."""

    def __init__(self, entity: Entity, last: Wire, setting: Setting) -> None:
        self._entity = entity
        self._setting = setting
        rows = [row for row in parts(last, "Line") if not is_subtotal(row)]
        self._by_id = {str(row["Id"]): row for row in rows if row.get("Id")}
        self._without_id = [row for row in rows if not row.get("Id")]
        self.tax_code = ""
        """The one code of the taxed lines, where the document has one."""
        self.is_taxed = False

    def line(self, line: Line, place: int) -> Wire:
        """One line to send; ``place`` counts from 1."""
        base = self._base(line, place)
        if line.sort in ("text", "other"):
            return self._as_it_was(line, base, place)
        detail_type = self._detail_type(line, place)
        out: Wire = dict(base) if base is not None else {}
        old_type = str(out.get("DetailType", detail_type))
        old = out.pop(detail_name(old_type), {})
        detail = dict(old) if old_type == detail_type else _take(old, _KEPT)
        for prop in _OVERRULED:
            detail.pop(prop, None)
        self._put_target(detail, line, place)
        self._put_amount(out, detail, line, place)
        self._put_tax(detail, line, place)
        if base is None:
            self._put_once(detail, line)
        if line.description or "Description" in out:
            out["Description"] = line.description
        out |= {"LineNum": place, "DetailType": detail_type, detail_type: detail}
        self._put_link(out, base, line, place)
        return out

    def _base(self, line: Line, place: int) -> Wire | None:
        """The line that was there; None for a new one."""
        if not line.id:
            return None
        base = self._by_id.pop(line.id, None)
        if base is None:
            raise Unwritable(
                "lines",
                f"line {place} is no longer on the document in QuickBooks",
                "nothing to do: the document is read again and planned anew",
            )
        return base

    def _as_it_was(self, line: Line, base: Wire | None, place: int) -> Wire:
        if base is None and self._without_id:
            base = self._without_id.pop(0)
        if base is not None:
            detail = base.get(detail_name(str(base.get("DetailType", ""))))
            code = detail.get("TaxCodeRef") if isinstance(detail, dict) else None
            self.is_taxed = self.is_taxed or code == {"value": TAXED}
            return base | {"LineNum": place} if "LineNum" in base else base
        if line.sort == "text" and self._entity.item_detail == SALE:
            return {
                "LineNum": place,
                "Description": line.description,
                "DetailType": REMARK,
                detail_name(REMARK): {},
            }
        raise Unwritable(
            "lines",
            f"line {place} has neither a product nor an account",
            "choose a product or an account for it",
        )

    def _detail_type(self, line: Line, place: int) -> str:
        if line.sort == "item":
            return self._entity.item_detail
        if line.sort == "account" and self._entity.item_detail != SALE:
            return ACCOUNT
        raise Unwritable(
            "lines",
            f"line {place} goes straight to an account, and QuickBooks takes only products and "
            "services here",
            "choose a product or service for it",
        )

    def _put_target(self, detail: Wire, line: Line, place: int) -> None:
        prop, target = (
            ("ItemRef", line.item) if line.sort == "item" else ("AccountRef", line.account)
        )
        detail[prop] = {"value": _id(target, f"line {place} has no {line.sort}")}

    def _put_amount(self, out: Wire, detail: Wire, line: Line, place: int) -> None:
        amount, quantity, price = line.amount, line.quantity, line.unit_price
        if line.sort == "account":
            quantity = price = None  # such lines have an amount and nothing else
        product = None
        if quantity is not None and price is not None:
            product = quantise(quantity * price, 2)
        if amount is None:
            amount = product
        if amount is None or amount != quantise(amount, 2) or product not in (None, amount):
            raise Unwritable("lines", _mismatch(place, quantity, price, amount), _AMOUNT_CURE)
        out["Amount"] = amount
        for prop, value in (("Qty", quantity), ("UnitPrice", price)):
            detail.pop(prop, None)
            if value is not None:
                detail[prop] = value

    def _put_tax(self, detail: Wire, line: Line, place: int) -> None:
        tax = self._setting.line_tax(self._entity.kind)
        code = line.tax_code.id if isinstance(line.tax_code, Reference) else ""
        if tax is LineTax.NONE and self._setting.taxes_by_code:
            detail.pop("TaxCodeRef", None)
            return
        if tax is LineTax.EACH:
            missing = f"line {place} has no tax code, and this company needs one on every line"
            detail["TaxCodeRef"] = {"value": _id(line.tax_code, missing)}
            return
        is_taxed = tax is not LineTax.NONE and code not in ("", UNTAXED)
        detail["TaxCodeRef"] = {"value": TAXED if is_taxed else UNTAXED}
        self.is_taxed = self.is_taxed or is_taxed
        if not is_taxed or tax is not LineTax.ONE or code == TAXED:
            return
        if self.tax_code not in ("", code):
            raise Unwritable(
                "lines",
                f"line {place} has another tax code than the lines before it, and this company "
                "keeps one for the whole document",
                "give all taxed lines the same tax code, or split the document",
            )
        self.tax_code = code

    def _put_once(self, detail: Wire, line: Line) -> None:
        """What belongs to the bookkeeper is given with a new line, and left alone afterwards."""
        if isinstance(line.reporting_class, Reference) and line.reporting_class.id:
            detail["ClassRef"] = {"value": line.reporting_class.id}
        if self._entity.item_detail == SALE:
            return
        if isinstance(line.customer, Reference) and line.customer.id:
            detail["CustomerRef"] = {"value": line.customer.id}
            if line.billable in _BILLABLE:
                detail["BillableStatus"] = _BILLABLE[line.billable]

    def _put_link(self, out: Wire, base: Wire | None, line: Line, place: int) -> None:
        """The order line that a bill line takes over. It must be repeated, or it goes; and only a
        new line can be linked, so a known one without that link goes out as a new one."""
        if self._entity.kind is not Kind.BILL:
            return
        before = parts(base or {}, "LinkedTxn")
        links = [link for link in before if link.get("TxnType") != ORDER]
        if line.order is not None:
            order_id = _id(line.order, f"line {place} bills an order that is not known")
            if not line.order_line:
                raise Unwritable(
                    "lines",
                    f"line {place} bills an order whose line is not known in QuickBooks",
                    "nothing to do: it is planned anew once the purchase order has been read",
                )
            link = {"TxnId": order_id, "TxnType": ORDER, "TxnLineId": line.order_line}
            if base is not None and link not in [_take(one, tuple(link)) for one in before]:
                del out["Id"]
            links.append(link)
        out.pop("LinkedTxn", None)
        if links:
            out["LinkedTxn"] = links


_AMOUNT_CURE = "correct quantity, price or amount of the line"


def _mismatch(
    place: int, quantity: Decimal | None, price: Decimal | None, amount: Decimal | None
) -> str:
    if amount is None:
        return f"line {place} has no amount"
    if quantity is None or price is None:
        return f"the amount {plain(amount)} of line {place} has parts of a cent"
    return (
        f"line {place} says {plain(quantity)} at {plain(price)} and the amount {plain(amount)}; "
        f"QuickBooks takes only {plain(quantise(quantity * price, 2))}"
    )


def _id(target: LinePointer, missing: str) -> str:
    if not isinstance(target, Reference) or not target.id:
        raise Unwritable("lines", missing, "choose one, and let it reach QuickBooks first")
    return target.id


def _take(wire: Wire, props: tuple[str, ...]) -> Wire:
    return {prop: wire[prop] for prop in props if prop in wire}
