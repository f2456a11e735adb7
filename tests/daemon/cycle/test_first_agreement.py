"""From two strangers to agreement: first load, first plan, approval, writes, quiet."""

from pathlib import Path

from ledger.model.ids import Kind
from tests.town import DEAR, QBO, town


async def test_the_first_cycle_only_looks(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        report = await one.cycle()

        assert report.complete, report.problems
        assert report.planned > 0
        assert report.waiting == report.planned
        assert report.sent == 0
        assert one.writes("qbo") == []
        assert one.writes("dear") == []


async def test_an_approved_first_plan_leads_to_agreement(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        await one.agree()

        waiting = await one.operations("planned", "waiting", "approved", "intended")
        assert [row.operation.label for row in waiting] == []
        counts = await one.ledger.read(lambda views: views.counts())
        for kind in (Kind.VENDOR, Kind.CUSTOMER, Kind.ITEM, Kind.ACCOUNT):
            linked = {c.system: c.linked for c in counts if c.kind is kind}
            assert linked[QBO] == linked[DEAR] > 0
        held = {row.hold.code for row in await one.holds()}
        assert held, "the awkward records of the sample world wait for a person"


async def test_a_quiet_world_appends_nothing_and_writes_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        await one.agree()
        before = await one.ledger.read(lambda views: views.head())
        written = len(one.writes("qbo")) + len(one.writes("dear"))

        for _ in range(3):
            report = await one.cycle()
            assert report.learned_nothing

        assert await one.ledger.read(lambda views: views.head()) == before
        assert len(one.writes("qbo")) + len(one.writes("dear")) == written


async def test_an_idle_cycle_costs_one_cdc_call_and_the_incremental_lists(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        await one.agree()
        last = one.log.last

        await one.cycle()

        calls = [(row["system"], row["path"]) for row in one.log.since(last)]
        qbo = [path for system, path in calls if system == "qbo" and "/oauth2/" not in path]
        assert len(qbo) == 1
        assert qbo[0].endswith("/cdc")
        dear = sorted(path.rsplit("/", 1)[-1].lower() for system, path in calls if system == "dear")
        assert dear == ["customer", "product", "supplier"]
