"""A login outlives kill -9 at every point of its renewal: real processes, the shipped simulator."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from daemon.clock import SystemClock
from daemon.connectors.vault import FileVault
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.oauth import TOKEN_PATH
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.server import serve
from daemon.sandbox.world import make_world

KILLED = -9


@dataclass
class Login:
    """One login, its simulator and its folder."""

    twin: QboTwin
    url: str
    folder: Path

    async def renew(self, when: str = "never") -> tuple[int, str, str]:
        """Start a process that renews the login; exit code, the token it came to use, stderr."""
        given = self.twin.credentials
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.daemon.connectors.renewing"),
            *(str(self.folder), self.url + TOKEN_PATH, when),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(os.environ),
        )
        client = f"{given['client_id']}:{given['client_secret']}"
        secrets = f"{client} {given['refresh_token']}\n".encode()
        out, err = await asyncio.wait_for(running.communicate(secrets), 60)
        assert running.returncode is not None
        return running.returncode, out.decode(), err.decode()

    @property
    def stored(self) -> str:
        found = FileVault(self.folder, system="qbo", realm="934", key=b"k" * 32).load()
        return "" if found is None else found.refresh_token

    @property
    def asked(self) -> int:
        return sum(row["path"] == TOKEN_PATH for row in self.twin.log.rows)

    @property
    def newest(self) -> str:
        return self.twin.tokens._grants[0].refresh_token


@pytest.fixture
async def login(tmp_path: Path) -> AsyncIterator[Login]:
    switches = QboSwitches(refresh_rotation="always", previous_refresh_token="grace")
    twin = QboTwin(
        make_world(7, "small"), clock=SystemClock(), faults=FaultScript(), switches=switches
    )
    async with serve(twin.app) as url:
        yield Login(twin, url, tmp_path)


async def test_F79_killed_after_it_was_stored_the_new_token_is_there(login: Login) -> None:
    assert (await login.renew("after"))[0] == KILLED
    assert login.stored == login.newest
    code, token, err = await login.renew()
    assert (code, err) == (0, "")
    assert token in login.twin.tokens._grants[0].access
    assert login.asked == 1, "what was stored before the kill is used, and nothing asked anew"


@pytest.mark.parametrize("when", ["before", "during"])
async def test_F79_killed_before_it_was_stored_the_former_token_still_serves(
    login: Login, when: str
) -> None:
    assert (await login.renew())[0] == 0
    first = login.newest
    assert login.stored == first
    expire(login)
    assert (await login.renew(when))[0] == KILLED
    assert login.stored == first, "whole, and the one before"
    code, token, _ = await login.renew()
    assert code == 0
    assert token
    assert login.stored == login.newest


async def test_F79_where_the_former_token_is_dead_at_once_it_is_said_by_name(login: Login) -> None:
    login.twin.switches.previous_refresh_token = "dead"
    assert (await login.renew("before"))[0] == KILLED
    code, token, err = await login.renew()
    assert (code, token) == (1, "")
    assert "Unauthorised: qbo: the login was refused" in err


async def test_F79_a_lost_reply_and_the_former_token(login: Login) -> None:
    lost = {"system": "qbo", "kind": "lost_reply", "path": TOKEN_PATH}
    login.twin.faults.extend([lost])
    code, _, err = await login.renew()
    assert (code, err) == (0, "")
    assert login.stored == login.newest
    assert login.asked == 2


def expire(login: Login) -> None:
    """Let the stored access token be of no use: only its end is looked at."""
    vault = FileVault(login.folder, system="qbo", realm="934", key=b"k" * 32)
    tokens = vault.load()
    assert tokens is not None
    changed = {name: getattr(tokens, name) for name in tokens.__struct_fields__}
    vault.save(type(tokens)(**{**changed, "access_expires_at": None}))
