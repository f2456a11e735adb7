"""What a front end can ask and say, over the real socket and a real ledger."""

import os
from datetime import timedelta

import pytest

from daemon.control.client import ControlClient
from daemon.control.protocol import (
    SCHEMA,
    Code,
    Declined,
    LinkRequest,
    ResolveRequest,
    RetryRequest,
)
from ledger.model.entries import Approved, ConflictResolved, FirstPlanApproved
from ledger.model.ids import ExternalRef, Kind, record_id
from ledger.model.records import Vendor
from tests.daemon.control.conftest import DEAR, QBO, Office


async def entries(office: Office, kind: type) -> list[object]:
    rows = await office.ledger.read(lambda views: views.entries(0, 1000))
    return [row.entry for row in rows if isinstance(row.entry, kind)]


async def declined(call: object) -> Declined:
    with pytest.raises(Declined) as caught:
        await call  # type: ignore[misc]
    return caught.value


async def test_status_of_an_empty_ledger(daemon: ControlClient) -> None:
    status = await daemon.status()
    assert status.schema_ == SCHEMA
    assert [system.system for system in status.systems] == ["qbo", "dear"]
    assert (status.head, status.counts, status.operations, status.holds) == (0, (), {}, {})
    assert not status.first_plan_approved
    assert not status.needs_person


async def test_status_counts_by_system_and_kind(office: Office, daemon: ControlClient) -> None:
    await office.renamed_vendor()
    await office.two_prices()
    await office.plan()
    status = await daemon.status()
    counted = {(c.system, c.kind): (c.live, c.linked) for c in status.counts}
    assert counted[("qbo", "vendor")] == (1, 1)
    assert counted[("dear", "item")] == (1, 1)
    assert status.holds == {"conflict": 1}
    assert sum(status.operations.values()) == 1
    assert status.needs_person
    assert (await daemon.status(counts=False)).counts == ()


async def test_the_plan_shows_changes_with_trace_and_reason(
    office: Office, daemon: ControlClient
) -> None:
    record = await office.renamed_vendor()
    await office.plan()
    plan = await daemon.plan()
    (operation,) = plan.operations
    assert (operation.record, operation.system, operation.action) == (record, "qbo", "update")
    (change,) = operation.changes
    assert (change.field, change.before, change.after) == (
        "email",
        "a@bolts.example",
        "b@bolts.example",
    )
    assert change.trace
    assert operation.why
    assert operation.reason == "first_plan"
    assert plan.totals.by_action == {"update vendor in qbo": 1}
    assert plan.complete


async def test_a_conflict_shows_base_and_both_values_as_text(
    office: Office, daemon: ControlClient
) -> None:
    await office.two_prices()
    await office.plan()
    (hold,) = (await daemon.plan()).holds
    (conflict,) = hold.conflict
    assert conflict.base == {"qbo": "12.40", "dear": "12.40"}
    assert conflict.values == {"qbo": "13.00", "dear": "12.95"}


async def test_the_plan_comes_in_pages(office: Office, daemon: ControlClient) -> None:
    for number in range(5):
        await office.renamed_vendor(number)
    await office.plan()
    first = await daemon.plan(limit=3)
    second = await daemon.plan(limit=3, offset=3)
    assert (len(first.operations), first.more) == (3, True)
    assert (len(second.operations), second.more) == (2, False)
    shown = {o.digest for o in (*first.operations, *second.operations)}
    assert len(shown) == 5
    assert first.totals.operations == 5


async def test_approving_the_whole_first_plan_ends_observe_only(
    office: Office, daemon: ControlClient
) -> None:
    await office.renamed_vendor(1)
    await office.renamed_vendor(2)
    await office.plan()
    approval = await daemon.approve(everything=True, expect_count=2, note="looks right")
    assert approval.approved == 2
    assert approval.first_plan_approved
    (entry,) = await entries(office, Approved)
    assert isinstance(entry, Approved)
    assert entry.note == "looks right"
    assert f"(uid {os.getuid()})" in entry.by
    assert len(await entries(office, FirstPlanApproved)) == 1
    assert (await daemon.status()).operations == {"approved": 2}


async def test_approving_a_part_of_the_first_plan_does_not_end_observe_only(
    office: Office, daemon: ControlClient
) -> None:
    await office.renamed_vendor(1)
    await office.renamed_vendor(2)
    await office.plan()
    one = (await daemon.plan()).operations[0].digest
    approval = await daemon.approve([one[:12]])
    assert approval.digests == (one,)
    assert not approval.first_plan_approved
    assert await entries(office, FirstPlanApproved) == []


async def test_an_empty_first_plan_can_be_approved(office: Office, daemon: ControlClient) -> None:
    await office.plan()
    approval = await daemon.approve(everything=True, expect_count=0)
    assert approval.first_plan_approved
    assert (await daemon.status()).first_plan_approved


async def test_the_first_plan_waits_for_a_complete_look(
    office: Office, daemon: ControlClient
) -> None:
    await office.renamed_vendor()
    error = await declined(daemon.approve(everything=True, expect_count=0))
    assert error.code is Code.NOT_READY


async def test_an_approval_is_void_when_the_set_is_another(
    office: Office, daemon: ControlClient
) -> None:
    await office.renamed_vendor()
    await office.plan()
    error = await declined(daemon.approve(everything=True, expect_count=3))
    assert error.code is Code.STALE
    assert "1 changes wait, not 3" in str(error)
    assert await entries(office, Approved) == []


async def test_a_digest_that_waits_no_longer_is_refused_and_nothing_is_approved(
    office: Office, daemon: ControlClient
) -> None:
    await office.renamed_vendor()
    await office.plan()
    digest = (await daemon.plan()).operations[0].digest
    error = await declined(daemon.approve([digest, "0" * 64]))
    assert error.code is Code.STALE
    assert await entries(office, Approved) == []


async def test_all_needs_a_count(daemon: ControlClient) -> None:
    error = await declined(daemon.approve(everything=True))
    assert error.code is Code.BAD_REQUEST


async def test_a_dry_run_appends_nothing(office: Office, daemon: ControlClient) -> None:
    await office.renamed_vendor()
    await office.plan()
    before = office.ledger.head
    approval = await daemon.approve(everything=True, expect_count=1, dry_run=True)
    assert approval.approved == 1
    assert office.ledger.head == before


async def test_an_approval_expires(office: Office, daemon: ControlClient) -> None:
    await office.renamed_vendor()
    await office.plan()
    approval = await daemon.approve(everything=True, expect_count=1)
    now = office.clock.at
    live = await office.ledger.read(lambda views: views.approvals(now + timedelta(hours=23)))
    dead = await office.ledger.read(lambda views: views.approvals(now + timedelta(hours=25)))
    assert set(approval.digests) == live
    assert dead == frozenset()


async def test_a_resolved_conflict_becomes_a_change(office: Office, daemon: ControlClient) -> None:
    record = await office.two_prices()
    await office.plan()
    request = ResolveRequest(record=record, field="sales_price", take="dear", reason="new list")
    done = await daemon.resolve(request)
    assert done.seq == office.ledger.head
    await office.plan()
    plan = await daemon.plan()
    assert plan.holds == ()
    (operation,) = plan.operations
    assert operation.system == "qbo"
    assert [(c.field, c.before, c.after) for c in operation.changes] == [
        ("sales_price", "13.00", "12.95")
    ]


async def test_a_conflict_is_found_by_sku_and_refused_for_another_field(
    office: Office, daemon: ControlClient
) -> None:
    await office.two_prices()
    await office.plan()
    request = ResolveRequest(record="w-7", field="name", take="dear", reason="no")
    error = await declined(daemon.resolve(request))
    assert error.code is Code.STALE
    assert "sales_price" in error.cure


async def test_a_side_that_shows_nothing_cannot_be_taken(
    office: Office, daemon: ControlClient
) -> None:
    await office.two_prices()
    await office.plan()
    request = ResolveRequest(record="W-7", field="sales_price", take="ion", reason="no")
    error = await declined(daemon.resolve(request))
    assert error.code is Code.BAD_REQUEST
    assert "dear, qbo" in error.cure


async def two_look_alikes(office: Office) -> tuple[str, ExternalRef]:
    """Vendors that only their e-mail address joins: proposed, never linked by the program."""
    one = await office.show(QBO, "1", Vendor(name="Acme", email="x@acme.example", active=True))
    two = await office.show(
        DEAR, "d1", Vendor(name="Acme Limited", email="x@acme.example", active=True)
    )
    await office.plan()
    return record_id(one), two


async def test_a_proposed_match_is_linked(office: Office, daemon: ControlClient) -> None:
    record, ref = await two_look_alikes(office)
    holds = (await daemon.plan()).holds
    assert {hold.code for hold in holds} == {"proposed_match"}
    await daemon.link(LinkRequest(record=record, ref=str(ref), reason="same VAT number"))
    assert await office.ledger.read(lambda views: views.record_of(ref)) == record
    again = await declined(daemon.link(LinkRequest(record=record, ref=str(ref))))
    assert again.code is Code.STALE


async def test_look_alikes_can_be_told_apart(office: Office, daemon: ControlClient) -> None:
    record, ref = await two_look_alikes(office)
    await daemon.link(LinkRequest(record=record, ref=str(ref), action="apart"))
    noted = await entries(office, ConflictResolved)
    assert {(e.record, e.field) for e in noted if isinstance(e, ConflictResolved)} == {
        (record, f"match:{ref}"),
        (record_id(ref), "match:qbo/vendor/1"),
    }
    await office.plan()
    codes = {hold.code for hold in (await daemon.plan()).holds}
    assert "proposed_match" not in codes


async def test_what_was_joined_can_be_parted(office: Office, daemon: ControlClient) -> None:
    record, ref = await two_look_alikes(office)
    await daemon.link(LinkRequest(record=record, ref=str(ref)))
    await daemon.link(LinkRequest(record=record, ref=str(ref), action="unlink", reason="no"))
    assert await office.ledger.read(lambda views: views.record_of(ref)) != record


async def test_a_second_link_into_one_system_is_refused(
    office: Office, daemon: ControlClient
) -> None:
    record = await office.renamed_vendor()
    other = await office.show(DEAR, "dx", Vendor(name="Third", active=True))
    error = await declined(daemon.link(LinkRequest(record=record, ref=str(other))))
    assert error.code is Code.GUARDED
    assert "dear/vendor/dv1" in str(error)


async def test_kinds_are_not_linked_across(office: Office, daemon: ControlClient) -> None:
    record = await office.two_prices()
    await office.renamed_vendor()
    error = await declined(daemon.link(LinkRequest(record=record, ref="dear/vendor/dv1")))
    assert error.code is Code.BAD_REQUEST


async def test_retry_of_something_that_was_not_refused(
    office: Office, daemon: ControlClient
) -> None:
    await office.renamed_vendor()
    error = await declined(daemon.retry(RetryRequest(record="Bolts 1")))
    assert error.code is Code.STALE


async def test_history_tells_the_life_of_a_record(office: Office, daemon: ControlClient) -> None:
    record = await office.two_prices()
    await office.plan()
    for name in ("W-7", "qbo/item/7"):
        assert (await daemon.history(name)).record == record
    history = await daemon.history(record)
    assert set(history.refs) == {"qbo/item/7", "dear/item/d7"}
    told = [row.text for row in history.rows]
    assert "qbo/item/7 showed new content (full read)" in told
    assert any(text.startswith("held, conflict: ") for text in told)
    assert [row.seq for row in history.rows] == sorted(row.seq for row in history.rows)


async def test_a_name_of_two_records_is_ambiguous(office: Office, daemon: ControlClient) -> None:
    first = await office.show(QBO, "1", Vendor(name="Twin", active=True))
    second = await office.show(QBO, "2", Vendor(name="twin", active=True))
    error = await declined(daemon.history("Twin"))
    assert error.code is Code.AMBIGUOUS
    assert record_id(first) in error.cure
    assert record_id(second) in error.cure


async def test_an_unknown_record_and_an_unknown_kind_are_named(daemon: ControlClient) -> None:
    nobody = await declined(daemon.history("nobody"))
    assert (nobody.code, "nobody" in str(nobody)) == (Code.NOT_FOUND, True)
    kind = await declined(daemon.send("gadget", "x"))
    assert kind.code is Code.BAD_REQUEST
    assert Kind.VENDOR.value in kind.cure


async def test_the_plan_of_one_reason(office: Office, daemon: ControlClient) -> None:
    await office.renamed_vendor()
    await office.two_prices()
    await two_look_alikes(office)
    found = await daemon.plan(code="conflict")
    assert [hold.code for hold in found.holds] == ["conflict"]
    assert found.operations == ()
    error = await declined(daemon.plan(code="mood"))
    assert error.code is Code.BAD_REQUEST


async def test_a_cycle_run_by_a_person_says_who_and_why(daemon: ControlClient) -> None:
    answer = await daemon.cycle("month end")
    assert answer.report.reason.startswith("month end, ")
    assert not answer.report.complete
    assert {problem.code for problem in answer.report.problems} <= {
        "down",
        "reauth_needed",
        "bad_credentials",
    }
    status = await daemon.status()
    assert status.last_cycle == answer.report


async def test_a_record_can_be_sent_by_its_name(office: Office, daemon: ControlClient) -> None:
    record = await office.renamed_vendor()
    answer = await daemon.send("vendor", "Bolts 1")
    assert answer.report.reason == f"send {record}"
