"""No token, code or client secret is to be found anywhere but sealed in the vault."""

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.connectors.vault import FileVault, Tokens
from ledger.store.lock import Lock
from tests.browser import press
from tests.daemon.cli.conftest import Said
from tests.daemon.cli.test_connect import House, connecting, house, pasted, until_link

__all__ = ["house"]
BUG = """
import sys
from daemon.cli import main
from daemon.connectors.oauth import OAuth

def broken(self, before, used, grant):
    token = grant.access_token
    raise KeyError(token)

OAuth._granted = broken
main(sys.argv[1:])
"""


def vault(house: House) -> FileVault:
    realm = str(house.twins["qbo"]["realm_id"])
    return FileVault(house.folder / "state" / "vault", system="qbo", realm=realm)


def tokens(house: House) -> Tokens:
    found = vault(house).load()
    assert found is not None
    return found


def secrets(house: House) -> dict[str, str]:
    found = tokens(house)
    return {
        "refresh token": found.refresh_token,
        "access token": found.access_token,
        "client secret": house.twins["qbo"]["client_secret"],
        "application key": house.twins["dear"]["application_key"],
        "vault key": (house.folder / "state" / "vault" / "vault.key").read_bytes().hex(),
    }


def files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "secrets" not in path.parts:
            yield path, path.read_bytes()


def processes(house: House) -> Iterator[tuple[str, bytes]]:
    """What everybody, or the same user, may read of the processes of this installation."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes()
            if str(house.config).encode() in line:
                yield f"{folder}/cmdline", line
                yield f"{folder}/environ", (folder / "environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue


def search(places: dict[str, bytes], wanted: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (name, place)
        for name, secret in wanted.items()
        for place, content in places.items()
        if secret and secret.encode() in content
    ]


async def test_F94_nothing_but_the_vault_knows_a_secret(house: House) -> None:
    with house.config.open("a", encoding="utf-8") as stream:
        stream.write("log: {level: debug}\n")
    with house.daemon():
        await until_link(house, "reauth_needed")
        async with connecting(house, "--paste") as one:
            answer = await press(one.url)
            seen = dict(processes(house))
            said = await one.end(answer)
        assert said.code == 0, said.err
        await until_link(house, "connected")
        seen |= dict(processes(house))
        shown = await house.called("ledger", "list", "--json")
        health = await house.called("status", "--json")
    assert any(place.endswith("cmdline") for place in seen)
    assert any(b"connect" in line and b"--paste" in line for line in seen.values())
    places = seen | {str(path): content for path, content in files(house.folder)}
    for name, told in {"connect": said, "ledger list": shown, "status": health}.items():
        places[name] = (told.out + told.err).encode()
    assert b"debug" in places[str(house.folder / "daemon.log")], "debug logging is on"
    code = answer.split("code=")[1].split("&")[0]
    wanted = secrets(house) | {"code": code}
    assert len(set(wanted.values())) == 6
    assert search(places, wanted) == []
    found = files(house.folder / "state")
    loose = {path.name: oct(path.stat().st_mode & 0o077) for path, _ in found}
    assert set(loose.values()) == {"0o0"}, loose


async def test_F94_a_crash_tells_the_place_and_none_of_the_data(house: House) -> None:
    assert (await pasted(house)).code == 0
    known = secrets(house)
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", BUG, "connect", "--reconnect", "--paste"),
        *("--config", str(house.config)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name != "TRUEUP_DEBUG"},
    )
    assert running.stderr is not None
    url = b""
    while not url.startswith(b"http"):
        url = await asyncio.wait_for(running.stderr.readline(), 60)
    answer = await press(url.decode().strip())
    out, err = await asyncio.wait_for(running.communicate(answer.encode() + b"\n"), 60)
    assert running.returncode == 70, err
    assert b"internal error" in err
    assert b"KeyError" in err
    code = answer.split("code=")[1].split("&")[0]
    assert search({"crash": out + err}, known | {"code": code}) == []
    assert b"eyJlbmMi" not in err, "the beginning of every access token"
    assert tokens(house).refresh_token == known["refresh token"], "the former login is in place"


async def test_one_process_renews_a_login(house: House) -> None:
    """A daemon that cannot be reached still holds the ledger: nobody else may renew its login."""
    state = house.folder / "state"
    assert (await pasted(house)).code == 0
    from daemon.clock import SystemClock

    lock = Lock.take(state / "ledger.db", now=SystemClock().now())
    try:
        for command in (
            ("connect", "--check"),
            ("disconnect", "--reason", "test"),
            ("vault", "rotate-key"),
        ):
            said: Said = await house.called(*command)
            assert said.code == 75, said.err
            assert f"process {os.getpid()}" in said.err or str(os.getpid()) in said.err
    finally:
        lock.release()
    before = tokens(house)
    said = await house.called("vault", "rotate-key")
    assert said.code == 0, said.err
    assert "sealed with it" in said.out
    assert tokens(house) == before
    said = await house.called("disconnect", "--reason", "moving out", "--dry-run")
    assert "would be revoked" in said.out
    assert tokens(house) == before


async def test_a_key_from_the_configuration(house: House) -> None:
    path = house.folder / "secrets" / "vault-key"
    path.touch(mode=0o600)
    path.write_text("61" * 32)
    with house.config.open("a", encoding="utf-8") as stream:
        stream.write(f'vault: {{key: {{file: "{path}"}}}}\n')
    assert (await pasted(house)).code == 0
    assert not (house.folder / "state" / "vault" / "vault.key").exists()
    path.chmod(0o644)
    said = await house.called("connect", "--check")
    assert said.code == 78
    assert f"chmod 600 {path}" in said.err
    path.chmod(0o400)
    assert (await house.called("connect", "--check")).code == 0


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--check", "--reconnect"), "changes nothing"),
        (("--paste", "--port", "9000"), "not with --paste"),
        (("--port", "0"), "range"),
    ],
)
async def test_wrong_use(house: House, args: tuple[str, ...], words: str) -> None:
    said = await house.called("connect", *args)
    assert said.code == 64
    assert words in said.err
