"""The journal says which rules decide: once while they stand, again when they change."""

from dataclasses import replace
from pathlib import Path

from daemon.sandbox.world import make_world
from ledger.model.entries import ConfigApplied
from tests.town import QBO, Town, town


async def applied(one: Town) -> list[ConfigApplied]:
    return [entry for entry in await one.entries() if isinstance(entry, ConfigApplied)]


async def test_rules_are_noted_once_and_again_when_they_change(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        await one.agree()
        assert len(await applied(one)) == 1

        await one.restart()
        await one.settle()
        assert len(await applied(one)) == 1

        one.scheduler.swap(one.scheduler.company.policy, b"names: hold")
        await one.settle()
        first, second = await applied(one)
        assert first.config != second.config


async def test_what_a_system_can_no_longer_do_is_a_change_of_rules(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        await one.agree()
        one.qbo.switches.offering = "QuickBooks Online Essentials"

        await one.cycle("a day later", after_s=86_400)

        assert len(await applied(one)) == 2


async def test_rules_of_a_system_that_is_silent_change_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        await one.agree()
        one.fail({"system": "dear", "kind": "status", "status": 503, "times": 0})

        await one.cycle("a day later", after_s=86_400)

        assert len(await applied(one)) == 1


async def test_books_kept_in_another_currency_than_configured_are_not_written(
    tmp_path: Path,
) -> None:
    async with town(tmp_path) as one:
        one.scheduler.company.home_currency = "CAD"
        await one.cycle()
        await one.approve_all()

        report = await one.cycle()

        assert [p.code for p in report.problems] == ["base_currency"]
        assert not report.complete
        assert one.writes("qbo") == one.writes("dear") == []


async def test_a_new_closing_date_is_a_change_of_rules_and_everything_is_looked_at(
    tmp_path: Path,
) -> None:
    async with town(tmp_path) as one:
        await one.agree()
        books = one.qbo.state
        books.company = replace(books.company, closed_until="2025-12-31")

        await one.cycle("a day later", after_s=86_400)

        assert len(await applied(one)) == 2
        rules = one.scheduler.company.rules()
        assert rules.closed_until == {QBO: "2025-12-31"}
        assert rules.home_currency == "USD"
        assert (await one.settle()).learned_nothing
        assert len(await applied(one)) == 2, "noted once"


async def test_after_a_start_the_closing_date_is_known_before_the_books_are_heard(
    tmp_path: Path,
) -> None:
    world = make_world(1, "small")
    closed = replace(world, company=replace(world.company, closed_until="2025-12-31"))
    async with town(tmp_path, world=closed) as one:
        await one.agree()
        before = one.scheduler.company.rules()
        assert before.closed_until[QBO] == "2025-12-31"

        await one.restart()
        assert one.scheduler.company.rules().closed_until == {}
        one.fail({"system": "qbo", "kind": "status", "status": 503, "times": 0})
        report = await one.cycle()

        assert not report.complete
        assert one.scheduler.company.rules().closed_until == before.closed_until
        assert len(await applied(one)) == 1


async def test_the_configured_currency_goes_before_the_one_that_the_books_tell(
    tmp_path: Path,
) -> None:
    async with town(tmp_path, home_currency="CAD") as one:
        assert one.scheduler.company.rules().home_currency == "CAD"
        await one.cycle()
        assert one.scheduler.company.rules().home_currency == "CAD"
