"""What a person says counts from that moment on, whatever is under way, and for no longer than it
was meant: links and partings, a yes and its end, answers, retries."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from daemon.control import approving, valves
from daemon.control.protocol import (
    ApproveRequest,
    LinkRequest,
    ResolveRequest,
    RetryRequest,
    SendRequest,
    WithdrawRequest,
)
from daemon.control.protocol_valves import PauseRequest, ResumeRequest
from ledger.model.entries import Confirmed
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind, RecordId
from ledger.store.ledger import Draft
from tests.daemon.catalogue.support import active, catalogue, conductor
from tests.scenarios.losing import ROCK, SETTLES_S, paired
from tests.scenarios.papers import line, office, settle, sold
from tests.scenarios.support import (
    Goods,
    create_in_qbo,
    dear_row,
    dear_rows,
    qbo_row,
    qbo_rows,
    require_sound,
    tiny,
    village,
)
from tests.scenarios.test_catalogue import deleted_world, plan_it, run_it
from tests.scenarios.village import (
    BOOKKEEPER,
    VENDORS,
    books,
    desk,
    held,
    pending,
    settled,
    source,
    the_hold,
)
from tests.simulation.wakeful import nobody_oversleeps
from tests.town import DEAR, QBO, Town

LOST = {"system": "qbo", "method": "POST", "path": "*/vendor"}


async def says(one: Town, record: RecordId, ref: str, action: str) -> None:
    request = LinkRequest(record=record, ref=ref, action=action, reason="looked")  # type: ignore[arg-type]
    await desk(one).link(BOOKKEEPER, request)


async def vendor_of(one: Town, name: str) -> RecordId:
    return await one.record_of(DEAR, Kind.VENDOR, dear_row(one, "vendor", name)["_id"])


def ref_of(one: Town, kind: Kind, name: str) -> str:
    return f"qbo/{kind.value}/{qbo_row(one, kind.value, name)['Id']}"


def after_the_first_answer(
    one: Town, monkeypatch: pytest.MonkeyPatch, then: Callable[[], Awaitable[None]]
) -> None:
    """Something happens while a cycle has sent one request, and has others to send."""
    append, answers = one.ledger.append, 0

    async def watching(draft: Draft) -> tuple[int, ...]:
        nonlocal answers
        seqs = await append(draft)
        if any(isinstance(entry, Confirmed) for entry in draft.entries):
            answers += 1
            if answers == 1:
                await then()
        return seqs

    monkeypatch.setattr(one.ledger, "append", watching)


# -- while the end of a request is open ----------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost_reply", "lost_request"])
async def test_what_was_parted_while_a_write_was_open_stays_parted_and_is_not_written_again(
    tmp_path: Path, fault: str
) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        record, ref = await vendor_of(one, ROCK), ref_of(one, Kind.VENDOR, ROCK)
        one.fail({**LOST, "kind": fault})
        order = {"kind": "vendor", "name": ROCK, "set": {"Name": "Cedar Rocks"}}
        await one.edit("dear", order)
        assert (await one.cycle()).unknown == 1
        await says(one, record, ref, "unlink")

        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        assert await one.record_of(QBO, Kind.VENDOR, ref.split("/")[-1]) != record
        shows = "Cedar Rocks" if fault == "lost_reply" else ROCK
        assert ref_of(one, Kind.VENDOR, shows) == ref
        assert await one.operations("intended") == []
        await require_sound(one)


async def test_a_lost_create_does_not_go_again_for_what_was_linked_since(tmp_path: Path) -> None:
    goods = Goods()
    old = goods.vendor("Old Rock Co", dear=False)
    async with village(tmp_path, tiny(vendors=(goods.vendor(ROCK, qbo=False), old))) as one:
        await one.cycle("first load")
        await one.approve_all()
        one.fail({**LOST, "kind": "lost_request"})
        one.fail({**LOST, "kind": "lost_request", "system": "dear", "path": "*/supplier"})
        assert (await one.cycle()).unknown == 2
        await says(one, await vendor_of(one, ROCK), ref_of(one, Kind.VENDOR, "Old Rock Co"), "link")

        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        assert [row["DisplayName"] for row in qbo_rows(one, "vendor")] == ["Old Rock Co"]
        assert [row["Name"] for row in dear_rows(one, "vendor")] == [ROCK]
        await require_sound(one)


# -- while a cycle sends -------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["taken back", "over"])
async def test_a_yes_that_ends_while_others_go_lets_nothing_go_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    async with settled(tmp_path) as one:
        for name in VENDORS:
            vendor = books(one, "Vendor", name)
            await one.edit("qbo", {"kind": "vendor", "id": vendor["Id"], "set": {"Active": False}})
        await one.cycle()
        rows = await pending(one)
        assert [row.reason for row in rows] == ["inactivates"] * 3
        digests = tuple(row.operation.digest for row in rows)
        await desk(one).approve(BOOKKEEPER, ApproveRequest(digests=digests))

        async def ends() -> None:
            if how == "over":
                one.clock.advance(8 * 24 * 3600)
                return
            left = tuple(row.operation.digest for row in await pending(one))
            request = WithdrawRequest(digests=left, expect_count=2, reason="not yet")
            await approving.withdraw(desk(one), BOOKKEEPER, request)

        after_the_first_answer(one, monkeypatch, ends)
        await one.cycle()
        await one.cycle()

        rests = [row["Name"] for row in dear_rows(one, "vendor") if row["Status"] != "Active"]
        assert len(rests) == 1, "DEAR is written one by one, and the first was under way"
        assert [row.reason for row in await pending(one)] == ["inactivates"] * 2


async def test_what_is_linked_while_others_go_is_not_created_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name "Pit" is taken there by a customer, so that vendor of DEAR stands alone."""
    goods = Goods()
    world = tiny(
        vendors=(goods.vendor("Pit", qbo=False),), customers=(goods.customer("Pit", dear=False),)
    )
    async with village(tmp_path, world, create={Kind.CUSTOMER: {DEAR: "never"}}) as one:
        await one.agree()
        await the_hold(one, HoldCode.NAME_TAKEN)
        pit = f"dear/vendor/{dear_row(one, 'vendor', 'Pit')['_id']}"
        names = [f"Gravel {n}" for n in range(3)]
        for name in names:
            create_in_qbo(one, "vendor", DisplayName=name)

        async def join() -> None:
            rows = await one.operations("planned", "approved", "waiting")
            left = [row.operation for row in rows if row.operation.label in names]
            assert len(left) == 2
            await says(one, left[-1].record, pit, "link")

        after_the_first_answer(one, monkeypatch, join)
        await one.cycle()
        await one.settle()

        assert len(dear_rows(one, "vendor")) == 3, "Pit is one of the three of QuickBooks"
        await require_sound(one)


@pytest.mark.parametrize("moves", [False, True])
async def test_what_is_sent_by_name_while_a_system_is_down_goes_as_it_was_or_waits(
    tmp_path: Path, moves: bool
) -> None:
    async with settled(tmp_path, flows={Kind.ITEM: "manual"}) as one:
        order = {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 12.5}}
        await one.edit("dear", order)
        await one.cycle()
        one.fail({"system": "qbo", "kind": "status", "status": 503, "times": 8})
        answer = await desk(one).send(BOOKKEEPER, SendRequest(kind="item", ref="BOLT"))
        assert not answer.report.complete
        if moves:
            await one.edit("dear", {**order, "set": {"PriceTier1": 99}})

        while not (await one.cycle(after_s=600)).complete:
            assert books(one, "Item", "Bolt")["UnitPrice"] == 10
        await one.settle()

        if moves:
            assert books(one, "Item", "Bolt")["UnitPrice"] == 10
            assert [row.reason for row in await pending(one)] == ["manual_flow"]
            await desk(one).send(BOOKKEEPER, SendRequest(kind="item", ref="BOLT"))
        assert books(one, "Item", "Bolt")["UnitPrice"] == (99 if moves else Decimal("12.5"))
        assert await pending(one) == []


# -- what was answered once ----------------------------------------------------------------------


async def answer(one: Town, label: str, field: str, take: str) -> None:
    (row,) = [row for row in await one.holds() if row.label == label]
    said = ResolveRequest(record=row.record, field=field, take=take, reason="looked")
    await desk(one).resolve(BOOKKEEPER, said)
    await one.settle()


async def test_an_answer_to_a_foreign_edit_is_none_to_the_same_edit_later(tmp_path: Path) -> None:
    async with settled(tmp_path, on_foreign_edit={Kind.VENDOR: {"terms": "hold"}}) as one:
        order = {"kind": "supplier", "name": "Birch Metals", "set": {"PaymentTerm": "Net 60"}}
        await one.edit("dear", order)
        await one.settle()
        await answer(one, "Birch Metals", "terms", "qbo")
        assert source(one, "supplier", "Birch Metals")["PaymentTerm"] == "Net 30"

        await one.edit("dear", order)
        await one.settle()

        assert source(one, "supplier", "Birch Metals")["PaymentTerm"] == "Net 60"
        assert (await the_hold(one, HoldCode.FOREIGN_EDIT)).hold.field == "terms"


async def test_an_answer_to_a_conflict_is_none_to_the_same_one_later(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        item = books(one, "Item", "Bolt")["Id"]

        async def differ() -> None:
            await one.edit("dear", {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 12.5}})
            await one.edit("qbo", {"kind": "item", "id": item, "set": {"UnitPrice": 13}})
            await one.settle()

        await differ()
        await answer(one, "BOLT", "sales_price", "qbo")
        await one.edit("dear", {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 10}})
        await one.settle()

        await differ()

        assert source(one, "product", "Bolt")["PriceTier1"] == Decimal("12.5")
        assert (await the_hold(one, HoldCode.CONFLICT)).label == "BOLT"


async def test_a_retry_takes_up_what_somebody_kept_setting_back(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        item = books(one, "Item", "Bolt")["Id"]
        ours = {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 12.5}}
        await one.edit("dear", ours)
        await one.settle()
        for _ in range(3):
            await one.edit("qbo", {"kind": "item", "id": item, "set": {"UnitPrice": 10}})
            await one.settle()
            await one.edit("dear", ours)
            await one.settle()
        row = await the_hold(one, HoldCode.OSCILLATION)
        assert f"trueup retry {row.record}" in row.hold.cure

        await desk(one).retry(BOOKKEEPER, RetryRequest(record=row.record, reason="it is stopped"))
        await one.settle()

        assert books(one, "Item", "Bolt")["UnitPrice"] == Decimal("12.5")
        assert await held(one, HoldCode.OSCILLATION) == []


# -- beside a re-export --------------------------------------------------------------------------


async def test_a_yes_to_all_that_waits_takes_nothing_out_of_a_re_export(tmp_path: Path) -> None:
    """Its new items wait for a pause; approved like the rest, they were no part of its plan any
    more, and the job said for good that its approval had expired."""
    async with village(tmp_path, catalogue(3)) as one:
        await deleted_world(one, 3)
        await plan_it(one)
        job = conductor(one)
        await valves.pause(
            desk(one), BOOKKEEPER, PauseRequest(system="qbo", kind="item", reason="lunch")
        )
        await job.running.step()
        digests = {row.operation.digest for row in await pending(one)}
        assert len(digests) == 3

        request = ApproveRequest(all=True, expect_count=len(digests))
        await desk(one).approve(BOOKKEEPER, request)
        await valves.resume(
            desk(one), BOOKKEEPER, ResumeRequest(system="qbo", kind="item", reason="back")
        )
        await run_it(one)

        assert len(active(one)) == 3
        await require_sound(one)


# -- what points to it ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Kind.TERM, "Net 30"), (Kind.ACCOUNT, "Sales of Product Income"), (Kind.ITEM, "BR-1")],
)
async def test_what_points_to_a_record_that_is_parted_is_looked_at(
    tmp_path: Path, kind: Kind, name: str
) -> None:
    """Vendors to a term, items to an account, documents to an item: it means two things now."""
    async with office(tmp_path) as one:
        sold(one, line("BR-1", 1, 5))
        await settle(one)
        ref = ref_of(one, kind, name)
        await says(one, await one.record_of(QBO, kind, ref.split("/")[-1]), ref, "unlink")

        await settle(one)

        pointing = {row.hold.code for row in await one.holds() if row.kind is not kind}
        assert pointing & {HoldCode.MISSING_REFERENCE, HoldCode.FOREIGN_EDIT}
        await nobody_oversleeps(one)
