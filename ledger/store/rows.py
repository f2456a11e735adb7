"""What views answer with, where no word of the model fits: one frozen Struct per question."""

import msgspec

from ledger.model.entries import Entry
from ledger.model.facts import Hold, Problem
from ledger.model.ids import Digest, Kind, RecordId, SystemName
from ledger.model.plans import Conflict, Operation


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The latest of one reference, without its body."""

    record: RecordId
    """The record that the reference belongs to."""
    version: str
    comparable: Digest
    """``""`` until readable content was seen."""
    payload: Digest
    seq: int
    """Entry that showed this content, this removal or this problem; a mere new version
    leaves it as it is."""
    tombstone: str
    problem: Problem | None
    out_of_scope: str


class HeldRow(msgspec.Struct, frozen=True, kw_only=True):
    """A record that waits, with what a person needs to decide."""

    record: RecordId
    subject: str
    kind: Kind
    label: str
    hold: Hold
    since: str
    """RFC 3339 instant at which it began to wait for this."""
    seq: int
    payload: Digest
    conflict: Conflict | None = None


class OperationRow(msgspec.Struct, frozen=True, kw_only=True):
    """An operation and how far it has come."""

    operation: Operation
    state: str
    """``planned`` | ``waiting`` | ``approved`` | ``intended`` | ``confirmed`` | ``rejected`` |
    ``withdrawn``"""
    reason: str
    text: str
    """The gate's sentence while it waits, else ``""``."""
    seq: int
    at: str
    """RFC 3339 instant of the entry that led to this state."""


class KindCount(msgspec.Struct, frozen=True, kw_only=True):
    """References of one kind in one system, each in exactly one of the first five numbers."""

    system: SystemName
    kind: Kind
    live: int
    """Readable, in scope and active."""
    inactive: int
    removed: int
    unreadable: int
    out_of_scope: int
    linked: int
    """Of all of them, removed ones included: how many share their record with another system."""


class HistoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the life of a record."""

    seq: int
    at: str
    actor: str
    cycle: str
    entry: Entry
    body: bytes | None
    """The first body the entry names; None when it names none or it was erased."""


class JournalRow(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    at: str
    actor: str
    cycle: str
    entry: Entry
    hash: str
    """Hex text of the chain at this entry."""
