"""What people can do with a catalogue job: open and plan, settle, approve, run, pause, abort.

Each command reads the job from the ledger, checks, and appends. The writing to systems is the
ordinary cycle's; what moves a running job on is ``running``. Must not send anything by itself.
"""

import asyncio
import copy
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from daemon.catalogue import job as jobs
from daemon.catalogue.checks import check_approval, check_options, check_read
from daemon.catalogue.clashes import WAYS
from daemon.catalogue.due import relinks
from daemon.catalogue.job import Job
from daemon.catalogue.outcome import Outcomes
from daemon.catalogue.running import Rehearsed, Running
from daemon.catalogue.settling import (
    answered,
    require_all,
    require_clash,
    settle_all_entries,
    settle_entries,
)
from daemon.catalogue.survey import Survey, forget
from daemon.catalogue.words import (
    TO_RUN,
    UNDER_WAY,
    WHAT,
    Answer,
    JobRefused,
    Keeping,
    Memo,
    Options,
    Proof,
    Row,
    State,
    Summary,
    Yes,
)
from daemon.cycle.company import Company
from daemon.cycle.schedule import Scheduler
from ledger.model.entries import Approved, Entry
from ledger.model.ids import Digest, Kind, RecordId

PER_ENTRY = 5_000
"""Digests in one approval entry."""
FIXED = frozenset({*UNDER_WAY, State.DONE, State.ABORTED})
"""States in which a plan cannot be made anew."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What a job has to know of the installation."""

    company: str
    """The name that is typed to approve."""
    people: int = 1
    """How many different people have to approve."""
    expire_after: timedelta = timedelta(hours=24)
    batches_per_minute: int = 38


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks."""

    name: str
    uid: int = -1


class Conductor:
    """One per daemon. Holds nothing that the ledger does not hold as well."""

    def __init__(self, scheduler: Scheduler, setting: Setting) -> None:
        self.setting = setting
        self._scheduler = scheduler
        self._planning = asyncio.Lock()
        self.running = Running(scheduler)

    @property
    def company(self) -> Company:
        return self._scheduler.company

    def rehearsal(self) -> "Conductor":
        """One that makes the same checks and appends nothing; not for ``plan`` and ``abort``."""
        twin = copy.copy(self)
        twin.running = Rehearsed(self._scheduler)
        return twin

    async def current(self) -> Job | None:
        """The newest job, over or not; None before the first."""
        return await self.company.ledger.read(jobs.latest)

    async def open_job(self) -> Job:
        """The job that is not over yet; ``JobRefused`` without one."""
        job = await self.current()
        if job is None or job.is_over:
            raise JobRefused(
                "no catalogue job is open", cure="open one: trueup catalogue plan", sort="not_found"
            )
        return job

    # -- plan: open, freeze, read, sort ----------------------------------------------------------

    async def plan(self, who: Person, options: Options | None, reason: str = "") -> Job:
        """Open a job unless one is open, freeze, read both catalogues whole, sort and plan.

        Called again before the job runs it plans anew: with other options, or the same where none
        are given. Earlier approvals are void then.
        """
        if options is not None:
            check_options(options, self.company)
        async with self._planning:
            job = await self.current()
            if job is None or job.is_over:
                job = await self._open(who, options or Options(), reason)
            if job.state in FIXED:
                raise JobRefused(
                    f"{job.id} is {job.state.value}: its plan is fixed",
                    cure="trueup catalogue pause, resume or abort",
                )
            if job.memo.proof is None:
                job = await self._read(job, who)
            return await self._sort(job, who, options or job.memo.options)

    async def dry_run(self, options: Options) -> Summary:
        """What the plan would be by what the ledger knows now. Appends nothing, asks nobody."""
        check_options(options, self.company)
        job = await self.current()
        answers = job.memo.answers if job is not None and not job.is_over else {}
        return await self._survey(options, answers).run_with(forget)

    async def _open(self, who: Person, options: Options, reason: str) -> Job:
        company = self.company
        policy = company.rules()
        number, is_in_service = await company.ledger.read(
            lambda views: (jobs.count(views), views.first_plan_approved())
        )
        if not is_in_service:
            raise JobRefused(
                "the first plan has not been approved yet",
                cure="approve it first (trueup approve): before that nothing is written at all",
            )
        if policy.flow(Kind.ITEM) == "off":
            raise JobRefused("items are switched off", cure="set kinds.item.flow to auto or manual")
        name = f"{WHAT}-{number + 1}"
        memo = Memo(
            job=name,
            options=options,
            reason=reason,
            opened_by=who.name,
            opened_at=company.now_text(),
        )
        why = reason or "the product catalogue is exported anew"
        return await self.running.advance(
            company.ledger,
            None,
            State.FROZEN,
            memo,
            by=who.name,
            entries=jobs.freeze(name, policy, who.name, why),
        )

    async def _read(self, job: Job, who: Person) -> Job:
        """Both catalogues, read to the end in one cycle; the proof goes into the ledger."""
        report = await self._scheduler.run_now(f"{job.id} reads both catalogues", full=True)
        check_read(report, self.company)
        company = self.company
        head, counts = await company.ledger.read(
            lambda views: (
                views.head()[0],
                {c.system: c.live + c.inactive for c in views.counts() if c.kind is Kind.ITEM},
            )
        )
        proof = Proof(
            cycle=report.cycle,
            at=report.ended_at,
            head=head,
            items={str(system): n for system, n in sorted(counts.items())},
        )
        memo = msgspec.structs.replace(job.memo, proof=proof)
        return await self.running.advance(company.ledger, job, State.READ, memo, by=who.name)

    def _survey(self, options: Options, answers: dict[str, Answer]) -> Survey:
        return Survey(
            self.company, options, answers, batches_per_minute=self.setting.batches_per_minute
        )

    async def _sort(self, job: Job, who: Person, options: Options) -> Job:
        ledger = self.company.ledger

        async def keep(rows: Sequence[Row] | Sequence[Keeping]) -> Digest:
            return await jobs.keep(ledger, job.id, rows, who.name)

        summary = await self._survey(options, job.memo.answers).run_with(keep)
        memo = msgspec.structs.replace(job.memo, options=options, plan=summary, approvals=())
        state = State.PLANNED if summary.is_settled else State.SORTED
        entries = await self._void(job, who) if job.memo.approvals else []
        return await self.running.advance(ledger, job, state, memo, by=who.name, entries=entries)

    # -- settle, approve -------------------------------------------------------------------------

    async def settle(
        self,
        who: Person,
        record: RecordId,
        what: str,
        to: RecordId | None = None,
        reason: str = "",
    ) -> Job:
        """Answer one question of the plan: an unknown item, or a name that clashes."""
        async with self._planning:
            job = await self._asking()
            assert job.memo.plan is not None, "a job that asks has a plan"
            policy = self.company.rules()
            answer = Answer(what=what, by=who.name, to=to or "", reason=reason)
            entries = await self.company.ledger.read(
                lambda views: settle_entries(views, policy, record, answer)
            )
            if what in WAYS and record not in job.memo.answers:
                require_clash(await self._row_of(job.memo.plan, record), what)
            memo = answered(job.memo, record, answer)
            return await self._settled(job, memo, entries, who)

    async def settle_all(self, who: Person, what: str, expect: int, reason: str = "") -> Job:
        """The same answer for every unknown item, if there are exactly ``expect``."""
        async with self._planning:
            job = await self._asking()
            plan = job.memo.plan
            assert plan is not None, "a job that asks has a plan"
            require_all(plan, what, expect)
            memo, answer = job.memo, Answer(what=what, by=who.name, reason=reason)
            entries = await self.company.ledger.read(
                lambda views: settle_all_entries(views, job.memo, answer)
            )
            for stranger in plan.strangers:
                memo = answered(memo, stranger.record, answer)
            return await self._settled(job, memo, entries, who)

    async def _asking(self) -> Job:
        """The open job, at a point where it takes answers."""
        job = await self.open_job()
        if job.memo.plan is None or job.state in FIXED:
            raise JobRefused(
                f"{job.id} is {job.state.value}: it asks nothing now",
                cure="trueup catalogue plan",
                sort="stale",
            )
        return job

    async def _row_of(self, plan: Summary, record: RecordId) -> Row | None:
        for chunk in plan.chunks:
            for row in await jobs.load(self.company.ledger, chunk, Row):
                if row.record == record:
                    return row
        return None

    async def _settled(self, job: Job, memo: Memo, entries: list[Entry], who: Person) -> Job:
        entries += await self._void(job, who) if job.memo.approvals else []
        assert memo.plan is not None, "it was there before"
        state = State.SETTLED if memo.plan.is_settled else State.SORTED
        return await self.running.advance(
            self.company.ledger, job, state, memo, by=who.name, entries=entries
        )

    async def approve(self, who: Person, company: str, plan: str = "", reason: str = "") -> Job:
        """One person's yes to exactly this plan. With enough of them its digests are approved.

        A job under way takes a fresh yes to the same plan, for when the first one has expired.
        """
        job = await self.open_job()
        summary = check_approval(job, typed=company, company=self.setting.company, plan=plan)
        now = self.company.clock.now()
        fresh = (now - self.setting.expire_after).isoformat()
        said = [yes for yes in job.memo.approvals if yes.plan == summary.id and yes.at > fresh]
        renewing = job.state in {State.APPROVED, *UNDER_WAY}
        if any(yes.uid == who.uid for yes in said) and not renewing:
            raise JobRefused(
                f"{who.name} has approved it already; {self.setting.people} people have to",
                cure="another person approves it under an account of their own",
            )
        said = [yes for yes in said if yes.uid != who.uid]
        said.append(Yes(by=who.name, uid=who.uid, at=now.isoformat(), plan=summary.id))
        memo = msgspec.structs.replace(job.memo, approvals=tuple(said))
        if len(said) < self.setting.people:
            return await self.running.advance(
                self.company.ledger, job, job.state, memo, by=who.name
            )
        expires = (now + self.setting.expire_after).isoformat(timespec="seconds")
        note = f"plan {summary.id}{f': {reason}' if reason else ''}"
        entries = await self._approved(job, who, expires, note)
        state = State.APPROVED if job.state is State.PLANNED else job.state
        return await self.running.advance(
            self.company.ledger, job, state, memo, by=who.name, entries=entries
        )

    async def _approved(self, job: Job, who: Person, expires: str, note: str) -> list[Entry]:
        digests = await self.running.digests(job)
        return [
            Approved(
                digests=tuple(digests[first : first + PER_ENTRY]),
                by=who.name,
                expires_at=expires.replace("+00:00", "Z"),
                note=note,
                job=job.id,
            )
            for first in range(0, len(digests), PER_ENTRY)
        ]

    async def _void(self, job: Job, who: Person) -> list[Entry]:
        """The approvals of a plan that is given up end now."""
        now = self.company.clock.now().isoformat()
        return await self._approved(job, who, now, f"{job.id}: withdrawn")

    # -- run, pause, abort -----------------------------------------------------------------------

    async def run(self, who: Person, reason: str = "") -> Job:
        """Take the brake off; the job goes on by itself from here, after a restart too."""
        job = await self.open_job()
        if job.state is not State.APPROVED:
            raise JobRefused(
                f"{job.id} is {job.state.value}, not approved",
                cure=TO_RUN.get(job.state, "trueup catalogue status"),
            )
        memo = msgspec.structs.replace(
            job.memo, run_by=who.name, run_at=self.company.now_text(), note=""
        )
        return await self._release(job, who, memo, reason or "the job runs")

    async def pause(self, who: Person, reason: str) -> Job:
        """Stop after the requests under way; what is unlinked by then waits."""
        job = await self.open_job()
        if job.state is not State.RUNNING:
            raise JobRefused(f"{job.id} is {job.state.value}: it does not run", sort="stale")
        memo = msgspec.structs.replace(job.memo, note=reason)
        books = self.company.policy.books
        return await self.running.advance(
            self.company.ledger,
            job,
            State.PAUSED,
            memo,
            by=who.name,
            entries=[jobs.brake(job.id, books, who.name, reason or "the job is paused")],
        )

    async def resume(self, who: Person, reason: str = "") -> Job:
        """Go on after a pause."""
        job = await self.open_job()
        if job.state is not State.PAUSED:
            raise JobRefused(
                f"{job.id} is {job.state.value}: it is not paused",
                cure="trueup catalogue run starts an approved job",
                sort="stale",
            )
        memo = msgspec.structs.replace(job.memo, note="")
        return await self._release(job, who, memo, reason or "resumed")

    async def _release(self, job: Job, who: Person, memo: Memo, why: str) -> Job:
        books = self.company.policy.books
        entries = [jobs.release(job.id, books, who.name, why)]
        released = await self.running.advance(
            self.company.ledger, job, State.RUNNING, memo, by=who.name, entries=entries
        )
        self.running.wake()
        return released

    async def abort(self, who: Person, reason: str) -> Job:
        """End the job and thaw. What is done stays done; old items whose successors were not
        created yet are linked again."""
        job = await self.open_job()
        if job.state is State.RUNNING:
            job = await self.pause(who, reason)
        if job.state in UNDER_WAY:
            # Nothing of the job may be on its way while its links are put back.
            await self._scheduler.run_now(f"{job.id} is aborted")
        ledger, policy = self.company.ledger, self.company.rules()
        for chunk in job.memo.plan.chunks if job.memo.plan is not None else ():
            rows = await jobs.load(ledger, chunk, Row)
            back = await ledger.read(lambda views, r=rows: relinks(views, r, policy, who.name))  # type: ignore[misc]
            if back:
                draft = ledger.draft(actor=who.name)
                for entry in back:
                    draft.add(entry)
                await ledger.append(draft)
        memo = msgspec.structs.replace(job.memo, note=reason, approvals=())
        if job.state in UNDER_WAY:
            outcomes, at = Outcomes(ledger, policy), self.company.now_text()
            ended = await outcomes.of_job(job, by=who.name, at=at, aborted=True)
            memo = msgspec.structs.replace(memo, ended=ended)
        entries = await self._void(job, who) if job.memo.approvals else []
        entries += jobs.thaw(job.id, policy, who.name, reason or "the job was aborted")
        over = await self.running.advance(
            ledger, job, State.ABORTED, memo, by=who.name, entries=entries
        )
        self._scheduler.nudge(f"{job.id} was aborted")
        return over
