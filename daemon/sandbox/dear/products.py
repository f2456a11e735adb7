"""Products: filters, Include flags, writes by ID, and what is on hand of them.

Nested arrays show only when asked for, and a write replaces them whole.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

from daemon.sandbox.dear.accounts import fit
from daemon.sandbox.dear.books import Routes, refuse_unknown_id, the_row
from daemon.sandbox.dear.errors import (
    Flaw,
    Invalid,
    category_missing,
    location_missing,
    malformed,
    missing,
    not_in_book,
    taken,
)
from daemon.sandbox.dear.fields import (
    AMOUNT,
    TEXT,
    Fields,
    Flag,
    Rules,
    Text,
    Word,
    blank,
    read,
    require,
)
from daemon.sandbox.dear.nested import NESTED, read_nested, show_suppliers
from daemon.sandbox.dear.paging import (
    Answer,
    Call,
    equals,
    listed_since,
    listing,
    modified_after,
    single,
)
from daemon.sandbox.dear.parties import ATTRIBUTES, status_word, tax_flaws, visible
from daemon.sandbox.dear.state import DearState, Row, Stock, fold
from daemon.sandbox.dear.stockroom import movements

PRODUCTS: Final = "Products"
TIERS: Final = tuple(f"PriceTier{n}" for n in range(1, 11))
SIZES: Final = (
    "Length",
    "Width",
    "Height",
    "Weight",
    "CartonLength",
    "CartonWidth",
    "CartonHeight",
    "CartonQuantity",
    "CartonInnerQuantity",
    "MinimumBeforeReorder",
    "ReorderQuantity",
    "QuantityToProduce",
)

COSTING: Final = (
    "FIFO",
    "Special - Batch",
    "Special - Serial Number",
    "FIFO - Serial Number",
    "FIFO - Batch",
    "FEFO - Batch",
    "FEFO - Serial Number",
)

PRODUCT: Final[Rules] = {
    "SKU": Text(50),
    "Name": Text(256),
    "Category": Text(256),
    "Brand": Text(50),
    "Type": Word(("Stock", "Service")),
    "CostingMethod": Word(COSTING),
    "DropShipMode": Word(
        ("No Drop Ship", "Optional Drop Ship", "Always Drop Ship"), default="No Drop Ship"
    ),
    "DefaultLocation": Text(50),
    **dict.fromkeys(SIZES, AMOUNT),
    "UOM": Text(50),
    "WeightUnits": Text(10),
    "DimensionsUnits": Text(10),
    "Barcode": Text(256),
    **dict.fromkeys(TIERS, AMOUNT),
    "ShortDescription": Text(500),
    "Description": TEXT,
    "InternalNote": Text(4000),
    **ATTRIBUTES,
    "AttributeSet": Text(50),
    "DiscountRule": Text(128),
    "Tags": Text(256),
    "Status": Word(("Active", "Setup required", "Deprecated")),
    "StockLocator": Text(256),
    "COGSAccount": Text(50),
    "RevenueAccount": Text(50),
    "ExpenseAccount": Text(50),
    "InventoryAccount": Text(50),
    "PurchaseTaxRule": Text(50),
    "SaleTaxRule": Text(50),
    "Sellable": Flag(default=True),
    "PickZones": Text(256),
    "BillOfMaterial": Flag(),
    "AutoAssembly": Flag(),
    "AutoDisassembly": Flag(),
    "AssemblyInstructionURL": Text(256),
    "AssemblyCostEstimationMethod": Text(256),
    "HSCode": Text(200),
    "CountryOfOrigin": TEXT,
    "CountryOfOriginCode": TEXT,
}

REQUIRED: Final = ("SKU", "Name", "Category", "Type", "CostingMethod", "UOM", "Status")

STOCK_ACCOUNTS: Final = ("COGSAccount", "ExpenseAccount", "InventoryAccount")
"""Given for a Service they are ignored."""


def new_product(state: DearState, given: Fields, *, row_id: str = "") -> Row:
    """Keep a product; what was not given is empty or zero."""
    fields: Fields = {
        **blank(PRODUCT),
        "AverageCost": Decimal(0),
        "BOMType": "None",
        **{name: [] for name in NESTED},
        **given,
    }
    return state.add("product", fields, row_id=row_id)


def show_product(call: Call, row: Row, *, writing: bool = False) -> Fields:
    """A row as the API shows it: an empty array without its flag means nothing."""
    shown: Fields = {"ID": call.shown_id(row), **row.fields}
    shown["LastModifiedOn"] = call.instant(row)
    shown["Status"] = status_word(call, str(row.fields.get("Status") or ""))
    names = call.state.price_tiers
    if len(set(names)) == len(names):
        shown["PriceTiers"] = {
            name: row.fields[tier] for name, tier in zip(names, TIERS, strict=True)
        }
    whole = writing and call.switches.write_echo == "full"
    for name, flag in NESTED.items():
        if not whole and not call.query.flag(flag):
            shown[name] = []
        elif name == "Suppliers":
            shown[name] = show_suppliers(call, row.fields[name])
        elif name == "Movements":
            shown[name] = movements(call.state, row.id)
    return shown


def list_products(call: Call) -> Answer:
    query = call.query
    wanted_id, since = query.guid("ID"), query.instant("ModifiedSince")
    name, sku = query.text("Name"), query.text("Sku")
    rows = [
        row
        for row in listed_since(call, "product", "SKU", since)
        if (not wanted_id or row.id == wanted_id)
        and _like(call, row, "Name", name)
        and _like(call, row, "SKU", sku)
        and modified_after(call, row, since)
        and visible(call, row, by_id=bool(wanted_id))
    ]
    refuse_unknown_id(call, "Product", wanted_id, rows)
    return listing(call, PRODUCTS, rows, partial(show_product, call))


def _like(call: Call, row: Row, name: str, wanted: str) -> bool:
    if not wanted:
        return True
    value, part = str(row.fields[name]).casefold(), wanted.casefold()
    if call.switches.product_filter == "starting":
        return value.startswith(part)
    return part in value


def _prices(call: Call, given: Fields, flaws: list[Flaw]) -> Fields:
    """Prices come by position (PriceTier1) or by tier name (PriceTiers); both must agree."""
    by_name: Any = call.body.get("PriceTiers")
    if by_name is None:
        return {}
    if not isinstance(by_name, Mapping):
        flaws.append(malformed("PriceTiers", "an object"))
        return {}
    names = {fold(name): tier for name, tier in zip(call.state.price_tiers, TIERS, strict=True)}
    prices: Fields = {}
    for name, value in by_name.items():
        tier = names.get(fold(name))
        if tier is None:
            flaws.append(not_in_book(name))
            continue
        prices |= read({tier: AMOUNT}, {tier: value}, call.switches, flaws)
        if tier in given and tier in prices and given[tier] != prices[tier]:
            flaws.append(Flaw(f"'{tier}' and PriceTiers '{name}' must be the same price"))
    return prices


def _references(call: Call, given: Fields) -> list[Flaw]:
    """Everything that a product names must exist and fit; nothing is created on the way."""
    state, flaws = call.state, list[Flaw]()
    if (category := given.get("Category")) and state["category"].one("Name", category) is None:
        flaws.append(category_missing())
    for field, book in (("Brand", "brand"), ("UOM", "unit"), ("AttributeSet", "attributeset")):
        if (name := given.get(field)) and state[book].one("Name", name) is None:
            flaws.append(not_in_book(name))
    place = given.get("DefaultLocation")
    if place and state["location"].one("Name", place) is None:
        flaws.append(location_missing(place))
    for field, of_class, barred in (
        ("COGSAccount", "EXPENSE", ()),
        ("ExpenseAccount", "EXPENSE", ()),
        ("RevenueAccount", "REVENUE", ()),
        ("InventoryAccount", "ASSET", ("FIXED", "BANK")),
    ):
        if code := given.get(field):
            flaws += fit(state, field, code, of_class=of_class, barred=barred)
    for field, use in (("PurchaseTaxRule", "purchase"), ("SaleTaxRule", "sale")):
        if name := given.get(field):
            flaws += tax_flaws(state, name, use)
    if discount := given.get("DiscountRule"):
        flaws.append(not_in_book(discount))
    return flaws


def _checked(call: Call, own: Row | None) -> Fields:
    flaws: list[Flaw] = []
    given = read(PRODUCT, call.body, call.switches, flaws, updating=own is not None)
    if own is not None:
        _leave_fixed(call, own, given, flaws)
    base: Fields = own.fields if own else {}
    require({**base, **given}, REQUIRED, flaws)
    prices = _prices(call, given, flaws)
    if own is None and not prices and not any(tier in given for tier in TIERS):
        flaws.append(Flaw("PriceTiers value cannot be empty"))
    sku = str(given.get("SKU") or "")
    if sku and any(row is not own for row in call.state["product"].where("SKU", sku)):
        flaws.append(taken("Product", "SKU", sku))
    if {**base, **given}.get("Type") == "Service":
        for name in STOCK_ACCOUNTS:
            given.pop(name, None)
    merged = {**blank(PRODUCT), **base, **given}
    if merged["BillOfMaterial"]:
        require(merged, ("AssemblyCostEstimationMethod",), flaws)
        if not merged["QuantityToProduce"]:
            flaws.append(missing("QuantityToProduce"))
    flaws += _references(call, given)
    given |= prices | read_nested(call, flaws)
    if flaws:
        raise Invalid(*flaws)
    return given


def _leave_fixed(call: Call, own: Row, given: Fields, flaws: list[Flaw]) -> None:
    """Drop what a PUT cannot change."""
    kind = given.pop("Type", None)
    if kind and kind != own.fields["Type"] and call.switches.type_change == "refuse":
        flaws.append(Flaw("'Type' is read-only and can not be changed"))
    if not (call.body.get("SKU") and call.body.get("AttributeSet")):
        # Seen on the wire: answered with 200, and the attributes stay as they were.
        for name in ATTRIBUTES:
            given.pop(name, None)


def create_product(call: Call) -> Answer:
    """POST ignores an ID and never updates."""
    row = new_product(call.state, _checked(call, None))
    call.created.append(f"product/{row.id}")
    return single(PRODUCTS, show_product(call, row, writing=True))


def update_product(call: Call) -> Answer:
    """Last writer wins: there is no version to check."""
    row = the_row(call, "product", "Product")
    stamp = call.switches.noop_put == "stamps"
    call.state.change("product", row, _checked(call, row), stamp_always=stamp)
    call.changed.append(f"product/{row.id}")
    return single(PRODUCTS, show_product(call, row, writing=True))


def list_availability(call: Call) -> Answer:
    """One row per product and place. OnHand is a quantity, StockOnHand a value."""
    query, products = call.query, call.state["product"]
    wanted_id, place, batch = query.guid("ID"), query.text("Location"), query.text("Batch")
    rows = [
        _available(call.state, stock)
        for stock in call.state.stock
        if (not place or fold(stock.location) == fold(place))
        and (not batch or stock.batch == batch)
    ]
    rows = [
        row
        for row in rows
        if (not wanted_id or row.id == wanted_id)
        and str(row.fields["Name"]).casefold().startswith(query.text("Name").casefold())
        and equals(row, "SKU", query.text("Sku"))
        and equals(products.rows[row.id], "Category", query.text("Category"))
    ]
    return listing(call, "ProductAvailabilityList", rows, lambda row: row.fields)


def _available(state: DearState, stock: Stock) -> Row:
    product = state["product"].rows[stock.product]
    fields = {
        "ID": product.id,
        "SKU": product.fields["SKU"],
        "Name": product.fields["Name"],
        "Barcode": product.fields["Barcode"],
        "Location": stock.location,
        "Bin": stock.bin,
        "Batch": stock.batch,
        "ExpiryDate": None,
        "OnHand": stock.on_hand,
        "Allocated": stock.allocated,
        "Available": stock.on_hand - stock.allocated,
        "OnOrder": stock.on_order,
        "StockOnHand": stock.value,
        "InTransit": Decimal(0),
        "NextDeliveryDate": None,
    }
    return Row(product.id, fields, product.order, product.modified)


def list_families(call: Call) -> Answer:
    """This company has no product families."""
    return listing(call, "ProductFamilies", [], lambda row: row.fields)


ROUTES: Final[Routes] = {
    "product": {"GET": list_products, "POST": create_product, "PUT": update_product},
    "productfamily": {"GET": list_families},
    "ref/productavailability": {"GET": list_availability},
}
