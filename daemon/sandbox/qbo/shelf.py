"""Stock of one item: layers of what was bought, first in first out, and what selling cost.

Pure: it knows quantities, values and dates, no records. Selling more than there is is allowed;
the missing part is valued at the last known cost until a later receipt says what it really cost.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_CENT: Final = Decimal("0.01")
_ZERO: Final = Decimal(0)
_MARK_EVERY: Final = 32


@dataclass(slots=True)
class Movement:
    """A quantity in (positive) or out (negative) by one line of a transaction."""

    key: tuple[str, int, int]
    """Date, id of the transaction, id of the line: the order in which stock is used up."""
    quantity: Decimal
    value: Decimal | None = None
    """What a receipt cost; None for what leaves, and for returns, which the shelf values."""
    cost: Decimal = _ZERO
    """What the shelf found, in cents: value taken out, or put in."""
    booked: Decimal | None = None
    """The cost that was last posted."""

    @property
    def source(self) -> int:
        return self.key[1]

    @property
    def effect(self) -> Decimal:
        """Change of the value of the stock."""
        return self.cost if self.quantity > 0 else -self.cost


@dataclass(slots=True)
class _Pile:
    """A quantity with its value; of a layer, or of what was sold without being there."""

    quantity: Decimal
    value: Decimal
    owner: Movement | None = None

    def take(self, quantity: Decimal) -> Decimal:
        """Remove a part; its share of the value in whole cents, the last part takes the rest."""
        if quantity == self.quantity:
            share = self.value
        else:
            share = _cents(self.value * quantity / self.quantity)
        self.quantity -= quantity
        self.value -= share
        return share


@dataclass(frozen=True, slots=True)
class _Mark:
    """The stock before the movement at ``index``, to start again from there."""

    index: int
    layers: tuple[tuple[Decimal, Decimal], ...]
    missing: tuple[tuple[Decimal, Decimal, Movement | None, Decimal], ...]
    """Quantity, value, whose it is, and the cost that this one had then."""
    last_cost: Decimal


def _cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)


@dataclass(slots=True)
class Shelf:
    """The stock of one item since tracking began with ``opening`` pieces."""

    opening: Decimal
    unit_cost: Decimal
    """Cost of a piece at the opening, and until a receipt tells another."""
    _movements: list[Movement] = field(default_factory=list)
    _by_source: dict[int, list[Movement]] = field(default_factory=dict)
    _layers: deque[_Pile] = field(default_factory=deque)
    _missing: deque[_Pile] = field(default_factory=deque)
    _last_cost: Decimal = _ZERO
    _done: int = 0
    """Movements that the layers know of."""
    _stirred: list[Movement] = field(default_factory=list)
    _marks: list[_Mark] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._restart()

    @property
    def quantity(self) -> Decimal:
        """QtyOnHand, negative when more was sold than bought."""
        layers = sum((pile.quantity for pile in self._layers), _ZERO)
        return layers - sum((pile.quantity for pile in self._missing), _ZERO)

    @property
    def value(self) -> Decimal:
        """Value of the stock in cents; what is missing counts negative, at its estimate."""
        layers = sum((pile.value for pile in self._layers), _ZERO)
        return layers - sum((pile.value for pile in self._missing), _ZERO)

    @property
    def opening_value(self) -> Decimal:
        return _cents(self.opening * self.unit_cost)

    def of(self, source: int) -> Sequence[Movement]:
        """The movements of one transaction."""
        return self._by_source.get(source, ())

    def replace(self, source: int, movements: Sequence[Movement]) -> set[int]:
        """Put these in the place of what the transaction moved before.

        Answers the transactions whose cost is no longer the one that was posted.
        """
        old = self._by_source.pop(source, [])
        if movements:
            self._by_source[source] = list(movements)
        touched = [movement.key for movement in (*old, *movements)]
        if not touched:
            return set()
        start = bisect_left(self._movements, min(touched), key=lambda m: m.key)
        for movement in old:
            at = bisect_left(self._movements, movement.key, key=lambda m: m.key)
            del self._movements[at]
        for movement in movements:
            insort(self._movements, movement, key=lambda m: m.key)
        for index in range(self._go_back(start), len(self._movements)):
            self._move(index, self._movements[index])
        changed = {m.source for m in self._stirred if m.cost != m.booked}
        self._stirred.clear()
        return changed

    def _go_back(self, index: int) -> int:
        """Put the stock back to what it was at a mark before a movement; that mark's index."""
        if index == self._done:
            return index
        while self._marks and self._marks[-1].index > index:
            self._marks.pop()
        if not self._marks:
            self._restart()
            return 0
        mark = self._marks.pop()
        self._layers = deque(_Pile(quantity, value) for quantity, value in mark.layers)
        self._missing.clear()
        for quantity, value, owner, cost in mark.missing:
            if owner is not None:
                owner.cost = cost
                self._stirred.append(owner)
            self._missing.append(_Pile(quantity, value, owner))
        self._last_cost, self._done = mark.last_cost, mark.index
        return mark.index

    def _mark(self, index: int) -> None:
        layers = tuple((pile.quantity, pile.value) for pile in self._layers)
        missing = tuple(
            (pile.quantity, pile.value, pile.owner, pile.owner.cost if pile.owner else _ZERO)
            for pile in self._missing
        )
        self._marks.append(_Mark(index, layers, missing, self._last_cost))

    def _restart(self) -> None:
        self._layers.clear()
        self._missing.clear()
        self._done = 0
        self._last_cost = self.unit_cost
        if self.opening > 0:
            self._layers.append(_Pile(self.opening, self.opening_value))
        elif self.opening < 0:
            self._missing.append(_Pile(-self.opening, -self.opening_value))

    def _move(self, index: int, movement: Movement) -> None:
        if index % _MARK_EVERY == 0:
            self._mark(index)
        self._done = index + 1
        self._stirred.append(movement)
        if movement.quantity > 0:
            self._receive(movement)
        else:
            self._issue(movement)

    def _receive(self, movement: Movement) -> None:
        movement.cost = _cents(movement.quantity * self._last_cost)
        if movement.value is not None:
            movement.cost = movement.value
            self._last_cost = movement.value / movement.quantity
        pile = _Pile(movement.quantity, movement.cost)
        while self._missing and pile.quantity:
            debt = self._missing[0]
            part = min(debt.quantity, pile.quantity)
            estimate, real = debt.take(part), pile.take(part)
            if debt.owner is not None:
                debt.owner.cost += real - estimate
                self._stirred.append(debt.owner)
            else:  # missing since the opening: what it really cost is nobody's but this receipt's
                movement.cost -= real - estimate
            if not debt.quantity:
                self._missing.popleft()
        if pile.quantity:
            self._layers.append(pile)

    def _issue(self, movement: Movement) -> None:
        wanted, movement.cost = -movement.quantity, _ZERO
        while wanted and self._layers:
            layer = self._layers[0]
            part = min(wanted, layer.quantity)
            movement.cost += layer.take(part)
            wanted -= part
            if not layer.quantity:
                self._layers.popleft()
        if wanted:
            estimate = _cents(wanted * self._last_cost)
            movement.cost += estimate
            self._missing.append(_Pile(wanted, estimate, movement))
