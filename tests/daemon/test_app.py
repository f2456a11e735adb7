"""The composition root opens, notes the configuration in force, and closes everything."""

from pathlib import Path

import pytest

from daemon.app import check_owners, opened
from daemon.clock import SystemClock
from daemon.config.changes import LIVE_SECTIONS
from daemon.config.load import Loaded, load
from daemon.config.policy import make_calendar
from ledger.model.entries import ConfigApplied
from ledger.model.errors import ConfigProblem
from tests.nobody import CONFIG


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    return path


async def applied(loaded: Loaded) -> list[ConfigApplied]:
    async with opened(loaded, SystemClock()) as app:
        rows = await app.ledger.read(lambda views: views.entries(0, 100))
    return [row.entry for row in rows if isinstance(row.entry, ConfigApplied)]


async def test_the_state_folder_is_private(config: Path) -> None:
    await applied(load(config))
    state = config.with_name("state")
    assert state.stat().st_mode & 0o777 == 0o700
    state.chmod(0o770)
    with pytest.raises(ConfigProblem, match="chmod 700"):
        await applied(load(config))


async def test_a_lost_key_is_never_replaced(config: Path) -> None:
    await applied(load(config))
    (config.with_name("state") / "ledger.key").unlink()
    with pytest.raises(ConfigProblem, match="put it back"):
        await applied(load(config))
    assert not (config.with_name("state") / "ledger.key").exists()


async def test_after_a_failure_the_ledger_can_be_opened_again(config: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with opened(load(config), SystemClock()):
            raise ZeroDivisionError
    assert await applied(load(config)) == []


def test_our_packages_have_one_owner_here() -> None:
    check_owners()


def test_another_owner_of_our_names_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = tmp_path / "stranger-1.0.dist-info"
    stranger.mkdir()
    (stranger / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (stranger / "top_level.txt").write_text("ledger\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigProblem, match="'ledger' is also installed by stranger"):
        check_owners()


async def test_hours_and_freezes_take_effect_between_two_cycles(config: Path) -> None:
    assert "schedule" in LIVE_SECTIONS
    days = "{from: 2020-01-01, to: 2999-12-31, reason: closing for good}"
    async with opened(load(config), SystemClock()) as app:
        company, now = app.scheduler.company, app.clock.now()
        assert company.calendar.shut(now) is None
        config.write_text(f"{CONFIG}schedule: {{poll: 30s, freeze: [{days}]}}\n")
        schedule = load(config).config.schedule

        app.scheduler.reschedule(
            poll_s=schedule.poll.total_seconds(),
            full_at=schedule.full_sweep,
            calendar=make_calendar(load(config).config),
        )
        assert company.calendar.shut(now) is None, "not in the middle of a cycle"
        await app.scheduler.run_now("test")

        shut = company.calendar.shut(now)
        assert shut is not None
        assert (shut.reason, "closing for good" in shut.text) == ("frozen", True)
        assert app.scheduler.interval_s == 30


async def test_hours_of_the_file_are_in_force_from_the_start(config: Path) -> None:
    days = "{from: 2020-01-01, to: 2999-12-31, reason: closing for good}"
    config.write_text(f"{CONFIG}schedule: {{freeze: [{days}]}}\n")
    async with opened(load(config), SystemClock()) as app:
        shut = app.scheduler.company.calendar.shut(app.clock.now())
        assert shut is not None
        assert shut.reason == "frozen"
