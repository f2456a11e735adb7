"""Who may go by itself, who waits, and when everything stops."""

from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.reconcile.breaker import common_cause
from daemon.reconcile.gate import GateFacts, Pause, Shut, gate
from daemon.reconcile.policy import DocumentPolicy, Limits
from ledger.model.ids import Digest, Kind, OperationId, RecordId
from ledger.model.plans import Action, FieldChange, Operation, Ruling
from ledger.model.values import Line, Lines, RecordRef, Value
from tests.daemon.reconcile.worlds import DEAR, QBO, policy


def operation(
    number: int = 0,
    *,
    action: Action = Action.UPDATE,
    kind: Kind = Kind.ITEM,
    changes: tuple[tuple[str, Value, Value], ...] = (("name", "a", "b"),),
) -> Operation:
    return Operation(
        id=OperationId(f"op{number}-{action}-{kind}"),
        digest=Digest(f"d{number}"),
        record=RecordId(f"r{number}"),
        kind=kind,
        label=f"W-{number:03}",
        system=QBO,
        action=action,
        ref=None,
        changes=tuple(FieldChange(field=f, before=b, after=a, trace="") for f, b, a in changes),
        wave=0,
    )


def facts(**changes: Any) -> GateFacts:
    base = GateFacts(first_plan_approved=True, approved=frozenset(), live_counts={})
    return msgspec.structs.replace(base, **changes)


def ruled(one: Operation, given: GateFacts | None = None, **rules: Any) -> tuple[Ruling, str]:
    verdict = gate([one], given or facts(), policy(**rules))[one.id]
    assert bool(verdict.text) is (verdict.reason != "")
    return verdict.ruling, verdict.reason


def test_a_small_change_goes_by_itself() -> None:
    assert ruled(operation()) == (Ruling.AUTO, "")
    assert ruled(operation(action=Action.REACTIVATE)) == (Ruling.AUTO, "")
    assert ruled(operation(action=Action.CREATE)) == (Ruling.AUTO, "")


def test_nothing_goes_before_the_first_plan_is_approved() -> None:
    given: dict[str, Any] = {"first_plan_approved": False}
    assert ruled(operation(), facts(**given)) == (Ruling.APPROVAL, "first_plan")
    many = [operation(n) for n in range(200)]
    assert {v.ruling for v in gate(many, facts(**given), policy()).values()} == {Ruling.APPROVAL}
    approved = facts(**given, approved=frozenset({Digest("d0")}))
    assert ruled(operation(), approved) == (Ruling.AUTO, "approved")


def test_manual_flows_wait_unless_the_record_was_sent() -> None:
    rules: dict[str, Any] = {"flows": {Kind.ITEM: "manual"}}
    assert ruled(operation(), **rules) == (Ruling.APPROVAL, "manual_flow")
    sent = facts(sent=frozenset({RecordId("r0")}))
    assert ruled(operation(), sent, **rules) == (Ruling.AUTO, "")
    assert ruled(operation(kind=Kind.VENDOR), **rules) == (Ruling.AUTO, "")


def test_inactivation_always_waits() -> None:
    resting = operation(action=Action.INACTIVATE)
    assert ruled(resting) == (Ruling.APPROVAL, "inactivates")
    assert ruled(resting, facts(approved=frozenset({resting.digest}))) == (
        Ruling.AUTO,
        "approved",
    )


def test_creates_are_asked_for_where_the_policy_says_so() -> None:
    rules: dict[str, Any] = {"create": {Kind.ITEM: {QBO: "ask"}}}
    assert ruled(operation(action=Action.CREATE), **rules) == (Ruling.APPROVAL, "create_policy")
    assert ruled(operation(), **rules) == (Ruling.AUTO, "")
    other: dict[str, Any] = {"create": {Kind.ITEM: {DEAR: "ask"}}}
    assert ruled(operation(action=Action.CREATE), **other) == (Ruling.AUTO, "")


@pytest.mark.parametrize(
    ("count", "live", "halts"),
    [(25, 0, False), (26, 0, True), (30, 100, False), (31, 100, True), (300, 1000, False)],
)
def test_the_count_breaker(count: int, live: int, halts: bool) -> None:
    many = [operation(n) for n in range(count)]
    verdicts = gate(many, facts(live_counts={(QBO, Kind.ITEM): live}), policy())
    expected = Ruling.HALTED if halts else Ruling.AUTO
    assert {v.ruling for v in verdicts.values()} == {expected}


def test_groups_are_counted_by_system_kind_and_class_of_action() -> None:
    many = [operation(n) for n in range(20)]
    many += [operation(n, action=Action.CREATE) for n in range(20)]
    many += [operation(n, kind=Kind.VENDOR) for n in range(20)]
    many += [operation(n, kind=Kind.CUSTOMER, action=Action.INACTIVATE) for n in range(30)]
    verdicts = gate(many, facts(), policy())
    halted = {o.kind for o in many if verdicts[o.id].ruling is Ruling.HALTED}
    assert halted == {Kind.CUSTOMER}


def test_what_is_approved_does_not_count() -> None:
    many = [operation(n) for n in range(30)]
    approved = frozenset(o.digest for o in many[:10])
    verdicts = gate(many, facts(approved=approved), policy())
    assert {v.ruling for v in verdicts.values()} == {Ruling.AUTO}
    verdicts = gate(many, facts(approved=frozenset(o.digest for o in many[:2])), policy())
    assert [v.ruling for v in verdicts.values()].count(Ruling.HALTED) == 28


def test_approving_a_part_of_a_mass_change_does_not_let_the_rest_go() -> None:
    many = [operation(n) for n in range(30)]
    tripped = {o.id: "mass_change" for o in many[:29]}
    approved = frozenset(o.digest for o in many[:10])
    verdicts = gate(many, facts(approved=approved, tripped=tripped), policy())
    rulings = [verdicts[o.id].ruling for o in many]
    assert rulings == [Ruling.AUTO] * 10 + [Ruling.HALTED] * 19 + [Ruling.AUTO]
    (text,) = {verdicts[o.id].text for o in many[10:29]}
    assert text == (
        "19 updates of items in QuickBooks are left of a mass change; they wait for a person like "
        "the others. All change name to b. Such as: W-010, W-011, W-012, W-013, W-014."
    )


def test_limits_come_from_the_policy() -> None:
    many = [operation(n) for n in range(3)]
    rules = policy(limits=Limits(min_count=1, fraction=Decimal("0.1")))
    (verdict, *_) = gate(many, facts(live_counts={(QBO, Kind.ITEM): 20}), rules).values()
    assert verdict.text == (
        "3 updates of items in QuickBooks at once, where 20 are live; more than 1 and 10 % waits "
        "for a person. All change name to b. Such as: W-000, W-001, W-002."
    )


def test_a_mass_of_new_records_halts_without_a_cause() -> None:
    many = [operation(n, action=Action.CREATE) for n in range(26)]
    (text,) = {v.text for v in gate(many, facts(), policy()).values()}
    assert text == (
        "26 creates of items in QuickBooks at once, where 0 are live; more than 25 and 30 % waits "
        "for a person. Such as: W-000, W-001, W-002, W-003, W-004."
    )


def amounts(*pairs: tuple[str, str]) -> list[Operation]:
    return [
        operation(n, changes=(("sales_price", Decimal(b), Decimal(a)),))
        for n, (b, a) in enumerate(pairs)
    ]


@pytest.mark.parametrize(
    ("case", "group", "cause"),
    [
        ("a rise", amounts(("10", "11"), ("12.35", "13.59"), ("3", "3.30")),
         "All change sales price by x1.1"),
        ("no rule", amounts(("10", "11"), ("12", "18")), "All change sales price"),
        ("from nothing", amounts(("0", "11"), ("0", "18")), "All change sales price"),
        ("one alone", amounts(("10", "11")), "All change sales price"),
        ("whole numbers", amounts(("10", "20"), ("1E+1", "2E+1")), "All change sales price to 20"),
        ("all emptied", [operation(n, changes=(("email", "x", None),)) for n in range(3)],
         "All change e-mail address to nothing"),
        ("to one record", [operation(n, changes=(("terms", None, RecordRef(RecordId("t"))),))
                           for n in range(3)], "All change terms to one value"),
        ("nearly all", [*[operation(n) for n in range(9)],
                        operation(9, changes=(("sku", "a", "b"),))],
         "9 of 10 change name to b"),
        ("nothing in common", [operation(0), operation(1, changes=(("sku", "a", "b"),))], ""),
        ("creates", [operation(n, action=Action.CREATE) for n in range(3)], ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_the_common_cause(case: str, group: list[Operation], cause: str) -> None:
    assert common_cause(group) == cause, case


# -- documents ----------------------------------------------------------------------------------

FLOWING = {
    kind: DocumentPolicy(since="2026-01-01")
    for kind in (Kind.PURCHASE_ORDER, Kind.BILL, Kind.INVOICE)
}


@pytest.mark.parametrize(
    ("action", "kind", "words"),
    [
        (Action.VOID, Kind.INVOICE, 'void invoice "W-000" in QuickBooks'),
        (Action.DELETE, Kind.BILL, 'delete bill "W-000" from QuickBooks'),
        (Action.CLOSE, Kind.PURCHASE_ORDER, 'close purchase order "W-000" in QuickBooks'),
    ],
)
def test_the_end_of_a_document_is_asked_for_unless_told_otherwise(
    action: Action, kind: Kind, words: str
) -> None:
    ending = operation(action=action, kind=kind, changes=())
    verdict = gate([ending], facts(), policy(documents=FLOWING))[ending.id]
    assert (verdict.ruling, verdict.reason) == (Ruling.APPROVAL, "removes")
    assert words in verdict.text

    free = {kind: DocumentPolicy(since="2026-01-01", removals="auto")}
    assert ruled(ending, documents=free) == (Ruling.AUTO, "")
    approved = facts(approved=frozenset({ending.digest}))
    assert ruled(ending, approved, documents=FLOWING) == (Ruling.AUTO, "approved")


@pytest.mark.parametrize(
    ("count", "live", "halts"),
    [(60, 0, False), (60, 40_000, False), (500, 0, False), (501, 0, True), (3000, 40_000, True)],
    ids=["first day", "busy day", "at the limit", "over it", "after a quiet month"],
)
def test_new_documents_are_counted_and_not_measured_by_those_that_are_there(
    count: int, live: int, halts: bool
) -> None:
    new = [operation(n, action=Action.CREATE, kind=Kind.INVOICE) for n in range(count)]
    given = facts(live_counts={(QBO, Kind.INVOICE): live})
    verdicts = gate(new, given, policy(documents=FLOWING)).values()
    assert {v.ruling for v in verdicts} == ({Ruling.HALTED} if halts else {Ruling.AUTO})
    if halts:
        text = next(iter(verdicts)).text
        assert f"{count} creates of invoices in QuickBooks at once" in text
        assert "more than 500 waits for a person" in text


def test_the_number_of_new_documents_is_configurable() -> None:
    new = [operation(n, action=Action.CREATE, kind=Kind.BILL) for n in range(11)]
    rules: dict[str, Any] = {"documents": FLOWING, "limits": Limits(documents=10)}
    assert {v.ruling for v in gate(new, facts(), policy(**rules)).values()} == {Ruling.HALTED}
    rules["limits"] = Limits(documents=11)
    assert {v.ruling for v in gate(new, facts(), policy(**rules)).values()} == {Ruling.AUTO}


@pytest.mark.parametrize(
    ("count", "live", "said"),
    [
        (25, 40, ""),
        (26, 40, "25 and 30 %"),
        (300, 1000, ""),
        (301, 1000, "25 and 30 %"),
        (500, 40_000, ""),
        (501, 40_000, "500"),
    ],
)
def test_edits_of_posted_documents_halt_by_part_and_by_number(
    count: int, live: int, said: str
) -> None:
    edits = [operation(n, kind=Kind.BILL) for n in range(count)]
    given = facts(live_counts={(QBO, Kind.BILL): live})
    verdicts = gate(edits, given, policy(documents=FLOWING)).values()
    assert {v.ruling for v in verdicts} == ({Ruling.HALTED} if said else {Ruling.AUTO})
    assert all(f"more than {said} waits" in v.text for v in verdicts if said)


def test_lines_are_no_common_cause_that_could_be_told() -> None:
    line = Line(description="Steel", amount=Decimal(1))
    edits = [
        operation(n, kind=Kind.BILL, changes=(("lines", Lines(), Lines((line,))),))
        for n in range(3)
    ]
    assert common_cause(edits) == "All change lines"


def test_many_ends_at_once_halt_however_many_documents_there_are() -> None:
    free = {Kind.INVOICE: DocumentPolicy(since="2026-01-01", removals="auto")}
    given = facts(live_counts={(QBO, Kind.INVOICE): 40_000})

    def rulings(count: int) -> set[Ruling]:
        ends = [operation(n, action=Action.VOID, kind=Kind.INVOICE) for n in range(count)]
        return {v.ruling for v in gate(ends, given, policy(documents=free)).values()}

    assert rulings(25) == {Ruling.AUTO}
    assert rulings(26) == {Ruling.HALTED}


def test_creates_and_ends_of_one_kind_do_not_add_up() -> None:
    free = {Kind.BILL: DocumentPolicy(since="2026-01-01", removals="auto")}
    ends = [operation(n, action=Action.DELETE, kind=Kind.BILL) for n in range(20)]
    more = [operation(n + 50, action=Action.CLOSE, kind=Kind.BILL) for n in range(6)]
    new = [operation(n + 100, action=Action.CREATE, kind=Kind.BILL) for n in range(20)]
    verdicts = gate([*ends, *more, *new], facts(), policy(documents=free))
    assert {verdicts[o.id].ruling for o in new} == {Ruling.AUTO}
    assert {verdicts[o.id].ruling for o in [*ends, *more]} == {Ruling.HALTED}


# -- deny beats allow ---------------------------------------------------------------------------


def pause(**changes: Any) -> Pause:
    base = Pause(reason="stocktaking", by="eva (uid 7)", since="2026-08-31T10:00:00.000000Z")
    return msgspec.structs.replace(base, **changes)


APPROVED = frozenset({Digest("d0")})
SHUT = Shut(reason="window", text="Outside the hours of writing (mon 06:00-22:00, UTC).")


@pytest.mark.parametrize(
    ("given", "slug"),
    [
        ({"skipped": APPROVED}, "skipped"),
        ({"pauses": (pause(),)}, "paused"),
        ({"pauses": (pause(job="catalogue-1"),)}, "frozen"),
        ({"shut": SHUT}, "window"),
        ({"shut": msgspec.structs.replace(SHUT, reason="frozen")}, "frozen"),
        ({"skipped": APPROVED, "pauses": (pause(),), "shut": SHUT}, "skipped"),
        ({"pauses": (pause(),), "shut": SHUT}, "paused"),
    ],
)
def test_what_is_stopped_is_stopped_even_when_it_is_approved(
    given: dict[str, Any], slug: str
) -> None:
    assert ruled(operation(), facts(approved=APPROVED)) == (Ruling.AUTO, "approved")
    assert ruled(operation(), facts(approved=APPROVED, **given)) == (Ruling.HALTED, slug)
    assert ruled(operation(), facts(**given)) == (Ruling.HALTED, slug)


@pytest.mark.parametrize(
    ("scope", "stops"),
    [
        ({}, True),
        ({"system": "qbo"}, True),
        ({"kind": "item"}, True),
        ({"system": "qbo", "kind": "item"}, True),
        ({"system": "dear"}, False),
        ({"kind": "vendor"}, False),
        ({"system": "qbo", "kind": "vendor"}, False),
    ],
)
def test_a_pause_stops_its_scope_and_nothing_else(scope: dict[str, str], stops: bool) -> None:
    ruling, _ = ruled(operation(), facts(pauses=(pause(**scope),)))
    assert (ruling is Ruling.HALTED) is stops


def test_a_pause_says_who_since_when_and_why() -> None:
    one = operation()
    (verdict,) = gate([one], facts(pauses=(pause(system="qbo"),)), policy()).values()
    (wide,) = gate([one], facts(pauses=(pause(),)), policy()).values()
    assert "(everything in every system)" in wide.text
    assert verdict.text == (
        "Paused (everything in QuickBooks) by eva (uid 7) since 2026-08-31T10:00Z: stocktaking"
    )


def test_a_job_s_freeze_lets_its_own_plan_pass_and_nothing_else() -> None:
    mine, other = operation(0), operation(1)
    frozen = pause(kind="item", job="catalogue-1", passes=frozenset({mine.digest}))
    approved = frozenset({mine.digest, other.digest})
    verdicts = gate([mine, other], facts(approved=approved, pauses=(frozen,)), policy())
    assert verdicts[mine.id].ruling is Ruling.AUTO
    assert verdicts[other.id].reason == "frozen"
    both = facts(approved=approved, pauses=(frozen, pause()))
    assert verdicts_of([mine, other], both) == {"paused", "frozen"}, "a person's pause stops both"


def verdicts_of(operations: list[Operation], given: GateFacts, **rules: Any) -> set[str]:
    return {v.reason for v in gate(operations, given, policy(**rules)).values()}


def test_the_first_plan_waits_as_the_first_plan_when_nothing_stops_it() -> None:
    assert ruled(operation(), facts(first_plan_approved=False, shut=SHUT)) == (
        Ruling.APPROVAL,
        "first_plan",
    )


def test_what_waits_for_a_person_anyway_keeps_its_reason_when_the_window_closes() -> None:
    resting = operation(action=Action.INACTIVATE)
    assert ruled(resting, facts(shut=SHUT)) == (Ruling.APPROVAL, "inactivates")


# -- breakers -----------------------------------------------------------------------------------


def test_a_pause_does_not_split_a_mass_change() -> None:
    many = [operation(n) for n in range(30)]
    verdicts = gate(many, facts(pauses=(pause(),)), policy())
    assert {(v.reason, v.breaker) for v in verdicts.values()} == {("paused", "mass_change")}
    # A part is approved while it is paused; then the pause ends.
    tripped = {o.id: verdicts[o.id].breaker for o in many}
    approved = frozenset(o.digest for o in many[:20])
    later = gate(many, facts(approved=approved, tripped=tripped), policy())
    assert [later[o.id].ruling for o in many] == [Ruling.AUTO] * 20 + [Ruling.HALTED] * 10


def test_setting_a_part_aside_does_not_let_the_rest_of_a_mass_change_go() -> None:
    many = [operation(n) for n in range(30)]
    tripped = {o.id: v.breaker for o in many for v in [gate(many, facts(), policy())[o.id]]}
    skipped = frozenset(o.digest for o in many[:20])
    later = gate(many, facts(skipped=skipped, tripped=tripped), policy())
    assert [later[o.id].reason for o in many] == ["skipped"] * 20 + ["mass_change"] * 10


@pytest.mark.parametrize(
    ("action", "limit"),
    [
        (Action.CREATE, "most_creates"),
        (Action.UPDATE, "most_updates"),
        (Action.INACTIVATE, "most_removals"),
    ],
)
def test_an_absolute_cap_holds_however_many_records_there_are(action: Action, limit: str) -> None:
    many = [operation(n, action=action) for n in range(40)]
    given = facts(live_counts={(QBO, Kind.ITEM): 1_000_000})
    tight = msgspec.structs.replace(Limits(), **{limit: 39})
    verdicts = gate(many, given, policy(limits=tight))
    assert {(v.ruling, v.reason) for v in verdicts.values()} == {(Ruling.HALTED, "too_many")}
    text = verdicts[many[0].id].text
    assert text.startswith("40 ")
    assert "more than 39 (limits.absolute)" in text
    assert "W-000, W-001" in text
    assert verdicts_of(many[:39], given, limits=tight).isdisjoint({"too_many"})


def bill(number: int) -> Operation:
    return operation(number, action=Action.CREATE, kind=Kind.BILL)


def test_a_money_cap_adds_up_what_documents_of_one_kind_come_to() -> None:
    bills = [bill(n) for n in range(3)]
    amounts = {one.id: Decimal("400.10") for one in bills}
    rules: dict[str, Any] = {
        "limits": Limits(money=Decimal(1000)),
        "home_currency": "USD",
        "documents": {Kind.BILL: DocumentPolicy(since="2026-01-01")},
    }
    verdicts = gate(bills, facts(amounts=amounts), policy(**rules))
    assert {v.reason for v in verdicts.values()} == {"too_much_money"}
    assert "3 bills of 1200.3 USD in all" in verdicts[bills[0].id].text
    assert verdicts_of(bills[:2], facts(amounts=amounts), **rules) == {""}
    approved = facts(amounts=amounts, approved=frozenset({Digest("d0")}))
    tripped = {one.id: "too_much_money" for one in bills}
    partly = msgspec.structs.replace(approved, tripped=tripped)
    assert [v.reason for v in gate(bills, partly, policy(**rules)).values()] == [
        "approved",
        "too_much_money",
        "too_much_money",
    ]
    rules["limits"] = Limits()
    assert verdicts_of(bills, facts(amounts=amounts), **rules) == {""}, "off by default"


def test_after_a_change_of_the_rules_many_changes_are_reviewed() -> None:
    many = [operation(n) for n in range(8)]
    new = [operation(n + 100, action=Action.CREATE) for n in range(8)]
    live = {(QBO, Kind.ITEM): 20}
    ids = frozenset(o.id for o in many + new)
    given = facts(live_counts=live, reviewed=ids)
    verdicts = gate(many + new, given, policy())
    assert {(verdicts[o.id].ruling, verdicts[o.id].reason) for o in many} == {
        (Ruling.APPROVAL, "rules_changed")
    }
    assert {verdicts[o.id].ruling for o in new} == {Ruling.AUTO}, "new records change no live ones"
    assert verdicts_of(many, facts(live_counts=live)) == {""}, "no rule changed"
    assert verdicts_of(many[:6], given) == {""}, "not more than the limit"
    assert verdicts_of(many[:5], msgspec.structs.replace(given, live_counts={})) == {""}
    # The review ends with the gate's look; what it stopped stays stopped until it is approved.
    tripped = {o.id: "rules_changed" for o in many}
    later = facts(live_counts=live, tripped=tripped, approved=frozenset({Digest("d0")}))
    assert [v.reason for v in gate(many, later, policy()).values()] == [
        "approved",
        *["rules_changed"] * 7,
    ]


@given(
    chosen=st.lists(
        st.tuples(
            st.sampled_from([Kind.ITEM, Kind.VENDOR]),
            st.sampled_from([Action.CREATE, Action.UPDATE, Action.INACTIVATE]),
            st.booleans(),  # approved
            st.sampled_from([False, False, False, True]),  # set aside
            st.sampled_from(["", "", "mass_change", "too_many", "rules_changed"]),
        ),
        max_size=70,
    ),
    scopes=st.lists(st.sampled_from([{"kind": "vendor"}, {"system": "dear"}, {}]), max_size=1),
    is_shut=st.booleans(),
    first=st.booleans(),
)
def test_nothing_that_is_denied_ever_goes(
    chosen: list[tuple[Kind, Action, bool, bool, str]],
    scopes: list[dict[str, str]],
    is_shut: bool,
    first: bool,
) -> None:
    operations = [operation(n, kind=row[0], action=row[1]) for n, row in enumerate(chosen)]
    rows = list(zip(operations, chosen, strict=True))
    approved = frozenset(one.digest for one, row in rows if row[2])
    skipped = frozenset(one.digest for one, row in rows if row[3])
    tripped = {one.id: row[4] for one, row in rows if row[4]}
    pauses = tuple(pause(**scope) for scope in scopes)
    given_facts = facts(
        first_plan_approved=first,
        approved=approved,
        skipped=skipped,
        pauses=pauses,
        tripped=tripped,
        shut=SHUT if is_shut else None,
    )
    verdicts = gate(operations, given_facts, policy())
    assert verdicts.keys() == {one.id for one in operations}
    going = [one for one in operations if verdicts[one.id].ruling is Ruling.AUTO]
    assert not (is_shut and going)
    free: Counter[tuple[Kind, Action]] = Counter()
    for one in going:
        assert one.digest not in skipped
        assert not any(p.covers(one.system, one.kind, one.digest) for p in pauses)
        if one.digest not in approved:
            assert first
            assert one.id not in tripped
            assert one.action is not Action.INACTIVATE
            free[one.kind, one.action] += 1
    assert all(count <= Limits().min_count for count in free.values())
    for one in operations:  # what a breaker stopped keeps its mark whatever comes first
        if one.id in tripped and one.digest not in approved | skipped and first:
            assert verdicts[one.id].breaker
