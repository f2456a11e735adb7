"""One record whole in a company over both sandboxes: what agrees is the same in every field."""

from pathlib import Path

from daemon.control.protocol_drift import FieldShown, RecordAnswer
from daemon.control.recording import record_of
from ledger.model.ids import Kind
from ledger.store.views import Views
from tests.daemon.cycle.test_documents import NUMBER, PURCHASE, buy, do, flowing, sell
from tests.town import Town, town


async def looked(company: Town, text: str) -> RecordAnswer:
    policy, now = company.scheduler.company.rules(), company.clock.now()
    return await company.ledger.read(lambda views: record_of(views, text, policy=policy, as_of=now))


def odd(shown: RecordAnswer) -> list[FieldShown]:
    return [one for one in shown.fields if one.status != "same"]


async def every_record(company: Town) -> list[RecordAnswer]:
    policy, now = company.scheduler.company.rules(), company.clock.now()

    def ask(views: Views) -> list[RecordAnswer]:
        return [
            record_of(views, record, policy=policy, as_of=now)
            for kind in Kind
            for record in views.records(kind, limit=10_000)
        ]

    return await company.ledger.read(ask)


async def test_what_nobody_waits_for_is_the_same_everywhere(tmp_path: Path) -> None:
    async with town(tmp_path, size="small") as company:
        await company.agree()
        shown = await every_record(company)
    calm = [one for one in shown if not one.operations and not one.holds]
    assert len(calm) > 100
    assert [one.record for one in calm if odd(one)] == []
    held = [one for one in shown if any(hold.code == "conflict" for hold in one.holds)]
    assert held
    assert all(any(field.status == "conflict" for field in odd(one)) for one in held)


async def test_documents_that_were_posted_are_the_same_line_by_line(tmp_path: Path) -> None:
    async with flowing(tmp_path) as company:
        await buy(company)
        await sell(company)
        await company.settle()
        for text, lines in ((PURCHASE, 2), (NUMBER, 2)):
            kind = "purchase_order" if text == PURCHASE else "bill"
            (record,) = [
                one for one in await every_record(company) if one.kind == kind and one.label == text
            ]
            assert odd(record) == []
            groups = {one.group for one in record.fields if one.group.startswith("line ")}
            assert len(groups) == lines
            assert all(
                set(one.now) == {"dear", "qbo"} for one in record.fields if one.field == "amount"
            )
            assert record.agreed_at


async def test_an_order_that_grows_tells_which_line_is_new(tmp_path: Path) -> None:
    async with flowing(tmp_path) as company:
        await buy(company, billed=False)
        await company.settle()
        await do(company, "purchase", PURCHASE, "undo")
        held = await company.cycle()
        assert held.held
        shown = await looked(company, PURCHASE)
        assert [hold.code for hold in shown.holds] == ["reopened"]
        assert [one.field for one in odd(shown)] == ["status"]


async def test_what_the_books_deleted_is_gone_with_its_evidence(tmp_path: Path) -> None:
    async with flowing(tmp_path) as company:
        await buy(company, billed=False)
        await company.settle()
        ref = next(s.ref for s in (await looked(company, PURCHASE)).sides if s.system == "qbo")
        order = {"kind": "purchase_order", "id": ref.rsplit("/", 1)[-1], "delete": True}
        await company.edit("qbo", order)
        await company.cycle()
        shown = await looked(company, PURCHASE)
        side = next(side for side in shown.sides if side.system == "qbo")
        assert (side.state, bool(side.text)) == ("removed", True)
        number = next(one for one in shown.fields if one.field == "number")
        assert (number.status, number.changed_in) == ("gone", ("qbo",))
        assert number.agreed == {"dear": PURCHASE, "qbo": PURCHASE}
        assert number.now == {"dear": PURCHASE}
        amounts = [one for one in shown.fields if one.field == "amount"]
        assert {one.status for one in amounts} == {"gone"}
