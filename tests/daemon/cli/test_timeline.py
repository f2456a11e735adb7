"""``trueup ledger list`` and ``show``, with and without a daemon."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from tests.daemon.cli.conftest import Office, Said, call

Ask = Callable[..., Awaitable[Said]]


async def test_newest_first_and_by_person(office: Office, ask_daemon: Ask) -> None:
    await office.renamed_vendor()
    await office.plan()
    await ask_daemon("approve", "--all", "--expect-count", "1", "--reason", "checked by phone")
    said = await ask_daemon("ledger", "list", "--json")
    rows = json.loads(said.out)["rows"]
    assert [row["seq"] for row in rows] == sorted((row["seq"] for row in rows), reverse=True)
    found = await ask_daemon("ledger", "list", "--entry", "Approved", "--json")
    (row,) = json.loads(found.out)["rows"]
    assert "checked by phone" in row["text"]
    mine = await ask_daemon("ledger", "list", "--actor", row["actor"].split(" ")[0], "--json")
    assert {one["actor"] for one in json.loads(mine.out)["rows"]} == {row["actor"]}
    record = await ask_daemon("ledger", "list", "--record", "Bolts 1", "--json")
    assert json.loads(record.out)["rows"]
    assert (await ask_daemon("ledger", "list", "--entry", "Aproved")).code == 65


async def test_pages_go_back_in_time(office: Office, ask_daemon: Ask) -> None:
    await office.two_prices()
    await office.plan()
    first = await ask_daemon("ledger", "list", "--limit", "2", "--json")
    rows = json.loads(first.out)["rows"]
    assert f"--before {rows[-1]['seq']}" in first.err
    second = await ask_daemon(
        "ledger", "list", "--limit", "2", "--before", str(rows[-1]["seq"]), "--json"
    )
    assert [row["seq"] for row in json.loads(second.out)["rows"]] == [
        rows[-1]["seq"] - 1,
        rows[-1]["seq"] - 2,
    ]


async def test_one_entry_whole(office: Office, ask_daemon: Ask) -> None:
    await office.two_prices()
    await office.plan()
    said = await ask_daemon("ledger", "show", "1")
    assert said.code == 0
    assert said.out.startswith("entry 1: ")
    assert (
        json.loads((await ask_daemon("ledger", "show", "1", "--json")).out)["rows"][0]["seq"] == 1
    )
    gone = await ask_daemon("ledger", "show", "99999")
    assert (gone.code, gone.out) == (66, "")


async def test_without_a_daemon_it_says_the_same(office: Office, ask_daemon: Ask) -> None:
    await office.two_prices()
    await office.plan()
    told = await ask_daemon("ledger", "list")
    nowhere = str(office.socket.with_name("nobody.sock"))
    config = ("--config", str(office.config), "--socket", nowhere)
    alone = await asyncio.to_thread(call, "ledger", "list", *config)
    assert alone.code == 0
    assert alone.out.splitlines()[1:] == told.out.splitlines()[1:]


async def test_a_life_names_what_changed_and_no_ids(office: Office, ask_daemon: Ask) -> None:
    await office.renamed_vendor()
    said = await ask_daemon("ledger", "history", "Bolts 1")
    heading, *life = said.out.splitlines()
    assert "dear/vendor/dv1" in heading
    assert any("dear showed new content (full read): email" in line for line in life)
    assert not any("dear/vendor/dv1" in line for line in life)
