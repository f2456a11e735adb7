"""What is asked before anybody can wait for it."""

import socket
from pathlib import Path

import pytest

from daemon.control.ahead import Ahead, asking
from daemon.control.client import ControlClient, DaemonAbsent
from daemon.control.protocol_drift import DriftQuery
from tests.daemon.control.conftest import Office


async def test_whoever_asks_the_same_later_finds_the_answer_there(office: Office) -> None:
    ahead = Ahead(office.socket)
    ahead.standing()
    ahead.drift(DriftQuery(limit=3))
    async with ControlClient(office.socket) as client:
        named, rows = await client.who(), await client.drift(DriftQuery(limit=3))
    async with ControlClient(office.socket, ahead=ahead) as client:
        assert (await client.who()).name == named.name
        assert (await client.status(counts=False)).company
        assert (await client.drift(DriftQuery(limit=3))).rows == rows.rows
        for asked in (
            asking("GET", "/v1/who"),
            asking("GET", "/v1/status", {"counts": "0"}),
        ):
            assert ahead.take(asked) is None, "it was taken up, and is asked anew from now on"
        assert (await client.who()).name == named.name


async def test_what_nobody_takes_up_is_given_up_with_the_client(office: Office) -> None:
    ahead = Ahead(office.socket)
    ahead.standing()
    async with ControlClient(office.socket, ahead=ahead) as client:
        await client.status()
    assert ahead.take(asking("GET", "/v1/who")) is None


async def test_without_a_daemon_nothing_is_asked_and_the_question_says_why(tmp_path: Path) -> None:
    ahead = Ahead(tmp_path / "control.sock")
    ahead.standing()
    assert ahead.take(asking("GET", "/v1/who")) is None
    async with ControlClient(ahead.socket, ahead=ahead) as client:
        with pytest.raises(DaemonAbsent, match="no daemon"):
            await client.who()


def test_a_daemon_that_takes_nobody_in_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "full.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen(0)
        ahead = Ahead(path)
        for _ in range(5):
            ahead.standing()  # a full queue refuses at once; a wait would never end
        ahead.drop()
        assert ahead.take(asking("GET", "/v1/who")) is None
