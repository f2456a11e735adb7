"""What a person wants to know of a product before it gets a new item, and what the plan costs.

The quantity that the books have of the old item, the open question that a new item answers by the
way, and how many requests a chunk takes. Reads only; must not decide anything.
"""

import re
from collections.abc import Sequence

import msgspec

from daemon.catalogue.plan import Chosen
from daemon.catalogue.retiring import ACTIVE
from daemon.catalogue.sort import is_tracked, quantity
from daemon.catalogue.words import ANEW, WRITES, Row
from ledger.model.facts import HoldCode
from ledger.model.ids import RecordId, SystemName
from ledger.model.money import plain
from ledger.store.views import Views

_NAME = re.compile(r'"[^"]*"')
_ID = re.compile(r"(?<=with id )[\w-]+")
IN_CONFLICT = "the new item takes the source's side of an open conflict"


def remarked(
    views: Views, rows: Sequence[Row], chosen: Sequence[Chosen], *, books: SystemName
) -> list[Row]:
    """The rows with what there is to say of them; ``chosen`` in the same order."""
    disputed = _disputed(views, [row.record for row in rows if row.old and row.act in ANEW])
    told: list[Row] = []
    for row, one in zip(rows, chosen, strict=True):
        on_hand = is_tracked(one.view, books=books) and quantity(one.view, books=books)
        fields = disputed.get(row.record, "")
        if not on_hand and not fields:
            told.append(row)
            continue
        said = [row.why] if row.why else []
        said += [f"{IN_CONFLICT}: {fields}"] if fields else []
        shown = plain(on_hand) if on_hand else ""
        told.append(msgspec.structs.replace(row, quantity=shown, why="; ".join(said)))
    return told


def _disputed(views: Views, records: Sequence[RecordId]) -> dict[RecordId, str]:
    """Fields of open conflicts; whether the old item is active is what the plan itself answers."""
    if not records or not views.holds_count().get(HoldCode.CONFLICT):
        return {}
    found: dict[RecordId, str] = {}
    for record, held in views.holds_of(records).items():
        fields = [
            field.field
            for row in held
            if row.conflict is not None
            for field in row.conflict.fields
            if field.field != ACTIVE
        ]
        if fields:
            found[record] = ", ".join(field.replace("_", " ") for field in fields)
    return found


def calls_of(rows: Sequence[Row], batch: int) -> int:
    """How many requests write one chunk: what a product needs first, for all of them, then what
    can only follow that."""
    needed = [WRITES.get(row.act, 0) for row in rows]
    turns = range(1, max(needed, default=0) + 1)
    return sum(-(-sum(writes >= turn for writes in needed) // max(1, batch)) for turn in turns)


def reason_of(why: str) -> str:
    """Why products are left alone, the same for all of one cause: without what each is called."""
    return _ID.sub("#", _NAME.sub("...", why))
