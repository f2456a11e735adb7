"""How people of a company trade: the shares of what they do, and the values that they enter.

Values from a random generator only; nothing here touches a document.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Final

from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.state import DearState, Row

FOUR: Final = Decimal("0.0001")
FREIGHT: Final = ("Freight", "Handling and packing", "Fuel surcharge", "Insurance in transit")
"""How charges are called in remarks; on the document stands the service product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Shares of documents, lines or parts, from 0 to 1, unless said otherwise."""

    most_lines: int = 8
    """Lines of an order at most; three or four are usual."""
    draft: float = 0.05
    simple: float = 0.3
    service: float = 0.05
    stock_first: float = 0.5
    """Purchases whose goods are received before the bill."""
    freight: float = 0.2
    late_freight: float = 0.1
    """Bills with a charge that the order did not have."""
    discounted: float = 0.12
    uneven_price: float = 0.3
    """Lines with a price of four places."""
    fraction: float = 0.08
    """Lines with a quantity that is no whole number."""
    same_item: float = 0.06
    """Orders in which one item stands twice."""
    free: float = 0.01
    """Lines that cost nothing."""
    nothing: float = 0.004
    """Documents that cost nothing."""
    unbilled: float = 0.08
    draft_bill: float = 0.02
    repriced: float = 0.06
    """Bill lines whose price is not the order's."""
    no_number: float = 0.005
    long_number: float = 0.012
    early_bill: float = 0.002
    """Bills dated before their order."""
    foreign: float = 0.006
    inclusive: float = 0.004
    taxed_purchase: float = 0.004
    other_tax: float = 0.04
    """Sales whose tax is not that of the customer."""
    shipped: float = 0.7
    paid: float = 0.4
    undone: float = 0.02
    credited: float = 0.02
    voided: float = 0.02


@dataclass(slots=True)
class Chance:
    """The dice of one play."""

    random: Random

    def often(self, share: float) -> bool:
        return self.random.random() < share

    def favourite(self, rows: Sequence[Row]) -> Row:
        """One of the rows, the first ones far more often: few parties make most of the trade."""
        return rows[int(len(rows) * self.random.random() ** 1.7)]


@dataclass(slots=True)
class Goods:
    """What can be bought and sold, and how lines about it look."""

    chance: Chance
    habits: Habits
    stock: list[Row]
    services: list[Row]
    taxed: str
    untaxed: str

    def chosen(self) -> list[Row]:
        """The items of an order, sometimes one of them twice."""
        random = self.chance.random
        few, many = sorted(random.randrange(self.habits.most_lines) for _ in range(2))
        wanted = min(len(self.stock), 1 + (many if self.chance.often(0.25) else few))
        rows = random.sample(self.stock, wanted)
        if self.chance.often(self.habits.same_item):
            rows.append(rows[0])
        return rows

    def line(self, product: Row, price_field: str) -> Fields:
        """A line about a product at its usual price, or near it."""
        chance, habits = self.chance, self.habits
        usual = product.fields[price_field]
        price: Decimal = usual or Decimal(chance.random.randint(100, 9999)) / 100
        if chance.often(habits.uneven_price):
            price = (price * chance.random.randint(9000, 11000) / 10000).quantize(FOUR)
        if chance.often(habits.free):
            price = Decimal(0)
        line: Fields = {"Quantity": self._quantity(), "Price": price}
        if product.fields["Type"] == "Service":
            line |= {"Description": product.fields["Name"], "Quantity": 1}
            line["Comment"] = chance.random.choice(FREIGHT)
        else:
            line["SKU"] = product.fields["SKU"]
        if chance.often(habits.discounted):
            line["Discount"] = Decimal(chance.random.choice(["2.5", "5", "10", "12.5", "15"]))
        return line

    def _quantity(self) -> Decimal:
        random = self.chance.random
        if self.chance.often(self.habits.fraction):
            return Decimal(random.randint(25, 4000)) / 100
        return Decimal(random.choice([1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 24, 50]))


@dataclass(slots=True)
class Numbers:
    """Numbers that vendors give their bills: each counts for itself, so two may use one number."""

    chance: Chance
    habits: Habits
    last: dict[str, int]

    def next(self, vendor: str) -> str | None:
        """The next number of a vendor; None when nobody enters it."""
        first = sum(vendor.encode())
        number = self.last[vendor] = self.last.get(vendor, first % 500) + 1
        if self.chance.often(self.habits.no_number):
            return None
        if self.chance.often(self.habits.long_number):
            return f"INVOICE-{first:05}-{number:06}-PART-SHIPMENT"
        return (f"{number}", f"INV{number:05}", f"{first % 90 + 10}-{number:04}")[first % 3]


def tax_names(state: DearState) -> tuple[str, str]:
    """The rule of taxed sales that most customers have, and one without tax."""
    rules = [row for row in state["tax"] if row.fields["IsActive"] and row.fields["IsTaxForSale"]]
    used = [row.fields["TaxRule"] for row in state["customer"]]
    taxed = [row.fields["Name"] for row in rules if row.fields["TaxPercent"]]
    untaxed = [row.fields["Name"] for row in rules if not row.fields["TaxPercent"]]
    for names in (taxed, untaxed):
        names.sort(key=used.count, reverse=True)
    return (taxed or untaxed or [""])[0], (untaxed or taxed or [""])[0]
