"""``trueup queue`` and ``withdraw``: operations on their way, and an approval taken back."""

import json
from collections.abc import Awaitable, Callable

from tests.daemon.cli.conftest import Office, Said

Ask = Callable[..., Awaitable[Said]]


async def test_what_waits(office: Office, ask_daemon: Ask) -> None:
    await office.renamed_vendor()
    await office.plan()
    said = await ask_daemon("queue")
    assert said.code == 0
    assert "operations: 1 waiting" in said.out
    assert "waiting: first plan" in said.out
    assert "Bolts 1" in said.out
    shown = json.loads((await ask_daemon("queue", "list", "--json")).out)
    assert [row["state"] for row in shown["rows"]] == ["waiting"]
    finished = await ask_daemon("queue", "--state", "finished", "--json")
    assert json.loads(finished.out)["rows"] == []
    assert (await ask_daemon("queue", "--state", "finshed")).code == 64


async def test_one_operation_whole(office: Office, ask_daemon: Ask) -> None:
    await office.renamed_vendor()
    await office.plan()
    digest = json.loads((await ask_daemon("queue", "--json")).out)["rows"][0]["digest"]
    said = await ask_daemon("queue", "show", digest[:12])
    assert "update vendor Bolts 1 in qbo" in said.out
    assert "a@bolts.example -> b@bolts.example" in said.out
    assert (await ask_daemon("queue", "show", "feedfeed")).code == 66
    shown = json.loads((await ask_daemon("queue", "show", digest, "--json")).out)
    assert shown["operation"]["digest"] == digest


async def test_pages_and_filters(office: Office, ask_daemon: Ask) -> None:
    for number in range(4):
        await office.renamed_vendor(number)
    await office.plan()
    said = await ask_daemon("queue", "--limit", "3")
    assert "rows 1 to 3 of 4" in said.err
    said = await ask_daemon("queue", "-f", "to:dear", "--json")
    assert json.loads(said.out)["total"] == 0


async def test_an_approval_is_taken_back(office: Office, ask_daemon: Ask) -> None:
    for number in range(2):
        await office.renamed_vendor(number)
    await office.plan()
    await ask_daemon("approve", "--all", "--expect-count", "2")
    rows = json.loads((await ask_daemon("queue", "--json")).out)["rows"]
    assert {row["state"] for row in rows} == {"approved"}
    digests = [row["digest"][:12] for row in rows]

    before = office.ledger.head
    rehearsed = await ask_daemon("withdraw", digests[0], "--dry-run")
    assert (rehearsed.code, office.ledger.head) == (0, before)
    assert (await ask_daemon("withdraw", *digests, "--expect-count", "1")).code == 6
    said = await ask_daemon("withdraw", digests[0], "--reason", "wrong address")
    assert said.code == 0
    assert f"back: trueup approve {digests[0]}" in said.err
    await office.plan()
    states = {
        row["digest"][:12]: row["state"]
        for row in json.loads((await ask_daemon("queue", "--json")).out)["rows"]
    }
    assert states == {digests[0]: "waiting", digests[1]: "approved"}
    again = await ask_daemon("withdraw", digests[0])
    assert again.code == 6
    life = (await ask_daemon("ledger", "history", "Bolts 0")).out
    other = (await ask_daemon("ledger", "history", "Bolts 1")).out
    assert "approval was taken back" in life + other
    assert "wrong address" in life + other


async def test_withdrawing_survives_a_rebuild(office: Office, ask_daemon: Ask) -> None:
    await office.renamed_vendor()
    await office.plan()
    await ask_daemon("approve", "--all", "--expect-count", "1")
    digest = json.loads((await ask_daemon("queue", "--json")).out)["rows"][0]["digest"]
    assert (await ask_daemon("withdraw", digest)).code == 0
    verified = await ask_daemon("ledger", "verify", "--json")
    assert json.loads(verified.out)["problems"] == []
