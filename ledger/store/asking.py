"""How views ask: named statements, named values, lists as JSON."""

import sqlite3
from collections.abc import Iterable, Mapping
from sys import intern
from typing import Any

import msgspec

from ledger.model.ids import Digest, ExternalRef, Kind, SystemName
from ledger.store.statements import queries


class Asking:
    """One connection, inside one read transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def _rows(self, name: str, values: Mapping[str, object] | None = None) -> list[Any]:
        return self._db.execute(queries()[name], values or {}).fetchall()

    def _value(self, name: str, values: Mapping[str, object] | None = None) -> Any:
        """First column of the first row, or None."""
        row = self._db.execute(queries()[name], values or {}).fetchone()
        return None if row is None else row[0]


def ref_values(ref: ExternalRef) -> dict[str, object]:
    return {"system": ref.system, "kind": ref.kind.value, "id": ref.id}


def json_list(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()


_KINDS = {kind.value: kind for kind in Kind}
"""Asking the enumeration itself takes longer than all else about a reference."""


def external_ref(system: str, kind: str, external_id: str) -> ExternalRef:
    """With the one copy of the system's name, which comes with every row."""
    return ExternalRef(SystemName(intern(system)), _KINDS[kind], external_id)


def hex_digest(blob: bytes | None) -> Digest:
    return Digest("" if blob is None else blob.hex())
