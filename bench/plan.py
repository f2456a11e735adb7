"""Merge and decide for linked records in which nothing moved, against a bare loop over dicts.

The bare loop is a three-way comparison of the same fields in plain dicts: what it would cost if
there were no authority, no mapping between systems and no pointers. It is given its dicts; what
making them of the records takes with it is told as well, for planning begins with the records.
Reading those from the ledger is measured beside it.

    python -m bench.plan --pairs 5000 --runs 5
"""

import asyncio
import cProfile
import pstats
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from bench.figures import (
    Spent,
    arguments,
    measure,
    median,
    rate,
    ratio,
    seconds,
    table,
    verdict,
)
from bench.sample import DEAR, KEY, QBO, Ticking, fill, pairs
from bench.twins import connectors_of, policy_of
from daemon.reconcile.plan import plan
from daemon.reconcile.policy import Policy
from ledger.model.facts import ConfirmedChange, RecordView
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName, record_id
from ledger.model.records import comparable_values
from ledger.model.values import Reference, Value
from ledger.store.ledger import Ledger

SLICE = 500
LEAST = 0.5
"""Records that a cycle plans in one go."""


class Known:
    """Answers from memory, so that only planning itself is measured."""

    def __init__(self, views: Sequence[RecordView]) -> None:
        self._views = {view.record: view for view in views}
        self._records = {s.ref: view.record for view in views for s in view.sides.values()}

    def record_of(self, ref: ExternalRef) -> RecordId | None:
        return self._records.get(ref)

    def ref_of(self, record: RecordId, system: SystemName) -> ExternalRef | None:
        return self._views[record].sides[system].ref

    def resolve(self, system: SystemName, reference: Reference) -> RecordId | None:
        return None

    def find(self, system: SystemName, kind: Kind, key: str, value: str) -> Sequence[ExternalRef]:
        return ()

    def view(self, record: RecordId) -> RecordView | None:
        return self._views.get(record)

    def catalogue_complete(self, system: SystemName, kind: Kind) -> bool:
        return True

    def confirmed_changes(self, record: RecordId) -> Sequence[ConfirmedChange]:
        return ()

    def remapped(self, system: SystemName) -> Mapping[RecordId, RecordId]:
        return {}


def planned(views: Sequence[RecordView], lookups: Known, policy: Policy) -> None:
    for first in range(0, len(views), SLICE):
        made = plan(views[first : first + SLICE], lookups, policy)
        made_any = made.operations or made.agreements or made.holds
        assert not made_any, made


Sides = tuple[dict[str, Value], dict[str, Value], dict[str, Value], dict[str, Value]]


def as_dicts(view: RecordView) -> Sides:
    qbo, dear = view.sides[QBO].record, view.sides[DEAR].record
    assert qbo is not None
    assert dear is not None
    bases = view.baselines[QBO].fields, view.baselines[DEAR].fields
    return (comparable_values(qbo), comparable_values(dear), *bases)


def compared(couples: Sequence[Sides]) -> int:
    """The loop: who moved, and do they differ?"""
    moved = 0
    for qbo, dear, qbo_base, dear_base in couples:
        for field, value in qbo.items():
            other = dear.get(field)
            if value != qbo_base.get(field) or other != dear_base.get(field) or value != other:
                moved += 1
    return moved


def made_and_compared(views: Sequence[RecordView]) -> int:
    return compared([as_dicts(view) for view in views])


async def read(path: Path, count: int) -> tuple[list[RecordView], Spent]:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    try:
        with_records = [record_id(dear.ref) for _, dear in pairs(count)]
        found: list[RecordView] = []
        spent = Spent(0.0, 0.0)
        for first in range(0, len(with_records), SLICE):
            part = with_records[first : first + SLICE]
            spent_now = await ledger.read(
                lambda views, part=part: measure(lambda: found.extend(views.views(part)))  # type: ignore[misc]
            )
            spent = Spent(spent.wall + spent_now.wall, spent.cpu + spent_now.cpu)
        return found, spent
    finally:
        await ledger.close()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--pairs", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    spent: dict[str, list[Spent]] = {
        name: []
        for name in ("bare dict loop", "its dicts made, too", "merge + decide", "read views")
    }
    views: list[RecordView] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        path = Path(name) / "ledger.db"
        able = {n: c.capabilities for n, c in connectors_of(None, Path(name)).items()}
        policy = policy_of(able)
        asyncio.run(fill(path, options.pairs))
        for _ in range(options.runs):
            views, reading = asyncio.run(read(path, options.pairs))
            spent["read views"].append(reading)
            couples = [as_dicts(view) for view in views]
            assert compared(couples) == 0
            spent["its dicts made, too"].append(measure(partial(made_and_compared, views)))
            spent["bare dict loop"].append(measure(partial(compared, couples)))
            lookups = Known(views)
            spent["merge + decide"].append(measure(partial(planned, views, lookups, policy)))
    if options.profile:
        with cProfile.Profile() as profile:
            planned(views, Known(views), policy)
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)
    base = median(spent["bare dict loop"]).cpu
    table(
        f"{options.pairs:,} quiet linked records, median of {options.runs}",
        ["what", "CPU", "CPU a record", "rate", "rate vs bare"],
        [
            [
                what,
                seconds(median(values).cpu),
                seconds(median(values).cpu / options.pairs),
                rate(options.pairs, median(values).cpu),
                ratio(base, median(values).cpu),
            ]
            for what, values in spent.items()
        ],
    )
    found = base / median(spent["merge + decide"]).cpu
    verdict(
        "merge + decide of quiet records, rate against a bare dict loop",
        f">= {LEAST}",
        f"{found:.2f}",
        met=found >= LEAST,
    )


if __name__ == "__main__":
    main()
