"""The number under which a document stands in the books.

A number is found again by it after a lost reply, so it is derived, never counted up or drawn.
"""

from ledger.model.ids import Kind, derive
from ledger.model.values import Value

from .mapping import tidy

PREFIX = "prefix"
NUMBER_FROM_ORDER = "number_from_order"
NUMBER_SHORTENED = "number_shortened"

_SHORT_LETTERS = 6
_BILL_LETTERS = 4


def document_number(
    kind: Kind,
    number: Value,
    order_number: Value,
    source_id: str,
    *,
    prefix: str,
    max_length: int,
) -> tuple[str | None, tuple[str, ...]]:
    """The number in the books, and the named mappings that made it; None if nothing says one.

    A bill without the vendor's number gets that of its order and letters of its own, because an
    order can have several bills. What is too long keeps its beginning and ends in letters of the
    whole, so two long numbers that differ only at the end stay two.
    """
    text, mappings = tidy(number), []
    if not isinstance(text, str):
        ordered = tidy(order_number)
        if kind is not Kind.BILL or not isinstance(ordered, str):
            return None, ()
        text = f"{ordered}-{derive(source_id, length=_BILL_LETTERS)}"
        mappings.append(NUMBER_FROM_ORDER)
    if prefix:
        text = f"{prefix}{text}"
        mappings.append(PREFIX)
    if len(text) > max_length:
        ending = f"~{derive(text, length=_SHORT_LETTERS)}"
        text = (text[: max(max_length - len(ending), 0)].rstrip() + ending)[:max_length]
        mappings.append(NUMBER_SHORTENED)
    return text, tuple(mappings)
