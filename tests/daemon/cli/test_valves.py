"""Commands that stop, set aside and answer: what they print, and how they end."""

import json
from collections.abc import Awaitable, Callable

from daemon.cli.skip import age_text
from ledger.model.entries import FirstPlanApproved
from ledger.model.records import Account
from tests.daemon.cli.conftest import Office, Said
from tests.daemon.control.conftest import QBO

Ask = Callable[..., Awaitable[Said]]


async def flowing(office: Office) -> None:
    draft = office.ledger.draft(actor="test")
    draft.add(FirstPlanApproved(by="test"))
    await office.ledger.append(draft)


async def test_a_pause_from_the_shell_and_back(office: Office, ask_daemon: Ask) -> None:
    await flowing(office)
    said = await ask_daemon("pause", "--kind", "vendor", "--reason", "audit \x1b[31mnow")
    assert said.code == 0
    assert "nothing of vendors to every system is written until it is resumed" in said.out
    assert "ledger entry " in said.out
    assert "back: trueup resume --kind vendor --reason TEXT" in said.err
    await office.renamed_vendor()
    await office.plan()

    shown = (await ask_daemon("status")).out
    assert "STOPPED: 1 change (paused)" in shown
    assert "paused: vendors to every system, since 2026-08-01T12:00:00Z by " in shown
    assert "audit \\e[31mnow" in shown
    assert "trueup approve" not in shown
    plan = (await ask_daemon("plan")).out
    assert "[waiting for approval: paused]" in plan or "[waiting: paused]" in plan
    assert "stopped: Paused (vendors in every system) by " in plan
    assert (await ask_daemon("status", "--exit-code")).code == 2

    again = await ask_daemon("resume", "--reason", "done")
    assert again.code == 6
    assert "paused now: vendors to every system" in again.err
    assert (await ask_daemon("resume", "--kind", "vendor", "--reason", "done")).code == 0


async def test_a_reason_is_asked_for(office: Office, ask_daemon: Ask) -> None:
    assert office.ledger is not None
    for args in (
        ("pause",),
        ("resume",),
        ("skip", "W-7"),
        ("remap", "Sales", "Revenue"),
        ("accept-absence", "qbo", "item", "--most", "3"),
    ):
        said = await ask_daemon(*args)
        assert said.code == 64, args
        assert "--reason" in said.err, args


async def test_the_desk_and_a_skip(office: Office, ask_daemon: Ask) -> None:
    assert (await ask_daemon("desk")).out == "nothing is held\n"
    assert (await ask_daemon("skip", "--list")).out == "nothing is set aside\n"
    await office.two_prices()
    await office.plan()
    shown = (await ask_daemon("desk")).out
    assert "1 record held for 1 cause" in shown
    assert "such as: W-7" in shown
    assert "trueup skip --pattern conflict:" in shown
    assert "tried again" not in shown
    assert "tried again when a person decides" in (await ask_daemon("desk", "conflict")).out

    said = await ask_daemon("skip", "W-7", "--reason", "next year")
    assert said.code == 0
    assert "it stays a difference until it changes" in said.out
    listed = (await ask_daemon("skip", "--list")).out
    assert "item W-7" in listed
    assert "next year" in listed
    status = (await ask_daemon("status")).out
    assert "NOT EQUAL: 1 question set aside" in status
    assert "set aside, and still different: 1" in status
    assert (await ask_daemon("status", "--exit-code")).code == 2, "set aside is not equal"
    assert "1 of all this set aside" in (await ask_daemon("plan")).out
    assert (await ask_daemon("skip", "W-7", "--reason", "again")).code == 6
    assert (await ask_daemon("retry", "W-7", "--reason", "now")).code == 0
    assert (await ask_daemon("skip", "--list")).out == "nothing is set aside\n"


async def test_a_pattern_from_the_shell(office: Office, ask_daemon: Ask) -> None:
    await office.two_prices()
    await office.plan()
    bare = await ask_daemon("retry", "--pattern", "conflict", "--reason", "x")
    assert bare.code == 64
    wrong = await ask_daemon(
        "skip", "--pattern", "conflict", "--expect-count", "9", "--reason", "x"
    )
    assert wrong.code == 6
    right = await ask_daemon(
        "skip", "--pattern", "conflict", "--expect-count", "1", "--reason", "x", "--json"
    )
    assert right.code == 0
    assert json.loads(right.out)["back"].startswith("trueup retry --pattern conflict")
    assert (await ask_daemon("skip", "W-7", "--pattern", "conflict", "--reason", "x")).code == 64


async def test_remaps_from_the_shell(office: Office, ask_daemon: Ask) -> None:
    for number, name in enumerate(("Sales", "Revenue")):
        await office.show(QBO, f"a{number}", Account(name=name, code=f"400{number}", active=True))
    assert "no answer stands" in (await ask_daemon("remap")).out
    said = await ask_daemon("remap", "Sales", "Revenue", "--reason", "renumbered")
    assert said.code == 0
    assert 'in qbo, "4001 Revenue" is meant where "4000 Sales" is said' in said.out
    assert "renumbered" in (await ask_daemon("remap", "--list")).out
    assert (await ask_daemon("remap", "Sales", "--undo", "--reason", "back")).code == 0
    assert (await ask_daemon("remap", "Sales", "--remove", "--reason", "back")).code == 6
    done = await ask_daemon("accept-absence", "qbo", "account", "--most", "2", "--reason", "tidied")
    assert done.code == 0
    assert "up to 2 of 2 account records" in done.out


def test_ages_in_the_largest_unit_that_fits() -> None:
    assert [age_text(s) for s in (0, 59, 60, 3_599, 3_600, 86_399, 86_400 * 3)] == [
        "0 s",
        "59 s",
        "1 min",
        "59 min",
        "1 h",
        "23 h",
        "3 d",
    ]


async def test_a_skip_with_an_end_is_told_wherever_it_shows(
    office: Office, ask_daemon: Ask
) -> None:
    await flowing(office)
    await office.two_prices()
    await office.renamed_vendor()
    await office.plan()
    until = ("--until", "2026-09-01", "--reason", "audit")
    said = await ask_daemon("skip", "W-7", *until)
    assert said.code == 0, said.err
    assert "until it changes or 2026-09-01 00:00 +00:00" in said.out
    assert (await ask_daemon("skip", "Bolts 1", *until)).code == 0
    listed = (await ask_daemon("skip", "--list")).out
    assert listed.count("until 2026-09-01T00:00:00Z, when it is taken up by itself") == 2
    assert "(set aside until 2026-09-01T00:00:00Z)" in (await ask_daemon("desk", "conflict")).out
    assert ": set aside until 2026-09-01T00:00Z" in (await ask_daemon("queue")).out
    assert "set aside until 2026-09-01T00:00:00Z: audit" in (await ask_daemon("plan")).out
    rows = json.loads((await ask_daemon("drift", "--json")).out)["rows"]
    assert {row["until"] for row in rows} == {"2026-09-01T00:00:00.000000Z"}

    over = await ask_daemon("skip", "W-7", "--until", "2026-07-01", "--reason", "x")
    assert (over.code, over.out) == (65, "")
    assert "is over: it is 2026-08-01 12:00 +00:00" in over.err
    assert (await ask_daemon("skip", "--list", "--until", "2026-09-01")).code == 64


async def test_a_whole_pattern_may_have_an_end(office: Office, ask_daemon: Ask) -> None:
    await office.two_prices()
    await office.plan()
    args = ("--pattern", "conflict", "--expect-count", "1", "--reason", "x")
    said = await ask_daemon("skip", *args, "--until", "2026-08-02T09:00")
    assert said.code == 0, said.err
    assert "1 records are set aside" in said.out
    assert "or 2026-08-02 09:00 +00:00" in said.out
    (row,) = json.loads((await ask_daemon("skip", "--list", "--json")).out)["skips"]
    assert row["until"] == "2026-08-02T09:00:00.000000Z"
