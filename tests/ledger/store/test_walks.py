"""A walk through all records of a kind, in the order in which the ledger came to know them."""

from ledger.model.ids import Kind, RecordId
from ledger.store.ledger import Ledger
from tests.ledger.store.support import DEAR, QBO, item_ref, join, see, vendor_ref


async def test_each_record_comes_once_where_its_first_reference_was_shown(ledger: Ledger) -> None:
    draft = ledger.draft()
    ninth, second = (see(draft, ledger, item_ref(QBO, number)) for number in (9, 2))
    see(draft, ledger, vendor_ref(QBO, 1))
    joined, alone = (see(draft, ledger, item_ref(DEAR, number)) for number in (3, 4))
    await ledger.append(draft)
    draft = ledger.draft()
    join(draft, joined, item_ref(QBO, 2))
    await ledger.append(draft)

    walked: list[RecordId] = []
    after, sizes = 0, []
    while True:
        records, after = await ledger.read(
            lambda views, a=after: views.records_as_shown(Kind.ITEM, after=a, limit=2)  # type: ignore[misc]
        )
        if not records:
            break
        walked += records
        sizes.append(len(records))
    assert walked == [ninth, joined, alone], "the one that joined has the place of its reference"
    assert sizes == [2, 1]
    assert second not in walked
