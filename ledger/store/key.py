"""The ledger's own key: 32 random bytes under which contents are digested.

The key never enters the ledger; only its id does, so that a wrong key is told apart from damage.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from ledger.model.errors import ConfigProblem
from ledger.model.ids import Digest

KEY_BYTES = 32


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
    return Digest(hmac.digest(key, body, "sha256").hex())
