"""What the control interface can do: read the ledger, note a person's decision, ask for a cycle.

Decisions become entries under the name of whoever made them; nothing is written to a system from
here, only by the cycle that follows.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

import msgspec

from daemon.clock import Clock
from daemon.control import approving, deciding, valves
from daemon.control.changes import lived
from daemon.control.drifting import drift_history, the_drift
from daemon.control.finding import the_kind, the_record
from daemon.control.keeping import Keeper
from daemon.control.listing import PENDING, of_digest, of_record, the_plan
from daemon.control.noticing import clocks_ahead, with_clocks, with_notices
from daemon.control.protocol import (
    ApproveAnswer,
    ApproveRequest,
    Code,
    CycleAnswer,
    CycleRequest,
    Declined,
    DoneAnswer,
    HistoryAnswer,
    LinkRequest,
    PlanAnswer,
    ResolveRequest,
    RetryRequest,
    SendRequest,
    StatusAnswer,
)
from daemon.control.protocol_drift import (
    DriftAnswer,
    DriftHistoryAnswer,
    DriftQuery,
    QueueAnswer,
    QueueQuery,
    RecordAnswer,
    RequestAnswer,
    TimelineAnswer,
    TimelineQuery,
)
from daemon.control.protocol_reload import ReloadAnswer, ReloadRequest
from daemon.control.protocol_report import ReportRequest
from daemon.control.protocol_totals import TotalsAnswer, TotalsRequest
from daemon.control.protocol_valves import DeskAnswer, RemapsAnswer, SkipsAnswer
from daemon.control.queueing import the_queue
from daemon.control.recording import record_of
from daemon.control.rendering import request_of
from daemon.control.reporting import Origin, report
from daemon.control.seeing import require_unmoved
from daemon.control.shapes import (
    shown_closed,
    shown_count,
    shown_cycle,
    shown_pause,
    shown_system,
)
from daemon.control.showing import shown_documents, shown_page
from daemon.control.tallying import totals
from daemon.control.timelines import the_timeline
from daemon.control.trouble import shown_skips, skipped_codes, skipped_holds, the_desk
from daemon.cycle.planning import Pending
from daemon.cycle.schedule import Scheduler
from daemon.webhooks.tally import Tally
from ledger.model.entries import Entry
from ledger.model.facts import HoldCode, RecordView
from ledger.model.ids import SystemName
from ledger.store.views import Views

UNFINISHED = (*PENDING, "intended")


class Actor(msgspec.Struct, frozen=True):
    """Who asks, as the kernel says."""

    uid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (uid {self.uid})"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk says about the installation."""

    instance: str
    company: str
    version: str
    approvals_expire_after: timedelta
    started_at: str = ""
    """Instant at which this process began to serve."""
    config_path: str = ""
    config_read_at: str = ""
    timezone: str = "UTC"
    """IANA name of the company's."""
    badge: str = ""
    """Colour of the company; empty: none."""


class Desk:
    """One per daemon. Safe to ask many things of at once."""

    def __init__(self, *, keeper: Keeper, scheduler: Scheduler, clock: Clock, facts: Facts) -> None:
        self.ledger = keeper.ledger
        self.keeper = keeper
        self.scheduler = scheduler
        self.clock = clock
        self.facts = facts
        self.config_problems: tuple[str, ...] = ()
        self.single_user = True
        """No roles are in force; the server that asks who somebody is says so."""
        self.notices: Callable[[], tuple[Tally, ...]] = tuple
        """How the doorbells do; none where nothing listens."""
        self.reload: Callable[[Actor, ReloadRequest], Awaitable[ReloadAnswer]] | None = None
        """Reads the configuration anew; whoever owns it puts this here."""
        self.looks_back = asyncio.Lock()
        """Held while somebody looks back: one at a time."""
        self.waiting_to_look_back = 0
        self.figures: Callable[[], Awaitable[bytes]] | None = None
        """All metrics as text, without the company's name; whoever watches puts this here."""

    @property
    def systems(self) -> tuple[SystemName, ...]:
        return self.scheduler.company.policy.systems

    def now(self) -> datetime:
        return self.clock.now()

    async def note(
        self, actor: Actor, entries: Sequence[Entry], *, reason: str, bodies: Sequence[bytes] = ()
    ) -> int:
        """Append a person's decision and bring the next cycle forward; the last sequence.
        ``bodies``: what the entries name by its digest."""
        draft = self.ledger.draft(actor=str(actor))
        for body in bodies:
            draft.body(body)
        for entry in entries:
            draft.add(entry)
        seqs = await self.ledger.append(draft)
        self.scheduler.nudge(reason)
        return seqs[-1]

    async def status(self, *, counts: bool = True) -> StatusAnswer:
        """``counts=False`` leaves out the numbers of records, which take a look at every one."""

        def ask(views: Views) -> StatusAnswer:
            by_state, drift = views.operations_count(), views.drift_counts()
            return StatusAnswer(
                as_of=self.now(),
                instance=self.facts.instance,
                company=self.facts.company,
                version=self.facts.version,
                single_user=self.single_user,
                head=views.head()[0],
                systems=systems,
                counts=tuple(map(shown_count, views.counts())) if counts else (),
                operations={s: by_state[s] for s in UNFINISHED if by_state.get(s)},
                holds={code.value: n for code, n in views.holds_count().items()},
                dirty=views.dirty_count(),
                open_intents=len(views.open_intents()),
                first_plan_approved=views.first_plan_approved(),
                last_cycle=shown_cycle(last) if last is not None else None,
                documents=documents,
                config_problems=self.config_problems,
                waiting=views.waiting_by_reason(),
                skipped_holds=skipped_holds(views),
                skipped_by_code=skipped_codes(views),
                pauses=tuple(map(shown_pause, views.pauses())),
                closed=shown_closed(self.scheduler.company.calendar, self.now()),
                timezone=self.facts.timezone,
                badge=self.facts.badge,
                drift=drift.records,
                drift_by_class={one.value: n for one, n in drift.by_class.items()},
            )

        systems = with_notices(map(shown_system, self.scheduler.health.values()), self.notices())
        systems = with_clocks(systems, clocks_ahead(self.scheduler.company))
        last = self.scheduler.last
        documents = shown_documents(self.scheduler.company.policy, self.now().date().isoformat())
        return await self.ledger.ask(ask)

    async def plan(
        self,
        *,
        limit: int,
        offset: int,
        code: HoldCode | None = None,
        record: str = "",
        digest: str = "",
    ) -> PlanAnswer:
        """One page of everything that would be written and everything that is held; with
        ``code``, of what is held for that reason alone; with ``record``, all of that record; with
        the beginning of a ``digest``, that operation."""
        last = self.scheduler.last
        company = self.scheduler.company
        home = company.policy.home_currency

        def ask(views: Views) -> PlanAnswer:
            if record:
                one = the_record(views, record, systems=self.systems)
                listing = of_record(views, one.record)
            elif digest:
                listing = of_digest(views, digest.lower())
            else:
                listing = the_plan(
                    views,
                    limit=limit,
                    offset=offset,
                    code=code,
                    rule=lambda: Pending(views, company).verdicts,
                )
            operations, holds = shown_page(views, listing, home_currency=home)
            return PlanAnswer(
                as_of=self.now(),
                head=views.head()[0],
                first_plan_approved=views.first_plan_approved(),
                complete=last is not None and last.complete and not views.dirty_count(),
                operations=operations,
                holds=holds,
                totals=listing.totals,
                limit=limit,
                offset=offset,
                more=listing.more,
            )

        return await self.ledger.ask(ask)

    async def troubles(self, *, pattern: str, limit: int, offset: int) -> DeskAnswer:
        """Everything that does not flow, by what is the matter with it."""
        return await self.ledger.ask(
            lambda views: the_desk(
                views, now=self.now(), pattern=pattern, limit=limit, offset=offset
            )
        )

    async def skips(self, *, limit: int) -> SkipsAnswer:
        """What people set aside and what is still as it was then."""

        def ask(views: Views) -> SkipsAnswer:
            rows = views.standing_skips(limit=limit + 1)
            shown = shown_skips(views, rows[:limit])
            return SkipsAnswer(as_of=self.now(), skips=shown, more=len(rows) > limit)

        return await self.ledger.ask(ask)

    async def remaps(self) -> RemapsAnswer:
        return await valves.remaps(self)

    async def history(self, text: str) -> HistoryAnswer:
        """The life of one record, oldest first."""
        return await self.ledger.ask(
            lambda views: history_of(views, text, as_of=self.now(), systems=self.systems)
        )

    async def record(self, text: str) -> RecordAnswer:
        """One record whole: three-way diff, work, holds, life."""
        policy = self.scheduler.company.rules()
        return await self.ledger.ask(
            lambda views: record_of(views, text, policy=policy, as_of=self.now())
        )

    async def drift(self, query: DriftQuery) -> DriftAnswer:
        """Records on which the systems differ, a page of any order."""
        last = self.scheduler.last
        home = self.scheduler.company.rules().home_currency
        return await self.ledger.ask(
            lambda views: the_drift(
                views,
                query,
                as_of=self.now(),
                systems=self.systems,
                home_currency=home,
                complete=last is not None and last.complete and not views.dirty_count(),
            )
        )

    async def drift_history(self) -> DriftHistoryAnswer:
        return await self.ledger.ask(lambda views: drift_history(views, as_of=self.now()))

    async def request(self, digest: str) -> RequestAnswer:
        """The request that one operation would leave as."""
        return await request_of(self.scheduler.company, digest, as_of=self.now())

    async def queue(self, query: QueueQuery) -> QueueAnswer:
        """Operations of any state, and how fast writes go."""
        company = self.scheduler.company
        home = company.rules().home_currency
        return await self.ledger.ask(
            lambda views: the_queue(
                views,
                query,
                as_of=self.now(),
                home_currency=home,
                connectors=company.connectors,
            )
        )

    async def timeline(self, query: TimelineQuery) -> TimelineAnswer:
        """Entries of the ledger, newest first."""
        return await self.ledger.ask(
            lambda views: the_timeline(views, query, as_of=self.now(), systems=self.systems)
        )

    async def totals(self, request: TotalsRequest) -> TotalsAnswer:
        """Both sides' totals per kind, month or party, and why they differ."""
        policy = self.scheduler.company.policy
        return await totals(self.ledger, policy, request, as_of=self.now())

    async def report(self, actor: Actor, request: ReportRequest) -> AsyncGenerator[bytes, None]:
        """The reconciliation report as JSON lines: its summary, then its records."""
        facts = self.facts
        origin = Origin(
            company=facts.company,
            instance=facts.instance,
            version=facts.version,
            made_by=str(actor),
            timezone=facts.timezone,
            as_of=self.now(),
        )
        policy = self.scheduler.company.policy
        async with aclosing(report(self.ledger, policy, request, origin)) as lines:
            async for chunk in lines:
                yield chunk

    async def approve(self, actor: Actor, request: ApproveRequest) -> ApproveAnswer:
        return await approving.approve(self, actor, request)

    async def resolve(self, actor: Actor, request: ResolveRequest) -> DoneAnswer:
        return await deciding.resolve(self, actor, request)

    async def retry(self, actor: Actor, request: RetryRequest) -> DoneAnswer:
        return await deciding.retry(self, actor, request)

    async def link(self, actor: Actor, request: LinkRequest) -> DoneAnswer:
        return await deciding.link(self, actor, request)

    async def cycle(self, actor: Actor, request: CycleRequest) -> CycleAnswer:
        report = await self.scheduler.run_now(f"{request.reason}, {actor.name}", anew=True)
        return CycleAnswer(as_of=self.now(), report=shown_cycle(report))

    async def send(self, actor: Actor, request: SendRequest) -> CycleAnswer:
        """Let one record pass a manual flow once, through the same gate as ever."""
        kind = the_kind(request.kind)

        def ask(views: Views) -> RecordView:
            found = the_record(views, request.ref, systems=self.systems, kind=kind)
            require_unmoved(views, found, request.seen)
            return found

        view = await self.ledger.ask(ask)
        try:
            report = await self.scheduler.send(record=view.record, reason=request.reason)
        except LookupError as error:
            raise Declined(Code.NOT_FOUND, f"the ledger lost {view.record}") from error
        return CycleAnswer(as_of=self.now(), report=shown_cycle(report))


def history_of(
    views: Views,
    text: str,
    *,
    as_of: datetime,
    systems: tuple[SystemName, ...] | None = None,
) -> HistoryAnswer:
    """The life of the record that ``text`` means; also used where no daemon runs."""
    known = systems if systems is not None else tuple({c.system for c in views.counts()})
    view = the_record(views, text, systems=known)
    return HistoryAnswer(
        as_of=as_of,
        record=view.record,
        label=view.label,
        refs=tuple(str(side.ref) for side in view.sides.values()),
        rows=lived(views.history(view.record)),
    )
