"""A past for a company: random but sensible purchases and sales, the same for the same seed.

They go through the desk, so what stands in the books afterwards is what people could have done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Final

from daemon.sandbox.dear.desk import Desk
from daemon.sandbox.dear.documents import PURCHASE, SALE, Side
from daemon.sandbox.dear.errors import DearRefusal
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.state import DearState, Row
from daemon.sandbox.dear.switches import DearSwitches

HALF: Final = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Played:
    """What ``play`` did."""

    purchases: tuple[str, ...]
    sales: tuple[str, ...]
    refused: int
    """Steps that DEAR refused (no stock, say); the documents stayed as they were."""


@dataclass(slots=True)
class _Player:
    desk: Desk
    random: Random
    day: date
    parties: dict[str, list[Row]]
    products: dict[str, list[Row]]
    refused: int = 0

    def attempt(self, step: Callable[..., object], *given: object, **named: object) -> bool:
        """Whether DEAR let it be done."""
        try:
            step(*given, **named)
        except DearRefusal:
            self.refused += 1
            return False
        return True

    def often(self, share: float) -> bool:
        return self.random.random() < share

    def next_day(self, most: int = 5) -> str:
        self.day += timedelta(days=self.random.randrange(most + 1))
        return self.day.isoformat()


def play(
    state: DearState,
    seed: int,
    *,
    purchases: int,
    sales: int,
    start: date,
    switches: DearSwitches | None = None,
) -> Played:
    """Play so many purchases and sales; documents are dated from ``start`` on, a few days apart.

    Stamps are those of the company's clock, which stands still meanwhile.
    """
    player = _Player(
        Desk(state, switches or DearSwitches()),
        Random(seed),
        start,
        parties={kind: _active(state, kind) for kind in ("supplier", "customer")},
        products={
            kind: [row for row in _active(state, "product") if row.fields["Type"] == kind]
            for kind in ("Stock", "Service")
        },
    )
    bought: list[str] = []
    sold: list[str] = []
    kinds = ["purchase"] * purchases + ["sale"] * sales
    player.random.shuffle(kinds)
    for kind in kinds:
        player.day = start + timedelta(days=len(bought) + len(sold)) // 4
        side = PURCHASE if kind == "purchase" else SALE
        row = _begin(player, side)
        if row is None:
            continue
        (bought if side is PURCHASE else sold).append(row.id)
        if player.often(0.9) and player.attempt(player.desk.authorise, side, row):
            (_buy if side is PURCHASE else _sell)(player, row)
    return Played(tuple(bought), tuple(sold), player.refused)


def _active(state: DearState, kind: str) -> list[Row]:
    return [row for row in state[kind] if row.fields["Status"] == "Active"]


def _begin(player: _Player, side: Side) -> Row | None:
    """A header and a draft order of one to five lines, sometimes with freight."""
    state, random = player.desk.state, player.random
    party = random.choice(player.parties[side.party])
    goods, charges = player.products["Stock"], player.products["Service"]
    chosen = random.sample(goods, min(len(goods), random.randint(1, 5)))
    services = random.sample(charges, 1) if charges and player.often(0.2) else []
    simple = player.often(0.5)
    given: Fields = {
        side.party_key: party.id,
        "PurchaseType": "Simple" if simple else "Advanced",
        "SaleType": "Simple" if simple else "Advanced",
        "Approach": random.choice(["INVOICE", "STOCK"]),
        "TaxCalculation": "Exclusive",
        "OrderDate": player.next_day(0),
        "SaleOrderDate": player.day.isoformat(),
        "Note": f"Order {len(state[side.kind].rows) + 1}",
        "Lines": [_line(player, side, row, quantity=random.randint(1, 12)) for row in chosen],
        "AdditionalCharges": [_line(player, side, row, quantity=1) for row in services],
    }
    if party.fields["Currency"] != state.me["Currency"]:
        given["CurrencyRate"] = Decimal(random.randint(5000, 20000)) / 10000
    if not player.attempt(player.desk.create, side, given):
        return None
    return next(reversed(state[side.kind].rows.values()))


def _line(player: _Player, side: Side, product: Row, *, quantity: int) -> Fields:
    random = player.random
    usual = product.fields["AverageCost" if side is PURCHASE else "PriceTier1"]
    price = usual or Decimal(random.randint(100, 9999)) / 100
    if player.often(0.3):
        price = (price * Decimal(random.randint(9000, 11000)) / 10000).quantize(Decimal("0.0001"))
    line: Fields = {"SKU": product.fields["SKU"], "Quantity": quantity, "Price": price}
    if product.fields["Type"] == "Service":
        line["Description"] = product.fields["Name"]
        del line["SKU"]
    if player.often(0.15):
        line["Discount"] = Decimal(random.choice([5, 10, 15]))
    return line


def _share(player: _Player, row: Row) -> list[Fields] | None:
    """About half of the order's stock lines; None when that would be all or nothing."""
    lines = []
    for line in row.fields["Order"]["Lines"]:
        quantity = (line["Quantity"] * HALF).quantize(Decimal(1))
        if quantity:
            kept = {name: line[name] for name in ("ProductID", "Price", "Discount", "TaxRule")}
            lines.append({**kept, "Quantity": quantity})
    return lines if lines and player.often(0.5) else None


def _buy(player: _Player, row: Row) -> None:
    """Received and billed, in one go or two, in the order of its approach."""
    desk = player.desk
    stock_first = row.fields["Approach"] == "STOCK"
    half = _share(player, row) if row.fields["Type"] == "Advanced Purchase" else None
    for lines in (half, None) if half else (None,):
        billed, received = _dated(player, lines, "InvoiceDate"), _received(player, lines)
        steps = [
            partial(desk.invoice, PURCHASE, row, billed),
            partial(desk.receive, row, received),
        ]
        for step in reversed(steps) if stock_first else steps:
            if player.often(0.9):
                player.attempt(step)
    if player.often(0.5):
        player.attempt(desk.pay, PURCHASE, row, {"DatePaid": player.next_day()})
    _afterwards(player, PURCHASE, row)


def _dated(player: _Player, lines: list[Fields] | None, name: str) -> Fields:
    given: Fields = {name: player.next_day()}
    return {**given, "Lines": lines} if lines else given


def _received(player: _Player, lines: list[Fields] | None) -> Fields:
    day = player.next_day()
    if lines is None:
        return {}
    return {
        "Lines": [
            {"ProductID": line["ProductID"], "Quantity": line["Quantity"], "Date": day}
            for line in lines
        ]
    }


def _sell(player: _Player, row: Row) -> None:
    """Shipped and invoiced, sometimes paid."""
    desk = player.desk
    if player.often(0.85):
        shipped = {"ShipmentDate": player.next_day()}
        player.attempt(desk.ship, row, shipped)
    half = _share(player, row) if row.fields["Type"] == "Advanced Sale" else None
    for lines in (half, None) if half else (None,):
        if player.often(0.85):
            given = _dated(player, lines, "InvoiceDate")
            player.attempt(desk.invoice, SALE, row, given)
    if player.often(0.5):
        player.attempt(desk.pay, SALE, row, {"DatePaid": player.next_day()})
    _afterwards(player, SALE, row)


def _afterwards(player: _Player, side: Side, row: Row) -> None:
    """Now and then something is undone, credited or voided."""
    desk = player.desk
    if player.often(0.06):
        player.attempt(desk.end, side, row, void=False, called="invoice")
    elif player.often(0.06):
        day = player.next_day()
        player.attempt(desk.credit, side, row, {"CreditNoteDate": day})
    elif player.often(0.05):
        player.attempt(desk.end, side, row, void=True)
