"""A new record: the short way that most of its fields take says what the long way says."""

from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from daemon.reconcile.calling import called
from daemon.reconcile.changes import Drafted, draft_field
from daemon.reconcile.create import plain_change
from daemon.reconcile.decide import Decider
from daemon.reconcile.policy import Policy
from daemon.reconcile.world import Party, World
from ledger.model.capabilities import Access
from ledger.model.ids import ExternalRef, Kind
from ledger.model.records import comparable_fields
from tests.daemon.reconcile.test_properties import EDITS, edits, made
from tests.daemon.reconcile.worlds import DEAR, QBO, change_rule, policy, with_books

RULES: dict[str, st.SearchStrategy[Any]] = {
    "max_length": st.sampled_from((None, 3)),
    "forbidden": st.sampled_from(("", ":x")),
    "places": st.sampled_from((None, 0, 2)),
    "words": st.sampled_from(({}, {"x": "y"}, {"x": ""})),
    "code_from_id": st.sampled_from(("", "Q{id}")),
    "required": st.booleans(),
    "access": st.sampled_from(tuple(Access)),
}


@st.composite
def policies(draw: st.DrawFn, kind: Kind) -> Policy:
    owners = {
        field: draw(st.sampled_from(("both", "source", "books", "none")))
        for field in draw(st.lists(st.sampled_from(comparable_fields(kind)), max_size=2))
    }
    rules = policy(names=draw(st.sampled_from(("sanitise", "hold"))), authority={kind: owners})
    for field in draw(st.lists(st.sampled_from(sorted(EDITS[kind])), max_size=3)):
        changed = draw(st.sampled_from(sorted(RULES)))
        rules = change_rule(rules, QBO, kind, field, **{changed: draw(RULES[changed])})
    return rules


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from((Kind.ITEM, Kind.VENDOR)))
def test_a_field_on_the_short_way_is_drafted_the_same_at_length(
    data: st.DataObject, kind: Kind
) -> None:
    ledger, rules = with_books(), data.draw(policies(kind))
    shown = made(DEAR, kind, **data.draw(edits(kind)))
    record = ledger.show(DEAR, "new", shown)
    name = getattr(shown, "name", None)
    if isinstance(name, str) and data.draw(st.booleans()):
        ledger.resolutions[record] = (called(name, "(2)", of=DEAR, there=QBO),)
    ledger.plan(rules)  # notes which fields a new record may get
    world = World(ledger.views(), ledger, rules)
    view = world.view(record)
    rule = rules.rule(QBO, kind)
    assert view is not None
    assert rule is not None
    source = world.parties(view)[0]
    target = Party(system=QBO, ref=ExternalRef(QBO, kind, ""), values={}, base={}, rule=rule)
    fields = rules.fields_created.get((kind, QBO, (DEAR,)), ())
    event("nothing is created" if not fields else "created")
    for known in fields:
        field = known.field
        short = plain_change(source, known) if field in source.values else None
        event("short" if short is not None else "long")
        if short is not None:
            at_length = draft_field(
                view, source, target, field, None, world=world, ask=Decider(world)
            )
            assert at_length == Drafted(change=short)
