"""Payments that come in between the decision to end a document and the end itself: a void would
unlink the money, so each of these ends is held for a person instead."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.facts import HoldCode
from tests.scenarios.papers import (
    bill_of,
    codes,
    hold_of,
    in_dear,
    in_qbo,
    keeps_book,
    line,
    marker,
    numbers,
    office,
    open_work,
    papers_policy,
    posted,
    settle,
    sold,
    total,
    voids,
    wrote,
)
from tests.scenarios.support import sent
from tests.town import Town

D = Decimal


@pytest.mark.parametrize("kind", ["invoice", "bill"])
async def test_F19_an_end_that_was_throttled_does_not_go_over_a_payment_that_came_since(
    tmp_path: Path, kind: str
) -> None:
    """Nothing of the document that is compared moves with a payment, only its derived figures."""
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3)) if kind == "invoice" else "V-1"
        order = "" if kind == "invoice" else bill_of(one, number)
        await settle(one)
        if kind == "invoice":
            voids(one, number)
        else:
            in_dear(one, "purchase", number=order, do="void", part="invoice")
        path = f"*/{kind}"
        one.fail({"system": "qbo", "kind": "throttle", "method": "POST", "path": path, "times": 1})
        await one.cycle()
        assert await open_work(one) == [number], "decided, and not sent"
        before = marker(one)
        paid = keeps_book(one, kind, number, pay={"amount": D(5)})
        await settle(one)
        assert paid["id"] in await hold_of(one, HoldCode.SETTLED)
        assert wrote(one, before) == []

        in_qbo(one, "payment" if kind == "invoice" else "bill_payment", id=paid["id"], delete=True)
        await settle(one)
        assert wrote(one, before) == [f"{kind}/{paid_for(one, before)}"]
        assert await codes(one) == []


def paid_for(one: Town, after: int) -> str:
    """The id of what was ended since; it may be gone from the books."""
    (name,) = set(wrote(one, after))
    return name.partition("/")[2]


async def test_a_void_that_waits_for_a_person_is_no_longer_offered_once_it_is_paid(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, documents=papers_policy(removals="ask")) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        voids(one, number)
        await settle(one)
        assert [row.operation.label for row in await one.operations("waiting")] == [number]
        paid = keeps_book(one, "invoice", number, pay=True)
        await settle(one)
        assert await open_work(one) == []
        assert paid["id"] in await hold_of(one, HoldCode.SETTLED)

        in_qbo(one, "payment", id=paid["id"], void=True)
        await settle(one)
        assert [row.operation.label for row in await one.operations("waiting")] == [number]


async def test_a_payment_at_the_very_moment_of_the_void_makes_it_stale(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        voids(one, number)
        pays_at(one, number, "POST")
        before = marker(one)
        await settle(one)
        await hold_of(one, HoldCode.SETTLED)
        assert wrote(one, before) == []
        assert total(posted(one, "invoice", number)) == D(30)


async def test_a_void_looks_once_more_where_the_version_does_not_guard_it(tmp_path: Path) -> None:
    """Paid after the books were read, while another document is on its way to them."""
    async with office(tmp_path, qbo=QboSwitches(void_version="ignore")) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        voids(one, number)
        other = sold(one, line("BR-2", 1, 4))
        pays_at(one, number, "POST")
        await settle(one)
        assert other in numbers(one, "invoice")
        await hold_of(one, HoldCode.SETTLED)
        assert total(posted(one, "invoice", number)) == D(30)


@pytest.mark.parametrize("version", ["check", "ignore"])
async def test_a_lost_void_is_not_sent_again_over_a_payment(tmp_path: Path, version: Any) -> None:
    async with office(tmp_path, qbo=QboSwitches(void_version=version)) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        voids(one, number)
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/invoice"})
        await one.cycle()
        before = marker(one)
        keeps_book(one, "invoice", number, pay=True)
        await settle(one)
        await hold_of(one, HoldCode.SETTLED)
        assert wrote(one, before) == []
        assert await open_work(one) == []
        assert total(posted(one, "invoice", number)) == D(30)


async def test_a_void_costs_one_look_and_one_request(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        shown = posted(one, "invoice", number)["Id"]
        voids(one, number)
        before = marker(one)
        await settle(one)
        assert len(sent(one, "qbo", "GET", f"invoice/{shown}", after=before)) == 1
        assert len(sent(one, "qbo", "POST", "invoice", after=before)) == 1


def pays_at(one: Town, number: str, method: str) -> None:
    """A person pays the invoice just before QuickBooks carries out the next such request."""

    def pay(system: str, was: str, path: str) -> None:
        if system == "qbo" and was == method and path.endswith("/invoice"):
            one.faults.on_request = None
            keeps_book(one, "invoice", number, pay={"amount": D(5)})

    one.faults.on_request = pay
