"""How one item stands: ours and alive, ours and gone, unknown to the source, out of scope.

Pure: one record in, one word out. Must not look anything up.
"""

from decimal import Decimal
from enum import StrEnum

from daemon.catalogue.words import Options
from ledger.model.facts import RecordView, Side
from ledger.model.ids import SystemName
from ledger.model.keys import fold
from ledger.model.records import Item

TRACKED = "inventory"
"""The type of items whose quantity the books keep."""


class Standing(StrEnum):
    """Where a product of the source and an item of the books stand to each other."""

    ALIVE = "alive"
    """Linked, and active on both sides."""
    INACTIVE = "inactive"
    """Linked; inactive in the books, active in the source."""
    GONE = "gone"
    """Linked; removed from the books for good."""
    MISSING = "missing"
    """Active in the source; the books have none that is linked."""
    RESTING = "resting"
    """Not active in the source: nothing is due."""
    UNKNOWN = "unknown"
    """Active in the books, and the source does not know it."""
    UNKNOWN_INACTIVE = "unknown_inactive"
    """Inactive in the books, and the source does not know it."""
    OUT_OF_SCOPE = "out_of_scope"
    UNREADABLE = "unreadable"


def classify(view: RecordView, *, source: SystemName, books: SystemName) -> Standing:
    """The word for one record of kind item."""
    here, there = view.sides.get(books), view.sides.get(source)
    if (here and here.out_of_scope) or (there and there.out_of_scope):
        return Standing.OUT_OF_SCOPE
    if (here and here.problem) or (there and there.problem):
        return Standing.UNREADABLE
    if there is None:
        if here is None or here.tombstone:
            return Standing.RESTING
        return Standing.UNKNOWN if _is_active(here) else Standing.UNKNOWN_INACTIVE
    if not _is_active(there):
        return Standing.RESTING
    if here is None:
        return Standing.MISSING
    if here.tombstone:
        return Standing.GONE
    return Standing.ALIVE if _is_active(here) else Standing.INACTIVE


def _is_active(side: Side) -> bool:
    return side.is_live and getattr(side.record, "active", None) is not False


def is_chosen(view: RecordView, standing: Standing, options: Options, *, books: SystemName) -> bool:
    """Whether the options put this product into the plan."""
    if options.only and not ({fold(sku.strip()) for sku in options.only} & _skus(view)):
        return False
    if options.as_type:
        wanted = {Standing.ALIVE, Standing.INACTIVE, Standing.GONE}
        return standing in wanted and is_tracked(view, books=books)
    if options.missing_only:
        return standing in {Standing.GONE, Standing.MISSING}
    return standing in {Standing.INACTIVE, Standing.GONE, Standing.MISSING}


def _skus(view: RecordView) -> set[str]:
    return {
        fold(side.record.sku.strip())
        for side in view.sides.values()
        if isinstance(side.record, Item) and isinstance(side.record.sku, str)
    }


def is_tracked(view: RecordView, *, books: SystemName) -> bool:
    """Whether the books keep the quantity of this item."""
    side = view.sides.get(books)
    return side is not None and getattr(side.record, "type", None) == TRACKED


def quantity(view: RecordView, *, books: SystemName) -> Decimal:
    """What the books have on hand of it; zero where they do not say."""
    side = view.sides.get(books)
    shown = getattr(side.record, "quantity_on_hand", None) if side is not None else None
    return shown if isinstance(shown, Decimal) else Decimal(0)
