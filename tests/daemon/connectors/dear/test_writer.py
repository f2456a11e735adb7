"""Careful writes over real HTTP: looked up before, looked at after, never sent twice."""

from decimal import Decimal
from typing import Any

import pytest

from daemon.connectors.dear.capabilities import DEAR
from daemon.sandbox.dear.state import Row
from daemon.sandbox.dear.switches import DearSwitches
from ledger.model.errors import Throttled, Transient, Unauthorised
from ledger.model.facts import Observation
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind, OperationId, RequestId
from ledger.model.outcomes import (
    Confirmed,
    Outcome,
    RefusalKind,
    Rejected,
    Unknown,
    Write,
    WriteRequest,
)
from ledger.model.plans import REMOVALS, Action
from ledger.model.records import Customer, Item, Vendor, comparable_values
from ledger.model.values import Address, Reference, Value
from tests.daemon.connectors.dear.bench import TABLES, Bench, open_bench

ITEM: dict[str, Value] = {
    "name": "Rain Barrel",
    "sku": "RB-1",
    "type": "stock",
    "unit": "Item",
    "category": "Garden",
    "sales_price": Decimal("89.9900"),
    "description": "A barrel.",
    "income_account": Reference(kind=Kind.ACCOUNT, id="Q79", key="Q79"),
}
NEW: dict[Kind, tuple[dict[str, Value], dict[str, Any]]] = {
    Kind.ITEM: (ITEM, {}),
    Kind.ACCOUNT: (
        {"code": "Q500", "name": "Kiln Fuel", "account_type": "Other Expense"},
        {},
    ),
    Kind.TAX_CODE: (
        {
            "name": "County 8.25",
            "rate": Decimal("8.25"),
            "for_sales": True,
            "for_purchases": False,
            "active": True,
        },
        {"defaults": {"tax": {"account": "Q90"}}},
    ),
    Kind.TERM: ({"name": "Net 45", "method": "days", "due": Decimal(45)}, {}),
    Kind.VENDOR: (
        {
            "name": "Clay Pits Ltd",
            "email": "ada@claypits.example",
            "billing_address": Address(("1 Pit Road",), "Stoke", "OH", "44101", "USA"),
            "terms": Reference(kind=Kind.TERM, key="Net 30"),
            "tax_code": Reference(kind=Kind.TAX_CODE, key="Tax Exempt"),
            "payable_account": Reference(kind=Kind.ACCOUNT, id="Q33"),
            "currency": "USD",
        },
        {},
    ),
    Kind.CUSTOMER: (
        {
            "name": "Pots & More",
            "phone": "555",
            "shipping_address": Address(("2 Quay", "Dock 3"), "Akron", country="USA"),
            "terms": Reference(kind=Kind.TERM, key="Net 30"),
            "tax_code": Reference(kind=Kind.TAX_CODE, key="California"),
            "receivable_account": Reference(kind=Kind.ACCOUNT, id="Q84"),
            "revenue_account": Reference(kind=Kind.ACCOUNT, id="Q79"),
            "currency": "USD",
            "notes": "rings twice",
        },
        {},
    ),
}
RECOVERY = {Kind.ITEM: "sku", Kind.ACCOUNT: "code"}


async def create(b: Bench, kind: Kind, **changes: Value) -> Outcome:
    return await b.write(kind, Action.CREATE, {**NEW[kind][0], **changes})


def some(b: Bench, kind: Kind) -> Row:
    """An active row with everything filled."""
    for row in b.rows(kind):
        if row.fields["Status"] == "Active" and (row.fields.get("Contacts", [1])):
            return row
    raise AssertionError(f"no active row of {kind}")


def ref(kind: Kind, row: Row) -> ExternalRef:
    return ExternalRef(DEAR, kind, row.id)


async def seen(b: Bench, kind: Kind, row: Row) -> dict[str, Value]:
    answer = await b.connector.read(ref(kind, row))
    assert isinstance(answer, Observation)
    return comparable_values(answer.record)


async def update(b: Bench, kind: Kind, row: Row, **fields: Value) -> Outcome:
    """An update that was planned from what the record shows now."""
    shown = await seen(b, kind, row)
    before = {field: shown[field] for field in fields if field in shown}
    return await b.write(kind, Action.UPDATE, fields, ref=ref(kind, row), before=before)


class TestCreate:
    @pytest.mark.parametrize("guid_case", ["lower", "mixed"])
    @pytest.mark.parametrize("kind", list(NEW))
    async def test_it_is_looked_up_made_and_shown(
        self, monkeypatch: pytest.MonkeyPatch, kind: Kind, guid_case: str
    ) -> None:
        switches = DearSwitches(guid_case=guid_case)  # type: ignore[arg-type]
        async with open_bench(monkeypatch, switches=switches, **NEW[kind][1]) as b:
            outcome = await create(b, kind)
            assert isinstance(outcome, Confirmed), outcome
            assert isinstance(outcome.shown, Observation)
            shown = comparable_values(outcome.shown.record)
            wanted = dict(NEW[kind][0])
            rules = b.connector.capabilities.kinds[kind].fields
            for field, value in wanted.items():
                if isinstance(value, Reference):
                    value = Reference(kind=value.kind, key=value.key or value.id)
                if isinstance(value, str):
                    value = rules[field].words.get(value, value)
                assert shown[field] == value, field
            assert [row["method"] for row in b.calls()] == ["GET", "POST", "GET"]
            assert outcome.shown.ref.id in {row.id for row in b.twin.state[TABLES[kind]]}

    @pytest.mark.parametrize("kind", list(NEW))
    async def test_what_is_there_already_is_shown_and_not_made_again(
        self, monkeypatch: pytest.MonkeyPatch, kind: Kind
    ) -> None:
        async with open_bench(monkeypatch, **NEW[kind][1]) as b:
            first = await create(b, kind)
            assert isinstance(first, Confirmed)
            again = await create(b, kind)
            assert isinstance(again, Rejected)
            assert again.refusal is RefusalKind.DUPLICATE
            assert again.field == RECOVERY.get(kind, "name")
            assert again.shown == first.shown
            assert len(b.calls("POST")) == 1

    async def test_names_that_differ_in_case_only_are_the_same(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            await create(b, Kind.VENDOR)
            again = await create(b, Kind.VENDOR, name="CLAY pits ltd ")
            assert isinstance(again, Rejected)
            assert again.refusal is RefusalKind.DUPLICATE

    async def test_f01_a_lost_reply_is_unknown_and_the_record_can_be_found(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("lost_reply", method="POST")
            outcome = await create(b, Kind.ITEM)
            assert isinstance(outcome, Unknown)
            assert len(b.calls("POST")) == 1
            (found,) = await b.connector.find(Kind.ITEM, "sku", "RB-1")
            assert isinstance(found.record, Item)

    async def test_a_lost_request_is_unknown_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("lost_request", method="POST")
            assert isinstance(await create(b, Kind.ITEM), Unknown)
            assert await b.connector.find(Kind.ITEM, "sku", "RB-1") == []

    @pytest.mark.parametrize(
        "fault",
        [
            {"kind": "html_200"},
            {"kind": "status", "status": 502, "body": "Bad Gateway"},
            {"kind": "truncated_body"},
        ],
    )
    async def test_an_answer_that_says_nothing_is_unknown(
        self, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any]
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault(method="POST", **fault)
            assert isinstance(await create(b, Kind.ITEM), Unknown)
            assert len(b.calls("POST")) == 1

    async def test_a_result_that_cannot_be_looked_at_is_unknown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("status", status=500, method="GET", after=1, times=0)
            assert isinstance(await create(b, Kind.ITEM), Unknown)

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ({"kind": "throttle", "method": "POST"}, Throttled),
            ({"kind": "status", "status": 403, "method": "POST"}, Unauthorised),
            ({"kind": "status", "status": 302, "method": "POST"}, Transient),
            ({"kind": "status", "status": 500, "method": "GET", "times": 0}, Transient),
            ({"kind": "html_200", "method": "GET", "times": 0}, Transient),
        ],
    )
    async def test_what_surely_did_nothing_is_raised(
        self, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], error: type[Exception]
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault(**fault)
            with pytest.raises(error):
                await create(b, Kind.ITEM)
            assert b.twin.state["product"].where("SKU", "RB-1") == []
            assert len(b.calls("POST")) <= 1

    @pytest.mark.parametrize("shape", ["array", "object"])
    @pytest.mark.parametrize("status", [400, 200])
    @pytest.mark.parametrize(
        ("kind", "change", "field", "cure"),
        [
            (Kind.ITEM, {"category": "Nowhere"}, "category", "category"),
            (Kind.ITEM, {"unit": "Furlong"}, "unit", "reference book"),
            (
                Kind.VENDOR,
                {"terms": Reference(kind=Kind.TERM, key="Never")},
                "terms",
                "payment term",
            ),
            (
                Kind.CUSTOMER,
                {"tax_code": Reference(kind=Kind.TAX_CODE, key="Nothing")},
                "tax_code",
                "tax rule",
            ),
            (
                Kind.VENDOR,
                {"payable_account": Reference(kind=Kind.ACCOUNT, key="Q79")},
                "payable_account",
                "payable_account",
            ),
            (Kind.ITEM, {"sales_price": Decimal("1.00001")}, "sales_price", "sales_price"),
        ],
    )
    async def test_a_refusal_names_the_field_whatever_its_form(
        self,
        monkeypatch: pytest.MonkeyPatch,
        kind: Kind,
        change: dict[str, Value],
        field: str,
        cure: str,
        status: int,
        shape: str,
    ) -> None:
        switches = DearSwitches(refusal_status=status, error_shape=shape)  # type: ignore[arg-type]
        async with open_bench(monkeypatch, switches=switches, **NEW[kind][1]) as b:
            outcome = await create(b, kind, **change)
            assert isinstance(outcome, Rejected)
            assert outcome.refusal is RefusalKind.INVALID
            assert outcome.field == field
            assert cure in outcome.cure
            assert "DEAR refused" in outcome.message

    async def test_an_error_that_dear_failed_on_is_looked_at(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = [{"ErrorCode": 500, "Exception": "Object reference not set"}]
        async with open_bench(monkeypatch) as b:
            b.fault("status", status=500, body=body, method="POST")
            outcome = await create(b, Kind.ITEM)
            assert isinstance(outcome, Rejected)
            assert outcome.refusal is RefusalKind.INVALID
            assert len(b.calls("GET")) == 2

    async def test_terms_that_are_known_by_id_only_are_written_by_name(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            term = b.row(Kind.TERM, "Name", "Net 15")
            outcome = await create(b, Kind.VENDOR, terms=Reference(kind=Kind.TERM, id=term.id))
            assert isinstance(outcome, Confirmed)
            assert isinstance(outcome.shown, Observation)
            assert isinstance(outcome.shown.record, Vendor)
            assert outcome.shown.record.terms == Reference(kind=Kind.TERM, key="Net 15")

    async def test_terms_that_are_gone_are_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            gone = Reference(kind=Kind.TERM, id="0e000000-0000-4000-8000-000000000000")
            outcome = await create(b, Kind.VENDOR, terms=gone)
            assert isinstance(outcome, Rejected)
            assert outcome.field == "terms"
            assert b.calls("POST") == []

    async def test_what_cannot_be_held_is_refused_before_anything_is_sent(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            outcome = await create(b, Kind.TERM, method="day_of_month")
            assert isinstance(outcome, Rejected)
            assert (outcome.field, outcome.code) == ("method", "not_representable")
            assert b.calls("POST") == []

    @pytest.mark.parametrize("kind", [Kind.ACCOUNT, Kind.TAX_CODE])
    async def test_with_a_native_link_books_are_not_written(
        self, monkeypatch: pytest.MonkeyPatch, kind: Kind
    ) -> None:
        async with open_bench(monkeypatch, native_link="connected", **NEW[kind][1]) as b:
            outcome = await create(b, kind)
            assert isinstance(outcome, Rejected)
            assert b.calls() == []

    async def test_a_link_that_was_not_declared_is_named(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        switches = DearSwitches(native_link="connected")
        async with open_bench(monkeypatch, switches=switches) as b:
            outcome = await create(b, Kind.ACCOUNT)
            assert isinstance(outcome, Rejected)
            assert "dear.native_link" in outcome.cure

    async def test_classes_are_not_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            outcome = await b.write(Kind.CLASS, Action.CREATE, {"name": "East"})
            assert isinstance(outcome, Rejected)

    async def test_one_record_a_request(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            writes = tuple(
                Write(
                    b_id=f"b{n}",
                    operation=OperationId("o"),
                    kind=Kind.ITEM,
                    action=Action.CREATE,
                    ref=None,
                    version="",
                    fields=ITEM,
                )
                for n in range(2)
            )
            outcomes = await b.connector.write(
                WriteRequest(id=RequestId("r"), system=DEAR, writes=writes)
            )
            assert [o.b_id for o in outcomes] == ["b0", "b1"]
            assert {o.refusal for o in outcomes if isinstance(o, Rejected)} == {
                RefusalKind.NOT_SENT
            }
            assert b.calls() == []


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


@pytest.mark.parametrize("kind", DOCUMENT_KINDS)
@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE, *sorted(REMOVALS)])
async def test_nothing_of_a_document_is_ever_sent(
    monkeypatch: pytest.MonkeyPatch, kind: Kind, action: Action
) -> None:
    async with open_bench(monkeypatch) as b:
        outcome = await b.write(kind, action, {"note": "ours"}, ref=ExternalRef(DEAR, kind, "x"))
        assert isinstance(outcome, Rejected)
        assert (outcome.refusal, outcome.code) == (RefusalKind.INVALID, "not_written")
        assert "owns its documents" in outcome.message
        assert b.calls() == []


@pytest.mark.parametrize("action", sorted(REMOVALS))
async def test_only_documents_are_removed(monkeypatch: pytest.MonkeyPatch, action: Action) -> None:
    async with open_bench(monkeypatch) as b:
        ref = ExternalRef(DEAR, Kind.ITEM, next(iter(b.names(Kind.ITEM))))
        outcome = await b.write(Kind.ITEM, action, {}, ref=ref)
        assert isinstance(outcome, Rejected)
        assert outcome.code == "not_written"
        assert b.calls() == []
