"""Webhooks of DEAR: unsigned letters about suppliers, customers, products, purchases and sales.

Their shapes differ from event to event, as documented. No I/O.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.dear.wire import encode
from daemon.sandbox.postman import Letter

RETRIES: Final = (300.0, 600.0, 900.0, 1200.0, 1500.0)
"""After six tries the hook is deactivated."""


@dataclass(frozen=True, slots=True)
class Event:
    """A row was added or changed."""

    kind: str
    id: str
    fields: Fields
    is_new: bool


_LISTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "supplier": ("NumberOfSuppliers", "SupplierDetailsList", "Supplier"),
    "customer": ("NumberOfCustomers", "CustomerDetailsList", "Customer"),
}


def raises_notice(kind: str, *, is_new: bool) -> bool:
    """There are none of deletions, of the books, and of most of what happens to a sale."""
    return kind in (*_LISTS, "product", "purchase") or (kind == "sale" and is_new)


def letters(events: Sequence[Event], switches: DearSwitches) -> list[Letter]:
    """One letter for each event: DEAR gathers the rows of one action, not those of a minute."""
    headers = {"Content-Type": "application/json"}
    if switches.webhook_secret:
        headers[switches.webhook_header] = switches.webhook_secret
    return [Letter(switches.webhook_url, headers, encode(_body(event))) for event in events]


def _body(event: Event) -> Any:
    if event.kind in _LISTS:
        number, rows, name = _LISTS[event.kind]
        row = {"ID": event.id.upper(), "Name": event.fields.get("Name")}
        return {number: 1, rows: [{name: row}]}
    if event.kind == "product":
        row = {"Event": "Creation" if event.is_new else "Update", "ID": event.id.upper()}
        return {"NumberOfProducts": 1, "ProductDetailsList": [{**row, "SKU": event.fields["SKU"]}]}
    if event.kind == "purchase":
        # The key is documented so, customers or not.
        return {"NumberOfPurchase": 1, "CustomerDetailsList": [{"ID": event.id.upper()}]}
    return {"SaleID": event.id.upper(), "EventType": "Sale/Created"}
