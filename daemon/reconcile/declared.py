"""Pairs that the configuration declares: this of the source and that of the books are one thing.

A pair stands above every rung of ``match``: its halves go together or wait, and nobody else is
matched with either. Must not guess: a half that is missing, double or taken is a hold.
"""

from msgspec.structs import replace

from ledger.model.facts import Hold, HoldCode, RecordView
from ledger.model.ids import Kind, RecordId, SystemName
from ledger.model.keys import fold

from .explain import noun, thing
from .policy import Policy
from .world import World

HOW = "config"
"""How a link was made that a declared pair made."""
TABLES: dict[Kind, str] = {
    Kind.ACCOUNT: "mapping.accounts",
    Kind.TAX_CODE: "mapping.tax_codes",
    Kind.TERM: "mapping.terms",
}
KEYS = ("code", "name")
"""What a half may be called by."""


def pair_of(view: RecordView, world: World) -> tuple[str, str] | None:
    """The declared pair that this record is a half of: what the source's is called, and the
    books'. None when none names it."""
    if not world.policy.mapping.get(view.kind):
        return None
    for party in world.parties(view):
        pairs = world.policy.declared(view.kind, party.system)
        for key in KEYS:
            value = getattr(view.sides[party.system].record, key, None)
            if isinstance(value, str) and (pair := pairs.get(fold(value.strip()))):
                return pair
    return None


def key_of(kind: Kind, pair: tuple[str, str]) -> str:
    """Where the pair stands in the configuration."""
    return f'{TABLES[kind]}."{pair[0]}"'


def other_half(
    view: RecordView, target: SystemName, pair: tuple[str, str], world: World
) -> RecordView | Hold:
    """The record of ``target`` that the pair means, or why that is not certain."""
    name = pair[target == world.policy.books]
    found = _called(name, view.kind, target, world)
    title, where = world.policy.title(target), key_of(view.kind, pair)
    if not found:
        why = f"{title} has no such {noun(view.kind)}."
        return _hold(view, target, pair, why, f"Correct {where}, or create it in {title}.", world)
    if len(found) > 1:
        cure = f"Give its number or code in {where}."
        return _hold(view, target, pair, f"{len(found)} are called that.", cure, world)
    candidate = found[0]
    if candidate.sides.keys() & view.sides.keys():
        cure = f"Unlink it there, or correct {where}."
        why = "it is linked to another record already."
        return replace(_hold(view, target, pair, why, cure, world), waits_for=(candidate.record,))
    for system in view.sides:
        ours = _called(pair[system == world.policy.books], view.kind, system, world)
        if [one.record for one in ours] != [view.record]:
            why = f"{len(ours)} in {world.policy.title(system)} are called like this one."
            cure = f"Give its number or code in {where}."
            return _hold(view, target, pair, why, cure, world)
    return candidate


def _called(name: str, kind: Kind, system: SystemName, world: World) -> list[RecordView]:
    """Live and inactive records of a system with that code or name."""
    found: dict[RecordId, RecordView] = {}
    for key in KEYS:
        for ref in world.find(system, kind, key, fold(name.strip())):
            view = world.view_of(ref)
            side = view.sides[system] if view is not None else None
            if view is not None and side is not None and not (side.tombstone or side.out_of_scope):
                found[view.record] = view
    return list(found.values())


def contradicted(view: RecordView, target: SystemName, pair: tuple[str, str], world: World) -> Hold:
    """A person said that the two halves are different things: neither word is overruled."""
    why = "a person said that they are different things."
    cure = f"Take {key_of(view.kind, pair)} out, or link the two."
    return _hold(view, target, pair, why, cure, world)


def evidence(kind: Kind, pair: tuple[str, str], policy: Policy) -> str:
    """For the link: the same from whichever side it is made."""
    return f'{key_of(kind, pair)} says "{pair[1]}" in {policy.title(policy.books)}'


def _hold(
    view: RecordView, target: SystemName, pair: tuple[str, str], why: str, cure: str, world: World
) -> Hold:
    name = pair[target == world.policy.books]
    title = world.policy.title(target)
    text = (
        f"The configuration ({key_of(view.kind, pair)}) says that {thing(view.kind, view.label)} "
        f'is "{name}" in {title}, but {why}'
    )
    return Hold(
        record=view.record,
        code=HoldCode.AMBIGUOUS_MATCH,
        text=text,
        cure=cure,
        system=target,
        waits_for_keys=tuple(
            (system, view.kind.value, key, fold(pair[system == world.policy.books].strip()))
            for system in (target, *view.sides)
            for key in KEYS
        ),
    )
