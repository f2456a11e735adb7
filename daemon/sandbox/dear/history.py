"""A past for a company: random but sensible purchases and sales, the same for the same seed.

They go through the desk, so what stands in the books afterwards is what people could have done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from daemon.sandbox.dear.desk import KEPT, Desk
from daemon.sandbox.dear.documents import LIVE, PURCHASE, SALE, Side
from daemon.sandbox.dear.errors import DearRefusal
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.habits import FOUR, Chance, Goods, Habits, Numbers, tax_names
from daemon.sandbox.dear.state import DearState, Row
from daemon.sandbox.dear.switches import DearSwitches

BILLS: Final = (1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 4)
"""Into how many bills an order is split, where it can be split."""
DEALS: Final = (1, 1, 1, 2)
"""The same of sales."""
PRICES: Final = {"purchase": "AverageCost", "sale": "PriceTier1"}


@dataclass(frozen=True, slots=True)
class Played:
    """What ``play`` did."""

    purchases: tuple[str, ...]
    sales: tuple[str, ...]
    start: date
    refused: int
    """Steps that DEAR refused (no stock, say); the documents stayed as they were."""


@dataclass(slots=True)
class _Player:
    desk: Desk
    chance: Chance
    habits: Habits
    goods: Goods
    numbers: Numbers
    day: date
    last: date | None
    """Nothing is dated after it."""
    home: dict[str, list[Row]]
    abroad: dict[str, list[Row]]
    refused: int = 0

    def attempt(self, step: Callable[..., object], *given: object, **named: object) -> bool:
        """Whether DEAR let it be done."""
        try:
            step(*given, **named)
        except DearRefusal:
            self.refused += 1
            return False
        return True

    def later(self, most: int = 9) -> str | None:
        """A few days on; None when that day has not come yet."""
        day = self.day + timedelta(days=self.chance.random.randrange(most + 1))
        if self.last is not None and day > self.last:
            return None
        self.day = day
        return day.isoformat()

    def party(self, side: Side) -> Row:
        abroad = self.abroad[side.party]
        if abroad and (not self.home[side.party] or self.chance.often(self.habits.foreign)):
            return self.chance.random.choice(abroad)
        return self.chance.favourite(self.home[side.party])


def play(
    state: DearState,
    seed: int,
    *,
    purchases: int,
    sales: int,
    start: date,
    days: int | None = None,
    habits: Habits | None = None,
    switches: DearSwitches | None = None,
) -> Played:
    """Play so many purchases and sales, ordered evenly over ``days`` from ``start`` on.

    What would come after those days has not happened yet; without ``days`` some four orders are
    placed a day and everything comes to its end. Each document is stamped on the day of its last
    step, or now when that day is still to come.
    """
    player = _player(state, seed, habits or Habits(), switches or DearSwitches())
    bought: list[str] = []
    sold: list[str] = []
    kinds = ["purchase"] * purchases + ["sale"] * sales
    player.chance.random.shuffle(kinds)
    if days is not None:
        player.last = start + timedelta(days=days - 1)
    span = days if days is not None else max(1, len(kinds) // 4)
    for number, kind in enumerate(kinds):
        player.day = start + timedelta(days=number * span // len(kinds))
        side = PURCHASE if kind == "purchase" else SALE
        row = _begin(player, side)
        if row is None:
            continue
        (bought if side is PURCHASE else sold).append(row.id)
        (_buy if side is PURCHASE else _sell)(player, row)
        _stamp(player, side, row)
    return Played(tuple(bought), tuple(sold), start, player.refused)


def _player(state: DearState, seed: int, habits: Habits, switches: DearSwitches) -> _Player:
    chance = Chance(Random(seed))
    taxed, untaxed = tax_names(state)
    parties = {kind: _active(state, kind) for kind in ("supplier", "customer")}
    products = _active(state, "product")
    currency = state.me["Currency"]
    return _Player(
        desk=Desk(state, switches),
        chance=chance,
        habits=habits,
        goods=Goods(
            chance=chance,
            habits=habits,
            stock=[row for row in products if row.fields["Type"] == "Stock"],
            services=[row for row in products if row.fields["Type"] == "Service"],
            taxed=taxed,
            untaxed=untaxed,
        ),
        numbers=Numbers(chance, habits, {}),
        day=date.min,
        last=None,
        home={k: [r for r in v if r.fields["Currency"] == currency] for k, v in parties.items()},
        abroad={k: [r for r in v if r.fields["Currency"] != currency] for k, v in parties.items()},
    )


def _active(state: DearState, kind: str) -> list[Row]:
    return [row for row in state[kind] if row.fields["Status"] == "Active"]


def _stamp(player: _Player, side: Side, row: Row) -> None:
    state, random = player.desk.state, player.chance.random
    clock = time(random.randrange(8, 18), random.randrange(60), random.randrange(60), tzinfo=UTC)
    at = datetime.combine(player.day, clock) + timedelta(milliseconds=row.order % 1000)
    state.stamp(side.kind, row, min(at, state.now()))


def _begin(player: _Player, side: Side) -> Row | None:
    """A header and an order, authorised unless it stays a draft."""
    state, chance, habits = player.desk.state, player.chance, player.habits
    party = player.party(side)
    given: Fields = {
        side.party_key: party.id,
        "TaxCalculation": "Inclusive" if chance.often(habits.inclusive) else "Exclusive",
        "OrderDate": player.day.isoformat(),
        "SaleOrderDate": player.day.isoformat(),
        "Note": f"Order {len(state[side.kind].rows) + 1}",
        "Status": "DRAFT" if chance.often(habits.draft) else "AUTHORISED",
        **_sort(player, side),
        **_tax(player, side, party),
    }
    if party.fields["Currency"] != state.me["Currency"]:
        given["CurrencyRate"] = Decimal(chance.random.randint(5000, 20000)) / 10000
    if not given.get("ServiceOnly"):  # such a sale has no order, only its invoice
        given |= _order(player, side, service=bool(given.get("IsServiceOnly")))
    if not player.attempt(player.desk.create, side, given):
        return None
    return next(reversed(state[side.kind].rows.values()))


def _sort(player: _Player, side: Side) -> Fields:
    chance, habits = player.chance, player.habits
    kind = "Simple" if chance.often(habits.simple) else "Advanced"
    service = bool(player.goods.services) and chance.often(habits.service)
    if side is PURCHASE:
        approach = "STOCK" if chance.often(habits.stock_first) else "INVOICE"
        return {"PurchaseType": kind, "Approach": approach, "IsServiceOnly": service}
    reference = f"PO {chance.random.randrange(10_000, 99_999)}" if chance.often(0.5) else ""
    return {"SaleType": kind, "ServiceOnly": service, "CustomerReference": reference}


def _tax(player: _Player, side: Side, party: Row) -> Fields:
    goods = player.goods
    if side is PURCHASE:
        taxed = player.chance.often(player.habits.taxed_purchase)
        return {"TaxRule": goods.taxed} if taxed else {}
    if player.chance.often(player.habits.other_tax):
        usual = party.fields["TaxRule"]
        return {"TaxRule": goods.untaxed if usual == goods.taxed else goods.taxed}
    return {}


def _order(player: _Player, side: Side, *, service: bool) -> Fields:
    """Lines and charges of the order; of charges alone where nothing is stocked."""
    goods, chance, habits = player.goods, player.chance, player.habits
    lines = [] if service else [goods.line(row, PRICES[side.kind]) for row in goods.chosen()]
    charges = []
    if goods.services and (service or chance.often(habits.freight)):
        charges = [_charge(player, side) for _ in range(1 + chance.often(0.1))]
    if chance.often(habits.nothing):
        for line in [*lines, *charges]:
            line["Price"] = Decimal(0)
    return {"Lines": lines, "AdditionalCharges": charges}


def _charge(player: _Player, side: Side) -> Fields:
    service = player.chance.random.choice(player.goods.services)
    line = player.goods.line(service, PRICES[side.kind])
    if side is SALE and player.chance.often(0.5):
        line["TaxRule"] = player.goods.untaxed
    return line


def _parts(player: _Player, row: Row, counts: tuple[int, ...]) -> list[Fields]:
    """The order as the bills of it: whole lines, or a part of a line's quantity, to each."""
    random, order = player.chance.random, row.fields["Order"]
    lines = [_as_line(line) for line in order["Lines"]]
    count = min(random.choice(counts), sum(max(1, int(line["Quantity"])) for line in lines) or 1)
    shares: list[list[Fields]] = [[] for _ in range(count)]
    for position, line in enumerate(lines):
        if count > 1 and line["Quantity"] >= count and (random.random() < 0.4 or len(lines) == 1):
            part = (line["Quantity"] / count).quantize(Decimal(1))
            for share in shares[:-1]:
                share.append({**line, "Quantity": part})
            line = {**line, "Quantity": line["Quantity"] - part * (count - 1)}
            shares[-1].append(line)
        else:
            shares[position % count].append(line)
    charges = [_as_line(line) for line in order["AdditionalCharges"]]
    full = [share for share in shares if share] or ([[]] if charges else [])
    return [
        {"Lines": share, "AdditionalCharges": charges if number == 0 else []}
        for number, share in enumerate(full)
    ]


def _as_line(line: Mapping[str, Any]) -> Fields:
    return {name: line[name] for name in KEPT if line.get(name) is not None}


def _buy(player: _Player, row: Row) -> None:
    """Received and billed, in one go or several, in the order of its approach."""
    desk, chance, habits = player.desk, player.chance, player.habits
    if row.fields["Order"]["Status"] == "AUTHORISED":
        stock_first = row.fields["Approach"] == "STOCK"
        if stock_first:
            _receive(player, row)
        if not chance.often(habits.unbilled):
            simple = row.fields["Type"] == "Simple Purchase"
            for part in _parts(player, row, (1,) if simple else BILLS):
                _bill(player, row, part)
            if not stock_first:
                _receive(player, row)
            if chance.often(habits.paid) and (day := player.later()) is not None:
                player.attempt(desk.pay, PURCHASE, row, {"DatePaid": day})
    _afterwards(player, PURCHASE, row)


def _receive(player: _Player, row: Row) -> None:
    """What is outstanding, or half of it first."""
    if row.fields["IsServiceOnly"] or not row.fields["Order"]["Lines"]:
        return
    if not player.chance.often(0.9) or (day := player.later(5)) is None:
        return
    half: dict[str, Decimal] = {}
    for line in row.fields["Order"]["Lines"]:
        half[line["ProductID"]] = (line["Quantity"] / 2).quantize(Decimal(1))
    first = [
        {"ProductID": product, "Quantity": quantity, "Date": day}
        for product, quantity in half.items()
        if quantity
    ]
    if first and row.fields["Type"] != "Simple Purchase" and player.chance.often(0.2):
        player.attempt(player.desk.receive, row, {"Lines": first})
    if not first or player.chance.often(0.95):
        player.attempt(player.desk.receive, row, {})


def _bill(player: _Player, row: Row, part: Fields) -> None:
    chance, habits = player.chance, player.habits
    day = player.later()
    if day is None:
        return
    if chance.often(habits.early_bill):
        day = (date.fromisoformat(row.fields["OrderDate"][:10]) - timedelta(days=1)).isoformat()
    for line in part["Lines"]:
        if chance.often(habits.repriced):
            line["Price"] = (line["Price"] * chance.random.randint(97, 104) / 100).quantize(FOUR)
    if player.goods.services and chance.often(habits.late_freight):
        part["AdditionalCharges"] = [*part["AdditionalCharges"], _charge(player, PURCHASE)]
    number = player.numbers.next(row.fields["SupplierID"])
    given = {
        **part,
        "InvoiceDate": day,
        "InvoiceNumber": number or "-",
        "Status": "DRAFT" if chance.often(habits.draft_bill) else "AUTHORISED",
    }
    if player.attempt(player.desk.invoice, PURCHASE, row, given) and number is None:
        # DEAR's screens demand a number; an import of old bills leaves it out.
        row.fields["Invoice"][-1]["InvoiceNumber"] = ""


def _sell(player: _Player, row: Row) -> None:
    """Shipped and invoiced, sometimes paid."""
    desk, chance, habits = player.desk, player.chance, player.habits
    service = row.fields["IsServiceOnly"]
    if service or row.fields["Order"]["Status"] == "AUTHORISED":
        if not service and chance.often(habits.shipped) and (day := player.later(5)) is not None:
            player.attempt(desk.ship, row, {"ShipmentDate": day})
        if not chance.often(habits.unbilled):
            for part in _sold(player, row):
                if (day := player.later(5)) is not None:
                    status = "DRAFT" if chance.often(habits.draft_bill) else "AUTHORISED"
                    given = {**part, "InvoiceDate": day, "Status": status}
                    player.attempt(desk.invoice, SALE, row, given)
            if chance.often(habits.paid) and (day := player.later()) is not None:
                player.attempt(desk.pay, SALE, row, {"DatePaid": day})
    _afterwards(player, SALE, row)


def _sold(player: _Player, row: Row) -> list[Fields]:
    if row.fields["IsServiceOnly"]:
        return [{"Lines": [], "AdditionalCharges": [_charge(player, SALE)]}]
    return _parts(player, row, DEALS if row.fields["Type"] == "Advanced Sale" else (1,))


def _afterwards(player: _Player, side: Side, row: Row) -> None:
    """Now and then something is undone, credited or voided, a draft as well as a posted one."""
    desk, chance, habits = player.desk, player.chance, player.habits
    arrays = ("Invoice", "Invoices")
    billed = any(part["Status"] in LIVE for name in arrays for part in row.fields.get(name, ()))
    if billed and chance.often(habits.undone):
        called = "" if chance.often(0.3) else "invoice"
        player.attempt(desk.end, side, row, void=False, called=called)
    elif billed and chance.often(habits.credited):
        if (day := player.later()) is not None:
            player.attempt(desk.credit, side, row, {"CreditNoteDate": day})
    elif chance.often(habits.voided):
        called = "invoice" if billed and chance.often(0.3) else ""
        player.attempt(desk.end, side, row, void=True, called=called)
