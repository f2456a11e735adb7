"""Every checker of documents can fail: each is shown a life in which its promise was broken."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from daemon.sandbox.qbo.crud import Options, write
from daemon.sandbox.requestlog import Exchange
from ledger.model.ids import RecordId
from tests.daemon.catalogue.support import COMPANY, MIRA, conductor, delete_in_qbo, finish
from tests.scenarios.papers import (
    TODAY,
    VENDOR,
    bill_of,
    billed,
    buys,
    charge,
    in_dear,
    in_qbo,
    line,
    office,
    posted,
    reorders,
    settle,
    sold,
)
from tests.scenarios.support import dear_row, killed, save_in_dear
from tests.simulation.checkers import (
    CHECKERS,
    beside,
    papers_allowed,
    papers_closed,
    papers_ended,
    papers_linked,
    papers_once,
    papers_own,
    papers_paid,
    papers_posted,
    quiet,
)
from tests.simulation.evidence import Evidence, Sent, gather
from tests.simulation.filing import file
from tests.simulation.witness import Witness
from tests.town import Town


@asynccontextmanager
async def traded(folder: Path) -> AsyncIterator[tuple[Town, Witness]]:
    """An order with its bill, and an invoice, all posted by the daemon."""
    async with office(folder) as one:
        witness = Witness(one)
        with witness.by("trader"):
            bill_of(one, "V-1", line("BR-1", 10, "3.5"), line("BR-2", 2, 4))
            sold(one, line("BR-1", 2, "8.5"))
        await settle(one)
        yield one, witness


async def look(one: Town, witness: Witness) -> Evidence:
    return await gather(one, witness, [one.scheduler.company.policy])


def by_nobody(one: Town, kind: str, body: dict[str, Any], *, operation: str = "") -> None:
    """A write that the witness takes for the daemon's, and that the ledger knows nothing of."""
    entity = {"purchase_order": "PurchaseOrder", "bill": "Bill", "invoice": "Invoice"}[kind]
    stored = one.qbo.state.get(entity, str(body.get("Id", "")))
    token = {"SyncToken": str(stored.token), "sparse": True} if stored is not None else {}
    spec = next(s.spec for s in one.qbo.state.all(entity))
    write(one.qbo.state, spec, {**body, **token}, Options(operation=operation, by_user=True))


def lines(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(part) for part in row["Line"] if part["DetailType"] != "SubTotalLineDetail"]


async def test_a_life_without_fault_passes_all(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        evidence = await look(one, witness)
        assert len(evidence.witness.trail.by_daemon()) >= 3
        for check in CHECKERS:
            assert await check(evidence) == [], check.__module__


async def test_documents_that_show_an_item_from_before_a_re_export_pass(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        with witness.by("trader"):
            order = buys(one, line("BR-1", 4, 3))
        await settle(one)
        with witness.by("bookkeeper"):
            await delete_in_qbo(one, "BR-1")
        await settle(one)
        job = conductor(one)
        await job.plan(MIRA, None)
        await job.approve(MIRA, COMPANY)
        await job.run(MIRA)
        await finish(one, job)
        with witness.by("trader"):
            billed(one, order, "V-2")  # with the new item, of an order that shows the old one
        await settle(one)
        evidence = await look(one, witness)
        assert file(evidence).replaced, "the item was made anew"
        assert await papers_posted.check(evidence) == []
        assert await papers_linked.check(evidence) == []


async def test_a_document_posted_twice_is_noticed(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        row = posted(one, "invoice", "INV-00001")
        body = {name: row[name] for name in ("DocNumber", "CustomerRef", "TxnDate")}
        fresh = [{k: v for k, v in part.items() if k != "Id"} for part in lines(row)]
        by_nobody(one, "invoice", {**body, "Line": fresh})
        problems = await papers_once.check(await look(one, witness))
        assert any("posted 2 times" in p for p in problems)
        assert any("unknown to the journal" in p for p in problems)
        assert any("stood there" in p for p in problems)


async def test_a_number_that_a_person_gave_to_two_documents_is_no_second_posting(
    tmp_path: Path,
) -> None:
    async with traded(tmp_path) as (one, witness):
        sold(one, line("BR-2", 1, 9))
        await settle(one)
        with witness.by("bookkeeper"):
            in_qbo(one, "invoice", number="INV-00002", set={"DocNumber": "INV-00001"})
        assert await papers_once.check(await look(one, witness)) == []


async def test_a_lost_and_a_differing_document_are_noticed(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        with witness.by("trader"):
            sold(one, line("BR-2", 1, 9))
        assert any("never seen" in p for p in await papers_posted.check(await look(one, witness)))
        await settle(one)
        assert await papers_posted.check(await look(one, witness)) == []
        with witness.by("bookkeeper"):
            (first, *_) = lines(posted(one, "invoice", "INV-00002"))
            in_qbo(one, "invoice", number="INV-00002", line={"Id": first["Id"], "Qty": Decimal(7)})
            in_qbo(one, "invoice", number="INV-00001", set={"TxnDate": "2026-02-02"})
            in_qbo(one, "bill", number="V-1", delete=True)
        problems = await papers_posted.check(await look(one, witness))
        assert any("costs 63" in p for p in problems)
        assert any("is dated 2026-02-02" in p for p in problems)
        assert any("in the books 0 times" in p for p in problems)


async def test_a_draft_and_a_write_to_dear_are_noticed(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        trail = witness.trail
        trail.history = {
            label: [replace(paper, status="draft") for paper in shown]
            for label, shown in trail.history.items()
        }
        path = "/ExternalApi/v2/advanced-purchase"
        one.log.add(Exchange(system="dear", method="PUT", path=path, status=200))
        problems = await papers_allowed.check(await look(one, witness))
        assert any("never authorised" in p for p in problems)
        assert any("a write to a document in DEAR" in p for p in problems)


async def test_a_document_whose_answer_was_lost_is_told_by_its_request(tmp_path: Path) -> None:
    """Seen by the daemon, then changed by the bookkeeper before it knew that it was its own: no
    link leads from it to DEAR, and the request that made it does."""
    async with traded(tmp_path) as (one, witness):
        with witness.by("trader"):
            buys(one, line("BR-1", 4, 3), line("BR-2", 1, 5))
        lost = {"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/purchaseorder"}
        one.fail(lost)
        await one.cycle()
        assert await killed(one, one.cycle(), lambda axe: axe.after_append(1))
        with witness.by("bookkeeper"):
            first = lines(posted(one, "purchaseorder", "PO-00002"))[0]
            in_qbo(one, "purchase_order", number="PO-00002", set={"Line": [first]})
        await settle(one)
        evidence = await look(one, witness)
        row = next(row for row in one.log.rows if row["fault"] == "lost_reply")
        made = evidence.witness.trail.born()[f"qbo/{row['created'][0]}"]
        assert file(evidence).partners(made.label, "dear") == []
        assert await papers_allowed.check(evidence) == []

        sent = next(s for s in evidence.sent if s.entry.request == row["request_id"])
        (item,) = sent.entry.items
        other = msgspec.structs.replace(item, record=RecordId("purchase_order-another"))
        entry = msgspec.structs.replace(sent.entry, items=(other,))
        told = [replace(one, entry=entry) if one is sent else one for one in evidence.sent]
        problems = await papers_allowed.check(replace(evidence, sent=told))
        assert any("no document of DEAR stands behind" in p for p in problems)

        row["created"].clear()
        problems = await papers_allowed.check(evidence)
        assert any("no document of DEAR stands behind" in p for p in problems)


async def test_an_end_that_nobody_asked_for_is_noticed(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        with witness.by("bookkeeper"):
            in_qbo(one, "invoice", number="INV-00001", pay=True)
        by_nobody(
            one, "invoice", {"Id": posted(one, "invoice", "INV-00001")["Id"]}, operation="void"
        )
        evidence = await look(one, witness)
        assert any("nobody voided" in p for p in await papers_allowed.check(evidence))
        (problem,) = await papers_paid.check(evidence)
        assert problem.startswith("17 was paid, and 0 is left of it"), problem


async def test_money_that_an_update_let_go_of_is_noticed(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        with witness.by("bookkeeper"):
            bill = posted(one, "bill", "V-1")
            in_qbo(one, "bill", id=bill["Id"], pay={"amount": Decimal(20)})
        first, second = lines(bill)
        by_nobody(one, "bill", {"Id": bill["Id"], "Line": [first]})
        assert await papers_paid.check(await look(one, witness)) == [], "35 are left"
        by_nobody(one, "bill", {"Id": bill["Id"], "Line": [second]})
        (problem,) = await papers_paid.check(await look(one, witness))
        assert problem.startswith("20 was paid, and 8 is left of it")


async def test_documents_from_before_the_first_day_are_noticed(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        trail = witness.trail
        trail.history = {
            label: [replace(paper, date="2025-12-31") for paper in shown]
            for label, shown in trail.history.items()
        }
        problems = await papers_allowed.check(await look(one, witness))
        assert any("is to flow" in p for p in problems)


async def test_a_lost_class_and_a_touched_document_are_noticed(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        with witness.by("bookkeeper"):
            bill = posted(one, "bill", "V-1")
            customer = next(s.id for s in one.qbo.state.all("Customer"))
            change = {"Id": lines(bill)[0]["Id"], "CustomerRef": {"value": customer}}
            in_qbo(one, "bill", id=bill["Id"], line=change)
            in_qbo(one, "bill", id=bill["Id"], pay=True)
            vendor = next(s.name for s in one.qbo.state.all("Vendor"))
            row = {"item": "BR-1", "quantity": Decimal(1), "amount": Decimal(3)}
            in_qbo(one, "bill", enter={"party": vendor, "number": "OWN", "lines": [row]})
        assert await papers_own.check(await look(one, witness)) == []
        bare = lines(posted(one, "bill", "V-1"))
        bare[0]["ItemBasedExpenseLineDetail"] = {
            key: value
            for key, value in bare[0]["ItemBasedExpenseLineDetail"].items()
            if key != "CustomerRef"
        }
        by_nobody(one, "bill", {"Id": bill["Id"], "Line": bare, "PrivateNote": "mine"})
        by_nobody(one, "bill", {"Id": posted(one, "bill", "OWN")["Id"], "PrivateNote": "mine"})
        payment = next(one.qbo.state.all("BillPayment"))
        one.qbo.state.change(payment, {**payment.fields, "PrivateNote": "mine"})
        problems = await papers_own.check(await look(one, witness))
        assert any(f"'{customer}'" in p and "line" in p for p in problems)
        assert any("the note '' became 'mine'" in p for p in problems)
        assert any("only QuickBooks has this" in p for p in problems)
        assert any("the daemon wrote to BillPayment" in p for p in problems)


async def test_a_wrong_and_a_missing_link_are_noticed(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        assert await papers_linked.check(await look(one, witness)) == []
        row = posted(one, "bill", "V-1")
        stored = one.qbo.state.get("Bill", row["Id"])
        assert stored is not None
        first, second = stored.derived["Line"]
        crossed = [
            {**first, "LinkedTxn": second["LinkedTxn"]},
            {**second, "LinkedTxn": [{**first["LinkedTxn"][0], "TxnLineId": "9"}]},
        ]
        stored.derived = {**stored.derived, "Line": crossed}
        problems = await papers_linked.check(await look(one, witness))
        assert any("bills another item" in p for p in problems)
        assert any("what is not there" in p for p in problems)

        by_nobody(one, "bill", {"Id": row["Id"], "Line": [{**first, "LinkedTxn": None}]})
        problems = await papers_linked.check(await look(one, witness))
        assert any("is not linked to" in p for p in problems)


async def test_what_stands_although_it_was_voided_is_noticed(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        with witness.by("trader"):
            in_dear(one, "sale", number="SO-00001", do="void")
        problems = await papers_ended.check(await look(one, witness))
        assert any("still stands" in p for p in problems)


async def test_a_write_into_a_closed_period_is_noticed(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        with witness.by("bookkeeper"):
            in_qbo(one, "company", set={"closed_until": "2026-03-31"})
        bill = posted(one, "bill", "V-1")
        by_nobody(one, "bill", {"Id": bill["Id"], "PrivateNote": "late"})
        problems = await papers_closed.check(await look(one, witness))
        assert any("closed up to 2026-03-31" in p for p in problems)


async def test_an_echo_is_noticed(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        evidence = await look(one, witness)
        with witness.by("trader"):
            billed(one, buys(one, line("BR-3", 1, 5)), "V-2")
        assert any("a quiet world wrote" in p for p in await quiet.check(evidence))


async def test_what_moves_in_the_head_of_a_document_unasked_is_noticed(tmp_path: Path) -> None:
    async with traded(tmp_path) as (one, witness):
        bill = posted(one, "bill", "V-1")
        by_nobody(one, "bill", {"Id": bill["Id"], "DueDate": "2026-12-31"})
        problems = await beside.check(await look(one, witness))
        assert any("DueDate was" in p and "nobody asked" in p for p in problems)


async def test_each_of_two_changes_that_follow_at_once_is_held_against_its_own_request(
    tmp_path: Path,
) -> None:
    """What the first one set is looked at when the second begins, which asks for other fields."""
    async with traded(tmp_path) as (one, witness):
        with witness.by("trader"):
            row = line("BR-1", 4, 3)
            number = buys(one, row, Memo="ring twice")
        with witness.by("bookkeeper"):
            body = {"item": "BR-1", "quantity": Decimal(4), "amount": Decimal(12)}
            head = {"party": VENDOR, "number": number, "date": TODAY}
            in_qbo(one, "purchase_order", enter={**head, "lines": [body]})
        one.fail(
            {"system": "qbo", "kind": "lost_request", "method": "POST", "path": "*/purchaseorder"}
        )
        await one.cycle()
        with witness.by("trader"):
            reorders(one, number, line("BR-1", 6, 3))
        await settle(one)
        evidence = await look(one, witness)
        ours = [e for e in witness.trail.by_daemon() if e.what == "changed" and e.direct]
        asked = [evidence.asked(event) for event in ours]
        first, second = (set(one.write.fields) for one in asked if one is not None)
        assert first >= {"memo", "terms"}
        assert second == {"lines"}
        assert await beside.check(evidence) == []

        for field, said in (("memo", "Memo"), ("terms", "SalesTermRef")):
            told = [without(sent, field) for sent in evidence.sent]
            problems = await beside.check(replace(evidence, sent=told))
            assert any(f"{said} was None" in p and "nobody asked" in p for p in problems), field


def without(sent: Sent, field: str) -> Sent:
    """The same request, which does not name this field."""
    writes = [
        msgspec.structs.replace(w, fields={f: v for f, v in w.fields.items() if f != field})
        for w in sent.request.writes
    ]
    return replace(sent, request=msgspec.structs.replace(sent.request, writes=tuple(writes)))


async def test_a_charge_may_go_to_its_account_only_where_its_name_is_shared(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as one:
        witness = Witness(one)
        with witness.by("trader"):
            order = buys(one, line("BR-1", 2, "3.5"), charges=[charge("FREIGHT", 1, 9)])
            billed(one, order, "V-1")
        await settle(one)
        assert await papers_posted.check(await look(one, witness)) == []
        bill = posted(one, "bill", "V-1")
        account = {"Amount": Decimal(9), "DetailType": "AccountBasedExpenseLineDetail"}
        account["AccountBasedExpenseLineDetail"] = {"AccountRef": {"value": "20"}}
        goods = [row for row in lines(bill) if row["Amount"] != 9]
        by_nobody(one, "bill", {"Id": bill["Id"], "Line": [*goods, account]})
        (problem,) = await papers_posted.check(await look(one, witness))
        assert "V-1" in problem

        name = dear_row(one, "item", "FREIGHT")["Name"]
        with witness.by("buyer"):
            save_in_dear(one, "item", "BR-3", Name=name)
        assert await papers_posted.check(await look(one, witness)) == [], "nobody can tell"
        by_nobody(one, "bill", {"Id": bill["Id"], "Line": [account, account]})
        assert await papers_posted.check(await look(one, witness)), "the goods are another matter"
