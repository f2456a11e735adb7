"""One cycle, start to end: the whole story on one screen."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import msgspec

from daemon.connectors.base import Connector, Health, Metered, Watched
from daemon.cycle.again import decided_now
from daemon.cycle.asides import end_due
from daemon.cycle.byname import keep_as_planned
from daemon.cycle.company import Company, Told
from daemon.cycle.execute import execute
from daemon.cycle.observe import observe, resweep
from daemon.cycle.pinning import pin
from daemon.cycle.planning import REVIEW_KEY, pass_gate, plan_dirty
from daemon.cycle.recover import recover
from daemon.cycle.report import IDLE, CycleReport, Link, Seen, SystemStatus
from daemon.log import Log, Turns
from daemon.reconcile.gate import Shut
from ledger.model.encoding import decode, encode
from ledger.model.entries import ConfigApplied
from ledger.model.errors import (
    Refused,
    Stopping,
    Throttled,
    Transient,
    TrueupError,
    Unauthorised,
    Unsafe,
)
from ledger.model.facts import Problem
from ledger.model.ids import SystemName
from ledger.store.errors import LedgerUnavailable

METER_KEY = "meter:"
TOLD_KEY = "told"
SCOPE_KEY = "scope"
"""Digest of the configuration and the abilities that the plan in force was made by."""

_log = Log(__name__)
TRIES_AGAIN = "nothing to do: every cycle tries again by itself"


class Cycle:
    """Runs cycles for one company, one at a time. The scheduler decides when."""

    def __init__(self, company: Company, *, stopping: Callable[[], bool] = lambda: False) -> None:
        self._company = company
        self._stopping = stopping
        self._ran = 0
        self._gate_at = -1
        """Head of the journal when the gate last let nothing through; -1 = it has to look."""
        self._gate_shut: Shut | None = None
        """What the calendar said then."""
        self._standing = (0, 0)
        """Operations that waited then, and how many of them a breaker had stopped."""
        # Asked once: whether something keeps a protocol is found out by looking at all it has.
        self._metered = {n: c for n, c in company.connectors.items() if isinstance(c, Metered)}
        self._watched = {n: c for n, c in company.connectors.items() if isinstance(c, Watched)}
        self._meters: dict[SystemName, bytes] = {}
        self._remembers = False
        self._checked: set[SystemName] = set()
        """Systems that told what they can hold since the start: before all have, nothing is
        decided on a guess."""
        self._noted: object = None
        """What the rules in force were last seen to follow from."""
        self._turns = Turns(_log)
        self.current: CycleReport | None = None
        """The report of the cycle under way; it is still being written."""
        self.health: dict[SystemName, SystemStatus] = {
            name: SystemStatus(system=name) for name in company.connectors
        }

    async def run_once(self, reason: str, *, full: bool = False, anew: bool = False) -> CycleReport:
        """Observe, plan, write and remember until nothing more can be done now.

        ``full`` reads both sides whole; ``anew`` asks what their companies are set to, the closing
        date among it, which else is believed for hours. Writes leave only when every system was
        observed to the end in this very cycle: what one side shows means nothing while the other
        is not heard.
        """
        company = self._company
        started = company.now_text()
        self._ran += 1
        report = CycleReport(cycle=f"{started}#{self._ran}", reason=reason, started_at=started)
        self.current = report
        try:
            await self._run(report, full=full, anew=anew or full)
            self._turns.back("ledger")
        except* LedgerUnavailable as group:
            # Nothing left without its intent, and nothing was lost: the next cycle tries again.
            self._turns.down("ledger")
            report.complete = False
            for error in _leaves(group):
                report.problems.append(Problem(code="ledger", message=str(error), cure=error.cure))
        finally:
            self.current = None
            report.activity = IDLE
            report.ended_at = company.now_text()
        return report

    async def _run(self, report: CycleReport, *, full: bool, anew: bool) -> None:
        report.doing("reading")
        await self._remember_told()
        await end_due(self._company, report)
        heard = await self._hear_all(report, full=full, anew=anew)
        if heard:
            self._hear_told()
            await self._note_rules(report)
        if self._checked == self._company.connectors.keys():
            await plan_dirty(self._company, report, stopping=self._stopping)
            await self._reach_agreement(report, may_write=heard)
        if not heard:
            await keep_as_planned(self._company)
        await self._keep_meters()
        report.complete = heard

    async def _hear_all(self, report: CycleReport, *, full: bool, anew: bool) -> bool:
        results: dict[SystemName, bool] = {}

        async def hear(system: SystemName) -> None:
            results[system] = await self._hear(system, report, full=full, anew=anew)

        async with asyncio.TaskGroup() as group:
            for system in self._company.connectors:
                group.create_task(hear(system))
        return all(results.values()) and self._same_currency(report)

    async def _hear(
        self, system: SystemName, report: CycleReport, *, full: bool, anew: bool
    ) -> bool:
        """Check and observe one system and settle its open intents, in the light of what it shows
        now. False when it has to be left alone."""
        company = self._company
        seen = report.seen.setdefault(system, Seen())
        connector = company.connectors[system]
        try:
            await self._load_meter(connector)
            health = await connector.check(anew=anew)
            self._checked.add(system)
            await pin(company.ledger, system, health.company_id, health.environment)
            await (resweep if full else observe)(company, system, seen, cycle=report.cycle)
            await recover(company, connector, report)
        except TrueupError as error:
            if not isinstance(error, Transient | Throttled | Unauthorised | Unsafe | Refused):
                raise
            self._down(system, error, report)
            return False
        self._up(system, health)
        return True

    async def _reach_agreement(self, report: CycleReport, *, may_write: bool) -> None:
        """Plan and send in rounds: what one wave creates, the next may refer to."""
        company = self._company
        for _ in range(company.pace.rounds):
            if self._stopping():
                break  # what is not planned or ruled on yet is at the next start
            report.rounds += 1
            seq, _ = await company.ledger.read(lambda views: views.head())
            shut = company.calendar.shut(company.clock.now())
            if seq == self._gate_at and shut == self._gate_shut and not company.sent:
                report.waiting, report.halted = self._standing
                break  # nothing was learned since the gate last ruled
            self._gate_at = -1  # what is ready goes as soon as it may, whatever else is learned
            ready = await pass_gate(company, report)
            if may_write:
                ready = await decided_now(company, ready, report, stopping=self._stopping)
                await self._end_review()
            if not ready:
                self._gate_shut = shut
                self._gate_at, _ = await company.ledger.read(lambda views: views.head())
                self._standing = (report.waiting, report.halted)
                break
            if not may_write or self._stopping():
                break  # the gate may have taken a while
            sent_before = report.sent
            failures = await execute(company, ready, report, stopping=self._stopping)
            for system, error in failures.items():
                self._down(system, error, report)
            await plan_dirty(company, report, stopping=self._stopping)
            if failures or report.sent == sent_before:
                break
        if may_write:
            company.sent.clear()  # else what an operator sent by name waits for the next cycle

    async def _note_rules(self, report: CycleReport) -> None:
        """Journal what decides from here on, when it is something else: configuration, what the
        systems can do, their closing dates. Every record is then looked at anew."""
        company = self._company
        rules = company.rules()
        in_force = await company.ledger.read(
            lambda views: (views.config(), views.mapping_version())
        )
        grounds = (in_force, company.deciding, rules, company.told)
        if grounds == self._noted:
            return  # the same things again, which take long to put into words
        can = encode(sorted(rules.capabilities.items()))
        told = encode(company.told)
        digest = company.ledger.digest(b"\0".join((company.deciding, can, told)))
        if in_force == (digest, rules.mapping_version):
            self._noted = grounds
            return
        draft = company.ledger.draft(actor="daemon", cycle=report.cycle)
        draft.add(ConfigApplied(config=digest, mapping_version=rules.mapping_version))
        draft.runtime(TOLD_KEY, told)
        # A day that was closed, or a currency heard for the first time, is no other rule.
        scope = company.ledger.digest(b"\0".join((company.deciding, can))).encode()
        before = await company.ledger.read(lambda views: views.runtime(SCOPE_KEY))
        draft.runtime(SCOPE_KEY, scope)
        has_another_scope = before is not None and before != scope
        if has_another_scope or in_force[1] not in (0, rules.mapping_version):
            draft.runtime(REVIEW_KEY, scope)
        await company.ledger.append(draft)

    async def _end_review(self) -> None:
        """The plan that follows from changed rules is complete and has passed the gate."""
        ledger = self._company.ledger
        pending, dirty = await ledger.read(
            lambda views: (views.runtime(REVIEW_KEY), views.dirty_count())
        )
        if pending and not dirty:
            draft = ledger.draft(actor="daemon")
            draft.runtime(REVIEW_KEY, b"")
            await ledger.append(draft)

    async def _remember_told(self) -> None:
        """After a start: what the systems had told when the rules in force were noted."""
        if self._remembers:
            return
        stored = await self._company.ledger.read(lambda views: views.runtime(TOLD_KEY))
        if stored is not None:
            self._company.told = decode(stored, Told)
        self._remembers = True

    def _hear_told(self) -> None:
        """Taken over only when all systems were heard: half of it is no ground to decide on."""
        heard = sorted(self.health.items())
        self._company.told = Told(
            closed_until={name: one.closed_until for name, one in heard if one.closed_until},
            home_currency=next((one.home_currency for _, one in heard if one.home_currency), ""),
        )

    async def _load_meter(self, connector: Connector) -> None:
        metered = self._metered.get(connector.name)
        if metered is None or connector.name in self._meters:
            return
        stored = await self._company.ledger.read(
            lambda views: views.runtime(METER_KEY + connector.name)
        )
        self._meters[connector.name] = stored or b""
        if stored:
            metered.import_meter(stored)

    async def _keep_meters(self) -> None:
        """Store the month's counts where they changed; beside the chain, for they are no facts."""
        draft = self._company.ledger.draft(actor="daemon")
        for name, metered in self._metered.items():
            if name in self._meters:
                now = metered.export_meter()
                if now != self._meters[name]:
                    draft.runtime(METER_KEY + name, now)
                    self._meters[name] = now
        if not draft.is_empty:
            await self._company.ledger.append(draft)

    def _same_currency(self, report: CycleReport) -> bool:
        currencies = {s.system: s.home_currency for s in self.health.values() if s.home_currency}
        if self._company.home_currency:
            currencies[SystemName("the configuration")] = self._company.home_currency
        if len(set(currencies.values())) < 2:
            return True
        told = ", ".join(f"{system} keeps {code}" for system, code in sorted(currencies.items()))
        report.problems.append(
            Problem(
                code="base_currency",
                message=f"the base currencies differ: {told}; nothing is written",
                cure="connect two companies that keep their books in the same currency, the one "
                "that company.home_currency names",
            )
        )
        return False

    def _up(self, system: SystemName, health: Health) -> None:
        self._turns.back(system)
        now = self._company.now_text()
        old = self.health[system]
        self._set(
            system,
            link=Link.CONNECTED,
            text="",
            cure="",
            since=old.since if old.link is Link.CONNECTED else now,
            last_observed=now,
            company_name=health.company_name,
            home_currency=health.home_currency,
            environment=health.environment,
            closed_until=health.closed_until,
            warnings=health.warnings,
        )

    def _down(self, system: SystemName, error: Exception, report: CycleReport) -> None:
        if isinstance(error, Stopping):
            return  # nothing is the matter with the system
        link = _link_for(error)
        self._turns.down(system, state=link.value)
        cure = getattr(error, "cure", "") or TRIES_AGAIN
        old = self.health[system]
        since = old.since if old.link is link else self._company.now_text()
        self._set(system, link=link, text=str(error), cure=cure, since=since)
        report.problems.append(
            Problem(code=link.value, message=f"{system}: {error}", field="", cure=cure)
        )

    def _set(self, system: SystemName, **changes: object) -> None:
        connector = self._company.connectors[system]
        told: dict[str, object] = msgspec.structs.asdict(connector.budget)
        life = self._watched[system].login_life if system in self._watched else None
        if life is not None:
            told |= {
                "login_until": _day(life.refresh_until),
                "consent_until": _day(life.hard_until),
            }
        self.health[system] = msgspec.structs.replace(self.health[system], **changes, **told)


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d}"


def _leaves(group: BaseExceptionGroup[LedgerUnavailable]) -> list[LedgerUnavailable]:
    """The errors in a group, however deep, each text once."""
    found: dict[str, LedgerUnavailable] = {}
    for error in group.exceptions:
        inner = _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
        found |= {str(one): one for one in inner}
    return list(found.values())


def _link_for(error: Exception) -> Link:
    match error:
        case Throttled():
            return Link.THROTTLED
        case Unauthorised(state=state) if state in set(Link):
            return Link(state)
        case Unauthorised():
            return Link.ACCESS_REVOKED
        case Unsafe():
            return Link.UNSAFE
        case _:
            return Link.DOWN
