"""What a person set aside is not sent, stays a difference until it changes or is taken up again,
and is the only thing that waits when a world has come to rest. What was set aside until an instant
is taken up then, and not before."""

from datetime import datetime, timedelta
from typing import NamedTuple

from ledger.model.entries import Intended, Planned, Retried, SkipEnded, Skipped, Withdrawn
from ledger.model.ids import Digest, RecordId
from tests.simulation.evidence import Evidence
from tests.simulation.valving import PENDING

_OPERATION = "operation:"
_SOON = timedelta(hours=1)
"""A world at rest looks far more often than this."""


class _Aside(NamedTuple):
    by: str
    subject: str
    until: str


async def check(evidence: Evidence) -> list[str]:
    standing, problems = _fold(evidence)
    rows = {row.operation.digest: row for row in await evidence.one.operations(*PENDING)}
    now = evidence.one.clock.now()
    for (record, digest), (by, _, until) in standing.items():
        if until and datetime.fromisoformat(until) + _SOON < now:
            problems.append(f"{record}: set aside by {by} until {until}, and never taken up")
        row = rows.get(digest)
        if row is None or row.operation.record != record:
            problems.append(f"{record}: set aside by {by}, and no difference any more")
        elif (row.state, row.reason) != ("waiting", "skipped"):
            problems.append(f"{record}: set aside by {by}, and {row.state} for {row.reason}")
    for row in rows.values():
        if row.operation.record not in evidence.aside:
            problems.append(f"{row.operation.record} still waits for {row.reason or row.state}")
    return problems


def _fold(evidence: Evidence) -> tuple[dict[tuple[RecordId, Digest], _Aside], list[str]]:
    """Operations that are set aside at the end, and what was sent although it was."""
    standing: dict[tuple[RecordId, Digest], _Aside] = {}
    digests: dict[str, Digest] = {}
    problems = []
    for row in evidence.journal:
        match row.entry:
            case Planned(operation=operation, digest=digest):
                digests[operation] = digest
            case Skipped(record=record, subject=subject, digest=digest, by=by, until=until):
                if subject.startswith(_OPERATION):
                    standing[record, digest] = _Aside(by, subject, until)
            case SkipEnded(record=record, subject=subject, until=until):
                if row.at < until:
                    problems.append(f"{record}: taken up at {row.at}, before {until}")
                ended = [
                    key
                    for key, aside in standing.items()
                    if (key[0], aside.subject, aside.until) == (record, subject, until)
                ]
                for key in ended:
                    del standing[key]
            case Retried(record=record):
                standing = {key: one for key, one in standing.items() if key[0] != record}
            case Withdrawn(operation=operation, record=record):
                standing.pop((record, digests.get(operation, Digest(""))), None)
            case Intended(items=items):
                problems += [
                    f"{item.record}: sent although it was set aside"
                    for item in items
                    if (item.record, item.digest) in standing
                ]
            case _:
                pass
    return standing, problems
