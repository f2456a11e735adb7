"""The people and the program that change records behind the daemon's back. Each act is drawn from
the random numbers it is given, and from what is there at that moment."""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from daemon.sandbox.dear import control as dear_control
from daemon.sandbox.qbo import control as qbo_control
from daemon.sandbox.qbo.crud import Options, write
from daemon.sandbox.qbo.faultbodies import QboFault
from tests.simulation.faces import ENTITIES, TABLES
from tests.simulation.places import ITEM_NAMES, PARTY_NAMES, SKUS
from tests.simulation.witness import Witness
from tests.town import Town

PRICES = ("0", "1", "2.50", "3.3333", "12.40", "99.99")
EMAILS = ("a@one.example", "b@two.example", "", "c@three.example")
PHONES = ("555 0101", "555 0102", "")
TEXTS = ("", "plain", "two\nlines", "=cmd|' /C calc'!A0", "x" * 300)
STREETS = ("1 Mill Road", "2 Dock Street")
TERMS = ("Net 15", "Net 30", "Net 60")
KINDS = ("vendor", "customer", "item", "item")
PARTY_FIELDS = ("name", "email", "phone", "terms", "address", "active")
ITEM_FIELDS = ("name", "sku", "description", "price", "price", "cost", "active")

Rng = random.Random


def _pick(ids: list[str], rng: Rng) -> str:
    """Any record, but rather one of the newest: that is where writes are still under way."""
    if not ids:
        return "0"
    return rng.choice(ids[-2:] if rng.random() < 0.5 else ids)


def edit_qbo(one: Town, witness: Witness, rng: Rng) -> str:
    """The bookkeeper changes or adds a record on QuickBooks' screen."""
    kind = rng.choice(KINDS)
    if rng.random() < 0.2:
        return _try_qbo(one, witness, {"kind": kind, "create": _new_in_qbo(kind, rng)})
    record_id = _pick(witness.ids("qbo", kind), rng)
    return edit_qbo_field(one, witness, kind, record_id, rng)


def edit_qbo_field(
    one: Town, witness: Witness, kind: str, record_id: str, rng: Rng, field: str = ""
) -> str:
    field = field or rng.choice(ITEM_FIELDS if kind == "item" else PARTY_FIELDS)
    fields = _qbo_fields(one, kind, field, record_id, rng)
    return _try_qbo(one, witness, {"kind": kind, "id": record_id, "set": fields})


def edit_qbo_active(one: Town, witness: Witness, rng: Rng) -> str:
    """Somebody makes an item inactive in QuickBooks, which calls that deleting, or active again."""
    record_id = _pick(witness.ids("qbo", "item"), rng)
    return edit_qbo_field(one, witness, "item", record_id, rng, "active")


def _try_qbo(one: Town, witness: Witness, order: dict[str, Any]) -> str:
    with witness.by("bookkeeper"):
        try:
            qbo_control.edit(one.qbo.state, order)
        except (QboFault, ValueError) as refused:
            return f"qbo refuses {order}: {type(refused).__name__}"
    return f"qbo {order}"


def _qbo_fields(one: Town, kind: str, field: str, record_id: str, rng: Rng) -> dict[str, Any]:
    names = ITEM_NAMES if kind == "item" else PARTY_NAMES
    stored = one.qbo.state.get(ENTITIES[kind], record_id)
    match field:
        case "name":
            name = rng.choice(names).replace(":", "-").strip()[:100]
            return {"Name" if kind == "item" else "DisplayName": name}
        case "email":
            return {"PrimaryEmailAddr": {"Address": rng.choice(EMAILS)}}
        case "phone":
            return {"PrimaryPhone": {"FreeFormNumber": rng.choice(PHONES)}}
        case "terms":
            terms = {s.name: s.id for s in one.qbo.state.all("Term")}
            reference = {"value": terms[rng.choice(TERMS)]}
            return {"TermRef" if kind == "vendor" else "SalesTermRef": reference}
        case "address":
            return {"BillAddr": {"Line1": rng.choice(STREETS), "City": "Bayshore"}}
        case "sku":
            return {"Sku": rng.choice(SKUS)}
        case "description":
            return {"Description": rng.choice(TEXTS)}
        case "price":
            return {"UnitPrice": Decimal(rng.choice(PRICES))}
        case "cost":
            return {"PurchaseCost": Decimal(rng.choice(PRICES))}
        case _:
            return {"Active": not (stored is None or stored.active)}


def _new_in_qbo(kind: str, rng: Rng) -> dict[str, Any]:
    if kind != "item":
        email = rng.choice(EMAILS)
        name = rng.choice(PARTY_NAMES).replace(":", "-").strip()
        return {"DisplayName": name} | ({"PrimaryEmailAddr": {"Address": email}} if email else {})
    return {
        "Name": rng.choice(ITEM_NAMES).replace(":", "-").strip()[:100],
        "Sku": rng.choice(SKUS).strip(),
        "Type": "NonInventory",
        "UnitPrice": Decimal(rng.choice(PRICES)),
        "IncomeAccountRef": {"value": "79"},
        "ExpenseAccountRef": {"value": "80"},
    }


def edit_dear(one: Town, witness: Witness, rng: Rng) -> str:
    """The buyer changes, adds, deprecates or deletes a record on DEAR's screen."""
    kind = rng.choice(KINDS)
    roll = rng.random()
    if roll < 0.2:
        return _try_dear(one, witness, {"kind": kind, "create": _new_in_dear(kind, rng)})
    record_id = _pick(witness.ids("dear", kind), rng)
    if roll < 0.27 and kind == "item":
        return _try_dear(one, witness, {"kind": kind, "id": record_id, "delete": True})
    return edit_dear_field(one, witness, kind, record_id, rng)


def edit_dear_field(
    one: Town, witness: Witness, kind: str, record_id: str, rng: Rng, field: str = ""
) -> str:
    field = field or rng.choice(ITEM_FIELDS if kind == "item" else PARTY_FIELDS)
    fields = _dear_fields(one, kind, field, record_id, rng)
    return _try_dear(one, witness, {"kind": kind, "id": record_id, "set": fields})


def _try_dear(one: Town, witness: Witness, order: dict[str, Any]) -> str:
    with witness.by("buyer"):
        try:
            dear_control.edit(one.dear.state, order)
        except (dear_control.EditRefused, ValueError) as refused:
            return f"dear refuses {order}: {refused}"
    return f"dear {order}"


def _dear_fields(one: Town, kind: str, field: str, record_id: str, rng: Rng) -> dict[str, Any]:
    row = one.dear.state[TABLES[kind]].get(record_id)
    contacts = [dict(c) for c in (row.fields.get("Contacts") or [])] if row else []
    contact = contacts[0] if contacts else {"Name": "Office", "Default": True}
    match field:
        case "name":
            return {"Name": rng.choice(ITEM_NAMES if kind == "item" else PARTY_NAMES)}
        case "email":
            return {"Contacts": [{**contact, "Email": rng.choice(EMAILS)}, *contacts[1:]]}
        case "phone":
            return {"Contacts": [{**contact, "Phone": rng.choice(PHONES)}, *contacts[1:]]}
        case "terms":
            return {"PaymentTerm": rng.choice(TERMS)}
        case "address":
            rows = [dict(a) for a in (row.fields.get("Addresses") or [])] if row else []
            blank = {"Country": "USA", "Type": "Billing", "DefaultForType": True, "Line2": None}
            first = rows[0] if rows else {**blank, "City": "Bayshore", "State": "CA"}
            return {"Addresses": [{**first, "Line1": rng.choice(STREETS)}, *rows[1:]]}
        case "sku":
            return {"SKU": rng.choice(SKUS)}
        case "description":
            return {"Description": rng.choice(TEXTS)}
        case "price":
            return {"PriceTier1": Decimal(rng.choice(PRICES))}
        case "cost":
            return {"InternalNote": rng.choice(TEXTS)}
        case _:
            active = row is not None and row.fields["Status"] != "Deprecated"
            return {"Status": "Deprecated" if active else "Active"}


def _new_in_dear(kind: str, rng: Rng) -> dict[str, Any]:
    if kind == "item":
        return {
            "SKU": rng.choice(SKUS),
            "Name": rng.choice(ITEM_NAMES),
            "Category": "Hardware",
            "Type": "Stock",
            "CostingMethod": "FIFO",
            "UOM": "Item",
            "PriceTier1": Decimal(rng.choice(PRICES)),
        }
    own = (
        {"AccountPayable": "Q33", "TaxRule": "Tax Exempt"}
        if kind == "vendor"
        else {
            "AccountReceivable": "Q84",
            "RevenueAccount": "Q79",
            "TaxRule": "California",
            "PriceTier": "Tier 1",
        }
    )
    return {
        "Name": rng.choice(PARTY_NAMES),
        "Currency": "USD",
        "PaymentTerm": rng.choice(TERMS),
        "Contacts": [{"Name": "Office", "Email": rng.choice(EMAILS), "Default": True}],
        **own,
    }


def edit_both(one: Town, witness: Witness, rng: Rng) -> str:
    """Two people change the same field of the same thing, each in the system they know."""
    kind = rng.choice(KINDS)
    field = rng.choice(ITEM_FIELDS if kind == "item" else PARTY_FIELDS)
    pairs = _pairs(one, witness, kind)
    if not pairs:
        return "nothing to edit on both sides"
    in_qbo, in_dear = rng.choice(pairs)
    first = edit_qbo_field(one, witness, kind, in_qbo, rng, field)
    return f"{first}; {edit_dear_field(one, witness, kind, in_dear, rng, field)}"


def _pairs(one: Town, witness: Witness, kind: str) -> list[tuple[str, str]]:
    """Records that people take for the same thing: equal name or SKU."""
    field, key = ("Sku", "SKU") if kind == "item" else ("DisplayName", "Name")
    theirs: dict[str, str] = {}
    for record_id in witness.ids("dear", kind):
        row = one.dear.state[TABLES[kind]].get(record_id)
        assert row is not None  # it was listed just now
        theirs[str(row.fields.get(key)).casefold()] = record_id
    found = []
    for record_id in witness.ids("qbo", kind):
        stored = one.qbo.state.get(ENTITIES[kind], record_id)
        assert stored is not None  # it was listed just now
        mine = str(stored.fields.get(field)).casefold()
        if mine in theirs:
            found.append((record_id, theirs[mine]))
    return found


def integrate(one: Town, witness: Witness, rng: Rng) -> str:
    """Another program writes through QuickBooks' API: versions are checked, names stay unique."""
    kind = rng.choice(KINDS)
    books = one.qbo.state
    spec = qbo_control.spec_of(kind)
    assert spec is not None
    if rng.random() < 0.3:
        body = _new_in_qbo(kind, rng)
    else:
        stored = books.get(ENTITIES[kind], _pick(witness.ids("qbo", kind), rng))
        if stored is None:
            return "nothing to integrate"
        field = rng.choice(("active", "email", "phone") if kind != "item" else ("price", "active"))
        body = _qbo_fields(one, kind, field, stored.id, rng)
        body |= {"Id": stored.id, "SyncToken": str(stored.token), "sparse": True}
    with witness.by("integration"):
        try:
            write(books, spec, body, Options())
        except QboFault as refused:
            return f"api refuses {body}: {type(refused).__name__}"
    return f"api {kind} {body}"


ACTS: tuple[Callable[[Town, Witness, Rng], str], ...] = (
    edit_qbo,
    edit_qbo,
    edit_dear,
    edit_dear,
    edit_both,
    integrate,
)
