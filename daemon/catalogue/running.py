"""A job that runs: unlink a chunk, let the ordinary cycle write it, and so on; then prove it.

Each step is derived from the ledger anew, so a death at any point is followed by the same step.
Nothing is sent from here: what is unlinked is dirty, the cycle plans it, the gate knows its digest.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from daemon.catalogue import job as jobs
from daemon.catalogue.due import DUE, Work, done, due
from daemon.catalogue.job import Job
from daemon.catalogue.outcome import Outcomes
from daemon.catalogue.words import Ended, JobRefused, Memo, Row, State
from daemon.clock import sleep_unless
from daemon.cycle.lookups import LedgerLookups
from daemon.cycle.report import CycleReport
from daemon.cycle.schedule import Scheduler
from daemon.log import Log
from ledger.model.encoding import encode
from ledger.model.entries import Entry, Planned
from ledger.model.ids import Digest, Kind
from ledger.model.plans import Operation
from ledger.store.errors import DraftRefused, LedgerUnavailable
from ledger.store.ledger import Draft, Ledger

RETRY_S = 60.0
"""How long a job waits when a system does not answer, or for a person."""
TRIES = 4
"""How often one chunk is gone over when nothing more comes of it."""

_log = Log(__name__)


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a running job is."""

    rows: int
    done: int
    waits: str = ""
    """Why it does not go on by itself just now."""


class Running:
    """Moves the job on. Remembers only where it was; that is found again from the ledger."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._job = ""
        self._chunk = 0
        self._tries = 0
        self._waits = ""
        self._counted: dict[Digest, int] = {}
        """Of chunks that are behind, how many products have their item."""
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()
        self._stopped = False

    @property
    def _ledger(self) -> Ledger:
        return self._scheduler.company.ledger

    async def advance(
        self,
        ledger: Ledger,
        job: Job | None,
        state: State,
        memo: Memo,
        *,
        by: str,
        entries: Sequence[Entry] = (),
    ) -> Job:
        """``job.advance``, one at a time: what was read is still so when it is appended."""
        async with self._turn:
            return await jobs.advance(ledger, job, state, memo, by=by, entries=entries)

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        self._stopped = True
        self._woken.set()

    async def work(self) -> None:
        """Step until stopped; sleeps while no job runs."""
        while not self._stopped:
            self._woken.clear()
            wait = await self.step()
            if self._stopped:
                return
            if wait is None:
                await self._woken.wait()
            elif wait > 0:
                await sleep_unless(self._scheduler.company.clock, wait, self._woken)

    async def step(self) -> float | None:
        """One step of the job; seconds to leave it alone then, None = no job runs."""
        try:
            job = await self._ledger.read(jobs.latest)
            if job is None or job.state not in {State.RUNNING, State.VERIFYING}:
                return None
            if job.id != self._job:
                self._job, self._chunk, self._tries, self._waits = job.id, 0, 0, ""
            if job.state is State.VERIFYING:
                return await self._verify(job)
            return await self._run(job)
        except JobRefused as error:
            if error.sort == "stale":
                return 0.0  # somebody paused or ended it meanwhile: look again
            self._waits = str(error)
        except LedgerUnavailable as error:
            self._waits = str(error)
        return RETRY_S

    async def progress(self, job: Job) -> Progress:
        """Counted from the ledger."""
        ready = rows = 0
        policy = self._scheduler.company.rules()
        chunks = job.memo.plan.chunks if job.memo.plan is not None else ()
        for number, digest in enumerate(chunks):
            chunk = [r for r in await jobs.load(self._ledger, digest, Row) if r.act in DUE]
            rows += len(chunk)
            if digest in self._counted:
                ready += self._counted[digest]
                continue
            count = await self._ledger.read(lambda v, c=chunk: done(v, c, policy))  # type: ignore[misc]
            ready += count
            if job.id == self._job and number < self._chunk:
                self._counted[digest] = count
        return Progress(rows=rows, done=ready, waits=self._waits)

    async def digests(self, job: Job) -> list[Digest]:
        """Everything that the plan writes."""
        found: list[Digest] = []
        for digest in job.memo.plan.chunks if job.memo.plan is not None else ():
            for row in await jobs.load(self._ledger, digest, Row):
                found += row.digests
        return found

    async def _run(self, job: Job) -> float:
        plan = job.memo.plan
        assert plan is not None, "a job without a plan does not run"
        if self._chunk >= len(plan.chunks):
            await self._advance(job, State.VERIFYING)
            return 0.0
        rows = await jobs.load(self._ledger, plan.chunks[self._chunk], Row)
        work = await self._look(rows)
        if work.unapproved and (work.entries or work.retire or work.pending):
            self._waits = "the approval has expired: trueup catalogue approve, to renew it"
            return RETRY_S
        if work.entries or work.retire:
            await self._append(job, work)
            said = await self._look(rows)
            if said.entries:  # of items that stand alone only since the first append
                await self._append(job, Work(entries=said.entries))
        elif not work.pending or self._tries >= TRIES:
            self._chunk, self._tries = self._chunk + 1, 0
            return 0.0
        report = await self._scheduler.run_now(job.id)
        left = await self._look(rows)
        return self._after(report, left, moved=bool(work.entries or work.retire))

    def _after(self, report: CycleReport, left: Work, *, moved: bool) -> float:
        """How long to wait, by how the cycle went."""
        self._waits = "; ".join(problem.message for problem in report.problems)
        if not report.complete:
            self._waits = self._waits or "a system does not answer"
            return RETRY_S  # an outage costs no tries
        if report.open_intents:
            self._waits = "the end of a request is not known yet"
            return self._scheduler.company.pace.settle_after_s + 1
        if left.entries or left.retire or not left.pending:
            return 0.0
        if left.stopped:
            self._waits = left.stopped
            return RETRY_S
        if not moved and not report.sent:
            self._tries += 1
            self._waits = f"{left.pending} changes wait: see trueup plan"
            return RETRY_S
        return 0.0

    async def _look(self, rows: Sequence[Row]) -> Work:
        company = self._scheduler.company
        policy = company.rules()
        now = company.clock.now()
        return await self._ledger.read(
            lambda views: due(
                views,
                rows,
                policy,
                LedgerLookups(views, recent_since=now),
                views.approvals_of(self._job, now),
            )
        )

    async def _append(self, job: Job, work: Work) -> None:
        """Unless somebody has paused or ended the job meanwhile."""
        async with self._turn:
            now = await self._ledger.read(jobs.latest)
            if now is None or now.seq != job.seq:
                raise JobRefused("the job has moved on", sort="stale")
            await self._append_work(job, work)

    async def _append_work(self, job: Job, work: Work) -> None:
        draft = self._ledger.draft(actor=job.memo.run_by or "daemon")
        for entry in work.entries:
            draft.add(entry)
        for operation in work.retire:
            draft.add(_planned(draft, operation))
        try:
            await self._ledger.append(draft)
        except DraftRefused:
            _log.info("links moved meanwhile", job=job.id)  # the next look sees them

    async def _advance(self, job: Job, state: State, ended: Ended | None = None) -> Job:
        memo = msgspec.structs.replace(job.memo, ended=ended)
        by = job.memo.run_by or "daemon"
        entries: list[Entry] = []
        if state is State.DONE:
            policy = self._scheduler.company.rules()
            entries = jobs.thaw(job.id, policy, by, "the job is done")
        return await self.advance(self._ledger, job, state, memo, by=by, entries=entries)

    async def _verify(self, job: Job) -> float:
        """Read both catalogues whole once more; what they show is the report."""
        report = await self._scheduler.run_now(f"{job.id} verifies", full=True)
        swept = [seen.swept for seen in report.seen.values()]
        if not report.complete or not all(Kind.ITEM in kinds for kinds in swept):
            self._waits = "the catalogues were not read to the end"
            return RETRY_S
        company = self._scheduler.company
        by = job.memo.run_by or "daemon"
        outcomes = Outcomes(self._ledger, company.rules())
        ended = await outcomes.of_job(job, by=by, at=company.now_text())
        await self._advance(job, State.DONE, ended)
        self._scheduler.nudge(f"{job.id} is done")
        return 0.0


def _planned(draft: Draft, operation: Operation) -> Planned:
    return Planned(
        operation=operation.id,
        record=operation.record,
        digest=operation.digest,
        payload=draft.body(encode(operation)),
    )


class Rehearsed(Running):
    """Goes on to the next state only in its answer: nothing is appended."""

    async def advance(
        self,
        ledger: Ledger,
        job: Job | None,
        state: State,
        memo: Memo,
        *,
        by: str,
        entries: Sequence[Entry] = (),
    ) -> Job:
        assert job is not None, "a rehearsal is of a job that is there"
        return Job(state=state, memo=memo, since=job.since, seq=job.seq)
