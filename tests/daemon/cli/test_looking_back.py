"""``--at`` on the command line, with and without a daemon."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

from tests.daemon.cli.conftest import Office, Said, call

Ask = Callable[..., Awaitable[Said]]


async def before_and_after(office: Office) -> int:
    """A conflict, and hours later a change of a vendor; the newest entry between them."""
    await office.two_prices()
    await office.plan()
    seq = office.ledger.head
    office.clock.at += timedelta(hours=5)
    await office.renamed_vendor()
    await office.plan()
    return seq


async def test_every_view_can_be_of_a_moment(office: Office, ask_daemon: Ask) -> None:
    seq = await before_and_after(office)
    at = ("--at", str(seq))
    drift = await ask_daemon("drift", "list", *at)
    assert drift.code == 0
    assert "as it stood at 2026-08-01T12:00:00+00:00 (UTC)" in drift.out
    assert f"the newest entry then: {seq}, of 2026-08-01T12:00:00+00:00" in drift.out
    assert "1 record differs: 1 conflict" in drift.out
    assert "W-7" in drift.out
    status = await ask_daemon("status", "--at", "2026-08-01T13:00")
    assert "1 record differed: 1 conflict" in status.out
    shown = await ask_daemon("ledger", "show", "W-7", *at)
    assert shown.out.count("W-7") >= 1
    assert "13.00" in shown.out
    again = await ask_daemon("drift", "show", "W-7", *at)
    assert again.out == shown.out
    assert (await ask_daemon("drift", "show", "Bolts 1", *at)).code == 66


async def test_as_json_it_names_both_moments(office: Office, ask_daemon: Ask) -> None:
    seq = await before_and_after(office)
    answer = json.loads((await ask_daemon("status", "--at", str(seq), "--json")).out)
    assert (answer["seq"], answer["timezone"]) == (seq, "UTC")
    assert answer["asked"] == answer["at"] == "2026-08-01T12:00:00+00:00"
    assert answer["as_of"].startswith("2026-08-01T17:00:00")
    assert answer["standing"]["drift_by_class"] == {"conflict": 1}
    rows = json.loads((await ask_daemon("drift", "list", "--at", str(seq), "--json")).out)
    assert [row["label"] for row in rows["rows"]] == ["W-7"]


async def test_what_looks_ahead_takes_no_moment(office: Office, ask_daemon: Ask) -> None:
    assert office.ledger.head == 0
    assert (await ask_daemon("status", "--at", "1", "--watch")).code == 64
    assert (await ask_daemon("ledger", "show", "W-7")).code == 64
    assert (await ask_daemon("drift", "list", "--at", "yesterday")).code == 65


async def test_without_a_daemon_the_file_tells(office: Office, ask_daemon: Ask) -> None:
    seq = await before_and_after(office)
    with_daemon = await ask_daemon("drift", "list", "--at", str(seq))
    gone = office.socket.rename(office.socket.with_name("elsewhere.sock"))
    try:
        alone = await asyncio.to_thread(
            call, "drift", "list", "--at", str(seq), "--config", str(office.config)
        )
    finally:
        gone.rename(office.socket)
    assert alone.code == 0
    assert alone.out == with_daemon.out
