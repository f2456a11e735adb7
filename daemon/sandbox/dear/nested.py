"""The arrays inside a product: suppliers, reorder levels, bill of materials. Replaced whole."""

from collections.abc import Mapping
from typing import Any, Final

from daemon.sandbox.dear.errors import Flaw
from daemon.sandbox.dear.fields import AMOUNT, TEXT, Fields, Flag, Rules, Text, Whole, blank, read
from daemon.sandbox.dear.paging import Call
from daemon.sandbox.dear.state import DearState, Row

NESTED: Final[Mapping[str, str]] = {
    "Suppliers": "IncludeSuppliers",
    "ReorderLevels": "IncludeReorderLevels",
    "BillOfMaterialsProducts": "IncludeBOM",
    "BillOfMaterialsServices": "IncludeBOM",
    "Movements": "IncludeMovements",
    "Attachments": "IncludeAttachments",
    "CustomPrices": "IncludeCustomPrices",
}
"""Every nested array and the flag without which it shows as ``[]``."""

SUPPLIER: Final[Rules] = {
    "SupplierInventoryCode": Text(256),
    "SupplierProductName": Text(256),
    "Cost": AMOUNT,
    "FixedCost": AMOUNT,
    "DropShip": Flag(),
    "SupplierProductURL": Text(256),
}
LEVEL: Final[Rules] = {
    "MinimumBeforeReorder": AMOUNT,
    "ReorderQuantity": AMOUNT,
    "StockLocator": Text(256),
    "PickZones": Text(512),
}
PART: Final[Rules] = {
    "Quantity": AMOUNT,
    "WastagePercent": AMOUNT,
    "WastageQuantity": AMOUNT,
    "CostPercentage": AMOUNT,
}
SERVICE: Final[Rules] = {"Quantity": AMOUNT, "ExpenseAccount": TEXT, "PriceTier": Whole(0, 10)}


def read_nested(call: Call, flaws: list[Flaw]) -> Fields:
    """The arrays that the body gives; each replaces what was there, an empty one empties it."""
    readers = {
        "Suppliers": (_supplier, "Suppliers is invalid"),
        "ReorderLevels": (_level, "ReorderLevels is invalid"),
        "BillOfMaterialsProducts": (_part, "BillOfMaterialProduct is invalid"),
        "BillOfMaterialsServices": (_service, "BillOfMaterialService is invalid"),
    }
    given: Fields = {}
    for name, (reader, complaint) in readers.items():
        rows: Any = call.body.get(name)
        if rows is None:
            continue
        found = [reader(call, row, flaws) for row in rows] if _objects(rows) else [None]
        if None in found:
            flaws.append(Flaw(complaint))
        given[name] = found
    return given


def _objects(rows: Any) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def _pick(
    state: DearState, kind: str, row: Fields, id_key: str, other: tuple[str, str]
) -> Row | None:
    """The record that a nested row names: by id, or else by another field."""
    if given_id := row.get(id_key):
        return state[kind].get(str(given_id))
    key, field = other
    return state[kind].one(field, str(row[key])) if row.get(key) else None


def supplier_row(supplier_id: str, given: Fields) -> Fields:
    """One way to buy a product."""
    return {"SupplierID": supplier_id, **blank(SUPPLIER), "LastSupplied": None, **given}


def show_suppliers(call: Call, rows: list[Fields]) -> list[Fields]:
    """Name and currency are the supplier's own, as they are now."""
    shown = []
    for row in rows:
        supplier = call.state["supplier"].get(row["SupplierID"])
        fields = supplier.fields if supplier else {}
        url = row["SupplierProductURL"]
        kept = {key: value for key, value in row.items() if key != "SupplierProductURL"}
        names = {"SupplierName": fields.get("Name"), "Currency": fields.get("Currency")}
        shown.append({**kept, **names, call.switches.url_key: url})
    return shown


def _supplier(call: Call, row: Fields, flaws: list[Flaw]) -> Fields | None:
    found = _pick(call.state, "supplier", row, "SupplierID", ("SupplierName", "Name"))
    if found is None:
        return None
    either = {**row, "SupplierProductURL": row.get("SupplierProductURL") or row.get("URL")}
    given = read(SUPPLIER, either, call.switches, flaws, prefix="Suppliers.")
    return supplier_row(found.id, given)


def _level(call: Call, row: Fields, flaws: list[Flaw]) -> Fields | None:
    # Seen on the wire: the name alone, although documented, is not enough.
    place = call.state["location"].get(str(row.get("LocationID") or ""))
    if place is None:
        return None
    given = read(LEVEL, row, call.switches, flaws, prefix="ReorderLevels.")
    head = {"LocationID": place.id, "LocationName": place.fields["Name"]}
    return {**head, **blank(LEVEL), **given}


def _part(call: Call, row: Fields, flaws: list[Flaw]) -> Fields | None:
    found = _pick(call.state, "product", row, "ComponentProductID", ("ProductCode", "SKU"))
    given = read(PART, row, call.switches, flaws, prefix="BillOfMaterialsProducts.")
    both = given.get("WastagePercent") and given.get("WastageQuantity")
    if found is None or not given.get("Quantity") or both:
        return None
    head = {
        "ComponentProductID": found.id,
        "ProductCode": found.fields["SKU"],
        "Name": found.fields["Name"],
    }
    return {**head, **blank(PART), **given}


def _service(call: Call, row: Fields, flaws: list[Flaw]) -> Fields | None:
    found = _pick(call.state, "product", row, "ComponentProductID", ("Name", "Name"))
    given = read(SERVICE, row, call.switches, flaws, prefix="BillOfMaterialsServices.")
    if found is None or found.fields["Type"] != "Service" or not given.get("Quantity"):
        return None
    head = {"ComponentProductID": found.id, "Name": found.fields["Name"]}
    return {**head, **blank(SERVICE), **given}
