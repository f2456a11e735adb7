"""What need not be planned anew: after a change that marked everything, records in step are passed
over by what the ledger has noted of them, a page of thousands in one statement.

Which verdicts stand is told by ``daemon.reconcile.instep`` and the ledger together. Must not
decide anything itself.
"""

from collections.abc import Callable, Iterable

from daemon.cycle.company import Company
from daemon.cycle.lookups import LedgerLookups
from daemon.cycle.report import CycleReport
from daemon.reconcile.instep import KINDS, rules_of
from daemon.reconcile.policy import Policy
from ledger.model.ids import REFERENCE_KINDS, Kind
from ledger.store.views import StepPage, Views

PAGE = 2000
"""Records told apart in one go; the reader's thread is free after each."""


def rules_in_force(
    kinds: Iterable[Kind], lookups: LedgerLookups, policy: Policy
) -> dict[Kind, str]:
    """The digest of what verdicts on records of these kinds follow from, standing answers too."""
    remaps = {system: lookups.remapped(system) for system in policy.systems}
    return {kind: rules_of(kind, policy, remaps) for kind in kinds}


async def pass_over(company: Company, report: CycleReport, stopping: Callable[[], bool]) -> None:
    """Take out of the dirty set what is in step. Few dirty records have moved, as a rule: then
    nothing is asked."""
    ledger = company.ledger
    if await ledger.read(lambda views: views.dirty_count()) <= company.pace.slice_records:
        return
    after = ""
    while not stopping():
        page = await ledger.read(lambda views, a=after: _page(views, company, a))  # type: ignore[misc]
        if page is None:
            return
        after = page.last
        if page.in_step:
            draft = ledger.draft(actor="daemon", cycle=report.cycle)
            draft.passed_over(page.in_step, as_of=page.as_of)
            await ledger.append(draft)


def _page(views: Views, company: Company, after: str) -> StepPage | None:
    policy = company.rules()
    ground = views.ground(policy.systems, REFERENCE_KINDS)
    if ground is None:
        return None
    lookups = LedgerLookups(views, recent_since=company.clock.now())
    rules = rules_in_force(KINDS, lookups, policy).values()
    return views.dirty_in_step(rules, ground, after=after, limit=PAGE)
