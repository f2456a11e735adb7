"""Edits as a user of QBO would make them, and dumps of the books, for ``/_sandbox/``.

An edit goes through the same rules as a request, needs no version, and moves the same clocks.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from daemon.sandbox.qbo import entering, faultbodies, merging, taxservice, useredits
from daemon.sandbox.qbo.crud import Options, write
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.render import show
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.txnentities import BY_PATH
from daemon.sandbox.qbo.wire import Wire

KINDS: Final[Mapping[str, str]] = {
    "account": "Account",
    "tax_code": "TaxCode",
    "term": "Term",
    "class": "Class",
    "payment_method": "PaymentMethod",
    "vendor": "Vendor",
    "customer": "Customer",
    "item": "Item",
    "invoice": "Invoice",
    "bill": "Bill",
    "purchase_order": "PurchaseOrder",
    "vendor_credit": "VendorCredit",
    "bill_payment": "BillPayment",
    "credit_memo": "CreditMemo",
    "payment": "Payment",
}
"""Entity of each kind of record; names of entities are understood too."""

_BY_USER: Final = Options(by_user=True)
_DOCUMENT_ACTIONS: Final = ("void", "reorder", "line", "pay")
_ACTIONS: Final = ("set", "create", "enter", "delete", "inactivate", "merge", *_DOCUMENT_ACTIONS)


def kind_of(spec: Spec) -> str:
    """The kind that stands in the request log."""
    return next((kind for kind, entity in KINDS.items() if entity == spec.name), spec.path)


def spec_of(kind: str) -> Spec | None:
    """The entity of a kind, or of an entity name in any case."""
    return BY_PATH.get(KINDS.get(kind, kind).lower())


def dump(books: Books, spec: Spec) -> list[Wire]:
    """Every record of an entity as a read would show it, inactive ones included."""
    return [show(books, stored) for stored in books.all(spec.name)]


def edit(books: Books, order: Any) -> Wire:
    """Carry out one edit: ``{"kind", "id", "set": {...}}``, ``{"kind", "create": {...}}``,
    ``{"kind", "id", "delete": true}`` (a list record is made inactive) or
    ``{"kind", "id", "inactivate": true}``; answers ``{"kind", "id", "record"}``. Vendors, customers
    and accounts take ``"merge": id`` of the record that they are merged into. Documents also
    take ``"void": true``, ``"reorder": [line ids]``, ``"line": {"Id", ...}`` and, for bills and
    invoices, ``"pay": true`` or ``{"amount", "account", "date"}``, which answers the payment.
    Their number may stand for their id: ``{"kind", "number", ...}``. ``{"kind", "enter": {...}}``
    makes one from names (``entering.entered``). ``{"kind": "company", "set": {"closed_until"}}``
    closes the books up to a day, or opens them with ``""``.

    Raises ``ValueError`` for an order that makes no sense, ``QboFault`` as a request would.
    """
    if not isinstance(order, dict):
        raise ValueError("an edit is an object with kind, and id or create")
    if order.get("kind") == "company":
        return _edit_company(books, order.get("set"))
    spec = spec_of(str(order.get("kind", "")))
    unknown = set(order) - {"kind", "id", "number", *_ACTIONS}
    actions = [name for name in _ACTIONS if name in order]
    if spec is None or unknown or len(actions) != 1:
        raise ValueError(f"an edit names a known kind and one of {', '.join(_ACTIONS)}")
    if "create" in order:
        return _create(books, spec, order["create"])
    if "enter" in order:
        return _create(books, spec, entering.entered(books, spec, order["enter"]))
    record_id = str(order.get("id", ""))
    if "number" in order and spec.transaction:
        record_id = entering.numbered(books, spec.name, order["number"]).id
    stored = books.get(spec.name, record_id)
    if stored is None:
        raise faultbodies.not_found(transaction=spec.transaction)
    if spec.name == "TaxCode":
        return _edit_tax_code(books, spec, record_id, order)
    if spec.transaction:
        return _edit_document(books, stored, order, actions[0])
    if actions[0] in _DOCUMENT_ACTIONS:
        raise ValueError(f"{actions[0]} is for documents")
    if "merge" in order:
        winner = merging.merge(books, stored, str(order["merge"]))
        return _told(spec, winner.id, show(books, winner))
    changes = order.get("set", {"Active": False})
    if not isinstance(changes, dict):
        raise ValueError("set takes an object with wire fields")
    result = write(books, spec, {**changes, "Id": record_id, "sparse": True}, _BY_USER)
    return _told(spec, record_id, result.shown(books))


def _edit_company(books: Books, changes: Any) -> Wire:
    if not isinstance(changes, dict) or set(changes) != {"closed_until"}:
        raise ValueError("the company takes closed_until, a day or an empty text")
    day = str(changes["closed_until"] or "")
    if day:
        date.fromisoformat(day)
    books.company = replace(books.company, closed_until=day)
    preferences = books.get("Preferences", "1")
    if preferences is None:
        raise ValueError("the company has no preferences")
    books.bump(preferences)
    return {"kind": "company", "id": preferences.id, "record": show(books, preferences)}


def _edit_document(books: Books, stored: Stored, order: Wire, action: str) -> Wire:
    spec, asked = stored.spec, order[action]
    options = _BY_USER
    changes: Any = {}
    match action:
        case "delete" | "void":
            options = Options(operation=action, by_user=True)
        case "set":
            changes = asked
        case "reorder":
            changes = useredits.reordered(stored, asked)
        case "line":
            changes = useredits.with_line(stored, asked)
        case "pay":
            entity, body = useredits.payment_of(books, stored, asked)
            return _create(books, BY_PATH[entity.lower()], body)
        case _:
            raise ValueError("a document cannot be made inactive")
    if not isinstance(changes, dict):
        raise ValueError("set takes an object with wire fields")
    result = write(books, spec, {**changes, "Id": stored.id, "sparse": True}, options)
    return _told(spec, stored.id, result.shown(books))


def _create(books: Books, spec: Spec, body: Any) -> Wire:
    if spec.name == "TaxCode":
        record_id = str(taxservice.create(books, body)["TaxCodeId"])
    else:
        record_id = write(books, spec, body, _BY_USER).stored.id
    stored = books.get(spec.name, record_id)
    return _told(spec, record_id, show(books, stored) if stored is not None else {})


def _edit_tax_code(books: Books, spec: Spec, record_id: str, order: Wire) -> Wire:
    """Tax codes can be renamed and switched off in the user interface, not through the API."""
    stored = books.get(spec.name, record_id)
    changes = order.get("set", {"Active": False})
    if stored is None or not isinstance(changes, dict) or not set(changes) <= _TAX_FIELDS:
        raise ValueError(f"a tax code takes {', '.join(sorted(_TAX_FIELDS))}")
    if {**stored.fields, **changes} != stored.fields:
        books.change(stored, {**stored.fields, **changes})
    return _told(spec, record_id, show(books, stored))


_TAX_FIELDS: Final = frozenset({"Name", "Description", "Active"})


def _told(spec: Spec, record_id: str, record: Wire) -> Wire:
    return {"kind": kind_of(spec), "id": record_id, "record": record}
