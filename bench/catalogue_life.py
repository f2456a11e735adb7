"""One life of the daemon's parts for ``bench.catalogue_kill``: started again after every kill.

Its clock continues that of the simulators, so that time never goes back between two lives.
"""

import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.sample import KEY
from bench.twins import connectors_of, policy_of
from daemon.catalogue.conduct import Conductor, Person, Setting
from daemon.catalogue.words import JobRefused, Options, State
from daemon.cycle.company import Company
from daemon.cycle.schedule import Scheduler
from ledger.model.entries import Approved, FirstPlanApproved
from ledger.store.ledger import Ledger

COMPANY = "Bench"
WHO = Person(name="bench", uid=1)
MOST_CYCLES = 12


class SharedClock:
    """Time that passes ``scale`` times as fast since an instant that all processes know."""

    def __init__(self, zero: float, scale: float) -> None:
        self._zero = zero
        self._scale = scale

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._zero, UTC) + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (time.time() - self._zero) * self._scale

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self._scale)


async def live(told: dict[str, object], folder: Path, what: str) -> None:
    """``agree``: the first load, until nothing moves. ``export``: the job, until it is done."""
    clock = SharedClock(float(str(told["zero"])), float(str(told["clock_scale"])))
    ledger = await Ledger.open(folder / "ledger.db", now=clock.now, key=KEY)
    connectors = connectors_of(told, folder, clock)  # the vault keeps the login between lives
    try:
        policy = policy_of({name: c.capabilities for name, c in connectors.items()})
        company = Company(ledger=ledger, connectors=connectors, policy=policy, clock=clock)
        scheduler = Scheduler(company, poll_s=60)
        if what == "agree":
            await agree(company, scheduler)
        else:
            setting = Setting(company=COMPANY, expire_after=timedelta(days=30))
            clashes = str(told.get("clashes") or "")
            options = Options(clashes=clashes) if clashes else None
            await export(Conductor(scheduler, setting), clock, options)
    finally:
        for connector in connectors.values():
            await connector.close()
        await ledger.close()


async def agree(company: Company, scheduler: Scheduler) -> None:
    draft = company.ledger.draft(actor="bench")
    draft.add(FirstPlanApproved(by="bench"))
    await company.ledger.append(draft)
    for _ in range(MOST_CYCLES):
        report = await scheduler.run_now("bench")
        digests = await company.ledger.read(
            lambda views: tuple(
                row.operation.digest
                for row in views.brief_operations(states=("planned", "waiting"), limit=50_000)
            )
        )
        if report.learned_nothing and not digests:
            return
        draft = company.ledger.draft(actor="bench")
        expires = (company.clock.now() + timedelta(days=1)).isoformat()
        draft.add(Approved(digests=digests, by="bench", expires_at=expires))
        await company.ledger.append(draft)
        await company.clock.sleep(60)


async def export(job: Conductor, clock: SharedClock, options: Options | None) -> None:
    """As the operator and the daemon do after every start."""
    now = await job.current()
    while now is None or now.state in {State.FROZEN, State.READ}:
        try:
            now = await job.plan(WHO, options)
        except JobRefused as error:
            if error.sort != "not_ready":
                raise
            await clock.sleep(60)
    if now.state is State.PLANNED:
        now = await job.approve(WHO, COMPANY)
    if now.state is State.APPROVED:
        await job.run(WHO)
    while (wait := await job.running.step()) is not None:
        await clock.sleep(wait)


def main() -> None:
    config, what = Path(sys.argv[1]), sys.argv[2]
    told = json.loads(config.read_text(encoding="utf-8"))
    asyncio.run(live(told, config.parent, what))


if __name__ == "__main__":
    main()
