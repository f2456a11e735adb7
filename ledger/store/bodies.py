"""Bodies for a fold of the whole journal: read in the order in which they were written, opened, and
each proved on the way. Looking every one up by its digest would walk all over the file.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from itertools import islice

from ledger.model.entries import Entry
from ledger.model.ids import Digest
from ledger.store.key import key_id, raw_digest
from ledger.store.migrate import file_version
from ledger.store.sealing import SEALED_SINCE, Torn, seal_of
from ledger.store.sentences import entry_to_fold

MAX_PROBLEMS = 50
AT_ONCE = 500
KEPT_BYTES = 16 * 1024 * 1024
"""Bodies read before an entry asks for them; what is dropped is looked up when it is asked for."""
_DIGEST = re.compile(r"(?:[0-9a-f]{2})+")


class OrderedBodies:
    """One walk through all bodies; ``proving``: each of them against its digest as well."""

    def __init__(self, db: sqlite3.Connection, *, key: bytes, proving: bool = False) -> None:
        self._db = db
        self._key = key
        self._proving = proving
        self._seal = seal_of(key) if file_version(db) >= SEALED_SINCE else None
        self._key_id = key_id(key)
        self._row = 0
        self._is_done = False
        self._ahead: dict[str, bytes] = {}
        self._ahead_bytes = 0
        self._others: Counter[str] = Counter()
        self.unreadable: dict[Digest, str] = {}
        """Bodies that are there and cannot be had -> what is wrong with them."""
        self.count = 0
        """Bodies met so far: all of them once ``finish`` was called."""

    def of(self, named: Iterable[Digest]) -> dict[Digest, bytes]:
        """The bodies of these digests, as far as the ledger has them."""
        missing = set(named)
        found = {digest: self._ahead[digest] for digest in missing & self._ahead.keys()}
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

    def entry(self, body: bytes) -> Entry:
        """The entry in a row of the journal, as it is folded."""
        return entry_to_fold(body, self._seal)

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
        return [*strange, *islice(filter(None, self.unreadable.values()), MAX_PROBLEMS)]

    def _read_on(self, missing: set[Digest]) -> dict[Digest, bytes]:
        """The next rows: those that are missed, which are so no longer; the others are kept."""
        found: dict[Digest, bytes] = {}
        rows = self._db.execute(
            "SELECT rowid, digest, key_id, body FROM payload WHERE rowid > ?"
            " ORDER BY rowid LIMIT ?",
            (self._row, AT_ONCE),
        ).fetchall()
        for _, raw, of_key, stored in rows:
            digest = Digest(raw.hex())
            body = self._opened(digest, raw, of_key, stored)
            if body is not None:
                self._ahead[digest] = body
                self._ahead_bytes += len(body)
                if digest in missing:
                    found[digest] = body
            missing.discard(digest)
        self.count += len(rows)
        self._row = rows[-1][0] if rows else self._row
        self._is_done = len(rows) < AT_ONCE
        return found

    def _opened(self, digest: Digest, raw: bytes, of_key: str, stored: bytes) -> bytes | None:
        """The body; None, with the reason kept, where it cannot be had."""
        if of_key != self._key_id:
            if digest not in self.unreadable:
                self._others[of_key] += 1
                self.unreadable[digest] = ""
            return None
        try:
            body = stored if self._seal is None else self._seal.open(raw, stored)
        except Torn:
            body = None
        if body is None or (self._proving and raw_digest(self._key, body) != raw):
            self.unreadable[digest] = f"body {digest} was changed: it no longer gives its digest"
        return body

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
                f"SELECT digest, key_id, body FROM payload WHERE digest IN ({marks})", asked
            )
            for raw, of_key, stored in rows:
                digest = Digest(raw.hex())
                body = self._opened(digest, raw, of_key, stored)
                if body is not None:
                    found[digest] = body
        return found
