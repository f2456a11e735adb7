"""Others write while we do, keep writing against us, or wrote while nobody looked."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.connectors.qbo import reading
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.world import Thing
from ledger.model.facts import HoldCode
from ledger.model.ids import ExternalRef, Kind
from tests.scenarios.support import (
    Goods,
    dear_row,
    dear_rows,
    killed,
    nothing_doubled,
    pairs_linked,
    qbo_row,
    qbo_rows,
    save_in_dear,
    save_in_qbo,
    sent,
    tiny,
    village,
)
from tests.town import DEAR, QBO, Town

ROCK = "Cedar Rockworks"
PHONE = {"FreeFormNumber": "(555) 0199"}
DAY_S = 86_400.0


def paired(*names: str) -> Any:
    goods = Goods()
    return tiny(vendors=tuple(goods.vendor(name) for name in names))


def one_item(**options: Any) -> Any:
    return tiny(products=(Goods().item("BR-1", **options),))


def at_first(one: Town, method: str, tail: str, *acts: Any) -> None:
    """Let somebody act at the moment in which the first such request has arrived."""

    def watch(_: str, verb: str, path: str) -> None:
        if verb == method and path.lower().endswith(f"/{tail}"):
            one.faults.on_request = None
            for act in acts:
                act()

    one.faults.on_request = watch


def price(row: dict[str, Any]) -> str:
    value = row["UnitPrice"] if "UnitPrice" in row else row["PriceTier1"]
    return f"{value:.2f}"


async def nothing_under_way(one: Town) -> None:
    rows = await one.operations("planned", "waiting", "approved", "intended")
    assert [row.operation.why for row in rows] == []


# -- F38: somebody saves while we write ---------------------------------------------------------


async def test_F38_another_field_saved_in_qbo_while_we_write_is_kept(tmp_path: Path) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        await one.edit("dear", {"kind": "vendor", "name": ROCK, "set": {"Name": "Cedar Rocks"}})
        at_first(
            one, "POST", "vendor", lambda: save_in_qbo(one, "vendor", ROCK, PrimaryPhone=PHONE)
        )
        await one.cycle()
        await one.settle()

        row = qbo_row(one, "vendor", "Cedar Rocks")
        assert row["PrimaryPhone"] == PHONE
        stale, done = sent(one, "qbo", "POST", "vendor")
        assert (stale["status"], stale["changed"]) == (400, [])
        assert (done["status"], done["changed"]) == (200, [f"vendor/{row['Id']}"])
        assert dear_row(one, "vendor", "Cedar Rocks")["Contacts"][0]["Phone"] == "(555) 0199"
        assert await one.holds(Kind.VENDOR) == []
        await nothing_under_way(one)


async def test_F38_the_same_field_saved_in_qbo_while_we_write_is_a_conflict(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        await one.edit("dear", {"kind": "vendor", "name": ROCK, "set": {"Name": "Cedar Rocks"}})
        at_first(
            one,
            "POST",
            "vendor",
            lambda: save_in_qbo(one, "vendor", ROCK, DisplayName="Cedar Stones"),
        )
        await one.cycle()
        await one.settle()

        assert qbo_row(one, "vendor", "Cedar Stones"), "the accountant's value stands"
        assert dear_row(one, "vendor", "Cedar Rocks"), "and so does the buyer's"
        assert len(sent(one, "qbo", "POST", "vendor")) == 1
        (held,) = await one.holds(Kind.VENDOR)
        assert held.conflict is not None
        assert {f.field: f.values for f in held.conflict.fields} == {
            "name": {QBO: "Cedar Stones", DEAR: "Cedar Rocks"}
        }


async def test_F38_a_version_refused_without_cause_is_read_again_and_sent_once_more(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": "qbo", "kind": "stale", "method": "POST", "path": "*/vendor"})
        await one.edit("dear", {"kind": "vendor", "name": ROCK, "set": {"Name": "Cedar Rocks"}})
        await one.cycle()
        await one.settle()

        assert qbo_row(one, "vendor", "Cedar Rocks")["SyncToken"] == "1"
        await nothing_under_way(one)


async def test_F38_one_stale_record_of_a_batch_does_not_stop_the_others(tmp_path: Path) -> None:
    names = ("Amber Works", "Birch Works", "Cedar Works")
    async with village(tmp_path, paired(*names)) as one:
        await one.agree()
        for name in names:
            save_in_dear(one, "vendor", name, Name=f"{name} Ltd")
        at_first(
            one,
            "POST",
            "batch",
            lambda: save_in_qbo(one, "vendor", "Birch Works", PrimaryPhone=PHONE),
        )
        await one.cycle()
        await one.settle()

        rows = {row["DisplayName"]: row for row in qbo_rows(one, "vendor")}
        assert set(rows) == {f"{name} Ltd" for name in names}
        assert {name: row["SyncToken"] for name, row in rows.items()} == {
            "Amber Works Ltd": "1",
            "Birch Works Ltd": "2",
            "Cedar Works Ltd": "1",
        }
        assert rows["Birch Works Ltd"]["PrimaryPhone"] == PHONE
        assert await one.holds(Kind.VENDOR) == []


async def test_names_that_are_passed_on_in_one_cycle(tmp_path: Path) -> None:
    """Birch frees the name that Amber takes, and both are changed at once."""
    async with village(tmp_path, paired("Amber Works", "Birch Works")) as one:
        await one.agree()
        ids = {row["DisplayName"]: row["Id"] for row in qbo_rows(one, "vendor")}
        save_in_dear(one, "vendor", "Birch Works", Name="Dune Works")
        save_in_dear(one, "vendor", "Amber Works", Name="Birch Works")
        await one.settle()

        assert {row["Id"]: row["DisplayName"] for row in qbo_rows(one, "vendor")} == {
            ids["Amber Works"]: "Birch Works",
            ids["Birch Works"]: "Dune Works",
        }
        assert await one.holds(Kind.VENDOR) == []


async def test_names_that_are_swapped_end_in_agreement_or_in_a_question(tmp_path: Path) -> None:
    async with village(tmp_path, paired("Amber Works", "Birch Works")) as one:
        await one.agree()
        save_in_dear(one, "vendor", "Birch Works", Name="(moving)")
        save_in_dear(one, "vendor", "Amber Works", Name="Birch Works")
        save_in_dear(one, "vendor", "(moving)", Name="Amber Works")
        await one.settle()

        names = sorted(row["DisplayName"] for row in qbo_rows(one, "vendor"))
        assert names == ["Amber Works", "Birch Works"]
        pairs = {pair for pair in await pairs_linked(one) if pair[0] == "vendor"}
        crossed = {(kind, there, here) for kind, there, here in pairs if there != here}
        codes = [held.hold.code for held in await one.holds(Kind.VENDOR)]
        assert bool(crossed) == bool(codes), "what is not yet swapped is asked about"


async def test_F38_another_field_saved_in_dear_between_our_look_and_our_write(
    tmp_path: Path,
) -> None:
    """DEAR checks no versions: the surprise is seen afterwards, and nothing of it is lost."""
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        save_in_qbo(one, "vendor", ROCK, DisplayName="Cedar Rocks")
        at_first(one, "PUT", "supplier", lambda: save_in_dear(one, "vendor", ROCK, Comments="Call"))
        await one.cycle()
        await one.settle()

        assert dear_row(one, "vendor", "Cedar Rocks")["Comments"] == "Call"
        assert len(sent(one, "dear", "PUT", "supplier")) == 1
        await nothing_under_way(one)


async def test_F38_the_same_field_saved_in_dear_before_our_look_is_a_conflict(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        save_in_qbo(one, "vendor", ROCK, DisplayName="Cedar Rocks")
        looks: list[str] = []

        def watch(system: str, method: str, path: str) -> None:
            # The first look of a cycle asks for changes; the second is the one before the write.
            if (system, method) == ("dear", "GET") and path.lower().endswith("/supplier"):
                looks.append(path)
                if len(looks) == 2:
                    save_in_dear(one, "vendor", ROCK, Name="Cedar Stones")

        one.faults.on_request = watch
        await one.cycle()
        one.faults.on_request = None
        await one.settle()

        assert dear_row(one, "vendor", "Cedar Stones")
        assert qbo_row(one, "vendor", "Cedar Rocks")
        assert sent(one, "dear", "PUT", "supplier") == []
        (held,) = await one.holds(Kind.VENDOR)
        assert held.hold.code is HoldCode.CONFLICT


# -- F40: our own writes come back --------------------------------------------------------------


@pytest.mark.parametrize("edited", ["qbo", "dear"])
async def test_F40_our_own_update_comes_back_and_means_nothing(tmp_path: Path, edited: str) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        if edited == "qbo":
            save_in_qbo(one, "vendor", ROCK, DisplayName="Cedar Rocks")
        else:
            save_in_dear(one, "vendor", ROCK, Name="Cedar Rocks")
        first = await one.cycle()
        assert first.confirmed == 1
        head = await one.ledger.read(lambda views: views.head())
        writes = len(one.writes("qbo")) + len(one.writes("dear"))

        for _ in range(4):
            assert (await one.cycle(after_s=5)).learned_nothing

        assert await one.ledger.read(lambda views: views.head()) == head
        assert len(one.writes("qbo")) + len(one.writes("dear")) == writes == 1


async def test_F40_our_own_creates_come_back_and_mean_nothing(tmp_path: Path) -> None:
    goods = Goods()
    world = tiny(
        vendors=(goods.vendor("Amber Works", qbo=False), goods.vendor("Birch Works", dear=False)),
        products=(goods.item("BR-1", qbo=False), goods.item("BR-2", dear=False)),
    )
    async with village(tmp_path, world) as one:
        await one.cycle("first load")
        await one.approve_all()
        await one.cycle()
        writes = len(one.writes("qbo")) + len(one.writes("dear"))

        for _ in range(4):
            report = await one.cycle(after_s=5)
            assert (report.planned, report.sent, report.agreed, report.linked) == (0, 0, 0, 0)
            assert sum(seen.observed for seen in report.seen.values()) == 0

        assert (await one.cycle()).learned_nothing
        assert len(one.writes("qbo")) + len(one.writes("dear")) == writes
        nothing_doubled(one)
        assert len(qbo_rows(one, "vendor")) == len(dear_rows(one, "vendor")) == 2
        assert len(qbo_rows(one, "item")) == len(dear_rows(one, "item")) == 2


# -- F42: somebody fights us --------------------------------------------------------------------


async def test_F42_another_app_sets_the_price_back_again_and_again(tmp_path: Path) -> None:
    authority = {Kind.ITEM: {"sales_price": "dear"}}
    async with village(tmp_path, one_item(price="8.5"), authority=authority) as one:
        await one.agree()
        for _ in range(8):
            save_in_qbo(one, "item", "BR-1", UnitPrice=7)
            await one.cycle()

        assert len(sent(one, "qbo", "POST", "item")) == 3
        (held,) = await one.holds(Kind.ITEM)
        assert held.hold.code is HoldCode.OSCILLATION
        assert held.hold.field == "sales_price"
        assert "8.5" in held.hold.text
        assert "7" in held.hold.text
        assert "QuickBooks" in held.hold.text
        assert price(dear_row(one, "item", "BR-1")) == "8.50", "the owner was never touched"
        await one.cycle()
        assert len(sent(one, "qbo", "POST", "item")) == 3


async def test_F42_two_apps_play_ping_pong_and_are_frozen(tmp_path: Path) -> None:
    """Both ways, and each side is set to its own value after every cycle."""
    async with village(tmp_path, one_item(price="8.5")) as one:
        await one.agree()
        for number in range(16):
            if number % 2:
                save_in_qbo(one, "item", "BR-1", UnitPrice=7)
            else:
                save_in_dear(one, "item", "BR-1", PriceTier1=9)
            await one.cycle()

        writes = len(sent(one, "qbo", "POST", "item")) + len(sent(one, "dear", "PUT", "product"))
        assert writes <= 8
        codes = {held.hold.code for held in await one.holds(Kind.ITEM)}
        assert codes & {HoldCode.OSCILLATION, HoldCode.CONFLICT}
        frozen = len(one.writes("qbo")) + len(one.writes("dear"))
        for number in range(4):
            save_in_qbo(one, "item", "BR-1", UnitPrice=7 if number % 2 else 9)
            await one.cycle()
        assert len(one.writes("qbo")) + len(one.writes("dear")) - frozen <= 1


async def test_F42_the_rest_of_the_record_is_still_kept_in_agreement(tmp_path: Path) -> None:
    authority = {Kind.ITEM: {"sales_price": "dear"}}
    async with village(tmp_path, one_item(price="8.5"), authority=authority) as one:
        await one.agree()
        for _ in range(5):
            save_in_qbo(one, "item", "BR-1", UnitPrice=7)
            await one.cycle()
        save_in_dear(one, "item", "BR-1", Name="Bracket of brass")
        await one.settle()

        assert qbo_row(one, "item", "BR-1")["Name"] == "Bracket of brass"
        assert [h.hold.code for h in await one.holds(Kind.ITEM)] == [HoldCode.OSCILLATION]


# -- F44, F46: gaps -----------------------------------------------------------------------------


async def test_F44_a_day_off_is_closed_from_the_last_proven_cursor(tmp_path: Path) -> None:
    names = ("Amber Works", "Birch Works", "Cedar Works")
    async with village(tmp_path, paired(*names)) as one:
        await one.agree()
        await one.stop_daemon()
        one.clock.advance(60)
        save_in_qbo(one, "vendor", "Amber Works", PrimaryPhone=PHONE)
        save_in_dear(one, "vendor", "Birch Works", Name="Birch & Co.")
        one.clock.advance(DAY_S)
        seen = one.log.last
        await one.start_daemon()
        await one.settle()

        assert dear_row(one, "vendor", "Amber Works")["Contacts"][0]["Phone"] == "(555) 0199"
        assert qbo_row(one, "vendor", "Birch & Co.")
        queries = [row["summary"] for row in sent(one, "qbo", "GET", "query", after=seen)]
        assert not [text for text in queries if "Vendor" in text], "nothing is read whole"
        asked = sent(one, "dear", "GET", "supplier", after=seen)
        assert all("ModifiedSince" in row["query"] for row in asked[:1])
        await nothing_under_way(one)


async def test_F44_a_gap_longer_than_the_change_feed_is_closed_by_a_full_read(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, paired("Amber Works", "Birch Works")) as one:
        await one.agree()
        await one.stop_daemon()
        save_in_qbo(one, "vendor", "Amber Works", PrimaryPhone=PHONE)
        one.clock.advance(45 * DAY_S)
        save_in_dear(one, "vendor", "Birch Works", Name="Birch & Co.")
        await one.start_daemon()
        await one.settle()

        assert dear_row(one, "vendor", "Amber Works")["Contacts"][0]["Phone"] == "(555) 0199"
        assert qbo_row(one, "vendor", "Birch & Co.")
        await nothing_under_way(one)


def crowd(number: int) -> Any:
    """Many customers whom only QBO knows, and one pair of vendors."""
    goods = Goods()
    first = goods.customer("Customer 0", dear=False)
    assert first.qbo is not None
    customers = [Thing(f"c{n}", qbo=_numbered(first.qbo, n)) for n in range(number)]
    return tiny(vendors=(goods.vendor(ROCK),), customers=tuple(customers))


def _numbered(face: Any, number: int) -> Any:
    return replace(face, id=str(100 + number), name=f"Customer {number}")


async def versions(one: Town, kind: Kind) -> dict[str, str]:
    """What the ledger thinks is the latest version of every QBO record of a kind."""
    refs = [ExternalRef(QBO, kind, row["Id"]) for row in qbo_rows(one, kind.value)]
    heads = await one.ledger.read(lambda views: views.heads(refs))
    return {ref.id: head.version for ref, head in heads.items()}


def bulk_edit(one: Town) -> dict[str, str]:
    """Somebody imports a new note for every customer, and edits one vendor."""
    for row in qbo_rows(one, "customer"):
        stored = one.qbo.state.get("Customer", row["Id"])
        assert stored is not None
        one.qbo.state.change(stored, {**stored.fields, "CompanyName": "Imported"})
    save_in_qbo(one, "vendor", ROCK, PrimaryPhone=PHONE)
    return {row["Id"]: row["SyncToken"] for row in qbo_rows(one, "customer")}


@pytest.fixture
def small_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The feed's cap and the pages are made small, as if the company were a hundred times this."""
    monkeypatch.setattr(reading, "CAP", 10)
    monkeypatch.setattr(reading, "PAGE", 10)
    monkeypatch.setattr("daemon.sandbox.qbo.cdc.MAX_OBJECTS", 10)


@pytest.mark.usefixtures("small_cap")
@pytest.mark.parametrize("number", [9, 10, 11, 35])
async def test_F46_more_changes_than_the_feed_tells(tmp_path: Path, number: int) -> None:
    async with village(tmp_path, crowd(number), flows={Kind.CUSTOMER: "off"}) as one:
        await one.agree()
        wanted = bulk_edit(one)

        await one.cycle()

        assert await versions(one, Kind.CUSTOMER) == wanted
        assert dear_row(one, "vendor", ROCK)["Contacts"][0]["Phone"] == "(555) 0199"


@pytest.mark.usefixtures("small_cap")
@pytest.mark.parametrize("number", [1, 2, 3, 4])
async def test_F46_killed_while_catching_up_the_cursor_never_passes_unseen_data(
    tmp_path: Path, number: int
) -> None:
    async with village(tmp_path, crowd(35), flows={Kind.CUSTOMER: "off"}) as one:
        await one.agree()
        wanted = bulk_edit(one)

        await killed(one, one.cycle(), lambda axe: axe.after_append(number))
        await one.cycle(after_s=3600)
        await one.cycle()

        assert await versions(one, Kind.CUSTOMER) == wanted
        assert dear_row(one, "vendor", ROCK)["Contacts"][0]["Phone"] == "(555) 0199"


# -- F49: clocks --------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [420.0, -420.0])
@pytest.mark.parametrize("system", ["qbo_ahead_s", "dear_ahead_s"])
async def test_F49_clocks_that_disagree_lose_nothing(
    tmp_path: Path, system: str, ahead: float
) -> None:
    name = "Amber Works"
    async with village(tmp_path, paired(name, "Birch Works"), **{system: ahead}) as one:
        await one.agree()
        for number in range(4):
            phone = {"FreeFormNumber": f"(555) 010{number}"}
            save_in_qbo(one, "vendor", "Birch Works", PrimaryPhone=phone)
            save_in_dear(one, "vendor", name, Name=f"Amber {number}")
            name = f"Amber {number}"
            await one.cycle(after_s=30)

            assert qbo_row(one, "vendor", f"Amber {number}")
            shown = dear_row(one, "vendor", "Birch Works")["Contacts"][0]["Phone"]
            assert shown == phone["FreeFormNumber"]
        await one.settle()
        await nothing_under_way(one)


@pytest.mark.parametrize("ahead", [420.0, -420.0, 0.0])
@pytest.mark.parametrize("dear_first", [True, False])
async def test_F49_the_newest_does_not_win(tmp_path: Path, ahead: float, dear_first: bool) -> None:
    async with village(tmp_path, paired(ROCK), dear_ahead_s=ahead) as one:
        await one.agree()
        if dear_first:
            save_in_dear(one, "vendor", ROCK, Name="Cedar Rocks")
            one.clock.advance(50)
        save_in_qbo(one, "vendor", ROCK, DisplayName="Cedar Stones")
        if not dear_first:
            one.clock.advance(50)
            save_in_dear(one, "vendor", ROCK, Name="Cedar Rocks")
        await one.settle()

        assert dear_row(one, "vendor", "Cedar Rocks")
        assert qbo_row(one, "vendor", "Cedar Stones")
        assert one.writes("qbo") == one.writes("dear") == []
        assert [h.hold.code for h in await one.holds(Kind.VENDOR)] == [HoldCode.CONFLICT]


# -- F51: what failed once is tried again when its cause is gone --------------------------------

REFUSAL = {
    "Fault": {
        "Error": [{"Message": "No", "Detail": "Not like this", "code": "6000", "element": ""}],
        "type": "ValidationFault",
    }
}


async def test_F51_a_taken_name_that_is_freed_in_the_other_system(tmp_path: Path) -> None:
    goods = Goods()
    world = tiny(
        vendors=(goods.vendor(ROCK, qbo=False),),
        customers=(goods.customer("Birch Gardens"),),
    )
    async with village(tmp_path, world) as one:
        save_in_qbo(one, "customer", "Birch Gardens", DisplayName=ROCK)
        save_in_dear(one, "customer", "Birch Gardens", Name=ROCK)
        await one.agree()
        assert qbo_rows(one, "vendor") == []
        (held,) = await one.holds(Kind.VENDOR)
        assert held.hold.code is HoldCode.NAME_TAKEN

        save_in_qbo(one, "customer", ROCK, DisplayName="Birch Gardens")
        await one.settle()

        assert qbo_row(one, "vendor", ROCK)
        assert await one.holds(Kind.VENDOR) == []
        assert ("vendor", ROCK, ROCK) in await pairs_linked(one)


async def test_F51_a_refused_update_goes_when_the_record_is_corrected(tmp_path: Path) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        path = {"system": "qbo", "method": "POST", "path": "*/vendor"}
        one.fail({**path, "kind": "status", "status": 400, "body": REFUSAL})
        save_in_dear(one, "vendor", ROCK, Name="Cedar Rocks")
        await one.settle()
        for _ in range(3):
            await one.cycle(after_s=3600)
        assert len(sent(one, "qbo", "POST", "vendor")) == 1, "not again and again"
        assert [h.hold.code for h in await one.holds(Kind.VENDOR)] == [HoldCode.REJECTED]

        save_in_dear(one, "vendor", "Cedar Rocks", Name="Cedar Rocks Ltd")
        await one.settle()

        assert qbo_row(one, "vendor", "Cedar Rocks Ltd")
        assert await one.holds(Kind.VENDOR) == []


@pytest.mark.parametrize("down", ["qbo", "dear"])
async def test_F51_a_system_that_was_down_gets_what_waited_though_nothing_new_is_learned(
    tmp_path: Path, down: str
) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": down, "kind": "status", "status": 503, "method": "GET", "times": 0})
        if down == "dear":
            save_in_qbo(one, "vendor", ROCK, DisplayName="Cedar Rocks")
        else:
            save_in_dear(one, "vendor", ROCK, Name="Cedar Rocks")
        for _ in range(2):
            report = await one.cycle()
            assert not report.complete
        assert one.writes("qbo") == one.writes("dear") == []
        assert await one.holds(Kind.VENDOR) == []

        one.faults.clear()
        await one.cycle()

        assert qbo_row(one, "vendor", "Cedar Rocks")
        assert dear_row(one, "vendor", "Cedar Rocks")


async def test_F51_a_throttled_write_goes_in_a_later_cycle_by_itself(tmp_path: Path) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": "qbo", "kind": "throttle", "method": "POST", "path": "*/vendor"})
        save_in_dear(one, "vendor", ROCK, Name="Cedar Rocks")
        await one.cycle()
        await one.cycle(after_s=200)

        assert qbo_row(one, "vendor", "Cedar Rocks")["SyncToken"] == "1"
        await nothing_under_way(one)


# -- one bad record never stops the rest --------------------------------------------------------


async def test_one_unreadable_record_never_stops_the_rest(tmp_path: Path) -> None:
    goods = Goods()
    world = tiny(products=tuple(goods.item(f"BR-{n}") for n in range(3)))
    async with village(tmp_path, world) as one:
        await one.agree()
        (bad,) = one.dear.state["product"].where("SKU", "BR-1")
        one.dear.state.change("product", bad, {"PriceTier1": "a price"})
        save_in_dear(one, "item", "BR-2", Name="Bracket of brass")
        await one.settle()

        assert qbo_row(one, "item", "BR-2")["Name"] == "Bracket of brass"
        held = await one.holds(Kind.ITEM)
        assert [(h.hold.code, h.label) for h in held] == [(HoldCode.UNREADABLE, "BR-1")]

        one.dear.state.change("product", bad, {"PriceTier1": 9})
        await one.settle()
        assert price(qbo_row(one, "item", "BR-1")) == "9.00"
        assert await one.holds(Kind.ITEM) == []


async def test_one_refused_record_of_a_batch_never_stops_the_rest(tmp_path: Path) -> None:
    goods = Goods()
    names = ("Amber Works", "Birch Works", "Cedar Works")
    world = tiny(vendors=tuple(goods.vendor(name, qbo=False) for name in names))
    async with village(tmp_path, world) as one:
        save_in_dear(one, "vendor", "Birch Works", TaxNumber="1" * 60)
        await one.agree()

        made = {row["DisplayName"] for row in qbo_rows(one, "vendor")}
        assert {"Amber Works", "Cedar Works"} <= made
        await nothing_under_way(one)


# -- a first load that was interrupted ----------------------------------------------------------


@pytest.mark.parametrize("number", [2, 3, 5])
async def test_an_interrupted_sweep_of_qbo_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(reading, "PAGE", 5)
    goods = Goods()
    world = tiny(customers=tuple(goods.customer(f"Customer {n}", dear=False) for n in range(23)))
    async with village(tmp_path, world, flows={Kind.CUSTOMER: "off"}) as one:
        pages = 0

        def die_at_page(axe: Any) -> None:
            add = one.log.add

            def counted(seen: Any) -> Any:
                nonlocal pages
                row = add(seen)
                pages += "FROM Customer WHERE" in row["query"] and "COUNT" not in row["query"]
                if pages == number:
                    axe.fall()
                return row

            one.log.add = counted  # type: ignore[method-assign]

        assert await killed(one, one.cycle("first load"), die_at_page)
        await one.cycle("first load again")

        asked = [
            row["query"]
            for row in sent(one, "qbo", "GET", "query")
            if "FROM Customer WHERE" in row["query"] and "COUNT" not in row["query"]
        ]
        repeated = len(asked) - len(set(asked))
        assert repeated <= 1, "only the page whose answer was never read"
        counts = await one.ledger.read(lambda views: views.counts())
        assert [c.live for c in counts if (c.system, c.kind) == (QBO, Kind.CUSTOMER)] == [23]
        cursor = await one.ledger.read(lambda views: views.cursor(QBO, Kind.CUSTOMER))
        assert cursor is not None
        assert cursor.complete


async def test_an_interrupted_sweep_of_dear_goes_on_where_it_was(tmp_path: Path) -> None:
    goods = Goods()
    world = tiny(customers=tuple(goods.customer(f"Customer {n:02}", qbo=False) for n in range(23)))
    switches = DearSwitches(page_cap=5)
    async with village(tmp_path, world, dear=switches, flows={Kind.CUSTOMER: "off"}) as one:
        pages = 0

        def die_at_page(axe: Any) -> None:
            add = one.log.add

            def counted(seen: Any) -> Any:
                nonlocal pages
                row = add(seen)
                pages += row["system"] == "dear" and row["path"].lower().endswith("/customer")
                if pages == 4:
                    axe.fall()
                return row

            one.log.add = counted  # type: ignore[method-assign]

        assert await killed(one, one.cycle("first load"), die_at_page)
        seen = one.log.last
        await one.cycle("first load again")

        again = sent(one, "dear", "GET", "customer", after=seen)
        assert not any("Page=1&" in f"{row['query']}&" for row in again[:1])
        counts = await one.ledger.read(lambda views: views.counts())
        assert [c.live for c in counts if (c.system, c.kind) == (DEAR, Kind.CUSTOMER)] == [23]
