"""Tokens at rest: encrypted, bound to one company, never half written."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.connectors.vault import FileVault, Tokens, write_durably
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
