"""Lines of purchases and sales: items at a price, and additional charges beside them.

DEAR: lines have no ids, stand in no promised order, and an additional charge is a service product
named in Description. Whether a line's Total holds its tax where tax comes on top is not known for
sure: a switch says, and sums that fit only the other reading are refused.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeAlias

from msgspec import UnsetType

from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping.fields import Malformed, Raw, number, pointer, rows, text
from ledger.model.ids import Kind
from ledger.model.values import Line, Lines, Reference

NO_ID = "00000000-0000-0000-0000-000000000000"
"""DEAR's way of saying that there is no such thing."""
CENT = Decimal("0.01")

About: TypeAlias = Callable[[Raw], tuple[Reference, str, str]]
"""What a line is about: the item, what somebody wrote, and what the item is called today."""


def lines(part: Raw, calculation: str, config: DearConfig) -> Lines:
    """The lines of an order or invoice, charges last. Raises ``Malformed``."""
    comes_on_top = calculation == "exclusive"
    holds_tax = comes_on_top and config.documents.line_total == "with_tax"
    found = tuple(
        _line(raw, place, about, holds_tax=holds_tax)
        for key, about in (("Lines", _item), ("AdditionalCharges", _charge))
        for place, raw in _each(part, key)
    )
    if comes_on_top:
        _check_reading(part, found, holds_tax=holds_tax)
    return Lines(found)


def is_empty(part: Raw) -> bool:
    """Whether nothing stands on an order or invoice. Raises ``Malformed``."""
    return not _each(part, "Lines") and not _each(part, "AdditionalCharges")


def _each(part: Raw, key: str) -> Sequence[tuple[str, Raw]]:
    found = rows(part, key)
    if isinstance(found, UnsetType):
        return []
    return [(f"{key}[{place}]", raw) for place, raw in enumerate(found, start=1)]


def _line(raw: Raw, place: str, about: About, *, holds_tax: bool) -> Line:
    try:
        item, description, title = about(raw)
        total, tax, discount = _needed(raw, "Total"), number(raw, "Tax"), number(raw, "Discount")
        known_tax = tax if isinstance(tax, Decimal) else None
        return Line(
            item=item,
            account=pointer(raw, "Account", Kind.ACCOUNT) or None,
            description=description,
            title=title,
            quantity=_needed(raw, "Quantity"),
            unit_price=_needed(raw, "Price"),
            discount_percent=discount or None,
            amount=total - known_tax if holds_tax and known_tax else total,
            tax_code=pointer(raw, "TaxRule", Kind.TAX_CODE) or None,
            tax=known_tax,
        )
    except Malformed as error:
        raise Malformed(f"{place}.{error.field}", f"{place}.{error}") from None


def _item(raw: Raw) -> tuple[Reference, str, str]:
    product = text(raw, "ProductID")
    if not isinstance(product, str) or product == NO_ID:
        raise Malformed("ProductID", "ProductID is missing or empty")
    # DEAR shows the product's present name on every line, old ones included.
    wrote, called = text(raw, "Comment") or "", text(raw, "Name") or ""
    return Reference(kind=Kind.ITEM, id=product.lower()), wrote, called


def _charge(raw: Raw) -> tuple[Reference, str, str]:
    name, reference = text(raw, "Description"), text(raw, "Reference")
    if not isinstance(name, str):
        raise Malformed("Description", "Description is missing or empty")
    return Reference(kind=Kind.ITEM, key=name), f"{name} {reference}" if reference else "", name


def _needed(raw: Raw, key: str) -> Decimal:
    value = number(raw, key)
    if not isinstance(value, Decimal):
        raise Malformed(key, f"{key} is missing or empty")
    return value


def _check_reading(part: Raw, found: Sequence[Line], *, holds_tax: bool) -> None:
    """Refuse sums that fit only the reading of ``line_total`` that is not configured."""
    before = number(part, "TotalBeforeTax")
    tax = sum((line.tax for line in found if line.tax is not None), Decimal(0))
    if not isinstance(before, Decimal) or not found:
        return
    amount = sum((line.amount for line in found if line.amount is not None), Decimal(0))
    other = amount + tax if holds_tax else amount - tax
    # A cent, and half of one for each line that may have been rounded.
    slack = CENT + CENT / 2 * len(found)
    if abs(amount - before) > slack and abs(other - before) <= CENT:
        word = "without_tax" if holds_tax else "with_tax"
        raise Malformed(
            "Lines.Total",
            f"the lines add up to TotalBeforeTax {before} only if their Total is {word}",
            cure=f"set dear.documents.line_total to {word}",
        )
