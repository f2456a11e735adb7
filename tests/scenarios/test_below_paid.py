"""Updates that would take a document below what is paid on it: QuickBooks would let go of the rest
of the money without a word, so each of them is held for a person instead."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from tests.scenarios.papers import (
    TAXED,
    amounts,
    bill_of,
    codes,
    hold_of,
    in_qbo,
    keeps_book,
    line,
    lines_of,
    marker,
    office,
    open_work,
    posted,
    rebills,
    reinvoices,
    settle,
    sold,
    total,
    wrote,
)
from tests.town import Town

D = Decimal
KINDS = pytest.mark.parametrize("kind", ["invoice", "bill"])


def entered(one: Town, kind: str) -> tuple[str, Callable[[str], None]]:
    """A document over ten at 3.00, and what gives it another price in DEAR."""
    if kind == "invoice":
        number = sold(one, line("BR-1", 10, 3))
        return number, lambda price: reinvoices(one, number, line("BR-1", 10, price))
    order = bill_of(one, "V-1", line("BR-1", 10, 3))
    return "V-1", lambda price: rebills(one, order, line("BR-1", 10, price))


def unpay(one: Town, kind: str, payment: str) -> None:
    in_qbo(one, "payment" if kind == "invoice" else "bill_payment", id=payment, delete=True)


def unapplied(one: Town) -> list[Decimal]:
    """What of each payment of a customer settles nothing."""
    return [
        row.fields["TotalAmt"] - sum(line["Amount"] for line in row.derived["Line"])
        for row in one.qbo.state.all("Payment")
    ]


@KINDS
async def test_F96_a_total_below_what_is_paid_is_held_until_the_payment_is_off(
    tmp_path: Path, kind: str
) -> None:
    async with office(tmp_path) as one:
        number, reprice = entered(one, kind)
        await settle(one)
        paid = keeps_book(one, kind, number, pay={"amount": D(20)})
        await settle(one)
        reprice("1.80")
        before = marker(one)
        await settle(one)
        text = await hold_of(one, HoldCode.BELOW_PAID)
        assert number in text
        assert paid["id"] in text
        assert all(amount in text for amount in ("18.00", "20.00", "2.00"))
        for _ in range(3):
            await one.cycle(after_s=900)
        assert wrote(one, before) == []
        assert total(posted(one, kind, number)) == D(30)

        unpay(one, kind, paid["id"])
        await settle(one)
        assert total(posted(one, kind, number)) == D(18)
        assert await codes(one) == []


@KINDS
async def test_a_total_down_to_what_is_paid_goes_and_lets_go_of_nothing(
    tmp_path: Path, kind: str
) -> None:
    async with office(tmp_path) as one:
        number, reprice = entered(one, kind)
        await settle(one)
        keeps_book(one, kind, number, pay={"amount": D(20)})
        await settle(one)
        reprice("1.80")
        await settle(one)
        await hold_of(one, HoldCode.BELOW_PAID)
        reprice("2")
        await settle(one)
        assert total(posted(one, kind, number)) == D(20)
        assert D(posted(one, kind, number)["Balance"]) == 0
        assert await codes(one) == []


async def test_the_tax_counts_towards_what_is_paid(tmp_path: Path) -> None:
    """What is paid lies between the lines and the total with tax."""
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 10, TaxRule=TAXED))
        await settle(one)
        assert total(posted(one, "invoice", number)) == D(108)
        keeps_book(one, "invoice", number, pay={"amount": D("97.19")})
        await settle(one)
        reinvoices(one, number, line("BR-1", 10, 9, TaxRule=TAXED))
        await settle(one)
        assert total(posted(one, "invoice", number)) == D("97.20")
        assert await codes(one) == []
        reinvoices(one, number, line("BR-1", 10, "8.99", TaxRule=TAXED))
        await settle(one)
        text = await hold_of(one, HoldCode.BELOW_PAID)
        assert "97.09" in text
        assert total(posted(one, "invoice", number)) == D("97.20")
        assert unapplied(one) == [0]


@KINDS
async def test_an_update_that_was_throttled_does_not_go_over_a_payment_that_came_since(
    tmp_path: Path, kind: str
) -> None:
    async with office(tmp_path) as one:
        number, reprice = entered(one, kind)
        await settle(one)
        reprice("1.80")
        path = f"*/{kind}"
        one.fail({"system": "qbo", "kind": "throttle", "method": "POST", "path": path, "times": 1})
        await one.cycle()
        assert await open_work(one) == [number], "decided, and not sent"
        before = marker(one)
        paid = keeps_book(one, kind, number, pay={"amount": D(20)})
        await settle(one)
        assert paid["id"] in await hold_of(one, HoldCode.BELOW_PAID)
        assert wrote(one, before) == []
        assert await open_work(one) == []


async def test_an_update_that_waits_for_a_person_is_no_longer_offered_once_too_much_is_paid(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        number, reprice = entered(one, "invoice")
        await settle(one)
        one.policy_changes["flows"] = {Kind.INVOICE: "manual"}
        await one.restart()
        reprice("1.80")
        await settle(one)
        assert [row.operation.label for row in await one.operations("waiting")] == [number]
        keeps_book(one, "invoice", number, pay={"amount": D(18)})
        await settle(one)
        assert [row.operation.label for row in await one.operations("waiting")] == [number]
        paid = keeps_book(one, "invoice", number, pay={"amount": D("0.01")})
        await settle(one)
        assert await open_work(one) == []
        await hold_of(one, HoldCode.BELOW_PAID)
        in_qbo(one, "payment", id=paid["id"], void=True)
        await settle(one)
        assert [row.operation.label for row in await one.operations("waiting")] == [number]


@KINDS
async def test_a_payment_at_the_very_moment_of_an_update_makes_it_stale(
    tmp_path: Path, kind: str
) -> None:
    async with office(tmp_path) as one:
        number, reprice = entered(one, kind)
        await settle(one)
        reprice("1.80")
        pays_at(one, kind, number)
        before = marker(one)
        await settle(one)
        await hold_of(one, HoldCode.BELOW_PAID)
        assert wrote(one, before) == []
        assert total(posted(one, kind, number)) == D(30)


async def test_a_lost_update_is_not_sent_again_over_a_payment(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        number, reprice = entered(one, "invoice")
        await settle(one)
        reprice("1.80")
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/invoice"})
        await one.cycle()
        before = marker(one)
        keeps_book(one, "invoice", number, pay={"amount": D(20)})
        await settle(one)
        await hold_of(one, HoldCode.BELOW_PAID)
        assert wrote(one, before) == []
        assert unapplied(one) == [0]


async def test_what_leaves_the_total_alone_goes_to_a_paid_document(tmp_path: Path) -> None:
    """The bookkeeper raised it and it was paid so: lines stay as they are, and the rest follows."""
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        first = lines_of(posted(one, "invoice", number))[0]
        keeps_book(one, "invoice", number, line={"Id": first["Id"], "Qty": D(12)})
        keeps_book(one, "invoice", number, pay=True)
        reinvoices(one, number, line("BR-1", 10, 3), InvoiceDueDate="2026-06-01")
        await settle(one)
        assert posted(one, "invoice", number)["DueDate"] == "2026-06-01"
        assert amounts(posted(one, "invoice", number)) == [D(36)]
        await hold_of(one, HoldCode.FOREIGN_EDIT)


async def test_an_edit_that_was_paid_is_not_put_back_over_the_payment(tmp_path: Path) -> None:
    async with office(tmp_path, on_foreign_edit={Kind.INVOICE: {"*": "restore"}}) as one:
        number = sold(one, line("BR-1", 10, 3))
        await settle(one)
        first = lines_of(posted(one, "invoice", number))[0]
        keeps_book(one, "invoice", number, line={"Id": first["Id"], "Qty": D(12)})
        paid = keeps_book(one, "invoice", number, pay=True)
        await settle(one)
        assert paid["id"] in await hold_of(one, HoldCode.BELOW_PAID)
        assert unapplied(one) == [0]
        unpay(one, "invoice", paid["id"])
        await settle(one)
        assert total(posted(one, "invoice", number)) == D(30)


def pays_at(one: Town, kind: str, number: str) -> None:
    """A person pays a part just before QuickBooks carries out the next such request."""

    def pay(system: str, method: str, path: str) -> None:
        if system == "qbo" and method == "POST" and path.endswith((f"/{kind}", "/batch")):
            one.faults.on_request = None
            keeps_book(one, kind, number, pay={"amount": D(20)})

    one.faults.on_request = pay
