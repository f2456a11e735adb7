"""Modes and owners of the files of one installation, by real files."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.config.places import Places, places
from daemon.connectors.vault import FileVault, Tokens, key_from
from daemon.doctor.check import Check
from daemon.doctor.files import check_configuration_mode, check_files


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Places]:
    """Everything there, with the modes that the daemon gives."""
    one = places(tmp_path / "state")
    vault = one.state_dir / "vault"
    vault.mkdir(mode=0o700, parents=True)
    one.state_dir.chmod(0o700)
    vault.chmod(0o700)
    for path, mode in (
        (one.ledger, 0o600),
        (one.key, 0o400),
        (vault / "vault.key", 0o400),
        (vault / "qbo-1.tokens", 0o600),
    ):
        path.touch()
        path.chmod(mode)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(one.socket))
        one.socket.chmod(0o600)
        yield one


def looked_at(one: Places) -> dict[str, Check]:
    return {check.name: check for check in check_files(one)}


def test_what_the_daemon_makes_is_fine(installed: Places) -> None:
    checks = looked_at(installed)
    assert set(checks) == {
        *("state_dir", "ledger file", "ledger key", "stored login"),
        *("owner of the files", "control socket", "key of the login"),
    }
    key = checks.pop("key of the login")
    assert {check.state for check in checks.values()} == {"ok"}
    assert key.state == "warn", "whoever copies the folder has what opens it as well"


def test_the_key_of_the_login_belongs_elsewhere(installed: Places) -> None:
    key = installed.state_dir / "vault" / "vault.key"
    check = looked_at(installed)["key of the login"]
    assert check.state == "warn"
    for told in (str(key), "systemd-creds encrypt", "{credential: vault-key}", "remove the file"):
        assert told in check.cure
    key.unlink()
    assert looked_at(installed)["key of the login"].state == "ok"
    (installed.state_dir / "vault" / "qbo-1.tokens").unlink()
    assert looked_at(installed)["key of the login"].state == "skipped"


def test_a_key_moved_by_the_cure_opens_the_same_login(tmp_path: Path) -> None:
    """The very same key, as the hex digits that ``od`` tells."""
    made = FileVault(tmp_path, system="qbo", realm="1")
    made.save(Tokens(refresh_token="secret"))
    command = f"od -An -v -tx1 {tmp_path / 'vault.key'} | tr -d ' \\n'"
    told = subprocess.run(["sh", "-c", command], capture_output=True, check=True, text=True).stdout
    (tmp_path / "vault.key").unlink()
    moved = FileVault(tmp_path, system="qbo", realm="1", key=key_from(told, "vault.key"))
    assert moved.load() == Tokens(refresh_token="secret")


@pytest.mark.parametrize(
    ("what", "mode", "name", "state", "cure"),
    [
        ("", 0o777, "state_dir", "bad", "chmod 700 "),
        ("", 0o755, "state_dir", "warn", "chmod 700 "),
        ("ledger.db", 0o644, "ledger file", "bad", "chmod 600 "),
        ("ledger.key", 0o444, "ledger key", "bad", "chmod 400 "),
        ("ledger.key", 0o440, "ledger key", "bad", "chmod 400 "),
        ("vault", 0o755, "stored login", "bad", "chmod go-rwx "),
        ("vault/qbo-1.tokens", 0o640, "stored login", "bad", "chmod go-rwx "),
    ],
)
def test_what_others_may_use_is_told_with_the_command(
    installed: Places, what: str, mode: int, name: str, state: str, cure: str
) -> None:
    path = installed.state_dir / what if what else installed.state_dir
    path.chmod(mode)
    check = looked_at(installed)[name]
    assert check.state == state
    assert check.cure.startswith(cure)
    assert str(path) in check.cure


def test_a_ledger_without_its_key_is_bad(installed: Places) -> None:
    installed.key.unlink()
    check = looked_at(installed)["ledger key"]
    assert (check.state, "put it back" in check.cure) == ("bad", True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_left_behind_is_named(installed: Places) -> None:
    os.chown(installed.state_dir, 1234, -1)
    check = looked_at(installed)["owner of the files"]
    assert check.state == "bad"
    assert f"chown 1234 {installed.state_dir}" in check.cure


def test_nothing_there_yet_is_nothing_wrong(tmp_path: Path) -> None:
    (check,) = check_files(places(tmp_path / "none"))
    assert check.state == "skipped"


def test_a_configuration_that_others_may_change_is_bad(tmp_path: Path) -> None:
    path = tmp_path / "trueup.yaml"
    path.touch()
    path.chmod(0o664)
    assert check_configuration_mode(path).cure == f"chmod go-w {path}"
    path.chmod(0o640)
    assert check_configuration_mode(path).state == "ok"
