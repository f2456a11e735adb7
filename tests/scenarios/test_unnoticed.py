"""What no test noticed while the product was broken on purpose, each fault told once."""

from pathlib import Path

from daemon.cycle.company import Pace
from ledger.model.entries import (
    Confirmed,
    ConflictResolved,
    Intended,
    Paused,
    Rejected,
    Resumed,
)
from ledger.model.facts import REPLACED_BY
from ledger.model.ids import Digest, Kind
from ledger.model.plans import Action
from tests.scenarios.support import Goods, save_in_dear, save_in_qbo, tiny, village
from tests.town import QBO


async def test_a_lost_create_does_not_take_what_belongs_to_another_record(tmp_path: Path) -> None:
    """Somebody renames a linked vendor to that very name while the request is on its way."""
    goods = Goods()
    world = tiny(vendors=(goods.vendor("Nova", qbo=False), goods.vendor("Other")))
    async with village(tmp_path, world) as one:
        await one.cycle("first load")
        await one.approve_all()
        (vendor,) = [v for v in one.qbo.state.all("Vendor") if v.name == "Other"]
        record = await one.record_of(QBO, Kind.VENDOR, vendor.id)

        def rename(system: str, method: str, path: str) -> None:
            if system == "qbo" and method == "POST" and path.endswith("/vendor"):
                one.faults.on_request = None
                save_in_qbo(one, "vendor", "Other", DisplayName="Nova")

        one.faults.on_request = rename
        rule = {"kind": "lost_request", "method": "POST", "path": "/v3/*", "system": "qbo"}
        one.fail({**rule, "times": 1})
        await one.cycle("the create is lost")
        await one.cycle("a look for it", after_s=200.0)

        rejected = [e for e in await one.entries() if isinstance(e, Rejected)]
        assert [entry.code for entry in rejected] == ["found_elsewhere"]
        assert await one.record_of(QBO, Kind.VENDOR, vendor.id) == record


async def test_a_lost_change_that_never_acted_is_not_told_as_done(tmp_path: Path) -> None:
    """It heals by itself, for the difference stands; but the journal would say what is not so."""
    async with village(tmp_path, tiny(vendors=(Goods().vendor("Nova"),))) as one:
        await one.agree()
        head = one.ledger.head
        save_in_qbo(one, "vendor", "Nova", PrimaryPhone={"FreeFormNumber": "555 0111"})
        one.fail({"kind": "lost_request", "method": "PUT", "system": "dear", "times": 1})
        await one.cycle("the change is lost")
        await one.cycle("a look for it", after_s=200.0)
        await one.settle()

        rows = await one.ledger.read(lambda views: views.entries(head, 1_000))
        ends = [row.entry for row in rows if isinstance(row.entry, Rejected | Confirmed)]
        assert [type(entry).__name__ for entry in ends] == ["Rejected", "Confirmed"]
        assert isinstance(ends[0], Rejected)
        assert ends[0].code == "proved_absent"
        assert [entry.how for entry in ends] == ["probe", "reply"]


async def test_what_is_put_to_rest_goes_last_whatever_slice_it_was_planned_in(
    tmp_path: Path,
) -> None:
    """A wave is one of a slice: what rests in the first may be what the last still points to."""
    goods = Goods()
    vendors = (goods.vendor("Elm"), goods.vendor("Nova"))
    async with village(tmp_path, tiny(vendors=vendors)) as one:
        await one.agree()
        one.scheduler.company.pace = Pace(slice_records=1)
        save_in_dear(one, "vendor", "Elm", Status="Deprecated")
        save_in_dear(one, "vendor", "Nova", Name="Nova Ltd")
        draft = one.ledger.draft(actor="mira")
        draft.add(Paused(reason="both at once", by="mira"))
        await one.ledger.append(draft)
        await one.cycle()
        await one.approve_all()
        head = one.ledger.head
        draft = one.ledger.draft(actor="mira")
        draft.add(Resumed(reason="", by="mira"))
        await one.ledger.append(draft)
        await one.settle()

        rows = await one.ledger.read(lambda views: views.entries(head, 1_000))
        sent = [
            [item.action for item in row.entry.items]
            for row in rows
            if isinstance(row.entry, Intended)
        ]
        assert sent == [[Action.UPDATE], [Action.INACTIVATE]]


async def test_a_lost_create_does_not_take_an_item_that_a_re_export_replaced(
    tmp_path: Path,
) -> None:
    """``valves`` 40559: documents with the old item mean another product than the new one."""
    goods = Goods()
    skus = goods.item("BR-1"), goods.item("OLD-1", dear=False), goods.item("NEW-1", qbo=False)
    world = tiny(products=skus)
    async with village(tmp_path, world) as one:
        (old,) = [i for i in one.qbo.state.all("Item") if i.fields["Sku"] == "OLD-1"]
        name = old.fields["Name"]
        save_in_qbo(one, "item", "OLD-1", Active=False)
        save_in_dear(one, "item", "NEW-1", Status="Deprecated")
        await one.agree()
        record = await one.record_of(QBO, Kind.ITEM, old.id)
        meant = await one.ledger.read(lambda views: views.find(QBO, Kind.ITEM, "sku", "br-1"))
        other = await one.record_of(QBO, Kind.ITEM, meant[0].id)
        draft = one.ledger.draft(actor="mira")
        draft.add(
            ConflictResolved(
                record=record,
                field=f"{REPLACED_BY}{other}",
                take=QBO,
                value_digest=Digest("said"),
                by="mira",
                reason="re-exported",
            )
        )
        await one.ledger.append(draft)
        save_in_dear(one, "item", "NEW-1", Name=name, Status="Active")
        rule = {"kind": "lost_request", "method": "POST", "path": "/v3/*", "system": "qbo"}
        one.fail({**rule, "times": 1})
        await one.settle()
        await one.cycle("a look for it", after_s=200.0)
        await one.settle()

        assert await one.record_of(QBO, Kind.ITEM, old.id) == record
