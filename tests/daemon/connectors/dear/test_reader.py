"""What is asked at the start, and answers that are none, over real HTTP."""

from typing import Any

import pytest

from daemon.connectors.dear import client as client_module
from daemon.connectors.dear.connector import DearConnector
from daemon.sandbox.dear.switches import DearSwitches
from ledger.model.errors import Refused, Throttled, Transient, Unauthorised
from ledger.model.ids import Kind
from tests.daemon.connectors.dear.bench import ids, open_bench
from tests.daemon.connectors.dear.reading import fixed
from tests.daemon.connectors.dear.rows import GUID, TAX, config

THROTTLES = ("429_text", "429_bare", "503_bare", "400_model")


class TestCheck:
    async def test_the_company(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            b.twin.state.me["LockDate"] = "2026-03-31T00:00:00"
            health = await b.connector.check()
            assert health.company_id == b.twin.credentials["account_id"]
            assert health.company_name == b.twin.state.me["Company"]
            assert (health.home_currency, health.environment) == ("USD", "sandbox")
            assert health.closed_until == "2026-03-31"
            assert health.warnings == ()

    async def test_it_is_remembered_for_hours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, check_every_hours=2) as b:
            await b.connector.check()
            await b.connector.check()
            assert len(b.calls()) == 1
            b.clock.advance(3 * 3600)
            await b.connector.check()
            assert len(b.calls()) == 2

    async def test_a_native_link_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch, native_link="connected") as b:
            (warning,) = (await b.connector.check()).warnings
            assert warning.code == "native_link"
            rule = b.connector.capabilities.kinds[Kind.ACCOUNT]
            assert (rule.can_create, rule.can_update) == (False, False)
            assert b.connector.capabilities.kinds[Kind.TERM].can_create

    async def test_a_lock_date_in_another_format_is_told_and_not_guessed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.twin.state.me["LockDate"] = "31/03/2026"
            health = await b.connector.check()
            assert health.closed_until == ""
            assert [w.code for w in health.warnings] == ["lock_date"]

    async def test_five_mistakes_in_the_defaults_are_five_problems(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        defaults = {
            "supplier": {"payment_term": "Net 31", "account_payable": "Q33"},
            "customer": {"price_tier": "Tier 99", "tax_rule": "Californa"},
            "product": {"category": "garden", "unit": "Furlong"},
            "tax": {"account": "Q9"},
        }
        async with open_bench(monkeypatch, defaults=defaults) as b:
            warnings = (await b.connector.check()).warnings
            assert {w.code for w in warnings} == {"default_missing"}
            assert sorted(w.field for w in warnings) == [
                "dear.defaults.customer.price_tier",
                "dear.defaults.customer.tax_rule",
                "dear.defaults.product.unit",
                "dear.defaults.supplier.payment_term",
                "dear.defaults.tax.account",
            ]
            assert all(w.field in w.cure for w in warnings)
            assert len(b.calls()) == 7

    async def test_a_default_that_is_there_for_another_use_is_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        defaults = {"supplier": {"tax_rule": "California"}}
        async with open_bench(monkeypatch, defaults=defaults) as b:
            b.row(Kind.TAX_CODE, "Name", "California").fields["IsTaxForPurchase"] = False
            (warning,) = (await b.connector.check()).warnings
            assert "IsTaxForPurchase is off" in warning.message

    @pytest.mark.parametrize("what", ["account_id", "key"])
    async def test_f82_wrong_credentials_are_a_state(
        self, monkeypatch: pytest.MonkeyPatch, what: str
    ) -> None:
        wrong = "11111111-2222-3333-4444-555555555555"
        settings: dict[str, Any] = {"account_id": wrong} if what == "account_id" else {}
        async with open_bench(monkeypatch, **settings) as b:
            if what == "key":
                monkeypatch.setenv("TRUEUP_TEST_DEAR_KEY", wrong)
            with pytest.raises(Unauthorised) as error:
                await b.connector.check()
            assert error.value.state == "bad_credentials"
            assert len(b.calls()) == 1
            assert wrong not in str(error.value) + error.value.cure

    async def test_a_key_that_is_nowhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            monkeypatch.delenv("TRUEUP_TEST_DEAR_KEY")
            with pytest.raises(Unauthorised) as error:
                await b.connector.check()
            assert error.value.state == "bad_credentials"
            assert b.calls() == []


class TestAnswers:
    @pytest.mark.parametrize("flavour", THROTTLES)
    async def test_f83_every_flavour_of_too_many_calls_is_waited_for(
        self, monkeypatch: pytest.MonkeyPatch, flavour: str
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("throttle", flavour=flavour, times=2)
            before = b.clock.monotonic()
            pages = await b.sweep(Kind.TERM)
            assert pages[-1].sweep_done
            assert b.connector.budget.throttled == 2
            waited = b.clock.monotonic() - before
            assert waited >= (120 if flavour == "429_text" else 30)

    async def test_f83_patience_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("throttle", times=0)
            with pytest.raises(Throttled) as error:
                await b.sweep(Kind.TERM)
            assert error.value.retry_after == 60
            assert len(b.calls()) == client_module.BUSY_TRIES

    async def test_f83_a_long_pause_is_left_to_the_caller(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("status", status=429, headers={"Retry-After": "900 Seconds"})
            with pytest.raises(Throttled) as error:
                await b.sweep(Kind.TERM)
            assert error.value.retry_after == 900
            assert len(b.calls()) == 1

    async def test_the_pace_keeps_below_the_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        switches = DearSwitches(calls_per_minute=50)
        async with open_bench(monkeypatch, switches=switches, page_size=1) as b:
            pages = await b.sweep(Kind.ITEM)
            assert pages[-1].sweep_done
            assert len(b.calls()) > 20
            assert b.connector.budget.throttled == 0

    @pytest.mark.parametrize("fault", ["html_200", "fault_200"])
    async def test_f23_a_page_or_an_error_with_200_is_never_an_empty_list(
        self, monkeypatch: pytest.MonkeyPatch, fault: str
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault(fault, times=0)
            with pytest.raises((Refused, Transient)) as error:
                await b.sweep(Kind.ITEM)
            if fault == "html_200":
                assert "dear.base_url" in error.value.cure

    @pytest.mark.parametrize("path", ["direct", "redirect"])
    async def test_a_wrong_address_is_named_and_not_followed(
        self, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        switches = DearSwitches(unknown_path=path)  # type: ignore[arg-type]
        async with open_bench(monkeypatch, switches=switches) as b:
            wrong = b.url.replace("/v2/", "/v3/")
            settings = config(account_id=b.twin.credentials["account_id"], base_url=wrong)
            lost = DearConnector.open(settings, clock=b.clock)
            try:
                with pytest.raises(Transient) as error:
                    await lost.check()
                assert "dear.base_url" in error.value.cure
                assert len(b.calls()) == 1
            finally:
                await lost.close()

    @pytest.mark.parametrize("status", [500, 502, 504])
    async def test_f89_an_outage_is_transient(
        self, monkeypatch: pytest.MonkeyPatch, status: int
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("status", status=status, times=0)
            with pytest.raises(Transient):
                await b.sweep(Kind.ITEM)

    @pytest.mark.parametrize("kind", ["lost_request", "lost_reply", "truncated_body"])
    async def test_a_broken_answer_is_read_again(
        self, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault(kind)
            pages = await b.sweep(Kind.VENDOR)
            assert pages[-1].sweep_done
            assert len(ids(pages)) == len(b.twin.state["supplier"].rows)

    @pytest.mark.parametrize("body", ["", "{}", "[]", '{"Total":0}', '{"Products":{}}', "null"])
    async def test_f23_an_answer_that_is_no_list_is_no_observation(
        self, monkeypatch: pytest.MonkeyPatch, body: str
    ) -> None:
        async with open_bench(monkeypatch) as b:
            b.fault("status", status=200, body=body, times=0)
            with pytest.raises((Transient, Refused)):
                await b.sweep(Kind.ITEM)


async def test_every_call_carries_both_headers_and_the_type() -> None:
    async with fixed({"ref/tax": {"Total": 1, "Page": 1, "TaxRuleList": [TAX]}}) as (dear, seen):
        assert len([page async for page in dear.sweep(Kind.TAX_CODE, None)]) == 2
        (headers,) = seen
        assert headers["api-auth-accountid"] == f"{GUID}a"
        assert headers["api-auth-applicationkey"] == "not a secret"
        assert headers["Content-Type"] == "application/json"


async def test_a_redirect_is_never_followed() -> None:
    async with fixed({}) as (dear, seen):
        with pytest.raises(Transient, match="302"):
            await dear.find(Kind.VENDOR, "name", "x")
        assert len(seen) == 1
