"""What a person answered is what both sides end with, unless somebody edited it later, answered
again, or the ledger says why it cannot be. An answer to what had moved on was refused."""

from collections.abc import Iterator

from daemon.reconcile.authority import BOTH, owner
from ledger.model.entries import ConflictResolved, Linked, Tombstoned, Unlinked
from ledger.model.ids import Kind
from tests.simulation.answers import PLAIN, Given
from tests.simulation.checkers.invented import _loose
from tests.simulation.evidence import Evidence, suffixes_of
from tests.simulation.faces import Face, faces
from tests.simulation.witness import DAEMON


async def check(evidence: Evidence) -> list[str]:
    if evidence.answers is None:
        return []
    problems = list(evidence.answers.wrong)
    for given in _last(evidence):
        problems += _kept(evidence, given)
    return problems


def _last(evidence: Evidence) -> list[Given]:
    """Answers that no later one replaced, whoever gave it."""
    latest = {
        (row.entry.record, row.entry.field): row.seq
        for row in evidence.journal
        if isinstance(row.entry, ConflictResolved)
    }
    assert evidence.answers is not None
    return [g for g in evidence.answers.given if latest.get((g.record, g.field)) == g.seq]


def _kept(evidence: Evidence, given: Given) -> Iterator[str]:
    if not given.knew or given.field not in PLAIN or not _counts(evidence, given):
        return
    sides = _sides(evidence, given)
    if set(sides) != {"qbo", "dear"}:
        return
    at_rest = [face["active"] == "no" for face in sides.values()]
    if given.field != "active" and any(at_rest):
        return
    for system, face in sides.items():
        if not _is(face[given.field], given, evidence):
            yield (
                f"{given.field} of {given.record} was answered with {given.value!r}, and {system} "
                f"ends with {face[given.field]!r}"
            )


def _counts(evidence: Evidence, given: Given) -> bool:
    """Nobody edited it since, it is still one pair, no rule says otherwise, and no hold asks."""
    labels = evidence.partners.get(given.record, set())
    for event in evidence.witness.events[given.events :]:
        touched = event.author != DAEMON and event.label in labels
        if touched and (event.what != "changed" or {given.field, "active"} & event.moved.keys()):
            return False
    later = (row.entry for row in evidence.journal if row.seq > given.seq)
    if any(
        isinstance(entry, Linked | Unlinked | Tombstoned)
        and (str(entry.ref) in labels or getattr(entry, "record", "") == given.record)
        for entry in later
    ):
        return False  # what it consists of is another question than what it shows
    if given.record in evidence.aside:
        return False
    kind = Kind(next(iter(labels)).split("/")[1])
    for policy in evidence.policies[given.policies - 1 :]:
        if owner(kind, given.field, policy) != BOTH or policy.flow(kind) == "off":
            return False
    return not any(
        given.field in {row.hold.field, *(f.field for f in row.conflict.fields)}
        if row.conflict is not None
        else row.hold.field in ("", given.field)
        for row in evidence.holds
        if row.record == given.record
    )


def _sides(evidence: Evidence, given: Given) -> dict[str, Face]:
    found: dict[str, Face] = {}
    labels = [ref for ref, record in evidence.records.items() if record == given.record]
    for label in labels:
        system, kind, record_id = label.split("/", 2)
        face = faces(evidence.one.qbo, evidence.one.dear, kind).get((system, record_id))
        if face is not None:
            found[system] = face
    return found if len(labels) == len(found) else {}


def _is(shown: str, given: Given, evidence: Evidence) -> bool:
    if given.field == "name":
        ends = suffixes_of(evidence, given.record)
        names = {shown, *(shown.removesuffix(f" {end}") for end in ends)}
        return any(_loose(name) == _loose(given.value) for name in names)
    return shown.replace("\r\n", "\n") == given.value.replace("\r\n", "\n")
