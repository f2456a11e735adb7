"""The world that the sandboxes show: one company, seen by QBO and by DEAR, from (seed, size).

The same seed and size give the same world, to the last character. Besides ordinary records it
holds every awkward one that a synchronisation meets; ``Thing.trap`` says which. Who needs only
the nouns imports them from here too.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from daemon.sandbox import abroad, sample
from daemon.sandbox.mint import BRANDS, CATEGORIES, UNITS, Mint, guid
from daemon.sandbox.things import (
    AccountFace,
    ClassFace,
    Company,
    Face,
    MethodFace,
    PartyFace,
    Postal,
    ProductFace,
    TaxFace,
    TaxPart,
    TermFace,
    Thing,
    World,
)

__all__ = [
    "SIZES",
    "AccountFace",
    "ClassFace",
    "Company",
    "Face",
    "MethodFace",
    "PartyFace",
    "Postal",
    "ProductFace",
    "Size",
    "TaxFace",
    "TaxPart",
    "TermFace",
    "Thing",
    "World",
    "make_trading_world",
    "make_world",
]

Size: TypeAlias = Literal["small", "medium", "large", "maker"]

SIZES: Final[dict[str, tuple[int, int, int]]] = {
    "small": (25, 10, 12),
    "medium": (300, 60, 120),
    "large": (10_000, 400, 800),
    "maker": (5_000, 200, 600),
}
"""Products, vendors and customers, about as many as DEAR holds; the awkward ones are included.
``maker`` is a mid-size manufacturer, whose documents ``dear.history`` can play."""

FOREIGN: Final = "EUR"
_FOREIGN_EVERY: Final = 15
"""Of the parties that only DEAR knows."""
_EXEMPT_EVERY: Final = 3
_UNTIDY_EVERY: Final = 101

LONG_NAME: Final = "Weatherproof modular garden irrigation manifold " * 3 + "assembly"
"""Over 150 characters: DEAR allows 256, QBO's item names 100."""


def make_world(seed: int, size: Size = "medium", *, country: str = "US") -> World:
    """The world of this seed and size, in the United States or elsewhere (``abroad.COUNTRIES``).

    Raises ``ValueError`` for an unknown size or country.
    """
    if size not in SIZES:
        raise ValueError(f"unknown size {size!r} (one of: {', '.join(SIZES)})")
    world = _world(seed, size, SIZES[size])
    if country == "US":
        return world
    if country not in abroad.COUNTRIES:
        raise ValueError(f"unknown country {country!r} (one of: US, {', '.join(abroad.COUNTRIES)})")
    guids = {name: guid(seed, "tax", name) for name in abroad.COUNTRIES[country].codes}
    return abroad.moved(world, country, guids)


def make_trading_world(seed: int, size: Size = "maker", scale: float = 1.0) -> World:
    """A world whose documents can be played: both sides have a code for sales without tax, a third
    of the customers pays none, and a few parties trade in another currency.

    ``scale`` shrinks it, though not below what a year of few documents still needs.
    """
    counts = SIZES[size] if scale == 1.0 else _scaled(SIZES[size], scale)
    world = _world(seed, size, counts)
    return replace(
        world,
        tax_codes=tuple(_with_guids(seed, "tax", (*sample.tax_codes(), sample.untaxed_sales()))),
        vendors=tuple(sorted(_traders(world.vendors), key=_is_awkward)),
        customers=tuple(sorted(_traders(world.customers, exempt=True), key=_is_awkward)),
        products=tuple(_traded(world.products)),
    )


def _scaled(counts: tuple[int, int, int], scale: float) -> tuple[int, int, int]:
    least = SIZES["medium"]
    few, some, many = (
        max(floor, round(count * scale)) for count, floor in zip(counts, least, strict=True)
    )
    return few, some, many


def _is_awkward(thing: Thing[PartyFace]) -> bool:
    """Most is traded with those that come first."""
    return thing.trap not in ("", "differs")


def _traded(things: tuple[Thing[ProductFace], ...]) -> Iterator[Thing[ProductFace]]:
    """Services are bought as well as sold, and nearly all items have been told apart: who posts
    documents for a year has done so. One in many stays as it was."""
    for number, thing in enumerate(things):
        qbo, dear = thing.qbo, thing.dear
        if number % _UNTIDY_EVERY == _UNTIDY_EVERY - 1:
            yield thing
            continue
        if qbo is not None and dear is not None and thing.trap == "matched by name":
            qbo = replace(qbo, sku=dear.sku)
            thing = replace(thing, qbo=qbo, trap="")
        if qbo is not None and qbo.type == "Service" and not qbo.expense_account:
            thing = replace(thing, qbo=replace(qbo, expense_account="80"))
        if dear is not None and dear.type == "Service" and not dear.expense_account:
            thing = replace(thing, dear=replace(dear, expense_account="Q80"))
        yield thing


def _traders(
    things: tuple[Thing[PartyFace], ...], *, exempt: bool = False
) -> Iterator[Thing[PartyFace]]:
    elsewhere = 0
    for number, thing in enumerate(things):
        if thing.dear is None or thing.trap:
            yield thing
            continue
        dear = thing.dear
        elsewhere += thing.qbo is None
        if thing.qbo is None and elsewhere % _FOREIGN_EVERY == 0:
            yield replace(thing, dear=replace(dear, currency=FOREIGN), trap="foreign")
        elif exempt and number % _EXEMPT_EVERY == 0:
            yield replace(thing, dear=replace(dear, tax=sample.UNTAXED))
        else:
            yield thing


def empty_world(seed: int, size: str) -> World:
    """The company of this seed with its books of reference, and nobody and nothing in them."""
    numbers = random.Random(f"company {seed}")
    return World(
        seed=seed,
        size=size,
        company=Company(
            name="Sample Design and Landscaping Services",
            realm_id=f"93414{numbers.randrange(10**11):011d}",
            dear_account_id=guid(seed, "tenant", "account"),
            dear_application_key=guid(seed, "tenant", "key"),
        ),
        accounts=sample.chart(),
        tax_codes=tuple(_with_guids(seed, "tax", sample.tax_codes())),
        terms=tuple(_term_guids(seed)),
        classes=sample.classes(),
        payment_methods=sample.payment_methods(),
        vendors=(),
        customers=(),
        products=(),
        tax_agencies=sample.TAX_AGENCIES,
        categories=CATEGORIES,
        brands=BRANDS,
        units=UNITS,
    )


def _world(seed: int, size: str, counts: tuple[int, int, int]) -> World:
    product_count, vendor_count, customer_count = counts
    mint = Mint(seed)
    customers = list(_awkward_customers(mint))
    customers += mint.parties("customer", max(4, customer_count - len(customers)))
    vendors = list(_awkward_vendors(mint))
    vendors += mint.parties("vendor", max(4, vendor_count - len(vendors)))
    products = [*_sample_products(mint, seed), *_awkward_products(mint)]
    in_dear = sum(1 for thing in products if thing.dear is not None)
    products += mint.products(max(10, product_count - in_dear))
    return replace(
        empty_world(seed, size),
        vendors=tuple(vendors),
        customers=tuple(customers),
        products=tuple(products),
    )


def _with_guids(
    seed: int, kind: str, things: tuple[Thing[TaxFace], ...]
) -> Iterator[Thing[TaxFace]]:
    for thing in things:
        if thing.dear is None:
            yield thing
        else:
            yield replace(thing, dear=replace(thing.dear, id=guid(seed, kind, thing.dear.id)))


def _term_guids(seed: int) -> Iterator[Thing[TermFace]]:
    for thing in sample.terms():
        if thing.dear is None:
            yield thing
        else:
            yield replace(thing, dear=replace(thing.dear, id=guid(seed, "term", thing.dear.id)))


def _awkward_vendors(mint: Mint) -> Iterator[Thing[PartyFace]]:
    def face(name: str) -> PartyFace:
        return mint.named_party("vendor", name)

    def dear(name: str) -> PartyFace:
        return mint.dear_party("vendor", face(name))

    yield Thing("farmers-a", qbo=mint.qbo_party(face("Farmer's Supply House")), trap="ambiguous")
    yield Thing("farmers-b", qbo=mint.qbo_party(face("Farmer’s Supply House")), trap="ambiguous")
    yield Thing("farmers", dear=dear("FARMER`S  SUPPLY HOUSE"), trap="ambiguous")
    yield Thing(
        "harbors-edge",
        qbo=mint.qbo_party(face("Harbor’s Edge Paper")),
        dear=dear("Harbor's edge  paper"),
        trap="spelling",
    )
    ridge = face("Black Ridge Stone")
    yield Thing(
        "black-ridge",
        qbo=mint.qbo_party(ridge),
        dear=mint.dear_party("vendor", ridge),
        trap="same name as a customer",
    )
    quiet = face("Quiet Harbor Metals")
    yield Thing(
        "quiet-harbor",
        qbo=replace(mint.qbo_party(quiet), name="Quiet Harbor Metals (deleted)", active=False),
        dear=mint.dear_party("vendor", quiet),
        trap="inactive, renamed",
    )
    gate = face("Stone Gate Paints")
    yield Thing(
        "stone-gate",
        qbo=replace(mint.qbo_party(gate), active=False),
        dear=mint.dear_party("vendor", gate),
        trap="inactive, name kept",
    )
    for key, name in _HOSTILE_NAMES:
        yield Thing(f"hostile-{key}", dear=dear(name), trap="hostile")
    yield Thing(
        "duty",
        dear=replace(dear("Overseas Tile Importers"), tax="Import Duty"),
        trap="unmapped tax",
    )
    yield Thing(
        "eom",
        dear=replace(dear("Month End Packaging"), terms="30 EOM"),
        trap="term unknown to QBO",
    )


_HOSTILE_NAMES: Final = (
    ("markup", "[bold red]Urgent[/] Traders"),
    ("escape", "Red \x1b[31mLine\x1b[0m Supplies"),
    ("direction", "Safe\u202egpj.exe Imports"),
    ("formula", "=1+1 Trading"),
    ("emoji", "🌵 Cactus Tools 工具"),
    ("colon", "Depot: North Yard"),
    ("backslash", "Baker's \\ Dozen Pans"),
)


def _awkward_customers(mint: Mint) -> Iterator[Thing[PartyFace]]:
    def face(name: str) -> PartyFace:
        return mint.named_party("customer", name)

    parent = mint.qbo_party(face("Hillside Garden Center"))
    yield Thing("hillside", qbo=parent, trap="parent")
    plot = replace(mint.qbo_party(face("North Plot")), parent=parent.id)
    yield Thing("north-plot", qbo=plot, trap="sub-customer")
    yield Thing(
        "black-ridge",
        dear=mint.dear_party("customer", face("Black Ridge Stone")),
        trap="same name as a vendor",
    )
    closed = face("Closed Quarry Cafe")
    yield Thing(
        "closed-quarry",
        qbo=replace(mint.qbo_party(closed), name="Closed Quarry Cafe (deleted)", active=False),
        dear=replace(mint.dear_party("customer", closed), active=False),
        trap="inactive on both sides",
    )
    yield Thing(
        "formula",
        dear=mint.dear_party("customer", face("@SUM(1+1)*cmd Rentals")),
        trap="hostile",
    )
    cove = face("Cove's Edge Resort")
    yield Thing(
        "coves-edge",
        qbo=mint.qbo_party(cove),
        dear=mint.dear_party("customer", replace(cove, name="COVE'S EDGE RESORT")),
        trap="spelling",
    )


def _sample_products(mint: Mint, seed: int) -> Iterator[Thing[ProductFace]]:
    for item in sample.items():
        dear: ProductFace | None = None
        if item.name in ("Pump", "Sprinkler Heads"):
            sku = f"SAMPLE-{item.id}"
            dear = mint.dear_product(replace(item, sku=sku, type="Stock", category="Irrigation"))
            dear = replace(dear, id=guid(seed, "product", sku), unit="Item")
        yield Thing(f"sample-{item.id}", qbo=item, dear=dear, trap="tracked" if dear else "")


def _awkward_products(mint: Mint) -> Iterator[Thing[ProductFace]]:
    def dear(name: str) -> ProductFace:
        return mint.dear_product(mint.named_product(name))

    category = replace(
        mint.qbo_product(mint.named_product("Garden supplies")),
        type="Category",
        sku="",
        description="",
        purchase_description="",
        income_account="",
        expense_account="",
        taxable=False,
        sales_price=Decimal(0),
        purchase_cost=Decimal(0),
    )
    yield Thing("category", qbo=category, trap="category")
    edging = mint.named_product("Lawn Edging")
    yield Thing(
        "lawn-edging",
        qbo=replace(mint.qbo_product(edging), category=category.id),
        dear=mint.dear_product(edging),
        trap="in a category",
    )
    twin = mint.named_product("Paving Slab")
    for number, name in enumerate(("Paving Slab small", "Paving Slab large")):
        qbo = replace(mint.qbo_product(twin), name=name)
        yield Thing(f"slab-{number}", qbo=qbo, trap="ambiguous")
    yield Thing("slab", dear=mint.dear_product(twin), trap="ambiguous")
    gone = mint.named_product("Gravel Rake")
    yield Thing(
        "gravel-rake",
        qbo=replace(mint.qbo_product(gone), name="Gravel Rake (deleted)", active=False),
        dear=mint.dear_product(gone),
        trap="inactive, renamed",
    )
    kept = mint.named_product("Leaf Blower Nozzle")
    yield Thing(
        "leaf-blower",
        qbo=replace(mint.qbo_product(kept), active=False),
        dear=mint.dear_product(kept),
        trap="inactive, name kept",
    )
    retired = mint.named_product("Retired Planter")
    yield Thing(
        "retired",
        qbo=mint.qbo_product(retired),
        dear=replace(mint.dear_product(retired), active=False),
        trap="deprecated in DEAR",
    )
    yield Thing("colon", dear=dear("Hose: 25 m reel"), trap="hostile")
    yield Thing("long", dear=dear(LONG_NAME), trap="hostile")
    for key, name in _HOSTILE_NAMES[:5]:
        yield Thing(f"hostile-{key}", dear=dear(f"{name} kit"), trap="hostile")
    duty = replace(dear("Imported Tile"), sales_tax="Import Duty", purchase_tax="Import Duty")
    yield Thing("duty", dear=duty, trap="unmapped tax")
    bare = replace(dear("Unposted Pallet"), income_account="", expense_account="", asset_account="")
    yield Thing("bare", dear=bare, trap="no accounts")
    clearing = replace(dear("Landed Crate"), asset_account="590", income_account="")
    yield Thing("clearing", dear=clearing, trap="account unknown to QBO")
