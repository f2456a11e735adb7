"""What is held is held for something that the simulators show: a name somebody else has, a part
that is gone or at rest, a period that is closed, values that differ. ``woken`` asks the planner
whether it still means what it said; this asks the world whether the planner is right."""

from collections.abc import Iterator
from functools import partial

from ledger.model.entries import Rejected
from ledger.model.facts import HoldCode
from ledger.model.ids import DOCUMENT_KINDS, RecordId
from ledger.model.outcomes import RefusalKind
from ledger.store.rows import HeldRow
from tests.simulation.checkers.invented import _loose
from tests.simulation.evidence import Evidence
from tests.simulation.faces import ENTITIES, Face, faces, words
from tests.simulation.papers import Paper, dear_papers, qbo_papers

_SHOWN = ("name", "email", "phone", "description", "sales_price", "sku")
_PARTIES = ("vendor", "customer")
"""They share one namespace of names in QuickBooks."""


class _World:
    """What both simulators show, by label and by record."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        one = evidence.one
        self.faces: dict[str, Face] = {
            f"{system}/{kind}/{record_id}": face
            for kind in ENTITIES
            for (system, record_id), face in faces(one.qbo, one.dear, kind).items()
        }
        self.papers: dict[str, Paper] = qbo_papers(one.qbo) | dear_papers(one.dear)
        self.labels: dict[RecordId, list[str]] = {}
        for label, record in evidence.records.items():
            self.labels.setdefault(record, []).append(label)

    def of(self, record: RecordId, system: str = "") -> list[str]:
        return [x for x in self.labels.get(record, []) if x.startswith(system)]

    def papers_of(self, record: RecordId, system: str) -> list[Paper]:
        return [self.papers[x] for x in self.of(record, f"{system}/") if x in self.papers]


async def check(evidence: Evidence) -> list[str]:
    world = _World(evidence)
    problems = []
    for row in evidence.holds:
        told = partial("{} is held for {}, and {}".format, row.record, row.subject)
        if row.conflict is not None:
            problems += [told(what) for what in _not_in_conflict(row, world)]
        else:
            problems += [told(what) for what in _not_so(row, world)]
    return problems


def _not_in_conflict(row: HeldRow, world: _World) -> Iterator[str]:
    """The conflict shows what the sides show, and they differ."""
    assert row.conflict is not None
    shown = {label.split("/")[0]: world.faces.get(label) for label in world.of(row.record)}
    for field in row.conflict.fields:
        if field.field not in _SHOWN:
            continue
        now = {s: face[field.field] for s, face in shown.items() if face is not None}
        said = {system: words(value) for system, value in field.values.items()}
        for system, value in said.items():
            if system in now and not _alike(now[system], value):
                yield f"{system} shows {field.field} {now[system]!r}, not {value!r}"
        if len(now) > 1 and len(set(now.values())) == 1:
            yield f"both show {field.field} {now}"


def _alike(shown: str, said: str) -> bool:
    """QuickBooks marks the name of what rests, which is no other name."""
    return shown.split(" (deleted")[0].strip() == said.split(" (deleted")[0].strip()


def _not_so(row: HeldRow, world: _World) -> Iterator[str]:
    hold, system = row.hold, row.hold.system
    is_paper = row.kind in DOCUMENT_KINDS
    match hold.code:
        case HoldCode.NAME_TAKEN if row.kind.value in ENTITIES:
            if not _is_taken(row, world):
                yield "nobody has that name"
        case HoldCode.REMOVED | HoldCode.EDITED_AND_REMOVED:
            known = world.papers if is_paper else world.faces
            there = [known[x] for x in world.of(row.record, f"{system}/") if x in known]
            if any(isinstance(one, Paper) or one["active"] == "yes" for one in there):
                yield f"it is there: {[str(one) for one in there]}"
        case HoldCode.CLOSED_PERIOD:
            if not world.evidence.one.qbo.state.company.closed_until:
                yield "no period is closed"
        case HoldCode.REOPENED:
            if all(paper.status != "draft" for paper in world.papers_of(row.record, "dear")):
                yield "it is no draft"
        case HoldCode.VOIDED:
            if all(paper.status != "voided" for paper in world.papers_of(row.record, "qbo")):
                yield "it was not voided"
        case HoldCode.SETTLED:
            if not any(paper.settled for paper in world.papers_of(row.record, "qbo")):
                yield "nothing is applied to it"
        case HoldCode.BELOW_PAID:
            paid = sum(a for p in world.papers_of(row.record, "qbo") for _, a in p.settled)
            if all(paper.total > paid for paper in world.papers_of(row.record, "dear")):
                yield f"it comes to more than {paid}, which is paid on it"
        case HoldCode.REJECTED | HoldCode.LOST_UPDATE:
            if not _is_refused(row, world.evidence):
                yield "it was never refused"
        case HoldCode.OPEN_INTENT | HoldCode.CATALOGUE_INCOMPLETE:
            yield "the world is at rest"
        case _:
            pass


def _is_taken(row: HeldRow, world: _World) -> bool:
    kinds = _PARTIES if row.kind in _PARTIES else (row.kind.value,)
    mine = set(world.of(row.record))
    names = {_loose(world.faces[x]["name"]).casefold() for x in mine if x in world.faces}
    keys = {world.faces[x].get("sku", "").casefold() for x in mine if x in world.faces} - {""}
    return any(
        _loose(face["name"]).casefold() in names or face.get("sku", "").casefold() in keys
        for label, face in world.faces.items()
        if label.split("/")[1] in kinds
        and label not in mine
        and (label.startswith(f"{row.hold.system}/") or _is_still_to_come(label, row, world))
    )


def _is_still_to_come(label: str, row: HeldRow, world: _World) -> bool:
    """Whether it would get that name itself, and waits: somebody set it aside."""
    record = world.evidence.records.get(label)
    return record in world.evidence.aside and not world.of(record, f"{row.hold.system}/")


def _is_refused(row: HeldRow, evidence: Evidence) -> bool:
    none = (RefusalKind.NOT_SENT, RefusalKind.STALE)
    return any(
        isinstance(one.entry, Rejected) and one.entry.refusal not in none
        for one in evidence.journal
        if getattr(one.entry, "record", None) == row.record
    )
