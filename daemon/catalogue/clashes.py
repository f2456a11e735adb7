"""Names that clash: an item at rest still has the name that a new one needs, and what can be done.

The old item of the same product may be made active again, or be renamed; whoever has the name, the
new item may get a number at the end of it. Pure; must not decide for a person.
"""

import msgspec

from daemon.catalogue.sort import Standing
from daemon.reconcile.calling import called, with_suffix
from daemon.reconcile.mapping import render
from daemon.reconcile.policy import Lookups, Policy
from daemon.reconcile.world import World
from ledger.model.facts import Hold, HoldCode, RecordView, Resolution
from ledger.model.ids import Kind
from ledger.model.keys import fold

ASK = "ask"
REACTIVATE = "reactivate"
RENAME = "rename"
SUFFIX = "suffix"
SKIP = "skip"
WAYS = (REACTIVATE, RENAME, SUFFIX, SKIP)
"""What a person can say of a clash."""
FIRST_SUFFIX = 2
MOST_SUFFIXES = 50


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """A name that is taken by an item at rest."""

    ways: tuple[str, ...]
    """The answers that this one has."""
    why: str


def clash(
    view: RecordView, standing: Standing, hold: Hold, lookups: Lookups, policy: Policy
) -> Clash | None:
    """The clash that a hold speaks of; None for any other hold, and where something active has the
    name."""
    if hold.code is not HoldCode.NAME_TAKEN or len(hold.candidates) != 1:
        return None
    ref = hold.candidates[0].ref
    old = view.sides.get(policy.books)
    if old is not None and old.ref == ref:
        rests = standing is Standing.INACTIVE
        return Clash(ways=WAYS if rests else (SUFFIX, SKIP), why=hold.text)
    owner = lookups.record_of(ref)
    holder = lookups.view(owner) if owner is not None else None
    side = holder.sides.get(policy.books) if holder is not None else None
    rests = side is not None and getattr(side.record, "active", None) is False
    return Clash(ways=(SUFFIX, SKIP), why=hold.text) if rests else None


def ways_of(standing: Standing) -> tuple[str, ...]:
    """The answers that a product may have by how it stands; the plan knows which of them do."""
    if standing is Standing.INACTIVE:
        return WAYS
    return (SUFFIX, SKIP) if standing in (Standing.MISSING, Standing.GONE) else ()


def number(view: RecordView, lookups: Lookups, policy: Policy) -> Resolution | None:
    """The first free ``(2)``, ``(3)`` ... for the product's name in the books, as an answer."""
    world = World([view], lookups, policy)
    rule = policy.rule(policy.books, Kind.ITEM)
    source = next((p for p in world.parties(view) if p.system != policy.books), None)
    name = source.values.get("name") if source is not None else None
    if source is None or rule is None or not isinstance(name, str):
        return None
    plain = render(name, rule=rule.fields["name"], values=source.values).value
    if not isinstance(plain, str):
        return None
    for count in range(FIRST_SUFFIX, FIRST_SUFFIX + MOST_SUFFIXES):
        suffix = f"({count})"
        shown = with_suffix(plain, suffix, rule.fields["name"].max_length)
        if not lookups.find(policy.books, Kind.ITEM, "name", fold(shown)):
            return called(name, suffix, of=source.system, there=policy.books)
    return None
