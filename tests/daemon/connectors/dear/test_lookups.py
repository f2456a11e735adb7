"""Direct reads and look-ups over real HTTP: an error is never absence."""

import pytest

from daemon.connectors.dear.mapping.family import FAMILIES
from daemon.sandbox.dear.switches import DearSwitches
from ledger.model.errors import Refused, Throttled, Transient, Unauthorised
from ledger.model.facts import Observation, Tombstone
from ledger.model.ids import ExternalRef, Kind
from ledger.model.records import Account, Item, Vendor
from tests.daemon.connectors.dear.bench import Bench, open_bench


def first_item(b: Bench) -> ExternalRef:
    row = next(iter(b.twin.state["product"]))
    return ExternalRef(b.connector.name, Kind.ITEM, row.id)


class TestRead:
    @pytest.mark.parametrize("kind", list(FAMILIES))
    async def test_one_record(self, monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
        async with open_bench(monkeypatch) as b:
            swept = [o for page in await b.sweep(kind) for o in page.observations]
            assert await b.connector.read(swept[-1].ref) == swept[-1]

    async def test_a_deprecated_one_is_still_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            ref = first_item(b)
            b.twin.state["product"].rows[ref.id].fields["Status"] = "Deprecated"
            seen = await b.connector.read(ref)
            assert isinstance(seen, Observation)
            assert isinstance(seen.record, Item)
            assert seen.record.active is False

    @pytest.mark.parametrize("unknown_id", ["empty", "refuse"])
    @pytest.mark.parametrize("kind", list(FAMILIES))
    async def test_gone_is_proved_by_a_complete_list(
        self, monkeypatch: pytest.MonkeyPatch, kind: Kind, unknown_id: str
    ) -> None:
        switches = DearSwitches(unknown_id=unknown_id)  # type: ignore[arg-type]
        async with open_bench(monkeypatch, switches=switches) as b:
            gone = "Q99999" if kind is Kind.ACCOUNT else "0e000000-0000-4000-8000-000000000000"
            ref = ExternalRef(b.connector.name, kind, gone)
            answer = await b.connector.read(ref)
            assert isinstance(answer, Tombstone)
            assert answer.evidence

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            ({"kind": "html_200"}, Transient),
            ({"kind": "fault_200"}, Refused),
            ({"kind": "status", "status": 500}, Transient),
            ({"kind": "status", "status": 403}, Unauthorised),
            ({"kind": "status", "status": 200, "body": ""}, Transient),
            ({"kind": "throttle"}, Throttled),
            ({"kind": "drop_page"}, Transient),
            ({"kind": "lost_request"}, Transient),
        ],
    )
    async def test_f23_an_error_is_never_absence(
        self,
        monkeypatch: pytest.MonkeyPatch,
        fault: dict[str, object],
        error: type[Exception],
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault(**fault, times=0)  # type: ignore[arg-type]
            with pytest.raises(error):
                await b.connector.read(first_item(b))

    async def test_an_unreadable_record_is_not_absent(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            ref = first_item(b)
            b.twin.state["product"].rows[ref.id].fields["Name"] = None
            with pytest.raises(Refused) as error:
                await b.connector.read(ref)
            assert error.value.field == "Name"


class TestFind:
    @pytest.mark.parametrize("reading", ["containing", "starting"])
    async def test_only_the_equal_one_is_found(
        self, monkeypatch: pytest.MonkeyPatch, reading: str
    ) -> None:
        switches = DearSwitches(product_filter=reading)  # type: ignore[arg-type]
        async with open_bench(monkeypatch, switches=switches) as b:
            one, other, third = list(b.twin.state["product"])[:3]
            one.fields["SKU"], other.fields["SKU"] = "AB-1", "AB-10"
            third.fields["SKU"] = "XAB-1"
            found = await b.connector.find(Kind.ITEM, "sku", "ab-1 ")
            assert [o.ref.id for o in found] == [one.id]

    async def test_inactive_ones_are_found_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            row = next(iter(b.twin.state["supplier"]))
            row.fields["Status"] = "Deprecated"
            (found,) = await b.connector.find(Kind.VENDOR, "name", str(row.fields["Name"]))
            assert isinstance(found.record, Vendor)
            assert found.record.active is False

    async def test_names_with_every_sign_survive_the_query(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            row = next(iter(b.twin.state["customer"]))
            row.fields["Name"] = "O'Neil & Söhne + 100% \\ #1?"
            (found,) = await b.connector.find(Kind.CUSTOMER, "name", "O'Neil & Söhne + 100% \\ #1?")
            assert found.ref.id == row.id

    async def test_accounts_by_code_and_by_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            assert await b.connector.find(Kind.ACCOUNT, "code", "none such") == []
            (found,) = await b.connector.find(Kind.ACCOUNT, "code", "q79")
            assert isinstance(found.record, Account)
            name = str(found.record.name)
            assert found in await b.connector.find(Kind.ACCOUNT, "name", name)

    async def test_a_key_that_dear_cannot_filter_by(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            row = next(row for row in b.twin.state["supplier"] if row.fields["Contacts"])
            row.fields["Contacts"][0]["Email"] = "only@this.example"
            found = await b.connector.find(Kind.VENDOR, "email", "ONLY@this.example")
            assert [o.ref.id for o in found] == [row.id]

    async def test_an_unreadable_one_is_not_passed_over(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            row = next(iter(b.twin.state["product"]))
            row.fields["PriceTier1"] = "twelve"
            with pytest.raises(Refused) as error:
                await b.connector.find(Kind.ITEM, "sku", str(row.fields["SKU"]))
            assert error.value.field == "PriceTier1"

    async def test_kinds_that_dear_has_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            assert await b.connector.find(Kind.CLASS, "name", "x") == []
            assert await b.connector.find(Kind.ITEM, "sku", "  ") == []
            assert b.calls() == []
