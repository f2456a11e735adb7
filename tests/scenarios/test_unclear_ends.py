"""Writes whose end is not known, and everything that could make two records out of one."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.world import PartyFace, Thing
from ledger.model.entries import FirstPlanApproved, Rejected, Restored, Retried
from ledger.model.facts import HoldCode
from ledger.model.ids import ExternalRef, Kind
from ledger.store.errors import LedgerLocked
from ledger.store.ledger import Ledger
from tests.scenarios.support import (
    Goods,
    create_in_qbo,
    dear_row,
    dear_rows,
    killed,
    nothing_doubled,
    pairs_linked,
    qbo_row,
    qbo_rows,
    request_ids,
    require_sound,
    save_in_dear,
    save_in_qbo,
    sent,
    tiny,
    village,
)
from tests.town import DEAR, KEY, QBO, Town

LOST_ANSWERS = ("lost_reply", "truncated_body")
"""Faults after which the write was carried out."""
LOST_REQUESTS = (
    {"kind": "lost_request"},
    {"kind": "status", "status": 502, "body": "bad gateway"},
    {"kind": "html_200"},
)
"""Faults after which nothing was carried out, though only a look can tell."""
SETTLES_S = 131.0

ROCK = "Cedar Rockworks"


def in_dear(*names: str) -> Any:
    goods = Goods()
    return tiny(vendors=tuple(goods.vendor(name, qbo=False) for name in names))


def in_qbo(*names: str) -> Any:
    goods = Goods()
    return tiny(vendors=tuple(goods.vendor(name, dear=False) for name in names))


def paired(*names: str) -> Any:
    goods = Goods()
    return tiny(vendors=tuple(goods.vendor(name) for name in names))


async def first_plan_approved(one: Town) -> None:
    await one.cycle("first load")
    await one.approve_all()


def vendors_linked(*names: str) -> set[tuple[str, str, str]]:
    return {("vendor", name, name) for name in names}


async def linked_vendors(one: Town) -> set[tuple[str, str, str]]:
    return {pair for pair in await pairs_linked(one) if pair[0] == "vendor"}


# -- F01: the answer is lost, the write was done ------------------------------------------------


@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_F01_lost_reply_of_a_single_create_in_qbo(tmp_path: Path, fault: str) -> None:
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": "*/vendor"})

        report = await one.cycle()
        assert (report.unknown, report.confirmed) == (1, 0)
        assert len(qbo_rows(one, "vendor")) == 1
        await one.settle()

        assert len(sent(one, "qbo", "POST", "vendor")) == 1
        assert [row["DisplayName"] for row in qbo_rows(one, "vendor")] == [ROCK]
        assert await linked_vendors(one) == vendors_linked(ROCK)
        assert await one.holds(Kind.VENDOR) == []


@pytest.mark.parametrize("replay", ["replay", "refuse", "execute_again"])
@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_F01_lost_reply_of_a_batch_in_qbo(
    tmp_path: Path, fault: str, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    names = ("Amber Works", "Birch Works", "Cedar Works")
    switches = QboSwitches(batch_replay=replay)
    async with village(tmp_path, in_dear(*names), qbo=switches) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": "*/batch"})

        report = await one.cycle()
        assert report.unknown == 3
        await one.settle()
        await one.cycle(after_s=SETTLES_S)

        assert len(sent(one, "qbo", "POST", "batch")) == 1
        assert sorted(row["DisplayName"] for row in qbo_rows(one, "vendor")) == list(names)
        assert await linked_vendors(one) == vendors_linked(*names)
        assert await one.operations("planned", "waiting", "approved", "intended") == []


@pytest.mark.parametrize("replay", ["replay", "refuse", "execute_again"])
@pytest.mark.parametrize("looks_after_s", [60, SETTLES_S])
async def test_F01_lost_reply_of_a_batch_in_which_one_was_refused(
    tmp_path: Path, looks_after_s: float, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    names = ("Amber Works", "Birch Works", "Cedar Works")
    switches = QboSwitches(batch_replay=replay)
    async with village(tmp_path, in_dear(*names), qbo=switches) as one:
        await first_plan_approved(one)

        def somebody_takes_a_name(system: str, method: str, path: str) -> None:
            if method == "POST" and path.endswith("/batch"):
                one.faults.on_request = None
                create_in_qbo(one, "customer", DisplayName="Birch Works")

        one.faults.on_request = somebody_takes_a_name
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/batch"})
        await one.cycle()
        for wait in (looks_after_s, SETTLES_S, SETTLES_S):
            await one.cycle(after_s=wait)

        assert sorted(row["DisplayName"] for row in qbo_rows(one, "vendor")) == [
            "Amber Works",
            "Cedar Works",
        ]
        nothing_doubled(one)
        assert await linked_vendors(one) == vendors_linked("Amber Works", "Cedar Works")
        codes = {(row.label, row.hold.code) for row in await one.holds(Kind.VENDOR)}
        assert codes <= {
            ("Birch Works", HoldCode.NAME_TAKEN),
            ("Birch Works", HoldCode.REJECTED),
        }
        assert codes


@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_F01_lost_reply_of_a_create_in_dear(tmp_path: Path, fault: str) -> None:
    async with village(tmp_path, in_qbo(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "dear", "kind": fault, "method": "POST", "path": "*/supplier"})

        report = await one.cycle()
        assert report.unknown == 1
        await one.settle()

        assert len(sent(one, "dear", "POST", "supplier")) == 1
        assert [row["Name"] for row in dear_rows(one, "vendor")] == [ROCK]
        assert await linked_vendors(one) == vendors_linked(ROCK)


async def test_F01_what_was_created_in_dear_is_renamed_before_anybody_looks(
    tmp_path: Path,
) -> None:
    """DEAR would not know the repeated create: a person looks before there can be two."""
    async with village(tmp_path, in_qbo(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "dear", "kind": "lost_reply", "method": "POST", "path": "*/supplier"})
        assert (await one.cycle()).unknown == 1
        await one.edit(
            "dear", {"kind": "supplier", "name": ROCK, "set": {"Name": "Boulder and Sons"}}
        )
        for _ in range(3):
            await one.cycle(after_s=SETTLES_S)

        assert len(sent(one, "dear", "POST", "supplier")) == 1
        assert [row["Name"] for row in dear_rows(one, "vendor")] == ["Boulder and Sons"]
        refused = [entry for entry in await one.entries() if isinstance(entry, Rejected)]
        assert [entry.code for entry in refused] == ["perhaps_renamed"]
        assert "trueup link" in refused[0].cure
        codes = {r.hold.code for r in await one.holds(Kind.VENDOR) if r.label == ROCK}
        assert codes == {HoldCode.PROPOSED_MATCH}, "they still share an e-mail address"


@pytest.mark.parametrize(
    ("single", "replay"),
    [(True, "replay"), (False, "replay"), (False, "refuse"), (False, "execute_again")],
)
async def test_F01_what_was_created_is_deleted_in_qbo_before_anybody_looks(
    tmp_path: Path, single: bool, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    """Somebody did not want it: it is not created a second time behind their back."""
    names = (ROCK,) if single else (ROCK, "Amber Works")
    async with village(tmp_path, in_dear(*names), qbo=QboSwitches(batch_replay=replay)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*"})
        assert (await one.cycle()).unknown == len(names)
        made = qbo_row(one, "vendor", ROCK)["Id"]
        await one.edit("qbo", {"kind": "vendor", "id": made, "delete": True})
        for _ in range(3):
            await one.cycle(after_s=SETTLES_S)

        rows = {row["Id"]: row["Active"] for row in qbo_rows(one, "vendor")}
        assert rows.pop(made) is False
        assert len(rows) == len(names) - 1
        assert dear_row(one, "vendor", ROCK)["Status"] == "Active"
        assert await one.operations("intended") == []


@pytest.mark.parametrize(
    ("single", "replay"),
    [(True, "replay"), (False, "replay"), (False, "refuse"), (False, "execute_again")],
)
async def test_F01_what_was_created_is_renamed_in_qbo_before_anybody_looks(
    tmp_path: Path, single: bool, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    goods = Goods()
    skus = ("BR-1",) if single else ("BR-1", "BR-2")
    world = tiny(products=tuple(goods.item(sku, qbo=False) for sku in skus))
    async with village(tmp_path, world, qbo=QboSwitches(batch_replay=replay)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*"})
        assert (await one.cycle()).unknown == len(skus)
        save_in_qbo(one, "item", "BR-1", Name="Renamed at once")
        for wait in (60, SETTLES_S, SETTLES_S, 2 * 3600, 60):
            await one.cycle(after_s=wait)

        assert sorted(row["Sku"] for row in qbo_rows(one, "item")) == list(skus)
        linked = {pair for pair in await pairs_linked(one) if pair[0] == "item"}
        assert len(linked) == len(skus)
        assert await one.operations("planned", "waiting", "approved", "intended") == []


# -- F02: the daemon dies between the reply and the ledger --------------------------------------


@pytest.mark.parametrize(
    ("world", "tail", "replay"),
    [
        (in_dear(ROCK), "vendor", "replay"),
        (in_dear(ROCK, "Amber Works"), "batch", "replay"),
        (in_dear(ROCK, "Amber Works"), "batch", "refuse"),
        (in_dear(ROCK, "Amber Works"), "batch", "execute_again"),
        (in_qbo(ROCK), "supplier", "replay"),
    ],
)
async def test_F02_killed_between_reply_and_ledger(
    tmp_path: Path, world: Any, tail: str, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    async with village(tmp_path, world, qbo=QboSwitches(batch_replay=replay)) as one:
        await first_plan_approved(one)

        died = await killed(one, one.cycle(), lambda axe: axe.after_answer_to("POST", tail))
        assert died
        assert len(await one.ledger.read(lambda views: views.open_intents())) == 1
        await one.settle()
        await one.cycle(after_s=SETTLES_S)

        writes = sent(one, "qbo", "POST", tail) + sent(one, "dear", "POST", tail)
        assert len(writes) == 1
        names = [thing.key for thing in one.world.vendors]
        assert sorted(row["DisplayName"] for row in qbo_rows(one, "vendor")) == sorted(names)
        assert sorted(row["Name"] for row in dear_rows(one, "vendor")) == sorted(names)
        assert await linked_vendors(one) == vendors_linked(*names)
        await require_sound(one)


# -- F03: a definite no, then another generation ------------------------------------------------

REFUSAL = {
    "Fault": {
        "Error": [
            {
                "Message": "Business Validation Error",
                "Detail": "The subscription does not allow this just now",
                "code": "6000",
                "element": "",
            }
        ],
        "type": "ValidationFault",
    }
}


async def test_F03_a_refused_create_goes_again_under_another_request_id(tmp_path: Path) -> None:
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)
        one.fail(
            {
                "system": "qbo",
                "kind": "status",
                "status": 400,
                "body": REFUSAL,
                "method": "POST",
                "path": "*/vendor",
            }
        )
        await one.settle()
        assert qbo_rows(one, "vendor") == []
        (held,) = await one.holds(Kind.VENDOR)
        assert held.hold.code is HoldCode.REJECTED
        assert len(sent(one, "qbo", "POST", "vendor")) == 1, "a definite no is not sent again"

        draft = one.ledger.draft(actor="test")
        draft.add(Retried(record=held.record, by="test", reason="the subscription was renewed"))
        await one.ledger.append(draft)
        await one.settle()

        first, second = request_ids(sent(one, "qbo", "POST", "vendor"))
        assert first
        assert second
        assert first != second
        assert [row["DisplayName"] for row in qbo_rows(one, "vendor")] == [ROCK]
        assert await linked_vendors(one) == vendors_linked(ROCK)
        assert await one.holds(Kind.VENDOR) == []


async def test_F03_the_same_id_over_unknown_and_another_after_the_answer(tmp_path: Path) -> None:
    """Lost, sent again under its id, refused, retried: two ids for three requests."""
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)
        path = {"system": "qbo", "method": "POST", "path": "*/vendor"}
        one.fail(
            {**path, "kind": "lost_request"},
            {**path, "kind": "status", "status": 400, "body": REFUSAL},
        )
        await one.cycle()
        await one.cycle(after_s=SETTLES_S)
        (held,) = await one.holds(Kind.VENDOR)
        draft = one.ledger.draft(actor="test")
        draft.add(Retried(record=held.record, by="test", reason="cured"))
        await one.ledger.append(draft)
        await one.settle()

        lost, refused, done = request_ids(sent(one, "qbo", "POST", "vendor"))
        assert lost == refused
        assert done != refused
        assert len(qbo_rows(one, "vendor")) == 1


@pytest.mark.parametrize("minutes", [0, 9])
@pytest.mark.parametrize("change", [{"Name": "Renamed at once"}, {"Active": False}])
async def test_F03_a_replayed_answer_is_old_news_and_is_read_back(
    tmp_path: Path, minutes: int, change: dict[str, Any]
) -> None:
    """A repeated request id brings the first answer again, whatever happened to the record since.

    The minutes let the cursors of the change feed move past that moment, so that only the
    read-back can tell.
    """
    goods = Goods()
    world = tiny(products=(goods.item("BR-1"), goods.item("BR-2", qbo=False)))
    async with village(tmp_path, world) as one:
        await one.cycle("first load")
        one.clock.advance(60.0 * minutes)
        await one.approve_all()
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/item"})
        assert (await one.cycle(after_s=1)).unknown == 1
        save_in_qbo(one, "item", "BR-2", **change)
        await one.cycle(after_s=65)
        await one.cycle(after_s=65)
        await one.cycle(after_s=65)

        made = qbo_row(one, "item", "BR-2")
        ref = ExternalRef(QBO, Kind.ITEM, made["Id"])
        head = (await one.ledger.read(lambda views: views.heads([ref])))[ref]
        assert head.version == made["SyncToken"]
        assert len(qbo_rows(one, "item")) == 2


# -- F05, F06, F09 ------------------------------------------------------------------------------


async def test_F05_two_records_that_need_the_same_new_term(tmp_path: Path) -> None:
    def with_new_term(thing: Thing[PartyFace]) -> Thing[PartyFace]:
        assert thing.qbo is not None
        return replace(thing, qbo=replace(thing.qbo, terms="5"))

    goods = Goods()
    vendors = [with_new_term(goods.vendor(n, dear=False)) for n in ("Amber Works", "Birch Works")]
    world = tiny(vendors=tuple(vendors), terms=frozenset({"Net 15", "Net 30", "Net 10"}))
    async with village(tmp_path, world) as one:
        await one.agree()

        posts = [
            row["path"].rsplit("/", 1)[-1].lower()
            for row in one.writes("dear")
            if row["method"] == "POST"
        ]
        assert posts == ["paymentterm", "supplier", "supplier"]
        terms = [row["Name"] for row in dear_rows(one, "term")]
        assert sorted(terms) == ["Net 10", "Net 15", "Net 30"]
        assert [row["PaymentTerm"] for row in dear_rows(one, "vendor")] == ["Net 10", "Net 10"]
        assert await linked_vendors(one) == vendors_linked("Amber Works", "Birch Works")


async def test_F05_the_dependency_ends_unclear_and_the_others_wait(tmp_path: Path) -> None:
    goods = Goods()
    vendor = goods.vendor("Amber Works", dear=False)
    assert vendor.qbo is not None
    vendor = replace(vendor, qbo=replace(vendor.qbo, terms="5"))
    world = tiny(vendors=(vendor,), terms=frozenset({"Net 15", "Net 30", "Net 10"}))
    async with village(tmp_path, world) as one:
        await first_plan_approved(one)
        one.fail(
            {"system": "dear", "kind": "lost_request", "method": "POST", "path": "*/paymentterm"}
        )
        await one.cycle()
        assert sent(one, "dear", "POST", "supplier") == []

        await one.cycle(after_s=SETTLES_S)
        await one.settle()
        assert dear_row(one, "vendor", "Amber Works")["PaymentTerm"] == "Net 10"
        assert len(dear_rows(one, "term")) == 3


async def test_F06_a_second_daemon_is_refused_and_told_who_holds_the_ledger(
    tmp_path: Path,
) -> None:
    async with village(tmp_path) as one:
        with pytest.raises(LedgerLocked, match=r"process \d+ on \S+ since 2026-03-02") as caught:
            await Ledger.open(tmp_path / "ledger.db", now=one.clock.now, key=KEY)
        assert "one writer" in caught.value.cure

        await one.agree()  # the first one is not disturbed
        await one.restart()  # and a lock left behind locks nobody out
        assert (await one.cycle()).complete


async def test_F09_asked_twice_at_once_is_sent_once(tmp_path: Path) -> None:
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)

        reports = await asyncio.gather(*(one.scheduler.run_now(f"press {n}") for n in range(3)))

        assert len(sent(one, "qbo", "POST", "vendor")) == 1
        assert len(qbo_rows(one, "vendor")) == 1
        assert max(report.confirmed for report in reports) == 1


async def test_F09_sent_by_name_twice_in_a_manual_flow_is_sent_once(tmp_path: Path) -> None:
    async with village(tmp_path, in_dear(ROCK), flows={Kind.VENDOR: "manual"}) as one:
        await one.cycle("first load")
        draft = one.ledger.draft(actor="test")
        draft.add(FirstPlanApproved(by="test"))
        await one.ledger.append(draft)
        await one.settle()
        assert sent(one, "qbo", "POST", "vendor") == []

        ref_id = dear_row(one, "vendor", ROCK)["_id"]
        record = await one.record_of(DEAR, Kind.VENDOR, ref_id)
        await asyncio.gather(*(one.scheduler.send(record=record) for _ in range(2)))
        await one.scheduler.send(record=record)

        assert len(sent(one, "qbo", "POST", "vendor")) == 1
        assert len(qbo_rows(one, "vendor")) == 1


async def test_F09_asked_again_while_the_end_is_open_joins_it(tmp_path: Path) -> None:
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/vendor"})
        await one.cycle()
        ref_id = dear_row(one, "vendor", ROCK)["_id"]
        record = await one.record_of(DEAR, Kind.VENDOR, ref_id)

        await one.scheduler.send(record=record)
        await one.scheduler.send(record=record)
        assert len(sent(one, "qbo", "POST", "vendor")) == 1, "too young to be called lost"

        await one.cycle(after_s=SETTLES_S)
        assert len(qbo_rows(one, "vendor")) == 1


# -- F10: an update that timed out --------------------------------------------------------------


@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_F10_a_timed_out_update_that_was_done_is_marked_done(
    tmp_path: Path, fault: str
) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": "*/vendor"})
        await one.edit("dear", {"kind": "vendor", "name": ROCK, "set": {"Name": "Cedar Rocks"}})
        token = int(qbo_row(one, "vendor", ROCK)["SyncToken"])

        assert (await one.cycle()).unknown == 1
        await one.settle()

        row = qbo_row(one, "vendor", "Cedar Rocks")
        assert int(row["SyncToken"]) == token + 1
        assert len(sent(one, "qbo", "POST", "vendor")) == 1
        assert await one.operations("planned", "waiting", "approved", "intended") == []


@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_F10_a_timed_out_update_in_dear_that_was_done_is_marked_done(
    tmp_path: Path, fault: str
) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": "dear", "kind": fault, "method": "PUT", "path": "*/supplier"})
        await one.edit(
            "qbo",
            {
                "kind": "vendor",
                "id": qbo_row(one, "vendor", ROCK)["Id"],
                "set": {"DisplayName": "Cedar Rocks"},
            },
        )

        assert (await one.cycle()).unknown == 1
        await one.settle()

        assert dear_row(one, "vendor", "Cedar Rocks")
        assert len(sent(one, "dear", "PUT", "supplier")) == 1
        assert await one.operations("planned", "waiting", "approved", "intended") == []


@pytest.mark.parametrize("fault", LOST_ANSWERS)
@pytest.mark.parametrize("replay", ["replay", "refuse", "execute_again"])
async def test_F10_a_timed_out_batch_of_updates_that_was_done_is_marked_done(
    tmp_path: Path, fault: str, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    names = ("Amber Works", "Birch Works", "Cedar Works")
    async with village(tmp_path, paired(*names), qbo=QboSwitches(batch_replay=replay)) as one:
        await one.agree()
        one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": "*/batch"})
        for name in names:
            save_in_dear(one, "vendor", name, Name=f"{name} Ltd")
        assert (await one.cycle()).unknown == 3
        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        assert [row["SyncToken"] for row in qbo_rows(one, "vendor")] == ["1", "1", "1"]
        assert len(sent(one, "qbo", "POST", "batch")) == 1
        assert await one.operations("planned", "waiting", "approved", "intended") == []


async def test_an_expired_login_in_the_middle_of_a_write_doubles_nothing(tmp_path: Path) -> None:
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": "expire_token", "method": "POST", "path": "*/vendor"})
        await one.settle()

        assert len(set(request_ids(sent(one, "qbo", "POST", "vendor")))) == 1
        assert len(qbo_rows(one, "vendor")) == 1
        assert await linked_vendors(one) == vendors_linked(ROCK)


async def test_nothing_is_sent_again_from_a_restored_ledger_before_a_person_agrees(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/vendor"})
        await one.cycle()
        draft = one.ledger.draft(actor="test")
        draft.add(Restored(backup_seq=1, backup_hash="", by="test"))
        await one.ledger.append(draft)
        for _ in range(3):
            await one.cycle(after_s=SETTLES_S)
        assert len(sent(one, "qbo", "POST", "vendor")) == 1

        await one.approve_all()
        await one.settle()
        assert len(qbo_rows(one, "vendor")) == 1
        assert await linked_vendors(one) == vendors_linked(ROCK)


async def test_F10_a_lost_update_is_merged_on_the_version_that_stands_now(tmp_path: Path) -> None:
    """Meanwhile somebody saved another field: both changes are kept."""
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/vendor"})
        await one.edit("dear", {"kind": "vendor", "name": ROCK, "set": {"Name": "Cedar Rocks"}})
        await one.cycle()
        save_in_qbo(one, "vendor", ROCK, PrimaryPhone={"FreeFormNumber": "(555) 0199"})

        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        row = qbo_row(one, "vendor", "Cedar Rocks")
        assert row["PrimaryPhone"] == {"FreeFormNumber": "(555) 0199"}
        assert await one.holds(Kind.VENDOR) == []
        assert await linked_vendors(one) == {("vendor", "Cedar Rocks", "Cedar Rocks")}


async def test_F10_a_lost_update_of_a_field_that_somebody_saved_is_a_conflict(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/vendor"})
        await one.edit("dear", {"kind": "vendor", "name": ROCK, "set": {"Name": "Cedar Rocks"}})
        await one.cycle()
        save_in_qbo(one, "vendor", ROCK, DisplayName="Cedar Stones")

        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        assert qbo_row(one, "vendor", "Cedar Stones")
        assert dear_row(one, "vendor", "Cedar Rocks")
        (held,) = await one.holds(Kind.VENDOR)
        assert held.conflict is not None
        assert [field.field for field in held.conflict.fields] == ["name"]


# -- the request never arrived ------------------------------------------------------------------


@pytest.mark.parametrize("fault", LOST_REQUESTS)
async def test_a_lost_request_to_qbo_goes_again_only_after_the_settle_time(
    tmp_path: Path, fault: dict[str, Any]
) -> None:
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "method": "POST", "path": "*/vendor", **fault})

        assert (await one.cycle()).unknown == 1
        assert (await one.cycle(after_s=60)).open_intents == 1
        assert (await one.cycle(after_s=60)).open_intents == 1
        assert len(sent(one, "qbo", "POST", "vendor")) == 1
        (open_one,) = await one.operations("intended")
        assert open_one.reason.startswith("outcome unknown")

        await one.cycle(after_s=60)
        await one.settle()

        first, second = request_ids(sent(one, "qbo", "POST", "vendor"))
        assert first == second
        assert [row["DisplayName"] for row in qbo_rows(one, "vendor")] == [ROCK]
        assert await linked_vendors(one) == vendors_linked(ROCK)
        assert await one.holds(Kind.VENDOR) == []


async def test_the_end_of_a_second_attempt_is_waited_for_like_that_of_the_first(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)
        one.fail(
            {
                "system": "qbo",
                "kind": "lost_request",
                "method": "POST",
                "path": "*/vendor",
                "times": 2,
            }
        )
        await one.cycle()
        await one.cycle(after_s=SETTLES_S)
        assert len(sent(one, "qbo", "POST", "vendor")) == 2
        await one.cycle(after_s=60)
        assert len(sent(one, "qbo", "POST", "vendor")) == 2
        await one.cycle(after_s=SETTLES_S)

        assert len(set(request_ids(sent(one, "qbo", "POST", "vendor")))) == 1
        assert len(qbo_rows(one, "vendor")) == 1


@pytest.mark.parametrize("replay", ["replay", "refuse", "execute_again"])
async def test_a_lost_batch_goes_again_whole_under_its_own_id(
    tmp_path: Path, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    names = ("Amber Works", "Birch Works")
    async with village(tmp_path, in_dear(*names), qbo=QboSwitches(batch_replay=replay)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/batch"})
        await one.cycle()
        await one.cycle()
        assert len(sent(one, "qbo", "POST", "batch")) == 1

        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        first, second = request_ids(sent(one, "qbo", "POST", "batch"))
        assert first == second
        assert sorted(row["DisplayName"] for row in qbo_rows(one, "vendor")) == list(names)


@pytest.mark.parametrize("fault", LOST_REQUESTS)
async def test_a_lost_request_to_dear_goes_again_only_after_the_settle_time(
    tmp_path: Path, fault: dict[str, Any]
) -> None:
    async with village(tmp_path, in_qbo(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "dear", "method": "POST", "path": "*/supplier", **fault})

        assert (await one.cycle()).unknown == 1
        await one.cycle(after_s=60)
        assert len(sent(one, "dear", "POST", "supplier")) == 1

        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        assert len(sent(one, "dear", "POST", "supplier")) == 2
        assert [row["Name"] for row in dear_rows(one, "vendor")] == [ROCK]
        assert await linked_vendors(one) == vendors_linked(ROCK)


async def test_a_request_too_old_to_be_sent_again_is_planned_anew(tmp_path: Path) -> None:
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/vendor"})
        await one.cycle()

        await one.cycle(after_s=2 * 3600)
        await one.settle()

        first, second = request_ids(sent(one, "qbo", "POST", "vendor"))
        assert first != second
        assert len(qbo_rows(one, "vendor")) == 1


@pytest.mark.parametrize("edited", ["qbo", "dear"])
async def test_a_record_edited_while_the_end_was_open_is_planned_anew(
    tmp_path: Path, edited: str
) -> None:
    """The lost write no longer fits; nothing of it may be left standing."""
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": "dear", "kind": "lost_request", "method": "PUT", "path": "*/supplier"})
        save_in_qbo(one, "vendor", ROCK, DisplayName="Cedar Rocks")
        await one.cycle()
        if edited == "qbo":
            save_in_qbo(one, "vendor", "Cedar Rocks", DisplayName="Cedar Stones")
        else:
            save_in_dear(one, "vendor", ROCK, Name="Cedar Stones")
        await one.cycle()

        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        assert await one.operations("planned", "waiting", "approved", "intended") == []
        holds = await one.holds(Kind.VENDOR)
        if edited == "qbo":
            assert dear_row(one, "vendor", "Cedar Stones")
            assert holds == []
        else:
            assert [held.hold.code for held in holds] == [HoldCode.CONFLICT]
