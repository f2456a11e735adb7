"""Bodies under the company's key: what lies in the file cannot be read without it.

The chain and the ids in it stay readable, so that a ledger whose key is gone still verifies. What
the tables made from bodies hold is in the clear; they go with the key (``destroy_key``).
"""

import hmac
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from ledger.model.ids import Digest
from ledger.store.errors import LedgerDamaged

SEALED_SINCE = 7
"""Format of the file from which on bodies are sealed."""
_NONCE_BYTES = 12
_PURPOSE = b"trueup ledger bodies"
_NONCES = b"trueup ledger nonces"
_TEXT = b"sentence"


class Torn(Exception):
    """These bytes were not sealed under this key and digest, or were changed since."""


class Seal:
    """AES-256-GCM under a key derived from the ledger's by HKDF.

    The nonce is the beginning of the body's keyed digest, and the digest is authenticated with it:
    a body has one sealed form for ever, and no other body's form passes for it.
    """

    def __init__(self, key: bytes) -> None:
        # Loaded here, since commands that open no ledger import this package as well.
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        def derived(purpose: bytes) -> bytes:
            return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key)

        self._cipher = AESGCM(derived(_PURPOSE))
        self._nonces = derived(_NONCES)
        self._invalid = InvalidTag
        self.torn: Digest | None = None
        """The body that could not be opened in SQL, where an exception loses its name."""

    def close(self, digest: bytes, body: bytes) -> bytes:
        """What is stored for a body."""
        return self._cipher.encrypt(digest[:_NONCE_BYTES], body, digest)

    def open(self, digest: bytes, sealed: bytes) -> bytes:
        """The body again; ``Torn`` when these are not the bytes that were stored for it."""
        try:
            return self._cipher.decrypt(digest[:_NONCE_BYTES], sealed, digest)
        except (self._invalid, ValueError) as error:
            raise Torn(digest.hex()) from error

    def close_text(self, text: bytes) -> bytes:
        """A sentence inside an entry, with its nonce before it."""
        nonce = hmac.digest(self._nonces, text, "sha256")[:_NONCE_BYTES]
        return nonce + self._cipher.encrypt(nonce, text, _TEXT)

    def open_text(self, sealed: bytes) -> bytes:
        """The sentence again; ``Torn`` when it is none, or was changed."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _TEXT)
        except (self._invalid, ValueError) as error:
            raise Torn("a sentence") from error

    def if_whole(self, digest: bytes | None, sealed: bytes | None) -> bytes | None:
        """The same for who counts torn bodies otherwise: NULL of one that cannot be opened."""
        try:
            return None if digest is None or sealed is None else self.open(digest, sealed)
        except Torn:
            return None

    def in_sql(self, digest: bytes | None, sealed: bytes | None) -> bytes | None:
        """``unsealed(digest, body)`` of the statements; NULL of a body that is not there."""
        if digest is None or sealed is None:
            return None
        try:
            return self.open(digest, sealed)
        except Torn:
            self.torn = Digest(digest.hex())
            raise


@lru_cache(maxsize=8)
def seal_of(key: bytes) -> Seal:
    """The seal of a ledger's key."""
    return Seal(key)


@contextmanager
def torn_named(key: bytes) -> Iterator[None]:
    """A body that SQL could not open, by its name: the engine only tells that a function failed."""
    try:
        yield
    except sqlite3.OperationalError as error:
        torn, seal_of(key).torn = seal_of(key).torn, None
        if torn is None:
            raise
        raise LedgerDamaged(
            f"body {torn} in the ledger was changed: it cannot be opened with the ledger's key",
            cure="Run: trueup ledger verify. Then restore the last backup that verifies.",
        ) from error
