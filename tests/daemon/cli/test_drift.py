"""``trueup drift``: the list, one record whole, and over time, for a person and for a script."""

import json
from collections.abc import Awaitable, Callable

import pytest

from tests.daemon.cli.conftest import Office, Said
from tests.daemon.control.conftest import DEAR
from tests.daemon.control.papers import agreed_bill, bill

Ask = Callable[..., Awaitable[Said]]


@pytest.fixture
async def differing(office: Office) -> Office:
    """Three vendors that changed, and an item that both sides changed."""
    for number in range(3):
        await office.renamed_vendor(number)
    await office.two_prices()
    await office.plan()
    return office


async def test_the_list_is_the_default(differing: Office, ask_daemon: Ask) -> None:
    said = await ask_daemon("drift")
    assert said.code == 0
    assert "4 records differ: 1 conflict, 3 changed" in said.out
    assert "! conflict" in said.out
    assert "W-7" in said.out
    assert said.out == (await ask_daemon("drift", "list")).out


async def test_a_filter_says_what_it_leaves_out(differing: Office, ask_daemon: Ask) -> None:
    said = await ask_daemon("drift", "-f", 'kind:vendor -"Bolts 2"')
    assert "2 of 4 records differ; the filter leaves out 2" in said.out
    assert "W-7" not in said.out
    wrong = await ask_daemon("drift", "-f", "kin:vendor")
    assert wrong.code == 65
    assert "kind" in wrong.err


async def test_what_a_page_leaves_out_is_told_on_stderr(differing: Office, ask_daemon: Ask) -> None:
    said = await ask_daemon("drift", "--limit", "3", "--json")
    assert "rows 1 to 3 of 4: 1 row more with --offset 3" in said.err
    assert len(json.loads(said.out)["rows"]) == 3
    rest = await ask_daemon("drift", "--limit", "3", "--offset", "3", "--json")
    assert (len(json.loads(rest.out)["rows"]), rest.err) == (1, "")


async def test_chosen_fields(differing: Office, ask_daemon: Ask) -> None:
    said = await ask_daemon("drift", "-f", "kind:vendor", "--fields", "label,since", "--json")
    rows = json.loads(said.out)["rows"]
    assert [set(row) for row in rows] == [{"label", "since"}] * 3
    table = await ask_daemon("drift", "--fields", "label,class", "--sort", "label")
    labels = [line.split("  ")[1] for line in table.out.splitlines() if line.startswith("  Bolts")]
    assert labels == ["Bolts 0", "Bolts 1", "Bolts 2"]
    assert (await ask_daemon("drift", "--fields", "lable")).code == 64


async def test_2_only_on_request(differing: Office, ask_daemon: Ask) -> None:
    assert (await ask_daemon("drift")).code == 0
    assert (await ask_daemon("drift", "--exit-code")).code == 2
    assert (await ask_daemon("drift", "--exit-code", "-f", "kind:term")).code == 0


async def test_sums(differing: Office, ask_daemon: Ask) -> None:
    said = await ask_daemon("drift", "--sum")
    assert "by class" in said.out
    assert "        3  vendor" in said.out
    assert "Bolts" not in said.out


async def test_nothing_differs(office: Office, ask_daemon: Ask) -> None:
    await office.plan()
    assert "nothing differs" in (await ask_daemon("drift")).out


async def test_a_record_has_three_columns_and_says_which_side_moved(
    differing: Office, ask_daemon: Ask
) -> None:
    said = await ask_daemon("drift", "show", "Bolts 1")
    assert said.code == 0
    lines = said.out.splitlines()
    place = next(i for i, line in enumerate(lines) if line.strip().startswith("~ email"))
    assert lines[place + 1].split() == ["agreed", "a@bolts.example"]
    moved = next(line for line in lines[place:] if "> dear" in line)
    assert "b@bolts.example" in moved
    written = next(line for line in lines[place:] if line.strip().startswith("qbo"))
    assert "-> b@bolts.example" in written
    assert "What will be written" in lines
    assert not any(line.strip().startswith("name") for line in lines)
    assert " name" in (await ask_daemon("drift", "show", "Bolts 1", "--all")).out


async def test_side_by_side(differing: Office, ask_daemon: Ask) -> None:
    said = await ask_daemon("drift", "show", "W-7", "--side-by-side")
    head = next(line for line in said.out.splitlines() if "last agreed  " in line)
    assert head.split() == ["field", "last", "agreed", *head.split()[3:]]
    row = next(line for line in said.out.splitlines() if "!  sales price" in line)
    assert {"12.40", "13.00", "12.95"} <= set(row.split())


async def test_lines_stand_under_their_headings(office: Office, ask_daemon: Ask) -> None:
    await agreed_bill(office)
    await office.show(DEAR, "db1", bill("15.10", in_qbo=False))
    await office.plan()
    said = await ask_daemon("drift", "show", "INV-77")
    lines = [line.strip() for line in said.out.splitlines()]
    place = next(i for i, line in enumerate(lines) if line.startswith("-- line 2"))
    assert any(line.startswith("~ unit price") for line in lines[place:])
    assert not any("line 1" in line for line in lines), "what is the same is left out"


async def test_one_record_that_nobody_knows(office: Office, ask_daemon: Ask) -> None:
    said = await ask_daemon("drift", "show", "Nobody")
    assert (said.code, said.out) == (66, "")


async def test_over_time(differing: Office, ask_daemon: Ask) -> None:
    shown = json.loads((await ask_daemon("drift", "history", "--json")).out)
    assert shown["points"][-1]["records"] == 4
    assert "####" in (await ask_daemon("drift", "history")).out
