"""What took the place of a record that a system removed: made anew by hand, or merged away.

Candidates only, with their evidence; a person links. Must not link and must not create.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from ledger.model.facts import Candidate, RecordView
from ledger.model.ids import Kind, RecordId, SystemName
from ledger.model.keys import fold
from ledger.model.values import RecordRef

from .explain import noun, shorten, thing
from .mapping import without_deleted_suffix
from .match import (
    BY_NAME,
    BY_NORMAL_NAME,
    EXACT,
    LOOSE,
    MOST_CANDIDATES,
    folded,
    rung_name,
    told_apart,
)
from .world import World

MOST_DOCUMENTS = 25
"""Documents of one vendor or customer that are looked at: evidence, not an inventory."""

_PARTY_FIELD = {Kind.VENDOR: "vendor", Kind.CUSTOMER: "customer"}
_DOCUMENTS = {Kind.VENDOR: (Kind.BILL, Kind.PURCHASE_ORDER), Kind.CUSTOMER: (Kind.INVOICE,)}
Key: TypeAlias = tuple[str, str, str]
"""Rung, folded value, and the value as it is shown."""


class Relinks(msgspec.Struct, frozen=True, kw_only=True):
    """What a removed reference may be replaced by, best first, and what to wait for."""

    candidates: tuple[Candidate, ...] = ()
    remark: str = ""
    """What its documents say, in words."""
    is_merged: bool = False
    """The first candidate is the survivor of a merge."""
    is_taken: bool = False
    """The survivor has a part in the other systems already."""
    waits_for: tuple[RecordId, ...] = ()
    waits_for_keys: tuple[tuple[str, str, str, str], ...] = ()


def relinks(view: RecordView, system: SystemName, world: World, *, sure: bool = False) -> Relinks:
    """Live records of ``system`` that nobody is linked to and that show a key of this one, and the
    record that this one's documents point to now. ``sure``: by exact keys of active records only.
    """
    keys = tuple(_keys(view, sure=sure))
    by_key = _by_key(view, system, keys, world, sure=sure)
    merged = _survivor(view, system, world)
    rest = tuple(c for c in by_key if c.ref not in {m.ref for m in merged.candidates})
    candidates = (*merged.candidates, *rest)[:MOST_CANDIDATES]
    shown = (candidate_view.record for c in candidates if (candidate_view := world.view_of(c.ref)))
    return msgspec.structs.replace(
        merged,
        candidates=candidates,
        waits_for=tuple(sorted({*merged.waits_for, *shown})),
        waits_for_keys=tuple(
            sorted({(system, view.kind.value, rung, value) for rung, value, _ in keys})
        ),
    )


def _keys(view: RecordView, *, sure: bool) -> Iterator[Key]:
    """The keys that any side shows or showed; best rungs first."""
    exact = EXACT.get(view.kind, BY_NAME)
    rungs = exact if sure else (*exact, *LOOSE.get(view.kind, BY_NORMAL_NAME))
    seen: set[tuple[str, str]] = set()
    for rung in rungs:
        for side in view.sides.values():
            value = getattr(side.record, "name" if rung == "normal_name" else rung, None)
            if not isinstance(value, str) or not value.strip():
                continue
            if rung in ("name", "normal_name"):
                value = without_deleted_suffix(value)
            key = (rung, folded(rung, value))
            if key not in seen:
                seen.add(key)
                yield (*key, value.strip())


def _by_key(
    view: RecordView,
    system: SystemName,
    keys: tuple[Key, ...],
    world: World,
    *,
    sure: bool,
) -> list[Candidate]:
    evidence: dict[RecordId, list[str]] = {}
    found: dict[RecordId, Candidate] = {}
    for rung, value, text in keys:
        for ref in world.find(system, view.kind, rung, value):
            other = world.view_of(ref)
            if other is None or not _is_offered(other, view, system):
                continue
            party = world.party(other, system)
            rests = party is not None and not party.is_active
            if sure and rests:
                continue
            words = evidence.setdefault(other.record, [])
            if not (rung == "normal_name" and any(w.startswith("name ") for w in words)):
                words.append(f'{rung_name(rung)} "{shorten(text)}"')
            same = f"same {' and '.join(words)}{', inactive' if rests else ''}"
            found[other.record] = Candidate(ref=ref, label=other.label, evidence=same)
    return list(found.values())


def _is_offered(other: RecordView, view: RecordView, system: SystemName) -> bool:
    """Whether it is a free record that can be read, and nobody said that it is something else."""
    side = other.sides.get(system)
    alone = side is not None and len(other.sides) == 1 and other.record != view.record
    return (
        alone
        and side is not None
        and side.is_live
        and not side.out_of_scope
        and not told_apart(other, view)
    )


def _survivor(view: RecordView, system: SystemName, world: World) -> Relinks:
    """Where the documents that are this party's elsewhere have gone in ``system``.

    A merge moves all of them: while one still shows this party, what moved was moved by a person.
    """
    field = _PARTY_FIELD.get(view.kind)
    if field is None:
        return Relinks()
    moved: dict[RecordId, Counter[Kind]] = {}
    still: list[RecordId] = []
    for document in _documents(view, system, world):
        party = world.party(document, system)
        shown = party.values.get(field) if party is not None else None
        if isinstance(shown, RecordRef) and shown.record != view.record:
            moved.setdefault(shown.record, Counter())[document.kind] += 1
        else:
            still.append(document.record)
    found = [] if still else [_moved_to(view, system, to, moved[to], world) for to in sorted(moved)]
    # The one with most of them first; as a rule there is one only.
    survivors = sorted((one for one in found if one is not None), key=lambda one: -one.documents)
    if not survivors:
        return Relinks(waits_for=tuple(sorted(still)))
    return Relinks(
        candidates=tuple(one.candidate for one in survivors),
        remark=survivors[0].remark,
        is_merged=True,
        is_taken=survivors[0].is_taken,
    )


class _Survivor(msgspec.Struct, frozen=True, kw_only=True):
    candidate: Candidate
    documents: int
    remark: str
    is_taken: bool


def _moved_to(
    view: RecordView, system: SystemName, record: RecordId, moved: Counter[Kind], world: World
) -> _Survivor | None:
    survivor = world.view(record)
    side = survivor.sides.get(system) if survivor is not None else None
    if survivor is None or side is None or not side.is_live or told_apart(survivor, view):
        return None
    count = moved.total()
    parts = " and ".join(
        f"{moved[kind]} {noun(kind)}{'' if moved[kind] == 1 else 's'}"
        for kind in _DOCUMENTS[view.kind]
        if moved[kind]
    )
    were, show = ("was", "shows") if count == 1 else ("were", "show")
    text = f"{parts} that {were} this {noun(view.kind)}'s now {show}"
    taken = len(survivor.sides) > 1
    return _Survivor(
        candidate=Candidate(
            ref=side.ref,
            label=survivor.label,
            evidence=f"{text} it{', already linked' if taken else ''}",
            is_linked=taken,
        ),
        documents=count,
        remark=f"{text} {thing(survivor.kind, survivor.label)}: it looks merged",
        is_taken=taken,
    )


def _documents(view: RecordView, system: SystemName, world: World) -> Iterator[RecordView]:
    """Some linked documents that another system says are about this party."""
    left = MOST_DOCUMENTS
    for other, side in sorted(view.sides.items()):
        if other == system or not side.is_live:
            continue
        for kind in _DOCUMENTS[view.kind]:
            for ref in world.find(other, kind, "party", fold(side.ref.id)):
                document = world.view_of(ref)
                there = document.sides.get(system) if document is not None else None
                if document is None or there is None or not there.is_live:
                    continue
                yield document
                left -= 1
                if not left:
                    return
