"""The part of the control protocol that is about the ledger's file: proof and copies."""

from typing import Annotated

from msgspec import Meta

from daemon.control.frame import Answer, Request


class VerifyAnswer(Answer, frozen=True, kw_only=True):
    ok: bool
    entries: int
    head_hash: str
    """Compare it with the one that you noted elsewhere."""
    problems: tuple[str, ...] = ()
    erased_payloads: int = 0


class BackupRequest(Request, frozen=True, kw_only=True):
    path: Annotated[str, Meta(max_length=4000)] = ""
    """Where to; empty = a new file in the configured folder."""


class BackupAnswer(Answer, frozen=True, kw_only=True):
    path: str
    entries: int
    bytes: int
    sha256: str
