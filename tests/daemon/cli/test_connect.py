"""``trueup connect`` and ``disconnect`` as a person uses them: every part is a real process."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from daemon.cli.demo_stage import Demo
from daemon.sandbox.qbo.oauth import TOKEN_PATH
from tests.browser import go, press
from tests.daemon.cli.conftest import Said, process
from tests.ports import free_port

SCALE = 20.0


class House(Demo):
    """Two simulators and a configuration that names no refresh token."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, 11, "small", SCALE)
        self.port = free_port()

    @property
    def back(self) -> str:
        return f"http://localhost:{self.port}/callback"

    def prepare(self) -> None:
        self.configure(r"\n  refresh_token: .*", f'\n  redirect_uri: "{self.back}"')
        self._control("qbo", "switches", {"redirect_uris": [self.back]})

    def configure(self, pattern: str, text: str) -> None:
        found = self.config.read_text(encoding="utf-8")
        changed, count = re.subn(pattern, text, found)
        assert count == 1
        self.config.write_text(changed, encoding="utf-8")

    @property
    def tokens(self) -> list[Path]:
        return list((self.folder / "state" / "vault").glob("*.tokens"))

    def link(self) -> str:
        """The state of the connection to QuickBooks, as the daemon tells it."""
        (shown,) = [s for s in self.ask("status")["systems"] if s["system"] == "qbo"]
        return str(shown["link"])

    async def called(self, *args: str) -> Said:
        return await process(*args, "--config", str(self.config))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    one = House(tmp_path)
    with one.sandbox():
        one.prepare()
        yield one


class Connecting:
    """A ``trueup connect`` that is waiting for its answer."""

    def __init__(self, running: asyncio.subprocess.Process) -> None:
        self._running = running
        self._told = ""
        self.url = ""

    @property
    def pid(self) -> int:
        return self._running.pid

    async def read_address(self) -> None:
        """Until it has printed the address to open, and waits."""
        assert self._running.stderr is not None
        while "Press Enter" not in self._told.title() and "Waiting" not in self._told:
            line = await asyncio.wait_for(self._running.stderr.readline(), 60)
            assert line, self._told
            self._told += line.decode()
            if line.startswith(b"http"):
                self.url = line.decode().strip()

    async def end(self, pasted: str | None = None) -> Said:
        data = None if pasted is None else f"{pasted}\n".encode()
        out, err = await asyncio.wait_for(self._running.communicate(data), 60)
        assert self._running.returncode is not None
        return Said(self._running.returncode, out.decode(), self._told + err.decode())


@asynccontextmanager
async def connecting(house: House, *args: str) -> AsyncIterator[Connecting]:
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "daemon", "connect", *args, "--config", str(house.config)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if "DISPLAY" not in name},
    )
    one = Connecting(running)
    try:
        await one.read_address()
        yield one
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


async def pasted(house: House, *args: str, button: str = "sample company") -> Said:
    async with connecting(house, "--paste", *args) as one:
        return await one.end(await press(one.url, button))


async def until_link(house: House, word: str) -> None:
    async with asyncio.timeout(90):
        while await asyncio.to_thread(house.link) != word:
            pass


async def test_on_a_server_without_a_browser_and_without_a_daemon(house: House) -> None:
    realm = house.twins["qbo"]["realm_id"]

    said = await pasted(house)

    assert said.code == 0, said.err
    assert "qbo  connected" in said.out
    assert f"...{realm[-4:]} (sandbox)" in said.out
    assert realm not in said.out + said.err
    assert "currency  USD" in said.out
    assert "QuickBooks Online Plus" in said.out
    assert "Intuit ends it on" in said.out
    assert f"next: trueup run --config {house.config}" in said.out
    again = await house.called("connect")
    assert again.code == 7
    assert "--reconnect" in again.err
    checked = await house.called("connect", "--check", "--json")
    assert checked.code == 0, checked.err
    shown = json.loads(checked.out)
    assert {s["system"]: s["connected"] for s in shown["systems"]} == {"qbo": True, "dear": True}
    life = (await house.called("ledger", "list")).out
    assert "access to qbo was given, says" in life
    assert "belongs to one company of qbo (sandbox)" in life


async def test_while_the_daemon_runs_and_over_this_machine(house: House) -> None:
    with house.daemon():
        await until_link(house, "reauth_needed")
        started = house.ask("status")["as_of"]
        async with connecting(house) as one:
            assert urlsplit(one.url).path == "/connect/oauth2"
            answer = await press(one.url)
            stranger = answer.replace("state=", "state=x")
            status, to, text = await go(stranger)
            assert (status, to, text) == (302, "/not-asked", ""), "a code gets no page"
            status, to, text = await go(answer)
            assert (status, to, text) == (302, "/done", "")
            said = await one.end()
        assert said.code == 0, said.err
        assert "next: trueup status" in said.out
        await until_link(house, "connected")
        assert house.ask("status")["as_of"] > started
        told = (await house.called("status")).out
        assert re.search(r"the login ends on \S+ if unused, on \S+ in any case", told), told

        said = await house.called("disconnect", "--reason", "audit")
        assert said.code == 0, said.err
        assert "revoked there and forgotten here" in said.out
        await until_link(house, "disconnected")
        (dear,) = [s for s in house.ask("status")["systems"] if s["system"] == "dear"]
        assert dear["link"] == "connected", "the other side goes on"
        assert (await house.called("ledger", "verify")).code == 0

        said = await pasted(house)
        assert said.code == 0, said.err
        await until_link(house, "connected")
    log = (house.folder / "daemon.log").read_text()
    assert log.count("ready") == 1, "nothing was started anew"


async def test_another_company_is_refused_before_anything_is_stored(house: House) -> None:
    said = await pasted(house, button="another company")
    assert (said.code, said.out) == (7, "")
    assert f"...{house.twins['qbo']['realm_id'][-4:]}" in said.err
    assert "nothing was stored" in said.err
    assert house.tokens == []
    rows = [json.loads(row) for row in (house.folder / "requests.jsonl").read_text().splitlines()]
    assert [row for row in rows if row["path"] == TOKEN_PATH] == [], "its code was not even used"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", 65, "no address came"),
        ("hello", 65, "no answer"),
        ("http://localhost/callback?code=x&state=unknown&realmId=1", 6, "no question"),
        ("error=access_denied&state=STATE", 7, "access_denied"),
        ("code=x&state=STATE", 65, "realmId"),
        ("code=x&realmId=REALM&state=STATE", 6, "took the code back"),
    ],
)
async def test_answers_that_are_none(house: House, text: str, code: int, words: str) -> None:
    async with connecting(house, "--paste") as one:
        state = re.search(r"state=([\w-]+)", one.url)
        assert state is not None
        realm = house.twins["qbo"]["realm_id"]
        said = await one.end(text.replace("STATE", state[1]).replace("REALM", realm))
    assert (said.code, said.out) == (code, ""), said.err
    assert words in said.err
    assert house.tokens == []
