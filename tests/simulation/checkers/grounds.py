"""What waits at the gate waits for a reason that holds: a pause is standing and covers it, somebody
set it aside, the hours are shut, the rules ask for a yes, and nobody has given it. A change that is
held back for longer, or for more, than anybody said is a fault that no other promise names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ledger.model.entries import (
    Approved,
    Confirmed,
    FirstPlanApproved,
    GateHeld,
    Paused,
    Rejected,
    Resumed,
    Retried,
    SkipEnded,
    Skipped,
)
from ledger.model.ids import Digest, RecordId
from ledger.model.plans import REMOVALS, Action, Operation
from ledger.store.rows import JournalRow
from tests.simulation.evidence import Evidence

DENIED: Final = frozenset({"paused", "frozen", "window", "skipped", "asked_about"})
"""What holds back even what was approved."""
_BREAKERS: Final = frozenset({"mass_change", "too_many", "too_much_money", "rules_changed"})
"""These count: whether they are right is told by the tests of the gate."""


@dataclass
class _Known:
    """What had been said up to one entry."""

    first: bool = False
    yes: dict[Digest, datetime] = field(default_factory=dict)
    stops: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """System, kind and job of a pause -> when it ended; ``""`` = it stands."""
    aside: dict[tuple[RecordId, str], Digest] = field(default_factory=dict)
    taken_back: set[Digest] = field(default_factory=set)
    asked: set[RecordId] = field(default_factory=set)
    """Records of which somebody is asked whether a lost create made them."""


async def check(evidence: Evidence) -> list[str]:
    known = _Known()
    problems = []
    for row in evidence.journal:
        if isinstance(row.entry, GateHeld):
            problems += _judged(row, row.entry, known, evidence)
        else:
            _hear(row, known, evidence)
    return problems


def _hear(row: JournalRow, known: _Known, evidence: Evidence) -> None:
    match row.entry:
        case FirstPlanApproved():
            known.first = True
        case Approved(digests=digests, withdrawn=True):
            known.taken_back |= set(digests)
            known.yes = {d: until for d, until in known.yes.items() if d not in digests}
        case Approved(digests=digests, expires_at=expires):
            known.taken_back -= set(digests)
            known.yes |= dict.fromkeys(digests, datetime.fromisoformat(expires))
        case Confirmed(operation=operation, record=record):
            known.yes.pop(evidence.operations[operation].digest, None)
            known.asked.discard(record)
        case Rejected(code="perhaps_renamed", record=record):
            known.asked.add(record)
        case Paused(system=system, kind=kind, job=job):
            known.stops[system, kind, job] = ""
        case Resumed(system=system, kind=kind, job=job):
            for scope in known.stops:
                if scope[:2] == (system, kind) and job in (None, scope[2]):
                    known.stops[scope] = known.stops[scope] or row.at
        case Skipped(record=record, subject=subject, digest=digest):
            known.aside[record, subject] = digest
        case SkipEnded(record=record, subject=subject):
            known.aside.pop((record, subject), None)
        case Retried(record=record):
            known.asked.discard(record)
            known.aside = {key: d for key, d in known.aside.items() if key[0] != record}
        case _:
            pass


def _judged(row: JournalRow, entry: GateHeld, known: _Known, evidence: Evidence) -> list[str]:
    operation = evidence.operations[entry.operation]
    at = datetime.fromisoformat(row.at)
    told = f"{entry.record}: {operation.action} of {operation.label} in {operation.system}"
    problems = []
    if not _holds(row, entry, operation, known, evidence):
        problems.append(f"{told} waits for {entry.reason!r}, which is not so: {entry.text}")
    is_approved = entry.digest in known.yes and known.yes[entry.digest] > at
    if is_approved and entry.reason not in DENIED:
        problems.append(f"{told} waits for {entry.reason!r} although it was approved")
    return problems


def _holds(
    row: JournalRow, entry: GateHeld, operation: Operation, known: _Known, evidence: Evidence
) -> bool:
    policies = evidence.policies
    match entry.reason:
        case "paused" | "frozen":
            return _is_stopped(row, entry, operation, known.stops)
        case "skipped":
            return entry.digest in known.aside.values()
        case "window":
            return _is_shut(datetime.fromisoformat(row.at), evidence)
        case "first_plan":
            return not known.first
        case "manual_flow":
            return any(p.flow(operation.kind) == "manual" for p in policies)
        case "inactivates":
            return operation.action is Action.INACTIVATE
        case "removes":
            return operation.action in REMOVALS
        case "create_policy":
            is_asked = any(
                p.create_policy(operation.kind, operation.system) == "ask" for p in policies
            )
            return operation.action is Action.CREATE and is_asked
        case "asked_about":
            is_new = operation.action is Action.CREATE
            return is_new and any(record in entry.text for record in known.asked)
        case "withdrawn":
            return entry.digest in known.taken_back
        case reason:
            return reason in _BREAKERS


def _is_stopped(
    row: JournalRow,
    entry: GateHeld,
    operation: Operation,
    stops: Mapping[tuple[str, str, str], str],
) -> bool:
    """A pause that ended at this very instant still counts: the gate had looked before."""
    return any(
        system in ("", operation.system)
        and kind in ("", operation.kind)
        and bool(job) == (entry.reason == "frozen")
        and ended in ("", row.at)
        for (system, kind, job), ended in stops.items()
    )


def _is_shut(at: datetime, evidence: Evidence) -> bool:
    return any(
        one.since <= at
        and (one.until is None or at <= one.until)
        and one.calendar.windows
        and not any(window.is_open(at) for window in one.calendar.windows)
        for one in evidence.hours
    )
