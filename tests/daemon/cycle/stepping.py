"""The short way beside the long one: what the ledger passes over, planned all the same."""

import sqlite3
from contextlib import closing
from pathlib import Path

from daemon.cycle.company import Company
from daemon.cycle.lookups import LedgerLookups
from daemon.cycle.passing import rules_in_force
from daemon.cycle.planning import Slice
from daemon.reconcile.instep import KINDS
from ledger.model.ids import REFERENCE_KINDS, RecordId
from ledger.store.engine import reading
from ledger.store.sqlwords import register
from ledger.store.views import Views
from tests.town import KEY

MARK_ALL = """
INSERT OR REPLACE INTO dirty (record, seq)
SELECT DISTINCT record, (SELECT max(seq) FROM journal) FROM link"""


def in_step(views: Views, company: Company) -> tuple[RecordId, ...]:
    """The dirty records that would be passed over."""
    policy = company.rules()
    ground = views.ground(policy.systems, REFERENCE_KINDS)
    lookups = LedgerLookups(views, recent_since=company.clock.now())
    rules = rules_in_force(KINDS, lookups, policy).values()
    page = None if ground is None else views.dirty_in_step(rules, ground, limit=100_000)
    return () if page is None else page.in_step


def judged(path: Path, company: Company, key: bytes = KEY) -> tuple[list[RecordId], list[str]]:
    """Of a copy of the ledger in which everything is dirty: what is in step, and what planning
    would say or withdraw about it all the same."""
    with closing(reading(path)()) as source, closing(sqlite3.connect(":memory:")) as copy:
        source.backup(copy)
        register(copy, key)
        copy.execute(MARK_ALL)
        found = list(in_step(Views(copy), company))
        return found, _news(Slice(Views(copy), company, found))


def _news(part: Slice) -> list[str]:
    made = part.plan
    news = [f"{one.record} should be linked" for one in made.links]
    news += [f"{one.record} should be agreed anew" for one in made.agreements]
    news += [f"{one.record} should be held: {one.text}" for one in made.holds]
    news += [f"{one.record} is in conflict" for one in made.conflicts]
    news += [f"{one.record} should be written: {one.why}" for one in made.operations]
    news += [f"{record} should be released" for record, _ in part.holds]
    news += [f"work on {record} should be withdrawn" for record in part.operations]
    return news
