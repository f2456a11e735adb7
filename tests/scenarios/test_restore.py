"""DESIGN 6.18: an old backup is put back after both systems moved on. Nothing is doubled, nothing
is sent before a person agrees, and what the backup never knew is found again and adopted."""

from decimal import Decimal
from pathlib import Path

from ledger.model.entries import Restored
from ledger.model.ids import Kind
from ledger.store.anchor import Anchor, compare_file, note_in, noted_in
from ledger.store.backup import restore
from ledger.store.instants import instant
from ledger.store.views import Views
from tests.scenarios.connection import price, raise_price, raise_price_in_books
from tests.scenarios.test_identity import new_product, new_supplier
from tests.scenarios.village import settled
from tests.town import KEY, QBO, Town

ASK = {Kind.VENDOR: {QBO: "ask"}, Kind.ITEM: {QBO: "ask"}}


async def put_back(one: Town, backup: Path) -> None:
    """What ``trueup ledger restore`` does, between a stop and a start of the daemon."""
    await one.stop_daemon()
    restore(backup, one.folder / "ledger.db", key=KEY, by="ann", now=one.clock.now)
    await one.start_daemon()


def names(one: Town, entity: str) -> list[str]:
    return sorted(stored.name for stored in one.qbo.state.all(entity))


async def anchored(one: Town, path: Path) -> None:
    seq, head = await one.ledger.read(Views.head)
    note_in(path, Anchor(at=instant(one.clock.now()), seq=seq, hash=head))


async def test_nothing_is_doubled_by_an_old_backup_after_both_systems_moved_on(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path / "state", create=ASK) as one:
        backup = tmp_path / "old.backup"
        await one.ledger.backup(backup)
        # What the backup will not know: creates and an update by us, and edits by people since.
        await new_supplier(one, "Grove Lumber")
        await new_product(one, "Hinge", "HINGE")
        await raise_price(one, "BOLT", 12.5)
        await one.cycle()
        await one.approve_all()
        await one.settle()
        vendors, items = names(one, "Vendor"), names(one, "Item")
        assert "Grove Lumber" in vendors
        assert price(one) == Decimal("12.5")
        await raise_price(one, "CLAMP", 31.0)
        await new_supplier(one, "Heath Timber")
        before = len(one.writes("qbo")), len(one.writes("dear"))

        await put_back(one, backup)
        for _ in range(3):
            await one.cycle()
        assert (len(one.writes("qbo")), len(one.writes("dear"))) == before, "it only observes"
        assert await one.ledger.read(Views.first_plan_approved) is False

        await one.approve_all()
        await one.settle()
        assert names(one, "Vendor") == sorted([*vendors, "Heath Timber"])
        assert names(one, "Item") == items
        assert price(one) == Decimal("12.5")
        assert price(one, "Clamp") == Decimal(31)
        assert [*await one.holds(Kind.VENDOR), *await one.holds(Kind.ITEM)] == []
        assert (await one.ledger.verify()).is_sound
        assert sum(isinstance(entry, Restored) for entry in await one.entries()) == 1


async def test_an_edit_made_on_one_side_after_the_backup_is_not_undone(tmp_path: Path) -> None:
    """The books were edited, we carried that over, and the backup knows neither: both sides show
    the same, so there is nothing to write."""
    async with settled(tmp_path / "state") as one:
        backup = tmp_path / "old.backup"
        await one.ledger.backup(backup)
        await raise_price_in_books(one, "Bolt", 14.25)
        await one.settle()
        before = len(one.writes("qbo")), len(one.writes("dear"))

        await put_back(one, backup)
        await one.cycle()
        await one.approve_all()
        await one.settle()

        assert (len(one.writes("qbo")), len(one.writes("dear"))) == before
        assert price(one) == Decimal("14.25")


async def test_what_the_backup_cannot_tell_apart_is_asked(tmp_path: Path) -> None:
    """We had carried one edit over, and a second one came since: to the old backup both sides
    moved, each to a value of its own. Neither is overwritten."""
    async with settled(tmp_path / "state") as one:
        backup = tmp_path / "old.backup"
        await one.ledger.backup(backup)
        await raise_price(one, "BOLT", 12.5)
        await one.settle()
        await raise_price(one, "BOLT", 13.75)

        await put_back(one, backup)
        await one.cycle()
        await one.approve_all()
        await one.settle()

        assert price(one) == Decimal("12.5")
        (held,) = await one.holds(Kind.ITEM)
        assert held.conflict is not None
        assert [field.field for field in held.conflict.fields] == ["sales_price"]


async def test_a_restore_is_told_apart_from_a_ledger_that_was_cut_short(tmp_path: Path) -> None:
    """Anchors of entries that a restore set aside are no alarm, and those noted since count."""
    async with settled(tmp_path / "state") as one:
        anchors = tmp_path / "anchors"
        backup = tmp_path / "old.backup"
        await anchored(one, anchors)
        await one.ledger.backup(backup)
        await raise_price(one, "BOLT", 12.5)
        await one.settle()
        await anchored(one, anchors)

        await put_back(one, backup)
        await one.cycle()
        await anchored(one, anchors)

        report = compare_file(one.folder / "ledger.db", noted_in(anchors))
        assert report.problems == ()
        assert report.agreed == one.ledger.head
        (note,) = report.notes
        assert "when ann restored a backup" in note
