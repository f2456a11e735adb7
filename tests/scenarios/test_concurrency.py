"""Others write while we do: versions that moved, names passed on, our own echo."""

from pathlib import Path
from typing import Any

import pytest

from ledger.model.facts import HoldCode
from ledger.model.ids import Kind
from tests.scenarios.contending import PHONE, ROCK, nothing_under_way, paired
from tests.scenarios.support import (
    Goods,
    dear_row,
    dear_rows,
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


def at_first(one: Town, method: str, tail: str, *acts: Any) -> None:
    """Let somebody act at the moment in which the first such request has arrived."""

    def watch(_: str, verb: str, path: str) -> None:
        if verb == method and path.lower().endswith(f"/{tail}"):
            one.faults.on_request = None
            for act in acts:
                act()

    one.faults.on_request = watch


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
