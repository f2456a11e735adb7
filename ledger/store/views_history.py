"""Views of the journal itself: its head, its entries, the life of one record, what stands."""

import sqlite3

from ledger.model.entries import Pinned
from ledger.model.ids import Digest, ExternalRef, RecordId, SystemName
from ledger.store.asking import Asking, ref_values
from ledger.store.journal import GENESIS, decode_entry
from ledger.store.payloads import named_payloads
from ledger.store.rows import HistoryRow, JournalRow
from ledger.store.statements import queries


class HistoryViews(Asking):
    """Questions about entries and standing facts."""

    def head(self) -> tuple[int, str]:
        """Sequence and hash (hex text) of the last entry; ``(0, "00…")`` for an empty ledger."""
        rows = self._rows("last")
        seq, digest = rows[0] if rows else (0, GENESIS)
        return seq, digest.hex()

    def history(self, subject: RecordId | ExternalRef, *, limit: int = 1000) -> list[HistoryRow]:
        """The newest ``limit`` entries about a record or about one reference, oldest first."""
        if isinstance(subject, ExternalRef):
            rows = self._rows("history_of_ref", {**ref_values(subject), "limit": limit})
        else:
            rows = self._rows("history_of_record", {"record": subject, "limit": limit})
        history = []
        for seq, at, actor, cycle, body in reversed(rows):
            entry = decode_entry(body)
            payloads = named_payloads(entry)
            history.append(
                HistoryRow(
                    seq=seq,
                    at=at,
                    actor=actor,
                    cycle=cycle,
                    entry=entry,
                    body=self.body(payloads[0]) if payloads else None,
                )
            )
        return history

    def entries(self, after: int, limit: int) -> list[JournalRow]:
        """Entries behind a sequence, in order."""
        return [
            JournalRow(
                seq=seq,
                at=at,
                actor=actor,
                cycle=cycle,
                entry=decode_entry(body),
                stored=stored,
                hash=digest.hex(),
            )
            for seq, at, actor, cycle, stored, body, digest in self._rows(
                "entries", {"after": after, "limit": limit}
            )
        ]

    def body(self, digest: Digest) -> bytes | None:
        """A payload body; None when the ledger has none under that digest (any more)."""
        return body_of(self._db, digest)

    def runtime(self, key: str) -> bytes | None:
        """A value kept outside the chain."""
        value: bytes | None = self._value("runtime", {"key": key})
        return value

    def pins(self) -> dict[SystemName, Pinned]:
        """The company that each system was pinned to."""
        return {
            SystemName(system): Pinned(
                system=SystemName(system), fingerprint=Digest(fingerprint), environment=environment
            )
            for system, fingerprint, environment in self._rows("pins")
        }

    def first_plan_approved(self) -> bool:
        """Whether a person has accepted the first plan since the ledger began or was restored."""
        return bool(self._standing("first_plan"))

    def mapping_version(self) -> int:
        """Of the configuration in force; 0 before the first."""
        return int(self._standing("mapping_version") or 0)

    def config(self) -> Digest | None:
        """Digest of the configuration in force."""
        value = self._standing("config")
        return None if value is None else Digest(value)

    def _standing(self, name: str) -> str | None:
        value: str | None = self._value("standing", {"name": name})
        return value


def body_of(db: sqlite3.Connection, digest: Digest) -> bytes | None:
    values = {"digest": bytes.fromhex(digest)}
    row = db.execute(queries()["body"], values).fetchone()
    return None if row is None else row[0]
