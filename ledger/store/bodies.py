"""Bodies for a fold of the whole journal: read in the order in which they were written, and each
proved on the way. Looking every one up by its digest would walk all over the file.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable

from ledger.model.ids import Digest
from ledger.store.key import key_id, keyed_digest

MAX_PROBLEMS = 50
AT_ONCE = 500
KEPT_BYTES = 16 * 1024 * 1024
"""Bodies read before an entry asks for them; what is dropped is looked up when it is asked for."""
_DIGEST = re.compile(r"(?:[0-9a-f]{2})+")


class OrderedBodies:
    """One walk through all bodies. With a key each of them is proved against its digest."""

    def __init__(self, db: sqlite3.Connection, *, key: bytes | None = None) -> None:
        self._db = db
        self._key = key
        self._key_id = "" if key is None else key_id(key)
        self._row = 0
        self._is_done = False
        self._ahead: dict[str, bytes] = {}
        self._ahead_bytes = 0
        self._others: Counter[str] = Counter()
        self._wrong: list[str] = []
        self.count = 0
        """Bodies met so far: all of them once ``finish`` was called."""

    def of(self, named: Iterable[Digest]) -> dict[Digest, bytes]:
        """The bodies of these digests, as far as the ledger has them."""
        found: dict[Digest, bytes] = {}
        missing = set(named)
        for digest in list(missing):
            body = self._ahead.get(digest)
            if body is not None:
                found[digest] = body
        missing -= found.keys()
        # Bodies go in before the entries that name them, so most come next; one that was named
        # before lies behind, and is not waited for.
        for _ in range(2 + 2 * len(missing) // AT_ONCE):
            if not missing or self._is_done:
                break
            found.update(self._read_on(missing))
        self._forget_old()
        found.update(self._look_up(missing))
        return found

    def finish(self) -> None:
        """Walk to the end: also what no entry names is proved."""
        while not self._is_done:
            self._read_on(set())
            self._forget_old()

    def problems(self) -> list[str]:
        """What was found on the way; of changed bodies the first ``MAX_PROBLEMS``."""
        strange = [
            f"{many} of {self.count} bodies were digested with key {of_key}, and the key given is "
            f"{self._key_id}: put the key file of this ledger back"
            for of_key, many in self._others.items()
        ]
        return [*strange, *self._wrong]

    def _read_on(self, missing: set[Digest]) -> dict[Digest, bytes]:
        """The next rows: those that are missed, which are so no longer; the others are kept."""
        found: dict[Digest, bytes] = {}
        rows = self._db.execute(
            "SELECT rowid, digest, key_id, body FROM payload WHERE rowid > ?"
            " ORDER BY rowid LIMIT ?",
            (self._row, AT_ONCE),
        ).fetchall()
        for number, raw, of_key, body in rows:
            self._row = number
            digest = Digest(raw.hex())
            if self._key is not None:
                self._prove(self._key, digest, of_key, body)
            if digest in missing:
                missing.discard(digest)
                found[digest] = body
            self._ahead[digest] = body
            self._ahead_bytes += len(body)
        self.count += len(rows)
        self._is_done = len(rows) < AT_ONCE
        return found

    def _prove(self, key: bytes, digest: Digest, of_key: str, body: bytes) -> None:
        if of_key != self._key_id:
            self._others[of_key] += 1
        elif len(self._wrong) < MAX_PROBLEMS and keyed_digest(key, body) != digest:
            self._wrong.append(f"body {digest} was changed: it no longer gives its digest")

    def _forget_old(self) -> None:
        if self._ahead_bytes <= KEPT_BYTES:
            return
        for digest in list(self._ahead):
            self._ahead_bytes -= len(self._ahead.pop(digest))
            if self._ahead_bytes <= KEPT_BYTES // 2:
                return

    def _look_up(self, missing: Iterable[Digest]) -> dict[Digest, bytes]:
        wanted = [bytes.fromhex(digest) for digest in missing if _DIGEST.fullmatch(digest)]
        found: dict[Digest, bytes] = {}
        for first in range(0, len(wanted), AT_ONCE):
            asked = wanted[first : first + AT_ONCE]
            marks = ", ".join("?" * len(asked))
            rows = self._db.execute(
                f"SELECT digest, body FROM payload WHERE digest IN ({marks})", asked
            )
            found.update((Digest(digest.hex()), body) for digest, body in rows)
        return found
