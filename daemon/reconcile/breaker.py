"""The breakers: when so much would change at once that a person looks first, and what to tell them.

A breaker counts, or adds up; it never judges what a single change is worth. What tripped stays
stopped until a person said yes to it, however few are left by then.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from ledger.model.ids import DOCUMENT_KINDS, Kind, OperationId, SystemName
from ledger.model.money import plain, quantise
from ledger.model.plans import Action, FieldChange, Operation, Ruling, Verdict
from ledger.model.values import Lines, Value

from .explain import field_name, noun
from .mapping import same
from .policy import Policy

MASS_CHANGE = "mass_change"
TOO_MANY = "too_many"
TOO_MUCH_MONEY = "too_much_money"
RULES_CHANGED = "rules_changed"

_STOPS = {
    MASS_CHANGE: "a mass change",
    TOO_MANY: "too many changes at once",
    TOO_MUCH_MONEY: "too much money at once",
    RULES_CHANGED: "what a change of the rules asks about",
}

CREATES = "creates"
UPDATES = "updates"
REMOVED = "removals"
INACTIVATED = "inactivations"
SAMPLE = 5
RATIO_PLACES = (2, 3, 4)
"""Digits that a common factor is tried with: "x1.1" says more than "x1.1004"."""
COMMON_PART = Decimal("0.9")
"""Part of a group that has to share a cause for the cause to be named."""
REVIEW_FLOOR = 5
"""So few changes after a change of the rules are looked at like any others."""

CLASSES = {
    Action.CREATE: CREATES,
    Action.UPDATE: UPDATES,
    Action.REACTIVATE: UPDATES,
    Action.INACTIVATE: INACTIVATED,
    Action.VOID: REMOVED,
    Action.DELETE: REMOVED,
    Action.CLOSE: REMOVED,
}


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What the breakers go by beside the operations."""

    live_counts: Mapping[tuple[SystemName, Kind], int]
    tripped: Mapping[OperationId, str] = msgspec.field(default_factory=dict)
    """Which breaker an operation tripped before."""
    amounts: Mapping[OperationId, Decimal] = msgspec.field(default_factory=dict)
    """What documents come to in the home currency, where a limit asks for it."""
    reviewed: frozenset[OperationId] | None = None
    """Operations that came out of changed rules and were not ruled on yet; None = no rule has
    changed."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Operations of one system, kind and class that would go together."""

    system: SystemName
    kind: Kind
    what: str
    operations: Sequence[Operation]
    live: int

    def text(self, policy: Policy, rule: str) -> str:
        """``rule``: why so many wait."""
        who = f"{several(self.kind)} in {policy.title(self.system)}"
        text = f"{len(self.operations)} {self.what} of {who} at once, where {self.live} are live"
        cause = common_cause(self.operations) if self.what != INACTIVATED else ""
        text = f"{text}; {rule}.{f' {cause}.' if cause else ''} Such as: {sample(self.operations)}."
        if self.what == INACTIVATED and self.kind is Kind.ITEM and self.system != policy.books:
            # Somebody emptied the catalogue of the books: a yes would empty the other one too.
            there = policy.title(policy.books)
            text += f" To have them in {there} anew instead: trueup catalogue plan."
        return text


def trip(
    operations: Sequence[Operation], counted: Counted, policy: Policy
) -> dict[OperationId, Verdict]:
    """The verdict of the first breaker that each operation trips; those that trip none are absent.

    ``operations``: everything that is pending and that nobody approved or set aside.
    """
    verdicts: dict[OperationId, Verdict] = {}
    for group in _groups(operations, counted):
        verdict = _too_many(group, policy)
        if verdict is not None:
            verdicts |= {operation.id: verdict for operation in group.operations}
    verdicts = _too_much_money(operations, counted, policy) | verdicts
    verdicts = _reviewed(operations, counted, policy) | verdicts
    still = [o for o in operations if o.id in counted.tripped and o.id not in verdicts]
    return verdicts | _still_stopped(still, counted, policy)


def most_at_once(kind: Kind, what: str, live: int, policy: Policy) -> Decimal:
    """How many operations of one group may go together without a look.

    Master data: a small number, or a part of the live records. Documents: new ones come in all day
    and more of them after a quiet spell, whatever is there already; edits of posted ones are rarer,
    so of a few documents only a part may change; nobody ends many of them at once.
    """
    limits = policy.limits
    least = Decimal(limits.min_count)
    part = limits.fraction * live
    if kind not in DOCUMENT_KINDS:
        return max(least, part)
    if what == CREATES:
        return Decimal(limits.documents)
    if what == REMOVED:
        return least
    return max(least, min(part, Decimal(limits.documents)))


def cap(what: str, policy: Policy) -> int:
    """The most of a class, however many records there are."""
    limits = policy.limits
    match what:
        case "creates":
            return limits.most_creates
        case "updates":
            return limits.most_updates
        case _:
            return limits.most_removals


def several(kind: Kind) -> str:
    """``bills``, ``classes``"""
    name = noun(kind)
    return f"{name}es" if name.endswith("s") else f"{name}s"


def sample(group: Sequence[Operation]) -> str:
    """A few of a group by name."""
    return ", ".join(sorted(operation.label for operation in group)[:SAMPLE])


def _groups(operations: Sequence[Operation], counted: Counted) -> Iterator[Group]:
    found: dict[tuple[SystemName, Kind, str], list[Operation]] = {}
    for operation in operations:
        key = (operation.system, operation.kind, CLASSES[operation.action])
        found.setdefault(key, []).append(operation)
    for (system, kind, what), group in found.items():
        live = counted.live_counts.get((system, kind), 0)
        yield Group(system=system, kind=kind, what=what, operations=group, live=live)


def _too_many(group: Group, policy: Policy) -> Verdict | None:
    count = len(group.operations)
    if count > most_at_once(group.kind, group.what, group.live, policy):
        limit = _limit(group.kind, group.what, group.live, policy)
        return _halted(MASS_CHANGE, group.text(policy, f"more than {limit} waits for a person"))
    most = cap(group.what, policy)
    if count > most:
        rule = f"more than {most} (limits.absolute) waits for a person"
        return _halted(TOO_MANY, group.text(policy, rule))
    return None


def _limit(kind: Kind, what: str, live: int, policy: Policy) -> str:
    """The limit that a group went beyond, as it is configured."""
    limits = policy.limits
    most = most_at_once(kind, what, live, policy)
    if kind in DOCUMENT_KINDS and (what != UPDATES or most == limits.documents):
        return plain(most)
    return f"{limits.min_count} and {plain(limits.fraction * 100)} %"


def _too_much_money(
    operations: Sequence[Operation], counted: Counted, policy: Policy
) -> dict[OperationId, Verdict]:
    limit = policy.limits.money
    if limit is None:
        return {}
    groups: dict[tuple[SystemName, Kind], list[Operation]] = {}
    for operation in operations:
        if operation.id in counted.amounts:
            groups.setdefault((operation.system, operation.kind), []).append(operation)
    verdicts: dict[OperationId, Verdict] = {}
    for (system, kind), group in groups.items():
        total = sum((counted.amounts[o.id] for o in group), Decimal())
        if total > limit:
            what = several(kind) if len(group) > 1 else noun(kind)
            text = (
                f"{len(group)} {what} of {plain(total)} {policy.home_currency} in all would be "
                f"written to {policy.title(system)} at once; more than {plain(limit)} "
                f"(limits.money) waits for a person. Such as: {sample(group)}."
            )
            halt = _halted(TOO_MUCH_MONEY, text)
            verdicts |= {operation.id: halt for operation in group}
    return verdicts


def _reviewed(
    operations: Sequence[Operation], counted: Counted, policy: Policy
) -> dict[OperationId, Verdict]:
    """After a change of the rules: what changes many of the live records of a kind is a plan that
    a person reviews, like the first. New records are no change of live ones."""
    if counted.reviewed is None:
        return {}
    changes = [o for o in operations if o.id in counted.reviewed and CLASSES[o.action] != CREATES]
    kinds: dict[tuple[SystemName, Kind], list[Operation]] = {}
    for operation in changes:
        kinds.setdefault((operation.system, operation.kind), []).append(operation)
    verdicts: dict[OperationId, Verdict] = {}
    for (system, kind), found in kinds.items():
        live = counted.live_counts.get((system, kind), 0)
        if len(found) <= REVIEW_FLOOR or len(found) <= policy.limits.fraction * live:
            continue
        group = Group(system=system, kind=kind, what="changes", operations=found, live=live)
        rule = "the configuration or the mapping changed, so a person reviews this plan"
        wait = Verdict(
            ruling=Ruling.APPROVAL,
            reason=RULES_CHANGED,
            text=group.text(policy, rule),
            breaker=RULES_CHANGED,
        )
        verdicts |= {operation.id: wait for operation in found}
    return verdicts


def _still_stopped(
    left: Sequence[Operation], counted: Counted, policy: Policy
) -> dict[OperationId, Verdict]:
    groups: dict[tuple[SystemName, Kind, str, str], list[Operation]] = {}
    for operation in left:
        what = CLASSES[operation.action]
        key = (operation.system, operation.kind, what, counted.tripped[operation.id])
        groups.setdefault(key, []).append(operation)
    verdicts: dict[OperationId, Verdict] = {}
    for (system, kind, what, slug), group in groups.items():
        text = (
            f"{len(group)} {what} of {several(kind)} in {policy.title(system)} are left of "
            f"{_STOPS[slug]}; they wait for a person like the others."
        )
        cause = common_cause(group) if what != INACTIVATED else ""
        text = f"{text}{f' {cause}.' if cause else ''} Such as: {sample(group)}."
        ruling = Ruling.APPROVAL if slug == RULES_CHANGED else Ruling.HALTED
        stop = Verdict(ruling=ruling, reason=slug, text=text, breaker=slug)
        verdicts |= {operation.id: stop for operation in group}
    return verdicts


def _halted(slug: str, text: str) -> Verdict:
    return Verdict(ruling=Ruling.HALTED, reason=slug, text=text, breaker=slug)


def common_cause(group: Sequence[Operation]) -> str:
    """What nine in ten of the group have in common, in a few words; ``""`` if nothing."""
    enough = COMMON_PART * len(group)
    by_field: dict[str, list[FieldChange]] = {}
    for operation in group:
        if operation.action is not Action.CREATE:
            for change in operation.changes:
                by_field.setdefault(change.field, []).append(change)
    shared = {f: changes for f, changes in by_field.items() if len(changes) >= enough}
    if not shared:
        return ""
    field, changes = max(shared.items(), key=lambda pair: (len(pair[1]), pair[0]))
    who = "All" if len(changes) == len(group) else f"{len(changes)} of {len(group)}"
    how = _common_change(changes, enough)
    return f"{who} change {field_name(field)}{f' {how}' if how else ''}"


def _common_change(changes: Sequence[FieldChange], enough: Decimal) -> str:
    first = changes[0].after
    if isinstance(first, Lines):
        return ""  # what changed in them cannot be said in a few words
    if len(changes) > 1 and all(same(c.after, first) for c in changes):
        return f"to {_brief(first)}"
    amounts = [
        (c.before, c.after)
        for c in changes
        if isinstance(c.before, Decimal) and isinstance(c.after, Decimal) and c.before
    ]
    if len(amounts) < 2:
        return ""
    widest = max(amounts, key=lambda pair: abs(pair[0]))
    for places in RATIO_PLACES:
        ratio = quantise(widest[1] / widest[0], places)
        if sum(1 for before, after in amounts if _fits(before, after, ratio)) >= enough:
            return f"by x{plain(ratio)}"
    return ""


def _fits(before: Decimal, after: Decimal, ratio: Decimal) -> bool:
    """Whether ``after`` is ``before`` times the ratio, as far as its own rounding can tell."""
    exponent = after.as_tuple().exponent
    places = max(-exponent, 2) if isinstance(exponent, int) else 2
    return abs(before * ratio - after) <= Decimal(1).scaleb(-places)


def _brief(value: Value) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else "one value"
