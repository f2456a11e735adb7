"""The adopt-before-create ladder: is a record of one system already there in another?

A record is linked on an exact key alone, to one free candidate that would choose it too, whoever is
looked at first; everything less is shown to a person. Must not create, and must not guess.
"""

from typing import TypeAlias

import msgspec

from ledger.model.facts import Candidate, Hold, HoldCode, RecordView
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName
from ledger.model.keys import fold, normalise
from ledger.model.plans import LinkProposal

from . import declared
from .explain import field_name, noun, shorten, thing
from .mapping import SANITISE, SHORTEN
from .world import Party, World

EXACT: dict[Kind, tuple[str, ...]] = {
    Kind.ACCOUNT: ("code", "name"),
    Kind.ITEM: ("sku",),
    Kind.VENDOR: ("code", "name"),
    Kind.CUSTOMER: ("code", "name"),
}
"""Rungs that link, best first. Kinds not named here are known by their name."""
BY_NAME = ("name",)

LOOSE: dict[Kind, tuple[str, ...]] = {
    Kind.ITEM: ("name", "normal_name"),
    Kind.VENDOR: ("email", "normal_name"),
    Kind.CUSTOMER: ("email", "normal_name"),
}
"""Rungs that only propose."""
BY_NORMAL_NAME = ("normal_name",)

MOST_CANDIDATES = 20
CATALOGUE_COMPLETE = ("catalogue", "complete")
"""Key under which the end of the first complete sweep of a kind wakes those that wait for it."""
NOT_THE_SAME = "match:"
"""A resolution of the field ``match:<ref>`` says: that reference is another thing than this."""


class Claim(msgspec.Struct, frozen=True):
    """A record of the other system that shows the same key."""

    view: RecordView
    ref: ExternalRef
    rung: str
    value: str
    is_active: bool
    also: tuple[str, ...] = ()
    """Other keys that agree, in words."""


Matched: TypeAlias = tuple[LinkProposal, ...] | Hold | None
"""Links to make, a hold that asks, or None: nothing there looks like this record."""


def match(view: RecordView, target: SystemName, world: World) -> Matched:
    """Look for ``view`` in ``target``, where it has no part yet."""
    pair = declared.pair_of(view, world)
    if pair is not None:
        return _declared(view, target, pair, world)
    claims = _claims(view, target, world)
    active = is_active(world.parties(view))
    if claims:
        proposal = _link(view, claims, world)
        if proposal:
            return proposal
        return _ambiguous(view, target, claims, world) if active else None
    if not active:
        return None  # an inactive record is adopted by an exact key or left where it is
    loose = _loose(view, target, world)
    return _proposed(view, target, loose, world) if loose else None


def _declared(
    view: RecordView, target: SystemName, pair: tuple[str, str], world: World
) -> tuple[LinkProposal, ...] | Hold:
    """What the configuration says, and nothing else."""
    found = declared.other_half(view, target, pair, world)
    if isinstance(found, Hold):
        return found
    if told_apart(view, found):
        return declared.contradicted(view, target, pair, world)
    stays, joins = _survivor(view, found, world)
    said = declared.evidence(view.kind, pair, world.policy)
    return tuple(
        LinkProposal(record=stays.record, ref=side.ref, how=declared.HOW, evidence=said)
        for _, side in sorted(joins.sides.items())
    )


def _link(view: RecordView, claims: tuple[Claim, ...], world: World) -> tuple[LinkProposal, ...]:
    """The proposal when this record and its only claim choose each other."""
    if len(claims) != 1 or not is_free(claims[0].view, view):
        return ()
    claim = claims[0]
    if _is_replaced(view, world) or _is_replaced(claim.view, world):
        return ()
    if _claimants(claim, view, world) != {view.record}:
        return ()
    stays, joins = _survivor(view, claim.view, world)
    # In the spelling of the one that stays: whoever looks first, the journal says the same.
    spelt = next(v for p in world.parties(stays) if (v := _key_value(stays, p, claim.rung)))
    evidence = f"both show {key_text(msgspec.structs.replace(claim, value=spelt.strip()))}"
    return tuple(
        LinkProposal(record=stays.record, ref=side.ref, how=claim.rung, evidence=evidence)
        for _, side in sorted(joins.sides.items())
    )


def _claimants(claim: Claim, view: RecordView, world: World) -> set[RecordId]:
    """Who in the systems of ``view`` could be what it claims, itself included."""
    return {o.view.record for s in view.sides for o in _claims(claim.view, s, world)}


def _survivor(one: RecordView, other: RecordView, world: World) -> tuple[RecordView, RecordView]:
    """The record without the books stays and the books join it; else the smaller id stays."""
    books = world.policy.books
    if (books in one.sides) != (books in other.sides):
        return (other, one) if books in one.sides else (one, other)
    return (one, other) if one.record < other.record else (other, one)


def is_free(candidate: RecordView, view: RecordView) -> bool:
    """Whether the candidate can be read and has no part yet where the record already has one."""
    readable = all(side.is_live for side in candidate.sides.values())
    return readable and not candidate.sides.keys() & view.sides.keys()


def _claims(view: RecordView, target: SystemName, world: World) -> tuple[Claim, ...]:
    """What the best rung finds, and what lower rungs find that contradicts it."""
    found: dict[RecordId, Claim] = {}
    for rung in EXACT.get(view.kind, BY_NAME):
        for claim in _on_rung(view, target, rung, world):
            first = not found or next(iter(found.values())).rung == rung
            if first or is_free(claim.view, view):
                found.setdefault(claim.view.record, claim)
    claims = tuple(found.values())
    if claims and is_active(world.parties(view)) and any(c.is_active for c in claims):
        return tuple(c for c in claims if c.is_active)
    return claims


def _on_rung(view: RecordView, target: SystemName, rung: str, world: World) -> list[Claim]:
    found: dict[RecordId, Claim] = {}
    kind = view.kind
    for party in world.parties(view):
        value = _key_value(view, party, rung)
        if not value:
            continue
        for ref in world.find(target, kind, rung, folded(rung, value)):
            _add(found, view, ref, rung, value, world)
        if rung == "name":
            for ref in world.find(target, kind, "normal_name", normalise(value)):
                _add_rewritten(found, view, party, ref, value, world)
    return list(found.values())


def _key_value(view: RecordView, party: Party, rung: str) -> str:
    """The text of the key as the system really shows it, marks of inactivity included."""
    record = view.sides[party.system].record
    value = getattr(record, "name" if rung == "normal_name" else rung, None)
    return value if isinstance(value, str) and value.strip() else ""


def folded(rung: str, value: str) -> str:
    """A key as the ledger keeps it to be found by."""
    if rung == "normal_name":
        return normalise(value)
    # A blank at the end of a name is a difference that a person looks at.
    return fold(value if rung == "name" else value.strip())


def _add(
    found: dict[RecordId, Claim],
    view: RecordView,
    ref: ExternalRef,
    rung: str,
    value: str,
    world: World,
) -> None:
    candidate = world.view_of(ref)
    if candidate is None or candidate.record == view.record or told_apart(view, candidate):
        return
    if declared.pair_of(candidate, world) is not None:
        return  # it goes with what the configuration says, and nothing else
    side = candidate.sides[ref.system]
    if side.tombstone or side.out_of_scope:
        return
    party = world.party(candidate, ref.system)
    # A record that cannot be read now still has its key: it stands in the way.
    is_active = party.is_active if party else True
    found.setdefault(candidate.record, Claim(candidate, ref, rung, value.strip(), is_active))


def _add_rewritten(
    found: dict[RecordId, Claim],
    view: RecordView,
    party: Party,
    ref: ExternalRef,
    name: str,
    world: World,
) -> None:
    """Names that differ only by what one of the systems refuses are still exactly the same name."""
    candidate = world.view_of(ref)
    other = world.party(candidate, ref.system) if candidate else None
    if other is None or "name" not in other.rule.fields or "name" not in party.rule.fields:
        return
    if _is_rewriting(party, other) or _is_rewriting(other, party):
        _add(found, view, ref, "name", name, world)


def _is_rewriting(source: Party, target: Party) -> bool:
    rendered = source.render_for(target, "name")
    rewritten = SANITISE in rendered.mappings or SHORTEN in rendered.mappings
    return rewritten and rendered.value == target.values.get("name")


def _loose(view: RecordView, target: SystemName, world: World) -> tuple[Claim, ...]:
    """Free candidates that look alike and are not about to be linked to somebody else."""
    found: dict[RecordId, Claim] = {}
    for rung in LOOSE.get(view.kind, BY_NORMAL_NAME):
        for claim in _on_rung(view, target, rung, world):
            seen = found.get(claim.view.record)
            if seen is not None:
                if seen.rung != "name":  # a name that is equal is similar too
                    also = (*seen.also, key_text(claim))
                    found[claim.view.record] = msgspec.structs.replace(seen, also=also)
            elif is_free(claim.view, view) and not _is_spoken_for(claim.view, view, world):
                found[claim.view.record] = claim
    return tuple(found.values())


def _is_spoken_for(candidate: RecordView, view: RecordView, world: World) -> bool:
    return any(
        _link(candidate, claims, world)
        for system in view.sides
        if (claims := _claims(candidate, system, world))
    )


def told_apart(one: RecordView, other: RecordView) -> bool:
    """A person has said, on either record, that these two are different things."""
    for a, b in ((one, other), (other, one)):
        said = [r.field for r in a.resolutions if r.field.startswith(NOT_THE_SAME)]
        if said and any(f"{NOT_THE_SAME}{side.ref}" in said for side in b.sides.values()):
            return True
    return False


def is_active(parties: tuple[Party, ...]) -> bool:
    return any(party.is_active for party in parties)


def rung_name(rung: str) -> str:
    return "similar name" if rung == "normal_name" else field_name(rung)


def key_text(claim: Claim) -> str:
    return f'{rung_name(claim.rung)} "{shorten(claim.value)}"'


def _candidates(claims: tuple[Claim, ...], view: RecordView) -> tuple[Candidate, ...]:
    rows = []
    for claim in claims[:MOST_CANDIDATES]:
        evidence = f"same {' and '.join([key_text(claim), *claim.also])}"
        is_linked = not is_free(claim.view, view)
        if is_linked:
            evidence += ", already linked"
        if not claim.is_active:
            evidence += ", inactive"
        label = claim.view.label
        rows.append(Candidate(ref=claim.ref, label=label, evidence=evidence, is_linked=is_linked))
    return tuple(rows)


def keys_in(
    view: RecordView, target: SystemName, world: World
) -> tuple[tuple[str, str, str, str], ...]:
    """Keys under which a new record of ``target`` would be a claim: a hold waits for them too."""
    rungs = (*EXACT.get(view.kind, BY_NAME), *LOOSE.get(view.kind, BY_NORMAL_NAME))
    found = {
        (target, view.kind.value, rung, folded(rung, value))
        for rung in rungs
        for party in world.parties(view)
        if (value := _key_value(view, party, rung))
    }
    return tuple(sorted(found))


def _hold(
    code: HoldCode,
    view: RecordView,
    target: SystemName,
    claims: tuple[Claim, ...],
    world: World,
    *,
    text: str,
    cure: str,
) -> Hold:
    return Hold(
        record=view.record,
        code=code,
        text=text,
        cure=cure,
        system=target,
        candidates=_candidates(claims, view),
        waits_for=tuple(sorted(c.view.record for c in claims[:MOST_CANDIDATES])),
        waits_for_keys=keys_in(view, target, world),
    )


def _ambiguous(
    view: RecordView, target: SystemName, claims: tuple[Claim, ...], world: World
) -> Hold:
    title, what = world.policy.title(target), thing(view.kind, view.label)
    first, key = claims[0], key_text(claims[0])
    if len(claims) > 1:
        text = f"{len(claims)} records in {title} could be {what}; the best shows {key}."
        cure = f"Link the right one, or give the {noun(view.kind)}s different keys."
    elif _has_lost(first.view, view):
        text = (
            f"The {noun(view.kind)} with {key} in {title} is linked to another record of "
            f"{_shown_in(view, world)} that was removed or made inactive: this may be what took "
            "its place."
        )
        ours = next(side.ref for _, side in sorted(view.sides.items()))
        cure = (
            f"Link it if it is (trueup link {first.view.record} {ours}), or change the key of one "
            "of the two."
        )
    elif _is_replaced(view, world) or _is_replaced(first.view, world):
        text = (
            f"One of the two {noun(view.kind)}s with {key} was replaced in a re-export: documents "
            f"that show it mean another one than {what}."
        )
        cure = "Give one of the two another key, or make the replaced one inactive again."
    elif not is_free(first.view, view):
        text = f"The {noun(view.kind)} with {key} in {title} is already linked to another record."
        cure = "Unlink it there, or change the key of one of the two."
    else:
        text = f"Several records show {key}, so it is not certain which of them is {what}."
        cure = "Link the right pair, or give the others another key."
    held = _hold(HoldCode.AMBIGUOUS_MATCH, view, target, claims, world, text=text, cure=cure)
    rivals = sorted(_claimants(first, view, world) - {view.record})[:MOST_CANDIDATES]
    return msgspec.structs.replace(held, waits_for=tuple(sorted({*held.waits_for, *rivals})))


def _is_replaced(view: RecordView, world: World) -> bool:
    """Whether documents that show this record mean another one: it is never taken by itself."""
    return world.stands_for(view.record) != view.record


def _has_lost(linked: RecordView, view: RecordView) -> bool:
    """Whether a linked record has, in this one's own systems, only what is gone or at rest."""
    parts = [side for system, side in linked.sides.items() if system in view.sides]
    rests = [s.tombstone or getattr(s.record, "active", True) is False for s in parts]
    return bool(parts) and all(rests)


def _shown_in(view: RecordView, world: World) -> str:
    return " and ".join(world.policy.title(system) for system in sorted(view.sides))


def _proposed(
    view: RecordView, target: SystemName, claims: tuple[Claim, ...], world: World
) -> Hold:
    title = world.policy.title(target)
    kind = noun(view.kind)
    found = f"an unlinked {kind}" if len(claims) == 1 else f"{len(claims)} unlinked {kind}s"
    text = (
        f"{title} has {found} that may be {thing(view.kind, view.label)}, but no exact key says so."
    )
    cure = "Link it if it is the same, or say that it is not; then it will be created."
    return _hold(HoldCode.PROPOSED_MATCH, view, target, claims, world, text=text, cure=cure)


def incomplete(
    view: RecordView, system: SystemName, half_read: tuple[SystemName, ...], world: World
) -> Hold:
    """A hold while some system has not shown all its records of the kind: it may be there."""
    unread = " and ".join(world.policy.title(s) for s in half_read)
    return Hold(
        record=view.record,
        code=HoldCode.CATALOGUE_INCOMPLETE,
        text=(
            f"{thing(view.kind, view.label)} may exist in {world.policy.title(system)} already: "
            f"{unread} has not been read to the end yet."
        ),
        cure="Nothing to do: it is decided when the first complete read has ended.",
        system=system,
        waits_for_keys=tuple((s, view.kind.value, *CATALOGUE_COMPLETE) for s in half_read),
    )
