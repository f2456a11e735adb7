"""The numbers are those of a company that works: real systems, real writes, real refusals."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.control.desk import Desk, Facts
from daemon.control.health import Lag
from daemon.control.keeping import DAMAGED_KEY, Keeper
from daemon.observe.exposition import Family, Sample, histogram, number, rendered
from daemon.observe.families import families
from daemon.observe.seen import FRESH_S, Notices, Reloads, Seen, Sources, Watch
from ledger.model.drift import DriftClass
from ledger.model.entries import Refused
from tests.daemon.observe.support import a_look, families_of_nothing
from tests.scenarios.papers import buys, line, office, settle
from tests.town import KEY, Town, town

FEW = 100


@asynccontextmanager
async def watched(one: Town) -> AsyncIterator[tuple[Watch, Keeper]]:
    keeper = Keeper(ledger=one.ledger, key=KEY, clock=one.clock, backups=one.folder / "copies")
    facts = Facts(
        instance="acme", company="Acme", version="1", approvals_expire_after=timedelta(hours=1)
    )
    desk = Desk(keeper=keeper, scheduler=one.scheduler, clock=one.clock, facts=facts)
    sources = Sources(
        reloads=lambda: Reloads(
            last_ok=True, last_good_at=desk.now(), refused=0, restart_pending=False
        ),
        notices=lambda: Notices(by_result={}, missed={}),
        told=lambda: {},
        bugs=lambda: 0,
        lag=Lag(),
        backup_every=timedelta(hours=24),
    )
    yield Watch(desk, sources, pace=one.clock), keeper


async def fresh(one: Town, watch: Watch) -> Seen:
    one.clock.advance(FRESH_S)
    return await watch.look()


def samples(seen: Seen) -> dict[str, float]:
    """``name{label=value}`` -> number."""
    found = {}
    for family in families(seen):
        for sample in family.samples:
            labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
            found[f"{family.name}{sample.suffix}{{{labels}}}"] = sample.value
    return found


async def test_a_first_load_a_plan_and_its_writes(tmp_path: Path) -> None:
    async with town(tmp_path) as one, watched(one) as (watch, _):
        before = samples(await watch.look())
        assert before["trueup_cycle_last_success_timestamp_seconds{}"] == 0
        assert before["trueup_actions_total{result=confirmed,system=qbo}"] == 0
        await one.cycle()
        loaded = samples(await fresh(one, watch))
        waiting = len(await one.operations("waiting"))
        assert loaded["trueup_actions{state=waiting}"] == waiting > 0
        assert loaded["trueup_action_oldest_pending_timestamp_seconds{}"] > 0
        assert loaded["trueup_first_plan_approved{}"] == 0
        assert loaded["trueup_cycles_total{result=whole}"] == 1
        assert loaded["trueup_system_connected{system=dear}"] == 1
        assert loaded["trueup_oauth_expiry_timestamp_seconds{kind=refresh_hard,system=qbo}"] > 0

        await one.approve_all()
        await one.settle()
        done = samples(await fresh(one, watch))
        confirmed = sum(
            done[f"trueup_actions_total{{result=confirmed,system={system}}}"]
            for system in ("qbo", "dear")
        )
        assert confirmed == len(await one.operations("confirmed"))
        assert done["trueup_actions{state=waiting}"] == 0
        assert done["trueup_action_oldest_pending_timestamp_seconds{}"] == 0
        drift = await one.ledger.ask(lambda views: views.drift_counts())
        for sort in DriftClass:
            expected = drift.by_class.get(sort, 0)
            assert done[f"trueup_drift_records{{class={sort.value}}}"] == expected
        assert done.keys() == before.keys(), "every series is there from the first scrape on"
        assert len(done) < FEW
        # What rises never falls.
        rising = {
            f"{one.name}{sample.suffix}"
            for one in families_of_nothing()
            if one.kind != "gauge"
            for sample in one.samples
        }
        for name, value in done.items():
            if name.split("{")[0] in rising:
                assert value >= loaded[name] >= before[name], name


async def test_refusals_lost_replies_and_limits_of_the_vendor(tmp_path: Path) -> None:
    async with office(tmp_path) as one, watched(one) as (watch, _):
        start = samples(await watch.look())
        one.fail(
            {"system": "qbo", "kind": "throttle", "path": "*/cdc"},
            {"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/batch"},
            {"system": "qbo", "kind": "lost_reply", "method": "POST", "path": "*/purchaseorder"},
        )
        buys(one, line("BR-1", 10, 3))
        await settle(one)
        await one.cycle(after_s=600)
        await settle(one)
        end = samples(await fresh(one, watch))

        def rose(name: str) -> float:
            return end[name] - start[name]

        assert rose("trueup_api_requests_total{code=429,system=qbo}") == 1
        assert rose("trueup_api_throttled_total{system=qbo}") == 1
        assert rose("trueup_actions_total{result=unknown,system=qbo}") == 1
        assert rose("trueup_actions_total{result=confirmed,system=qbo}") == 1
        assert rose("trueup_api_requests_total{code=none,system=qbo}") >= 1
        count = "trueup_api_request_duration_seconds_count{system=qbo}"
        assert rose(count) == sum(
            rose(name)
            for name in end
            if name.startswith("trueup_api_requests_total{") and name.endswith("system=qbo}")
        )
        assert end[count] == end["trueup_api_request_duration_seconds_bucket{le=+Inf,system=qbo}"]


async def test_a_login_that_a_person_has_to_renew(tmp_path: Path) -> None:
    async with town(tmp_path) as one, watched(one) as (watch, _):
        one.fail({"system": "qbo", "kind": "invalid_grant", "times": 0})
        await one.cycle()
        seen = samples(await watch.look())
        assert seen["trueup_system_login_ok{system=qbo}"] == 0
        assert seen["trueup_system_login_ok{system=dear}"] == 1
        assert seen["trueup_oauth_refresh_failures_total{system=qbo}"] >= 1
        assert seen["trueup_cycles_total{result=partial}"] == 1


async def test_copies_proofs_and_damage(tmp_path: Path) -> None:
    async with town(tmp_path) as one, watched(one) as (watch, keeper):
        await one.cycle()
        begun = samples(await watch.look())
        assert begun["trueup_backup_last_success_timestamp_seconds{}"] == 0
        assert begun["trueup_ledger_verify_ok{}"] == 1
        await keeper.backup(str(tmp_path / "copy"))
        await keeper.verify()
        cared = samples(await fresh(one, watch))
        assert cared["trueup_backup_last_success_timestamp_seconds{}"] > 0
        assert cared["trueup_ledger_verify_last_success_timestamp_seconds{}"] > 0
        draft = one.ledger.draft()
        draft.runtime(DAMAGED_KEY, b"2026-03-02T15:00:00+00:00")
        await one.ledger.append(draft)
        assert samples(await fresh(one, watch))["trueup_ledger_verify_ok{}"] == 0
        assert await keeper.found_damaged_at() != ""
        await keeper.verify()
        assert samples(await fresh(one, watch))["trueup_ledger_verify_ok{}"] == 1


async def test_refused_attempts_are_counted_from_the_start_on(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        draft = one.ledger.draft()
        draft.add(Refused(actor="x", act="approve", why="no"))
        await one.ledger.append(draft)
        async with watched(one) as (watch, _):
            assert (await watch.look()).people_refused == 0
            draft = one.ledger.draft()
            draft.add(Refused(actor="x", act="approve", why="no"))
            await one.ledger.append(draft)
            assert (await fresh(one, watch)).people_refused == 1


async def test_a_ledger_that_cannot_be_read_leaves_the_rest(tmp_path: Path) -> None:
    async with town(tmp_path) as one, watched(one) as (watch, _):
        await one.cycle()
        good = await watch.look()
        await one.ledger.close()
        seen = await fresh(one, watch)
        assert not seen.ledger_answers
        assert seen.books == good.books


def test_names_and_texts_are_as_prometheus_wants_them() -> None:
    for family in families_of_nothing():
        assert family.name.startswith("trueup_")
        assert family.name.endswith("_total") == (family.kind == "counter"), family.name
        assert family.help.endswith(".")
    assert len({family.name for family in families_of_nothing()}) == len(families_of_nothing())


def test_labels_and_numbers_are_quoted() -> None:
    family = Family("x", "gauge", "a\\b\nc", [Sample(1.5, {"of": 'a"b\\c\nd'})])
    told = rendered([family], {"company": "acme"}).decode()
    assert told == (
        '# HELP x a\\\\b\\nc\n# TYPE x gauge\nx{company="acme",of="a\\"b\\\\c\\nd"} 1.5\n'
    )
    numbers = [number(v) for v in (0, True, 1e18, 0.25, float("inf"), float("-inf"), float("nan"))]
    assert numbers == ["0", "1", "1000000000000000000", "0.25", "+Inf", "-Inf", "NaN"]


def test_a_histogram_ends_with_all() -> None:
    found = histogram({1.0: 3, 5.0: 4}, 6, 40.5, {"system": "qbo"})
    assert [(s.suffix, s.labels.get("le"), s.value) for s in found] == [
        ("_bucket", "1", 3),
        ("_bucket", "5", 4),
        ("_bucket", "+Inf", 6),
        ("_sum", None, 40.5),
        ("_count", None, 6),
    ]


@pytest.mark.parametrize("name", ["company", "system", "class", "state", "result", "code", "kind"])
def test_labels_are_few_and_known(name: str) -> None:
    known = {"system", "class", "state", "result", "code", "kind", "le", "version"}
    used = {k for one in families(a_look()) for s in one.samples for k in s.labels}
    assert used <= known
    assert name in used | {"company"}
