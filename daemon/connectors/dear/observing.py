"""From a row of a list to an observation, or to a problem that names the field. Pure."""

from collections.abc import Mapping

from msgspec import UNSET

from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping.family import Family
from daemon.connectors.dear.mapping.fields import Malformed, modified_at, text
from daemon.connectors.dear.paging import WITHOUT_ID, Row
from ledger.model.facts import Observation, Problem, Unreadable
from ledger.model.ids import ExternalRef, Kind

VOCABULARIES: Mapping[Kind, tuple[str, ...]] = {
    Kind.ACCOUNT: ("account_type", "active"),
    Kind.TERM: ("method",),
    Kind.ITEM: ("type",),
}
"""Fields that hold a word of a known list, which DEAR may lengthen without notice."""


def observation_of(family: Family, row: Row, config: DearConfig) -> Observation | Unreadable:
    """What a row shows."""
    ref = ExternalRef(DEAR, family.kind, row.id)
    try:
        if not isinstance(row.data, Mapping):
            raise Malformed("", "a row is not an object")
        if row.id.startswith(WITHOUT_ID):
            raise Malformed(family.id_key, f"{family.id_key} is missing or empty")
        version = text(row.data, "LastModifiedOn")
        return Observation(
            ref=ref,
            version=version if isinstance(version, str) else "",
            record=family.to_record(row.data, config),
            raw=row.raw,
            modified_at=modified_at(row.data),
        )
    except Malformed as error:
        return Unreadable(ref=ref, problem=_problem(family, row, error), raw=row.raw)


def unknown_words(family: Family, row: Row, seen: Observation) -> dict[tuple[str, ...], Problem]:
    """Words of a vocabulary that are not known; the field takes part in nothing until they are."""
    found: dict[tuple[str, ...], Problem] = {}
    for field in VOCABULARIES.get(family.kind, ()):
        key = family.wire_names[field]
        word = row.data.get(key)
        if getattr(seen.record, field) is UNSET and isinstance(word, str) and word:
            found["unknown_word", family.path, key, word.casefold()] = Problem(
                code="unknown_word",
                message=f"DEAR shows {key} {word!r} on a {family.label}, which is not known here; "
                "that field is left alone",
                field=field,
                cure="nothing needs to be done; report the word so that it can be added",
            )
    return found


def label(family: Family, row: Row) -> str:
    """What a person calls the record: ``product "AB-1"``."""
    if isinstance(row.data, Mapping):
        for key in ("SKU", "Code", "Name"):
            value = row.data.get(key)
            if isinstance(value, str) and value:
                return f'{family.label} "{value}"'
    return f"{family.label} {row.id}"


def _problem(family: Family, row: Row, error: Malformed) -> Problem:
    return Problem(
        code="malformed",
        message=f"DEAR {label(family, row)} cannot be read: {error}",
        field=error.field,
        cure=f"open the {family.label} in DEAR, correct {error.field or 'it'} and save it",
    )
