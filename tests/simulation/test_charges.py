"""What a charge of a DEAR document is about: DEAR tells it by the name of its product alone.

Whatever that product or another one is called later, the charge stays what it was when the document
showed it; what cannot be told is asked about, and not posted to the account in silence.
"""

from pathlib import Path
from typing import Any

import pytest

from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from tests.scenarios.papers import (
    Row,
    billed,
    buys,
    charge,
    codes,
    detail,
    hold_of,
    in_dear,
    in_qbo,
    line,
    lines_of,
    marker,
    numbers,
    office,
    posted,
    rebills,
    settle,
    wrote,
)
from tests.scenarios.support import dear_row, killed, save_in_dear, save_in_qbo
from tests.simulation.valving import Valves
from tests.simulation.wakeful import nobody_oversleeps
from tests.town import QBO, Town

KIND = "purchase_order"
SERVICE = {"Type": "Service", "Category": "Other", "UOM": "Item", "CostingMethod": "FIFO"}


async def test_a_charge_stays_its_item_when_that_is_renamed(tmp_path: Path) -> None:
    """DEAR tells the product of an additional charge by its name alone."""
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 2, "3.5"), charges=[charge("FREIGHT", 1, 9)])
        billed(one, order, "INV-1")
        await one.settle()
        before = both(one, order)

        save_in_dear(one, "item", "FREIGHT", Name="Carriage")
        await one.settle()
        # DEAR does not stamp the documents, so they are known under the old name; now each is
        # looked at once more.
        await looked_at_again(one, order)

        assert await codes(one) == []
        after = both(one, order)
        assert subjects(after) == subjects(before)
        await nobody_oversleeps(one)


async def test_a_charge_stays_its_item_when_that_is_renamed_while_it_is_posted(
    tmp_path: Path,
) -> None:
    """``paper_valves`` 40170: one round posted the bill and gave its product another name in DEAR,
    so that the charge named nothing any more before the sides had agreed."""
    async with office(tmp_path) as one:
        at = Valves(one)
        await at.pause({"kind": "bill"})
        order = buys(one, line("BR-1", 2, "3.5"), charges=[charge("FREIGHT", 1, 9)])
        billed(one, order, "INV-1")
        await one.settle()
        save_in_qbo(one, "item", "FREIGHT", Name="Carriage")
        await at.open_all()

        await one.settle()

        assert dear_row(one, "item", "FREIGHT")["Name"] == "Carriage"
        (freight,) = [i for i in one.qbo.state.all("Item") if i.fields["Sku"] == "FREIGHT"]
        assert freight.id in subjects([lines_of(posted(one, "bill", "INV-1"))])[0]
        assert await codes(one) == []
        await nobody_oversleeps(one)


async def test_a_charge_stays_its_item_when_another_takes_over_its_name(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 2, "3.5"), charges=[charge("FREIGHT", 1, 9)])
        billed(one, order, "INV-1")
        await one.settle()
        name = dear_row(one, "item", "FREIGHT")["Name"]
        before = both(one, order)

        save_in_dear(one, "item", "FREIGHT", Name="Carriage")
        await one.settle()
        save_in_dear(one, "item", "BR-3", Name=name)
        await one.settle()
        await looked_at_again(one, order)

        assert await codes(one) == []
        after = both(one, order)
        assert subjects(after) == subjects(before)
        await nobody_oversleeps(one)


async def looked_at_again(one: Town, order: str) -> None:
    """A bookkeeper touches both documents, so that trueup decides about them once more."""
    for kind, number in (("bill", "INV-1"), (KIND, order)):
        note = {"PrivateNote": "paid by cheque"}
        in_qbo(one, kind, id=posted(one, kind, number)["Id"], set=note)
    await one.settle()


def both(one: Town, order: str) -> list[list[Row]]:
    """The lines of the bill and of its order, as posted."""
    return [lines_of(posted(one, "bill", "INV-1")), lines_of(posted(one, KIND, order))]


def subjects(documents: list[list[dict[str, Any]]]) -> list[list[str]]:
    """Of each line, the id of its item, or of its account."""
    pointers = [
        [detail(part).get("ItemRef") or detail(part)["AccountRef"] for part in lines]
        for lines in documents
    ]
    return [[pointer["value"] for pointer in lines] for lines in pointers]


@pytest.mark.parametrize("taken_over", [False, True])
async def test_a_charge_stays_its_item_when_that_is_renamed_before_it_is_sent(
    tmp_path: Path, taken_over: bool
) -> None:
    """``paper_valves`` 40498: the bill was never agreed and never posted when its product got
    another name, and DEAR did not stamp the bill for that."""
    async with office(tmp_path, create={Kind.BILL: {QBO: "ask"}}) as one:
        billed(one, buys(one, line("BR-1", 2, "3.5"), charges=[charge("FREIGHT", 1, 9)]), "INV-1")
        await settle(one)
        name = rename(one, "FREIGHT", "Carriage")
        await settle(one)
        if taken_over:
            rename(one, "BR-3", name)
            await settle(one)

        await one.approve_all()  # what is approved is looked at once more
        await settle(one)
        await one.approve_all()
        await settle(one)

        assert items_of(one, "bill", "INV-1") == ids_of(one, "BR-1", "FREIGHT")
        assert await codes(one) == []
        await nobody_oversleeps(one)


@pytest.mark.parametrize("end", ["heard", "killed", "lost"])
async def test_a_charge_stays_its_item_across_a_kill_and_a_lost_reply(
    tmp_path: Path, end: str
) -> None:
    """``papers`` 50048: the product is renamed in QuickBooks, so that trueup changes its name in
    DEAR itself, between the look at the bill and its sending, and may not hear the answer."""
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 2, "3.5"), charges=[charge("FREIGHT", 1, 9)])
        billed(one, order, "INV-1")
        save_in_qbo(one, "item", "FREIGHT", Name="Carriage")
        if end == "killed":
            assert await killed(one, one.cycle(), lambda x: x.after_answer_to("PUT", "product"))
        if end == "lost":
            one.fail({"system": "dear", "kind": "lost_reply", "method": "PUT", "path": "*/product"})

        await settle(one)

        assert dear_row(one, "item", "FREIGHT")["Name"] == "Carriage"
        assert len([name for name in wrote(one) if name.startswith("bill/")]) == 1, "right at once"
        assert items_of(one, "bill", "INV-1") == ids_of(one, "BR-1", "FREIGHT")
        assert await codes(one) == []
        await nobody_oversleeps(one)


async def test_a_charge_stays_its_item_when_a_second_product_of_its_name_is_made(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        at = Valves(one)
        await at.pause({"kind": "bill"})
        order = buys(one, line("BR-1", 2, "3.5"), charges=[charge("FREIGHT", 1, 9)])
        billed(one, order, "INV-1")
        await settle(one)
        twin(one)
        await settle(one)
        in_dear(one, "purchase", number=order, set={"Note": "by sea"})  # DEAR shows it once more
        await settle(one)
        await at.open_all()

        await settle(one)

        assert items_of(one, "bill", "INV-1") == ids_of(one, "BR-1", "FREIGHT")
        assert await codes(one) == []


async def test_a_document_that_is_shown_under_the_new_name_of_its_product_is_as_it_was(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 2, "3.5"), charges=[charge("FREIGHT", 1, 9)])
        billed(one, order, "INV-1")
        await settle(one)
        rename(one, "FREIGHT", "Carriage")
        await settle(one)
        before = marker(one)

        rebills(one, order, line("BR-1", 2, "3.5"), AdditionalCharges=[charge("FREIGHT", 1, 9)])
        await settle(one)

        assert wrote(one, before) == []
        assert await codes(one) == []
        await nobody_oversleeps(one)


@pytest.mark.parametrize("sort", ["charge", "goods"])
async def test_a_line_whose_product_nobody_has_shown_waits_for_it(
    tmp_path: Path, sort: str
) -> None:
    """Its product is entered, or renamed, after the products were read and before the document is:
    that it is unknown does not make it an amount without a product."""
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 2, "3.5"))
        await settle(one)

        def meanwhile(at: str, method: str, path: str) -> None:
            if at != "dear" or not path.lower().endswith("/purchaselist"):
                return
            one.faults.on_request = None
            if sort == "charge":
                rename(one, "FREIGHT", "Carriage")
                late: Row = {"AdditionalCharges": [charge("FREIGHT", 1, 9)]}
                billed(one, order, "INV-1", line("BR-1", 2, "3.5"), **late)
            else:
                product = {"SKU": "NEW-1", "Name": "Bracket NEW-1", **SERVICE, "Type": "Stock"}
                in_dear(one, "item", create=product)
                row = line("NEW-1", 1, 9, Account="Q20")
                billed(one, order, "INV-1", line("BR-1", 2, "3.5"), row)

        one.faults.on_request = meanwhile
        await one.cycle()
        assert one.faults.on_request is None, "the purchases were asked for"
        assert numbers(one, "bill") == []
        assert "line 2" in (await hold_of(one, HoldCode.MISSING_REFERENCE)).lower()

        await settle(one)

        product = "FREIGHT" if sort == "charge" else "NEW-1"
        assert items_of(one, "bill", "INV-1") == ids_of(one, "BR-1", product)
        assert await codes(one) == []
        await nobody_oversleeps(one)


async def test_a_charge_is_not_taken_for_the_one_of_two_that_keeps_the_name(
    tmp_path: Path,
) -> None:
    """It may be about the other one: DEAR would show its new name, when it shows the bill again."""
    async with office(tmp_path, create={Kind.BILL: {QBO: "ask"}}) as one:
        twin(one)
        await settle(one)
        order = buys(one, line("BR-1", 2, "3.5"))
        lines: Row = {"AdditionalCharges": [charge("FREIGHT", 1, 9)]}
        billed(one, order, "INV-1", line("BR-1", 2, "3.5"), **lines)
        await settle(one)
        rename(one, "FREIGHT", "Carriage")
        one.clock.advance(3600)
        await settle(one)

        await one.approve_all()
        await settle(one)
        await one.approve_all()
        await settle(one)

        assert items_of(one, "bill", "INV-1") == [*ids_of(one, "BR-1"), ""]

        rebills(one, order, line("BR-1", 2, "3.5"), **lines)
        await settle(one)

        assert items_of(one, "bill", "INV-1") == ids_of(one, "BR-1", "FREIGHT")
        assert await codes(one) == []
        await nobody_oversleeps(one)


async def test_a_charge_is_not_taken_for_the_goods_that_it_is_called_like(tmp_path: Path) -> None:
    """``paper_answers`` 100031: the charge of an order got the name of the goods beside it. Which
    of the two it is about nobody can tell any more, and it was taken for the goods."""
    async with office(tmp_path) as one:
        order = buys(one, line("BR-1", 2, "3.5"), charges=[charge("FREIGHT", 1, 9)])
        await one.settle()
        rename(one, "FREIGHT", dear_row(one, "item", "BR-1")["Name"])
        await one.settle()

        billed(one, order, "INV-1")  # DEAR shows the order again, with the charge's new name
        await one.settle()

        assert await codes(one) == [(order, HoldCode.MISSING_REFERENCE)]
        assert items_of(one, KIND, order) == ids_of(one, "BR-1", "FREIGHT")
        await nobody_oversleeps(one)


async def test_a_charge_that_went_to_its_account_stays_there(tmp_path: Path) -> None:
    """Which of two products of one name it is about nobody can tell, nor when one of them gets
    another name: DEAR would show that name on the bill, and does not show it again by itself."""
    async with office(tmp_path) as one:
        twin(one)
        await settle(one)
        billed(
            one,
            buys(one, line("BR-1", 2, "3.5")),
            "INV-1",
            line("BR-1", 2, "3.5"),
            AdditionalCharges=[charge("FREIGHT", 1, 9)],
        )
        await settle(one)
        before = [detail(part) for part in lines_of(posted(one, "bill", "INV-1"))]
        assert "AccountRef" in before[1]
        await nobody_oversleeps(one)

        rename(one, "FREIGHT", "Carriage")
        await settle(one)
        note = {"PrivateNote": "paid by cheque"}
        in_qbo(one, "bill", id=posted(one, "bill", "INV-1")["Id"], set=note)
        await settle(one)

        assert [detail(part) for part in lines_of(posted(one, "bill", "INV-1"))] == before
        assert await codes(one) == []
        await nobody_oversleeps(one)


def rename(one: Town, sku: str, name: str) -> str:
    """A product gets another name in DEAR; the name that it had."""
    before = str(dear_row(one, "item", sku)["Name"])
    save_in_dear(one, "item", sku, Name=name)
    return before


def twin(one: Town) -> None:
    """A second product is made under the name of the freight."""
    name = dear_row(one, "item", "FREIGHT")["Name"]
    in_dear(one, "item", create={"SKU": "FREIGHT-2", "Name": name, **SERVICE})


def items_of(one: Town, kind: str, number: str) -> list[str]:
    """Of each line in QuickBooks the id of its item; ``""`` where it goes to an account."""
    parts = lines_of(posted(one, kind, number))
    return [detail(part).get("ItemRef", {"value": ""})["value"] for part in parts]


def ids_of(one: Town, *skus: str) -> list[str]:
    rows = {item.fields["Sku"]: item.id for item in one.qbo.state.all("Item")}
    return [rows[sku] for sku in skus]
