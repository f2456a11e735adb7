"""Tokens at rest: encrypted, bound to one company, never half written."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from daemon.connectors.vault import FileVault, Tokens, key_from, write_durably
from ledger.model.errors import ConfigProblem, Unauthorised

TOKENS = Tokens(
    refresh_token="RT1-new",
    former_refresh_token="RT1-old",
    access_token="eyJ-access",
    access_expires_at=datetime(2026, 5, 5, 13, tzinfo=UTC),
)


def vault(folder: Path, realm: str = "934", key: bytes | None = None) -> FileVault:
    return FileVault(folder, system="qbo", realm=realm, key=key)


def token_file(folder: Path) -> Path:
    (found,) = folder.glob("*.tokens")
    return found


def test_what_was_saved_is_there_after_a_restart(tmp_path: Path) -> None:
    assert vault(tmp_path).load() is None
    vault(tmp_path).save(TOKENS)
    assert vault(tmp_path).load() == TOKENS


def test_nothing_readable_lies_on_disk(tmp_path: Path) -> None:
    vault(tmp_path).save(TOKENS)
    content = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert b"RT1" not in content
    assert b"eyJ" not in content
    assert token_file(tmp_path).stat().st_mode & 0o077 == 0
    assert (tmp_path / "vault.key").stat().st_mode & 0o777 == 0o400


def test_two_companies_do_not_share_a_file(tmp_path: Path) -> None:
    vault(tmp_path).save(TOKENS)
    assert vault(tmp_path, realm="935").load() is None


def test_F31_the_tokens_of_another_company_are_refused(tmp_path: Path) -> None:
    vault(tmp_path, realm="934").save(TOKENS)
    mine = token_file(tmp_path)
    vault(tmp_path, realm="935").save(TOKENS)
    (theirs,) = set(tmp_path.glob("*.tokens")) - {mine}
    theirs.write_bytes(mine.read_bytes())
    with pytest.raises(Unauthorised, match="damaged"):
        vault(tmp_path, realm="935").load()


def test_another_key_is_named_as_the_cause(tmp_path: Path) -> None:
    vault(tmp_path, key=b"k" * 32).save(TOKENS)
    with pytest.raises(Unauthorised, match="made with another key") as caught:
        vault(tmp_path, key=b"x" * 32).load()
    assert caught.value.state == "reauth_needed"
    assert "authorise again" in caught.value.cure


@pytest.mark.parametrize("content", [b"", b"{}", b"\x00\xff", b'{"format":1}'])
def test_a_damaged_file_is_named_and_not_used(tmp_path: Path, content: bytes) -> None:
    vault(tmp_path).save(TOKENS)
    token_file(tmp_path).write_bytes(content)
    with pytest.raises(Unauthorised, match="damaged"):
        vault(tmp_path).load()


def test_a_changed_bit_is_noticed(tmp_path: Path) -> None:
    vault(tmp_path).save(TOKENS)
    path = token_file(tmp_path)
    content = path.read_bytes()
    at = content.index(b'"sealed":"') + 20
    other = b"A" if content[at : at + 1] != b"A" else b"B"
    path.write_bytes(content[:at] + other + content[at + 1 :])
    with pytest.raises(Unauthorised):
        vault(tmp_path).load()


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    vault(tmp_path).save(TOKENS)
    (tmp_path / "vault.key").chmod(0o444)
    with pytest.raises(ConfigProblem, match="chmod 400"):
        vault(tmp_path)


def test_a_key_of_the_wrong_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match="32 bytes"):
        vault(tmp_path, key=b"short")


def test_a_write_that_fails_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "thing"
    write_durably(path, b"old", mode=0o600)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_durably(path, b"new", mode=0o600)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["thing"]


def test_F94_tokens_hide_their_secrets_when_shown() -> None:
    assert "RT1" not in f"{TOKENS!r} {TOKENS}"
    assert "eyJ" not in f"{TOKENS!r} {TOKENS}"


def keyed(folder: Path, key: bytes, former: bytes | None = None) -> FileVault:
    return FileVault(folder, system="qbo", realm="934", key=key, former_key=former)


def test_a_former_key_opens_once_and_the_new_one_ever_after(tmp_path: Path) -> None:
    keyed(tmp_path, b"a" * 32).save(TOKENS)
    assert keyed(tmp_path, b"b" * 32, b"a" * 32).load() == TOKENS
    assert keyed(tmp_path, b"b" * 32).load() == TOKENS
    with pytest.raises(Unauthorised, match="another key"):
        keyed(tmp_path, b"a" * 32).load()


def test_a_new_key_beside_the_tokens(tmp_path: Path) -> None:
    vault(tmp_path).save(TOKENS)
    before = (tmp_path / "vault.key").read_bytes()
    assert vault(tmp_path).rotate() is True
    after = (tmp_path / "vault.key").read_bytes()
    assert after != before
    assert (tmp_path / "vault.key").stat().st_mode & 0o777 == 0o400
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".key", ".tokens"]
    assert vault(tmp_path).load() == TOKENS
    with pytest.raises(Unauthorised, match="another key"):
        vault(tmp_path, key=before).load()


@pytest.mark.parametrize("step", range(1, 5))
def test_a_new_key_survives_a_crash_at_every_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    vault(tmp_path).save(TOKENS)
    steps = iter(range(1, 100))

    class Crash(BaseException):
        pass

    replace, unlink = Path.replace, Path.unlink

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def then_crash(self: Path, *args: Any, **options: Any) -> Any:
            if self.name.endswith(".new") and not self.exists():
                return change(self, *args, **options)
            if next(steps) == step:
                raise Crash
            return change(self, *args, **options)

        return then_crash

    monkeypatch.setattr(Path, "replace", counted(replace))
    monkeypatch.setattr(Path, "unlink", counted(unlink))
    with pytest.raises(Crash):
        vault(tmp_path).rotate()
    monkeypatch.undo()
    for part in tmp_path.glob(".*.new"):
        part.unlink()
    assert vault(tmp_path).load() == TOKENS
    assert vault(tmp_path).rotate() is True
    assert vault(tmp_path).load() == TOKENS


def test_a_key_of_the_configuration_is_changed_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match=r"vault\.former_key"):
        keyed(tmp_path, b"a" * 32).rotate()


@pytest.mark.parametrize("text", ["61" * 32, "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="])
def test_a_key_is_written_as_hex_or_base64(text: str) -> None:
    assert key_from(text, "vault.key") == b"a" * 32


@pytest.mark.parametrize("text", ["", "61" * 31, "g1" * 32, "YWFh", "passw0rd!" * 4])
def test_what_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigProblem, match="openssl rand -hex 32") as refused:
        key_from(text, "vault.key")
    assert not text or text not in str(refused.value)
