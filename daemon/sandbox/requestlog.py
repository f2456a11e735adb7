"""The log of every request that a twin answered: for tests, for people, and for the demo.

It records what happened on the wire, never credentials or bodies.
"""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO, TypedDict

from daemon.clock import Clock

MAX_ROWS: Final = 200_000
"""Rows kept in memory; older ones are dropped (the file, if any, keeps them)."""


class LogRow(TypedDict):
    """One answered request."""

    n: int
    """Ascending number, from 1, over all systems that share the log."""
    time: str
    """Instant of the answer, ISO 8601 in UTC, by the twin's clock."""
    system: str
    method: str
    path: str
    query: str
    """Decoded query string, without credentials."""
    summary: str
    """What the request was for, e.g. ``create item``, ``query Vendor``, ``batch 3``."""
    status: int
    """HTTP status; 0 when the connection was closed without an answer."""
    request_id: str
    fault: str
    """Kind of the fault that was played, or ``""``."""
    created: list[str]
    """Records created, as ``kind/id``."""
    changed: list[str]
    """Records changed or removed, as ``kind/id``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what became of it, before it has a number. Fields as in ``LogRow``."""

    system: str
    method: str
    path: str
    status: int
    query: str = ""
    summary: str = ""
    request_id: str = ""
    fault: str = ""
    created: Sequence[str] = ()
    changed: Sequence[str] = ()


class RequestLog:
    """Rows in memory, and as JSON lines in a file when one is given."""

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._rows: deque[LogRow] = deque(maxlen=MAX_ROWS)
        self._count = 0
        self._file: TextIO | None = None
        if path is not None:
            self._file = path.open("a", encoding="utf-8")

    def add(self, seen: Exchange) -> LogRow:
        """Append one row, stamped with the present instant, and return it."""
        self._count += 1
        row = LogRow(
            n=self._count,
            time=self._clock.now().isoformat(),
            system=seen.system,
            method=seen.method,
            path=seen.path,
            query=seen.query,
            summary=seen.summary,
            status=seen.status,
            request_id=seen.request_id,
            fault=seen.fault,
            created=list(seen.created),
            changed=list(seen.changed),
        )
        self._rows.append(row)
        if self._file is not None:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._file.flush()
        return row

    @property
    def rows(self) -> list[LogRow]:
        """The rows kept in memory, oldest first."""
        return list(self._rows)

    def since(self, n: int, *, system: str = "", limit: int = 1000) -> list[LogRow]:
        """Up to ``limit`` rows after number ``n``, of one system or of all."""
        found = [r for r in self._rows if r["n"] > n and system in ("", r["system"])]
        return found[:limit]

    @property
    def last(self) -> int:
        """Number of the newest row, 0 when there is none."""
        return self._count

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
            self._file = None
