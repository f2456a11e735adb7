"""A side that is slow, poor or away: limits, storms of refusals, outages."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from daemon.cycle.report import Link
from daemon.sandbox.dear.switches import DearSwitches
from ledger.model.entries import Intended, Tombstoned
from ledger.model.ids import Kind
from tests.scenarios.connection import HOUR_S, health, price, raise_price, raise_price_in_books
from tests.scenarios.test_identity import new_supplier
from tests.scenarios.village import books, desk, pending, problem, settled, source, written
from tests.town import DEAR, QBO


@pytest.mark.parametrize("flavour", ["429_text", "429_bare", "503_bare", "400_model"])
async def test_F83_a_storm_of_refusals_in_dear_loses_and_doubles_nothing(
    tmp_path: Path, flavour: Any
) -> None:
    async with settled(tmp_path, dear=DearSwitches(throttle=flavour)) as one:
        names = [f"Grove Lumber {n}" for n in range(3)]
        for name in names:
            await one.edit("qbo", {"kind": "vendor", "create": {"DisplayName": name}})
        since = one.clock.monotonic()
        storm = {"system": "dear", "kind": "throttle", "flavour": flavour}
        one.fail(
            {**storm, "method": "GET", "times": 4},
            {**storm, "method": "POST", "after": 1, "times": 3},
        )

        for _ in range(10):
            await one.cycle()
        await one.settle()

        assert one.faults.pending == 0, "the storm was met"
        assert [name for name in names if source(one, "supplier", name)] == names
        assert len(one.dear.state.dump("supplier")) == 6
        created = [ref for row in one.log.rows for ref in row["created"]]
        assert len(created) == len(set(created)) == 3
        assert one.clock.monotonic() - since > 60, "it was left alone for a while"


@pytest.mark.parametrize("flavour", ["", "gateway", "403", "html"])
async def test_F83_a_storm_of_refusals_in_quickbooks_keeps_the_order(
    tmp_path: Path, flavour: str
) -> None:
    async with settled(tmp_path) as one:
        bolt, clamp = books(one, "Item", "Bolt")["Id"], books(one, "Item", "Clamp")["Id"]
        await one.edit("dear", {"kind": "item", "sku": "BOLT", "set": {"Name": "Screw"}})
        await one.edit("dear", {"kind": "item", "sku": "CLAMP", "set": {"Name": "Bolt"}})
        await new_supplier(one, "Grove Lumber")
        storm = {"system": "qbo", "kind": "throttle", "flavour": flavour}
        one.fail(
            {**storm, "method": "GET", "times": 2},
            {**storm, "method": "POST", "path": "/v3/*", "times": 2},
        )
        links = []

        for _ in range(8):
            report = await one.cycle()
            links.append([p.code for p in report.problems])
        await one.settle()

        assert one.faults.pending == 0, "the storm was met"
        assert ["throttled"] in links
        assert books(one, "Item", "Screw")["Id"] == bolt
        assert books(one, "Item", "Bolt")["Id"] == clamp
        assert len(list(one.qbo.state.all("Vendor"))) == 4
        assert health(one, QBO).throttled >= 2


async def test_F83_what_was_read_before_the_storm_is_kept(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        await new_supplier(one, "Grove Lumber")
        await raise_price(one)
        # Suppliers are read, then products meet the limit for longer than a read waits.
        storm = {"system": "dear", "kind": "throttle", "path": "*/product", "times": 3}
        one.fail(storm)

        report = await one.cycle()

        assert problem(report, "throttled")
        seen = await one.ledger.read(lambda views: views.counts())
        vendors = {c.system: c.live for c in seen if c.kind is Kind.VENDOR}
        assert vendors[DEAR] == 4
        assert [s for s in one.qbo.state.all("Vendor") if s.name == "Grove Lumber"] == []
        await one.settle()
        assert books(one, "Vendor", "Grove Lumber")
        assert price(one) == Decimal("12.5")


async def test_F84_looks_become_rarer_so_that_the_month_s_reads_last(tmp_path: Path) -> None:
    async with settled(tmp_path) as one:
        assert one.scheduler.interval_s == 60, "nothing is metered: as configured"
        one.qbo_settings = {"rates": {"metered_reads_per_month": 1_000_000}}
        await one.restart()
        await one.cycle()
        assert one.scheduler.interval_s == 60, "plenty is left"

        one.qbo_settings = {"rates": {"metered_reads_per_month": 10_000}}
        await one.restart()
        await one.cycle()

        left = health(one, QBO).metered_left
        assert left is not None
        month_s = (datetime(2026, 4, 1, tzinfo=UTC) - one.clock.now()).total_seconds()
        assert one.scheduler.interval_s == pytest.approx(month_s / left)
        assert one.scheduler.interval_s > 240


async def test_F84_spent_reads_are_a_named_state_and_writing_goes_on_next_month(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        one.qbo_settings = {"rates": {"metered_reads_per_month": 12}}
        await one.restart()
        left: list[int | None] = []
        for _ in range(12):
            await one.cycle(after_s=600)
            left.append(health(one, QBO).metered_left)
            if health(one, QBO).link is not Link.CONNECTED:
                break

        assert left[0] is not None
        assert left == sorted(left, key=lambda n: -(n or 0)), "what is left is shown, and shrinks"
        assert health(one, QBO).link is Link.THROTTLED
        assert "metered reads of this month" in health(one, QBO).text
        assert "first of the month" in health(one, QBO).cure
        assert health(one, QBO).metered_left == 0
        shown = {s.system: s for s in (await desk(one).status()).systems}["qbo"]
        assert (shown.metered_left, shown.link) == (0, "throttled")
        last = one.log.last
        await raise_price(one)
        for _ in range(3):
            await one.cycle(after_s=600)
        assert one.log.since(last, system="qbo") == []

        # A restart forgets nothing of what was spent.
        await one.restart()
        await one.cycle()
        assert health(one, QBO).metered_left == 0
        assert [r for r in one.log.since(last, system="qbo") if "/company/" in r["path"]] == []

        one.clock.advance(31 * 24 * HOUR_S)
        one.qbo_settings = {}
        await one.restart()
        await one.settle()
        assert price(one) == Decimal("12.5")


async def test_F85_a_maintenance_window_is_one_problem_and_is_caught_up_after(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path) as one:
        one.fail({"system": "qbo", "kind": "status", "status": 503, "times": 0})
        await one.cycle()
        since = health(one, QBO).since
        head = await one.ledger.read(lambda views: views.head())

        for _ in range(12):
            report = await one.cycle(after_s=600)
            assert problem(report, "down")
            assert not report.complete

        assert (health(one, QBO).link, health(one, QBO).since) == (Link.DOWN, since)
        assert await one.ledger.read(lambda views: views.head()) == head, "no errors per record"
        await raise_price(one)
        await raise_price_in_books(one, "Anvil", 99)
        one.faults.clear()
        await one.settle()
        assert price(one) == Decimal("12.5")
        assert source(one, "product", "Anvil")["PriceTier1"] == 99


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_F89_with_dear_down_quickbooks_is_observed_and_everything_queues(
    tmp_path: Path, status: int
) -> None:
    async with settled(tmp_path) as one:
        rule = {"system": "dear", "kind": "status", "status": status, "times": 0}
        one.fail({**rule, "path": "/ExternalApi/*"})
        await raise_price_in_books(one)
        await one.edit("qbo", {"kind": "vendor", "create": {"DisplayName": "Grove Lumber"}})
        await raise_price(one, "ANVIL", 99)
        last = one.log.last
        head = await one.ledger.read(lambda views: views.head())

        for _ in range(6):
            report = await one.cycle(after_s=600)
            assert problem(report, "down")

        labels = {row.operation.label for row in await pending(one)}
        assert labels == {"BOLT", "Grove Lumber"}
        assert written(one, last) == []
        rows = await one.ledger.read(lambda views: views.entries(head[0], 10_000))
        assert rows, "the books were observed"
        assert not [row for row in rows if isinstance(row.entry, Tombstoned | Intended)]
        counts = await one.ledger.read(lambda views: views.counts())
        assert sum(c.removed for c in counts) == 0

        one.faults.clear()
        await one.settle()
        assert source(one, "product", "Bolt")["PriceTier1"] == Decimal("12.5")
        assert source(one, "supplier", "Grove Lumber")
        assert price(one, "Anvil") == 99
