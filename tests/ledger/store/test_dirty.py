"""Which records get another look, when, and when they stop asking for it."""

from collections.abc import Callable

import pytest

from ledger.model.entries import (
    Approved,
    BaselineAdvanced,
    ConfigApplied,
    ConflictResolved,
    Linked,
    OutcomeUnknown,
    Quarantined,
    Rejected,
    Released,
    Restored,
    Retried,
    Swept,
    Tombstoned,
    Unlinked,
    VersionMoved,
)
from ledger.model.facts import Hold, HoldCode, Problem
from ledger.model.ids import Digest, Kind, OperationId, RecordId, RequestId
from ledger.model.outcomes import RefusalKind
from ledger.store.ledger import Draft, Ledger
from ledger.store.views import Views
from tests.ledger.store.support import (
    DEAR,
    QBO,
    confirm,
    hold,
    intend,
    item,
    item_ref,
    join,
    missing,
    operation,
    plan,
    see,
    vendor_ref,
)


async def dirty(ledger: Ledger) -> set[RecordId]:
    return set(await ledger.read(lambda views: views.dirty(1000)))


async def settle(ledger: Ledger) -> None:
    """Everything was looked at as of now."""
    head, _ = await ledger.read(Views.head)
    draft = ledger.draft()
    draft.decided(await dirty(ledger), as_of=head)
    await ledger.append(draft)
    assert await dirty(ledger) == set()


@pytest.fixture
async def pair(ledger: Ledger) -> RecordId:
    """One record linked in both systems, with an operation under way; nothing is dirty."""
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1))
    see(draft, ledger, item_ref(QBO, 1))
    see(draft, ledger, item_ref(QBO, 2))
    join(draft, record, item_ref(QBO, 1))
    plan(draft, operation(record))
    intend(draft, "r1", [operation(record)])
    await ledger.append(draft)
    await settle(ledger)
    return record


def refuse(refusal: RefusalKind) -> Callable[[Draft, RecordId], None]:
    def add(draft: Draft, record: RecordId) -> None:
        draft.add(
            Rejected(
                request=RequestId("r1"),
                operation=OperationId("op-1"),
                record=record,
                refusal=refusal,
                code="6240",
                message="no",
            )
        )

    return add


MARKING: dict[str, Callable[[Draft, RecordId], None]] = {
    "Tombstoned": lambda d, r: d.add(Tombstoned(ref=item_ref(QBO, 1), evidence="read: 610")),
    "Quarantined": lambda d, r: d.add(
        Quarantined(ref=item_ref(QBO, 1), problem=Problem(code="malformed", message="no name"))
    ),
    "Unlinked": lambda d, r: d.add(Unlinked(record=r, ref=item_ref(QBO, 1), reason="mistake")),
    "ConflictResolved": lambda d, r: d.add(
        ConflictResolved(
            record=r, field="name", take=QBO, value_digest=Digest("v"), by="ann", reason=""
        )
    ),
    "Retried": lambda d, r: d.add(Retried(record=r, by="ann", reason="fixed")),
    "stale": refuse(RefusalKind.STALE),
    "not sent": refuse(RefusalKind.NOT_SENT),
    "invalid": refuse(RefusalKind.INVALID),
    "Approved": lambda d, r: d.add(
        Approved(
            digests=(operation(r, "op-2").digest,), by="ann", expires_at="2025-04-01T00:00:00Z"
        )
    ),
}

QUIET: dict[str, Callable[[Draft, RecordId], None]] = {
    "VersionMoved": lambda d, r: d.add(
        VersionMoved(
            ref=item_ref(QBO, 1), version="9", payload=d.body(b'{"record":{"kind":"item"}}')
        )
    ),
    "BaselineAdvanced": lambda d, r: d.add(
        BaselineAdvanced(record=r, images={QBO: d.body(b"{}")}, mapping_version=1)
    ),
    "Held": lambda d, r: hold(d, missing(r)),
    "Released": lambda d, r: d.add(Released(record=r, subject="x", reason="")),
    "Planned": lambda d, r: plan(d, operation(r, "op-3")),
    "OutcomeUnknown": lambda d, r: d.add(OutcomeUnknown(request=RequestId("r1"), reason="lost")),
    "Swept": lambda d, r: d.add(Swept(system=QBO, kind=Kind.ITEM, sweep="s", seen=2, absent=0)),
    "Linked again": lambda d, r: d.add(
        Linked(record=r, ref=item_ref(QBO, 1), how="sku", evidence="")
    ),
}


@pytest.mark.parametrize("name", sorted(MARKING))
async def test_an_entry_that_asks_for_another_look(
    ledger: Ledger, pair: RecordId, name: str
) -> None:
    before = ledger.draft()
    plan(before, operation(pair, "op-2"))
    await ledger.append(before)
    draft = ledger.draft()
    MARKING[name](draft, pair)
    await ledger.append(draft)
    assert pair in await dirty(ledger)


@pytest.mark.parametrize("name", sorted(QUIET))
async def test_an_entry_that_does_not(ledger: Ledger, pair: RecordId, name: str) -> None:
    draft = ledger.draft()
    QUIET[name](draft, pair)
    await ledger.append(draft)
    assert await dirty(ledger) == set()


async def test_new_content_and_our_own_confirmed_write_ask_for_a_look(
    ledger: Ledger, pair: RecordId
) -> None:
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1), item("Other"))
    await ledger.append(draft)
    assert await dirty(ledger) == {pair}
    await settle(ledger)
    draft = ledger.draft()
    confirm(draft, ledger, "r1", operation(pair), item_ref(QBO, 1), item("Widget 1"))
    await ledger.append(draft)
    assert await dirty(ledger) == {pair}


async def test_what_moved_after_the_look_stays_dirty(ledger: Ledger, pair: RecordId) -> None:
    as_of, _ = await ledger.read(Views.head)
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1), item("Moved meanwhile"))
    await ledger.append(draft)
    late = ledger.draft()
    late.decided([pair], as_of=as_of)
    await ledger.append(late)
    assert await dirty(ledger) == {pair}


async def test_a_linked_pair_is_one_record_with_one_look(ledger: Ledger, pair: RecordId) -> None:
    draft = ledger.draft()
    lone = see(draft, ledger, item_ref(DEAR, 2))
    await ledger.append(draft)
    emptied = await ledger.read(lambda views: views.record_of(item_ref(QBO, 2)))
    assert emptied is not None
    draft = ledger.draft()
    join(draft, lone, item_ref(QBO, 2))
    await ledger.append(draft)
    assert await dirty(ledger) == {lone}
    assert await ledger.read(lambda views: views.view(emptied)) is None


async def test_the_dirty_set_is_read_in_pages(ledger: Ledger) -> None:
    draft = ledger.draft()
    records = {see(draft, ledger, item_ref(QBO, number)) for number in range(25)}
    await ledger.append(draft)

    def pages(views: Views) -> list[RecordId]:
        found: list[RecordId] = []
        while page := views.dirty(10, after=found[-1] if found else ""):
            assert len(page) <= 10
            found += page
        return found

    found = await ledger.read(pages)
    assert found == sorted(records)
    assert await ledger.read(Views.dirty_count) == 25


@pytest.mark.parametrize("event", ["Observed", "Linked", "Confirmed", "BaselineAdvanced"])
async def test_a_hold_is_woken_by_the_record_it_waits_for(
    ledger: Ledger, pair: RecordId, event: str
) -> None:
    draft = ledger.draft()
    vendor = see(draft, ledger, vendor_ref(DEAR, 1))
    see(draft, ledger, vendor_ref(QBO, 1))
    hold(draft, missing(pair, waits_for=[vendor]))
    create = operation(vendor, "create")
    plan(draft, create)
    intend(draft, "r2", [create])
    await ledger.append(draft)
    await settle(ledger)

    draft = ledger.draft()
    match event:
        case "Observed":
            see(draft, ledger, vendor_ref(DEAR, 1), item("renamed"))
        case "Linked":
            join(draft, vendor, vendor_ref(QBO, 1))
        case "Confirmed":
            confirm(draft, ledger, "r2", create, vendor_ref(QBO, 5), item("made"))
        case _:
            images = {DEAR: draft.body(b"{}")}
            draft.add(BaselineAdvanced(record=vendor, images=images, mapping_version=1))
    await ledger.append(draft)
    assert pair in await dirty(ledger)


async def test_a_hold_wakes_no_more_once_it_is_released_or_replaced(
    ledger: Ledger, pair: RecordId
) -> None:
    draft = ledger.draft()
    first = see(draft, ledger, vendor_ref(DEAR, 1))
    second = see(draft, ledger, vendor_ref(DEAR, 2))
    hold(draft, missing(pair, waits_for=[first]))
    hold(draft, missing(pair, waits_for=[second]))
    await ledger.append(draft)
    await settle(ledger)
    draft = ledger.draft()
    see(draft, ledger, vendor_ref(DEAR, 1), item("moved"))
    await ledger.append(draft)
    assert await dirty(ledger) == {first}
    draft = ledger.draft()
    draft.add(Released(record=pair, subject=missing(pair).subject, reason="it is there"))
    see(draft, ledger, vendor_ref(DEAR, 2), item("moved"))
    await ledger.append(draft)
    assert await dirty(ledger) == {first, second}


async def test_a_hold_is_woken_by_a_key_that_appears(ledger: Ledger, pair: RecordId) -> None:
    waiting = Hold(
        record=pair,
        code=HoldCode.MISSING_REFERENCE,
        text="No vendor is called Acme.",
        cure="Make it.",
        waits_for_keys=((QBO, "vendor", "name", "acme"),),
    )
    draft = ledger.draft()
    hold(draft, waiting)
    await ledger.append(draft)
    draft = ledger.draft()
    other = see(draft, ledger, item_ref(QBO, 77), item("Acme"))  # of another kind
    await ledger.append(draft)
    assert await dirty(ledger) == {other}
    await settle(ledger)
    draft = ledger.draft()
    acme = see(draft, ledger, vendor_ref(QBO, 1), item("ACME"))
    await ledger.append(draft)
    assert await dirty(ledger) == {acme, pair}
    await settle(ledger)
    draft = ledger.draft()
    see(draft, ledger, vendor_ref(QBO, 1), item("ACME", price="9"))  # the key was there before
    await ledger.append(draft)
    assert await dirty(ledger) == {acme}


async def test_another_configuration_asks_for_everything_again(
    ledger: Ledger, pair: RecordId
) -> None:
    async def apply(config: str, version: int) -> set[RecordId]:
        draft = ledger.draft()
        draft.add(ConfigApplied(config=Digest(config), mapping_version=version))
        await ledger.append(draft)
        marked = await dirty(ledger)
        await settle(ledger)
        return marked

    assert len(await apply("a", 1)) == 2
    assert await apply("a", 1) == set()
    assert len(await apply("b", 1)) == 2
    assert len(await apply("b", 2)) == 2
    assert await ledger.read(lambda views: (views.config(), views.mapping_version())) == ("b", 2)


async def test_a_restore_asks_for_everything_again(ledger: Ledger, pair: RecordId) -> None:
    draft = ledger.draft()
    draft.add(Restored(backup_seq=1, backup_hash="00", by="ann"))
    await ledger.append(draft)
    assert len(await dirty(ledger)) == 2
