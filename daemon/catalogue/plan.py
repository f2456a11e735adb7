"""What the re-export would write: the ordinary core, asked as if the old items were unlinked.

The records are shown to ``daemon.reconcile.decide`` without their side in the books. What comes out
has the very digests that it will have after the real ``Unlinked`` entries, because a digest is made
of the record, its changes and the content of the remaining sides. Pure; must not append.
"""

from collections.abc import Mapping, Sequence

import msgspec

from daemon.catalogue.sort import Standing
from daemon.catalogue.words import Act, Options, Row
from daemon.reconcile.decide import Decider
from daemon.reconcile.match import NOT_THE_SAME
from daemon.reconcile.merge import values_digest
from daemon.reconcile.operations import make_operation
from daemon.reconcile.plan import plan
from daemon.reconcile.pointers import Decision
from daemon.reconcile.policy import Lookups, Policy
from daemon.reconcile.world import World
from ledger.model.facts import ConfirmedChange, HoldCode, RecordView, Resolution
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, SystemName
from ledger.model.keys import fold
from ledger.model.plans import Action, FieldChange, Operation
from ledger.model.values import RecordRef, Reference

ACTIVE = "active"
NONE = Digest("")
RETIRES = "catalogue job: retire"
MOST_MARKS = 50
"""Retired items of one name that are told apart by a number."""
NAMES = ("name", "normal_name")
OTHER_ACCOUNT = "it would post to another income account than the old item"


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
        if system != self._books or key not in NAMES or not self._retired:
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
    return msgspec.structs.replace(
        view,
        sides=sides,
        baselines=baselines if len(sides) > 1 else {},
        resolutions=(*view.resolutions, apart(old.ref)),
    )


def apart(ref: ExternalRef) -> Resolution:
    """The answer that keeps the ladder from joining an old item again by its SKU."""
    return Resolution(
        field=f"{NOT_THE_SAME}{ref}",
        take=ref.system,
        value_digest=values_digest(NOT_THE_SAME, {}),
    )


def own_record(record: RecordId) -> RecordId:
    """An id for the old item of a product by itself; only that it is no other record's counts."""
    return RecordId(f"{record}/old")


def plan_rows(
    chosen: Sequence[Chosen], lookups: Lookups, policy: Policy, options: Options
) -> list[Row]:
    """One row for every chosen product, in the given order."""
    books = policy.books
    kept: dict[RecordId, Row] = {}
    anew: list[Chosen] = []
    for one in chosen:
        if one.standing is Standing.INACTIVE and _is_reactivated(one, options):
            kept[one.view.record] = _reactivated(one, lookups, policy)
        else:
            anew.append(one)
    retired = {
        side.ref.id
        for one in anew
        if one.standing is Standing.ALIVE and (side := one.view.sides.get(books)) is not None
    }
    parted = Parted(lookups, [one.view for one in anew], books, retired)
    ask = Decider(World(parted.remaining, parted, policy))
    made = {view.record: ask(view.record) for view in parted.remaining}
    for one in anew:
        decision = made[one.view.record]
        assert decision is not None, "a record that is given can be decided"
        kept[one.view.record] = _row(one, decision, parted, policy, options)
    return [kept[one.view.record] for one in chosen]


def _is_reactivated(one: Chosen, options: Options) -> bool:
    return one.answer == "reactivate" or (options.reactivate and not options.as_type)


def _row(one: Chosen, decision: Decision, lookups: Parted, policy: Policy, options: Options) -> Row:
    if decision.links or decision.awaits_links:
        return row(one, policy, Act.ADOPT, why="an unlinked item of the same key is there")
    create = next((o for o in decision.operations if _creates(o, policy)), None)
    hold = next((h for h in decision.holds if h.code is HoldCode.NAME_TAKEN), None)
    if hold is None and decision.holds:
        hold = decision.holds[0]
    old = one.view.sides.get(policy.books)
    if create is not None:
        retire = NONE
        if one.standing is Standing.ALIVE:
            retire = retirement(one.view, lookups.lookups, policy).digest
        name = next((str(c.after) for c in create.changes if c.field == "name"), "")
        return row(
            one,
            policy,
            Act.RETIRE if retire else Act.CREATE,
            digest=create.digest,
            retire=retire,
            name=name,
            why=_other_account(one, create, lookups, policy),
        )
    if hold is None:
        return row(one, policy, Act.SKIP, why="the ordinary plan has nothing to create here")
    is_own = old is not None and any(c.ref == old.ref for c in hold.candidates)
    if hold.code is not HoldCode.NAME_TAKEN or not is_own or len(hold.candidates) > 1:
        return row(one, policy, Act.SKIP, why=hold.text)
    wish = one.answer or options.clashes
    if wish == "reactivate" and one.standing is Standing.INACTIVE and not options.as_type:
        return _reactivated(one, lookups.lookups, policy)
    if wish == "skip":
        return row(one, policy, Act.SKIP, why=f"left alone as asked: {hold.text}")
    return row(one, policy, Act.CLASH, why=hold.text)


def _creates(operation: Operation, policy: Policy) -> bool:
    return operation.system == policy.books and operation.action is Action.CREATE


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
    retire: Digest = NONE,
    name: str = "",
    why: str = "",
) -> Row:
    """The row of a product as it stands."""
    old = one.view.sides.get(policy.books)
    shown = [
        getattr(side.record, "name", None)
        for name_of, side in one.view.sides.items()
        if name_of != policy.books
    ]
    return Row(
        record=one.view.record,
        label=one.view.label,
        name=name or next((text for text in shown if isinstance(text, str)), ""),
        standing=one.standing.value,
        act=act,
        old=old.ref if old is not None else None,
        digest=digest,
        retire=retire,
        why=why,
    )


def _reactivated(one: Chosen, lookups: Lookups, policy: Policy) -> Row:
    """The reactivation that the ordinary core plans once a person has taken the source's side."""
    answer = stays_active(one.view, lookups, policy)
    view = msgspec.structs.replace(one.view, resolutions=(*one.view.resolutions, answer))
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


def retirement(view: RecordView, lookups: Lookups, policy: Policy) -> Operation:
    """The old item is made inactive and gives its name up, so that a new one can take its place.

    The one operation that the job makes itself: the core would never put an item to rest that is
    active in the source. It goes through ledger, gate and cycle like any other. The name is given
    the mark that the books' own screen gives it, so that nobody takes it for a rename.
    """
    books = policy.books
    title = policy.title(books)
    changes = [FieldChange(field=ACTIVE, before=True, after=False, trace=RETIRES)]
    name = getattr(view.sides[books].record, "name", None)
    marked = _marked(name, lookups, policy) if isinstance(name, str) else ""
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


def _marked(name: str, lookups: Lookups, policy: Policy) -> str:
    """A free name for an item at rest; ``""`` where none is short enough: then the books' own
    renaming has to do."""
    rule = policy.rule(policy.books, Kind.ITEM)
    longest = rule.fields["name"].max_length if rule is not None else 0
    for number in range(MOST_MARKS):
        marked = f"{name} (deleted)" if number == 0 else f"{name} (deleted-{number})"
        if longest and len(marked) > longest:
            return ""
        if not lookups.find(policy.books, Kind.ITEM, "name", fold(marked)):
            return marked
    return ""
