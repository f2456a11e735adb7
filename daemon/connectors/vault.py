"""Rotating login tokens at rest: one encrypted file for each connection.

A token that was rotated and then lost logs the company out, so ``save`` is durable when it
returns. Must not log, cache or print a token; the realm is part of the authenticated data, so that
a file moved to another company is refused instead of used.
"""

import contextlib
import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.model.errors import ConfigProblem, Unauthorised

KEY_BYTES = 32
NONCE_BYTES = 12
FORMAT = 1


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """The login of one connection, as last given by the authorisation server."""

    refresh_token: str
    former_refresh_token: str = ""
    """The refresh token before the last rotation; kept until the new one has been used once."""
    access_token: str = ""
    access_expires_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    """End of the rolling window: unused until then, the login dies."""
    hard_expires_at: datetime | None = None
    """The day on which a person must authorise again whatever happens; None = not told."""
    origin: str = ""
    """Hash of the first refresh token, from the configuration, that this chain began with."""

    def __repr__(self) -> str:
        return f"Tokens(access_expires_at={self.access_expires_at}, secrets hidden)"

    __str__ = __repr__


class TokenStore(Protocol):
    """Keeps the tokens of one connection."""

    def load(self) -> Tokens | None: ...

    def save(self, tokens: Tokens) -> None:
        """Durable on return; ``OSError`` when it cannot be (the former content is still there)."""
        ...


class _Box(msgspec.Struct, frozen=True):
    format: int
    key_id: str
    nonce: bytes
    sealed: bytes


class FileVault:
    """Tokens of one company in one file, AES-256-GCM under a key kept beside it or given."""

    PURPOSE = "tokens"

    def __init__(
        self, directory: Path, *, system: str, realm: str, key: bytes | None = None
    ) -> None:
        """``key``: 32 bytes from a credential; None = ``vault.key`` in ``directory``, made here
        on first use and readable by its owner only."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key_path = directory / "vault.key" if key is None else None
        self._key = key if key is not None else _key_file(directory / "vault.key")
        if len(self._key) != KEY_BYTES:
            raise ConfigProblem([f"the key of the token vault must have {KEY_BYTES} bytes"])
        self._cipher = AESGCM(self._key)
        self._path = directory / f"{system}-{_short(f'{system}/{realm}')}.{self.PURPOSE}"
        self._bound_to = msgspec.json.encode([FORMAT, system, realm, self.PURPOSE])

    def load(self) -> Tokens | None:
        """What was saved last; ``Unauthorised`` when it cannot be opened with this key."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigProblem([f"{self._path} cannot be read: {error.strerror}"]) from error
        try:
            box = msgspec.json.decode(data, type=_Box)
            plain = self._cipher.decrypt(box.nonce, box.sealed, self._bound_to)
            return msgspec.json.decode(plain, type=Tokens)
        except (msgspec.MsgspecError, InvalidTag, ValueError):
            # Not chained: nothing of the content may reach a traceback.
            raise self._cannot_open(data) from None

    def save(self, tokens: Tokens) -> None:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, msgspec.json.encode(tokens), self._bound_to)
        box = _Box(FORMAT, _short(self._key.hex()), nonce, sealed)
        write_durably(self._path, msgspec.json.encode(box), mode=0o600)

    def _cannot_open(self, data: bytes) -> Unauthorised:
        reason = "is damaged"
        with contextlib.suppress(msgspec.MsgspecError):
            if msgspec.json.decode(data, type=_Box).key_id != _short(self._key.hex()):
                reason = "was made with another key"
        place = f" ({self._key_path})" if self._key_path else ""
        return Unauthorised(
            f"the stored login {self._path.name} {reason}",
            state="reauth_needed",
            cure=f"put back the key that it was made with{place}, or remove the file and "
            "authorise again",
        )


def write_durably(path: Path, data: bytes, *, mode: int) -> None:
    """Replace ``path`` in one step: after a crash it holds the old content or the new, whole."""
    part = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _key_file(path: Path) -> bytes:
    if not path.exists():
        write_durably(path, os.urandom(KEY_BYTES), mode=0o400)
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise ConfigProblem(
            [f"{path} may be read by others (mode {mode:04o}): run: chmod 400 {path}"]
        )
    return path.read_bytes()


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
