"""The chain and its one way in: a group of drafts becomes one durable transaction.

Runs inside the writer's executor; holds the head in memory and advances it only after COMMIT.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from ledger.model.encoding import encode
from ledger.model.entries import Entry
from ledger.model.errors import TrueupError
from ledger.model.ids import Digest
from ledger.store.draft import Draft
from ledger.store.errors import DraftRefused, LedgerDamaged, LedgerUnavailable
from ledger.store.fold.context import Touched, blob
from ledger.store.fold.drift import settle
from ledger.store.fold.many import Insert
from ledger.store.fold.runs import Step, fold_run, runs
from ledger.store.instants import instant
from ledger.store.key import key_id
from ledger.store.payloads import named_payloads
from ledger.store.sealing import seal_of, torn_named
from ledger.store.sentences import closed

GENESIS = bytes(32)
"""Previous hash of the first entry."""
TAIL = 1000
"""Entries whose chain is checked at every open; ``verify`` checks all."""

_line = msgspec.json.Encoder()
_entries: msgspec.json.Decoder[Entry] = msgspec.json.Decoder(Entry)

_FAULTS = (
    TrueupError,
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    msgspec.MsgspecError,
    ValueError,
    TypeError,
    OverflowError,
)
"""What one bad draft can raise. Anything else concerns the file and fails the whole group."""


class Head(NamedTuple):
    """The last entry of the chain."""

    seq: int
    hash: bytes


class Line(NamedTuple):
    """One row of the journal, as chained."""

    seq: int
    at: str
    actor: str
    cycle: str
    type: str
    body: bytes
    prev: bytes
    hash: bytes


LINE = "seq, at, actor, cycle, type, body, prev, hash"
_LINES = Insert(f"INSERT INTO journal ({LINE})", "(?, ?, ?, ?, ?, ?, ?, ?)")
_BODIES = Insert("INSERT INTO payload (digest, key_id, body)", "(?, ?, ?)")
_CURSORS = "INSERT OR REPLACE INTO cursor (system, kind, token, complete) VALUES (?, ?, ?, ?)"
_SEEN = """INSERT OR REPLACE INTO seen (object, sweep)
    SELECT id, ? FROM object WHERE system = ? AND kind = ? AND external_id = ?"""
_IN_STEP = """INSERT INTO in_step (record, looked, seq, sides, rules)
    SELECT ?1, ?2, ?5, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM dirty WHERE record = ?1)"""
_RUNTIME = "INSERT OR REPLACE INTO runtime (key, value) VALUES (?, ?)"


def line_hash(prev: bytes, line: tuple[int, str, str, str, str], body: bytes) -> bytes:
    """SHA-256 over the previous hash and the canonical content of one row.

    The row's scalars are one JSON array, which holds no line break, and the body follows: no two
    rows give the same bytes.
    """
    return hashlib.sha256(b"%b%b\n%b" % (prev, _line.encode(line), body)).digest()


def decode_entry(body: bytes) -> Entry:
    """The entry in a row's body."""
    return _entries.decode(body)


def broken_at(previous: Head, line: Line) -> str:
    """Why a row does not follow the row before it; ``""`` when it does."""
    if line.seq != previous.seq + 1:
        return f"entry {previous.seq + 1} is missing: entry {line.seq} follows {previous.seq}"
    if line.prev != previous.hash:
        return f"entry {line.seq} does not follow entry {previous.seq}: its link is broken"
    if line_hash(line.prev, line[:5], line.body) != line.hash:
        return f"entry {line.seq} was changed: its content does not give its hash"
    return ""


class Journal:
    """The writing end of one open ledger."""

    def __init__(self, *, key: bytes, now: Callable[[], datetime]) -> None:
        self._key = key
        self._key_id = key_id(key)
        self.now = now
        self.head = Head(0, GENESIS)

    def load(self, db: sqlite3.Connection) -> None:
        """Find the head; ``LedgerDamaged`` naming the entry when the tail does not verify."""
        rows = db.execute(f"SELECT {LINE} FROM journal ORDER BY seq DESC LIMIT {TAIL + 1}")
        tail = [Line(*row) for row in reversed(rows.fetchall())]
        previous = Head(0, GENESIS)
        if len(tail) > TAIL:
            previous = Head(tail[0].seq, tail[0].hash)
            tail = tail[1:]
        for line in tail:
            reason = broken_at(previous, line)
            if reason:
                raise LedgerDamaged(
                    reason,
                    cure="Run: trueup ledger verify. Then restore the last backup that verifies; "
                    "until then the ledger can be read but not written.",
                )
            previous = Head(line.seq, line.hash)
        self.head = previous

    def commit(
        self, db: sqlite3.Connection, drafts: Sequence[Draft]
    ) -> list[tuple[int, ...] | TrueupError]:
        """One transaction for all drafts; each result is its sequences, or why it was left out.

        Raises ``LedgerUnavailable`` when the transaction as a whole could not be made durable:
        then nothing of any draft was kept.
        """
        head = self.head
        results: list[tuple[int, ...] | TrueupError] = []
        at = instant(self.now())
        try:
            db.execute("BEGIN IMMEDIATE")
            with torn_named(self._key):
                for together in _portions(drafts):
                    told, head = self._keep(db, together, head=head, at=at)
                    results += told
            db.execute("COMMIT")
        except sqlite3.Error as error:
            raise LedgerUnavailable(
                f"the ledger could not be written: {error}", cure=LedgerUnavailable.CURE
            ) from error
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
        self.head = head
        return results

    def _keep(
        self, db: sqlite3.Connection, drafts: Sequence[Draft], *, head: Head, at: str
    ) -> tuple[list[tuple[int, ...] | TrueupError], Head]:
        """All of a portion; where one of them does not fit, each by itself."""
        db.execute("SAVEPOINT portion")
        results: list[tuple[int, ...] | TrueupError] = []
        try:
            appended = self._append(db, drafts, head=head, at=at)
        except _FAULTS as error:
            db.execute("ROLLBACK TO portion")
            if len(drafts) == 1:
                results = [_refusal(error)]
            else:
                for draft in drafts:
                    told, head = self._keep(db, [draft], head=head, at=at)
                    results += told
        else:
            first = head.seq + 1
            for draft in drafts:
                results.append(tuple(range(first, first + len(draft.entries))))
                first += len(draft.entries)
            head = appended
        db.execute("RELEASE portion")
        return results, head

    def _append(
        self, db: sqlite3.Connection, drafts: Sequence[Draft], *, head: Head, at: str
    ) -> Head:
        steps: list[Step] = []
        at_hand: dict[Digest, bytes] = {}
        seal = seal_of(self._key)
        for draft in drafts:
            named = [(blob(digest), body) for digest, body in draft.bodies.items()]
            _BODIES.put(
                db, [(digest, self._key_id, seal.close(digest, body)) for digest, body in named]
            )
            at_hand.update(draft.bodies)
            bodies = Bodies(db, at_hand)
            for entry in draft.entries:
                for digest in named_payloads(entry):
                    if digest not in at_hand:
                        bodies.require(digest, entry)
            steps += [Step(seq, at, entry) for seq, entry in enumerate(draft.entries, head.seq + 1)]
            said = [closed(entry, seal) for entry in draft.entries]
            head = _chain(db, head, (at, draft.actor, draft.cycle), said)
        touched = Touched()
        for run in runs(steps):
            fold_run(db, run, Bodies(db, at_hand).get, touched)
        settle(db, touched, at)
        for draft in drafts:
            _keep_marks(db, draft, head.seq)
        return head


def _portions(drafts: Sequence[Draft]) -> Iterator[list[Draft]]:
    """The drafts in order: those that follow each other and are of entries alone, together, for
    many links are a draft each and fold in one go. What a draft says beside its entries is to
    stand before the next one is folded, so one with marks stays alone."""
    plain: list[Draft] = []
    for draft in drafts:
        if draft.is_plain:
            plain.append(draft)
            continue
        if plain:
            yield plain
        yield [draft]
        plain = []
    if plain:
        yield plain


class Bodies:
    """Payload bodies by digest: those at hand first, then the table."""

    def __init__(self, db: sqlite3.Connection, at_hand: dict[Digest, bytes]) -> None:
        self._db = db
        self._at_hand = at_hand

    def get(self, digest: Digest) -> bytes | None:
        body = self._at_hand.get(digest)
        if body is None:
            row = self._db.execute(
                "SELECT unsealed(digest, body) FROM payload WHERE digest = ?", (blob(digest),)
            ).fetchone()
            body = None if row is None else row[0]
        return body

    def require(self, digest: Digest, entry: Entry) -> None:
        if digest in self._at_hand:
            return
        known = self._db.execute("SELECT 1 FROM payload WHERE digest = ?", (blob(digest),))
        if known.fetchone() is not None:
            return
        raise DraftRefused(
            f"{type(entry).__name__} names the body {digest}, which nobody has registered",
            cure="Register it with draft.body(...); this is a bug, please report it.",
        )


def _chain(
    db: sqlite3.Connection, head: Head, origin: tuple[str, str, str], entries: Sequence[Entry]
) -> Head:
    rows = []
    prev = head.hash
    for seq, entry in enumerate(entries, head.seq + 1):
        body = encode(entry)
        line = (seq, *origin, type(entry).__name__)
        digest = line_hash(prev, line, body)
        rows.append((*line, body, prev, digest))
        prev = digest
    _LINES.put(db, rows)
    return Head(head.seq + len(rows), prev)


def _keep_marks(db: sqlite3.Connection, draft: Draft, seq: int) -> None:
    marks: tuple[tuple[str, Sequence[Sequence[object]]], ...] = (
        (_CURSORS, [(c.system, c.kind.value, c.token, c.complete) for c in draft.cursors]),
        (_SEEN, [(sweep, ref.system, ref.kind.value, ref.id) for sweep, ref in draft.sightings]),
        ("DELETE FROM dirty WHERE record = ? AND seq <= ?", draft.decisions),
        ("DELETE FROM in_step WHERE record = ?", [(record,) for record in draft.looks]),
        (_IN_STEP, [(*step, seq) for step in draft.steps]),
        (_RUNTIME, list(draft.runtimes.items())),
    )
    for statement, rows in marks:
        if rows:
            db.executemany(statement, rows)


def _refusal(error: BaseException) -> TrueupError:
    if isinstance(error, TrueupError):
        return error
    if isinstance(error, sqlite3.IntegrityError) and str(error).startswith("journal:"):
        damaged = LedgerDamaged(
            f"the journal on disk is not the one this process wrote: {error}",
            cure="Stop the daemon and run: trueup ledger verify.",
        )
        damaged.__cause__ = error
        return damaged
    refused = DraftRefused(
        f"the draft does not fit the ledger: {error}", cure="This is a bug, please report it."
    )
    refused.__cause__ = error
    return refused
