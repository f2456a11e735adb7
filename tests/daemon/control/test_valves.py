"""Pauses, skips, the error desk, remaps and accepted absence, over the real socket."""

from decimal import Decimal

import msgspec
import pytest

from daemon.control.client import ControlClient
from daemon.control.protocol import Code, Declined, RetryRequest
from daemon.control.protocol_totals import TotalsRequest
from daemon.control.protocol_valves import (
    AcceptAbsenceRequest,
    PauseRequest,
    RemapRequest,
    ResumeRequest,
    RetryPatternRequest,
    SkipRequest,
)
from daemon.control.trouble import pattern_of, said
from daemon.cycle.calendar import Calendar, FreezeDays
from daemon.reconcile.policy import Limits
from ledger.model.encoding import encode
from ledger.model.entries import (
    AbsenceAccepted,
    Entry,
    FirstPlanApproved,
    Held,
    Paused,
    Remapped,
    Resumed,
    Skipped,
)
from ledger.model.facts import Hold, HoldCode
from ledger.model.ids import RecordId
from ledger.model.records import Account, Vendor
from ledger.model.values import Lines
from tests.daemon.control.conftest import DEAR, QBO, Office
from tests.daemon.control.papers import agreed_bill, bill, furnish


async def declined(call: object) -> Declined:
    with pytest.raises(Declined) as caught:
        await call  # type: ignore[misc]
    return caught.value


async def entries(office: Office, *kinds: type) -> list[Entry]:
    rows = await office.ledger.read(lambda views: views.entries(0, 1000))
    return [row.entry for row in rows if isinstance(row.entry, kinds)]


async def flowing(office: Office) -> None:
    """The first plan is behind us."""
    draft = office.ledger.draft(actor="test")
    draft.add(FirstPlanApproved(by="test"))
    await office.ledger.append(draft)


# -- pauses -------------------------------------------------------------------------------------


async def test_a_pause_is_an_entry_with_author_and_reason_and_tells_the_way_back(
    office: Office, daemon: ControlClient
) -> None:
    done = await daemon.pause(PauseRequest(system="qbo", kind="item", reason="stocktaking"))
    (entry,) = await entries(office, Paused)
    assert isinstance(entry, Paused)
    assert (entry.system, entry.kind, entry.reason) == ("qbo", "item", "stocktaking")
    assert "(uid " in entry.by, "as the kernel says, not the request"
    assert done.seq == (await daemon.status()).head
    assert done.back == "trueup resume --system qbo --kind item --reason TEXT"
    (shown,) = (await daemon.status()).pauses
    assert (shown.by, shown.reason, shown.seq) == (entry.by, "stocktaking", done.seq)
    back = await daemon.resume(ResumeRequest(system="qbo", kind="item", reason="counted"))
    assert back.back == "trueup pause --system qbo --kind item --reason TEXT"
    assert (await daemon.status()).pauses == ()


async def test_a_count_that_leaves_out_what_is_paused_is_told_how_many_that_are(
    office: Office, daemon: ControlClient
) -> None:
    """Status counts what a yes would let go; approve counts what a yes may be said to."""
    await office.renamed_vendor()
    await daemon.pause(PauseRequest(reason="stocktaking"))
    await office.plan()
    status = await daemon.status()
    assert (status.to_approve, status.stopped) == (0, 1)

    error = await declined(daemon.approve(everything=True, expect_count=0))

    assert "1 changes wait (1 of them stopped: a pause or the hours of writing" in str(error)
    assert (await daemon.approve(everything=True, expect_count=1)).approved == 1


async def test_a_dry_run_of_a_pause_notes_nothing(office: Office, daemon: ControlClient) -> None:
    done = await daemon.pause(PauseRequest(reason="try", dry_run=True))
    assert (done.seq, await entries(office, Paused)) == (0, [])


async def test_unknown_scopes_are_named(daemon: ControlClient) -> None:
    error = await declined(daemon.pause(PauseRequest(system="xero", reason="x")))
    assert (error.code, error.cure) == (Code.BAD_REQUEST, "connected: qbo, dear")
    error = await declined(daemon.pause(PauseRequest(kind="itme", reason="x")))
    assert "is not a kind of record" in str(error)


@pytest.mark.parametrize("reason", ["", "   "])
async def test_a_reason_is_required(reason: str, daemon: ControlClient) -> None:
    for asked in (
        daemon.pause(PauseRequest(reason=reason)),
        daemon.skip(SkipRequest(record="W-7", reason=reason)),
    ):
        error = await declined(asked)
        assert error.code is Code.BAD_REQUEST
        assert str(error).startswith("reason: must not be ")
        assert error.cure == "change reason, then ask again"


async def test_a_job_s_freeze_is_not_lifted_by_hand(office: Office, daemon: ControlClient) -> None:
    draft = office.ledger.draft(actor="test")
    draft.add(Paused(system="qbo", kind="item", reason="catalogue", by="eva", job="catalogue-1"))
    await office.ledger.append(draft)
    error = await declined(
        daemon.resume(ResumeRequest(system="qbo", kind="item", reason="I want to"))
    )
    assert error.code is Code.GUARDED
    assert "catalogue-1" in str(error)
    # A person's pause of the same scope stands beside it and goes alone.
    await daemon.pause(PauseRequest(system="qbo", kind="item", reason="also"))
    assert len((await daemon.status()).pauses) == 2
    await daemon.resume(ResumeRequest(system="qbo", kind="item", reason="done"))
    (left,) = (await daemon.status()).pauses
    assert left.job == "catalogue-1"
    draft = office.ledger.draft(actor="test")
    draft.add(Resumed(system="qbo", kind="item", reason="thawed", by="eva", job="catalogue-1"))
    await office.ledger.append(draft)
    assert (await daemon.status()).pauses == ()


async def test_a_frozen_calendar_is_shown_with_its_end(
    office: Office, daemon: ControlClient
) -> None:
    assert (await daemon.status()).closed is None
    today = office.clock.at.date()
    frozen = FreezeDays(first=today, last=today, reason="month-end")
    office.company.calendar = Calendar(freezes=(frozen,))
    closed = (await daemon.status()).closed
    assert closed is not None
    assert (closed.reason, closed.opens_at) == ("frozen", "2026-08-02T00:00:00Z")


# -- skips --------------------------------------------------------------------------------------


async def test_a_skipped_bill_stays_in_the_totals_with_that_reason(
    office: Office, daemon: ControlClient
) -> None:
    await flowing(office)
    await furnish(office)
    await office.show(DEAR, "db1", bill(in_qbo=False))
    await office.plan()
    done = await daemon.skip(SkipRequest(record="INV-77", reason="paid in cash"))
    await office.plan()

    (row,) = (await daemon.totals(TotalsRequest(kind="bill", differences=True))).rows
    (part,) = row.parts
    assert (part.reason, part.count, part.amount) == ("skipped", 1, "-195.00")
    assert (row.difference, row.unexplained) == ("-195.00", "0.00")
    (operation,) = (await daemon.plan()).operations
    assert (operation.state, operation.reason) == ("waiting", "skipped")
    assert done.back == f"trueup retry {operation.record} --reason TEXT"
    totals = (await daemon.plan()).totals
    assert (totals.operations, totals.skipped, totals.skipped_operations) == (1, 1, 1)
    # Approving it by its digest does not help: deny beats allow.
    await daemon.approve([operation.digest])
    await office.plan()
    assert (await daemon.plan()).operations[0].reason == "skipped"
    # The bill changes: what was skipped is no longer what it was.
    await office.show(DEAR, "db1", bill("16.00", in_qbo=False))
    await office.plan()
    (operation,) = (await daemon.plan()).operations
    assert operation.reason == ""
    assert (await daemon.skips()).skips == ()


async def test_a_skipped_conflict_stays_held_and_counted(
    office: Office, daemon: ControlClient
) -> None:
    record = await office.two_prices()
    await office.plan()
    await daemon.skip(SkipRequest(record="W-7", reason="next year's price"))
    status = await daemon.status()
    assert (status.holds, status.skipped_holds, status.questions) == ({"conflict": 1}, 1, 0)
    assert not status.needs_person
    (hold,) = (await daemon.plan()).holds
    assert hold.skipped == "next year's price"
    (shown,) = (await daemon.skips()).skips
    assert (shown.record, shown.label) == (record, "W-7")
    assert "sales price" in shown.what or "sales_price" in shown.what
    error = await declined(daemon.skip(SkipRequest(record="W-7", reason="again")))
    assert error.code is Code.STALE
    await daemon.retry(RetryRequest(record="W-7"))
    assert (await daemon.status()).skipped_holds == 0
    assert len(await entries(office, Skipped)) == 1, "the ledger keeps what was said"


async def test_what_is_neither_planned_nor_held_cannot_be_skipped(
    office: Office, daemon: ControlClient
) -> None:
    await office.show(QBO, "1", Vendor(name="Lone", active=True))
    error = await declined(daemon.skip(SkipRequest(record="Lone", reason="x")))
    assert (error.code, str(error)) == (Code.STALE, "'Lone' is neither planned nor held")
    error = await declined(daemon.skip(SkipRequest(reason="x")))
    assert error.code is Code.BAD_REQUEST
    error = await declined(daemon.skip(SkipRequest(pattern="rejected", reason="x", expect_count=1)))
    assert error.code is Code.STALE


async def test_a_pattern_needs_the_right_count(office: Office, daemon: ControlClient) -> None:
    await office.two_prices()
    await office.plan()
    missing = SkipRequest(pattern="conflict", reason="x")
    assert "--expect-count 1" in (await declined(daemon.skip(missing))).cure
    wrong = RetryPatternRequest(pattern="conflict", reason="x", expect_count=2)
    assert (await declined(daemon.retry_pattern(wrong))).code is Code.STALE
    right = SkipRequest(pattern="conflict", reason="x", expect_count=1)
    assert (await daemon.skip(right)).seq
    (pattern,) = (await daemon.desk()).patterns
    assert (pattern.records, pattern.skipped) == (1, 1)


# -- the error desk -----------------------------------------------------------------------------


def rejected(label: str, *, code: str = "2010") -> Hold:
    text = f'QuickBooks refused to create vendor "{label}": Invalid e-mail (code {code})'
    return Hold(
        record=RecordId("r"), code=HoldCode.REJECTED, text=text, cure="mend it", system="qbo"
    )


def test_a_pattern_leaves_out_names_and_numbers_and_keeps_the_code() -> None:
    one, other = rejected("Grove Lumber"), rejected('Heath 12" Stone')
    assert pattern_of(one) == pattern_of(rejected("Heath Stone 12"))
    assert pattern_of(one).startswith("rejected:")
    assert said(one) == ("QuickBooks refused to create vendor ...: Invalid e-mail (code 2010)")
    assert pattern_of(one) != pattern_of(rejected("Grove Lumber", code="6140"))
    assert pattern_of(other).startswith("rejected:")


async def test_the_desk_tells_cause_cure_age_and_next_try(
    office: Office, daemon: ControlClient
) -> None:
    assert (await daemon.desk()).records == 0
    await office.two_prices()
    await office.plan()
    before = await daemon.desk()
    (row,) = before.rows
    assert (row.label, row.code, row.age_s) == ("W-7", "conflict", 0)
    assert row.text
    assert row.cure
    assert row.next_try.startswith("when a person decides")
    await office.clock.sleep(3600)
    assert (await daemon.desk(pattern=row.pattern)).rows[0].age_s == 3600
    assert (await daemon.desk(pattern="rejected")).rows == ()
    assert (await daemon.desk(offset=1)).rows == ()


# -- remaps and absence -------------------------------------------------------------------------


async def accounts(office: Office, *names: str) -> list[RecordId]:
    found = []
    for number, name in enumerate(names):
        ref = await office.show(
            QBO, f"a{number}", Account(name=name, code=str(number), active=True)
        )
        record = await office.ledger.read(lambda views, ref=ref: views.record_of(ref))  # type: ignore[misc]
        found.append(record)
    return found


async def test_a_remap_is_a_standing_answer_that_can_be_taken_back(
    office: Office, daemon: ControlClient
) -> None:
    old, new, third = await accounts(office, "Sales", "Revenue", "Other")
    done = await daemon.remap(RemapRequest(old="Sales", new="Revenue", reason="renumbered"))
    assert done.back == f"trueup remap {old} --undo --reason TEXT"
    (shown,) = (await daemon.remaps()).remaps
    assert (shown.system, shown.old, shown.new) == ("qbo", old, new)
    assert (shown.old_label, shown.new_label) == ("0 Sales", "1 Revenue")
    assert shown.reason == "renumbered"
    (entry,) = await entries(office, Remapped)
    assert isinstance(entry, Remapped)
    assert "(uid " in entry.by

    circle = await declined(daemon.remap(RemapRequest(old=new, new=old, reason="x")))
    assert circle.code is Code.GUARDED
    itself = await declined(daemon.remap(RemapRequest(old=third, new=third, reason="x")))
    assert itself.code is Code.BAD_REQUEST
    await daemon.remap(RemapRequest(old=old, undo=True, reason="it is back"))
    assert (await daemon.remaps()).remaps == ()
    error = await declined(daemon.remap(RemapRequest(old=old, undo=True, reason="again")))
    assert error.code is Code.STALE


async def test_a_remap_needs_a_live_record_of_the_same_kind(
    office: Office, daemon: ControlClient
) -> None:
    (old,) = await accounts(office, "Sales")
    await office.show(DEAR, "a9", Account(name="Only in DEAR", code="9", active=True))
    error = await declined(daemon.remap(RemapRequest(old=old, new="Only in DEAR", reason="x")))
    assert error.code is Code.GUARDED
    await office.show(QBO, "v1", Vendor(name="A vendor", active=True))
    error = await declined(daemon.remap(RemapRequest(old=old, new="A vendor", reason="x")))
    assert error.code is Code.NOT_FOUND
    error = await declined(daemon.remap(RemapRequest(old=old, reason="x")))
    assert error.code is Code.BAD_REQUEST


async def test_accepting_absence_is_bound_to_a_number(
    office: Office, daemon: ControlClient
) -> None:
    await accounts(office, "Sales", "Revenue")
    too_many = AcceptAbsenceRequest(system="qbo", kind="account", most=3, reason="tidied up")
    assert "only 2 account records" in str(await declined(daemon.accept_absence(too_many)))
    await daemon.accept_absence(msgspec.structs.replace(too_many, most=2))
    (entry,) = await entries(office, AbsenceAccepted)
    assert isinstance(entry, AbsenceAccepted)
    assert (entry.system, entry.kind, entry.most, entry.reason) == (
        "qbo",
        "account",
        2,
        "tidied up",
    )


# -- money --------------------------------------------------------------------------------------


async def test_documents_that_come_to_too_much_halt_and_approval_covers_just_those(
    office: Office, daemon: ControlClient
) -> None:
    await flowing(office)
    await furnish(office)
    limits = Limits(money=Decimal(500))
    office.company.policy = msgspec.structs.replace(office.company.policy, limits=limits)
    for number in range(3):
        shown = bill(in_qbo=False, number=f"INV-{number}")
        await office.show(DEAR, f"db{number}", shown)
    await office.plan()
    rows = (await daemon.plan()).operations
    assert {(row.state, row.reason) for row in rows} == {("waiting", "too_much_money")}
    assert "3 bills of 585 USD in all" in rows[0].text
    assert "more than 500 (limits.money)" in rows[0].text
    await daemon.approve([rows[0].digest])
    report = await office.plan()
    assert (report.waiting, report.halted) == (2, 2), "the rest are below it and wait all the same"
    await daemon.approve(everything=True, expect_count=2)
    assert (await office.plan()).halted == 0


async def test_what_is_set_aside_is_not_part_of_all(office: Office, daemon: ControlClient) -> None:
    for number in range(2):
        await office.renamed_vendor(number)
    await office.plan()
    await daemon.skip(SkipRequest(record="Bolts 1", reason="moving"))
    await office.plan()
    assert (await daemon.approve(everything=True, expect_count=1)).first_plan_approved
    await office.plan()
    states = {row.label: row.state for row in (await daemon.plan()).operations}
    assert states == {"Bolts 0": "approved", "Bolts 1": "waiting"}


async def test_taking_back_a_document_counts_with_what_stands_there(
    office: Office, daemon: ControlClient
) -> None:
    await flowing(office)
    await agreed_bill(office)
    limits = Limits(money=Decimal(100))
    office.company.policy = msgspec.structs.replace(office.company.policy, limits=limits)
    voided = msgspec.structs.replace(
        bill(in_qbo=False), status="voided", total=Decimal(0), lines=Lines()
    )
    await office.show(DEAR, "db1", voided)
    await office.plan()
    (row,) = (await daemon.plan()).operations
    assert (row.action, row.reason) == ("delete", "too_much_money")
    assert "1 bill of 195 USD in all" in row.text


async def test_what_waits_for_one_account_is_one_question(
    office: Office, daemon: ControlClient
) -> None:
    target, new = await accounts(office, "Sales", "Revenue")
    draft = office.ledger.draft(actor="test")
    for number in range(3):
        ref = await office.show(DEAR, f"i{number}", Vendor(name=f"Acme {number}", active=True))
        record = await office.ledger.read(lambda views, ref=ref: views.record_of(ref))  # type: ignore[misc]
        hold = Hold(
            record=record,
            code=HoldCode.MISSING_REFERENCE,
            text=f'payable account of vendor "Acme {number}" is account "Sales", and it is gone.',
            cure="Say once where everything that points to it goes.",
            system="qbo",
            group=f"account:{target}",
        )
        body = draft.body(encode(hold))
        draft.add(Held(record=record, subject=hold.subject, code=hold.code, payload=body))
    await office.ledger.append(draft)

    (question,) = (await daemon.remaps()).questions
    assert (question.target, question.target_label, question.records) == (target, "0", 3)
    assert question.sample == ("Acme 0", "Acme 1", "Acme 2")
    (pattern,) = (await daemon.desk()).patterns
    assert pattern.records == 3, "one cause, one line"
    done = await daemon.remap(RemapRequest(old=target, new=new, reason="renumbered"))
    assert done.seq
