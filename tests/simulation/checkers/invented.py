"""No value is invented: what the daemon wrote was shown by the other side, is configured, or was
given by a person before as an answer of their own."""

from typing import Any

from ledger.model.ids import RecordId
from tests.sampledefaults import DEAR_DEFAULTS
from tests.simulation.evidence import Evidence, remapped_terms, suffixes_of
from tests.simulation.faces import words
from tests.simulation.witness import Event

_KEPT = 40
"""Characters of a name that survive any shortening."""
_REFUSED = str.maketrans(dict.fromkeys(':"\\\t\r\n\x1b', "-"))


def _leaves(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {leaf for part in value.values() for leaf in _leaves(part)}
    return {words(value)}


CONFIGURED = _leaves(DEAR_DEFAULTS) | {"Q79", "Q80", "0", ""}


async def check(evidence: Evidence) -> list[str]:
    problems = []
    meant = remapped_terms(evidence)
    for event in evidence.witness.of_daemon():
        if event.what == "removed":
            continue
        operation = evidence.operation_of(event)
        if operation is None:
            problems.append(f"no operation stands behind {event}")
            continue
        refs = evidence.partners.get(operation.record, set()) - {event.label}
        for field, (_, after) in event.moved.items():
            known = {
                value
                for ref in refs
                for value, since in _shown(evidence, ref, field).items()
                if since < event.n  # two sides that were given one value do not vouch for it
            }
            known |= _given(evidence, operation.record, field, event)
            if field == "terms":
                known |= meant
            if field == "name":
                ends = suffixes_of(evidence, operation.record)
                known |= {f"{name} {end}" for name in known for end in ends}
            own = {event.before.get(field, "")} & _shown(evidence, event.label, field).keys()
            if not _is_known(field, after, known | own):
                problems.append(f"{field} {after!r} was shown by none of {sorted(refs)}: {event}")
    return problems


def _shown(evidence: Evidence, ref: str, field: str) -> dict[str, int]:
    return evidence.witness.shown.get(_parts(ref), {}).get(field, {})


def _given(evidence: Evidence, record: RecordId, field: str, event: Event) -> set[str]:
    """Own values that a person had given for this field of this record by then."""
    given = evidence.answers.given if evidence.answers is not None else []
    return {
        one.value
        for one in given
        if one.is_own and (one.record, one.field) == (record, field) and one.events <= event.n
    }


def _parts(ref: str) -> tuple[str, str, str]:
    system, kind, record_id = ref.split("/", 2)
    return system, kind, record_id


def _is_known(field: str, value: str, known: set[str]) -> bool:
    if value in known or value in CONFIGURED:
        return True
    if field == "active":
        return True  # a new record is active
    if field == "name":
        return any(_loose(value) == _loose(other) for other in known)
    return any(value.replace("\r\n", "\n") == other.replace("\r\n", "\n") for other in known)


def _loose(name: str) -> str:
    return name.split(" (deleted")[0].translate(_REFUSED).strip()[:_KEPT]
