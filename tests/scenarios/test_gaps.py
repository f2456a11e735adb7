"""Others write against us, or wrote while nobody looked; clocks that disagree."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.connectors.qbo import reading
from daemon.sandbox.world import Thing
from ledger.model.facts import HoldCode
from ledger.model.ids import ExternalRef, Kind
from tests.scenarios.contending import PHONE, ROCK, nothing_under_way, paired, price
from tests.scenarios.support import (
    Goods,
    dear_row,
    killed,
    qbo_row,
    qbo_rows,
    save_in_dear,
    save_in_qbo,
    sent,
    tiny,
    village,
)
from tests.town import QBO, Town

DAY_S = 86_400.0


def one_item(**options: Any) -> Any:
    return tiny(products=(Goods().item("BR-1", **options),))


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
