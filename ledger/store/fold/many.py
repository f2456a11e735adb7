"""Rows put in many to a statement.

What SQLite sets up for each statement (the program of a trigger, the list of a CHECK) is set up
once for all of them that way; where there is nothing of the kind ``executemany`` is as good. Must
not be used for rows whose values are looked up in the table that they go into.
"""

import sqlite3
from collections.abc import Sequence
from itertools import chain

_SIZES = (64, 8)
"""Rows to a statement, the largest first; what is left goes row by row."""


class Insert:
    """One insert in all its sizes. SQLite knows a statement again by its text."""

    def __init__(self, into: str, row: str, end: str = "") -> None:
        """``into``: up to the word VALUES; ``row``: the values of one row, in brackets; ``end``:
        what follows them, such as what happens to rows that are there."""
        self._single = f"{into} VALUES {row} {end}"
        self._sizes = [(n, f"{into} VALUES {', '.join([row] * n)} {end}") for n in _SIZES]

    def put(self, db: sqlite3.Connection, rows: Sequence[Sequence[object]]) -> None:
        """The same as one insert after the other, in this order."""
        first = 0
        for size, statement in self._sizes:
            while len(rows) - first >= size:
                some = rows[first : first + size]
                db.execute(statement, list(chain.from_iterable(some)))
                first += size
        if first < len(rows):
            db.executemany(self._single, rows[first:])
