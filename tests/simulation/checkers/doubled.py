"""Nothing is doubled: one create, one record; nothing beside a live one of the same name."""

from collections import Counter

from ledger.model.entries import Confirmed, Linked, Unlinked
from ledger.model.plans import Action
from tests.simulation.evidence import Evidence
from tests.simulation.witness import Event

LISTS = frozenset({"cdc", "query", "product", "supplier", "customer"})
"""Ends of the paths by which the systems tell what they have."""


async def check(evidence: Evidence) -> list[str]:
    problems = []
    born = {event.label: event for event in evidence.witness.of_daemon() if event.what == "created"}
    unlinked = {str(row.entry.ref) for row in evidence.journal if isinstance(row.entry, Unlinked)}
    for event in born.values():
        rivals = [
            twin
            for twin in event.twins
            # Somebody, or a re-export, said of the other one that a new one takes its place.
            if f"{event.system}/{event.kind}/{twin}" not in unlinked
            and not _has_its_own(evidence, event, twin)
            and not _came_unseen(evidence, event, twin)
        ]
        if rivals:
            problems.append(f"{event} although {rivals} had that name already")
    owners = _owners(evidence)
    for label, event in born.items():
        if len(owners.get(label, set())) > 1:
            problems.append(f"{event} answers to several operations: {owners[label]}")
        if label not in owners and label not in evidence.records:
            problems.append(f"{event} is unknown to the journal")
    return problems + _twice(evidence, list(born))


def _has_its_own(evidence: Evidence, event: Event, twin: str) -> bool:
    """Whether the one of the same name belongs to another thing: people make such pairs."""
    record = evidence.records.get(f"{event.system}/{event.kind}/{twin}")
    mine = evidence.records.get(event.label)
    if record is None or mine is None or record == mine:
        return False
    return any(not ref.startswith(f"{event.system}/") for ref in evidence.partners[record])


def _came_unseen(evidence: Evidence, event: Event, twin: str) -> bool:
    """Whether somebody made the other one after the system was last asked for what it has: no
    look could have shown it before the create left."""
    label = f"{event.system}/{event.kind}/{twin}"
    born = [e for e in evidence.witness.events if e.what == "created" and e.label == label]
    return bool(born) and not any(
        born[-1].after_row < row["n"] <= event.after_row
        and row["system"] == event.system
        and row["path"].rpartition("/")[2] in LISTS
        for row in evidence.one.log.rows
    )


def _owners(evidence: Evidence) -> dict[str, set[str]]:
    """Created reference -> operations that were confirmed with it."""
    found: dict[str, set[str]] = {}
    for row in evidence.journal:
        if isinstance(row.entry, Confirmed):
            operation = evidence.operations[row.entry.operation]
            if operation.action is Action.CREATE:
                found.setdefault(str(row.entry.ref), set()).add(operation.id)
    return found


def _twice(evidence: Evidence, born: list[str]) -> list[str]:
    """One thing is created once in a system, unless a person parted it from what was created."""
    parted = _parted(evidence)
    made = Counter(
        (record, label.split("/")[0])
        for label in born
        if (record := evidence.records.get(label)) is not None and record not in parted
    )
    for event in evidence.witness.of_daemon():
        if event.what != "created":
            continue
        operation = evidence.operation_of(event)
        if operation is None or operation.record in parted:
            continue
        if evidence.records.get(event.label) != operation.record:
            made[operation.record, operation.system] += 1
    return [f"{record} was created {n} times in {s}" for (record, s), n in made.items() if n > 1]


def _parted(evidence: Evidence) -> set[str]:
    """Records that a person took a part away from, by unlinking or by linking it elsewhere."""
    owners: dict[str, str] = {}
    found: set[str] = set()
    for row in evidence.journal:
        match row.entry:
            case Unlinked(record=record):
                found.add(record)
            case Linked(record=record, ref=ref, by=by):
                if by and str(ref) in owners:
                    found.add(owners[str(ref)])
                owners[str(ref)] = record
            case Confirmed(record=record, ref=ref):
                owners[str(ref)] = record
            case _:
                pass
    return found
