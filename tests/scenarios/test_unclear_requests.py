"""Refused, waited for, asked twice: each request is one, and another only after an answer."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.sandbox.world import PartyFace, Thing
from ledger.model.entries import FirstPlanApproved, Retried
from ledger.model.facts import HoldCode
from ledger.model.ids import ExternalRef, Kind
from ledger.store.errors import LedgerLocked
from ledger.store.ledger import Ledger
from tests.scenarios.losing import (
    ROCK,
    SETTLES_S,
    first_plan_approved,
    in_dear,
    linked_vendors,
    vendors_linked,
)
from tests.scenarios.support import (
    Goods,
    dear_row,
    dear_rows,
    qbo_row,
    qbo_rows,
    request_ids,
    save_in_qbo,
    sent,
    tiny,
    village,
)
from tests.town import DEAR, KEY, QBO

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
