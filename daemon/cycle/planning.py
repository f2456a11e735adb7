"""Steps 6 to 9: the dirty records become a plan, and the plan becomes entries.

The plan itself is computed by ``daemon.reconcile`` from one read transaction; this module asks
for it slice by slice and appends only what is new, so that planning twice says nothing twice.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec

from daemon.cycle.amounts import amounts
from daemon.cycle.asked import asked_about
from daemon.cycle.byname import sent_by_name
from daemon.cycle.company import Company
from daemon.cycle.garbage import few_collections
from daemon.cycle.lookups import LedgerLookups, linkable
from daemon.cycle.passing import pass_over, rules_in_force
from daemon.cycle.report import CycleReport, Ruled
from daemon.cycle.stops import Stops
from daemon.cycle.together import missing
from daemon.reconcile.breaker import MASS_CHANGE
from daemon.reconcile.gate import DENIED, GateFacts, gate
from daemon.reconcile.plan import links, plan
from daemon.reconcile.waves import RESTING
from ledger.model.encoding import encode
from ledger.model.entries import (
    BaselineAdvanced,
    GateHeld,
    Held,
    Linked,
    Planned,
    Released,
    Withdrawn,
)
from ledger.model.facts import HoldCode, Problem, RecordView
from ledger.model.ids import OperationId, RecordId
from ledger.model.plans import LinkProposal, Operation, Plan, Ruling, Verdict
from ledger.store.errors import DraftRefused
from ledger.store.ledger import Draft, Ledger
from ledger.store.views import OperationRow, Views

PENDING = ("planned", "waiting", "approved")
GATE_PAGE = 2000
CONFLICT_SUBJECT = "conflict::"
REVIEW_KEY = "review"
"""Set from a change of the rules until the plan that follows from it has passed the gate."""


class Slice:
    """One slice of planning: what was looked at, what came out, what stood there before."""

    def __init__(self, views: Views, company: Company, records: Sequence[RecordId]) -> None:
        policy = company.rules()
        lookups = _lookups(views, company)
        self.as_of, _ = views.head()
        self.views: dict[RecordId, RecordView] = {v.record: v for v in views.views(records)}
        lookups.prepare(self.views.values(), policy)
        self.plan: Plan = plan(list(self.views.values()), lookups, policy)
        while more := missing(self.plan, records, views, policy):
            records = [*records, *sorted(more)]
            self.views |= {view.record: view for view in views.views(more)}
            self.plan = plan(list(self.views.values()), lookups, policy)
        self.records = records
        self.holds = views.standing_holds(records)
        self.operations: dict[RecordId, list[OperationRow]] = views.operations_of(records, PENDING)
        self.mapping_version = policy.mapping_version
        kinds = {self.views[record].kind for record in self.plan.in_step}
        rules = rules_in_force(kinds, lookups, policy)
        self.in_step: dict[RecordId, tuple[str, int]] = {
            record: (rules[self.views[record].kind], len(self.views[record].sides))
            for record in self.plan.in_step
        }


def _lookups(views: Views, company: Company) -> LedgerLookups:
    window = timedelta(seconds=company.policy.limits.oscillation_window_s)
    return LedgerLookups(views, recent_since=company.clock.now() - window)


async def plan_dirty(
    company: Company, report: CycleReport, *, stopping: Callable[[], bool] = lambda: False
) -> bool:
    """Plan every dirty record. Returns whether there was anything to plan. When ``stopping`` the
    rest stays dirty, for the next start.

    One decision may wake another (a name came free, a counterpart appeared), so passes follow each
    other until nothing is dirty; what still moves after ``pace.passes`` waits for the next cycle.
    """
    worked = False
    with few_collections():
        await pass_over(company, report, stopping)
        for _ in range(company.pace.passes):
            if stopping() or not await _plan_pass(company, report, stopping):
                break
            worked = True
    return worked


async def _plan_pass(company: Company, report: CycleReport, stopping: Callable[[], bool]) -> bool:
    ledger = company.ledger
    worked = await _link_first(company, report, stopping)
    after = ""
    while not stopping():
        records = await _dirty(ledger, company.pace.slice_records, after)
        if not records:
            return worked
        if report.activity.step != "planning":
            report.doing("planning", of=await ledger.read(lambda views: views.dirty_count()))
        worked = True
        part = await _look(company, records)
        if part.plan.links and await _link(company, part.plan.links, report):
            continue  # linked records are dirty again, as one: the same slice once more
        after = records[-1]
        await _keep(company, part, report)
        planned = report.activity.done + len(records)
        report.doing("planning", done=planned, of=max(planned, report.activity.of))
    return worked


async def plan_again(company: Company, records: Sequence[RecordId], report: CycleReport) -> None:
    """Plan records whether or not anything is known to have moved."""
    for first in range(0, len(records), company.pace.slice_records):
        part = await _look(company, records[first : first + company.pace.slice_records])
        await _link(company, part.plan.links, report)  # those are dirty then
        await _keep(company, part, report)


async def _keep(company: Company, part: Slice, report: CycleReport) -> None:
    draft = company.ledger.draft(actor="daemon", cycle=report.cycle)
    _append(draft, part, report)
    draft.decided(part.records, as_of=part.as_of)
    draft.in_step(part.in_step, as_of=part.as_of)
    await company.ledger.append(draft)
    report.decided.update(operation.record for operation in part.plan.operations)


async def _dirty(ledger: Ledger, limit: int, after: str) -> list[RecordId]:
    return await ledger.read(lambda views: views.dirty(limit, after=after))


async def _look(company: Company, records: Sequence[RecordId]) -> Slice:
    return await company.ledger.read(lambda views: Slice(views, company, records))


async def _link_first(company: Company, report: CycleReport, stopping: Callable[[], bool]) -> bool:
    """Link throughout before anything is planned, when there is more than one slice to plan:
    records that become one leave their slice, and those that take their places are linked in
    turn; planning the slice after each of these steps would decide most records several times.
    """
    ledger, limit = company.ledger, company.pace.slice_records
    before, after = report.linked, ""
    if len(await _dirty(ledger, limit + 1, after)) <= limit:
        return False
    while not stopping() and (records := await _dirty(ledger, limit, after)):
        after = records[-1]
        await _link(company, await _find_links(company, records), report)
    return report.linked > before


async def _find_links(company: Company, records: Sequence[RecordId]) -> Sequence[LinkProposal]:
    def look(views: Views) -> Sequence[LinkProposal]:
        lookups, policy = _lookups(views, company), company.rules()
        found = views.views(linkable(views, records, policy))
        lookups.prepare(found, policy, only_links=True)
        return links(found, lookups, policy)

    return await company.ledger.read(look)


async def _link(company: Company, proposals: Sequence[LinkProposal], report: CycleReport) -> int:
    """Append links, each by itself. Returns how many were made.

    They wait for the disk together: one of them alone would not take less.
    """
    before = report.linked
    taken: set[str] = set()
    drafts: list[Draft] = []
    for proposal in proposals:
        if str(proposal.ref) in taken or proposal.record in taken:
            continue  # its turn comes when the first of them is linked
        taken |= {str(proposal.ref), proposal.record}
        draft = company.ledger.draft(actor="daemon", cycle=report.cycle)
        draft.add(
            Linked(
                record=proposal.record,
                ref=proposal.ref,
                how=proposal.how,
                evidence=proposal.evidence,
            )
        )
        drafts.append(draft)
    appends = (company.ledger.append(draft) for draft in drafts)
    for end in await asyncio.gather(*appends, return_exceptions=True):
        if isinstance(end, DraftRefused):
            report.problems.append(Problem(code="link_refused", message=str(end)))
        elif isinstance(end, BaseException):
            raise end
        else:
            report.linked += 1
    return report.linked - before


def _append(draft: Draft, part: Slice, report: CycleReport) -> None:
    for agreement in part.plan.agreements:
        view = part.views[agreement.record]
        before = {system: baseline.fields for system, baseline in view.baselines.items()}
        if before == agreement.images and all(
            b.mapping_version == part.mapping_version for b in view.baselines.values()
        ):
            continue
        images = {s: draft.body(encode(fields)) for s, fields in agreement.images.items()}
        draft.add(
            BaselineAdvanced(
                record=agreement.record, images=images, mapping_version=part.mapping_version
            )
        )
        report.agreed += 1
    _append_holds(draft, part, report)
    _append_operations(draft, part, report)


def _append_holds(draft: Draft, part: Slice, report: CycleReport) -> None:
    wanted: dict[tuple[RecordId, str], tuple[HoldCode, bytes]] = {}
    for hold in part.plan.holds:
        wanted[hold.record, hold.subject] = (hold.code, encode(hold))
    for conflict in part.plan.conflicts:
        wanted[conflict.record, CONFLICT_SUBJECT] = (HoldCode.CONFLICT, encode(conflict))
    standing = part.holds
    for (record, subject), (code, body) in wanted.items():
        before, payload = standing.get((record, subject)), draft.body(body)
        if before != payload:
            draft.add(Held(record=record, subject=subject, code=code, payload=payload))
            report.held += before is None
    for record, subject in (key for key in standing if key not in wanted):
        draft.add(Released(record=record, subject=subject, reason="its cause is gone"))
        report.released += 1


def _append_operations(draft: Draft, part: Slice, report: CycleReport) -> None:
    wanted = {operation.id: operation for operation in part.plan.operations}
    standing = {
        row.operation.id: row.operation for rows in part.operations.values() for row in rows
    }
    # In their order, not in that of a set: the same world then writes the same journal.
    for operation_id, old in ((o, row) for o, row in standing.items() if o not in wanted):
        draft.add(
            Withdrawn(operation=operation_id, record=old.record, reason="the record moved on")
        )
        report.withdrawn += 1
    for operation in wanted.values():
        new = _news(operation, standing.get(operation.id))
        if new is None:
            continue
        draft.add(
            Planned(
                operation=new.id,
                record=new.record,
                digest=new.digest,
                payload=draft.body(encode(new)),
            )
        )
        report.planned += new.id not in standing


def _news(new: Operation, old: Operation | None) -> Operation | None:
    """What is not planned yet, or has come to wait for more; that stays in its wave at least,
    for a slice knows only some of what goes before."""
    if old is None:
        return new
    if _waits_for(new) <= _waits_for(old):
        return None
    return msgspec.structs.replace(new, wave=max(new.wave, old.wave))


def _waits_for(operation: Operation) -> set[object]:
    return {*operation.needs, *operation.relies_on, *operation.watches}


class Pending:
    """Every operation not yet sent, in brief, with the gate's verdict on it."""

    def __init__(self, views: Views, company: Company) -> None:
        rows: list[OperationRow] = []
        while page := views.brief_operations(states=PENDING, limit=GATE_PAGE, offset=len(rows)):
            rows += page
        self.rows = {row.operation.id: row for row in rows}
        operations = [row.operation for row in rows]
        self.ruled = Ruled(seq=views.head()[0], at=company.clock.now())
        policy, stops = company.rules(), Stops(views, company)
        facts = GateFacts(
            first_plan_approved=views.first_plan_approved(),
            approved=views.approvals(self.ruled.at),
            live_counts={(c.system, c.kind): c.live for c in views.counts()},
            sent=sent_by_name(company, rows),
            skipped=stops.skipped,
            asked=asked_about(views, operations, policy),
            pauses=stops.pauses,
            shut=stops.shut,
            tripped={row.operation.id: slug for row in rows if (slug := _tripped(row))},
            amounts=amounts(views, operations, policy) if policy.limits.money is not None else {},
            reviewed=_reviewed(views, rows),
        )
        self.verdicts: dict[OperationId, Verdict] = gate(operations, facts, policy)

    def ready(self) -> list[Operation]:
        """What may be sent now, in wave order and in brief."""
        ready = [
            row.operation
            for row in self.rows.values()
            if self.verdicts[row.operation.id].ruling is Ruling.AUTO
        ]
        return sorted(ready, key=lambda o: (o.wave, o.kind, o.action in RESTING, o.id))


def _tripped(row: OperationRow) -> str:
    """Ledgers from before there were several breakers keep the only one as the reason."""
    was_halted = row.state == "waiting" and row.reason == MASS_CHANGE
    return row.breaker or (MASS_CHANGE if was_halted else "")


def _reviewed(views: Views, rows: Sequence[OperationRow]) -> frozenset[OperationId] | None:
    if not views.runtime(REVIEW_KEY):
        return None
    return frozenset(row.operation.id for row in rows if row.state == "planned")


def _is_news(row: OperationRow, verdict: Verdict) -> bool:
    """Whether the journal says something else so far. Sentences with counts may grow old; who
    paused, and why, may not."""
    told = (row.state, row.reason, row.breaker) == ("waiting", verdict.reason, verdict.breaker)
    return not told or (verdict.reason in DENIED and row.text != verdict.text)


async def pass_gate(company: Company, report: CycleReport) -> list[Operation]:
    """Rule on everything pending, append who waits and why, and return what may be sent: in
    brief, for there may be a hundred thousand of them."""
    pending = await company.ledger.read(lambda views: Pending(views, company))
    held: list[GateHeld] = []
    report.ruled = pending.ruled
    report.waiting = report.halted = 0
    for operation_id, verdict in pending.verdicts.items():
        row = pending.rows[operation_id]
        if verdict.ruling is Ruling.AUTO:
            continue
        report.waiting += 1
        report.halted += verdict.ruling is Ruling.HALTED and verdict.reason not in DENIED
        if _is_news(row, verdict):
            held.append(
                GateHeld(
                    operation=operation_id,
                    record=row.operation.record,
                    digest=row.operation.digest,
                    reason=verdict.reason,
                    text=verdict.text,
                    breaker=verdict.breaker,
                )
            )
    for first in range(0, len(held), GATE_PAGE):  # a first plan is larger than any draft may be
        draft = company.ledger.draft(actor="daemon", cycle=report.cycle)
        for entry in held[first : first + GATE_PAGE]:
            draft.add(entry)
        await company.ledger.append(draft)
    return pending.ready()
