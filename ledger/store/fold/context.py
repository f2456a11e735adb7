"""What a fold works with. Folds read the tables and the bodies, never a clock."""

import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple

from ledger.model.ids import Digest
from ledger.store.errors import DraftRefused


class Folding(NamedTuple):
    """One entry about to be folded."""

    db: sqlite3.Connection
    seq: int
    at: str
    body: Callable[[Digest], bytes | None]
    """A payload body; None when it has been erased."""

    def run(self, sql: str, *values: object) -> sqlite3.Cursor:
        return self.db.execute(sql, values)

    def one(self, sql: str, *values: object) -> Any:
        """The first column of the first row, or None."""
        row = self.db.execute(sql, values).fetchone()
        return None if row is None else row[0]


def blob(digest: Digest) -> bytes:
    """A digest of contents as the tables keep it; contents are digested by the ledger itself."""
    try:
        return bytes.fromhex(digest)
    except ValueError as error:
        raise DraftRefused(
            f"{digest!r} is not a digest made by the ledger",
            cure="Use ledger.digest(...) or draft.body(...); this is a bug, please report it.",
        ) from error
