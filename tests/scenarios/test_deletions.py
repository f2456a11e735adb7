"""What was there and is there no more, or only seems so: nothing follows without evidence."""

from pathlib import Path
from typing import Any

import pytest

from daemon.cycle.company import Pace
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.entries import Confirmed, Intended, Tombstoned
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from ledger.model.plans import Action
from tests.scenarios.support import (
    Goods,
    dear_row,
    dear_rows,
    nothing_doubled,
    pairs_linked,
    portrait,
    qbo_row,
    qbo_rows,
    require_sound,
    save_in_dear,
    save_in_qbo,
    sent,
    tiny,
    village,
)
from tests.town import DEAR, Town

NAMES = ("Amber Works", "Birch Works", "Cedar Works", "Dune Works")


def paired(*names: str) -> Any:
    goods = Goods()
    return tiny(vendors=tuple(goods.vendor(name) for name in names))


def items(*skus: str) -> Any:
    goods = Goods()
    return tiny(products=tuple(goods.item(sku) for sku in skus))


def remove_from_dear(one: Town, kind: str, name: str) -> None:
    """DEAR forgets a record altogether, as after a deletion by its support or a bad import."""
    table = {"vendor": "supplier", "item": "product", "customer": "customer"}[kind]
    row = one.dear.state[table].get(dear_row(one, kind, name)["_id"])
    assert row is not None
    one.dear.state.remove(table, row)


async def nothing_written(one: Town) -> None:
    assert one.writes("qbo") == []
    assert one.writes("dear") == []


async def tombstones(one: Town) -> list[str]:
    return [str(e.ref) for e in await one.entries() if isinstance(e, Tombstoned)]


async def held_codes(one: Town, kind: Kind) -> list[HoldCode]:
    return [held.hold.code for held in await one.holds(kind)]


# -- F11, F17: what QBO calls deleted is inactive -----------------------------------------------


@pytest.mark.parametrize("shown_as", ["full", "deleted"])
async def test_F11_a_product_deleted_in_qbo_is_not_touched_in_the_source(
    tmp_path: Path, shown_as: Any
) -> None:
    """QBO keeps it, inactive and renamed; a person decides whether the source follows."""
    async with village(
        tmp_path, items("BR-1", "BR-2"), qbo=QboSwitches(cdc_inactive=shown_as)
    ) as one:
        await one.agree()
        before = dear_row(one, "item", "BR-1")
        await one.edit(
            "qbo", {"kind": "item", "id": qbo_row(one, "item", "BR-1")["Id"], "delete": True}
        )
        assert qbo_row(one, "item", "BR-1")["Name"].endswith("(deleted)")
        await one.settle()

        assert dear_row(one, "item", "BR-1") == before
        await nothing_written(one)
        (row,) = await one.operations("planned", "waiting", "approved")
        assert (row.operation.action, row.operation.system) == (Action.INACTIVATE, DEAR)
        assert (row.state, row.reason) == ("waiting", "inactivates")
        assert [c.field for c in row.operation.changes] == ["active"], "nobody meant a rename"
        assert ("item", qbo_row(one, "item", "BR-1")["Name"], before["Name"]) in (
            await pairs_linked(one)
        )


async def test_F11_followed_when_a_person_says_so(tmp_path: Path) -> None:
    async with village(tmp_path, items("BR-1", "BR-2")) as one:
        await one.agree()
        row = qbo_row(one, "item", "BR-1")
        await one.edit("qbo", {"kind": "item", "id": row["Id"], "delete": True})
        await one.settle()
        name = dear_row(one, "item", "BR-1")["Name"]

        await one.approve_all()
        await one.settle()

        assert dear_row(one, "item", "BR-1")["Status"] == "Deprecated"
        assert dear_row(one, "item", "BR-1")["Name"] == name
        assert dear_row(one, "item", "BR-2")["Status"] == "Active"
        assert len(one.writes("dear")) == 1
        assert one.writes("qbo") == []
        assert await one.operations("planned", "waiting", "approved", "intended") == []


async def test_F11_reactivated_in_qbo_takes_the_question_back(tmp_path: Path) -> None:
    async with village(tmp_path, items("BR-1")) as one:
        await one.agree()
        row = qbo_row(one, "item", "BR-1")
        await one.edit("qbo", {"kind": "item", "id": row["Id"], "inactivate": True})
        await one.settle()
        await one.edit(
            "qbo", {"kind": "item", "id": row["Id"], "set": {"Active": True, "Name": row["Name"]}}
        )
        await one.settle()

        assert await one.operations("planned", "waiting", "approved") == []
        await nothing_written(one)
        assert await one.holds(Kind.ITEM) == []


@pytest.mark.parametrize("seen_at_rest", [True, False])
async def test_F11_reactivated_under_the_mark_of_inactivation_it_gets_its_name_back(
    tmp_path: Path, seen_at_rest: bool
) -> None:
    """QBO leaves " (deleted)" standing when somebody makes an item active on its screen. That is
    no new name: it goes nowhere, and the name that both sides agreed on stands there again."""
    async with village(tmp_path, items("BR-1")) as one:
        await one.agree()
        row = qbo_row(one, "item", "BR-1")
        await one.edit("qbo", {"kind": "item", "id": row["Id"], "inactivate": True})
        if seen_at_rest:
            await one.settle()
        await one.edit("qbo", {"kind": "item", "id": row["Id"], "set": {"Active": True}})
        assert qbo_row(one, "item", "BR-1")["Name"] == f"{row['Name']} (deleted)"
        await one.settle()

        assert one.writes("dear") == []
        assert qbo_row(one, "item", "BR-1")["Name"] == row["Name"]
        assert len(one.writes("qbo")) == 1
        assert await one.operations("planned", "waiting", "approved") == []
        assert await one.holds(Kind.ITEM) == []


async def test_F11_reactivated_under_the_mark_and_its_name_is_taken(tmp_path: Path) -> None:
    async with village(tmp_path, items("BR-1", "BR-2")) as one:
        await one.agree()
        row, other = qbo_row(one, "item", "BR-1"), qbo_row(one, "item", "BR-2")
        await one.edit("qbo", {"kind": "item", "id": row["Id"], "inactivate": True})
        await one.edit("qbo", {"kind": "item", "id": other["Id"], "set": {"Name": row["Name"]}})
        await one.edit("qbo", {"kind": "item", "id": row["Id"], "set": {"Active": True}})
        await one.settle()

        assert dear_row(one, "item", "BR-1")["Name"] == row["Name"]
        assert qbo_row(one, "item", "BR-1")["Name"] == f"{row['Name']} (deleted)"
        assert HoldCode.NAME_TAKEN in await held_codes(one, Kind.ITEM)


async def test_F11_reactivated_with_another_name_is_a_new_name(tmp_path: Path) -> None:
    async with village(tmp_path, items("BR-1")) as one:
        await one.agree()
        row = qbo_row(one, "item", "BR-1")
        await one.edit("qbo", {"kind": "item", "id": row["Id"], "inactivate": True})
        await one.edit(
            "qbo",
            {"kind": "item", "id": row["Id"], "set": {"Active": True, "Name": "Mast (deleted)"}},
        )
        await one.settle()
        assert dear_row(one, "item", "BR-1")["Name"] == "Mast (deleted)"


async def test_F17_an_inactive_account_stays_linked_and_its_users_resolve(tmp_path: Path) -> None:
    async with village(tmp_path, items("BR-1")) as one:
        await one.agree()
        linked = await pairs_linked(one)
        assert ("account", "Supplies", "Supplies") in linked
        supplies = qbo_row(one, "account", "Supplies")
        await one.edit("qbo", {"kind": "account", "id": supplies["Id"], "inactivate": True})
        await one.settle()

        assert await tombstones(one) == []
        assert len(await pairs_linked(one)) == len(linked)
        assert dear_row(one, "account", "Supplies")["Status"].lower() == "active"
        await nothing_written(one)
        (row,) = await one.operations("waiting")
        assert row.operation.action is Action.INACTIVATE
        assert await held_codes(one, Kind.ITEM) == []


# -- F18, F25: removed on one side --------------------------------------------------------------


async def test_F18_edited_in_qbo_and_removed_in_dear_is_a_question(tmp_path: Path) -> None:
    async with village(tmp_path, paired(*NAMES)) as one:
        await one.agree()
        remove_from_dear(one, "vendor", "Amber Works")
        save_in_qbo(one, "vendor", "Amber Works", PrimaryPhone={"FreeFormNumber": "(555) 0177"})
        await one.scheduler.run_now("daily look", full=True)
        await one.settle()

        (held,) = await one.holds(Kind.VENDOR)
        assert held.hold.code is HoldCode.EDITED_AND_REMOVED
        assert "removed in DEAR" in held.hold.text
        assert "edited in QuickBooks" in held.hold.text
        await nothing_written(one)
        assert len(dear_rows(one, "vendor")) == 3, "not created again"
        assert qbo_row(one, "vendor", "Amber Works")["Active"] is True


async def test_F18_edited_in_dear_and_inactivated_in_qbo_has_no_silent_winner(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, items("BR-1")) as one:
        await one.agree()
        row = qbo_row(one, "item", "BR-1")
        await one.edit("qbo", {"kind": "item", "id": row["Id"], "inactivate": True})
        save_in_dear(one, "item", "BR-1", PriceTier1=12)
        await one.settle()

        await nothing_written(one)
        waiting = await one.operations("waiting")
        assert [w.operation.action for w in waiting] == [Action.INACTIVATE]
        assert dear_row(one, "item", "BR-1")["Status"] == "Active"


async def test_F25_an_equal_pair_removed_later_is_a_removal_and_no_create(tmp_path: Path) -> None:
    """They were equal at first sight: no write ever said that they belong together."""
    async with village(tmp_path, paired(*NAMES)) as one:
        await one.agree()
        await nothing_written(one)
        remove_from_dear(one, "vendor", "Amber Works")
        await one.scheduler.run_now("daily look", full=True)
        await one.settle()

        assert await held_codes(one, Kind.VENDOR) == [HoldCode.REMOVED]
        assert len(await tombstones(one)) == 1
        assert len(dear_rows(one, "vendor")) == 3
        assert await one.operations("planned", "waiting", "approved", "intended") == []
        await nothing_written(one)


async def test_F25_also_right_after_the_first_load(tmp_path: Path) -> None:
    async with village(tmp_path, paired(*NAMES)) as one:
        await one.cycle("first load")
        remove_from_dear(one, "vendor", "Amber Works")
        await one.scheduler.run_now("daily look", full=True)
        await one.approve_all()
        await one.settle()

        assert await held_codes(one, Kind.VENDOR) == [HoldCode.REMOVED]
        await nothing_written(one)


async def test_a_removed_record_that_comes_back_is_itself_again(tmp_path: Path) -> None:
    async with village(tmp_path, paired(*NAMES)) as one:
        await one.agree()
        (row,) = one.dear.state["supplier"].where("Name", "Amber Works")
        one.dear.state.remove("supplier", row)
        await one.scheduler.run_now("daily look", full=True)
        one.dear.state.add("supplier", row.fields, row_id=row.id)
        await one.settle()

        assert await one.holds(Kind.VENDOR) == []
        await nothing_written(one)
        assert ("vendor", "Amber Works", "Amber Works") in await pairs_linked(one)


async def test_a_removed_record_made_anew_under_the_same_sku_is_not_doubled(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, items("BR-1", "BR-2", "BR-3")) as one:
        await one.agree()
        (row,) = one.dear.state["product"].where("SKU", "BR-1")
        one.dear.state.remove("product", row)
        one.dear.state.add("product", row.fields)
        await one.scheduler.run_now("daily look", full=True)
        await one.settle()

        assert len(qbo_rows(one, "item")) == 3
        await nothing_written(one)
        assert {held.label for held in await one.holds(Kind.ITEM)} == {"BR-1"}


# -- F23: errors are no absence -----------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 401, "body": "[]"},
        {"kind": "status", "status": 403, "body": "[]"},
        {"kind": "status", "status": 200, "body": ""},
        {"kind": "status", "status": 200, "body": "{}"},
        {"kind": "status", "status": 404, "body": "[]"},
        {"kind": "html_200"},
        {"kind": "fault_200"},
        {"kind": "lost_request"},
        {"kind": "truncated_body"},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', '')} {fault.get('body', '')}",
)
@pytest.mark.parametrize("system", ["qbo", "dear"])
async def test_F23_an_error_is_never_taken_for_absence(
    tmp_path: Path, system: str, fault: dict[str, Any]
) -> None:
    async with village(tmp_path, paired(*NAMES)) as one:
        await one.agree()
        before = portrait(one)
        path = "*/query" if system == "qbo" else "*/supplier"
        one.fail({"system": system, "method": "GET", "path": path, "times": 0, **fault})
        one.clock.advance(60)
        report = await one.scheduler.run_now("daily look", full=True)
        assert not report.complete
        assert report.problems
        one.faults.clear()
        await one.cycle(after_s=600)
        await one.settle()

        assert await tombstones(one) == []
        assert await one.holds(Kind.VENDOR) == []
        await nothing_written(one)
        assert portrait(one) == before


# -- F26, F27, F30: lists that are empty or cut -------------------------------------------------


EMPTY = {
    "dear": {"Total": 0, "Page": 1, "SupplierList": []},
    "qbo": {"QueryResponse": {}, "time": "2026-03-02T08:00:00.000-08:00"},
}


async def test_F26_an_emptied_list_of_dear_stops_everything(tmp_path: Path) -> None:
    async with village(tmp_path, paired(*NAMES)) as one:
        await one.agree()
        one.fail(
            {
                "system": "dear",
                "kind": "status",
                "status": 200,
                "body": EMPTY["dear"],
                "headers": {"Content-Type": "application/json"},
                "method": "GET",
                "path": "*/supplier",
                "times": 0,
            }
        )
        report = await one.scheduler.run_now("daily look", full=True)

        assert not report.complete
        assert any("no longer lists" in problem.message for problem in report.problems)
        assert await tombstones(one) == []
        save_in_dear(one, "vendor", "Amber Works", Name="Amber & Co.")
        await nothing_written(one)

        one.faults.clear()
        await one.scheduler.run_now("looked at", full=True)
        await one.settle()
        assert qbo_row(one, "vendor", "Amber & Co.")
        assert await one.holds(Kind.VENDOR) == []


async def test_F26_a_source_that_was_really_wiped_is_not_followed(tmp_path: Path) -> None:
    """Even direct reads prove it: still nothing is removed or created anywhere."""
    async with village(tmp_path, paired(*NAMES)) as one:
        await one.agree()
        for name in NAMES:
            remove_from_dear(one, "vendor", name)
        for _ in range(3):
            report = await one.scheduler.run_now("daily look", full=True)
            assert not report.complete
            assert any(problem.cure for problem in report.problems)

        await nothing_written(one)
        assert len(qbo_rows(one, "vendor")) == 4
        assert dear_rows(one, "vendor") == []


LISTS = {
    "qbo": {"path": "*/query", "query": "*from vendor *orderby*"},
    "dear": {"path": "*/supplier"},
}


def cut(system: str, page_fault: str) -> dict[str, Any]:
    """From the second page on, the list of vendors is not what it should be."""
    rule = {"system": system, "kind": page_fault, "method": "GET", "after": 1, "times": 0}
    return {**rule, **LISTS[system]}


def has_played(one: Town, page_fault: str) -> bool:
    return any(row["fault"] == page_fault for row in one.log.rows)


@pytest.fixture
def two_a_page(monkeypatch: pytest.MonkeyPatch) -> DearSwitches:
    """Pages of two rows, in both systems."""
    monkeypatch.setattr("daemon.connectors.qbo.reading.PAGE", 2)
    return DearSwitches(page_cap=2)


@pytest.mark.parametrize("page_fault", ["drop_page", "shift_page", "repeat_page"])
@pytest.mark.parametrize("system", ["qbo", "dear"])
async def test_F27_a_cut_list_is_no_complete_list(
    tmp_path: Path, system: str, page_fault: str, two_a_page: DearSwitches
) -> None:
    async with village(tmp_path, paired(*NAMES), dear=two_a_page) as one:
        await one.agree()
        one.fail(cut(system, page_fault))
        report = await one.scheduler.run_now("daily look", full=True)

        assert has_played(one, page_fault)
        assert not report.complete
        assert await tombstones(one) == []
        save_in_dear(one, "vendor", "Amber Works", Name="Amber & Co.")
        await one.scheduler.run_now("and again", full=True)
        await nothing_written(one)

        one.faults.clear()
        await one.scheduler.run_now("healed", full=True)
        assert await tombstones(one) == []
        assert qbo_row(one, "vendor", "Amber & Co.")
        assert len(qbo_rows(one, "vendor")) == len(dear_rows(one, "vendor")) == 4


@pytest.mark.parametrize("system", ["qbo", "dear"])
async def test_F27_a_first_load_that_was_cut_creates_nothing(
    tmp_path: Path, system: str, two_a_page: DearSwitches
) -> None:
    """What the cut list did not show exists: creating it would double it."""
    async with village(tmp_path, paired(*NAMES), dear=two_a_page) as one:
        one.fail(cut(system, "drop_page"))
        for _ in range(2):
            report = await one.cycle()
            assert not report.complete
            await one.approve_all()
        assert has_played(one, "drop_page")
        rows = await one.operations("planned", "waiting", "approved", "intended", "confirmed")
        assert rows == [], "nothing is even offered for approval"
        assert set(await held_codes(one, Kind.VENDOR)) == {HoldCode.CATALOGUE_INCOMPLETE}
        await nothing_written(one)

        one.faults.clear()
        await one.settle()
        nothing_doubled(one)
        await nothing_written(one)
        assert {name for kind, name, _ in await pairs_linked(one) if kind == "vendor"} == set(NAMES)


async def test_F27_what_a_list_leaves_out_and_a_direct_read_shows_is_there(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, paired(*NAMES)) as one:
        await one.agree()
        given = one.dear.credentials
        headers = {
            "api-auth-accountid": given["account_id"],
            "api-auth-applicationkey": given["application_key"],
        }
        url = f"{one.urls['dear']}{one.dear.path}supplier?Page=1&Limit=1000"
        async with one.http.get(url, headers=headers) as answer:
            listed = await answer.json()
        listed["SupplierList"] = listed["SupplierList"][1:]
        listed["Total"] = len(listed["SupplierList"])
        one.fail(
            {
                "system": "dear",
                "kind": "status",
                "status": 200,
                "body": listed,
                "headers": {"Content-Type": "application/json"},
                "method": "GET",
                "path": "*/supplier",
            }
        )
        last = one.log.last
        report = await one.scheduler.run_now("daily look", full=True)

        looks = sent(one, "dear", "GET", "supplier", after=last)
        assert [row["fault"] for row in looks] == ["status", ""]
        assert "ID=" in looks[1]["query"], "the one that was left out is asked for"
        assert report.complete
        assert await tombstones(one) == []
        assert await one.holds(Kind.VENDOR) == []
        await nothing_written(one)


async def test_F27_more_absent_than_a_tidy_up_stops_everything(tmp_path: Path) -> None:
    async with village(tmp_path, paired(*NAMES)) as one:
        await one.agree()
        one.scheduler.company.pace = Pace(absent_limit=1, absent_fraction=0.3)
        remove_from_dear(one, "vendor", "Amber Works")
        remove_from_dear(one, "vendor", "Birch Works")
        report = await one.scheduler.run_now("daily look", full=True)
        assert not report.complete
        assert await tombstones(one) == []

        one.scheduler.company.pace = Pace(absent_limit=2, absent_fraction=0.3)
        report = await one.scheduler.run_now("daily look", full=True)
        assert report.complete
        assert len(await tombstones(one)) == 2
        await nothing_written(one)


async def test_F30_both_sides_truly_empty_is_healthy(tmp_path: Path) -> None:
    async with village(tmp_path, tiny()) as one:
        await one.agree()
        for full in (True, True, False):
            report = await one.scheduler.run_now("look", full=full)
            assert report.complete
            assert report.problems == []
        await nothing_written(one)

        await one.edit("dear", {"kind": "vendor", "create": _first_vendor()})
        await one.settle()
        assert [row["DisplayName"] for row in qbo_rows(one, "vendor")] == ["Amber Works"]


def _first_vendor() -> dict[str, Any]:
    return {
        "Name": "Amber Works",
        "Currency": "USD",
        "PaymentTerm": "Net 30",
        "TaxRule": "Tax Exempt",
        "AccountPayable": "Q33",
    }


# -- F33, F35: scope changed, ledger lost -------------------------------------------------------


async def test_F33_a_kind_that_is_switched_off_is_out_of_scope_and_not_deleted(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, paired(*NAMES)) as one:
        await one.agree()
        links = await pairs_linked(one)
        await one.stop_daemon()
        one.policy_changes = {"flows": {Kind.VENDOR: "off"}}
        await one.start_daemon()
        save_in_dear(one, "vendor", "Amber Works", Name="Amber & Co.")
        await one.settle()

        assert await tombstones(one) == []
        await nothing_written(one)
        await one.stop_daemon()
        one.policy_changes = {}
        await one.start_daemon()
        save_in_dear(one, "vendor", "Birch Works", Name="Birch & Co.")
        await one.settle()

        assert qbo_row(one, "vendor", "Birch & Co.")
        assert len(await pairs_linked(one)) == len(links)
        nothing_doubled(one)


async def test_F35_a_lost_ledger_is_a_first_run_and_nothing_is_doubled(tmp_path: Path) -> None:
    goods = Goods()
    world = tiny(
        vendors=(
            goods.vendor("Amber Works"),
            goods.vendor("Birch Works", qbo=False),
            goods.vendor("Cedar Works", dear=False),
        ),
        products=(goods.item("BR-1"), goods.item("BR-2", qbo=False)),
    )
    async with village(tmp_path, world) as one:
        await one.agree()
        links = await pairs_linked(one)
        save_in_dear(one, "item", "BR-1", PriceTier1=12)
        save_in_qbo(one, "vendor", "Amber Works", PrimaryPhone={"FreeFormNumber": "(555) 0177"})
        before, written = portrait(one), len(one.writes("qbo")) + len(one.writes("dear"))
        await one.stop_daemon()
        for file in tmp_path.glob("ledger.db*"):
            file.unlink()
        await one.start_daemon()

        await one.cycle("first load over again")
        assert len(one.writes("qbo")) + len(one.writes("dear")) == written, "a first plan first"
        await one.approve_all()
        await one.settle()

        assert await pairs_linked(one) == links
        assert portrait(one) == before, "differences are questions, not writes"
        entries = await one.entries()
        assert not [e for e in entries if isinstance(e, Confirmed | Intended)]
        conflicts = {
            (h.label, f.field)
            for h in await one.holds()
            if h.conflict is not None
            for f in h.conflict.fields
        }
        assert conflicts == {("BR-1", "sales_price"), ("Amber Works", "phone")}
        await require_sound(one)
