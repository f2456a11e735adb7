"""Views of what people stopped, set aside and answered for."""

from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, SystemName
from ledger.store.asking import Asking, external_ref, json_list
from ledger.store.instants import instant


class PauseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A scope in which nothing is written."""

    system: str
    kind: str
    reason: str
    by: str
    job: str
    since: str
    seq: int


class SkipRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person set aside, as it stood then."""

    record: RecordId
    subject: str
    digest: Digest
    reason: str
    by: str
    since: str
    seq: int
    until: str = ""
    """Instant at which it ends by itself; ``""``: by a change or a retry alone."""


class RemapRow(msgspec.Struct, frozen=True, kw_only=True):
    """A standing answer: in ``system``, ``new`` is meant where ``old`` is said. ``seq`` is its
    version."""

    system: SystemName
    old: RecordId
    new: RecordId
    reason: str
    by: str
    since: str
    seq: int


class AbsenceRow(msgspec.Struct, frozen=True, kw_only=True):
    system: SystemName
    kind: Kind
    most: int
    reason: str
    by: str
    since: str
    seq: int


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    job: str
    what: str
    state: str
    body: bytes | None
    """What the job knew at its latest state; None when retention has erased it."""
    by: str
    started: str
    at: str
    seq: int


class ValveViews(Asking):
    """Questions about stops and answers."""

    def pauses(self) -> list[PauseRow]:
        return [
            PauseRow(system=system, kind=kind, reason=reason, by=by, job=job, since=since, seq=seq)
            for system, kind, reason, by, job, since, seq in self._rows("pauses")
        ]

    def skips(self, *, after: str = "", limit: int = 500) -> list[SkipRow]:
        """Everything set aside, by record, behind ``after``."""
        return [_skip(row) for row in self._rows("skips", {"after": after, "limit": limit})]

    def standing_skips(self, *, after: str = "", limit: int = 100_000) -> list[SkipRow]:
        """What was set aside and is still as it was then: it stays a difference."""
        return [_skip(r) for r in self._rows("standing_skips", {"after": after, "limit": limit})]

    def skips_of(self, records: Iterable[RecordId]) -> dict[RecordId, list[SkipRow]]:
        """What is set aside of some records; records without are absent."""
        found: dict[RecordId, list[SkipRow]] = {}
        for row in self._rows("skips_of", {"records": json_list(set(records))}):
            skip = _skip(row)
            found.setdefault(skip.record, []).append(skip)
        return found

    def skips_due(self, now: datetime, *, limit: int = 500) -> list[SkipRow]:
        """What was set aside until an instant that has come, the earliest first."""
        return [_skip(r) for r in self._rows("skips_due", {"now": instant(now), "limit": limit})]

    def next_skip_end(self, after: datetime) -> datetime | None:
        """The first instant behind ``after`` at which something set aside is taken up again."""
        found = self._value("next_skip_end", {"after": instant(after)})
        return None if found is None else datetime.fromisoformat(found)

    def skipped_digests(self, *, among: Collection[Digest] | None = None) -> frozenset[Digest]:
        """Digests of operations that a person set aside; ``among`` some, or all."""
        if among is None:
            rows = self._rows("skipped_digests")
        else:
            rows = self._rows("skipped_among", {"digests": json_list(among)})
        return frozenset(Digest(digest) for (digest,) in rows)

    def answered_since(self, records: Iterable[RecordId], seq: int) -> frozenset[RecordId]:
        """Records about which somebody has said something since: a yes or its end, what belongs
        together, what is right, what to try again."""
        values = {"records": json_list(set(records)), "seq": seq}
        return frozenset(RecordId(record) for (record,) in self._rows("answered_since", values))

    def remaps(self) -> list[RemapRow]:
        return [
            RemapRow(
                system=SystemName(system),
                old=RecordId(old),
                new=RecordId(new),
                reason=reason,
                by=by,
                since=since,
                seq=seq,
            )
            for system, old, new, reason, by, since, seq in self._rows("remaps")
        ]

    def absences(self) -> list[AbsenceRow]:
        return [
            AbsenceRow(
                system=SystemName(system),
                kind=Kind(kind),
                most=most,
                reason=reason,
                by=by,
                since=since,
                seq=seq,
            )
            for system, kind, most, reason, by, since, seq in self._rows("absences")
        ]

    def records(self, kind: Kind, *, after: str = "", limit: int = 500) -> list[RecordId]:
        """Records of one kind in order of their ids, behind ``after``."""
        first, end = f"{kind.value}-", f"{kind.value}."  # the full stop follows the hyphen
        values = {"after": max(after, first), "end": end, "limit": limit}
        return [RecordId(record) for (record,) in self._rows("records_between", values)]

    def records_as_shown(
        self, kind: Kind, *, after: int = 0, limit: int = 500
    ) -> tuple[list[RecordId], int]:
        """Records of one kind as the ledger came to know them, and where the next page begins: for
        a walk through all of them, which so reads neighbours together."""
        rows = self._rows("records_as_shown", {"kind": kind.value, "after": after, "limit": limit})
        return [RecordId(record) for _, record in rows], rows[-1][0] if rows else after

    def find_many(
        self, system: SystemName, kind: Kind, keys: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], tuple[ExternalRef, ...]]:
        """``find`` for many (key, folded value) at once; keys that nothing shows are absent."""
        asked: dict[str, set[str]] = {}
        for name, value in keys:
            asked.setdefault(name, set()).add(value)
        return {
            (name, value): refs
            for name, values in asked.items()
            for value, refs in self.find_values(system, kind, name, values).items()
        }

    def find_values(
        self, system: SystemName, kind: Kind, key: str, values: Iterable[str]
    ) -> dict[str, tuple[ExternalRef, ...]]:
        """``find`` for many folded values of one key; values that nothing shows are absent."""
        found: dict[str, tuple[ExternalRef, ...]] = {}
        wanted = {"system": system, "kind": kind.value, "name": key}
        wanted["values"] = json_list(sorted(values))  # neighbours lie on the same page
        for value, *ref in self._rows("find_many", wanted):
            found[value] = (*found.get(value, ()), external_ref(*ref))
        return found

    def alike(
        self,
        records: Iterable[RecordId],
        systems: Iterable[SystemName],
        keys: Iterable[tuple[Kind, str]],
    ) -> set[RecordId]:
        """Those of ``records`` that ``find`` would answer with a reference of one of ``systems``,
        asked there for one of these keys (by kind) where the record has no part yet."""
        values = {"records": json_list(records), "systems": json_list(systems)}
        values["keys"] = json_list(json_list([kind.value, name]) for kind, name in keys)
        return {RecordId(record) for (record,) in self._rows("alike", values)}

    def jobs(self, *, limit: int = 50) -> list[JobRow]:
        """Jobs, the latest first."""
        return [_job(row) for row in self._rows("jobs", {"limit": limit})]

    def job(self, job: str) -> JobRow | None:
        rows = self._rows("job", {"job": job})
        return _job(rows[0]) if rows else None


def _skip(row: tuple[str, str, str, str, str, str, int, str]) -> SkipRow:
    record, subject, digest, reason, by, since, seq, until = row
    return SkipRow(
        record=RecordId(record),
        subject=subject,
        digest=Digest(digest),
        reason=reason,
        by=by,
        since=since,
        seq=seq,
        until=until,
    )


def _job(row: tuple[str, str, str, bytes | None, str, str, str, int]) -> JobRow:
    job, what, state, body, by, started, at, seq = row
    return JobRow(
        job=job, what=what, state=state, body=body, by=by, started=started, at=at, seq=seq
    )
