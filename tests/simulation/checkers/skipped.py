"""What a person set aside is not sent, stays a difference until it changes or is taken up again,
and is the only thing that waits when a world has come to rest."""

from ledger.model.entries import Intended, Planned, Retried, Skipped, Withdrawn
from ledger.model.ids import Digest, RecordId
from tests.simulation.evidence import Evidence
from tests.simulation.valving import PENDING

_OPERATION = "operation:"


async def check(evidence: Evidence) -> list[str]:
    standing, problems = _fold(evidence)
    rows = {row.operation.digest: row for row in await evidence.one.operations(*PENDING)}
    for (record, digest), by in standing.items():
        row = rows.get(digest)
        if row is None or row.operation.record != record:
            problems.append(f"{record}: set aside by {by}, and no difference any more")
        elif (row.state, row.reason) != ("waiting", "skipped"):
            problems.append(f"{record}: set aside by {by}, and {row.state} for {row.reason}")
    for row in rows.values():
        if row.operation.record not in evidence.aside:
            problems.append(f"{row.operation.record} still waits for {row.reason or row.state}")
    return problems


def _fold(evidence: Evidence) -> tuple[dict[tuple[RecordId, Digest], str], list[str]]:
    """Operations that are set aside at the end, and what was sent although it was."""
    standing: dict[tuple[RecordId, Digest], str] = {}
    digests: dict[str, Digest] = {}
    problems = []
    for row in evidence.journal:
        match row.entry:
            case Planned(operation=operation, digest=digest):
                digests[operation] = digest
            case Skipped(record=record, subject=subject, digest=digest, by=by):
                if subject.startswith(_OPERATION):
                    standing[record, digest] = by
            case Retried(record=record):
                standing = {key: by for key, by in standing.items() if key[0] != record}
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
