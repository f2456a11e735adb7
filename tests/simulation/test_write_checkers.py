"""The checkers of single writes can fail, too: where they went, what they touched beside what they
named, and what held them back."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec

from daemon.sandbox.dear import control as dear_control
from ledger.model.entries import Approved, Confirmed, GateHeld
from ledger.model.facts import HoldCode
from ledger.model.ids import ExternalRef, Kind
from tests.scenarios.support import Goods, save_in_dear, save_in_qbo, tiny, village
from tests.scenarios.test_identity import NEW_PRODUCT
from tests.simulation.checkers import aimed, beside, causes, grounds, journalled
from tests.simulation.evidence import Evidence
from tests.simulation.test_checkers import at_rest, look
from tests.simulation.valving import Valves
from tests.simulation.witness import Witness
from tests.town import QBO


async def test_a_write_that_goes_where_it_was_planned_passes(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        with witness.by("buyer"):
            save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("9.75"))
        await one.settle()
        evidence = await look(one, witness)
        for checker in (aimed, beside, causes, grounds):
            assert await checker.check(evidence) == [], checker.__name__


async def test_a_write_to_another_record_or_of_another_value_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        with witness.by("buyer"):
            save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("9.75"))
        await one.settle()
        evidence = await look(one, witness)
        sent = evidence.sent[-1]
        (write,) = sent.request.writes
        assert write.ref is not None

        def told(**changes: object) -> Evidence:
            other = msgspec.structs.replace(write, **changes)
            request = msgspec.structs.replace(sent.request, writes=(other,))
            return replace(evidence, sent=[*evidence.sent[:-1], replace(sent, request=request)])

        stranger = told(ref=ExternalRef(QBO, Kind.ITEM, "999"))
        assert any("never a part of it" in p for p in await aimed.check(stranger))
        dearer = told(fields={**write.fields, "sales_price": Decimal("9.76")})
        assert any("sales_price Decimal('9.76')" in p for p in await aimed.check(dearer))
        more = told(fields={**write.fields, "sku": "BR-9"})
        assert any("planned was ['sales_price']" in p for p in await aimed.check(more))
        row = next(r for r in reversed(one.log.rows) if r["system"] == "qbo" and r["changed"])
        row["changed"].append("item/999")
        assert any("item/999 was changed under" in p for p in await aimed.check(evidence))


async def test_what_moves_beside_a_write_is_noticed(tmp_path: Path) -> None:
    vendor = Goods().vendor("Nova")
    async with village(tmp_path, tiny(vendors=(vendor,))) as one:
        contacts = [
            {"Name": "Desk", "Phone": "555 0100", "Default": True},
            {"Name": "Workshop", "Phone": "555 0199", "Default": False},
        ]
        witness = Witness(one)
        await one.agree()
        with witness.by("buyer"):
            save_in_dear(one, "vendor", "Nova", Contacts=contacts)
        await one.settle()
        with witness.by("bookkeeper"):
            save_in_qbo(one, "vendor", "Nova", PrimaryPhone={"FreeFormNumber": "555 0111"})
        await one.settle()
        event = next(e for e in reversed(witness.of_daemon()) if e.system == "dear")
        assert event.rows is not None
        before, after = event.rows
        assert [row["Phone"] for row in after["Contacts"]] == ["555 0111", "555 0199"]
        assert await beside.check(await look(one, witness)) == []

        desk, workshop = after["Contacts"]
        for rows, said in (
            ({**after, "Comments": "gone"}, "Comments was"),
            ({**after, "Contacts": [desk]}, "became"),
            ({**after, "Contacts": [{**desk, "Name": "Nova"}, workshop]}, "['Name'] moved"),
        ):
            witness.events[event.n] = replace(event, rows=(before, rows))
            assert any(said in p for p in await beside.check(await look(one, witness))), said


async def test_what_waits_for_no_reason_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        at = Valves(one)
        await at.pause({"kind": "item", "system": "dear"})
        await at.pause({"kind": "item", "system": "qbo"})
        save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("9.75"))
        await one.cycle()
        evidence = await look(one, witness)
        assert await grounds.check(evidence) == []
        row = next(r for r in reversed(evidence.journal) if isinstance(r.entry, GateHeld))
        assert isinstance(row.entry, GateHeld)

        def waits(reason: str) -> Evidence:
            entry = msgspec.structs.replace(row.entry, reason=reason)
            rows = [msgspec.structs.replace(r, entry=entry) if r is row else r for r in before]
            return replace(evidence, journal=rows)

        before = evidence.journal
        for reason in ("frozen", "window", "skipped", "first_plan", "manual_flow", "inactivates"):
            assert any("which is not so" in p for p in await grounds.check(waits(reason))), reason
        before = [r for r in before if type(r.entry).__name__ != "Paused"]
        assert any("which is not so" in p for p in await grounds.check(waits("paused")))


async def test_a_change_that_waits_although_it_was_approved_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        evidence = await look(one, witness)
        at = next(n for n, r in enumerate(evidence.journal) if isinstance(r.entry, Approved))
        waits = next(r for r in evidence.journal if isinstance(r.entry, GateHeld))
        evidence.journal.insert(at + 1, waits)
        assert any("although it was approved" in p for p in await grounds.check(evidence))


async def test_a_yes_that_lets_two_writes_go_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        with witness.by("buyer"):
            save_in_dear(one, "item", "BR-1", Status="Deprecated")
        await one.settle()
        await one.approve_all()
        await one.settle()
        evidence = await look(one, witness)
        assert await journalled.check(evidence) == []
        done = [r for r in evidence.journal if isinstance(r.entry, Confirmed)][-1]
        last = [r for r in evidence.journal if type(r.entry).__name__ == "Intended"][-1]
        again = msgspec.structs.replace(last.entry, request="another")
        after = evidence.journal.index(done) + 1
        evidence.journal.insert(after, msgspec.structs.replace(last, entry=again))
        assert any("without a yes" in p for p in await journalled.check(evidence))


async def test_a_hold_that_the_world_belies_is_noticed(tmp_path: Path) -> None:
    async with at_rest(tmp_path) as (one, witness):
        with witness.by("two people"):
            save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("3"))
            save_in_qbo(one, "item", "BR-1", UnitPrice=Decimal("4"))
        await one.settle()
        evidence = await look(one, witness)
        assert await causes.check(evidence) == []
        (row,) = [row for row in evidence.holds if row.conflict is not None]

        for code in (
            *(HoldCode.NAME_TAKEN, HoldCode.REMOVED, HoldCode.REJECTED, HoldCode.OPEN_INTENT),
            *(HoldCode.CLOSED_PERIOD, HoldCode.REOPENED, HoldCode.VOIDED, HoldCode.SETTLED),
            HoldCode.BELOW_PAID,
        ):
            hold = msgspec.structs.replace(row.hold, code=code, system=QBO)
            other = msgspec.structs.replace(row, hold=hold, conflict=None)
            assert await causes.check(replace(evidence, holds=[other])), code
        save_in_qbo(one, "item", "BR-1", UnitPrice=Decimal("3"))
        problems = await causes.check(evidence)
        assert any("qbo shows sales_price '3', not '4'" in p for p in problems)
        assert any("both show sales_price" in p for p in problems)


async def test_a_name_that_two_would_get_is_a_cause_while_one_of_them_is_set_aside(
    tmp_path: Path,
) -> None:
    async with at_rest(tmp_path) as (one, witness):
        with witness.by("buyer"):
            for sku, name in (("H-1", "Hose: 25"), ("H-2", "Hose- 25")):
                new = {**NEW_PRODUCT, "SKU": sku, "Name": name}
                dear_control.edit(one.dear.state, {"kind": "item", "create": new})
        one.fail({"system": "qbo", "kind": "status", "status": 503, "times": 100})
        await one.cycle()
        evidence = await look(one, witness)
        (held,) = [row for row in evidence.holds if row.hold.code is HoldCode.NAME_TAKEN]
        assert any("nobody has that name" in p for p in await causes.check(evidence))
        (rival,) = held.hold.waits_for
        assert await causes.check(replace(evidence, aside={rival})) == []
