"""A write touches what it names and nothing beside it: each property of the wire that moved belongs
to a field of the operation, and of the contacts and addresses that DEAR takes as a whole the other
rows, and the other words of the row itself, stay as they were."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.simulation.evidence import Evidence
from tests.simulation.trail import PaperEvent
from tests.simulation.witness import Event

_QBO_PARTY: Final = {
    "name": {"DisplayName"},
    "code": {"AcctNum"},
    "company_name": {"CompanyName"},
    "contact_name": {"GivenName", "MiddleName", "FamilyName"},
    "email": {"PrimaryEmailAddr"},
    "phone": {"PrimaryPhone"},
    "website": {"WebAddr"},
    "billing_address": {"BillAddr"},
    "shipping_address": {"ShipAddr"},
    "terms": {"TermRef", "SalesTermRef"},
    "tax_number": {"TaxIdentifier", "PrimaryTaxIdentifier"},
    "notes": {"Notes"},
    "active": {"Active", "DisplayName"},  # a mark on the name of what rests
}
_QBO_ITEM: Final = {
    "name": {"Name"},
    "sku": {"Sku"},
    "description": {"Description"},
    "purchase_description": {"PurchaseDesc"},
    "sales_price": {"UnitPrice"},
    "purchase_cost": {"PurchaseCost"},
    "active": {"Active", "Name"},
}
_DEAR_PARTY: Final = {
    "name": {"Name", "Contacts"},  # the contact that has the name of its company
    "email": {"Contacts"},
    "phone": {"Contacts"},
    "website": {"Contacts"},
    "contact_name": {"Contacts"},
    "billing_address": {"Addresses"},
    "shipping_address": {"Addresses"},
    "terms": {"PaymentTerm"},
    "tax_number": {"TaxNumber"},
    "notes": {"Comments"},
    "active": {"Status"},
}
_DEAR_ITEM: Final = {
    "name": {"Name"},
    "sku": {"SKU"},
    "description": {"Description"},
    "sales_price": {"PriceTier1"},
    "active": {"Status"},
}
_QBO_PAPER: Final = {
    "number": {"DocNumber"},
    "date": {"TxnDate"},
    "due_date": {"DueDate"},
    "expected_date": {"ExpectedDate"},
    "vendor": {"VendorRef"},
    "customer": {"CustomerRef"},
    "terms": {"SalesTermRef"},
    "note": {"PrivateNote"},
    "memo": {"Memo", "CustomerMemo"},
    "billing_address": {"BillAddr"},
    "shipping_address": {"ShipAddr"},
    "custom_fields": {"CustomField"},
    "lines": {"TxnTaxDetail", "GlobalTaxCalculation"},
    "tax_total": {"TxnTaxDetail"},
}
"""Lines are held against those of DEAR by ``papers_posted``, what is the bookkeeper's in them by
``papers_own``."""
WIRE: Final = {
    ("qbo", "item"): _QBO_ITEM,
    ("qbo", "vendor"): _QBO_PARTY,
    ("qbo", "customer"): _QBO_PARTY,
    ("dear", "item"): _DEAR_ITEM,
    ("dear", "vendor"): _DEAR_PARTY,
    ("dear", "customer"): _DEAR_PARTY,
}
_IN_CONTACT: Final = {
    "name": {"Name"},
    "contact_name": {"Name"},
    "email": {"Email"},
    "phone": {"Phone"},
    "website": {"Website"},
}
_IN_ADDRESS: Final = frozenset(
    {"Line1", "Line2", "City", "State", "Postcode", "Country", "Type", "DefaultForType"}
)


async def check(evidence: Evidence) -> list[str]:
    problems = []
    for event in evidence.witness.of_daemon():
        operation = evidence.operation_of(event) if event.rows is not None else None
        if operation is None or event.rows is None:
            continue  # that nothing stands behind it is told by others
        named = {change.field for change in operation.changes}
        problems += [f"{what}: {event}" for what in _beside(event, named, *event.rows)]
    for paper in evidence.witness.trail.by_daemon():
        problems += [f"{what}: {paper}" for what in _beside_paper(evidence, paper)]
    return problems


def _beside_paper(evidence: Evidence, event: PaperEvent) -> Iterator[str]:
    """Of documents that were changed and go on standing; a void marks the note by itself."""
    before, after = event.before, event.after
    if not event.direct or before is None or after is None or after.status == "voided":
        return
    asked = evidence.asked(event)
    named = asked.write.fields if asked is not None else {}
    allowed = {prop for field in named for prop in _QBO_PAPER.get(field, set())}
    was, now = dict(before.head), dict(after.head)
    for prop in sorted(was.keys() | now.keys()):
        if was.get(prop) != now.get(prop) and prop not in allowed:
            yield f"{prop} was {was.get(prop)}, is {now.get(prop)}, and nobody asked for it"


def _beside(
    event: Event, named: set[str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[str]:
    known = WIRE[event.system, event.kind]
    allowed = {prop for field in named for prop in known.get(field, set())}
    for prop in sorted(before.keys() | after.keys()):
        was, now = before.get(prop), after.get(prop)
        if was == now:
            continue
        if prop not in allowed:
            yield f"{prop} was {was!r}, is {now!r}, and only {sorted(named)} were to be written"
        elif prop == "Contacts":
            free = {"ID", *(key for field in named for key in _IN_CONTACT.get(field, set()))}
            yield from _rows(prop, was or [], now or [], free, most=1)
        elif prop == "Addresses":
            most = len(named & {"billing_address", "shipping_address"})
            yield from _rows(prop, was or [], now or [], {"ID", *_IN_ADDRESS}, most=most)


def _rows(
    prop: str, before: list[Any], after: list[Any], free: set[str], *, most: int
) -> Iterator[str]:
    """At most so many rows are others or new, in what may be written of them; none is gone."""
    left = [_without_id(row) for row in after]
    other = []
    for row in map(_without_id, before):
        if row in left:
            left.remove(row)
        else:
            other.append(row)
    if len(other) > most or len(left) > most or len(other) > len(left):
        yield f"{prop}: {other} became {left}"
    for was, now in zip(other, left, strict=False):
        moved = {key for key in was.keys() | now.keys() if _text(was, key) != _text(now, key)}
        if moved - free:
            yield f"{prop}: {sorted(moved - free)} moved beside what was to be written"


def _without_id(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "ID"}


def _text(row: Mapping[str, Any], key: str) -> Any:
    """DEAR shows what is empty as nothing or as an empty text."""
    return row.get(key) or ""
