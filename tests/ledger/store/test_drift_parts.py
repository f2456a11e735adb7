"""A row of the drift list reads as its sides do, although most turns of its work read no side."""

import pytest

from ledger.model.entries import Unlinked
from ledger.model.ids import RecordId
from ledger.store.conditions import Operator, Term
from ledger.store.fold.runs import FEWEST
from ledger.store.ledger import Ledger
from tests.ledger.store.support import DEAR, QBO, gate, item, item_ref, join, operation, plan, see


async def found(ledger: Ledger, text: str) -> set[RecordId]:
    term = Term(column="", operator=Operator.HAS, values=(text,))
    page = await ledger.read(lambda views: views.drift_page((term,)))
    return {row.record for row in page.rows}


@pytest.mark.parametrize("many", [1, FEWEST])
async def test_a_record_is_found_by_the_name_of_whatever_part_it_has(
    ledger: Ledger, many: int
) -> None:
    numbers = range(1, many + 1)
    draft = ledger.draft()
    records = [see(draft, ledger, item_ref(DEAR, n), item(f"Bolt {n}")) for n in numbers]
    for number in numbers:
        see(draft, ledger, item_ref(QBO, number), item(f"Screw {number}"))
    operations = [operation(record, f"op-{record}") for record in records]
    for one in operations:
        plan(draft, one)
    await ledger.append(draft)
    assert await found(ledger, "bolt") == set(records)
    assert await found(ledger, "screw") == set()

    draft = ledger.draft()
    for record, number in zip(records, numbers, strict=True):
        join(draft, record, item_ref(QBO, number))
    await ledger.append(draft)
    assert await found(ledger, "screw") == set(records)

    draft = ledger.draft()
    for one in operations:
        gate(draft, one)
    await ledger.append(draft)
    assert await found(ledger, "screw") == await found(ledger, "bolt") == set(records)

    draft = ledger.draft()
    for record, number in zip(records, numbers, strict=True):
        draft.add(Unlinked(record=record, ref=item_ref(QBO, number), reason="wrong"))
    await ledger.append(draft)
    assert await found(ledger, "screw") == set()
    assert await found(ledger, "bolt") == set(records)
