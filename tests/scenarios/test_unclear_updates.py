"""Updates whose end is not known, and versions that moved meanwhile."""

from pathlib import Path
from typing import Literal

import pytest

from daemon.sandbox.qbo.switches import QboSwitches
from ledger.model.entries import Restored
from ledger.model.ids import Kind
from tests.scenarios.losing import (
    LOST_ANSWERS,
    ROCK,
    SETTLES_S,
    first_plan_approved,
    in_dear,
    linked_vendors,
    paired,
    vendors_linked,
)
from tests.scenarios.support import (
    dear_row,
    qbo_row,
    qbo_rows,
    request_ids,
    save_in_dear,
    save_in_qbo,
    sent,
    village,
)


@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_F10_a_timed_out_update_that_was_done_is_marked_done(
    tmp_path: Path, fault: str
) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": "*/vendor"})
        await one.edit("dear", {"kind": "vendor", "name": ROCK, "set": {"Name": "Cedar Rocks"}})
        token = int(qbo_row(one, "vendor", ROCK)["SyncToken"])

        assert (await one.cycle()).unknown == 1
        await one.settle()

        row = qbo_row(one, "vendor", "Cedar Rocks")
        assert int(row["SyncToken"]) == token + 1
        assert len(sent(one, "qbo", "POST", "vendor")) == 1
        assert await one.operations("planned", "waiting", "approved", "intended") == []


@pytest.mark.parametrize("fault", LOST_ANSWERS)
async def test_F10_a_timed_out_update_in_dear_that_was_done_is_marked_done(
    tmp_path: Path, fault: str
) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": "dear", "kind": fault, "method": "PUT", "path": "*/supplier"})
        await one.edit(
            "qbo",
            {
                "kind": "vendor",
                "id": qbo_row(one, "vendor", ROCK)["Id"],
                "set": {"DisplayName": "Cedar Rocks"},
            },
        )

        assert (await one.cycle()).unknown == 1
        await one.settle()

        assert dear_row(one, "vendor", "Cedar Rocks")
        assert len(sent(one, "dear", "PUT", "supplier")) == 1
        assert await one.operations("planned", "waiting", "approved", "intended") == []


@pytest.mark.parametrize("fault", LOST_ANSWERS)
@pytest.mark.parametrize("replay", ["replay", "refuse", "execute_again"])
async def test_F10_a_timed_out_batch_of_updates_that_was_done_is_marked_done(
    tmp_path: Path, fault: str, replay: Literal["replay", "refuse", "execute_again"]
) -> None:
    names = ("Amber Works", "Birch Works", "Cedar Works")
    async with village(tmp_path, paired(*names), qbo=QboSwitches(batch_replay=replay)) as one:
        await one.agree()
        one.fail({"system": "qbo", "kind": fault, "method": "POST", "path": "*/batch"})
        for name in names:
            save_in_dear(one, "vendor", name, Name=f"{name} Ltd")
        assert (await one.cycle()).unknown == 3
        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        assert [row["SyncToken"] for row in qbo_rows(one, "vendor")] == ["1", "1", "1"]
        assert len(sent(one, "qbo", "POST", "batch")) == 1
        assert await one.operations("planned", "waiting", "approved", "intended") == []


async def test_an_expired_login_in_the_middle_of_a_write_doubles_nothing(tmp_path: Path) -> None:
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": "expire_token", "method": "POST", "path": "*/vendor"})
        await one.settle()

        assert len(set(request_ids(sent(one, "qbo", "POST", "vendor")))) == 1
        assert len(qbo_rows(one, "vendor")) == 1
        assert await linked_vendors(one) == vendors_linked(ROCK)


async def test_nothing_is_sent_again_from_a_restored_ledger_before_a_person_agrees(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, in_dear(ROCK)) as one:
        await first_plan_approved(one)
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/vendor"})
        await one.cycle()
        draft = one.ledger.draft(actor="test")
        draft.add(Restored(backup_seq=1, backup_hash="", by="test"))
        await one.ledger.append(draft)
        for _ in range(3):
            await one.cycle(after_s=SETTLES_S)
        assert len(sent(one, "qbo", "POST", "vendor")) == 1

        await one.approve_all()
        await one.settle()
        assert len(qbo_rows(one, "vendor")) == 1
        assert await linked_vendors(one) == vendors_linked(ROCK)


async def test_F10_a_lost_update_is_merged_on_the_version_that_stands_now(tmp_path: Path) -> None:
    """Meanwhile somebody saved another field: both changes are kept."""
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/vendor"})
        await one.edit("dear", {"kind": "vendor", "name": ROCK, "set": {"Name": "Cedar Rocks"}})
        await one.cycle()
        save_in_qbo(one, "vendor", ROCK, PrimaryPhone={"FreeFormNumber": "(555) 0199"})

        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        row = qbo_row(one, "vendor", "Cedar Rocks")
        assert row["PrimaryPhone"] == {"FreeFormNumber": "(555) 0199"}
        assert await one.holds(Kind.VENDOR) == []
        assert await linked_vendors(one) == {("vendor", "Cedar Rocks", "Cedar Rocks")}


async def test_F10_a_lost_update_of_a_field_that_somebody_saved_is_a_conflict(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, paired(ROCK)) as one:
        await one.agree()
        one.fail({"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/vendor"})
        await one.edit("dear", {"kind": "vendor", "name": ROCK, "set": {"Name": "Cedar Rocks"}})
        await one.cycle()
        save_in_qbo(one, "vendor", ROCK, DisplayName="Cedar Stones")

        await one.cycle(after_s=SETTLES_S)
        await one.settle()

        assert qbo_row(one, "vendor", "Cedar Stones")
        assert dear_row(one, "vendor", "Cedar Rocks")
        (held,) = await one.holds(Kind.VENDOR)
        assert held.conflict is not None
        assert [field.field for field in held.conflict.fields] == ["name"]
