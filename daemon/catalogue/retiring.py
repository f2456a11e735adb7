"""The operations that the job makes itself: an old item gives up its name, or its activity.

The core would never put an item to rest that is active in the source, nor wake one to rename it.
They go through ledger, gate and cycle like any other. The name is given the mark that the books'
own screen gives it, so that nobody takes it for a rename. Must not append anything.
"""

from collections.abc import Mapping

import msgspec

from daemon.reconcile.merge import values_digest
from daemon.reconcile.operations import make_operation
from daemon.reconcile.policy import Lookups, Policy
from daemon.reconcile.world import World
from ledger.model.facts import RecordView, Resolution
from ledger.model.ids import Digest, Kind, SystemName
from ledger.model.keys import fold
from ledger.model.plans import Action, FieldChange, Operation

ACTIVE = "active"
RETIRES = "catalogue job: retire"
FREES = "catalogue job: free the name"
MOST_MARKS = 50
"""Retired items of one name that are told apart by a number."""


def shown_name(view: RecordView, system: SystemName) -> str:
    """The name as the system really shows it, marks included; ``""`` for none."""
    side = view.sides.get(system)
    name = getattr(side.record, "name", None) if side is not None else None
    return name if isinstance(name, str) else ""


def retirement(view: RecordView, lookups: Lookups, policy: Policy) -> Operation:
    """An active old item is made inactive and gives its name up, so that a new one can take its
    place."""
    books = policy.books
    title = policy.title(books)
    changes = [FieldChange(field=ACTIVE, before=True, after=False, trace=RETIRES)]
    name = shown_name(view, books)
    marked = marked_name(name, lookups, policy) if name else ""
    if marked:
        changes.append(FieldChange(field="name", before=name, after=marked, trace=RETIRES))
    return make_operation(
        view,
        books,
        Action.INACTIVATE,
        changes,
        why=f"The item is retired in {title}; a new one under the same name follows.",
        world=World([view], lookups, policy),
    )


def freeing(view: RecordView, marked: str, lookups: Lookups, policy: Policy) -> Operation:
    """The first of two writes that take the name from an item at rest: QuickBooks renames an
    inactive record only together with making it active. ``resting`` follows."""
    books = policy.books
    name = shown_name(view, books)
    return make_operation(
        view,
        books,
        Action.REACTIVATE,
        [
            FieldChange(field=ACTIVE, before=False, after=True, trace=FREES),
            FieldChange(field="name", before=name, after=marked, trace=FREES),
        ],
        why=(
            f'The old item gives up the name "{name}" in {policy.title(books)}, which takes that '
            "only of an active one; it is made inactive again right after."
        ),
        world=World([view], lookups, policy),
    )


def resting(
    view: RecordView, seen: Mapping[SystemName, Digest], lookups: Lookups, policy: Policy
) -> Operation:
    """The second write: inactive again.

    Its digest speaks of what both sides showed at the plan (``seen``): the approval of the first
    write is one of the second, whatever anybody edits between the two.
    """
    books = policy.books
    sides = {
        system: msgspec.structs.replace(side, comparable=seen.get(system, side.comparable))
        for system, side in view.sides.items()
    }
    as_planned = msgspec.structs.replace(view, sides=sides)
    operation = make_operation(
        as_planned,
        books,
        Action.INACTIVATE,
        [FieldChange(field=ACTIVE, before=True, after=False, trace=FREES)],
        why=f"The old item has given up its name in {policy.title(books)} and rests again.",
        world=World([as_planned], lookups, policy),
    )
    now = {system: side.comparable for system, side in sorted(view.sides.items())}
    return msgspec.structs.replace(operation, computed_from=now)


def keeps_its_name(
    view: RecordView, marked: str, lookups: Lookups, policy: Policy
) -> Resolution | None:
    """The answer for an item between the two writes: its marked name is no rename. Were the job
    given up there, the item would get its own name back, and the source would keep it."""
    parties = World([view], lookups, policy).parties(view)
    names = {party.system: party.values["name"] for party in parties if "name" in party.values}
    source = next((system for system in names if system != policy.books), None)
    if source is None:
        return None
    names[policy.books] = marked
    return Resolution(field="name", take=source, value_digest=values_digest("name", names))


def marked_name(name: str, lookups: Lookups, policy: Policy, *, cut: bool = False) -> str:
    """A free name for an item at rest. Where the mark makes it too long the name is ``cut``, or
    ``""`` says so: then the books' own renaming has to do."""
    rule = policy.rule(policy.books, Kind.ITEM)
    longest = rule.fields["name"].max_length if rule is not None else 0
    for number in range(MOST_MARKS):
        mark = " (deleted)" if number == 0 else f" (deleted-{number})"
        base = name
        if longest and len(name) + len(mark) > longest:
            if not cut:
                return ""
            base = name[: longest - len(mark)].rstrip()
        marked = f"{base}{mark}"
        if not lookups.find(policy.books, Kind.ITEM, "name", fold(marked)):
            return marked
    return ""
