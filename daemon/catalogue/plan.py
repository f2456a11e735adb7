"""What the re-export would write: the ordinary core, asked as if the old items were unlinked.

The records are shown to ``daemon.reconcile.decide`` without their side in the books. What comes out
has the very digests that it will have after the real ``Unlinked`` entries, because a digest is made
of the record, its changes and the content of the remaining sides. Pure; must not append.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from daemon.catalogue import clashes
from daemon.catalogue.retiring import (
    ACTIVE,
    freeing,
    marked_name,
    resting,
    retirement,
    shown_name,
)
from daemon.catalogue.sort import Standing
from daemon.catalogue.words import Act, Options, Row
from daemon.reconcile.decide import Decider
from daemon.reconcile.match import NOT_THE_SAME
from daemon.reconcile.merge import values_digest
from daemon.reconcile.plan import plan
from daemon.reconcile.pointers import Decision
from daemon.reconcile.policy import Lookups, Policy
from daemon.reconcile.world import World
from ledger.model.facts import ConfirmedChange, Hold, HoldCode, RecordView, Resolution
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, SystemName
from ledger.model.plans import Action, Operation
from ledger.model.values import RecordRef, Reference

NONE = Digest("")
NAMES = ("name", "normal_name")
OTHER_ACCOUNT = "it would post to another income account than the old item"
_APART = values_digest(NOT_THE_SAME, {})


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """One product of the plan, as it stands."""

    view: RecordView
    standing: Standing
    answer: str = ""
    """What a person said of its clash, if anything."""


class Remembered:
    """Another one's answers; what pointers mean is asked once."""

    def __init__(self, lookups: Lookups) -> None:
        self.lookups = lookups
        self._resolved: dict[tuple[SystemName, Reference], RecordId | None] = {}

    def record_of(self, ref: ExternalRef) -> RecordId | None:
        return self.lookups.record_of(ref)

    def ref_of(self, record: RecordId, system: SystemName) -> ExternalRef | None:
        return self.lookups.ref_of(record, system)

    def resolve(self, system: SystemName, reference: Reference) -> RecordId | None:
        key = (system, reference)
        if key not in self._resolved:
            self._resolved[key] = self.lookups.resolve(system, reference)
        return self._resolved[key]

    def find(self, system: SystemName, kind: Kind, key: str, value: str) -> Sequence[ExternalRef]:
        return self.lookups.find(system, kind, key, value)

    def view(self, record: RecordId) -> RecordView | None:
        return self.lookups.view(record)

    def catalogue_complete(self, system: SystemName, kind: Kind) -> bool:
        return self.lookups.catalogue_complete(system, kind)

    def confirmed_changes(self, record: RecordId) -> Sequence[ConfirmedChange]:
        return self.lookups.confirmed_changes(record)

    def remapped(self, system: SystemName) -> Mapping[RecordId, RecordId]:
        return self.lookups.remapped(system)


class Parted(Remembered):
    """The ledger's answers as they will be once the chosen products have lost their old items.

    An old item that is about to be retired gives its name up as well.
    """

    def __init__(
        self, lookups: Lookups, views: Sequence[RecordView], books: SystemName, retired: set[str]
    ) -> None:
        super().__init__(lookups)
        self._views: dict[RecordId, RecordView] = {}
        self._owners: dict[ExternalRef, RecordId] = {}
        self._books = books
        self._retired = retired
        self.remaining: list[RecordView] = []
        for view in views:
            left = without(view, books)
            self.remaining.append(left)
            self._views[view.record] = left
            old = view.sides.get(books)
            if old is not None:
                alone = own_record(view.record)
                self._owners[old.ref] = alone
                self._views[alone] = RecordView(
                    record=alone, kind=view.kind, sides={books: old}, baselines={}
                )

    def record_of(self, ref: ExternalRef) -> RecordId | None:
        return self._owners.get(ref) or self.lookups.record_of(ref)

    def ref_of(self, record: RecordId, system: SystemName) -> ExternalRef | None:
        view = self._views.get(record)
        if view is None:
            return self.lookups.ref_of(record, system)
        side = view.sides.get(system)
        return side.ref if side is not None else None

    def find(self, system: SystemName, kind: Kind, key: str, value: str) -> Sequence[ExternalRef]:
        found = self.lookups.find(system, kind, key, value)
        if not self._retired or system != self._books or key not in NAMES:
            return found
        return tuple(ref for ref in found if ref.kind is not kind or ref.id not in self._retired)

    def view(self, record: RecordId) -> RecordView | None:
        return self._views.get(record) or self.lookups.view(record)


def without(view: RecordView, system: SystemName) -> RecordView:
    """The record after its part in ``system`` was unlinked and told apart for good."""
    old = view.sides.get(system)
    if old is None:
        return view
    sides = {name: side for name, side in view.sides.items() if name != system}
    baselines = {name: base for name, base in view.baselines.items() if name != system}
    return RecordView(
        record=view.record,
        kind=view.kind,
        sides=sides,
        baselines=baselines if len(sides) > 1 else {},
        open_intent=view.open_intent,
        rejections=view.rejections,
        resolutions=(*view.resolutions, apart(old.ref)),
        answered=view.answered,
    )


def apart(ref: ExternalRef) -> Resolution:
    """The answer that keeps the ladder from joining an old item again by its SKU."""
    return Resolution(field=f"{NOT_THE_SAME}{ref}", take=ref.system, value_digest=_APART)


def own_record(record: RecordId) -> RecordId:
    """An id for the old item of a product by itself; only that it is no other record's counts."""
    return RecordId(f"{record}/old")


def plan_rows(
    chosen: Sequence[Chosen], lookups: Lookups, policy: Policy, options: Options
) -> list[Row]:
    """One row for every chosen product, in the given order."""
    kept: dict[RecordId, Row] = {}
    anew: list[Chosen] = []
    for one in chosen:
        if one.standing is Standing.INACTIVE and _is_reactivated(one, options):
            kept[one.view.record] = _reactivated(one, lookups, policy)
        else:
            anew.append(one)
    retired = _old_ids((one for one in anew if one.standing is Standing.ALIVE), policy)
    parted = Parted(lookups, [one.view for one in anew], policy.books, retired)
    answered: dict[str, list[Chosen]] = {clashes.RENAME: [], clashes.SUFFIX: []}
    for one, decision in _decided(anew, parted, policy):
        made, wish = _row(one, decision, parted, policy, options)
        kept[one.view.record] = made
        if wish:
            answered[wish].append(one)
    for made in _renamed(answered[clashes.RENAME], retired, lookups, policy):
        kept[made.record] = made
    for made in _suffixed(answered[clashes.SUFFIX], retired, lookups, policy):
        kept[made.record] = made
    return [kept[one.view.record] for one in chosen]


def _old_ids(chosen: Iterable[Chosen], policy: Policy) -> set[str]:
    sides = (one.view.sides.get(policy.books) for one in chosen)
    return {side.ref.id for side in sides if side is not None}


def _decided(
    chosen: Sequence[Chosen], parted: Parted, policy: Policy
) -> Iterator[tuple[Chosen, Decision]]:
    """What the ordinary core makes of products that have lost their old items."""
    ask = Decider(World(parted.remaining, parted, policy))
    for one in chosen:
        decision = ask(one.view.record)
        assert decision is not None, "a record that is given can be decided"
        yield one, decision


def _is_reactivated(one: Chosen, options: Options) -> bool:
    return one.answer == clashes.REACTIVATE or (options.reactivate and not options.as_type)


def _row(
    one: Chosen, decision: Decision, lookups: Parted, policy: Policy, options: Options
) -> tuple[Row, str]:
    """The row of a product; and how its clash was answered where that takes another look."""
    if decision.links or decision.awaits_links:
        return row(one, policy, Act.ADOPT, why="an unlinked item of the same key is there"), ""
    create = _create_of(decision, policy)
    if create is not None:
        if one.standing is not Standing.ALIVE:
            return _created(one, create, Act.CREATE, lookups, policy), ""
        retire = retirement(one.view, lookups.lookups, policy).digest
        made = _created(one, create, Act.RETIRE, lookups, policy)
        return msgspec.structs.replace(made, retire=retire), ""
    hold = _hold_of(decision)
    if hold is None:
        why = "the ordinary plan has nothing to create here"
        return row(one, policy, Act.SKIP, why=why), ""
    found = clashes.clash(one.view, one.standing, hold, lookups, policy)
    if found is None:
        return row(one, policy, Act.SKIP, why=hold.text), ""
    wish = one.answer or options.clashes
    if wish not in found.ways or (wish == clashes.REACTIVATE and options.as_type):
        told = "" if wish == clashes.ASK else f" Answers here: {', '.join(found.ways)}."
        return row(one, policy, Act.CLASH, why=f"{found.why}{told}"), ""
    if wish == clashes.REACTIVATE:
        return _reactivated(one, lookups.lookups, policy), ""
    if wish == clashes.SKIP:
        why = "left alone as asked: an item at rest has the name that it needs"
        return row(one, policy, Act.SKIP, why=why), ""
    return row(one, policy, Act.CLASH, why=found.why), wish


def _create_of(decision: Decision, policy: Policy) -> Operation | None:
    for operation in decision.operations:
        if operation.system == policy.books and operation.action is Action.CREATE:
            return operation
    return None


def _hold_of(decision: Decision) -> Hold | None:
    """What stands in the way of a create; a name that is taken before all else."""
    taken = (hold for hold in decision.holds if hold.code is HoldCode.NAME_TAKEN)
    return next(taken, decision.holds[0] if decision.holds else None)


def _created(one: Chosen, create: Operation, act: Act, lookups: Lookups, policy: Policy) -> Row:
    name = next((str(c.after) for c in create.changes if c.field == "name"), "")
    why = _other_account(one, create, lookups, policy)
    return row(one, policy, act, digest=create.digest, name=name, why=why)


def _renamed(
    chosen: Sequence[Chosen], retired: set[str], lookups: Lookups, policy: Policy
) -> Iterator[Row]:
    """The old item gives its name up in two writes, then a new one is created under it."""
    freed = retired | _old_ids(chosen, policy)
    parted = Parted(lookups, [one.view for one in chosen], policy.books, freed)
    for one, decision in _decided(chosen, parted, policy):
        create, hold = _create_of(decision, policy), _hold_of(decision)
        name = shown_name(one.view, policy.books)
        marked = marked_name(name, lookups, policy, cut=True)
        if create is None or not marked:
            yield row(one, policy, Act.SKIP, why=hold.text if hold else "no marked name is free")
            continue
        seen = {system: side.comparable for system, side in one.view.sides.items()}
        yield msgspec.structs.replace(
            _created(one, create, Act.RENAME, parted, policy),
            free=freeing(one.view, marked, lookups, policy).digest,
            retire=resting(one.view, seen, lookups, policy).digest,
            marked=marked,
            seen=seen,
        )


def _suffixed(
    chosen: Sequence[Chosen], retired: set[str], lookups: Lookups, policy: Policy
) -> Iterator[Row]:
    """The new item is created under the name with a number; the old one keeps its own."""
    said = {one.view.record: clashes.number(one.view, lookups, policy) for one in chosen}
    views = [with_answer(one.view, said[one.view.record]) for one in chosen]
    parted = Parted(lookups, views, policy.books, retired)
    for one, decision in _decided(chosen, parted, policy):
        create, hold = _create_of(decision, policy), _hold_of(decision)
        if create is None:
            yield row(one, policy, Act.SKIP, why=hold.text if hold else "no number is free")
            continue
        made = _created(one, create, Act.SUFFIX, parted, policy)
        yield msgspec.structs.replace(made, called=said[one.view.record])


def with_answer(view: RecordView, answer: Resolution | None) -> RecordView:
    """The record as it will be once the answer stands in the ledger."""
    if answer is None:
        return view
    earlier = {field: seq for field, seq in view.answered.items() if field != answer.field}
    resolutions = (*view.resolutions, answer)
    return msgspec.structs.replace(view, resolutions=resolutions, answered=earlier)


def _other_account(one: Chosen, create: Operation, lookups: Lookups, policy: Policy) -> str:
    """A remark where the new item would post to another income account than the old one."""
    old = one.view.sides.get(policy.books)
    before = getattr(old.record, "income_account", None) if old is not None else None
    after = next((c.after for c in create.changes if c.field == "income_account"), None)
    if not isinstance(before, Reference) or not isinstance(after, RecordRef):
        return ""
    if lookups.resolve(policy.books, before) in (None, after.record):
        return ""
    return OTHER_ACCOUNT


def row(
    one: Chosen,
    policy: Policy,
    act: Act,
    *,
    digest: Digest = NONE,
    name: str = "",
    why: str = "",
) -> Row:
    """The row of a product as it stands."""
    old = one.view.sides.get(policy.books)
    return Row(
        record=one.view.record,
        label=one.view.label,
        name=name or _own_name(one.view, policy.books),
        standing=one.standing.value,
        act=act,
        old=old.ref if old is not None else None,
        digest=digest,
        why=why,
    )


def _own_name(view: RecordView, books: SystemName) -> str:
    """What the source calls it."""
    shown = (getattr(s.record, "name", None) for name, s in view.sides.items() if name != books)
    return next((text for text in shown if isinstance(text, str)), "")


def _reactivated(one: Chosen, lookups: Lookups, policy: Policy) -> Row:
    """The reactivation that the ordinary core plans once a person has taken the source's side."""
    answer = stays_active(one.view, lookups, policy)
    view = with_answer(one.view, answer)
    made = plan([view], _Answered(lookups, view), policy)
    for operation in made.operations:
        if operation.system == policy.books and operation.action is Action.REACTIVATE:
            return row(one, policy, Act.REACTIVATE, digest=operation.digest)
    why = next((hold.text for hold in made.holds if hold.record == view.record), "")
    return row(one, policy, Act.SKIP, why=why or "it cannot be made active again by an update")


def stays_active(view: RecordView, lookups: Lookups, policy: Policy) -> Resolution:
    """The answer "the source is right: it is active", bound to what both sides show now."""
    parties = World([view], lookups, policy).parties(view)
    values = {p.system: p.values[ACTIVE] for p in parties if ACTIVE in p.values}
    source = next((name for name, value in values.items() if value is not False), policy.books)
    return Resolution(field=ACTIVE, take=source, value_digest=values_digest(ACTIVE, values))


class _Answered(Parted):
    """The ledger with one answer more."""

    def __init__(self, lookups: Lookups, view: RecordView) -> None:
        super().__init__(lookups, [], SystemName(""), set())
        self._views[view.record] = view
