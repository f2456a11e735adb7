"""Lines of documents: what their owner decides, equality by it, and how a target holds them.

Pure and exact: no line is invented, dropped or moved here, and no amount is changed except by
rounding to the places that the target keeps. Which line is which: ``linemap``.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal

import msgspec

from ledger.model.capabilities import LineRule, LineTax
from ledger.model.ids import Kind
from ledger.model.money import plain, quantise
from ledger.model.values import Line, LinePointer, Lines, Reference

from .mapping import ROUND, SHORTEN, tidy

NET_PRICE = "net_price"
AMOUNT_ONLY = "amount_only"
UNTAXED = "untaxed"
_MAPPINGS = (NET_PRICE, AMOUNT_ONLY, ROUND, SHORTEN, UNTAXED)

WRITTEN_SORTS = frozenset({"item", "account"})
"""The lines that carry a document. Remarks stay as their own system has them, and what only one
system understands is never written."""

POINTERS = ("item", "account", "tax_code", "order", "reporting_class", "customer")

LONGEST_NAME = 40

_HUNDRED = Decimal(100)
_TAXED = Reference(kind=Kind.TAX_CODE, key="taxed")
_NOT_TAXED = Reference(kind=Kind.TAX_CODE, key="not taxed")


def is_remark(line: Line) -> bool:
    """A text without figures: a bookkeeper may write some, and nobody minds."""
    return line.sort == "text" and not line.amount and not line.quantity


def pointer(value: LinePointer) -> LinePointer:
    """The pointer in comparable form: an id says it all, the name beside it may change."""
    if isinstance(value, Reference) and value.id and value.key:
        return Reference(kind=value.kind, id=value.id)
    return value


def subject(line: Line) -> LinePointer:
    """What the line is about, in comparable form: its item, else the account it goes to."""
    return pointer(line.item if line.item is not None else line.account)


def description(line: Line) -> str:
    text = tidy(line.description)
    return text if isinstance(text, str) else ""


def named(position: int, line: Line) -> str:
    """A line in a sentence: ``Line 2 ("M8 bolt")``."""
    text = " ".join(description(line).split())
    if len(text) > LONGEST_NAME:
        text = f"{text[: LONGEST_NAME - 1].rstrip()}…"
    return f'Line {position} ("{text}")' if text else f"Line {position}"


def owned(line: Line) -> Line:
    """What the document's owner decides, in comparable and hashable form.

    No unit price: systems keep different digits of it, and the amount says what it comes to. A
    quantity of zero is none at all, and an item line's account is the item's own.
    """
    return Line(
        sort=line.sort,
        item=pointer(line.item),
        account=pointer(line.account) if line.item is None else None,
        description=description(line),
        quantity=line.quantity or None,
        amount=line.amount,
        tax_code=pointer(line.tax_code),
    )


def same_lines(one: Lines, other: Lines) -> bool:
    """Whether both hold the same owned lines, in whatever order; remarks do not count."""
    left = [owned(line) for line in one.lines if not is_remark(line)]
    right = [owned(line) for line in other.lines if not is_remark(line)]
    return len(left) == len(right) and (left == right or Counter(left) == Counter(right))


def subtotal(lines: Lines) -> Decimal:
    """The sum of the amounts that are known."""
    return sum((line.amount for line in lines.lines if line.amount is not None), Decimal(0))


def pointers(lines: Lines) -> Iterator[tuple[int, str, LinePointer]]:
    """``(index of the line, name of the field, value)`` of every pointer that is set."""
    for index, line in enumerate(lines.lines):
        for field in POINTERS:
            value: LinePointer = getattr(line, field)
            if value is not None:
                yield index, field, value


def map_pointers(lines: Lines, change: Callable[[LinePointer], LinePointer]) -> Lines:
    """The same lines with every pointer that is set changed; ``lines`` itself if none changes."""
    changed = tuple(_map_line(line, change) for line in lines.lines)
    if all(new is old for new, old in zip(changed, lines.lines, strict=True)):
        return lines
    return Lines(changed)


def _map_line(line: Line, change: Callable[[LinePointer], LinePointer]) -> Line:
    found: dict[str, LinePointer] = {}
    for field in POINTERS:
        value: LinePointer = getattr(line, field)
        if value is not None and (new := change(value)) != value:
            found[field] = new
    return msgspec.structs.replace(line, **found) if found else line


def comparable(lines: Lines, rule: LineRule, *, untaxed: LinePointer = None) -> Lines:
    """The lines as two sides of ``rule`` are compared.

    Where the system itself finds the rate (``LineTax.TAXED``), only taxed or not taxed counts;
    elsewhere the lines are returned as they are. Not taxed is a line without a code, with the code
    ``rule.untaxed``, or with ``untaxed``: the same code as the ledger points to it.
    """
    if rule.tax is not LineTax.TAXED:
        return lines
    free = untaxed_codes(rule, untaxed)
    return Lines(
        tuple(
            msgspec.structs.replace(
                line, tax_code=_NOT_TAXED if pointer(line.tax_code) in free else _TAXED
            )
            if line.sort in WRITTEN_SORTS
            else line
            for line in lines.lines
        )
    )


def untaxed_codes(rule: LineRule, untaxed: LinePointer = None) -> tuple[LinePointer, ...]:
    """The codes of a line without tax, in comparable form; None is a line without any code."""
    return (None, pointer(rule.untaxed), pointer(untaxed))


class RenderedLines(msgspec.Struct, frozen=True):
    """The lines as the target would hold them, and the mappings that made them so."""

    lines: Lines
    mappings: tuple[str, ...] = ()


def render_lines(
    lines: Lines, rule: LineRule, *, untaxed: LinePointer, is_untaxed: Callable[[Line], bool]
) -> RenderedLines:
    """The source's lines as the target's ``rule`` can hold them, one for one and in order.

    ``untaxed`` is the target's code of lines without tax, ``is_untaxed`` tells them. An account
    line stays one even where the target knows none: the caller holds it.
    """
    used: set[str] = set()
    rendered = tuple(_render(line, rule, untaxed, is_untaxed, used) for line in lines.lines)
    return RenderedLines(Lines(rendered), tuple(name for name in _MAPPINGS if name in used))


def _render(
    line: Line,
    rule: LineRule,
    untaxed: LinePointer,
    is_untaxed: Callable[[Line], bool],
    used: set[str],
) -> Line:
    text = description(line)
    if len(text) > rule.description_length:
        text = text[: rule.description_length].rstrip()
        used.add(SHORTEN)
    if line.sort not in WRITTEN_SORTS:
        return Line(
            number=line.number,
            sort=line.sort,
            item=line.item,
            account=line.account,
            description=text,
            quantity=line.quantity,
            amount=_amount(line, rule, used),
        )
    code = line.tax_code
    if rule.tax is LineTax.NONE or (untaxed is not None and is_untaxed(line)):
        if code is not None and pointer(code) != pointer(untaxed):
            used.add(UNTAXED)
        code = untaxed
    amount = _amount(line, rule, used)
    quantity, price, discount = _pricing(line, amount, rule, used)
    return Line(
        number=line.number,
        sort="item"
        if line.item is not None
        else "account"
        if line.account is not None
        else line.sort,
        item=line.item,
        account=line.account if line.item is None else None,
        description=text,
        quantity=quantity,
        unit_price=price,
        discount_percent=discount,
        amount=amount,
        tax_code=code,
        order=line.order,
        order_number=line.order_number,
    )


def _amount(line: Line, rule: LineRule, used: set[str]) -> Decimal | None:
    if line.amount is not None:
        return _fitted(line.amount, rule.amount_places, used)
    if line.quantity is None or line.unit_price is None:
        return None
    net = net_price(line.unit_price, line.discount_percent)
    return quantise(line.quantity * net, rule.amount_places)


def _fitted(value: Decimal, places: int, used: set[str]) -> Decimal:
    rounded = quantise(value, places)
    if rounded == value:
        return value  # what needs no rounding keeps the digits that it was entered with
    used.add(ROUND)
    return rounded


def net_price(price: Decimal, discount_percent: Decimal | None) -> Decimal:
    """The price after the discount, exactly: hundredths need no division."""
    if not discount_percent:
        return price
    return (price * (_HUNDRED - discount_percent)).scaleb(-2)


def _pricing(
    line: Line, amount: Decimal | None, rule: LineRule, used: set[str]
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Quantity, unit price and discount of the rendered line.

    The amount is what the source says; a price that does not come to it is not sent. A line
    straight to an account is an amount: the books keep no quantity on it.
    """
    quantity, price, discount = line.quantity or None, line.unit_price, line.discount_percent
    if line.item is None and line.account is not None:
        quantity = None
    if quantity is None or price is None or amount is None:
        if price is not None:
            used.add(AMOUNT_ONLY)
        return quantity, None, None
    net = net_price(price, discount)
    kept = bool(discount) and rule.discounts
    sent = price if kept else net
    fitted = quantise(sent, rule.price_places)
    places = rule.amount_places
    comes_to = net_price(fitted, discount) if kept else fitted
    if (
        quantise(quantity * net, places) != amount
        or quantise(quantity * comes_to, places) != amount
        or (discount and fitted != sent)
    ):
        used.add(AMOUNT_ONLY)
        return quantity, None, None
    if kept:
        return quantity, price, discount
    if discount:
        used.add(NET_PRICE)
        return quantity, Decimal(plain(net)), None
    return quantity, _fitted(price, rule.price_places, used), None
