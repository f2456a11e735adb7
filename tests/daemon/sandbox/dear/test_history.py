"""A year of documents: sensible, spread over the year, and awkward in every way it promises."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.dear.habits import Habits, tax_names
from daemon.sandbox.dear.history import play
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.world import make_trading_world
from tests.daemon.sandbox.dear.recount import check_all, get, opening
from tests.jumpclock import JumpClock

START = date(2025, 1, 1)
LIVE = ("AUTHORISED", "PAID")
AWKWARD = Habits(
    service=0.15,
    foreign=0.1,
    inclusive=0.1,
    early_bill=0.1,
    no_number=0.1,
    long_number=0.1,
    taxed_purchase=0.1,
    nothing=0.05,
    undone=0.1,
    voided=0.1,
)
"""The rare things often enough to be sure of them in a small year."""


def make_twin() -> DearTwin:
    clock = JumpClock(datetime(2026, 1, 15, 12, tzinfo=UTC))
    world = make_trading_world(3, "medium")
    return DearTwin(world, clock=clock, faults=FaultScript(), log=RequestLog(clock))


def played(habits: Habits | None = None, **more: Any) -> DearTwin:
    twin = make_twin()
    given: dict[str, Any] = {"purchases": 150, "sales": 150, "start": START, "days": 365, **more}
    play(twin.state, 5, habits=habits, switches=twin.switches, **given)
    return twin


YEAR = played(AWKWARD)


def purchases() -> list[dict[str, Any]]:
    return [row.fields for row in YEAR.state["purchase"]]


def sales() -> list[dict[str, Any]]:
    return [row.fields for row in YEAR.state["sale"]]


def bills(*, live: bool = True) -> list[dict[str, Any]]:
    found = [part for fields in purchases() for part in fields["Invoice"]]
    return [part for part in found if not live or part["Status"] in LIVE]


def test_everything_derived_of_a_year_equals_a_recount() -> None:
    twin = make_twin()
    before = opening(twin)
    at_home = Habits(foreign=0)  # the recount adds up one currency
    play(twin.state, 5, purchases=120, sales=120, start=START, days=365, habits=at_home)
    check_all(twin, before)


def test_the_year_is_filled_and_nothing_comes_after_it() -> None:
    orders = [fields["OrderDate"][:10] for fields in purchases()]
    assert {day[:7] for day in orders} == {f"2025-{month:02}" for month in range(1, 13)}
    assert orders == sorted(orders)
    days = [part["InvoiceDate"][:10] for part in bills(live=False)]
    days += [part["InvoiceDate"][:10] for fields in sales() for part in fields["Invoices"]]
    assert max(days) <= "2025-12-31"
    assert len({day[:7] for day in days} & {day[:7] for day in orders}) == 12


def test_each_document_is_stamped_on_the_day_of_its_last_step() -> None:
    for row in YEAR.state["purchase"]:
        assert row.fields["OrderDate"][:10] <= row.modified.date().isoformat() <= "2025-12-31"
    late = get(YEAR, "purchaselist", UpdatedSince="2025-12-20T00:00:00Z", Limit="1000")
    assert 0 < late["Total"] < 40
    assert late["Total"] == sum(
        row.modified > datetime(2025, 12, 20, tzinfo=UTC) for row in YEAR.state["purchase"]
    )


def test_orders_of_every_kind_and_several_bills() -> None:
    kinds = Counter(fields["Type"] for fields in purchases())
    assert set(kinds) == {"Simple Purchase", "Advanced Purchase", "Service Purchase"}
    assert {fields["Type"] for fields in sales()} == {
        "Simple Sale",
        "Advanced Sale",
        "Service Sale",
    }
    counts = Counter(len(fields["Invoice"]) for fields in purchases())
    assert set(counts) >= {0, 1, 2, 3}
    assert 1.1 <= len(bills(live=False)) / len(purchases()) <= 1.8
    widths = {len(fields["Order"]["Lines"]) for fields in purchases()}
    assert min(widths) == 0 < 6 <= max(widths) <= 9


def test_every_state_that_a_document_can_be_left_in() -> None:
    assert {fields["Order"]["Status"] for fields in purchases()} == {
        "DRAFT",
        "AUTHORISED",
        "VOIDED",
    }
    states = {part["Status"] for part in bills(live=False)}
    assert states == {"DRAFT", "AUTHORISED", "PAID", "VOIDED"}
    assert any(fields["Undone"] for fields in [*purchases(), *sales()])
    assert any(fields["CreditNote"] for fields in purchases())


def test_numbers_of_bills_as_vendors_give_them() -> None:
    numbers: dict[str, set[str]] = {}
    for fields in purchases():
        for part in fields["Invoice"]:
            numbers.setdefault(part["InvoiceNumber"], set()).add(fields["SupplierID"])
    assert "" in numbers
    assert any(len(number) > 21 for number in numbers)
    assert any(len(vendors) > 1 for number, vendors in numbers.items() if number)
    for number, vendors in numbers.items():
        used = [one for one in bills(live=False) if one["InvoiceNumber"] == number]
        assert not number or len(used) == len(vendors), f"{number} twice of one vendor"


def test_amounts_that_are_hard_to_carry() -> None:
    lines = [line for fields in purchases() for line in fields["Order"]["Lines"]]
    places = [-line["Price"].normalize().as_tuple().exponent for line in lines]
    assert max(places) == 4
    assert any(line["Quantity"] % 1 for line in lines)
    assert any(line["Discount"] for line in lines)
    charges = [line for fields in purchases() for line in fields["Order"]["AdditionalCharges"]]
    assert charges
    twice = [
        fields
        for fields in purchases()
        if len({line["ProductID"] for line in fields["Order"]["Lines"]})
        < len(fields["Order"]["Lines"])
    ]
    assert twice
    shown = get(YEAR, "purchaselist", Limit="1000")["PurchaseList"]
    assert any(row["InvoiceAmount"] == 0 and row["InvoiceStatus"] in LIVE for row in shown)


def test_taxes_and_currencies() -> None:
    assert tax_names(YEAR.state) == ("California", "No Sales Tax")
    rules = Counter(fields["TaxRule"] for fields in sales())
    assert min(rules["California"], rules["No Sales Tax"]) >= 20
    mixed = [
        part
        for fields in sales()
        for part in fields["Invoices"]
        if len({line["TaxRule"] for line in [*part["Lines"], *part["AdditionalCharges"]]}) > 1
    ]
    assert mixed
    assert any(fields["TaxRule"] == "California" for fields in purchases())
    assert any(fields["TaxCalculation"] == "Inclusive" for fields in [*purchases(), *sales()])
    early = [
        part
        for fields in purchases()
        for part in fields["Invoice"]
        if part["InvoiceDate"] < fields["OrderDate"]
    ]
    assert early


def test_a_few_documents_are_in_another_currency() -> None:
    currencies = Counter(fields["Currency"] for fields in [*purchases(), *sales()])
    assert set(currencies) == {"USD", "EUR"}
    foreign = [fields for fields in [*purchases(), *sales()] if fields["Currency"] == "EUR"]
    assert foreign
    assert all(fields["CurrencyRate"] > 0 for fields in foreign)


@pytest.mark.parametrize("method", ["Total", "Row Total"])
def test_the_usual_habits_leave_few_oddities(method: str) -> None:
    twin = make_twin()
    twin.state.me["TaxCalculationMethod"] = method
    result = play(twin.state, 9, purchases=200, sales=200, start=START, days=365)
    assert len(result.purchases) == len(result.sales) == 200
    assert result.refused < 100
    odd = [
        fields
        for kind in ("purchase", "sale")
        for fields in (row.fields for row in twin.state[kind])
        if fields["Currency"] != "USD" or fields["TaxCalculation"] == "Inclusive"
    ]
    assert len(odd) <= 8
    assert Decimal(len(odd)) / 400 < Decimal("0.02")
