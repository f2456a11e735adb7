"""What simulated lives have found, each told once more in the fewest words."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.control import skipping
from daemon.control.protocol import Code, Declined, LinkRequest
from daemon.control.protocol_valves import SkipRequest
from daemon.control.trouble import pattern_of
from daemon.cycle.planning import CONFLICT_SUBJECT
from daemon.cycle.recover import one_each
from daemon.sandbox.world import ProductFace, Thing
from ledger.model.entries import Confirmed as WasConfirmed
from ledger.model.entries import VersionMoved
from ledger.model.facts import HoldCode, Observation
from ledger.model.ids import ExternalRef, Kind, OperationId
from ledger.model.outcomes import Confirmed, Rejected, Write
from ledger.model.plans import Action
from ledger.model.records import Item
from tests.scenarios.papers import (
    CUSTOMER,
    TODAY,
    codes,
    hold_of,
    in_dear,
    in_qbo,
    invoiced,
    line,
    marker,
    numbers,
    office,
    open_work,
    posted,
    same_record,
    sells,
    settle,
    shop,
    sold,
    wrote,
)
from tests.scenarios.support import (
    Goods,
    create_in_qbo,
    dear_row,
    qbo_row,
    save_in_dear,
    save_in_qbo,
    tiny,
    village,
)
from tests.scenarios.village import BOOKKEEPER, desk
from tests.simulation.checkers import invented
from tests.simulation.evidence import gather
from tests.simulation.valving import Valves
from tests.simulation.wakeful import nobody_oversleeps
from tests.simulation.witness import Witness
from tests.town import DEAR, QBO

PRICED = (("HS-1", "2"), ("HS-2", "3"))
POSTING = {"IncomeAccountRef": {"value": "79"}, "ExpenseAccountRef": {"value": "80"}}


def named(thing: Thing[ProductFace], name: str) -> Thing[ProductFace]:
    """The thing under this name, wherever it is."""
    qbo = replace(thing.qbo, name=name) if thing.qbo else None
    dear = replace(thing.dear, name=name) if thing.dear else None
    return Thing(thing.key, qbo=qbo, dear=dear)


async def test_a_query_that_shows_less_than_the_reply_to_a_write_is_no_news(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, tiny(products=(Goods().item("BR-1"),))) as one:
        await one.agree()
        save_in_dear(one, "item", "BR-1", PriceTier1=Decimal("9.75"))
        await one.settle()
        await one.scheduler.run_now("proof", full=True)

        entries = await one.entries()
        written = max(n for n, entry in enumerate(entries) if isinstance(entry, WasConfirmed))
        # QuickBooks shows DeferredRevenue in the reply, and not in queries and changes.
        assert not [e for e in entries[written:] if isinstance(e, VersionMoved)]


async def test_a_hold_over_a_likeness_wakes_when_the_exact_key_turns_up(tmp_path: Path) -> None:
    goods = Goods()
    alike = (
        named(goods.item("gsk-1", dear=False), "Hose"),
        named(goods.item("HOSE-25", qbo=False), "Hose"),
    )
    async with village(tmp_path, tiny(products=alike)) as one:
        await one.agree()
        assert HoldCode.PROPOSED_MATCH in {row.hold.code for row in await one.holds()}
        create_in_qbo(one, "item", Name="Gasket", Sku="GSK-1", Type="NonInventory", **POSTING)

        await one.settle()  # the new one is created in DEAR, under the key of the first

        await nobody_oversleeps(one)


async def test_a_refused_name_wakes_when_the_unseen_holder_of_it_shows_itself(
    tmp_path: Path,
) -> None:
    async with village(tmp_path, tiny(vendors=(Goods().vendor("Nova", qbo=False),))) as one:
        await one.cycle("first load")
        await one.approve_all()

        def be_faster(system: str, method: str, path: str) -> None:
            if system == "qbo" and method == "POST" and path.endswith("/vendor"):
                one.faults.on_request = None
                create_in_qbo(one, "customer", DisplayName="Nova")

        one.faults.on_request = be_faster
        await one.settle()

        codes = {row.hold.code for row in await one.holds() if row.kind == "vendor"}
        assert codes == {HoldCode.NAME_TAKEN}
        await nobody_oversleeps(one)


async def test_a_refused_create_wakes_when_something_like_it_turns_up(tmp_path: Path) -> None:
    async with village(tmp_path, tiny(vendors=(Goods().vendor("Nova’s", qbo=False),))) as one:
        contact = {"Name": "Desk", "Email": "nobody at example", "Default": True}
        save_in_dear(one, "vendor", "Nova’s", Contacts=[contact])
        await one.agree()
        held = [row.hold.code for row in await one.holds() if row.kind == "vendor"]
        assert held == [HoldCode.REJECTED]

        create_in_qbo(one, "vendor", DisplayName="Nova's")
        await one.settle()

        held = [row.hold.code for row in await one.holds() if row.kind == "vendor"]
        assert held == [HoldCode.PROPOSED_MATCH] * 2, "no second one is made of it"
        await nobody_oversleeps(one)


async def test_a_create_that_is_set_aside_wakes_when_another_takes_its_name(
    tmp_path: Path,
) -> None:
    """``valves`` 31100: nothing looked at a planned create again until somebody approved it."""
    async with village(tmp_path, tiny(customers=(Goods().customer("Nova", qbo=False),))) as one:
        await one.cycle("first load")
        waiting = await one.operations("planned", "waiting")
        (nova,) = [row for row in waiting if row.operation.kind is Kind.CUSTOMER]
        request = SkipRequest(record=nova.operation.record, reason="not ours")
        await skipping.skip(desk(one), BOOKKEEPER, request)

        create_in_qbo(one, "vendor", DisplayName="Nova")
        await one.settle()

        codes = {row.hold.code for row in await one.holds() if row.kind is Kind.CUSTOMER}
        assert codes == {HoldCode.NAME_TAKEN}
        await nobody_oversleeps(one)


async def test_a_create_that_relies_on_a_name_given_up_wakes_when_it_is_kept(
    tmp_path: Path,
) -> None:
    """``answers`` 110364: a vendor was to get another name, and a new customer that which it had.
    It could not be renamed any more, and the customer was sent all the same, and refused."""
    async with village(tmp_path, tiny(vendors=(Goods().vendor("Alpha"),))) as one:
        await one.agree()
        at = Valves(one)
        await at.pause({})
        save_in_dear(one, "vendor", "Alpha", Name="Beta")
        in_dear(one, "customer", create={"Name": "Alpha"})
        await one.settle()
        waiting = await one.operations("planned", "waiting")
        assert {row.operation.action for row in waiting} == {Action.CREATE, Action.UPDATE}

        create_in_qbo(one, "customer", DisplayName="Beta")
        await one.settle()

        waiting = await one.operations("planned", "waiting")
        assert [row.operation.system for row in waiting] == [DEAR], "the new customer goes over"
        held = [row.kind for row in await one.holds() if row.hold.code is HoldCode.NAME_TAKEN]
        assert set(held) == {Kind.VENDOR, Kind.CUSTOMER}
        await nobody_oversleeps(one)


async def test_a_create_that_waits_wakes_when_something_like_it_turns_up(tmp_path: Path) -> None:
    async with village(tmp_path, tiny(vendors=(Goods().vendor("Nova’s", qbo=False),))) as one:
        await one.cycle("first load")

        create_in_qbo(one, "vendor", DisplayName="Nova's")
        await one.settle()

        held = [row.hold.code for row in await one.holds() if row.kind is Kind.VENDOR]
        assert held == [HoldCode.PROPOSED_MATCH] * 2, "no second one is made of it"
        await nobody_oversleeps(one)


async def test_a_yes_is_used_up_by_the_write_that_it_allowed(tmp_path: Path) -> None:
    """Inactive, active again and inactive once more: the third change is the first one, to the last
    byte, and its approval has not expired."""
    async with village(tmp_path, tiny(products=(Goods().item("BR-1"),))) as one:
        await one.agree()
        save_in_dear(one, "item", "BR-1", Status="Deprecated")
        await one.settle()
        await one.approve_all()
        await one.settle()
        save_in_dear(one, "item", "BR-1", Status="Active")
        await one.settle()
        (item,) = one.qbo.state.all("Item")
        assert item.active

        save_in_dear(one, "item", "BR-1", Status="Deprecated")
        await one.settle()

        (row,) = await one.operations("waiting")
        assert row.reason == "inactivates"
        (item,) = one.qbo.state.all("Item")
        assert item.active


async def test_an_ambiguity_ends_when_the_third_of_one_key_gives_it_up(tmp_path: Path) -> None:
    """``lists`` 40579: the hold knew the candidate, and not who else could have been it."""
    goods = Goods()
    world = tiny(products=(goods.item("BR-1"), goods.item("MAN-9", qbo=False)))
    async with village(tmp_path, world) as one:
        save_in_dear(one, "item", "MAN-9", Status="Deprecated")
        await one.agree()
        save_in_qbo(one, "item", "BR-1", Sku="MAN-9")
        create_in_qbo(one, "item", Name="Kettle", Sku="MAN-9", Type="NonInventory", **POSTING)

        await one.settle()  # DEAR owns the SKU: BR-1 gets its own back

        assert [row.subject for row in await one.holds(Kind.ITEM)] == [CONFLICT_SUBJECT], "linked"
        await nobody_oversleeps(one)


async def test_an_invoice_that_waits_is_not_posted_beside_one_entered_under_its_number(
    tmp_path: Path,
) -> None:
    """``paper_valves`` 90010: the create was planned when the daemon died, and its ground had moved
    when the next one sent it."""
    async with office(tmp_path) as one:
        at = Valves(one)
        await at.pause({"kind": "invoice"})
        sale = sells(one, line("BR-1", 2, "3.5"))
        number = invoiced(one, sale)["InvoiceNumber"]
        await one.settle()
        body: dict[str, Any] = {"party": CUSTOMER, "number": number, "date": TODAY}
        body["lines"] = [{"item": "BR-2", "quantity": 1, "price": 77}]
        in_qbo(one, "invoice", enter=body)
        await at.open_all()

        await one.settle()

        assert posted(one, "invoice", number)["TotalAmt"] == Decimal(77)
        assert number in await hold_of(one, HoldCode.PROPOSED_MATCH)
        await nobody_oversleeps(one)


async def test_an_invoice_that_waits_is_held_when_what_it_sells_is_put_to_rest(
    tmp_path: Path,
) -> None:
    """``paper_valves`` 130126: what waits did not look at what it points to, and was sent with the
    item that the books had made inactive."""
    async with office(tmp_path) as one:
        at = Valves(one)
        await at.pause({"kind": "invoice"})
        sale = sells(one, line("BR-1", 2, "3.5"))
        number = invoiced(one, sale)["InvoiceNumber"]
        await one.settle()
        assert await open_work(one) == [number]

        save_in_qbo(one, "item", "BR-1", Active=False)
        await one.settle()

        assert await open_work(one) == []
        assert "inactive" in await hold_of(one, HoldCode.INACTIVE_REFERENCE)
        await nobody_oversleeps(one)


@pytest.mark.parametrize("is_corrected", [False, True])
async def test_an_invoice_that_waits_is_not_posted_beside_the_same_under_another_number(
    tmp_path: Path, is_corrected: bool
) -> None:
    """``paper_valves`` 140272: a create that waits watched for its number alone. A person enters it
    under another one, or for another customer whom they correct afterwards."""
    other = Goods().customer("Willow Yard")
    async with office(tmp_path, replace(shop(), customers=(*shop().customers, other))) as one:
        at = Valves(one)
        await at.pause({"kind": "invoice"})
        sale = sells(one, line("BR-1", 2, "3.5"))
        invoiced(one, sale)
        await one.settle()
        party = "Willow Yard" if is_corrected else CUSTOMER
        body: dict[str, Any] = {"party": party, "number": "BY-HAND", "date": TODAY}
        body["lines"] = [{"item": "BR-1", "quantity": 2, "amount": 7}]
        in_qbo(one, "invoice", enter=body)
        await one.settle()
        if is_corrected:
            by_hand = posted(one, "invoice", "BY-HAND")
            whom = {"CustomerRef": {"value": qbo_row(one, "customer", CUSTOMER)["Id"]}}
            in_qbo(one, "invoice", id=by_hand["Id"], set=whom)
            await one.settle()
        await at.open_all()

        await one.settle()

        assert numbers(one, "invoice") == ["BY-HAND"]
        assert "another number" in await hold_of(one, HoldCode.PROPOSED_MATCH)
        await nobody_oversleeps(one)


async def test_what_the_books_call_in_their_own_way_was_not_edited_before_it_was_put_to_rest(
    tmp_path: Path,
) -> None:
    """``lists`` 151707: QuickBooks takes no colon, so that the two names were two edits to one
    look, and one and the same to the next."""
    async with village(tmp_path, tiny(products=(Goods().item("BR-1"),))) as one:
        await one.agree()
        save_in_dear(one, "item", "BR-1", Name="Pipe:5")
        save_in_qbo(one, "item", "BR-1", Name="Pipe-5", Active=False)
        create_in_qbo(one, "item", Name="Pipe 5 new", Sku="BR-1", Type="NonInventory", **POSTING)
        await one.settle()

        codes = [row.hold.code for row in await one.holds(Kind.ITEM)]
        assert HoldCode.REMOVED in codes
        assert HoldCode.EDITED_AND_REMOVED not in codes
        await nobody_oversleeps(one)


async def test_two_invoices_that_were_voided_apart_stay_apart(tmp_path: Path) -> None:
    """``papers`` 151416: one of DEAR came to be worth nothing, as the voided one of QuickBooks."""
    async with office(tmp_path) as one:
        sale = sells(one, line("BR-1", 2, "3.5"))
        number = invoiced(one, sale, Status="DRAFT")["InvoiceNumber"]
        await one.settle()
        body: dict[str, Any] = {"party": CUSTOMER, "number": number, "date": TODAY}
        body["lines"] = [{"item": "BR-2", "quantity": 1, "price": 77}]
        in_qbo(one, "invoice", enter=body)
        in_qbo(one, "invoice", id=posted(one, "invoice", number)["Id"], void=True)
        await one.settle()

        in_dear(one, "sale", number=sale, do="void")
        await one.settle()

        assert not await same_record(one, Kind.INVOICE, number)
        await nobody_oversleeps(one)


async def test_an_invoice_for_somebody_the_books_lack_says_so(tmp_path: Path) -> None:
    """``paper_links`` 160198: nothing but its customer had changed, and there was no value to
    compare."""
    async with office(tmp_path) as one:
        number = sold(one, line("BR-1", 2, "3.5"))
        await settle(one)
        ours = dear_row(one, "customer", CUSTOMER)
        record = await one.record_of(DEAR, Kind.CUSTOMER, ours["_id"])
        request = LinkRequest(
            record=record, ref=f"dear/customer/{ours['_id']}", action="unlink", reason="not theirs"
        )
        await desk(one).link(BOOKKEEPER, request)
        await settle(one)

        assert CUSTOMER in await hold_of(one, HoldCode.MISSING_REFERENCE)
        assert wrote(one, marker(one)) == []
        await nobody_oversleeps(one)

        save_in_dear(one, "customer", CUSTOMER, Name="Birch Gardens West")
        await settle(one)

        assert posted(one, "invoice", number)["CustomerRef"]["name"] == "Birch Gardens West"
        assert await codes(one) == []


async def test_to_skip_a_pattern_that_is_set_aside_already_is_declined(tmp_path: Path) -> None:
    nova = Goods().vendor("Nova", qbo=False)
    async with village(
        tmp_path, tiny(vendors=(nova,)), create={Kind.VENDOR: {QBO: "never"}}
    ) as one:
        await one.agree()
        (row,) = [row for row in await one.holds() if row.kind is Kind.VENDOR]
        pattern = pattern_of(row.hold)
        request = SkipRequest(pattern=pattern, expect_count=1, reason="not ours")
        await skipping.skip(desk(one), BOOKKEEPER, request)

        again = SkipRequest(pattern=pattern, expect_count=0, reason="not ours")
        with pytest.raises(Declined) as caught:
            await skipping.skip(desk(one), BOOKKEEPER, again)

        assert caught.value.code is Code.STALE
        assert caught.value.cure


async def test_a_create_is_told_by_its_values_where_two_have_one_name(tmp_path: Path) -> None:
    """A fault of the checkers themselves: both planned items were to be called the same."""
    goods = Goods()
    alike = tuple(named(goods.item(sku, qbo=False, price=p), "Hose") for sku, p in PRICED)
    async with village(tmp_path, tiny(products=alike)) as one:
        witness = Witness(one)
        await one.agree()
        evidence = await gather(one, witness, [one.scheduler.company.policy])
        born = next(event for event in witness.events if event.what == "created")
        operation = evidence.operation_of(born)
        assert operation is not None
        # The other one goes out later and is refused; this one was made all the same.
        sent = next(s for s in evidence.sent if s.entry.items[0].operation == operation.id)
        other = msgspec.structs.replace(
            operation,
            id=OperationId("other"),
            changes=tuple(
                msgspec.structs.replace(c, after=Decimal(77)) if c.field == "sales_price" else c
                for c in operation.changes
            ),
        )
        evidence.operations[other.id] = other
        writes = (msgspec.structs.replace(sent.request.writes[0], operation=other.id),)
        request = msgspec.structs.replace(sent.request, writes=writes)
        evidence.sent.append(replace(sent, request=request))
        assert evidence.operation_of(born) == operation
        assert await invented.check(evidence) == []


def test_two_lost_creates_of_one_name_do_not_both_take_what_one_of_them_made() -> None:
    """``valves`` 256: "gasket" and "Gasket" were in one batch, whose answer was lost."""
    ref = ExternalRef(QBO, Kind.ITEM, "23")
    made = Observation(ref=ref, version="0", record=Item(name="Hose", sku="HS-2"), raw=b"{}")
    writes = {
        b_id: Write(
            b_id=b_id,
            operation=OperationId(b_id),
            action=Action.CREATE,
            kind=Kind.ITEM,
            ref=None,
            version="",
            fields={"name": name, "sku": sku},
        )
        for b_id, name, sku in (("one", "hose", "HS-1"), ("two", "Hose", "HS-2"))
    }
    found = [Confirmed(b_id=b_id, shown=made) for b_id in writes]

    first, second = one_each(found, writes)

    assert isinstance(first, Rejected)
    assert first.cure
    assert second == found[1]
    assert one_each(found[:1], writes) == found[:1]
