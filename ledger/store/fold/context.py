"""What a fold works with. Folds read the tables and the bodies, never a clock."""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec

from ledger.model.entries import Entry
from ledger.model.ids import Digest, RecordId
from ledger.store.errors import DraftRefused


@dataclass
class Touched:
    """Records whose rows in the drift list are to be worked out again."""

    changed: set[RecordId] = field(default_factory=set)
    """Their operations, holds, skips or links moved: they may come or go."""
    shown: set[RecordId] = field(default_factory=set)
    """A system shows something new of them, or a reference came or left: what is in the list may
    read otherwise."""

    looks: bool = True
    """Whether who is to be looked at again is written down; a fold that only wants to know what
    the tables must hold leaves that out."""

    def clear(self) -> None:
        self.changed.clear()
        self.shown.clear()


Bodies: TypeAlias = Callable[[Digest], bytes | None]
"""A payload body; None when it has been erased."""
E = TypeVar("E", bound=Entry)
Said: TypeAlias = tuple[int, str, E]
"""An entry with its place in the journal and its instant."""


class Tables(NamedTuple):
    """What several entries are folded into together."""

    db: sqlite3.Connection
    body: Bodies
    touched: Touched

    def pairs(self, sql: str, wanted: Iterable[str]) -> "dict[str, tuple[Any, ...]]":
        """Rows by their first column, of a statement that takes a JSON array of names."""
        return {row[0]: row[1:] for row in self.db.execute(sql, (as_json(wanted),))}


class Folding(NamedTuple):
    """One entry about to be folded."""

    db: sqlite3.Connection
    seq: int
    at: str
    body: Bodies
    touched: Touched

    @property
    def tables(self) -> Tables:
        return Tables(self.db, self.body, self.touched)

    def run(self, sql: str, *values: object) -> sqlite3.Cursor:
        return self.db.execute(sql, values)

    def one(self, sql: str, *values: object) -> Any:
        """The first column of the first row, or None."""
        row = self.db.execute(sql, values).fetchone()
        return None if row is None else row[0]


def as_json(values: Iterable[object]) -> str:
    """An array for ``json_each``."""
    return msgspec.json.encode(list(values)).decode()


def blob(digest: Digest) -> bytes:
    """A digest of contents as the tables keep it; contents are digested by the ledger itself."""
    try:
        return bytes.fromhex(digest)
    except ValueError as error:
        raise DraftRefused(
            f"{digest!r} is not a digest made by the ledger",
            cure="Use ledger.digest(...) or draft.body(...); this is a bug, please report it.",
        ) from error
