"""Minting of invented vendors, customers and products, the ordinary and the awkward ones.

Deterministic: everything follows from the random generator that is handed in. Names are made of
generic trade words, so none of them is a real person or company.
"""

import hashlib
import random
import uuid
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from daemon.sandbox.things import PartyFace, Postal, ProductFace, Thing

_ADJECTIVES: Final = (
    "Copper", "Granite", "Cedar", "Silver", "Harbor", "Summit", "Prairie", "Riverside", "Juniper",
    "Maple", "Quartz", "Canyon", "Meadow", "Birch", "Cobalt", "Amber", "Orchard", "Lakeside",
    "Ironwood", "Slate", "Willow", "Desert", "Coastal", "Valley", "Highland", "Sandstone",
)  # fmt: skip
_NOUNS: Final = (
    "Fasteners", "Paper", "Lumber", "Tooling", "Plastics", "Packaging", "Lighting", "Hydraulics",
    "Coatings", "Textiles", "Irrigation", "Bearings", "Stoneworks", "Nurseries", "Electrical",
    "Ceramics", "Glassworks", "Freight", "Metals", "Equipment", "Gardens", "Outfitters",
)  # fmt: skip
_FORMS: Final = ("Inc.", "LLC", "Co-op", "Works", "Group", "Supply", "Trading", "Partners")
_STREETS: Final = ("Mill Road", "Station Street", "Quarry Lane", "Market Street", "Dock Avenue")
_CITIES: Final = (
    ("Bayshore", "CA", "94326"),
    ("Middlefield", "CA", "94303"),
    ("Palo Verde", "AZ", "85343"),
    ("Tucson", "AZ", "85719"),
    ("South Orange", "NJ", "07079"),
)
_FINISHES: Final = ("Galvanised", "Anodised", "Brushed", "Raw", "Black", "White", "Green", "Clear")
_MATERIALS: Final = ("Steel", "Brass", "Cedar", "Nylon", "Copper", "Granite", "PVC", "Aluminium")
_PARTS: Final = (
    "Bracket", "Valve", "Elbow", "Hose Clamp", "Edging", "Trellis", "Planter", "Nozzle", "Coupling",
    "Spacer", "Anchor", "Hinge", "Grate", "Emitter", "Manifold", "Stake", "Gasket", "Flange",
)  # fmt: skip
CATEGORIES: Final = ("Irrigation", "Hardware", "Stone", "Garden", "Lighting", "Other")
BRANDS: Final = ("Workshop", "Yardline")
UNITS: Final = ("Item", "Box", "m")


def guid(seed: int, kind: str, key: str) -> str:
    """The GUID of one thing in DEAR: the same for the same seed, kind and key."""
    digest = hashlib.sha256(f"{seed}/{kind}/{key}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


class Mint:
    """Gives out names, ids and faces; remembers which names and ids are taken."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rng = random.Random(f"world {seed}")
        self._used: set[str] = set()
        self._party = 0
        self._item = 18
        self._sku = 0

    def parties(self, kind: str, count: int) -> Iterator[Thing[PartyFace]]:
        """``count`` ordinary vendors or customers: half on both sides, four tenths in DEAR only,
        the rest in QBO only."""
        for number in range(count):
            name = self._party_name()
            face = self._party_face(kind, name)
            share = number % 10
            qbo = self.qbo_party(face) if share < 5 or share == 9 else None
            dear = self.dear_party(kind, face) if share < 9 else None
            trap = ""
            if qbo is not None and dear is not None and number % 10 == 3:
                trap = "differs"
                dear = replace(dear, phone=self._phone(), billing=self._address())
            yield Thing(key=name, qbo=qbo, dear=dear, trap=trap)

    def products(self, count: int) -> Iterator[Thing[ProductFace]]:
        """``count`` ordinary products, shared between the systems as parties are."""
        for number in range(count):
            face = self._product_face()
            share = number % 10
            qbo = self.qbo_product(face) if share < 5 or share == 9 else None
            dear = self.dear_product(face) if share < 9 else None
            trap = ""
            if qbo is not None and dear is not None:
                match share:
                    case 1:
                        trap, qbo = "matched by name", replace(qbo, sku="")
                    case 2 if number % 20 == 2:
                        trap = "differs"
                        price = (dear.sales_price * Decimal("1.07")).quantize(Decimal("0.01"))
                        dear = replace(dear, sales_price=price)
                    case 3 if number % 20 == 3:
                        trap = "differs"
                        dear = replace(dear, description=f"{dear.description}, new packaging")
                    case _:
                        pass
            yield Thing(key=face.sku, qbo=qbo, dear=dear, trap=trap)

    def named_party(self, kind: str, name: str) -> PartyFace:
        """A face with a chosen name, for the awkward cases."""
        self._used.add(name.casefold())
        return self._party_face(kind, name)

    def named_product(self, name: str, *, service: bool = False) -> ProductFace:
        """A product face with a chosen name, for the awkward cases."""
        face = self._product_face()
        self._used.add(name.casefold())
        return replace(face, name=name, description=name, type="Service" if service else face.type)

    def qbo_party(self, face: PartyFace) -> PartyFace:
        """The face as QBO shows it, with the next id of the shared sequence."""
        self._party += 1
        return replace(face, id=str(self._party), terms="3" if face.terms else "", account="")

    def dear_party(self, kind: str, face: PartyFace) -> PartyFace:
        """The face as DEAR shows it."""
        account = "Q33" if kind == "vendor" else "Q84"
        return replace(
            face,
            id=guid(self._seed, kind, face.name),
            account=account,
            terms=face.terms or "Net 15",
            tax=face.tax or ("Tax Exempt" if kind == "vendor" else "California"),
            revenue_account="" if kind == "vendor" else "Q79",
            price_tier="" if kind == "vendor" else "Retail",
        )

    def qbo_product(self, face: ProductFace) -> ProductFace:
        """The face as QBO shows it: not tracked, sold and bought."""
        self._item += 1
        service = face.type == "Service"
        return replace(
            face,
            id=str(self._item),
            type="Service" if service else "NonInventory",
            income_account="79",
            expense_account="" if service else "80",
            taxable=not service,
            category="",
            barcode="",
            unit="",
        )

    def dear_product(self, face: ProductFace) -> ProductFace:
        """The face as DEAR shows it."""
        service = face.type == "Service"
        return replace(
            face,
            id=guid(self._seed, "product", face.sku),
            type="Service" if service else "Stock",
            income_account="Q79",
            expense_account="" if service else "Q80",
            asset_account="" if service else "Q81",
            sales_tax="California",
            purchase_tax="Tax Exempt",
            quantity=Decimal(0 if service else self._rng.randrange(0, 400)),
        )

    def _party_name(self) -> str:
        for _ in range(10_000):
            pick = self._rng.choice
            name = f"{pick(_ADJECTIVES)} {pick(_NOUNS)}"
            if name.casefold() in self._used or self._rng.random() < 0.5:
                name = f"{name} {pick(_FORMS)}"
            if name.casefold() not in self._used:
                self._used.add(name.casefold())
                return name
        raise RuntimeError("the word lists are used up; ask for a smaller world")

    def _party_face(self, kind: str, name: str) -> PartyFace:
        plain = "".join(c for c in name.lower() if c.isascii() and c.isalnum())[:24] or "office"
        desk = "orders" if kind == "vendor" else "accounts"
        return PartyFace(
            id="",
            name=name,
            company=name[:100],
            email=f"{desk}@{plain}.example",
            phone=self._phone(),
            website=f"https://www.{plain}.example" if self._rng.random() < 0.4 else "",
            billing=self._address(),
            shipping=self._address() if kind == "customer" else None,
            terms="Net 30" if self._rng.random() < 0.6 else "",
            is_1099=False,
            taxable=kind == "customer",
            age_days=self._rng.randrange(2, 300),
        )

    def _address(self) -> Postal:
        city, region, postcode = self._rng.choice(_CITIES)
        line = f"{self._rng.randrange(1, 4000)} {self._rng.choice(_STREETS)}"
        return Postal(line1=line, city=city, region=region, postcode=postcode, country="USA")

    def _phone(self) -> str:
        return f"(555) 01{self._rng.randrange(0, 100):02d}-{self._rng.randrange(0, 10_000):04d}"

    def _product_face(self) -> ProductFace:
        self._sku += 1
        rng = self._rng
        finish, material, part = rng.choice(_FINISHES), rng.choice(_MATERIALS), rng.choice(_PARTS)
        size = rng.randrange(1, 96) * 5
        name = f"{finish} {material} {part} {size} mm"
        if name.casefold() in self._used:
            name = f"{name} type {self._sku}"
        self._used.add(name.casefold())
        cost = Decimal(rng.randrange(20, 20_000)).scaleb(-2)
        return ProductFace(
            id="",
            name=name,
            sku=f"{finish[0]}{material[0]}{part[0]}-{self._sku:05d}",
            type="Service" if self._sku % 25 == 0 else "Stock",
            description=f"{part}, {finish.lower()} {material.lower()}, {size} mm",
            purchase_description=f"{part} {size} mm",
            unit=rng.choice(UNITS),
            category=rng.choice(CATEGORIES[:-1]),
            barcode=f"20{rng.randrange(10**10):010d}",
            sales_price=(cost * rng.randrange(120, 260) / 100).quantize(Decimal("0.01")),
            purchase_cost=cost,
            taxable=True,
            age_days=rng.randrange(2, 300),
        )
