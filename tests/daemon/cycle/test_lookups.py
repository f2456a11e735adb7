"""Questions asked all at once are answered as they are one by one."""

from datetime import timedelta
from pathlib import Path

from daemon.cycle.lookups import LedgerLookups
from daemon.cycle.observe import observe
from daemon.cycle.report import Seen
from daemon.reconcile.plan import links, plan
from ledger.model.ids import MASTER_KINDS, REFERENCE_KINDS
from ledger.model.plans import LinkProposal, Plan
from ledger.store.views import Views
from tests.town import DEAR, QBO, Town, town


def looked(one: Town, views: Views, *, at_once: bool) -> tuple[tuple[LinkProposal, ...], Plan]:
    """Links and plan of every record that is matched by its keys."""
    rules = one.scheduler.company.rules()
    kinds = (*REFERENCE_KINDS, *MASTER_KINDS)
    records = [record for kind in kinds for record in views.records(kind, limit=10_000)]
    found = views.views(records)
    lookups = LedgerLookups(views, recent_since=one.clock.now() - timedelta(days=1))
    if at_once:
        lookups.prepare(found, rules)
    return links(found, lookups, rules), plan(found, lookups, rules)


async def test_a_first_load_is_linked_and_planned_the_same(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        company = one.scheduler.company
        for system in (QBO, DEAR):
            await company.connectors[system].check()
            await observe(company, system, Seen(), cycle="load")

        singly = await one.ledger.read(lambda views: looked(one, views, at_once=False))
        at_once = await one.ledger.read(lambda views: looked(one, views, at_once=True))
        assert at_once == singly
        assert singly[0], "the sample companies have much in common"


async def test_what_is_left_after_linking_is_planned_the_same(tmp_path: Path) -> None:
    async with town(tmp_path) as one:
        await one.cycle()

        singly = await one.ledger.read(lambda views: looked(one, views, at_once=False))
        at_once = await one.ledger.read(lambda views: looked(one, views, at_once=True))
        assert at_once == singly
        assert singly[1].operations
        assert singly[1].holds, "names that are taken, and others that look alike"
