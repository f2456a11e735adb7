"""Creates over real HTTP: looked up before, looked at after, never sent twice."""

from decimal import Decimal
from typing import Any

import pytest

from daemon.connectors.dear.capabilities import DEAR
from daemon.sandbox.dear.switches import DearSwitches
from ledger.model.errors import Throttled, Transient, Unauthorised
from ledger.model.facts import Observation
from ledger.model.ids import Kind, OperationId, RequestId
from ledger.model.outcomes import (
    Confirmed,
    RefusalKind,
    Rejected,
    Unknown,
    Write,
    WriteRequest,
)
from ledger.model.plans import Action
from ledger.model.records import Item, Vendor, comparable_values
from ledger.model.values import Reference, Value
from tests.daemon.connectors.dear.bench import TABLES, open_bench
from tests.daemon.connectors.dear.writing import ITEM, NEW, RECOVERY, create


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
