"""What views answer of records, references and history after the entries that lead there."""

from decimal import Decimal
from typing import Any

from ledger.model.encoding import comparable_bytes, encode
from ledger.model.entries import (
    Approved,
    BaselineAdvanced,
    ConflictResolved,
    FirstPlanApproved,
    Observed,
    OutcomeUnknown,
    Pinned,
    Quarantined,
    Restored,
    Retried,
    Tombstoned,
    Unlinked,
    VersionMoved,
)
from ledger.model.facts import Cursor, Observation, Problem, Rejection, Resolution
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, RequestId, record_id
from ledger.model.outcomes import RefusalKind
from ledger.model.records import Account, Vendor
from ledger.model.values import Reference, Value
from ledger.store.ledger import Ledger
from ledger.store.payloads import pack, unpack
from ledger.store.views import KindCount, Views
from tests.ledger.store.support import (
    DEAR,
    QBO,
    confirm,
    gate,
    intend,
    item,
    item_ref,
    join,
    operation,
    plan,
    see,
    vendor_ref,
)
from tests.ledger.store.view_support import reject


async def test_heads_tell_content_versions_removals_and_problems(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(QBO, 1), item("Bolt"))
    see(draft, ledger, item_ref(QBO, 2))
    problem = Problem(code="malformed", message="no name", field="Name", cure="name it")
    draft.add(Quarantined(ref=item_ref(QBO, 3), problem=problem, payload=draft.body(b"<html>")))
    await ledger.append(draft)
    refs = [item_ref(QBO, number) for number in (1, 2, 3, 4)]
    heads = await ledger.read(lambda views: views.heads(refs))
    assert list(heads) == refs[:3]
    bolt = heads[refs[0]]
    assert (bolt.record, bolt.version, bolt.seq) == (record, "1", 1)
    assert bolt.comparable == ledger.digest(comparable_bytes(item("Bolt")))
    assert heads[refs[2]].problem == problem
    assert heads[refs[2]].comparable == ""

    draft = ledger.draft()
    shown = Observation(ref=refs[0], version="2", record=item("Bolt"), raw=b'{"Id":"1","n":2}')
    draft.add(VersionMoved(ref=refs[0], version="2", payload=draft.body(pack(shown))))
    draft.add(Tombstoned(ref=refs[1], evidence="read answered 610"))
    see(draft, ledger, refs[2])
    await ledger.append(draft)
    heads = await ledger.read(lambda views: views.heads(refs))
    moved = heads[refs[0]]
    assert (moved.version, moved.seq, moved.comparable) == ("2", 1, bolt.comparable)
    assert moved.payload == ledger.digest(pack(shown))
    assert heads[refs[1]].tombstone == "read answered 610"
    assert heads[refs[2]].problem is None
    body = await ledger.read(lambda views: views.body(moved.payload))
    assert body is not None
    assert unpack(body).raw == b'{"Id":"1","n":2}'


async def test_a_removed_record_that_shows_again_is_alive(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(QBO, 1))
    draft.add(Tombstoned(ref=item_ref(QBO, 1), evidence="cdc stub"))
    await ledger.append(draft)
    view = await ledger.read(lambda views: views.view(record))
    assert view is not None
    assert not view.sides[QBO].is_live
    assert view.sides[QBO].record is not None
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1))
    await ledger.append(draft)
    view = await ledger.read(lambda views: views.view(record))
    assert view is not None
    assert view.sides[QBO].is_live


async def test_a_view_gathers_sides_baselines_intents_refusals_and_answers(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, "a"), item("Bolt", price="1.50"))
    see(draft, ledger, item_ref(QBO, 7), item("Bolt", price="1.5"))
    join(draft, record, item_ref(QBO, 7))
    image: dict[str, Value] = {
        "name": "Bolt",
        "sales_price": Decimal("1.50"),
        "active": True,
        "income_account": Reference(kind=Kind.ACCOUNT, id="9"),
        "unit": None,
    }
    images = {DEAR: draft.body(encode(image))}
    draft.add(BaselineAdvanced(record=record, images=images, mapping_version=3))
    refused, open_one = operation(record, "op-1"), operation(record, "op-2")
    plan(draft, refused)
    intend(draft, "r1", [refused])
    reject(draft, refused, RefusalKind.INVALID)
    plan(draft, open_one)
    intend(draft, "r2", [open_one])
    for take in (QBO, DEAR):
        draft.add(
            ConflictResolved(
                record=record,
                field="name",
                take=take,
                value_digest=Digest("v"),
                by="ann",
                reason="",
            )
        )
    await ledger.append(draft)
    (view,) = await ledger.read(lambda views: views.views([record, RecordId("item-none")]))
    assert set(view.sides) == {QBO, DEAR}
    assert view.sides[DEAR].record == item("Bolt", price="1.50")
    assert str(view.sides[QBO].record.sales_price) == "1.5"  # type: ignore[union-attr]
    (baseline,) = view.baselines.values()
    assert (baseline.system, baseline.fields) == (DEAR, image)
    assert (baseline.seq, baseline.mapping_version) == (4, 3)
    assert view.open_intent == "r2"
    assert view.rejections == (
        Rejection(
            operation_digest=refused.digest,
            system=QBO,
            code="6240",
            message="the name is taken",
            field="name",
            cure="rename it",
        ),
    )
    assert view.resolutions == (Resolution(field="name", take=DEAR, value_digest=Digest("v")),)

    draft = ledger.draft()
    draft.add(Retried(record=record, by="ann", reason="renamed it"))
    await ledger.append(draft)
    again = await ledger.read(lambda views: views.view(record))
    assert again is not None
    assert again.rejections == ()


async def test_unlinking_gives_a_reference_a_record_of_its_own(ledger: Ledger) -> None:
    draft = ledger.draft()
    dear = see(draft, ledger, item_ref(DEAR, 1))
    qbo = see(draft, ledger, item_ref(QBO, 1))
    join(draft, dear, item_ref(QBO, 1))
    images = {DEAR: draft.body(b"{}"), QBO: draft.body(b"{}")}
    draft.add(BaselineAdvanced(record=dear, images=images, mapping_version=1))
    draft.add(Unlinked(record=dear, ref=item_ref(DEAR, 1), reason="mistake", by="ann"))
    await ledger.append(draft)
    # The QBO reference still holds the record that was named after DEAR's, so DEAR gets another.
    other = await ledger.read(lambda views: views.record_of(item_ref(DEAR, 1)))
    assert other is not None
    assert other not in {dear, qbo}
    assert await ledger.read(lambda views: views.record_of(item_ref(QBO, 1))) == dear
    views = await ledger.read(lambda views: views.views([dear, other]))
    assert [view.baselines for view in views] == [{}, {}]


async def test_keys_find_what_is_there_and_not_what_is_gone(ledger: Ledger) -> None:
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1), item("Straße"))
    see(draft, ledger, item_ref(QBO, 2), item("STRASSE", active=False))
    see(draft, ledger, item_ref(QBO, 3), item("strasse"))
    draft.add(Tombstoned(ref=item_ref(QBO, 3), evidence="cdc stub"))
    see(draft, ledger, item_ref(DEAR, 1), item("strasse"))
    see(draft, ledger, vendor_ref(QBO, 1), Vendor(name="  O’Hara  ", email="A@B.example "))
    await ledger.append(draft)

    def find(views: Views) -> list[tuple[ExternalRef, ...]]:
        return [
            views.find(QBO, Kind.ITEM, "name", "STRASSE"),
            views.find(QBO, Kind.ITEM, "sku", " strasse "),
            views.find(QBO, Kind.VENDOR, "email", "a@b.example"),
            views.find(QBO, Kind.VENDOR, "normal_name", "o'hara"),
            views.find(QBO, Kind.VENDOR, "name", "o'hara"),
        ]

    both = (item_ref(QBO, 1), item_ref(QBO, 2))
    vendor = (vendor_ref(QBO, 1),)
    assert await ledger.read(find) == [both, both, vendor, vendor, ()]

    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1), item("Renamed"))
    await ledger.append(draft)
    assert (await ledger.read(find))[0] == (item_ref(QBO, 2),)


async def test_pointers_are_resolved_by_id_code_and_name(ledger: Ledger) -> None:
    def account(number: int, name: str, code: str, *, active: bool = True) -> ExternalRef:
        ref = ExternalRef(DEAR, Kind.ACCOUNT, str(number))
        see(draft, ledger, ref, Account(name=name, code=code, active=active))
        return ref

    draft = ledger.draft()
    sales = account(1, "Sales", "400")
    account(2, "400", "500")
    account(3, "Freight", "600")
    account(4, "Freight", "601")
    old = account(5, "Rent", "700", active=False)
    new = account(6, "Rent", "701")
    draft.add(
        Observed(
            ref=ExternalRef(DEAR, Kind.ACCOUNT, "7"),
            version="",
            comparable=ledger.digest(b""),
            payload=draft.body(
                pack(Observation(ref=sales, version="", record=Account(name="Sales")))
            ),
            via="sweep",
            out_of_scope="header",
        )
    )
    await ledger.append(draft)

    async def resolve(**how: Any) -> RecordId | None:
        reference = Reference(kind=Kind.ACCOUNT, **how)
        return await ledger.read(lambda views: views.resolve(DEAR, reference))

    assert await resolve(id="1") == record_id(sales)
    assert await resolve(id="9") is None
    assert await resolve(key="400") == record_id(sales)  # a code goes before a name
    assert await resolve(key="400", shared=True) is None  # whoever has it by now
    assert await resolve(key="SALES") == record_id(sales)  # out of scope means nothing
    assert await resolve(key="freight") is None  # ambiguous
    assert await resolve(key="rent") == record_id(new)  # the active one
    assert await resolve(key="700") == record_id(old)


async def test_unseen_are_the_references_that_a_sweep_did_not_show(ledger: Ledger) -> None:
    draft = ledger.draft()
    refs = [item_ref(QBO, number) for number in range(5)]
    for ref in refs:
        see(draft, ledger, ref)
    see(draft, ledger, vendor_ref(QBO, 1))
    draft.add(Tombstoned(ref=refs[4], evidence="cdc stub"))
    draft.seen("sweep-1", [refs[0], item_ref(QBO, "never observed")])
    await ledger.append(draft)
    later = ledger.draft()
    later.seen("sweep-2", [refs[1]])
    await ledger.append(later)

    def ask(views: Views) -> list[list[ExternalRef]]:
        return [
            views.unseen("sweep-1", QBO, Kind.ITEM, 10),
            views.unseen("sweep-2", QBO, Kind.ITEM, 10),
            views.unseen("sweep-1", QBO, Kind.ITEM, 1),
        ]

    first, second, one = await ledger.read(ask)
    assert set(first) == set(refs[1:4])
    assert set(second) == {refs[0], refs[2], refs[3]}
    assert len(one) == 1


async def test_a_cursor_is_kept_with_the_page_it_belongs_to(ledger: Ledger) -> None:
    draft = ledger.draft()
    for token in ("t1", "t2"):
        draft.cursor(Cursor(system=QBO, kind=Kind.ITEM, token=token))
    draft.cursor(Cursor(system=DEAR, kind=Kind.ITEM, token="p4", complete=True))
    await ledger.append(draft)
    assert await ledger.read(lambda views: views.cursors(QBO)) == {
        Kind.ITEM: Cursor(system=QBO, kind=Kind.ITEM, token="t2")
    }
    cursor = await ledger.read(lambda views: views.cursor(DEAR, Kind.ITEM))
    assert cursor == Cursor(system=DEAR, kind=Kind.ITEM, token="p4", complete=True)
    assert await ledger.read(lambda views: views.cursor(DEAR, Kind.VENDOR)) is None


async def test_counts_put_every_reference_in_one_column(ledger: Ledger) -> None:
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1))
    for number in range(1, 6):
        see(draft, ledger, item_ref(QBO, number), item(f"n{number}", active=number != 2))
    join(draft, record, item_ref(QBO, 1))
    draft.add(Tombstoned(ref=item_ref(QBO, 3), evidence="gone"))
    draft.add(
        Quarantined(ref=item_ref(QBO, 4), problem=Problem(code="malformed", message="no name"))
    )
    draft.add(
        Observed(
            ref=item_ref(QBO, 6),
            version="",
            comparable=ledger.digest(b""),
            payload=draft.body(
                pack(Observation(ref=item_ref(QBO, 6), version="", record=item("cat")))
            ),
            via="sweep",
            out_of_scope="category",
        )
    )
    await ledger.append(draft)
    assert await ledger.read(Views.counts) == [
        KindCount(
            system=DEAR,
            kind=Kind.ITEM,
            live=1,
            inactive=0,
            removed=0,
            unreadable=0,
            out_of_scope=0,
            linked=1,
        ),
        KindCount(
            system=QBO,
            kind=Kind.ITEM,
            live=2,
            inactive=1,
            removed=1,
            unreadable=1,
            out_of_scope=1,
            linked=1,
        ),
    ]


async def test_history_is_the_life_of_a_record_across_its_references(ledger: Ledger) -> None:
    draft = ledger.draft(actor="daemon", cycle="c7")
    record = see(draft, ledger, item_ref(DEAR, 1))
    see(draft, ledger, item_ref(QBO, 1))
    see(draft, ledger, item_ref(QBO, 2))
    join(draft, record, item_ref(QBO, 1))
    todo = operation(record)
    plan(draft, todo)
    gate(draft, todo)
    draft.add(Approved(digests=(todo.digest,), by="ann", expires_at="2025-04-01T00:00:00Z"))
    intend(draft, "r1", [todo])
    draft.add(OutcomeUnknown(request=RequestId("r1"), reason="lost"))
    confirm(draft, ledger, "r1", todo, item_ref(QBO, 1), item("Widget 1"))
    await ledger.append(draft)
    history = await ledger.read(lambda views: views.history(record))
    assert [type(row.entry).__name__ for row in history] == [
        "Observed",
        "Observed",
        "Linked",
        "Planned",
        "GateHeld",
        "Approved",
        "Intended",
        "OutcomeUnknown",
        "Confirmed",
    ]
    assert {row.cycle for row in history} == {"c7"}
    assert history[3].body == encode(todo)
    assert history[4].body is None
    of_ref = await ledger.read(lambda views: views.history(item_ref(QBO, 1)))
    assert [row.seq for row in of_ref] == [2, 4, 10]
    assert len(await ledger.read(lambda views: views.history(record, limit=2))) == 2


async def test_standing_facts(ledger: Ledger) -> None:
    assert await ledger.read(Views.first_plan_approved) is False
    assert await ledger.read(Views.mapping_version) == 0
    assert await ledger.read(Views.config) is None
    draft = ledger.draft()
    pin = Pinned(system=QBO, fingerprint=Digest("f"), environment="sandbox")
    draft.add(pin)
    draft.add(FirstPlanApproved(by="ann"))
    draft.cursor(Cursor(system=QBO, kind=Kind.ITEM, token="t", complete=True))
    await ledger.append(draft)
    assert await ledger.read(Views.pins) == {QBO: pin}
    assert await ledger.read(Views.first_plan_approved) is True

    draft = ledger.draft()
    draft.add(Restored(backup_seq=1, backup_hash="00", by="ann"))
    await ledger.append(draft)
    assert await ledger.read(Views.first_plan_approved) is False
    assert await ledger.read(lambda views: views.cursors(QBO)) == {}
    draft = ledger.draft()
    draft.add(FirstPlanApproved(by="ann"))
    await ledger.append(draft)
    assert await ledger.read(Views.first_plan_approved) is True
