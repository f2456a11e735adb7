"""The everyday two-way story: what a person changes here, and what becomes of it there."""

from decimal import Decimal
from pathlib import Path

import pytest

from daemon.control.protocol import ApproveRequest, Code, Declined, ResolveRequest, SendRequest
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from ledger.model.plans import Action
from tests.scenarios.village import (
    BOOKKEEPER,
    books,
    desk,
    pending,
    settled,
    source,
    summaries,
    the_hold,
    village,
    written,
)
from tests.town import DEAR, QBO, Town

BOOKS_ARE_READ_EVERY_S = 6 * 3600.0
"""Accounts of DEAR tell no changes; they are read whole every few hours."""
ADDRESS = {
    "Line1": "7 New Quay",
    "City": "Tucson",
    "CountrySubDivisionCode": "AZ",
    "PostalCode": "85719",
    "Country": "USA",
}


async def test_a_price_edited_in_dear_travels_to_quickbooks(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        last = one.log.last
        await one.edit("dear", {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 12.5}})

        report = await one.cycle()

        assert (report.planned, report.sent, report.confirmed) == (1, 1, 1)
        assert books(one, "Item", "Bolt")["UnitPrice"] == Decimal("12.50")
        item = books(one, "Item", "Bolt")["Id"]
        assert [row["changed"] for row in written(one, last)] == [[f"item/{item}"]]
        await _is_quiet(one)


async def test_an_address_edited_in_quickbooks_travels_to_dear(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        vendor = books(one, "Vendor", "Alder Paper")["Id"]
        before = source(one, "supplier", "Alder Paper")
        await one.edit("qbo", {"kind": "vendor", "id": vendor, "set": {"BillAddr": ADDRESS}})

        report = await one.cycle()

        assert report.confirmed == 1, report
        after = source(one, "supplier", "Alder Paper")
        billing = [a for a in after["Addresses"] if a["Type"] == "Billing"]
        assert [(a["Line1"], a["City"], a["State"], a["Postcode"]) for a in billing] == [
            ("7 New Quay", "Tucson", "AZ", "85719")
        ]
        assert billing[0]["ID"] == before["Addresses"][0]["ID"], "the row was changed, not replaced"
        assert {**after, "Addresses": [], "_modified": ""} == {
            **before,
            "Addresses": [],
            "_modified": "",
        }
        await _is_quiet(one)


async def test_different_fields_on_both_sides_are_both_kept(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        item = books(one, "Item", "Bolt")["Id"]
        await one.edit("dear", {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 12.5}})
        await one.edit("qbo", {"kind": "item", "id": item, "set": {"Description": "Hex bolt"}})

        await one.settle()

        assert books(one, "Item", "Bolt")["UnitPrice"] == Decimal("12.50")
        assert books(one, "Item", "Bolt")["Description"] == "Hex bolt"
        assert source(one, "product", "Bolt")["PriceTier1"] == Decimal("12.50")
        assert source(one, "product", "Bolt")["Description"] == "Hex bolt"


async def test_one_field_changed_on_both_sides_is_held_until_a_person_chooses(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        item = books(one, "Item", "Bolt")["Id"]
        await one.edit("dear", {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 12.5}})
        await one.edit("qbo", {"kind": "item", "id": item, "set": {"UnitPrice": 13}})
        last = one.log.last

        await one.settle()

        assert written(one, last) == []
        row = await the_hold(one, HoldCode.CONFLICT)
        assert row.conflict is not None
        (price,) = row.conflict.fields
        assert price.field == "sales_price"
        assert set(price.base.values()) == {Decimal(10)}
        assert price.values == {DEAR: Decimal("12.50"), QBO: Decimal(13)}
        shown = (await desk(one).plan(limit=10, offset=0)).holds
        assert [h.conflict[0].values for h in shown if h.conflict] == [
            {"dear": "12.5", "qbo": "13"}
        ]

        await desk(one).resolve(
            BOOKKEEPER,
            ResolveRequest(record=row.record, field="sales_price", take="qbo", reason="new list"),
        )
        await one.settle()

        assert source(one, "product", "Bolt")["PriceTier1"] == Decimal(13)
        assert books(one, "Item", "Bolt")["UnitPrice"] == Decimal(13)
        assert [r["system"] for r in written(one, last)] == ["dear"]
        assert not [r for r in await one.holds() if r.hold.code is HoldCode.CONFLICT]


async def test_an_answer_is_void_once_the_values_moved_on(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        item = books(one, "Item", "Bolt")["Id"]
        await one.edit("dear", {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 12.5}})
        await one.edit("qbo", {"kind": "item", "id": item, "set": {"UnitPrice": 13}})
        await one.cycle()
        row = await the_hold(one, HoldCode.CONFLICT)
        await desk(one).resolve(
            BOOKKEEPER,
            ResolveRequest(record=row.record, field="sales_price", take="qbo", reason="new list"),
        )
        last = one.log.last
        await one.edit("qbo", {"kind": "item", "id": item, "set": {"UnitPrice": 99}})

        await one.settle()

        assert written(one, last) == [], "the answer was given for 13, not for 99"
        assert (await the_hold(one, HoldCode.CONFLICT)).record == row.record


async def test_a_new_vendor_in_quickbooks_is_created_in_dear_with_traced_defaults(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path, create={Kind.VENDOR: {DEAR: "ask"}}) as one:
        body = {"DisplayName": "Grove Lumber", "PrimaryEmailAddr": {"Address": "hi@grove.example"}}
        await one.edit("qbo", {"kind": "vendor", "create": body})

        await one.cycle()

        (row,) = await pending(one)
        assert (row.operation.action, row.operation.system, row.state, row.reason) == (
            Action.CREATE,
            DEAR,
            "waiting",
            "create_policy",
        )
        traces = {c.field: c.trace for c in row.operation.changes}
        assert traces["name"] == "qbo.name"
        assert traces["email"] == "qbo.email"
        assert traces["tax_code"] == "config dear.defaults.supplier.tax_rule"
        assert traces["terms"] == "config dear.defaults.supplier.payment_term"
        assert traces["payable_account"] == "config dear.defaults.supplier.account_payable"
        assert all(traces.values()), "every value that is written says where it comes from"
        shown = (await desk(one).plan(limit=10, offset=0)).operations
        assert {c.field: c.trace for c in shown[0].changes} == traces

        await desk(one).approve(BOOKKEEPER, ApproveRequest(digests=(row.operation.digest,)))
        await one.settle()

        made = source(one, "supplier", "Grove Lumber")
        assert (made["TaxRule"], made["PaymentTerm"], made["AccountPayable"]) == (
            "Tax Exempt",
            "Net 30",
            "Q33",
        )
        assert [c["Email"] for c in made["Contacts"]] == ["hi@grove.example"]


async def test_a_rename_travels_and_the_record_stays_the_same(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        customer = books(one, "Customer", "Delta Cafe")["Id"]
        count = len(list(one.qbo.state.all("Customer")))
        order = {"kind": "customer", "name": "Delta Cafe", "set": {"Name": "Delta Bistro"}}
        await one.edit("dear", order)

        await one.settle()

        assert books(one, "Customer", "Delta Bistro")["Id"] == customer
        assert len(list(one.qbo.state.all("Customer"))) == count


async def test_two_names_that_change_places_travel_without_a_third_name(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        bolt, clamp = books(one, "Item", "Bolt")["Id"], books(one, "Item", "Clamp")["Id"]
        await one.edit("dear", {"kind": "item", "sku": "BOLT", "set": {"Name": "Screw"}})
        await one.edit("dear", {"kind": "item", "sku": "CLAMP", "set": {"Name": "Bolt"}})

        await one.settle()

        assert books(one, "Item", "Screw")["Id"] == bolt
        assert books(one, "Item", "Bolt")["Id"] == clamp


async def test_inactivation_waits_for_approval(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        last = one.log.last
        order = {"kind": "customer", "name": "Fern Hotel", "set": {"Status": "Deprecated"}}
        await one.edit("dear", order)

        for _ in range(3):
            report = await one.cycle()
            assert report.waiting == 1

        (row,) = await pending(one)
        assert (row.operation.action, row.state, row.reason) == (
            Action.INACTIVATE,
            "waiting",
            "inactivates",
        )
        assert written(one, last) == []
        assert books(one, "Customer", "Fern Hotel")["Active"] is True

        await desk(one).approve(BOOKKEEPER, ApproveRequest(digests=(row.operation.digest,)))
        await one.settle()

        assert books(one, "Customer", "Fern Hotel (deleted)")["Active"] is False
        assert source(one, "customer", "Fern Hotel")["Status"] == "Deprecated"
        assert len(written(one, last)) == 1, "the new name of an inactive record is no rename"


@pytest.mark.parametrize(
    ("order", "kind", "name", "field", "right"),
    [
        (
            {"kind": "account", "code": "Q20", "set": {"Name": "Sundries"}},
            "account",
            "Supplies",
            "Name",
            "Supplies",
        ),
        (
            {"kind": "supplier", "name": "Birch Metals", "set": {"PaymentTerm": "Net 60"}},
            "supplier",
            "Birch Metals",
            "PaymentTerm",
            "Net 30",
        ),
        (
            {"kind": "item", "name": "Clamp", "set": {"RevenueAccount": "Q1"}},
            "product",
            "Clamp",
            "RevenueAccount",
            "Q79",
        ),
    ],
    ids=["account", "terms", "income account"],
)
async def test_what_the_books_own_is_restored_in_dear(
    tmp_path: Path, order: dict[str, object], kind: str, name: str, field: str, right: str
) -> None:
    async with settled(tmp_path) as one:
        last = one.log.last
        await one.edit("dear", order)
        one.clock.advance(BOOKS_ARE_READ_EVERY_S)

        await one.settle()

        assert source(one, kind, name)[field] == right
        assert {row["system"] for row in written(one, last)} == {"dear"}


async def test_what_the_books_own_is_restored_or_held_as_the_policy_says(tmp_path: Path) -> None:
    said = {Kind.VENDOR: {"terms": "hold"}}
    async with settled(tmp_path, on_foreign_edit=said) as one:
        last = one.log.last
        order = {"kind": "supplier", "name": "Birch Metals", "set": {"PaymentTerm": "Net 60"}}
        await one.edit("dear", order)

        await one.settle()

        assert written(one, last) == []
        assert source(one, "supplier", "Birch Metals")["PaymentTerm"] == "Net 60"
        assert (await the_hold(one, HoldCode.FOREIGN_EDIT)).hold.field == "terms"


async def test_F28_a_mass_change_halts_with_its_cause_and_approval_covers_that_set(
    tmp_path: Path,
) -> None:
    names = [f"Part {n:03d}" for n in range(90)]
    async with settled(tmp_path, world=village(items=names, step=1)) as one:
        last = one.log.last
        for n in range(30):
            set_to = {"PriceTier1": (10 + n) * 11 / 10}
            await one.edit("dear", {"kind": "item", "sku": f"PART {n:03d}", "set": set_to})

        report = await one.cycle()

        assert (report.waiting, report.halted) == (30, 30)
        assert written(one, last) == []
        rows = await pending(one)
        assert {row.reason for row in rows} == {"mass_change"}
        assert "All change sales price by x1.1" in rows[0].text
        await desk(one).approve(
            BOOKKEEPER, ApproveRequest(digests=tuple(row.operation.digest for row in rows))
        )
        # After the approval one of the thirty moves on, and another one joins in.
        for sku in ("PART 000", "PART 050"):
            order = {"kind": "item", "sku": sku, "set": {"Status": "Deprecated"}}
            await one.edit("dear", order)

        await one.cycle()

        prices = [_price(one, name) for name in names]
        assert prices[1:30] == [Decimal(10 + n) * Decimal("1.1") for n in range(1, 30)]
        assert prices[30:] == [Decimal(10 + n) for n in range(30, 90)]
        assert books(one, "Item", "Part 000")["Active"] is True, "nobody approved that"
        assert {row.operation.label for row in await pending(one)} >= {"PART 000", "PART 050"}


async def test_F28_approving_a_part_does_not_let_the_rest_slip_through(tmp_path: Path) -> None:
    names = [f"Part {n:03d}" for n in range(40)]
    async with settled(tmp_path, world=village(items=names)) as one:
        for n in range(30):
            order = {"kind": "item", "sku": f"PART {n:03d}", "set": {"PriceTier1": 11}}
            await one.edit("dear", order)
        await one.cycle()
        rows = await pending(one)
        assert len(rows) == 30
        digests = tuple(row.operation.digest for row in rows[:10])
        await desk(one).approve(BOOKKEEPER, ApproveRequest(digests=digests))

        await one.cycle()
        report = await one.cycle()

        # Twenty alone would be below the limit; they belong to what was stopped.
        changed = {name.upper() for name in names if _price(one, name) == Decimal(11)}
        assert changed == {row.operation.label for row in rows[:10]}
        assert (report.waiting, report.halted) == (20, 20)


def _price(one: Town, name: str) -> Decimal:
    price: Decimal = books(one, "Item", name)["UnitPrice"]
    return price


async def test_approving_what_no_longer_waits_approves_nothing(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        order = {"kind": "customer", "name": "Fern Hotel", "set": {"Status": "Deprecated"}}
        await one.edit("dear", order)
        await one.cycle()
        (row,) = await pending(one)
        await one.edit("dear", {**order, "set": {"Status": "Active"}})
        await one.cycle()

        with pytest.raises(Declined) as declined:
            await desk(one).approve(BOOKKEEPER, ApproveRequest(digests=(row.operation.digest,)))

        assert declined.value.code is Code.STALE
        assert declined.value.cure
        assert await pending(one) == []


async def test_a_manual_flow_sends_only_what_an_operator_names(tmp_path: Path) -> None:
    async with settled(tmp_path, flows={Kind.ITEM: "manual"}) as one:
        last = one.log.last
        for name in ("Anvil", "Bolt"):
            await one.edit("dear", {"kind": "item", "name": name, "set": {"PriceTier1": 12.5}})

        await one.cycle()

        assert {row.reason for row in await pending(one)} == {"manual_flow"}
        assert written(one, last) == []

        await desk(one).send(BOOKKEEPER, SendRequest(kind="item", ref="BOLT"))

        assert books(one, "Item", "Bolt")["UnitPrice"] == Decimal("12.50")
        assert books(one, "Item", "Anvil")["UnitPrice"] == Decimal("10.00")
        await one.cycle()
        assert books(one, "Item", "Anvil")["UnitPrice"] == Decimal("10.00")
        assert len(written(one, last)) == 1


async def test_send_still_asks_before_it_inactivates(tmp_path: Path) -> None:
    async with settled(tmp_path, flows={Kind.CUSTOMER: "manual"}) as one:
        last = one.log.last
        order = {"kind": "customer", "name": "Fern Hotel", "set": {"Status": "Deprecated"}}
        await one.edit("dear", order)
        await one.cycle()

        await desk(one).send(BOOKKEEPER, SendRequest(kind="customer", ref="Fern Hotel"))

        assert written(one, last) == []
        assert [row.reason for row in await pending(one)] == ["inactivates"]


async def test_quantities_and_balances_never_make_an_operation(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        last = one.log.last
        item = one.qbo.state.get("Item", books(one, "Item", "Bolt")["Id"])
        vendor = one.qbo.state.get("Vendor", books(one, "Vendor", "Alder Paper")["Id"])
        assert item is not None
        assert vendor is not None
        item.derived["QtyOnHand"] = Decimal(41)
        vendor.derived["Balance"] = Decimal("912.20")
        for stored in (item, vendor):
            one.qbo.state.touch(stored)
        for stock in one.dear.state.stock:
            stock.on_hand += 7
        await one.edit("dear", {"kind": "item", "name": "Bolt", "set": {"AverageCost": 6.75}})

        report = await one.cycle()

        assert (report.planned, report.sent) == (0, 0)
        assert sum(seen.moved for seen in report.seen.values()) >= 2, "the figures were noticed"
        assert sum(seen.observed for seen in report.seen.values()) == 0
        assert written(one, last) == []
        assert not any(s.startswith(("batch", "update")) for s in summaries(one, "qbo", last))


async def test_F42_a_value_that_somebody_sets_back_is_not_written_for_ever(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        last = one.log.last
        item = books(one, "Item", "Bolt")["Id"]
        for _ in range(6):
            await one.edit("dear", {"kind": "item", "name": "Bolt", "set": {"PriceTier1": 12.5}})
            await one.cycle()
            if books(one, "Item", "Bolt")["UnitPrice"] == Decimal("12.50"):
                await one.edit("qbo", {"kind": "item", "id": item, "set": {"UnitPrice": 10}})
            await one.cycle()

        assert len(written(one, last)) <= 8
        row = await the_hold(one, HoldCode.OSCILLATION)
        assert row.label == "BOLT"


async def _is_quiet(one: Town) -> None:
    """Our own write comes back as nothing new (F40)."""
    last = one.log.last
    assert (await one.cycle()).planned == 0
    assert (await one.cycle()).learned_nothing
    assert written(one, last) == []
    assert await pending(one) == []
