"""The journal says which rules decide: once while they stand, again when they change."""

from pathlib import Path

from ledger.model.entries import ConfigApplied
from tests.town import Town, town


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
