"""What documents leave behind in the company: stock by lot, what was drawn, and the entries.

Values and containers only; who moves them is in ``stockroom`` and ``postings``.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeAlias

Place: TypeAlias = tuple[str, str]
"""Product id and name of the location."""


def event_key(task: str, kind: str) -> str:
    """Tells the events of a simple document apart, which share one TaskID."""
    return f"{task}#{kind}"


@dataclass(slots=True)
class Lot:
    """A quantity that came in together: the unit of FIFO."""

    card: str
    """Its CardID."""
    task: str
    master: str
    product: str
    location: str
    date: str
    quantity: Decimal
    left: Decimal
    cost: Decimal
    """Of one unit, in the base currency; zero until a purchase invoice is authorised."""
    order: int
    type: str = "Purchase"
    number: str = ""
    batch: str | None = None
    expiry: str | None = None

    @property
    def key(self) -> str:
        return event_key(self.task, self.type)


@dataclass(frozen=True, slots=True)
class Draw:
    """A quantity that left a lot."""

    card: str
    task: str
    master: str
    product: str
    location: str
    date: str
    quantity: Decimal
    type: str
    number: str


@dataclass(frozen=True, slots=True)
class Posting:
    """A balanced pair of the general ledger; the amount is in the base currency."""

    task: str
    master: str
    debit: str
    credit: str
    amount: Decimal
    date: str
    reference: str
    text: str
    type: str
    id: str = ""


@dataclass(slots=True)
class Holdings:
    lots: dict[str, Lot] = field(default_factory=dict)
    """By CardID, empty ones included."""
    brought: dict[str, list[str]] = field(default_factory=dict)
    """CardIDs by the event that brought the lots in."""
    shelves: dict[Place, list[Lot]] = field(default_factory=dict)
    """Oldest first, empty ones included."""
    draws: dict[str, list[Draw]] = field(default_factory=dict)
    """By event."""
    drawn: dict[str, list[Draw]] = field(default_factory=dict)
    """By CardID."""
    needs: dict[Place, dict[str, Decimal]] = field(default_factory=dict)
    """What authorised sales still wait for, in the order in which they were authorised."""
    waiting: dict[str, frozenset[Place]] = field(default_factory=dict)
    """Where each sale waits for something."""
    grants: dict[Place, dict[str, Decimal]] = field(default_factory=dict)
    """What of it is allocated to them."""
    coming: dict[str, dict[Place, Decimal]] = field(default_factory=dict)
    """What authorised purchases still bring, by purchase."""
    postings: dict[str, list[Posting]] = field(default_factory=dict)
    """By event, oldest first."""
    posted: dict[str, dict[str, None]] = field(default_factory=dict)
    """Events that posted, by document."""
    undone: list[Posting] = field(default_factory=list)
    """Entries of undone events and their reversals, where the company keeps them."""
    booked: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    """By shipment: what its products cost in the entries so far."""
    numbers: dict[str, int] = field(default_factory=dict)
    """Last number of every series."""
    tasks: dict[str, str] = field(default_factory=dict)
    """TaskID of a part -> ID of its document."""
    count: int = 0

    def rename_account(self, before: str, after: str) -> None:
        """Entries point at their accounts: they show the new code."""
        for rows in (*self.postings.values(), self.undone):
            rows[:] = [
                replace(
                    row,
                    debit=after if row.debit == before else row.debit,
                    credit=after if row.credit == before else row.credit,
                )
                for row in rows
            ]
