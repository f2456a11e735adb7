"""Documents at the command line: the plan, holds, answers and totals."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from ledger.model.entries import Released
from ledger.model.ids import Kind
from ledger.model.records import Vendor
from tests.daemon.cli.conftest import Office, Said, call
from tests.daemon.control.conftest import DEAR, QBO
from tests.daemon.control.papers import BOLTS, agreed_bill, bill, furnish

Ask = Callable[..., "asyncio.Future[Said]"]


async def test_a_changed_line_is_shown_as_a_person_reads_it(
    office: Office, ask_daemon: Ask
) -> None:
    await agreed_bill(office)
    await office.show(DEAR, "db1", bill("15.10", in_qbo=False))
    await office.plan()
    said = await ask_daemon("plan", "INV-77")
    assert said.code == 0
    assert "update bill INV-77, Sierra Bolts in qbo" in said.out
    assert "~ line 2 PUMP-40 x 12 @ 15.10 = 181.20 (was 15.00 = 180.00)" in said.out
    assert "1 line unchanged" in said.out
    assert "total  195.00 -> 196.20 USD" in said.out
    digest = json.loads((await ask_daemon("plan", "--json")).out)["operations"][0]["digest"]
    assert (await ask_daemon("plan", "--show", digest[:12])).out == said.out
    assert (await ask_daemon("plan", "--show", "feedfeed")).code == 6
    assert (await ask_daemon("plan", "INV-77", "--held", "rejected")).code == 64


async def test_a_new_bill_lists_its_lines(office: Office, ask_daemon: Ask) -> None:
    await furnish(office)
    await office.show(DEAR, "db1", bill(in_qbo=False))
    await office.plan()
    said = await ask_daemon("plan")
    assert "+ line 1 BOLT x 100 @ 0.15 = 15.00" in said.out
    assert "total  195.00 USD" in said.out


async def test_an_edit_in_the_books_is_shown_line_by_line(office: Office, ask_daemon: Ask) -> None:
    record = await agreed_bill(office)
    await office.show(QBO, "b1", bill("14.00", in_qbo=True))
    await office.plan()
    said = await ask_daemon("conflict", "show", "INV-77")
    assert "[foreign edit]" in said.out
    assert "~ line 2 PUMP-40 x 12 @ 15.00 = 180.00 (was 14.00 = 168.00)" in said.out
    assert f"trueup conflict resolve {record} --field lines" in said.out
    done = await ask_daemon(
        "conflict", "resolve", "INV-77", "--field", "lines", "--take", "dear", "--reason", "agreed"
    )
    assert done.code == 0
    await office.plan()
    assert "update bill INV-77" in (await ask_daemon("plan")).out


async def test_another_total_offers_to_be_accepted(office: Office, ask_daemon: Ask) -> None:
    record = await agreed_bill(office)
    odd = msgspec.structs.replace(
        bill(in_qbo=True), tax_total=Decimal("0.40"), total=Decimal("195.40")
    )
    await office.show(QBO, "b1", odd)
    await office.plan()
    said = await ask_daemon("plan", "--held", "discrepant")
    assert "[posted with another total]" in said.out
    accept = f"trueup conflict resolve {record} --field total --reason TEXT --take qbo"
    assert accept in said.out
    assert "1 posted with another total" in (await ask_daemon("status")).out
    assert accept in (await ask_daemon("conflict", "list")).out
    assert (await ask_daemon("plan", "--held", "nonsense")).code == 65


async def test_status_names_first_days_and_kinds_without(office: Office, ask_daemon: Ask) -> None:
    said = await ask_daemon("status")
    assert "bills: sent, those from 2026-01-01 on" in said.out
    assert "invoices: off, for no first day is set (kinds.<kind>.since)" in said.out


async def two_months(office: Office) -> None:
    await agreed_bill(office)
    await office.show(DEAR, "db2", bill("1.00", in_qbo=False, number="2", date="2026-04-02"))
    await office.show(QBO, "b3", bill("2.00", in_qbo=True, number="3", date="2026-04-03"))
    await office.show(DEAR, "db4", bill("3.00", in_qbo=False, number="4", date="2025-12-31"))
    await office.plan()


async def test_totals_with_and_without_a_daemon_say_the_same(
    office: Office, ask_daemon: Ask
) -> None:
    await two_months(office)
    options = ("totals", "--by", "month", "--differences")
    told = await ask_daemon(*options)
    assert told.code == 0
    lines = told.out.splitlines()
    (april,) = [line for line in lines if "2026-04" in line and line.startswith("  bills")]
    figures = ["1", "27.00", "1", "39.00", "+12.00", "-27.00", "(1)", "+39.00", "(1)", "0.00"]
    assert april.split()[3:] == figures
    assert "  bills waiting, for an approval: 1, -27.00 USD" in lines
    assert "bills, before 2026-01-01: 1 in dear 51.00, 0 in qbo 0.00 USD" in told.out
    assert "dear 27.00, qbo does not count it: -27.00 USD" in told.out
    assert "2 documents counted differently, each with its reason" in told.out
    nowhere = str(office.socket.with_name("nobody.sock"))
    alone = await asyncio.to_thread(
        call, *options, "--config", str(office.config), "--socket", nowhere
    )
    assert alone.out.splitlines()[1:] == lines[1:]


async def test_totals_as_json_and_their_exit_code(office: Office, ask_daemon: Ask) -> None:
    await two_months(office)
    said = await ask_daemon("totals", "--json", "--exit-code", "--month", "2026-04")
    shown = json.loads(said.out)
    assert (said.code, shown["schema"], shown["unexplained"]) == (0, "trueup.control/1", 0)
    assert shown["sums"][0]["difference"] == "12.00"
    wrong = await ask_daemon("totals", "--month", "2026-13")
    assert (wrong.code, "2026-03" in wrong.err) == (64, True)
    assert (await ask_daemon("totals", "--kind", "item")).code == 65


async def test_what_nothing_explains_is_loud(office: Office, ask_daemon: Ask) -> None:
    await agreed_bill(office)
    draft = office.ledger.draft()
    # A ledger that was told to hold nothing and plan nothing: what a bug would look like.
    await office.show(QBO, "b1", bill("14.00", in_qbo=True))
    await office.plan()
    for row in await office.ledger.read(lambda views: views.holds()):
        draft.add(Released(record=row.record, subject=row.subject, reason="test"))
    await office.ledger.append(draft)
    said = await ask_daemon("totals", "--exit-code", "--differences")
    assert said.code == 2
    assert "!! -12.00 (1)" in said.out
    assert "UNEXPLAINED: 1 document" in said.out


async def test_no_documents_yet(office: Office, ask_daemon: Ask) -> None:
    assert "no documents yet" in (await ask_daemon("totals")).out


@pytest.mark.parametrize("command", [("plan",), ("totals", "--by", "party", "--differences")])
async def test_hostile_names_are_shown_as_escapes(
    office: Office, ask_daemon: Ask, command: tuple[str, ...]
) -> None:
    await furnish(office)
    evil = "\x1b]52;c;cm0=\x07[@click=x]"
    vendor = Vendor(name=evil, currency=BOLTS.currency, active=True)
    await office.show(DEAR, "d1", vendor)
    await office.show(QBO, "1", vendor)
    await office.show(DEAR, "db1", bill(in_qbo=False, number=f"{evil}\u202e7"))
    await office.plan()
    said = await ask_daemon(*command)
    assert said.code == 0
    assert "\\e]52" in said.out
    assert all(line.isprintable() for line in said.out.splitlines())
    assert Kind.BILL.value in said.out
