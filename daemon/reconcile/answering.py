"""A value that a person gave because neither side's is right: how it stands among the sides.

It is written to every side that shows another one, so it must outlive the first of these writes,
and must not come back when the sides have agreed since. Must not look at whether it can be written.
"""

from collections.abc import Sequence

import msgspec

from ledger.model.facts import RecordView, Resolution
from ledger.model.values import Value

from .mapping import same
from .policy import PERSON
from .world import Party


class Answered(msgspec.Struct, frozen=True):
    """An answer that counts."""

    source: Party
    targets: tuple[Party, ...]
    """Who shows another value."""
    is_doubtful: bool = False
    """It is the value that was agreed before, and a side shows again what it showed when it was
    given: whether it was edited since, or was not written yet, cannot be told."""


def own_party(field: str, value: Value, parties: Sequence[Party]) -> Party:
    """The person as one more side, which shows ``value`` and is like the first side otherwise."""
    like = parties[0]
    return msgspec.structs.replace(
        like,
        system=PERSON,
        values={**like.values, field: value},
        base={},
        remaps={},
        suffixes={},
    )


def answered(
    field: str, parties: Sequence[Party], view: RecordView, said: Resolution
) -> Answered | None:
    """What follows from an answer of one's own; None where it counts no more.

    Each side shows what it showed then, or the new value already; and they have not agreed on
    anything since.
    """
    own = said.own
    if own is None or own.seen.keys() != {p.system for p in parties}:
        return None
    for party in parties:
        then, now = party.system in own.base, field in party.base
        if then != now or (now and not same(party.base[field], own.base[party.system])):
            return None
    source = own_party(field, own.value, parties)
    targets = tuple(p for p in parties if not source.agrees_with(p, field))
    if not targets or any(not same(p.values[field], own.seen[p.system]) for p in targets):
        return None
    is_doubtful = _restores(field, source, parties) and any(
        view.sides[p.system].seq > said.seq for p in targets
    )
    return Answered(source, targets, is_doubtful)


def _restores(field: str, source: Party, parties: Sequence[Party]) -> bool:
    """Whether it is what was agreed before: then what was agreed does not show that it was met."""
    return all(
        field in p.base and same(source.render_for(p, field).value, p.base[field]) for p in parties
    )
