"""The part of the control protocol that is about the ledger's file: proof and copies."""

from typing import Annotated

from pydantic import Field

from daemon.control.frame import Answer, Request


class VerifyAnswer(Answer):
    ok: bool
    entries: int
    head_hash: str
    """Compare it with the one that you noted elsewhere."""
    problems: tuple[str, ...] = ()
    erased_payloads: int = 0


class BackupRequest(Request):
    path: Annotated[str, Field(max_length=4000)] = ""
    """Where to; empty = a new file in the configured folder."""


class BackupAnswer(Answer):
    path: str
    entries: int
    bytes: int
    sha256: str
