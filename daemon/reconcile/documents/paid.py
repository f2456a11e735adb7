"""What is paid on a document of the books, and what would let go of it.

The books take payments and credits off what ends, or comes to less than they do, without a word:
neither is planned over them. Must not decide what else becomes of a document.
"""

from collections.abc import Sequence
from decimal import Decimal

from ledger.model.facts import Hold, HoldCode, RecordView
from ledger.model.money import quantise
from ledger.model.plans import Action, FieldChange
from ledger.model.records import Record
from ledger.model.values import Lines

from ..explain import money, noun, thing
from ..lines import WRITTEN_SORTS, subtotal
from ..totals import Predicted
from ..world import World
from .checks import hold
from .parties import DocumentParty

SETTLED_ENDS = frozenset({Action.VOID, Action.DELETE})
"""The ends that would unlink what is applied to a document."""
_WORTH = frozenset({"lines", "tax_total"})
"""The fields that the total of a document follows from."""


def is_settled(record: Record | None) -> bool:
    """Whether the books show payments or credits applied to it: to end it would unlink them."""
    return bool(_paid(record)) or bool(getattr(record, "settlements", None))


def applied(record: Record | None) -> str:
    """`` (Payment 145)``, as far as the books name what is applied."""
    named = getattr(record, "settlements", None)
    return f" ({named})" if isinstance(named, str) and named else ""


def moved(view: RecordView, books: DocumentParty) -> tuple[str, str, str, str]:
    """The key that a new version of the document in the books wakes: a payment moves no field that
    is compared."""
    return (books.system, view.kind.value, "moved", books.ref.id)


def is_payable(view: RecordView, books: DocumentParty, changes: Sequence[FieldChange]) -> bool:
    """Whether the changes give it another total, and payments may be in the way of that."""
    has_balance = isinstance(getattr(view.sides[books.system].record, "balance", None), Decimal)
    return has_balance and any(change.field in _WORTH for change in changes)


def with_additions(worth: Predicted, shown: Lines) -> Predicted:
    """What a document comes to with the lines of the books that stay beside those of its owner: the
    discount that a bookkeeper gave, or shipping. A discount takes its part of the tax along, as
    the books do it that take it off first."""
    beside = subtotal(Lines(tuple(x for x in shown.lines if x.sort not in WRITTEN_SORTS)))
    net, tax = worth.subtotal + beside, worth.tax
    if beside < 0 < worth.subtotal:
        tax = max(quantise(tax * net / worth.subtotal, 2), Decimal())
    return Predicted(subtotal=net, tax=tax, total=net + tax)


def below_paid(
    view: RecordView, books: DocumentParty, worth: Predicted, world: World
) -> Hold | None:
    """A hold when a document that comes to ``worth`` would let go of a part of what is paid."""
    record = view.sides[books.system].record
    total, paid = worth.total, _paid(record)
    if total >= paid:
        return None
    here, what = world.policy.title(books.system), noun(view.kind)
    held = hold(
        view,
        HoldCode.BELOW_PAID,
        f"{thing(view.kind, view.label)} would come to {money(total)} in {here}, where "
        f"{money(paid)} is paid or credited on it{applied(record)}: {money(paid - total)} of that "
        "would be left without a document.",
        f"Take the payment off the {what} in {here}, or lower what it pays of it to "
        f"{money(total)}; or correct the total in the source. The rest follows by itself.",
        world,
        field="total",
    )
    return held.also_waiting_for((moved(view, books),))


def _paid(record: Record | None) -> Decimal:
    """What payments and credits cover of it."""
    balance, total = getattr(record, "balance", None), getattr(record, "total", None)
    if not isinstance(balance, Decimal) or not isinstance(total, Decimal):
        return Decimal()
    return total - balance
