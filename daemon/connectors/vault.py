"""Rotating login tokens at rest: one encrypted file for each connection.

A token that was rotated and then lost logs the company out, so ``save`` is durable when it
returns. Must not log, cache or print a token; the realm is part of the authenticated data, so that
a file moved to another company is refused instead of used.
"""

import contextlib
import hashlib
import os
from base64 import b64decode
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.model.errors import ConfigProblem, Unauthorised

KEY_FILE, FORMER_FILE = "vault.key", "vault.key.former"
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
    disconnected_at: datetime | None = None
    """When a person ended the login; the tokens are empty then."""

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
        self,
        directory: Path,
        *,
        system: str,
        realm: str,
        key: bytes | None = None,
        former_key: bytes | None = None,
    ) -> None:
        """``key``: 32 bytes from a credential; None = ``vault.key`` in ``directory``, made here
        on first use and readable by its owner only. What was sealed with ``former_key`` is opened
        with it, and sealed with ``key`` from then on."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key_path = directory / KEY_FILE if key is None else None
        self._key = key if key is not None else _key_file(directory / KEY_FILE)
        former_path = directory / FORMER_FILE
        if key is None and former_path.exists():
            former_key = _key_file(former_path)
        self._former = former_key
        for one in (self._key, former_key):
            if one is not None and len(one) != KEY_BYTES:
                raise ConfigProblem([f"the key of the token vault must have {KEY_BYTES} bytes"])
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
            is_former = self._former is not None and box.key_id == _short(self._former.hex())
            key = self._former if is_former and self._former is not None else self._key
            plain = AESGCM(key).decrypt(box.nonce, box.sealed, self._bound_to)
            tokens = msgspec.json.decode(plain, type=Tokens)
        except (msgspec.MsgspecError, InvalidTag, ValueError):
            # Not chained: nothing of the content may reach a traceback.
            raise self._cannot_open(data) from None
        if is_former:
            with contextlib.suppress(OSError):  # the next renewal seals it anew, too
                self.save(tokens)
        return tokens

    def rotate(self) -> bool:
        """Make a new ``vault.key`` and seal the tokens with it; False when there were none.

        A crash at any point leaves both keys in place, and whichever fits opens the tokens.
        ``ConfigProblem`` when the key is not kept here.
        """
        if self._key_path is None:
            raise ConfigProblem(
                [
                    "vault.key: the key comes from the configuration: put a new one there, let "
                    "vault.former_key point to the old one, and start the daemon again"
                ]
            )
        tokens = self.load()
        former_path = self._key_path.with_name(FORMER_FILE)
        write_durably(former_path, self._key, mode=0o400)
        self._former, self._key = self._key, os.urandom(KEY_BYTES)
        write_durably(self._key_path, self._key, mode=0o400)
        if tokens is not None:
            self.save(tokens)
        former_path.unlink()
        _sync_directory(former_path.parent)
        self._former = None
        return tokens is not None

    def save(self, tokens: Tokens) -> None:
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._key).encrypt(nonce, msgspec.json.encode(tokens), self._bound_to)
        box = _Box(FORMAT, _short(self._key.hex()), nonce, sealed)
        write_durably(self._path, msgspec.json.encode(box), mode=0o600)

    def _cannot_open(self, data: bytes) -> Unauthorised:
        reason = "is damaged"
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
            if msgspec.json.decode(data, type=_Box).key_id != _short(self._key.hex()):
                reason = "was made with another key"
        place = f" ({self._key_path})" if self._key_path else ""
        return Unauthorised(
            f"the stored login {self._path.name} {reason}",
            state="reauth_needed",
            cure=f"put back the key that it was made with{place}, or authorise again: "
            "trueup connect --reconnect",
        )


def key_from(text: str, place: str) -> bytes:
    """A key as people write it: 64 hex digits, or 32 bytes in base64. ``ConfigProblem`` names
    ``place``, never the text."""
    with contextlib.suppress(ValueError):
        data = bytes.fromhex(text) if len(text) == 2 * KEY_BYTES else b64decode(text, validate=True)
        if len(data) == KEY_BYTES:
            return data
    raise ConfigProblem(
        [
            f"{place}: a key of {KEY_BYTES} bytes is expected there, as {2 * KEY_BYTES} hex digits "
            "or in base64: make one with: openssl rand -hex 32"
        ]
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
