"""What a fold works with. Folds read the tables and the bodies, never a clock."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ledger.model.ids import Digest, RecordId
from ledger.store.errors import DraftRefused


@dataclass
class Touched:
    """Records whose rows in the drift list are to be worked out again."""

    changed: set[RecordId] = field(default_factory=set)
    """Their operations, holds, skips or links moved: they may come or go."""
    shown: set[RecordId] = field(default_factory=set)
    """A system shows something new: what is in the list may read otherwise."""

    looks: bool = True
    """Whether who is to be looked at again is written down; a fold that only wants to know what
    the tables must hold leaves that out."""

    def clear(self) -> None:
        self.changed.clear()
        self.shown.clear()


class Folding(NamedTuple):
    """One entry about to be folded."""

    db: sqlite3.Connection
    seq: int
    at: str
    body: Callable[[Digest], bytes | None]
    """A payload body; None when it has been erased."""
    touched: Touched

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
