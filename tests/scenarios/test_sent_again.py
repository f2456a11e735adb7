"""When a request whose end is not known goes once more, and when it is planned anew."""

from pathlib import Path
from typing import Any, Literal

import pytest

from daemon.cli.plan import operation_lines
from daemon.control.protocol import LinkRequest, RetryRequest
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.entries import Linked, Unlinked
from ledger.model.facts import HoldCode
from ledger.model.ids import ExternalRef, Kind, record_id
from tests.scenarios.losing import (
    ROCK,
    SETTLES_S,
    first_plan_approved,
    in_dear,
    in_qbo,
    linked_vendors,
    paired,
    vendors_linked,
)
from tests.scenarios.support import (
    Goods,
    create_in_qbo,
    dear_row,
    dear_rows,
    qbo_rows,
    request_ids,
    save_in_dear,
    save_in_qbo,
    sent,
    tiny,
    village,
)
from tests.scenarios.test_identity import new_supplier
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import DEAR, QBO, Town

LOST_REQUESTS = (
    {"kind": "lost_request"},
    {"kind": "status", "status": 502, "body": "bad gateway"},
    {"kind": "html_200"},
)
"""Faults after which nothing was carried out, though only a look can tell."""


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


async def test_a_lost_create_does_not_go_again_beside_one_that_turned_up_with_its_sku(
    tmp_path: Path,
) -> None:
    """``lists`` 50397: the look for it goes by its name, and the bookkeeper's has another."""
    async with village(tmp_path, tiny(products=(Goods().item("GSK-1", qbo=False),))) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "method": "POST", "path": "*/item", "kind": "lost_request"})
        assert (await one.cycle()).unknown == 1
        create_in_qbo(
            one,
            "item",
            Name="Kettle",
            Sku="gsk-1",
            Type="NonInventory",
            IncomeAccountRef={"value": "79"},
            ExpenseAccountRef={"value": "80"},
        )

        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        (item,) = qbo_rows(one, "item")  # the bookkeeper's
        record = await one.record_of(QBO, Kind.ITEM, item["Id"])
        assert await one.record_of(DEAR, Kind.ITEM, dear_row(one, "item", "GSK-1")["_id"]) == record


@pytest.mark.parametrize("also", [(), (ROCK,)])
async def test_a_lost_create_is_asked_about_when_something_like_it_turned_up(
    tmp_path: Path, also: tuple[str, ...]
) -> None:
    """Alone or in a batch, the rest of which goes out anew."""
    async with village(tmp_path, in_dear("Nova’s", *also)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "method": "POST", "path": "/v3/*", "kind": "lost_request"})
        assert (await one.cycle()).unknown == 1 + len(also)
        create_in_qbo(one, "vendor", DisplayName="Nova's")

        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        held = [row.hold.code for row in await one.holds() if row.kind is Kind.VENDOR]
        assert held == [HoldCode.PROPOSED_MATCH] * 2
        assert {row["DisplayName"] for row in qbo_rows(one, "vendor")} == {"Nova's", *also}


@pytest.mark.parametrize("other_rules", [False, True])
async def test_what_a_lost_create_may_have_made_gets_no_counterpart_before_its_end_is_known(
    tmp_path: Path, other_rules: bool
) -> None:
    """``lists`` 90067: the vendor that DEAR made is renamed there, and so is its source. What looks
    like a new vendor of DEAR went to QuickBooks, was no stranger any more when the lost create was
    looked for, and that was made once more. So it was when the rules changed meanwhile."""
    async with village(tmp_path, tiny()) as one:
        await first_plan_approved(one)
        create_in_qbo(one, "vendor", DisplayName=ROCK)
        one.fail({"system": "dear", "method": "POST", "path": "*/supplier", "kind": "lost_reply"})
        assert (await one.cycle()).unknown == 1
        save_in_dear(one, "vendor", ROCK, Name="Fern Hill Glass")
        save_in_qbo(one, "vendor", ROCK, DisplayName="Raven Works")
        await one.cycle()
        assert [row["DisplayName"] for row in qbo_rows(one, "vendor")] == ["Raven Works"]
        if other_rules:
            one.policy_changes["names"] = "hold"
            await one.restart()
        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        assert [row["Name"] for row in dear_rows(one, "vendor")] == ["Fern Hill Glass"], "one"
        (held,) = await one.holds(Kind.VENDOR)
        assert held.hold.code is HoldCode.REJECTED
        assert "appeared since and may be it" in held.hold.text


@pytest.mark.parametrize("answer", ["link", "apart", "retry"])
async def test_what_is_asked_about_goes_nowhere_before_the_answer(
    tmp_path: Path, answer: Literal["link", "apart", "retry"]
) -> None:
    """It was created on the other side while the question stood, and had to be parted first."""
    async with village(tmp_path, tiny()) as one:
        await first_plan_approved(one)
        create_in_qbo(one, "vendor", DisplayName=ROCK)
        one.fail({"system": "dear", "method": "POST", "path": "*/supplier", "kind": "lost_reply"})
        assert (await one.cycle()).unknown == 1
        save_in_dear(one, "vendor", ROCK, Name="Fern Hill Glass")
        await new_supplier(one, "Or that")
        await one.cycle(after_s=SETTLES_S)
        await one.settle()
        await new_supplier(one, "Too late to be it")
        await one.settle()

        (held,) = await one.holds(Kind.VENDOR)
        (made,) = [row for row in dear_rows(one, "vendor") if row["Name"] == "Fern Hill Glass"]
        ref = f"dear/vendor/{made['_id']}"
        assert vendors_in_qbo(one) == {ROCK, "Too late to be it"}
        waits = {row.operation.label: row for row in await one.operations("waiting")}
        assert {label: row.reason for label, row in waits.items()} == dict.fromkeys(
            ("Fern Hill Glass", "Or that"), "asked_about"
        )
        text = waits["Fern Hill Glass"].text
        assert text.startswith('Vendor "Fern Hill Glass" appeared in DEAR before')
        assert f"trueup link {held.record} {ref}" in text
        assert f"trueup retry {held.record}" in text
        shown = await desk(one).plan(limit=5, offset=0)
        told = [line.strip() for row in shown.operations for line in operation_lines(row)]
        assert text in told
        await one.approve_all()
        await one.settle()
        assert vendors_in_qbo(one) == {ROCK, "Too late to be it"}, "no yes answers that"

        if answer == "retry":
            await desk(one).retry(BOOKKEEPER, RetryRequest(record=held.record, reason="no"))
        else:
            said = LinkRequest(record=held.record, ref=ref, action=answer, reason="looked")
            await desk(one).link(BOOKKEEPER, said)
        await one.settle()
        in_books = {ROCK, "Too late to be it", "Or that", "Fern Hill Glass"}
        if answer == "link":  # which of its two names it has is another question
            assert [row.hold.code for row in await one.holds(Kind.VENDOR)] == [HoldCode.CONFLICT]
            assert vendors_in_qbo(one) == in_books - {"Fern Hill Glass"}
        elif answer == "apart":
            assert vendors_in_qbo(one) == in_books - {"Or that"}
        else:
            assert vendors_in_qbo(one) == in_books
        there = {row["Name"] for row in dear_rows(one, "vendor")}
        assert there == in_books - (set() if answer == "retry" else {ROCK})


def vendors_in_qbo(one: Town) -> set[str]:
    return {row["DisplayName"] for row in qbo_rows(one, "vendor")}


async def test_the_question_about_a_lost_create_ends_with_the_part_that_answers_it(
    tmp_path: Path,
) -> None:
    """Linked, and parted again later: what is created then is no lost request any more."""
    async with village(tmp_path, tiny()) as one:
        await first_plan_approved(one)
        create_in_qbo(one, "vendor", DisplayName=ROCK)
        one.fail({"system": "dear", "method": "POST", "path": "*/supplier", "kind": "lost_reply"})
        assert (await one.cycle()).unknown == 1
        save_in_dear(one, "vendor", ROCK, Name="Fern Hill Glass")
        await one.cycle(after_s=SETTLES_S)
        (held,) = await one.holds(Kind.VENDOR)
        (stranger,) = dear_rows(one, "vendor")
        ref = ExternalRef(DEAR, Kind.VENDOR, stranger["_id"])
        (made,) = [row for row in qbo_rows(one, "vendor") if row["DisplayName"] == ROCK]
        record = record_id(ExternalRef(QBO, Kind.VENDOR, made["Id"]))
        assert held.record == record

        draft = one.ledger.draft(actor="test")
        draft.add(Linked(record=record, ref=ref, how="operator", evidence="it is", by="test"))
        await one.ledger.append(draft)
        view = await one.ledger.read(lambda views: views.view(record))
        assert view is not None
        assert view.rejections, "it waits with the record, and stops nothing"
        draft = one.ledger.draft(actor="test")
        draft.add(Unlinked(record=record, ref=ref, reason="it is not", by="test"))
        await one.ledger.append(draft)
        view = await one.ledger.read(lambda views: views.view(record))
        assert view is not None
        assert view.rejections == ()


async def test_a_create_in_a_batch_that_acted_is_not_sent_again_when_it_was_renamed(
    tmp_path: Path,
) -> None:
    """``lists`` 70131: the other half of the batch is seen to be done, so its request cannot go
    again, and the create is not there under its name."""
    async with village(tmp_path, in_dear(ROCK, "Nova")) as one:
        save_in_dear(one, "vendor", ROCK, Contacts=[{"Name": "Office", "Default": True}])
        await first_plan_approved(one)
        one.fail({"system": "qbo", "method": "POST", "path": "*/batch", "kind": "lost_reply"})
        assert (await one.cycle()).unknown == 2
        save_in_qbo(one, "vendor", ROCK, DisplayName="Boulder")

        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        assert {row["DisplayName"] for row in qbo_rows(one, "vendor")} == {"Boulder", "Nova"}
        assert await one.holds(Kind.VENDOR), "somebody is asked"
