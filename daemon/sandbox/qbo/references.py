"""References as QBO shows them: the id, with the present name of what it points to."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from daemon.sandbox.qbo.state import Books
from daemon.sandbox.qbo.wire import Wire

View: TypeAlias = Literal["created", "written", "read", "query"]
"""Which answer the object stands in; some properties appear only in some of them."""

_CURRENCIES: Final = {
    "USD": "United States Dollar",
    "CAD": "Canadian Dollar",
    "GBP": "British Pound Sterling",
}
LINE_TARGETS: Final[Mapping[str, str]] = {
    "ItemRef": "Item",
    "ItemAccountRef": "Account",
    "AccountRef": "Account",
    "CustomerRef": "Customer",
    "ClassRef": "Class",
    "DiscountAccountRef": "Account",
}
"""References inside the detail of a line; ``TaxCodeRef`` is bare: a word in the United
States, an id elsewhere."""


def home_currency(books: Books) -> Wire:
    """The one currency of the company, as every object names it."""
    code = books.company.home_currency
    return {"value": code, "name": _CURRENCIES.get(code, code)}


def reference(books: Books, entity: str, record_id: str) -> Wire:
    """A reference with the present name of what it points to."""
    target = books.get(entity, record_id)
    if target is None:
        return {"value": record_id}
    party = target.spec.name_field == "DisplayName"
    return {"value": record_id, "name": target.name if party else books.full_name(target)}
