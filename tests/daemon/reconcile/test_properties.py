"""What must hold for any small world, whoever edited what."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.reconcile.mapping import render, same
from daemon.reconcile.plan import plan
from daemon.reconcile.policy import Policy
from daemon.reconcile.world import Party, World
from ledger.model.ids import ExternalRef, Kind, SystemName
from ledger.model.plans import FieldChange, Operation, Plan
from ledger.model.records import Record, comparable_values
from ledger.model.values import RecordRef, Reference
from tests.daemon.reconcile.alphabet import (
    AWAY,
    HOME,
    TO_NET30,
    TO_NET45,
    TO_RENT,
    TO_SALES,
    customer,
    dear_item,
    qbo_item,
    vendor,
)
from tests.daemon.reconcile.worlds import (
    DEAR,
    ION,
    QBO,
    Ledger,
    is_quiet,
    policy,
    until_quiet,
    with_books,
)

NAMES = ("Bolt", "bolt", "Bolt ", "Bo:lt", "Bo-lt", "Nut", "N" * 120, "M" * 120, "O’Neil", "O'Neil")
PRICES = (None, Decimal("1"), Decimal("1.00"), Decimal("2.12345"), Decimal("2.1235"), Decimal(3))
EMAILS = (None, "", "a@x.test", "b@x.test")
SKUS = (None, "A", "a", "B", "C", "D")
GONE = Reference(kind=Kind.TERM, key="no such term")

EDITS: dict[Kind, dict[str, tuple[Any, ...]]] = {
    Kind.ITEM: {
        "name": NAMES,
        "sku": SKUS,
        "sales_price": PRICES,
        "purchase_cost": PRICES,
        "description": ("x", None, " x "),
        "income_account": (TO_SALES, TO_RENT, None),
        "active": (True, False),
    },
    Kind.VENDOR: {
        "name": NAMES,
        "email": EMAILS,
        "billing_address": (HOME, AWAY, None),
        "terms": (TO_NET30, TO_NET45, None, GONE),
        "active": (True, False),
    },
    Kind.CUSTOMER: {"name": NAMES, "email": EMAILS, "active": (True, False)},
}
MAKERS: dict[tuple[SystemName, Kind], Callable[..., Record]] = {
    (QBO, Kind.ITEM): qbo_item,
    (DEAR, Kind.ITEM): dear_item,
    (ION, Kind.ITEM): dear_item,
}


def made(system: SystemName, kind: Kind, **changes: Any) -> Record:
    default: Callable[..., Record] = vendor if kind is Kind.VENDOR else customer
    return MAKERS.get((system, kind), default)(**changes)


@st.composite
def edits(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    fields = draw(st.lists(st.sampled_from(sorted(EDITS[kind])), max_size=3, unique=True))
    return {field: draw(st.sampled_from(EDITS[kind][field])) for field in fields}


@st.composite
def worlds(draw: st.DrawFn, systems: tuple[SystemName, ...] = (QBO, DEAR)) -> Ledger:
    """Some agreed pairs, edited on either side since; some records that one side shows alone."""
    ledger = with_books()
    for number in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(sorted(EDITS)))
        start = draw(edits(kind)) | {"name": f"pair {number}"}
        if kind is Kind.ITEM:
            start["sku"] = f"P{number}"
        record = ledger.pair(made(QBO, kind, **start), made(DEAR, kind, **start), id=f"p{number}")
        if draw(st.integers(0, 4)) == 0:
            ledger.baselines.pop(record)
        for system in (QBO, DEAR):
            ledger.edit(system, kind, f"p{number}", **draw(edits(kind)))
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(sorted(EDITS)))
        system = draw(st.sampled_from(systems))
        ledger.show(system, f"n{number}", made(system, kind, **draw(edits(kind))))
    if draw(st.integers(0, 9)) == 0 and ledger.shown:
        ref = draw(st.sampled_from(sorted(ledger.shown)))
        ledger.remove(ref.system, ref.kind, ref.id)
    return ledger


SHARED_FIELDS = frozenset(
    {"name", "description", "sales_price", "email", "billing_address", "active"}
)
quickly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
THREE = (QBO, DEAR, ION)


@quickly
@given(worlds())
def test_the_systems_come_to_rest_and_then_agree(ledger: Ledger) -> None:
    rules = policy()
    last = until_quiet(ledger, rules)
    held = {h.record for h in last.holds} | {c.record for c in last.conflicts}
    world = World(ledger.views(), ledger, rules)
    for view in ledger.views():
        parties = world.parties(view)
        if view.record in held or len(parties) < 2 or not any(p.is_active for p in parties):
            continue
        one, other = parties
        for field in SHARED_FIELDS & shown(one) & shown(other):
            assert one.agrees_with(other, field) or other.agrees_with(one, field), field


def shown(party: Party) -> set[str]:
    return party.values.keys() & party.rule.fields.keys()


@quickly
@given(worlds(THREE))
def test_three_systems_come_to_rest(ledger: Ledger) -> None:
    until_quiet(ledger, policy(systems=THREE), passes=25)


@quickly
@given(worlds())
def test_a_world_at_rest_stays_at_rest(ledger: Ledger) -> None:
    rules = policy()
    last = until_quiet(ledger, rules)
    again = ledger.plan(rules)
    assert (again.holds, again.conflicts) == (last.holds, last.conflicts)
    assert is_quiet(msgspec.structs.replace(again, holds=(), conflicts=()))


@quickly
@given(worlds(THREE))
def test_no_value_is_written_that_nobody_entered(ledger: Ledger) -> None:
    rules = policy(systems=THREE)
    for _ in range(4):
        plan_made = ledger.plan(rules)
        for operation in plan_made.operations:
            for change in operation.changes:
                assert entered(ledger, rules, operation, change), (operation, change)
        ledger.carry_out(plan_made, rules)


def entered(ledger: Ledger, rules: Policy, operation: Operation, change: FieldChange) -> bool:
    """Whether the value is what the trace says: a mapped field of a side, or a configured one."""
    rule = rules.capabilities[operation.system].kinds[operation.kind].fields[change.field]
    if change.trace.startswith("config "):
        assert change.trace == f"config {rule.default_key}"
        return change.after == ledger.pointed(operation.system, rule.default)
    origin, _, mapping = change.trace.partition(" via ")
    system, _, field = origin.partition(".")
    assert field == change.field
    view = ledger.view(operation.record)
    assert view is not None
    side = view.sides[SystemName(system)]
    assert side.record is not None
    values = comparable_values(side.record)
    if isinstance(change.after, RecordRef):
        return ledger.pointed(SystemName(system), values[field]) == change.after
    shown = render(values[field], rule=rule, values=values, source_id=side.ref.id)
    return same(shown.value, change.after) and (mapping or "identity") == shown.mapping


@quickly
@given(worlds(THREE))
def test_conflicted_fields_are_never_written_and_never_agreed(ledger: Ledger) -> None:
    rules = policy(systems=THREE)
    for _ in range(4):
        now = ledger.plan(rules)
        open_fields = {(c.record, f.field) for c in now.conflicts for f in c.fields}
        assert not open_fields & {
            (o.record, change.field) for o in now.operations for change in o.changes
        }
        for agreement in now.agreements:
            for system, image in agreement.images.items():
                old = ledger.baselines.get(agreement.record, {}).get(system)
                for record, field in open_fields:
                    if record == agreement.record:
                        before = old.fields.get(field) if old else None
                        assert image.get(field) == before
        ledger.carry_out(now, rules)


@quickly
@given(worlds(THREE), st.permutations(THREE), st.randoms(use_true_random=False))
def test_the_order_of_systems_and_records_does_not_matter(
    ledger: Ledger, systems: list[SystemName], dice: Any
) -> None:
    def shuffled(rules: Policy) -> Plan:
        views = ledger.views()
        dice.shuffle(views)
        views = [msgspec.structs.replace(v, sides=dict(reversed(v.sides.items()))) for v in views]
        return plan(views, ledger, rules)

    assert shuffled(policy(systems=tuple(systems))) == ledger.plan(policy(systems=THREE))


@quickly
@given(worlds())
def test_ids_are_derived(ledger: Ledger) -> None:
    first, again = ledger.plan(policy()), ledger.plan(policy())
    assert [o.id for o in first.operations] == [o.id for o in again.operations]
    assert len({o.id for o in first.operations}) == len(first.operations)
    based = {o.record for o in first.operations if o.record in ledger.baselines}
    for record in based:
        for system, baseline in list(ledger.baselines[record].items()):
            ledger.remember(record, system, baseline.fields)
    later = {o.id for o in ledger.plan(policy()).operations if o.record in based}
    assert not later & {o.id for o in first.operations}


@quickly
@given(worlds())
def test_matching_is_symmetric(ledger: Ledger) -> None:
    rules = policy()
    for link in ledger.plan(rules).links:
        joining = ledger.records[link.ref]
        for record in (link.record, joining):
            view = ledger.view(record)
            assert view is not None
            assert link in plan([view], ledger, rules).links
    proposed = {
        (h.record, ledger.records[c.ref])
        for h in ledger.plan(rules).holds
        if h.code == "proposed_match"
        for c in h.candidates
    }
    # The other side may know better by a stronger key, but then it does not stay silent either.
    holds = {h.record for h in ledger.plan(rules).holds}
    inactive = {v.record for v in ledger.views() if not is_active(ledger, v.record)}
    assert {other for _, other in proposed} <= holds | inactive


def is_active(ledger: Ledger, record: Any) -> bool:
    view = ledger.view(record)
    assert view is not None
    return any(
        side.record is not None and getattr(side.record, "active", True) is not False
        for side in view.sides.values()
    )


@quickly
@given(worlds(THREE))
def test_a_record_is_written_once_in_a_wave_and_never_before_what_it_needs(
    ledger: Ledger,
) -> None:
    rules = policy(systems=THREE)
    now = ledger.plan(rules)
    assert len({(o.wave, o.record) for o in now.operations}) == len(now.operations)
    creates = {(o.system, o.record): o.wave for o in now.operations if o.ref is None}
    for operation in now.operations:
        for need in operation.needs:
            assert creates[operation.system, need] < operation.wave
    linked = {link.record for link in now.links} | {ledger.records[k.ref] for k in now.links}
    assert not linked & {o.record for o in now.operations}
    assert not linked & set(now.decided)


@quickly
@given(worlds())
def test_no_unique_name_is_given_twice(ledger: Ledger) -> None:
    rules = policy()
    for _ in range(6):
        now = ledger.plan(rules)
        ledger.carry_out(now, rules)
        for operation in now.operations:
            if operation.system == QBO:
                assert_name_is_unique(ledger, operation)


def assert_name_is_unique(ledger: Ledger, operation: Operation) -> None:
    changed = {c.field: c.after for c in operation.changes}
    name = changed.get("name")
    if not isinstance(name, str):
        return
    kinds = [Kind.ITEM] if operation.kind is Kind.ITEM else [Kind.VENDOR, Kind.CUSTOMER]
    refs: set[ExternalRef] = set()
    for kind in kinds:
        refs |= set(ledger.find(QBO, kind, "name", name.casefold()))
    assert {ledger.records[r] for r in refs} <= {operation.record}, name
