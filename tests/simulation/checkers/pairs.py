"""Linked pairs show the same, field by field, or the ledger says for the record why they do not."""

from daemon.reconcile.authority import BOTH, NONE, owner
from ledger.model.ids import Kind, RecordId
from tests.simulation.checkers.invented import _loose
from tests.simulation.evidence import Evidence, remapped_terms, suffixes_of
from tests.simulation.faces import ENTITIES, Face, faces

_FIELDS = {
    "vendor": ("name", "email", "phone", "terms", "active"),
    "customer": ("name", "email", "phone", "terms", "active"),
    "item": ("name", "sku", "description", "sales_price", "active"),
}


async def check(evidence: Evidence) -> list[str]:
    one = evidence.one
    problems = []
    held = {row.record for row in evidence.holds} | evidence.aside
    policy = evidence.policies[-1]
    meant = remapped_terms(evidence)
    for kind in ENTITIES:
        if policy.flow(Kind(kind)) == "off":
            continue
        sides: dict[RecordId, dict[str, Face]] = {}
        for (system, record_id), face in faces(one.qbo, one.dear, kind).items():
            record = evidence.records.get(f"{system}/{kind}/{record_id}")
            if record is None:
                problems.append(f"{system}/{kind}/{record_id} was never seen")
                continue
            sides.setdefault(record, {})[system] = face
        for record, shown in sides.items():
            if record in held or all(face["active"] == "no" for face in shown.values()):
                continue
            if len(shown) == 1:
                problems.append(f"{record} is on one side only, and nothing says why: {shown}")
                continue
            for field in _FIELDS[kind]:
                if _may_differ(evidence, Kind(kind), field):
                    continue
                values = shown["qbo"][field], shown["dear"][field]
                if field == "terms" and meant.issuperset(values):
                    continue
                if field == "name" and any(
                    _alike(field, values[0].removesuffix(f" {end}"), values[1])
                    for end in suffixes_of(evidence, record)
                ):
                    continue
                if not _alike(field, *values):
                    problems.append(f"{record} {field}: {shown['qbo']} / {shown['dear']}")
    return problems


def _may_differ(evidence: Evidence, kind: Kind, field: str) -> bool:
    """Nobody's field, or one whose differences some rules in the course of this life accepted."""
    if owner(kind, field, evidence.policies[-1]) == NONE:
        return True
    return any(
        owner(kind, field, policy) != BOTH and policy.foreign_edit(kind, field) == "accept"
        for policy in evidence.policies
    )


def _alike(field: str, one: str, other: str) -> bool:
    if field == "name":
        return _loose(one) == _loose(other)
    if field == "terms" and not one:
        return True  # DEAR demands terms; books that say nothing do not wipe them
    return one == other
