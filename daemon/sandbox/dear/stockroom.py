"""Stock on hand: lots come in, are drawn oldest first, and are promised to sales.

Nothing here checks documents; what a caller may not do (draw more than there is, take back a lot
that was drawn from) is asked first with ``on_hand`` and ``untouched``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from daemon.sandbox.dear.holdings import Draw, Lot, Place, event_key
from daemon.sandbox.dear.money import FOUR, ZERO
from daemon.sandbox.dear.state import DearState, Stock


@dataclass(frozen=True, slots=True)
class Event:
    """Why stock moves."""

    task: str
    master: str
    date: str
    number: str
    type: str

    @property
    def key(self) -> str:
        return event_key(self.task, self.type)


def shelf(state: DearState, place: Place) -> list[Lot]:
    """The lots of a product at a place; what the company opened with is its first."""
    lots = state.holdings.shelves.get(place)
    if lots is None:
        lots = state.holdings.shelves[place] = []
        stock = state.stock_at(place)
        if stock is not None and stock.on_hand:
            event = Event("", "", str(state.me.get("OpeningBalanceDate") or ""), "", "Opening")
            cost = stock.value / stock.on_hand
            _keep(state, place, _lot(state, place, stock.on_hand, cost, event))
    return lots


def _lot(state: DearState, place: Place, quantity: Decimal, cost: Decimal, event: Event) -> Lot:
    state.holdings.count += 1
    return Lot(
        card=state.new_id(),
        task=event.task,
        master=event.master,
        product=place[0],
        location=place[1],
        date=event.date,
        quantity=quantity,
        left=quantity,
        cost=cost,
        order=state.holdings.count,
        type=event.type,
        number=event.number,
    )


def _keep(state: DearState, place: Place, lot: Lot) -> None:
    state.holdings.lots[lot.card] = lot
    state.holdings.brought.setdefault(lot.key, []).append(lot.card)
    lots = state.holdings.shelves[place]
    lots.append(lot)
    lots.sort(key=lambda one: (one.date, one.order))


def on_hand(state: DearState, place: Place) -> Decimal:
    return sum((lot.left for lot in shelf(state, place)), ZERO)


def receive(state: DearState, place: Place, quantity: Decimal, cost: Decimal, event: Event) -> Lot:
    """A lot comes in."""
    shelf(state, place)
    lot = _lot(state, place, quantity, cost, event)
    _keep(state, place, lot)
    refresh(state, place)
    return lot


def lots_of(state: DearState, key: str) -> list[Lot]:
    """Lots that an event brought in."""
    return [state.holdings.lots[card] for card in state.holdings.brought.get(key, [])]


def untouched(state: DearState, cards: Iterable[str], *, besides: str = "") -> bool:
    """Whether nothing was drawn from these lots, but by the document ``besides``."""
    drawn = state.holdings.drawn
    return all(made.master == besides for card in cards for made in drawn.get(card, ()))


def take_back(state: DearState, cards: Iterable[str]) -> None:
    """The lots were never received; call only when they are untouched."""
    for card in tuple(cards):
        lot = state.holdings.lots.pop(card)
        state.holdings.brought[lot.key].remove(card)
        place = (lot.product, lot.location)
        state.holdings.shelves[place].remove(lot)
        refresh(state, place)


def draw(
    state: DearState, place: Place, quantity: Decimal, event: Event, *, card: str = ""
) -> None:
    """Take a quantity from the oldest lots, or from the one lot of a card."""
    for lot in shelf(state, place):
        part = min(quantity, lot.left)
        if not part or (card and lot.card != card):
            continue
        quantity -= part
        lot.left -= part
        made = Draw(
            card=lot.card,
            task=event.task,
            master=event.master,
            product=lot.product,
            location=lot.location,
            date=event.date,
            quantity=part,
            type=event.type,
            number=event.number,
        )
        state.holdings.draws.setdefault(event.key, []).append(made)
        state.holdings.drawn.setdefault(lot.card, []).append(made)
    refresh(state, place)


def undraw(state: DearState, key: str) -> None:
    """What an event drew is back in its lots."""
    places = set[Place]()
    for made in state.holdings.draws.pop(key, []):
        lot = state.holdings.lots[made.card]
        lot.left += made.quantity
        state.holdings.drawn[made.card].remove(made)
        places.add((made.product, made.location))
    for place in sorted(places):
        refresh(state, place)


def cost_of(state: DearState, draws: Iterable[Draw]) -> Decimal:
    """What the drawn goods cost by what is known now."""
    return sum((made.quantity * state.holdings.lots[made.card].cost for made in draws), ZERO)


def refresh(state: DearState, place: Place) -> None:
    """Quantity, value, average cost and allocation follow from the lots."""
    lots = shelf(state, place)
    stock = state.stock_at(place)
    if stock is None:
        stock = Stock(*place)
        state.keep_stock(stock)
    stock.on_hand = sum((lot.left for lot in lots), ZERO)
    value = sum((lot.left * lot.cost for lot in lots), ZERO)
    stock.value = value.quantize(FOUR)
    product = state["product"].get(place[0])
    if product is not None and stock.on_hand:
        product.fields["AverageCost"] = (value / stock.on_hand).quantize(FOUR)
    _allocate(state, place, stock)


def _allocate(state: DearState, place: Place, stock: Stock) -> None:
    left = stock.on_hand
    grants: dict[str, Decimal] = {}
    for sale, need in state.holdings.needs.get(place, {}).items():
        grants[sale] = min(need, left)
        left -= grants[sale]
    state.holdings.grants[place] = grants
    stock.allocated = stock.on_hand - left


def need(state: DearState, sale: str, wanted: Mapping[Place, Decimal]) -> None:
    """What a sale waits for is this; what it no longer waits for is free for others."""
    needs = state.holdings.needs
    before = state.holdings.waiting.pop(sale, frozenset())
    if wanted:
        state.holdings.waiting[sale] = frozenset(wanted)
    for place in sorted(before | set(wanted)):
        if wanted.get(place):
            needs.setdefault(place, {})[sale] = wanted[place]
        else:
            needs.get(place, {}).pop(sale, None)
        refresh(state, place)


def granted(state: DearState, place: Place, sale: str) -> Decimal:
    return state.holdings.grants.get(place, {}).get(sale, ZERO)


def coming(state: DearState, purchase: str, wanted: Mapping[Place, Decimal]) -> None:
    """What a purchase still brings is this."""
    before = state.holdings.coming.pop(purchase, {})
    state.holdings.coming[purchase] = dict(wanted)
    for place in sorted(set(before) | set(wanted)):
        stock = state.stock_at(place)
        if stock is None:
            refresh(state, place)
            stock = state.stock_at(place)
        if stock is not None:
            stock.on_order += wanted.get(place, ZERO) - before.get(place, ZERO)


def movements(state: DearState, product: str) -> list[dict[str, Any]]:
    """Everything that moved a product, as its Movements show it; the opening is the first."""
    rows: list[dict[str, Any]] = []
    for place in state.places(product):
        for lot in shelf(state, place):
            rows.append(_movement(lot, lot, lot.quantity))
            rows += [
                _movement(lot, made, -made.quantity)
                for made in state.holdings.drawn.get(lot.card, [])
            ]
    return sorted(rows, key=lambda row: str(row["Date"]))


def _movement(lot: Lot, why: Lot | Draw, quantity: Decimal) -> dict[str, Any]:
    return {
        "TaskID": why.task or None,
        "Type": why.type,
        "Date": why.date,
        "Number": why.number,
        "Status": "AUTHORISED",
        "Quantity": quantity,
        "Amount": (quantity * lot.cost).quantize(FOUR),
        "Location": lot.location,
        "BatchSN": lot.batch,
        "ExpiryDate": lot.expiry,
        "FromTo": None,
    }
