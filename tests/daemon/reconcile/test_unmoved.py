"""The short way round the merge says what the long way says, whatever the rules and the mapping."""

from typing import Any

import msgspec
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from daemon.reconcile.decide import IN_STEP, Decider
from daemon.reconcile.plan import plan
from daemon.reconcile.policy import Policy
from daemon.reconcile.unmoved import is_unmoved
from daemon.reconcile.world import World, reference_kind
from ledger.model.capabilities import Access
from ledger.model.facts import Problem, Resolution
from ledger.model.ids import Digest, ExternalRef, Kind, SystemName
from ledger.model.records import RECORD_TYPES, comparable_fields
from tests.daemon.reconcile.test_properties import EDITS, THREE, edits, made
from tests.daemon.reconcile.worlds import (
    DEAR,
    QBO,
    Ledger,
    change_kind,
    change_rule,
    policy,
    until_quiet,
    with_books,
)

OWNERS = ("books", "source", "both", "none")


@st.composite
def companies(draw: st.DrawFn) -> Ledger:
    """Pairs that were once agreed on, in whatever they differ, in part or whole; some have moved
    since, some are out of the ordinary."""
    ledger = with_books()
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(sorted(EDITS)))
        qbo, dear = (made(system, kind, **draw(edits(kind))) for system in (QBO, DEAR))
        record = ledger.pair(qbo, dear, id=f"p{number}")
        if draw(st.integers(0, 3)) == 0:
            ledger.baselines.pop(record)
            names = draw(st.lists(st.sampled_from(comparable_fields(kind)), max_size=6))
            ledger.agree(record, *names)
        if draw(st.integers(0, 3)) == 0:
            system = draw(st.sampled_from((QBO, DEAR)))
            ledger.edit(system, kind, f"p{number}", **draw(edits(kind)))
        if draw(st.integers(0, 4)) == 0:
            _disturb(draw, ledger, ExternalRef(QBO, kind, f"p{number}"))
    return ledger


def _disturb(draw: st.DrawFn, ledger: Ledger, ref: ExternalRef) -> None:
    record = ledger.records[ref]
    match draw(st.sampled_from(("gone", "intent", "answer", "scope", "problem", "remap"))):
        case "gone":
            ledger.remove(ref.system, ref.kind, ref.id)
        case "intent":
            ledger.intents[record] = "request"
        case "answer":
            said = Resolution(field="name", take=DEAR, value_digest=Digest("0"))
            ledger.resolutions[record] = (said,)
        case "scope":
            ledger.shown[ref].out_of_scope = "a category"
        case "problem":
            ledger.shown[ref].problem = Problem(code="malformed", message="cannot be read")
        case _:
            pointed = sorted(r for of, r in ledger.records.items() if of.kind is Kind.ACCOUNT)
            ledger.remaps[QBO, pointed[0]] = pointed[-1]


@st.composite
def rule_books(draw: st.DrawFn) -> Policy:
    systems = draw(st.sampled_from(((QBO, DEAR), THREE)))
    kind = draw(st.sampled_from(sorted(EDITS)))
    changes: dict[str, Any] = {
        "authority": {kind: {f: draw(st.sampled_from(OWNERS)) for f in sorted(EDITS[kind])}},
        "on_foreign_edit": {kind: {"*": draw(st.sampled_from(("hold", "restore", "accept")))}},
        "flows": {draw(st.sampled_from((kind, Kind.TERM))): draw(st.sampled_from(("auto", "off")))},
        "names": draw(st.sampled_from(("sanitise", "hold"))),
        "mapping_version": draw(st.sampled_from((1, 1, 1, 2))),
    }
    rules = policy(systems=systems, **changes)
    system: SystemName = draw(st.sampled_from(systems))
    match draw(st.sampled_from(("as they are", "read only", "out of service", "other mapping"))):
        case "read only":
            return change_rule(rules, system, kind, "name", access=Access.READ)
        case "out of service":
            return change_kind(rules, system, kind, disabled="the plan has none")
        case "other mapping":
            return change_rule(rules, system, kind, "name", max_length=3, forbidden="uo")
        case _:
            return rules


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(companies(), rule_books())
def test_the_short_way_is_taken_only_where_the_long_way_finds_nothing(
    ledger: Ledger, rules: Policy
) -> None:
    views = ledger.views()
    short, long = World(views, ledger, rules), Decider(World(views, ledger, rules))
    unmoved = [view for view in views if is_unmoved(view, short)]
    event(f"{'some' if unmoved else 'none'} took the short way")
    for view in unmoved:
        assert long.at_length(view) == IN_STEP, view
    alone = [plan([view], ledger, rules) for view in unmoved]
    assert all(one.decided == one.in_step for one in alone)


def test_pairs_that_have_come_to_rest_take_the_short_way() -> None:
    ledger, rules = with_books(), policy()
    for kind in EDITS:
        ledger.pair(made(QBO, kind), made(DEAR, kind), id=kind.value)
    until_quiet(ledger, rules)
    world = World(ledger.views(), ledger, rules)
    pairs = [view for view in ledger.views() if view.kind in EDITS]
    assert len(pairs) == len(EDITS)
    assert all(is_unmoved(view, world) for view in pairs)

    ledger.edit(DEAR, Kind.VENDOR, "vendor", email="new@x.test")
    world = World(ledger.views(), ledger, rules)
    assert [v.kind for v in pairs if not is_unmoved(ledger.view(v.record) or v, world)] == [
        Kind.VENDOR
    ]


def test_a_pointer_that_means_another_record_now_has_moved() -> None:
    ledger, rules = with_books(), policy()
    record = ledger.pair(made(QBO, Kind.VENDOR), made(DEAR, Kind.VENDOR))
    until_quiet(ledger, rules)
    view = ledger.view(record)
    assert view is not None
    assert is_unmoved(view, World([view], ledger, rules))
    terms = {of: r for of, r in ledger.records.items() if of.kind is Kind.TERM}
    first, *_, last = sorted(terms)
    ledger.records[first], ledger.records[last] = terms[last], terms[first]
    assert not is_unmoved(view, World([view], ledger, rules))


def test_every_pointer_of_a_record_is_known_as_one() -> None:
    for kind, record_type in RECORD_TYPES.items():
        for field in msgspec.structs.fields(record_type):
            if "Reference" in str(field.type):
                assert reference_kind(kind, field.name) is not None, (kind, field.name)
