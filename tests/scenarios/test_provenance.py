"""From a document in the books back to whoever let it be written."""

from pathlib import Path

from daemon.cli.writes import BY_ITSELF, Sent, sent
from daemon.control.desk import history_of
from daemon.control.protocol import ApproveRequest
from daemon.control.protocol_drift import TimelineQuery
from daemon.control.timelines import the_timeline
from ledger.model.ids import Kind
from ledger.store.views import Views
from tests.scenarios.papers import bill_of, line, office, posted, rebills, settle
from tests.scenarios.village import BOOKKEEPER, desk
from tests.town import DEAR, QBO, Town


async def writes_to(one: Town, text: str) -> list[Sent]:
    """What ``trueup ledger writes`` tells, from the ledger's file alone."""

    def ask(views: Views) -> list[Sent]:
        now = one.clock.now()
        query = TimelineQuery(filter="entry:ConfigApplied")
        rules = the_timeline(views, query, as_of=now, systems=(QBO, DEAR))
        return sent(history_of(views, text, as_of=now).rows, rules.rows)

    return await one.ledger.read(ask)


async def test_47_a_document_of_the_books_tells_who_when_why_by_which_rule_and_exchange(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, create={Kind.BILL: {"qbo": "ask"}}) as one:
        bill_of(one, "V-1")
        await settle(one)
        (row,) = await one.operations("waiting")
        asked = ApproveRequest(digests=(row.operation.digest,), note="checked with the vendor")
        told = await desk(one).approve(BOOKKEEPER, asked)
        await settle(one)
        ref = f"qbo/bill/{posted(one, 'bill', 'V-1')['Id']}"
        answered = {log["request_id"]: log["created"] for log in one.writes("qbo")}

        (first,) = await writes_to(one, ref)
        assert first.what.startswith("create in qbo")
        assert (first.rule, first.rule_text) == (row.reason, row.text)
        assert (first.approved_by, first.reason) == (str(BOOKKEEPER), "checked with the vendor")
        assert first.approved_seq == told.seq
        assert first.config == await one.ledger.read(lambda views: views.config())
        assert "" < first.config_since < first.approved_at < first.sent_at <= first.end_at
        assert answered[first.request] == [ref.removeprefix("qbo/")]
        assert first.trace.startswith("1-sandbox-")
        assert first.ref == ref


async def test_47_what_went_by_itself_and_what_was_lost_and_found_say_so(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        order = bill_of(one, "V-1")
        await settle(one)
        ref = f"qbo/bill/{posted(one, 'bill', 'V-1')['Id']}"
        rebills(one, order, line("BR-1", 10, "3.75"))
        one.fail({"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/bill"})
        await settle(one)

        created, changed = await writes_to(one, ref)
        assert [one.rule_text for one in (created, changed)] == [BY_ITSELF, BY_ITSELF]
        assert (created.approved_by, changed.approved_by) == ("", "")
        assert created.trace
        assert changed.trace == "", "no answer came, so it has no id"
        assert changed.end.endswith("was written (probe)")
        assert changed.end_seq > changed.sent_seq > created.end_seq
