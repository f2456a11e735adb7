"""Heads of the chain noted outside the file, and what they prove.

Who can write the ledger can cut it short, or rebuild the whole chain with hashes that fit. Neither
fits a head that was noted elsewhere. This module never changes a ledger.
"""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from ledger.model.entries import Restored
from ledger.model.errors import ConfigProblem
from ledger.store.engine import reading, trouble_named
from ledger.store.instants import instant
from ledger.store.journal import decode_entry

MAX_PROBLEMS = 50


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """One head, as it was when it was noted. A line of an anchor file is one of these as JSON."""

    schema: str = "trueup.ledger.anchor/1"
    at: str
    instance: str = ""
    seq: int
    hash: str
    """Of the entry with that ``seq``; hex text."""


class AnchorReport(msgspec.Struct, frozen=True, kw_only=True):
    """What came of comparing a ledger with the heads noted elsewhere."""

    compared: int
    agreed: int = 0
    """Sequence of the newest entry that an anchor vouches for; 0 = none does."""
    problems: tuple[str, ...] = ()
    """Oldest first; the first one names the first entry that can be wrong."""
    notes: tuple[str, ...] = ()
    """What differs for a reason that the ledger itself gives: a backup was restored."""


class _Return(msgspec.Struct, frozen=True, kw_only=True):
    """A restore that the journal tells of."""

    backup_seq: int
    at: str
    by: str


def note_in(path: Path, anchor: Anchor) -> None:
    """Add a line to an anchor file, durable when this returns; made with mode 0600. Never changes
    what is there: a file that only allows appending (``chattr +a``) will do."""
    line = msgspec.json.encode(anchor) + b"\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        if _ends_in_a_line_cut_short(path):
            line = b"\n" + line
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)


def noted_in(path: Path, *, instance: str = "") -> list[Anchor]:
    """The anchors in a file; with ``instance`` only its own.

    A line that was cut short by a crash is passed over. ``ConfigProblem`` for a file that cannot
    be read or that has no anchor: that would prove nothing.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigProblem([f"{path}: cannot be read: {error.strerror}"]) from error
    found = []
    for line in lines:
        try:
            anchor = msgspec.json.decode(line, type=Anchor)
        except msgspec.MsgspecError:
            continue
        if not instance or anchor.instance in {"", instance}:
            found.append(anchor)
    if not found:
        of = f" of {instance}" if instance else ""
        raise ConfigProblem([f"{path}: there is no anchor{of} in this file"])
    return found


def compare_file(
    path: Path, anchors: Iterable[Anchor], *, heads: Iterable[str] = ()
) -> AnchorReport:
    """Compare a ledger's file, whether or not a daemon has it open."""
    with trouble_named(path), closing(reading(path)()) as db:
        db.execute("BEGIN")
        try:
            return compare(db, anchors, heads=heads)
        finally:
            db.execute("ROLLBACK")


def compare(
    db: sqlite3.Connection, anchors: Iterable[Anchor], *, heads: Iterable[str] = ()
) -> AnchorReport:
    """Look every anchor up in the chain. ``heads`` are bare hashes that must be somewhere in it.

    Says nothing about the chain itself: ``verify`` proves that each entry follows the one before.
    """
    returns = _returns(db)
    (last,) = db.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()
    problems: list[str] = []
    notes: list[str] = []
    agreed = compared = 0
    for anchor in sorted(anchors, key=lambda one: (one.seq, one.at)):
        compared += 1
        row = db.execute("SELECT hash FROM journal WHERE seq = ?", (anchor.seq,)).fetchone()
        if anchor.seq == 0 or (row is not None and row[0].hex() == anchor.hash):
            agreed = anchor.seq
            continue
        back = _undone_by(anchor, returns)
        if back is not None:
            notes.append(
                f"entry {anchor.seq}, anchored {anchor.at}, was set aside when {back.by} restored "
                f"a backup of {back.backup_seq} entries on {back.at}"
            )
        else:
            problems.append(_difference(anchor, agreed=agreed, last=last))
    for head in heads:
        compared += 1
        row = db.execute("SELECT seq FROM journal WHERE hash = ?", (_bytes(head),)).fetchone()
        if row is None:
            problems.append(
                f"no entry of 1 to {last} has the hash {head}: the ledger was cut short, replaced "
                "or rebuilt after that head was noted"
            )
        else:
            agreed = max(agreed, row[0])
    return AnchorReport(
        compared=compared,
        agreed=agreed,
        problems=tuple(problems[:MAX_PROBLEMS]),
        notes=tuple(notes[:MAX_PROBLEMS]),
    )


def _difference(anchor: Anchor, *, agreed: int, last: int) -> str:
    if anchor.seq > last:
        return (
            f"entry {last + 1} is missing: the ledger ends at entry {last}, and entry "
            f"{anchor.seq} was anchored {anchor.at}; it was cut short or replaced"
        )
    first = agreed + 1
    where = f"entry {first}" if first == anchor.seq else f"one of entries {first} to {anchor.seq}"
    return (
        f"entry {anchor.seq} is not the one that was anchored {anchor.at}: from {where} on the "
        "chain was rebuilt, or it is another ledger"
    )


def _returns(db: sqlite3.Connection) -> list[_Return]:
    found = []
    rows = db.execute("SELECT at, body FROM journal WHERE type = 'Restored' ORDER BY seq")
    for at, body in rows:
        entry = decode_entry(body)
        if isinstance(entry, Restored):
            found.append(_Return(backup_seq=entry.backup_seq, at=at, by=entry.by))
    return found


def _undone_by(anchor: Anchor, returns: list[_Return]) -> _Return | None:
    """The restore after which an entry of that number may rightly be another, or none."""
    noted = instant(datetime.fromisoformat(anchor.at))
    for back in returns:
        if anchor.seq > back.backup_seq and noted <= back.at:
            return back
    return None


def _bytes(head: str) -> bytes:
    try:
        digest = bytes.fromhex(head)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise ConfigProblem([f"--head {head}: not a hash: give the 64 digits that verify prints"])
    return digest


def _ends_in_a_line_cut_short(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if file.seek(0, os.SEEK_END) == 0:
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except OSError:
        return False  # may be appended to and not read: then it is taken as it is
