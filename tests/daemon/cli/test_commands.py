"""Commands that ask a daemon: what they print, and how they end."""

import json
import shlex
import socket
from collections.abc import Awaitable, Callable
from decimal import Decimal

from daemon.cli.root import COMMANDS, root
from ledger.model.records import Item, Term, Vendor
from tests.daemon.cli.conftest import Office, Said
from tests.daemon.control.conftest import DEAR, QBO

Ask = Callable[..., Awaitable[Said]]


async def test_status_names_the_company_without_its_escapes(
    office: Office, ask_daemon: Ask
) -> None:
    await office.renamed_vendor()
    await office.plan()
    said = await ask_daemon("status")
    assert said.code == 0
    assert "acme: Acme \\e[31mFasteners" in said.out
    assert "\x1b" not in said.out
    assert "NEEDS A PERSON: 1 change to approve" in said.out
    assert "observing only" in said.out
    assert "trueup approve --all --expect-count 1" in said.out


async def test_status_exit_codes(office: Office, ask_daemon: Ask) -> None:
    assert (await ask_daemon("status", "--exit-code")).code == 0
    await office.renamed_vendor()
    assert (await ask_daemon("status", "--exit-code")).code == 2
    await office.plan()
    assert (await ask_daemon("status", "--exit-code")).code == 4
    assert (await ask_daemon("status")).code == 0


async def test_all_companies_stand_in_one_list_and_the_silent_one_hides_none(
    office: Office, ask_daemon: Ask
) -> None:
    folder = office.socket.parent
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(folder / "borealis.sock"))  # and nobody listens
    await office.renamed_vendor()
    await office.plan()
    wanted = ("status", "--all", "--sockets", str(folder))
    said = await ask_daemon(*wanted)
    first, second = said.out.splitlines()[1:3]
    assert first.split()[:2] == ["borealis", "?"]
    assert "no daemon is listening" in first
    assert "needs a person" in second
    assert said.out.splitlines()[-1] == "2 companies, 1 without an answer"
    assert (await ask_daemon(*wanted, "--exit-code")).code == 4
    shown = json.loads((await ask_daemon(*wanted, "--json")).out)
    assert shown["schema"] == "trueup.companies/1"
    assert [one["instance"] for one in shown["companies"]] == ["borealis", "acme"]
    nobody = await ask_daemon("status", "--all", "--sockets", str(folder / "none"))
    assert nobody.code == 64
    assert "no control socket lies in" in nobody.err


async def test_json_is_one_object_with_schema_and_time(office: Office, ask_daemon: Ask) -> None:
    await office.two_prices()
    await office.plan()
    for args in (("status",), ("plan",), ("conflict", "list"), ("ledger", "history", "W-7")):
        said = await ask_daemon(*args, "--json")
        assert (said.code, said.err) == (0, ""), args
        shown = json.loads(said.out)
        assert shown["schema"].startswith("trueup."), args
        assert shown["as_of"], args


async def test_the_plan_in_words(office: Office, ask_daemon: Ask) -> None:
    await office.renamed_vendor()
    await office.two_prices()
    await office.plan()
    said = await ask_daemon("plan")
    assert "update vendor Bolts 1 in qbo  [waiting: first plan]" in said.out
    assert "a@bolts.example -> b@bolts.example" in said.out
    assert "item W-7 Widget  [conflict]" in said.out
    assert "--field sales_price --reason TEXT --take dear  # or --take qbo" in said.out
    assert "1 change: 1 waiting for approval" in said.out
    assert "next: trueup approve --all --expect-count 1" in said.out


async def test_plan_exit_code_and_cut(office: Office, ask_daemon: Ask) -> None:
    assert (await ask_daemon("plan", "--exit-code")).code == 0
    for number in range(3):
        await office.renamed_vendor(number)
    await office.plan()
    said = await ask_daemon("plan", "--exit-code", "--limit", "2")
    assert said.code == 2
    assert "--offset 2" in said.err
    assert "--offset" not in said.out


async def test_hostile_names_are_shown_and_do_nothing(office: Office, ask_daemon: Ask) -> None:
    name = "[@click=app.approve_all]x[/] \x1b]52;c;eA==\x07 \u202egnp"
    await office.show(QBO, "1", Vendor(name=name, email="x@y.example", active=True))
    await office.show(DEAR, "d", Vendor(name="Y", email="x@y.example", active=True))
    await office.plan()
    for args in (("plan",), ("plan", "--json"), ("ledger", "history", "qbo/vendor/1")):
        said = await ask_daemon(*args)
        assert said.code == 0
        assert "\x1b" not in said.out
        assert "\x07" not in said.out
    said = await ask_daemon("plan")
    assert "[@click=app.approve_all]x[/] \\e]52;c;eA==\\x07 \\u202egnp" in said.out


async def test_approve_needs_the_count_where_nobody_can_be_asked(
    office: Office, ask_daemon: Ask
) -> None:
    await office.renamed_vendor()
    await office.plan()
    said = await ask_daemon("approve", "--all")
    assert (said.code, said.out) == (64, "")
    assert "--expect-count" in said.err


async def test_approve_by_the_digits_that_plan_shows(office: Office, ask_daemon: Ask) -> None:
    await office.renamed_vendor()
    await office.plan()
    digits = next(
        line.split()[0]
        for line in (await ask_daemon("plan")).out.splitlines()
        if "update vendor Bolts 1" in line
    )
    said = await ask_daemon("approve", digits, "--note", "checked")
    assert said.code == 0
    assert said.out.startswith("1 change approved by ")
    assert (await ask_daemon("approve", "0" * 12)).code == 6


async def test_approve_refuses_another_count_with_6(office: Office, ask_daemon: Ask) -> None:
    await office.renamed_vendor()
    await office.plan()
    said = await ask_daemon("approve", "--all", "--expect-count", "2")
    assert said.code == 6
    assert "trueup plan" in said.err


async def test_a_conflict_is_listed_and_decided(office: Office, ask_daemon: Ask) -> None:
    record = await office.two_prices()
    await office.plan()
    listed = await ask_daemon("conflict", "list", "--json")
    (conflict,) = json.loads(listed.out)["conflicts"]
    assert conflict["conflict"][0]["values"] == {"dear": "12.95", "qbo": "13.00"}
    said = await ask_daemon(
        "conflict", "resolve", record, "--field", "sales_price", "--take", "qbo", "--reason", "x"
    )
    assert said.code == 0
    assert "the value of qbo is right" in said.out
    await office.plan()
    assert (await ask_daemon("conflict", "list")).out == "no conflicts\n"


async def test_a_conflict_is_answered_with_a_value_of_ones_own(
    office: Office, ask_daemon: Ask
) -> None:
    record = await office.two_prices()
    await office.plan()
    head = json.loads((await ask_daemon("conflict", "show", record, "--json")).out)["head"]
    assert f"--seen {head}" in (await ask_daemon("conflict", "show", record)).err
    say = ("conflict", "resolve", record, "--field", "sales_price", "--reason", "x")
    assert (await ask_daemon(*say)).code == 64
    assert (await ask_daemon(*say, "--take", "qbo", "--value", "1")).code == 64
    wrong = await ask_daemon(*say, "--value", "a lot")
    assert (wrong.code, wrong.out) == (65, "")
    assert "such as 12.95" in wrong.err
    dry = await ask_daemon(*say, "--value", "12.99", "--seen", str(head), "--dry-run")
    assert "would be decided" in dry.out
    assert "qbo 13.00 -> 12.99 (-0.01)" in dry.out
    said = await ask_daemon(*say, "--value", "12.99", "--seen", str(head))
    assert said.code == 0
    stale = await ask_daemon(*say, "--take", "qbo", "--seen", str(head))
    assert stale.code == 6
    assert "12.99 is right" in stale.err


async def test_link_from_the_plan(office: Office, ask_daemon: Ask) -> None:
    await office.show(QBO, "1", Vendor(name="Acme", email="x@y.example", active=True))
    await office.show(DEAR, "d", Vendor(name="Acme Limited", email="x@y.example", active=True))
    await office.plan()
    shown = (await ask_daemon("plan")).out
    command = next(
        shlex.split(line, comments=True) for line in shown.splitlines() if "link " in line
    )
    said = await ask_daemon(*command[1:])
    assert said.code == 0
    assert "ledger entry" in said.out
    wrong = await ask_daemon(*command[1:], "--apart", "--unlink")
    assert wrong.code == 64


async def test_the_plan_begins_with_its_numbers_and_is_sorted_by_kind_and_name(
    office: Office, ask_daemon: Ask
) -> None:
    for number in (3, 1, 2):
        await office.renamed_vendor(number)
    await office.show(DEAR, "t", Term(name="Net 9", method="days", due=Decimal(9), active=True))
    await office.show(QBO, "t", Term(name="Net 8", method="days", due=Decimal(8), active=True))
    await office.plan()
    said = await ask_daemon("plan")
    lines = said.out.splitlines()
    assert lines[1] == "4 changes: 4 waiting for approval"
    assert lines[2:4] == ["       1  create term in dear", "       3  update vendor in qbo"]
    shown = [line.split("  ")[2] for line in lines if "[waiting: first plan]" in line]
    assert shown == [
        "create term Net 8 in dear",
        *(f"update vendor Bolts {number} in qbo" for number in (1, 2, 3)),
    ]
    second = (await ask_daemon("plan", "--limit", "1", "--offset", "1")).out
    assert "Changes (2 to 2 of 4)" in second
    assert "update vendor Bolts 1 in qbo" in second
    assert "       3  update vendor in qbo" in second, "totals are of the whole plan"


async def test_the_plan_of_one_record(office: Office, ask_daemon: Ask) -> None:
    await office.renamed_vendor()
    await office.two_prices()
    await office.plan()
    said = await ask_daemon("plan", "W-7")
    assert "item W-7 Widget  [conflict]" in said.out
    assert "Bolts" not in said.out
    assert (await ask_daemon("conflict", "show", "qbo/item/7")).code == 0
    said = await ask_daemon("conflict", "show", "Bolts 1")
    assert (said.code, said.out) == (66, "")


async def test_what_was_parted_is_not_joined_again(office: Office, ask_daemon: Ask) -> None:
    record = await office.two_prices()
    said = await ask_daemon("link", record, "dear/item/d7", "--unlink", "--reason", "by mistake")
    assert said.code == 0
    await office.plan()
    refs = json.loads((await ask_daemon("ledger", "history", record, "--json")).out)["refs"]
    assert refs == ["qbo/item/7"]
    again = await ask_daemon("link", record, "dear/item/d7")
    assert again.code == 0


async def test_a_record_linked_elsewhere_is_not_taken_away(office: Office, ask_daemon: Ask) -> None:
    record = await office.two_prices()
    await office.show(QBO, "8", Item(name="Gadget", sku="G-8", active=True))
    said = await ask_daemon("link", "G-8", "dear/item/d7")
    assert said.code == 7
    assert f"trueup link {record} dear/item/d7 --unlink" in said.err


async def test_an_ambiguous_name_says_where_each_record_stands(
    office: Office, ask_daemon: Ask
) -> None:
    for number in ("1", "2"):
        await office.show(QBO, number, Item(name="Same", active=True))
    said = await ask_daemon("plan", "Same")
    assert said.code == 65
    assert "(qbo/item/1)" in said.err
    assert "(qbo/item/2)" in said.err


async def test_a_rehearsed_send_shows_what_would_go_and_checks_the_kind(
    office: Office, ask_daemon: Ask
) -> None:
    await office.renamed_vendor()
    await office.plan()
    head = office.ledger.head
    wrong = await ask_daemon("send", "item", "Bolts 1", "--dry-run")
    assert (wrong.code, wrong.out) == (66, "")
    assert "it is: vendor" in wrong.err
    await ask_daemon("approve", "--all", "--expect-count", "1")
    said = await ask_daemon("send", "vendor", "Bolts 1", "--dry-run")
    assert "1 change would be sent" in said.out
    assert "update vendor Bolts 1 in qbo" in said.out
    assert office.ledger.head > head  # the approval alone
    again = office.ledger.head
    assert (await ask_daemon("apply", "--dry-run")).code == 0
    assert office.ledger.head == again


async def test_unknown_things_end_with_66(ask_daemon: Ask) -> None:
    for args in (("send", "vendor", "Nobody"), ("retry", "Nobody"), ("ledger", "history", "x")):
        said = await ask_daemon(*args)
        assert (said.code, said.out) == (66, ""), args


def test_every_command_of_the_table_can_be_loaded() -> None:
    context = root.make_context("trueup", ["version"], resilient_parsing=True)
    for name in COMMANDS:
        if name in {"sandbox", "demo"}:
            continue  # theirs is the test of being started
        command = root.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str()
