"""Small drawings beside the figures: bars, and steps from one total to another. Pure.

Each is an SVG without text: the figures stand in the table around it, so that nothing is lost to
who cannot see it. Places are thousandths of the width, worked out in ``Decimal``.
"""

from collections.abc import Sequence
from decimal import Decimal

from daemon.report.markup import Markup, tag

SPAN = Decimal(1000)
HEIGHT = 18
LEAST = Decimal(3)
"""A difference of one cent is drawn too."""


def bar(amount: Decimal, most: Decimal, *, look: str) -> Markup:
    """A bar from the left, as long as ``amount`` is of ``most``."""
    width = SPAN * abs(amount) / most if most else Decimal()
    return _drawing(_rect(Decimal(), max(width, LEAST if amount else Decimal()), look))


class Steps:
    """A waterfall drawn row by row: where each step begins and ends between two totals.

    The scale shows the way from the first total to the last, not the totals themselves: beside
    them no difference would be seen.
    """

    def __init__(self, steps: Sequence[Decimal]) -> None:
        places = [Decimal()]
        for step in steps:
            places.append(places[-1] + step)
        self._low, self._high = min(places), max(places)
        self._at = Decimal()

    @property
    def is_flat(self) -> bool:
        return self._low == self._high

    def total(self) -> Markup:
        """A mark where the amount stands now."""
        x = self._x(self._at)
        return _drawing(self._rule(), _rect(min(x, SPAN - 8), Decimal(8), "mark"))

    def step(self, amount: Decimal, *, look: str) -> Markup:
        """The way of one line; the next begins where it ends."""
        begin, end = self._x(self._at), self._x(self._at + amount)
        self._at += amount
        width = max(abs(end - begin), LEAST if amount else Decimal())
        x = min(begin, end, SPAN - width)
        return _drawing(self._rule(), _rect(x, width, look) if amount else Markup())

    def _x(self, amount: Decimal) -> Decimal:
        if self.is_flat:
            return SPAN / 2
        return SPAN * (amount - self._low) / (self._high - self._low)

    def _rule(self) -> Markup:
        """Where the first total stands."""
        x = _place(self._x(Decimal()))
        return tag("line", x1=x, x2=x, y1="0", y2=str(HEIGHT), class_="rule")


def _rect(x: Decimal, width: Decimal, look: str) -> Markup:
    if not width:
        return Markup()
    return tag("rect", x=_place(x), width=_place(width), y="4", height=str(HEIGHT - 8), class_=look)


def _place(x: Decimal) -> str:
    return f"{x:.1f}"


def _drawing(*shapes: Markup) -> Markup:
    box = f"0 0 {SPAN} {HEIGHT}"
    return tag("svg", *shapes, viewBox=box, preserveAspectRatio="none", aria_hidden="true")
