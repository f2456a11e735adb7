"""Updates over real HTTP: read before, only what was wanted, read after."""

from decimal import Decimal
from typing import Any

import pytest

from daemon.sandbox.dear.state import Row
from daemon.sandbox.dear.switches import DearSwitches
from ledger.model.errors import Throttled
from ledger.model.facts import Observation
from ledger.model.ids import Kind
from ledger.model.outcomes import (
    Confirmed,
    RefusalKind,
    Rejected,
    Unknown,
)
from ledger.model.plans import Action
from ledger.model.records import Customer, Item
from ledger.model.values import Address, Reference, Value
from tests.daemon.connectors.dear.bench import Bench, open_bench
from tests.daemon.connectors.dear.writing import ref, seen, some, update


class TestUpdate:
    @pytest.mark.parametrize(
        ("kind", "fields"),
        [
            (
                Kind.ITEM,
                {
                    "name": "Renamed",
                    "sales_price": Decimal("3.1415"),
                    "description": None,
                    "expense_account": Reference(kind=Kind.ACCOUNT, key="Q80"),
                },
            ),
            (
                Kind.VENDOR,
                {
                    "name": "Renamed",
                    "email": "new@x.example",
                    "billing_address": Address(("9 St", "Flat 2"), "Akron", "OH", "4", "USA"),
                },
            ),
            (
                Kind.CUSTOMER,
                {
                    "phone": None,
                    "contact_name": "Bo Ash",
                    "shipping_address": Address(("9 St",), "Akron", country="USA"),
                    "terms": Reference(kind=Kind.TERM, key="Net 15"),
                },
            ),
        ],
    )
    @pytest.mark.parametrize("party_rows", ["keep", "replace"])
    async def test_only_what_was_wanted_changes(
        self,
        monkeypatch: pytest.MonkeyPatch,
        kind: Kind,
        fields: dict[str, Value],
        party_rows: str,
    ) -> None:
        switches = DearSwitches(party_rows=party_rows)  # type: ignore[arg-type]
        async with open_bench(monkeypatch, switches=switches) as b:
            row = some(b, kind)
            if "Contacts" in row.fields:
                extra = {**row.fields["Contacts"][0], "ID": b.twin.state.new_id(), "Default": False}
                row.fields["Contacts"].append({**extra, "Name": "Second", "Email": "2@x.example"})
            before = await seen(b, kind, row)
            calls = len(b.calls())
            outcome = await b.write(
                kind,
                Action.UPDATE,
                fields,
                ref=ref(kind, row),
                before={field: before[field] for field in fields if field in before},
            )
            assert isinstance(outcome, Confirmed), outcome
            assert await seen(b, kind, row) == {**before, **fields}
            assert [r["method"] for r in b.calls()[calls:]] == ["GET", "PUT", "GET", "GET"]
            if "Contacts" in row.fields:
                assert [c["Email"] for c in row.fields["Contacts"]][1:] == ["2@x.example"]

    @pytest.mark.parametrize(
        ("kind", "key", "fields"),
        [
            (Kind.ACCOUNT, "Q20", {"name": "Sundries", "active": False}),
            (Kind.TERM, "Net 15", {"due": Decimal(16)}),
            (Kind.TAX_CODE, "California", {"rate": Decimal("8.5")}),
        ],
    )
    async def test_books(
        self,
        monkeypatch: pytest.MonkeyPatch,
        kind: Kind,
        key: str,
        fields: dict[str, Value],
    ) -> None:
        async with open_bench(monkeypatch) as b:
            row = b.row(kind, "Code" if kind is Kind.ACCOUNT else "Name", key)
            before = await seen(b, kind, row)
            outcome = await update(b, kind, row, **fields)
            assert isinstance(outcome, Confirmed), outcome
            assert await seen(b, kind, row) == {**before, **fields}

    async def test_inactive_and_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            row = some(b, Kind.CUSTOMER)
            where = ref(Kind.CUSTOMER, row)
            gone = await b.write(Kind.CUSTOMER, Action.INACTIVATE, {}, ref=where)
            assert isinstance(gone, Confirmed)
            assert isinstance(gone.shown, Observation)
            assert isinstance(gone.shown.record, Customer)
            assert gone.shown.record.active is False
            back = await b.write(Kind.CUSTOMER, Action.REACTIVATE, {"active": True}, ref=where)
            assert isinstance(back, Confirmed)
            assert row.fields["Status"] == "Active"

    async def test_moved_since_it_was_planned(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            row = some(b, Kind.ITEM)
            outcome = await b.write(
                Kind.ITEM,
                Action.UPDATE,
                {"name": "Ours"},
                ref=ref(Kind.ITEM, row),
                before={"name": "What it was long ago"},
            )
            assert isinstance(outcome, Rejected)
            assert (outcome.refusal, outcome.field) == (RefusalKind.STALE, "name")
            assert outcome.shown is not None
            assert outcome.shown.ref.id == row.id
            assert b.calls("PUT") == []

    async def test_another_field_may_have_moved_meanwhile(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            row = some(b, Kind.VENDOR)
            before = await seen(b, Kind.VENDOR, row)
            row.fields["Contacts"][0]["Phone"] = "moved"
            outcome = await b.write(
                Kind.VENDOR,
                Action.UPDATE,
                {"email": "new@x.example"},
                ref=ref(Kind.VENDOR, row),
                before={"email": before["email"]},
            )
            assert isinstance(outcome, Confirmed)
            contact = row.fields["Contacts"][0]
            assert (contact["Phone"], contact["Email"]) == ("moved", "new@x.example")

    async def test_f10_what_shows_the_goal_already_is_not_sent(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            row = some(b, Kind.ITEM)
            row.fields["Name"] = "Ours"
            outcome = await b.write(
                Kind.ITEM,
                Action.UPDATE,
                {"name": "Ours"},
                ref=ref(Kind.ITEM, row),
                before={"name": "Before"},
            )
            assert isinstance(outcome, Confirmed)
            assert b.calls("PUT") == []

    @pytest.mark.parametrize("fault", ["lost_reply", "lost_request", "truncated_body", "html_200"])
    async def test_f10_a_lost_reply_is_unknown(
        self, monkeypatch: pytest.MonkeyPatch, fault: str
    ) -> None:
        async with open_bench(monkeypatch) as b:
            row = some(b, Kind.ITEM)
            b.fault(fault, method="PUT")
            outcome = await update(b, Kind.ITEM, row, name="Ours")
            assert isinstance(outcome, Unknown)
            assert len(b.calls("PUT")) == 1
            done = fault in ("lost_reply", "truncated_body")
            assert (row.fields["Name"] == "Ours") is done

    async def test_a_field_that_changed_in_the_same_moment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            row = some(b, Kind.ITEM)
            meddle(b, row, Barcode="somebody else's")
            outcome = await update(b, Kind.ITEM, row, name="Ours")
            assert isinstance(outcome, Rejected)
            assert (outcome.refusal, outcome.field) == (RefusalKind.LOST_UPDATE, "barcode")
            assert outcome.shown is not None
            assert isinstance(outcome.shown.record, Item)
            assert (outcome.shown.record.name, outcome.shown.record.barcode) == (
                "Ours",
                "somebody else's",
            )

    async def test_a_write_that_was_overwritten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            row = some(b, Kind.ITEM)
            meddle(b, row, Name="Theirs")
            outcome = await update(b, Kind.ITEM, row, name="Ours")
            assert isinstance(outcome, Rejected)
            assert (outcome.refusal, outcome.field) == (RefusalKind.LOST_UPDATE, "name")

    async def test_a_cost_that_moves_by_itself_is_no_lost_update(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            row = some(b, Kind.ITEM)
            meddle(b, row, AverageCost=Decimal("77.7"))
            assert isinstance(await update(b, Kind.ITEM, row, name="Ours"), Confirmed)

    async def test_a_removed_record(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            row = some(b, Kind.ITEM)
            where = ref(Kind.ITEM, row)
            b.twin.state.remove("product", row)
            outcome = await b.write(Kind.ITEM, Action.UPDATE, {"name": "x"}, ref=where)
            assert isinstance(outcome, Rejected)
            assert (outcome.refusal, outcome.code) == (RefusalKind.STALE, "removed")

    async def test_a_sku_that_is_taken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            row, other = list(b.twin.state["product"])[:2]
            outcome = await update(b, Kind.ITEM, row, sku=str(other.fields["SKU"]))
            assert isinstance(outcome, Rejected)
            assert (outcome.refusal, outcome.field) == (RefusalKind.DUPLICATE, "sku")

    async def test_a_failure_after_the_change_was_made_is_looked_at(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = [{"ErrorCode": 500, "Exception": "Object reference not set"}]
        async with open_bench(monkeypatch) as b:
            row = some(b, Kind.ITEM)
            b.fault("status", status=500, body=body, method="PUT")
            outcome = await update(b, Kind.ITEM, row, name="Ours")
            assert isinstance(outcome, Rejected)
            assert outcome.refusal is RefusalKind.INVALID

    async def test_a_look_that_fails_afterwards_leaves_it_unknown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            row = some(b, Kind.ITEM)
            b.fault("throttle", method="GET", after=2, times=0)
            outcome = await update(b, Kind.ITEM, row, name="Ours")
            assert isinstance(outcome, Unknown)
            assert row.fields["Name"] == "Ours"

    async def test_a_too_quick_second_daemon_is_throttled_and_nothing_is_done(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            row = some(b, Kind.ITEM)
            b.fault("throttle", method="PUT", flavour="400_model")
            with pytest.raises(Throttled):
                await update(b, Kind.ITEM, row, name="Ours")
            assert row.fields["Name"] != "Ours"


def meddle(b: Bench, target: Row, **theirs: Any) -> None:
    """Let somebody else change the row right after our change of it."""
    change = b.twin.state.change

    def and_then(kind: str, row: Row, fields: dict[str, Any], *, stamp_always: bool = True) -> bool:
        done = change(kind, row, fields, stamp_always=stamp_always)
        if row is target:
            row.fields.update(theirs)
        return done

    b.twin.state.change = and_then  # type: ignore[method-assign]
