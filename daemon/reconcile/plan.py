"""From records to a plan: decide each of them, settle what concerns several, put it in order.

The plan is a value: the same views, answers and policy give the same plan, ids included, in
whatever order the records or the systems are named. Must not rule on operations; ``gate`` does.
"""

from collections.abc import Iterable, Sequence

import msgspec

from ledger.model.facts import Hold, RecordView
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, RecordId, SystemName
from ledger.model.plans import Action, LinkProposal, Operation, Plan

from .decide import Decider, links_of
from .explain import sentence
from .match import keys_in
from .names import givers, keys_of, taken_in_plan
from .pointers import Decision, not_coming
from .policy import Lookups, Policy
from .unmoved import is_unmoved
from .waves import in_waves, name_takers, pointed_to
from .world import World


def plan(views: Sequence[RecordView], lookups: Lookups, policy: Policy) -> Plan:
    """What to do about ``views``. Links come first: a linked record is planned in the next pass.

    ``decided`` leaves out the records that await a link, their own or that of a record they point
    to: they have to be looked at again once the links of this plan are made.
    """
    world = World(views, lookups, policy)
    ask = Decider(world)
    decisions: dict[RecordId, Decision] = {}
    still = [view.record for view in views if is_unmoved(view, world)]
    moved = {view.record for view in views}.difference(still) if len(still) < len(views) else ()
    for record in sorted(moved):
        decision = ask(record)
        assert decision is not None, "a record that is given can be decided"
        decisions[record] = decision
    # A record that is only pointed to may have to be linked first, wherever its turn is.
    joins = _one_link_each((p for d in ask.decisions.values() for p in d.links), world)
    touched = _touched(joins, world)
    waiting = {r for r, d in decisions.items() if d.links or d.awaits_links or r in touched}
    settled = {r: d for r, d in decisions.items() if r not in waiting}
    operations = [o for d in settled.values() for o in d.operations]
    operations, clashes = _one_name_each(operations, world)
    operations, orphans = _without_orphans(operations, clashes, world)
    holds = [*(h for d in settled.values() for h in d.holds), *clashes, *orphans]
    return Plan(
        operations=tuple(_watching(o, world) for o in in_waves(operations, world)),
        agreements=tuple(d.agreement for d in settled.values() if d.agreement is not None),
        links=joins,
        holds=tuple(msgspec.structs.replace(h, text=sentence(h.text)) for h in holds),
        conflicts=tuple(d.conflict for d in settled.values() if d.conflict is not None),
        decided=_untouched([*settled, *still], touched),
        in_step=_untouched([*(r for r, d in settled.items() if d.in_step), *still], touched),
    )


def _untouched(records: Iterable[RecordId], touched: set[RecordId]) -> tuple[RecordId, ...]:
    """In their order, those that are not ``touched``."""
    return tuple(sorted([r for r in records if r not in touched] if touched else records))


def _watching(operation: Operation, world: World) -> Operation:
    """With what may move under it while it waits: the keys under which somebody could get in its
    way, those who give up a name for it, and what it points to."""
    needs = tuple(sorted({*operation.needs, *givers(operation, world)}))
    relies_on = {*operation.relies_on, *pointed_to(operation)}.difference(needs)
    relies_on.discard(operation.record)
    watched = (*operation.watches, *keys_of(operation, world))
    view = world.view(operation.record)
    if operation.action is Action.CREATE and view is not None and view.kind not in DOCUMENT_KINDS:
        watched = tuple(sorted({*watched, *keys_in(view, operation.system, world)}))
    if not watched and not relies_on and needs == operation.needs:
        return operation
    return msgspec.structs.replace(
        operation, needs=needs, relies_on=tuple(sorted(relies_on)), watches=watched
    )


def links(
    views: Sequence[RecordView], lookups: Lookups, policy: Policy
) -> tuple[LinkProposal, ...]:
    """Only what ``plan`` would link of ``views`` themselves: a look at a whole company takes this
    first, so that nothing is planned for records that are about to be joined."""
    world = World(views, lookups, policy)
    return _one_link_each((p for view in views for p in links_of(view, world)), world)


def _one_link_each(found: Iterable[LinkProposal], world: World) -> tuple[LinkProposal, ...]:
    """At most one link for a record and a reference in one pass, first come by name."""
    proposals = {(p.record, p.ref): p for p in found}
    used: set[RecordId] = set()
    links = []
    for (record, ref), proposal in sorted(proposals.items()):
        parts = {record, _joining(ref, world)}
        if not parts & used:
            used |= parts
            links.append(proposal)
    return tuple(links)


def _joining(ref: ExternalRef, world: World) -> RecordId:
    """The record that a reference has before it joins another."""
    view = world.view_of(ref)
    assert view is not None, "only references with a record are proposed"
    return view.record


def _touched(links: Sequence[LinkProposal], world: World) -> set[RecordId]:
    return {link.record for link in links} | {_joining(link.ref, world) for link in links}


def _one_name_each(
    operations: Sequence[Operation], world: World
) -> tuple[list[Operation], list[Hold]]:
    """Of several operations that give the same unique name, one stays: the most literal one."""
    groups: dict[tuple[SystemName, str, str], list[tuple[Operation, str]]] = {}
    for operation, field, key in name_takers(operations, world):
        groups.setdefault(key, []).append((operation, field))
    dropped: dict[str, Hold] = {}
    for rivals in groups.values():
        winner, *losers = sorted(rivals, key=_literal_first)
        for operation, field in losers:
            dropped[operation.id] = taken_in_plan(operation, winner[0], field, world)
    return [o for o in operations if o.id not in dropped], list(dropped.values())


def _literal_first(rival: tuple[Operation, str]) -> tuple[bool, str, str, str]:
    operation, field = rival
    rewritten = any(c.field == field and " via " in c.trace for c in operation.changes)
    return (rewritten, operation.kind, operation.record, operation.id)


def _without_orphans(
    operations: list[Operation], clashes: Sequence[Hold], world: World
) -> tuple[list[Operation], list[Hold]]:
    """Drop what needs a record that will not be created after all; each round drops some."""
    lost = {(hold.system, hold.record) for hold in clashes}
    coming = {(o.system, o.record) for o in operations if o.action is Action.CREATE}
    holds: list[Hold] = []
    while lost:
        orphans = [
            (o, need)
            for o in operations
            for need in o.needs
            if (o.system, need) in lost and (o.system, need) not in coming
        ]
        holds += [not_coming(operation, need, world) for operation, need in orphans]
        gone = {operation.id for operation, _ in orphans}
        lost = {(o.system, o.record) for o, _ in orphans if o.action is Action.CREATE}
        coming -= lost
        operations = [o for o in operations if o.id not in gone]
    return operations, holds
