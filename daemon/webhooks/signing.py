"""Whether a notice comes from whom it says: in constant time, over the bytes as they came."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence

BEARER = b"bearer "


def signed_by(body: bytes, signature: str, tokens: Sequence[bytes]) -> int | None:
    """Which verifier token signed ``body`` (HMAC-SHA256, base64), or None.

    Every token is tried whatever the first says, so that the time tells nothing.
    """
    given = _bytes(signature)
    found = None
    for number, token in enumerate(tokens):
        wanted = b64encode(hmac.digest(token, body, hashlib.sha256))
        if hmac.compare_digest(given, wanted) and found is None:
            found = number
    return found


def shared_with(given: str, secrets: Sequence[bytes]) -> int | None:
    """Which shared secret was sent, or None. ``Bearer`` before it is left out of account."""
    told = _bytes(given)
    if told[: len(BEARER)].lower() == BEARER:
        told = told[len(BEARER) :]
    found = None
    for number, secret in enumerate(secrets):
        # Compared as hashes: the time then says nothing about the length either.
        same = hmac.compare_digest(_hash(told), _hash(secret))
        if same and found is None:
            found = number
    return found


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _bytes(text: str) -> bytes:
    return text.strip().encode("utf-8", "surrogateescape")
