"""The company of one seed: small enough to be quick, awkward enough to be interesting."""

import random
from dataclasses import replace
from decimal import Decimal

from daemon.sandbox import sample
from daemon.sandbox.mint import Mint
from daemon.sandbox.world import PartyFace, ProductFace, Thing, World
from tests.scenarios.village import village

PARTY_NAMES = (
    "Quay Supply",
    "QUAY SUPPLY",
    "Quay: Supply",
    "Heron’s Mill",
    "Heron's Mill",
    "=1+1 Trading",
    "[bold red]Urgent[/] Traders",
    "Río Azul Tiles 🌵",
    "Slate \\ Sons",
    "Tamarack Holdings " * 6 + "of the North",
)
"""Names that people give, with pairs that nearly or wholly collide."""
ITEM_NAMES = (
    "Gasket",
    "gasket",
    "Hose: 25 m",
    "Hose- 25 m",
    "Kettle 🌵",
    'Pipe 1/2" long',
    "Irrigation manifold, weatherproof, modular " * 3 + "end",
)
SERVICES = ("Freight", "Handling")
SKUS = ("GSK-1", "gsk-1", "HOSE-25", "KTL", "PIPE-05", "MAN-9", "MAN-9 ")


def company(seed: int) -> World:
    """A village, and a few records that only one side has, or that both have differently."""
    rng = random.Random(f"company {seed}")
    mint = Mint(seed)
    vendors = [_party(rng, mint, "vendor", 600 + n) for n in range(rng.randrange(3))]
    customers = [_party(rng, mint, "customer", 700 + n) for n in range(rng.randrange(3))]
    products = [_product(rng, mint, n) for n in range(rng.randrange(3))]
    return village(
        seed=seed,
        vendors=_distinct(rng, vendors),
        customers=_distinct(rng, customers),
        products=products,
        items=("Anvil", "Bolt", "Clamp"),
    )


def trading_company(seed: int) -> World:
    """The same with services, which are charged for, an item of which the books count the stock,
    and a class more to choose from."""
    small = company(seed)
    mint = Mint(seed)
    more = [_service(mint, name, 570 + n) for n, name in enumerate(SERVICES)]
    counted = [_counted(thing) for thing in small.products[:1]]
    products = (*counted, *small.products[1:], *more)
    return replace(small, classes=sample.classes()[:2], products=products)


def _counted(thing: Thing[ProductFace]) -> Thing[ProductFace]:
    assert thing.qbo is not None
    qbo = replace(thing.qbo, type="Inventory", asset_account="81", quantity=Decimal(50))
    return Thing(thing.key, qbo=qbo, dear=thing.dear)


def _service(mint: Mint, name: str, qbo_id: int) -> Thing[ProductFace]:
    face = replace(
        mint.named_product(name),
        sku=name.upper(),
        type="Service",
        unit="Item",
        category="Hardware",
        sales_price=Decimal(25),
        purchase_cost=Decimal(20),
        purchase_description="",
    )
    qbo = replace(mint.qbo_product(face), id=str(qbo_id), type="Service", expense_account="20")
    dear = replace(mint.dear_product(face), type="Service", expense_account="Q20", asset_account="")
    return Thing(name, qbo=qbo, dear=dear)


def _distinct(rng: random.Random, things: list[Thing[PartyFace]]) -> list[Thing[PartyFace]]:
    """QuickBooks itself would refuse two of one name, so its books cannot start with them."""
    seen: set[str] = set()
    kept = []
    for thing in things:
        name = thing.key.casefold().strip()
        if thing.qbo is not None and name in seen:
            thing = replace(thing, qbo=None)
        seen.add(name)
        if thing.qbo is not None or thing.dear is not None:
            kept.append(thing)
    return kept


def _party(rng: random.Random, mint: Mint, kind: str, qbo_id: int) -> Thing[PartyFace]:
    # Vendors and customers draw from different halves: the books keep one list for both.
    half = PARTY_NAMES[:5] if kind == "vendor" else PARTY_NAMES[5:]
    name = rng.choice(half)
    clean = name.replace(":", "-")
    face = replace(mint.named_party(kind, name), terms="Net 30")
    dear = replace(mint.dear_party(kind, face), price_tier="" if kind == "vendor" else "Tier 1")
    where = rng.choice(("qbo", "dear", "dear", "both"))
    qbo = replace(mint.qbo_party(face), id=str(qbo_id), name=clean)
    return Thing(clean, qbo=qbo if where != "dear" else None, dear=dear if where != "qbo" else None)


def _product(rng: random.Random, mint: Mint, number: int) -> Thing[ProductFace]:
    name, sku = rng.choice(ITEM_NAMES), f"{rng.choice(SKUS).strip()}-{number}"
    face = replace(
        mint.named_product(name),
        sku=sku,
        type="Stock",
        unit="Item",
        category="Hardware",
        sales_price=Decimal(rng.choice(("1", "2.50", "3.3333"))),
        purchase_cost=Decimal("1.00"),
        purchase_description="",
    )
    where = rng.choice(("dear", "dear", "both"))
    safe = f"{name[:60].replace(':', '-').strip()} {number}"
    qbo = replace(mint.qbo_product(face), id=str(500 + number), name=safe, sku=sku)
    return Thing(sku, qbo=qbo if where == "both" else None, dear=mint.dear_product(face))
