"""The ledger's own key: 32 random bytes under which contents are digested.

The key never enters the ledger; only its id does, so that a wrong key is told apart from damage.
"""

import hashlib
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.model.errors import ConfigProblem
from ledger.model.ids import Digest

if TYPE_CHECKING:
    from hashlib import _Hash

KEY_BYTES = 32
_BLOCK = 64
"""Bytes that SHA-256 takes at a time: what HMAC fills a key up to."""


def load_or_create(path: Path) -> bytes:
    """The key in ``path``; made there with mode 0400 when the file does not exist yet.

    Raises ``ConfigProblem`` for a file that is not a key or that everybody may read.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    except FileExistsError:
        return _load(path)
    with os.fdopen(handle, "wb") as file:
        key = secrets.token_bytes(KEY_BYTES)
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def _load(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ConfigProblem(
            [
                f"{path}: a ledger key is {KEY_BYTES} bytes, this file has {len(key)}. "
                "Put the original key file back; without it the ledger cannot be compared with."
            ]
        )
    if path.stat().st_mode & 0o007:
        raise ConfigProblem([f"{path}: everybody may use the ledger key. Run: chmod 0400 {path}"])
    return key


def key_id(key: bytes) -> str:
    """A name for a key that tells nothing about it."""
    return hashlib.sha256(b"trueup ledger key" + key).hexdigest()[:16]


def keyed_digest(key: bytes, body: bytes) -> Digest:
    """HMAC-SHA256 of a body, as hex text."""
    return Digest(raw_digest(key, body).hex())


def raw_digest(key: bytes, body: bytes) -> bytes:
    """The same as the tables keep it."""
    inner, outer = _primed(key)
    inside = inner.copy()
    inside.update(body)
    digest = outer.copy()
    digest.update(inside.digest())
    return digest.digest()


@lru_cache(maxsize=8)
def _primed(key: bytes) -> "tuple[_Hash, _Hash]":
    """Both hashes of an HMAC with the key in them: going on from here costs half of what
    ``hmac.digest`` does, which begins with the key each time."""
    if len(key) > _BLOCK:
        key = hashlib.sha256(key).digest()
    filled = key.ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in filled))
    return inner, hashlib.sha256(bytes(byte ^ 0x5C for byte in filled))
