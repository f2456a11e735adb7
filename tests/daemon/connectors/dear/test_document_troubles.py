"""Purchases and sales that cannot be had, cannot be understood, or are no longer there."""

from typing import Any

import pytest

from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.documents import opening
from daemon.connectors.dear.documents.positions import Mark, Position, read
from daemon.sandbox.dear.switches import DearSwitches
from ledger.model.errors import Refused, Transient, Unauthorised
from ledger.model.facts import Page
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind
from tests.daemon.connectors.dear.bench import Bench, ids, open_bench
from tests.daemon.connectors.dear.document_bench import (
    b,
    bill,
    buy,
    cursors,
    gather,
    invoice,
    look,
    part_of,
    sell,
    settled,
    shown,
)

__all__ = ["b"]


class TestWhatGoesWrong:
    async def test_one_that_cannot_be_had_is_owed_and_stops_nothing(self, b: Bench) -> None:
        at = await settled(b)
        made = [buy(b) for _ in range(3)]
        b.clock.advance(30)
        self._break(b, made[1])
        pages: list[Page] = []
        with pytest.raises(Transient, match="would not show 1"):
            await gather(b.connector.changes(at), pages)
        at |= cursors(pages)
        assert set(ids(pages)) == {made[0], made[2]}
        assert read(at[Kind.BILL]).owed == (made[1],)
        b.clock.advance(3600)
        b.connector = b.reopen()  # it is remembered where it counts
        (problem,) = [u for page in await look(b, at) for u in page.unreadable]
        assert (problem.ref.id, problem.problem.code) == (made[1], "unavailable")
        b.clear_faults()
        assert made[1] in ids(await look(b, at))
        assert read(at[Kind.BILL]).owed == ()

    def _break(self, b: Bench, broken: str) -> None:
        """DEAR refuses to show one document."""
        b.fault("status", status=500, times=0, path="*/advanced-purchase", query=f"*{broken}*")

    async def test_trouble_at_every_document_ends_the_look_where_it_stood(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch, documents={"details_per_page": 2}) as b:
            at = await settled(b)
            made = {buy(b) for _ in range(5)}
            b.fault("html_200", path="*/advanced-purchase", times=0, after=2)
            pages: list[Page] = []
            with pytest.raises(Transient):
                await gather(b.connector.changes(at), pages)
            at |= cursors(pages)
            assert read(at[Kind.BILL]).owed == ()
            assert len(ids(pages)) == 2
            b.clear_faults()
            b.clock.advance(600)
            b.connector = b.reopen()
            assert set(ids(pages + await look(b, at))) == made

    async def test_several_bad_ones_in_a_row_do_not_stand_in_the_way_for_good(
        self, b: Bench
    ) -> None:
        at = await settled(b)
        made = sorted(buy(b) for _ in range(6))
        for row_id in made:
            b.twin.state["purchase"].rows[row_id].modified = b.clock.now()
        for bad in made[:4]:
            self._break(b, bad)
        pages: list[Page] = []
        with pytest.raises(Transient, match="HTTP 500"):
            await gather(b.connector.changes(at), pages)  # DEAR may be down
        assert pages == []
        with pytest.raises(Transient, match="would not show 4"):
            await gather(b.connector.changes(at), pages)  # no: it is these
        at |= cursors(pages)
        assert set(ids(pages)) == set(made[4:])
        seen: set[str] = set()
        for _ in range(2):  # not all at once, and in turn
            bad_ones = [u.ref.id for page in await look(b, at) for u in page.unreadable]
            assert len(bad_ones) == opening.IN_A_ROW
            seen |= set(bad_ones)
        assert seen == set(made[:4])
        b.clear_faults()
        for _ in range(2):
            await look(b, at)
        assert read(at[Kind.BILL]).owed == ()

    async def test_more_than_can_be_remembered_are_not_passed_over(
        self, b: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(opening, "OWED_MOST", 1)
        at = await settled(b)
        made = sorted(buy(b) for _ in range(3))
        for row_id in made:
            b.twin.state["purchase"].rows[row_id].modified = b.clock.now()
        body = [{"ErrorCode": 400, "Exception": "Purchase not found"}]
        for bad in made[1:]:
            b.fault("status", status=400, body=body, times=0, query=f"*{bad}*")
        pages: list[Page] = []
        with pytest.raises(Refused, match="not found"):
            await gather(b.connector.changes(at), pages)
        at |= cursors(pages)
        assert ids(pages) == made[:1]
        b.clear_faults()
        assert set(ids(await look(b, at))) == set(made[1:])

    async def test_bills_of_one_that_cannot_be_had_are_held_with_it(self, b: Bench) -> None:
        made = buy(b)
        both = {bill(b, made, **part_of(b, 4)), bill(b, made, **part_of(b, 6))}
        at = await settled(b)
        b.twin.state.change("purchase", b.twin.state["purchase"].rows[made], {"Note": "new"})
        self._break(b, made)
        pages: list[Page] = []
        with pytest.raises(Transient):
            await gather(b.connector.changes(at), pages)
        at |= cursors(pages)
        bad = [u for page in await look(b, at) for u in page.unreadable]
        assert {u.ref.id for u in bad} == {made, *both}

    @pytest.mark.parametrize("kind", DOCUMENT_KINDS)
    async def test_a_document_that_cannot_be_understood_names_its_field(
        self, monkeypatch: pytest.MonkeyPatch, kind: Kind
    ) -> None:
        async with open_bench(monkeypatch) as b:
            begin = sell if kind is Kind.INVOICE else buy
            good, bad = begin(b), begin(b)
            both = [(invoice if kind is Kind.INVOICE else bill)(b, one) for one in (good, bad)]
            table = b.twin.state["sale" if kind is Kind.INVOICE else "purchase"]
            fields = table.rows[bad].fields
            part = {
                Kind.PURCHASE_ORDER: fields["Order"],
                Kind.BILL: fields.get("Invoice", [{}])[0],
                Kind.INVOICE: fields.get("Invoices", [{}])[0],
            }[kind]
            part["Lines"][1]["TaxRule"] = {"Name": "odd"}
            pages = await b.sweep(kind)
            assert pages[-1].sweep_done
            (problem,) = [u for page in pages for u in page.unreadable]
            assert problem.ref == ExternalRef(
                DEAR, kind, bad if kind is Kind.PURCHASE_ORDER else both[1]
            )
            assert problem.problem.field == "Lines[2].TaxRule"
            assert fields["OrderNumber"] in problem.problem.message
            assert "correct Lines[2].TaxRule" in problem.problem.cure
            everything = {good, bad, *both} if kind is not Kind.INVOICE else set(both)
            assert set(ids(pages)) == everything
            with pytest.raises(Refused, match="cannot be read"):
                await b.connector.read(problem.ref)

    async def test_a_new_status_word_is_watched_and_left_alone(self, b: Bench) -> None:
        made = buy(b, PurchaseType="Simple")
        ref_id = bill(b, made)
        b.twin.state["purchase"].rows[made].fields["Invoice"][0]["Status"] = "ON HOLD"
        found = shown(await b.sweep(Kind.PURCHASE_ORDER), Kind.BILL)[ref_id]
        assert "'ON HOLD'" in found.out_of_scope

    async def test_an_invoice_that_is_no_longer_there_is_told(self, b: Bench) -> None:
        made = buy(b)
        ref_id = bill(b, made)
        at = await settled(b)
        row = b.twin.state["purchase"].rows[made]
        row.fields["Invoice"].clear()
        b.twin.state.change("purchase", row, {"Note": "started over"})
        gone = [t.ref.id for page in await look(b, at) for t in page.tombstones]
        assert ref_id in gone
        assert made not in gone

    @pytest.mark.parametrize("throttle", ["429_text", "429_bare", "503_bare", "400_model"])
    async def test_F83_every_flavour_of_too_many_calls_is_waited_out(
        self, monkeypatch: pytest.MonkeyPatch, throttle: Any
    ) -> None:
        async with open_bench(monkeypatch, switches=DearSwitches(throttle=throttle)) as b:
            made = buy(b)
            b.fault("throttle", times=1, path="*/advanced-purchase")
            assert made in ids(await b.sweep(Kind.PURCHASE_ORDER))

    async def test_a_refused_login_is_said(self, b: Bench) -> None:
        buy(b)
        b.fault("status", status=403, times=0, path="*/advanced-purchase")
        with pytest.raises(Unauthorised):
            await b.sweep(Kind.PURCHASE_ORDER)

    def test_owed_and_waiting_numbers_are_bounded(self) -> None:
        assert 0 < opening.IN_A_ROW < opening.OWED_MOST <= 100
        assert Position().done is None
        assert Mark("a") < Mark("a", "1") < Mark("b")
