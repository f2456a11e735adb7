"""Views of records: their sides, baselines and links, and the ways to find them."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from sys import intern
from typing import Any

import msgspec

from ledger.model.encoding import decode
from ledger.model.facts import (
    Baseline,
    Cursor,
    OwnValue,
    Problem,
    RecordView,
    Rejection,
    Resolution,
    Side,
)
from ledger.model.ids import (
    DOCUMENT_KINDS,
    Digest,
    ExternalRef,
    Kind,
    RecordId,
    SystemName,
)
from ledger.model.images import image_in
from ledger.model.keys import fold, normalise
from ledger.model.values import Reference
from ledger.store.asking import Asking, external_ref, hex_digest, json_list, ref_values
from ledger.store.journal import decode_entry
from ledger.store.payloads import named_payloads, record_in
from ledger.store.rows import Head, KindCount

_RECORD_AND_SYSTEM = itemgetter(0, 1)
LATEST = (1 << 63) - 1
"""After every entry there will ever be."""
_problems: msgspec.json.Decoder[Problem] = msgspec.json.Decoder(Problem)


class RecordViews(Asking):
    """Questions about records and references."""

    def heads(self, refs: Iterable[ExternalRef]) -> dict[ExternalRef, Head]:
        """The latest of each reference; references that were never seen are absent."""
        wanted = json_list([ref.system, ref.kind.value, ref.id] for ref in refs)
        return {
            external_ref(*row[:3]): Head(
                record=RecordId(row[3]),
                version=row[4],
                comparable=hex_digest(row[5]),
                payload=hex_digest(row[6]),
                seq=row[7],
                tombstone=row[8],
                problem=_problem(row[9]),
                out_of_scope=row[10],
            )
            for row in self._rows("heads", {"refs": wanted})
        }

    def view(self, record: RecordId) -> RecordView | None:
        """One record; None for an id that no reference belongs to."""
        found = self.views([record])
        return found[0] if found else None

    def views(self, records: Iterable[RecordId], *, agreed: bool = True) -> list[RecordView]:
        """Records in order of their ids; ids that no reference belongs to are absent. Without
        ``agreed`` as if nothing had ever been agreed, for those who do not need it."""
        wanted = {"records": json_list(sorted(set(records)))}
        sides: dict[RecordId, dict[SystemName, Side]] = {}
        for row in self._sides(wanted["records"]):
            side = _side(row)
            sides.setdefault(row[0], {})[side.ref.system] = side
        baselines: dict[RecordId, dict[SystemName, Baseline]] = {}
        for row in self._rows("baselines", wanted) if agreed else ():
            if shown_as := sides.get(row[0]):
                baseline = _baseline(row, _kind_of(shown_as))
                baselines.setdefault(row[0], {})[baseline.system] = baseline
        intents = {
            RecordId(record): request for record, request in self._rows("open_items", wanted)
        }
        rejections: dict[RecordId, list[Rejection]] = {}
        for row in self._rows("rejections", wanted):
            rejections.setdefault(RecordId(row[0]), []).append(_rejection(row))
        resolutions: dict[RecordId, list[Resolution]] = {}
        answered: dict[RecordId, dict[str, int]] = {}
        for row in self._rows("resolutions", wanted):
            resolutions.setdefault(RecordId(row[0]), []).append(self._resolution(row))
            answered.setdefault(RecordId(row[0]), {})[row[1]] = row[4]
        return [
            RecordView(
                record=record,
                kind=_kind_of(shown),
                sides=shown,
                baselines=baselines.get(record, {}),
                open_intent=intents.get(record, ""),
                rejections=tuple(rejections.get(record, ())),
                resolutions=tuple(resolutions.get(record, ())),
                answered=answered.get(record, {}),
            )
            for record, shown in sides.items()
        ]

    def _resolution(self, row: Sequence[Any]) -> Resolution:
        """An answer; one of a person's own is looked up in its entry, for there are few."""
        _, field, take, value_digest, seq = row
        said = Resolution(field=field, take=SystemName(take), value_digest=Digest(value_digest))
        if take:
            return said
        named = named_payloads(decode_entry(self._value("entry_at", {"seq": seq})))
        bodies = [self._value("body", {"digest": bytes.fromhex(digest)}) for digest in named]
        own: list[OwnValue] = [decode(body, OwnValue) for body in bodies if body is not None]
        return msgspec.structs.replace(said, own=own[0] if own else None, seq=seq)

    def _sides(self, records: str) -> list[Any]:
        """The references of records, a JSON list of ids, by record and then by system."""
        return sorted(self._rows("sides", {"records": records}), key=_RECORD_AND_SYSTEM)

    def record_of(self, ref: ExternalRef) -> RecordId | None:
        found = self._value("record_of", ref_values(ref))
        return None if found is None else RecordId(found)

    def ref_of(self, record: RecordId, system: SystemName) -> ExternalRef | None:
        """The reference of a record in one system, a removed one included."""
        rows = self._rows("ref_of", {"record": record, "system": system})
        return external_ref(*rows[0]) if rows else None

    def resolve(self, system: SystemName, reference: Reference) -> RecordId | None:
        """The record that a pointer of one system means; None when none or several may be meant.

        By id; else by key: accounts by code, then by name, documents by number, other kinds by
        name. An active record goes before inactive ones of the same key. What several may have
        been meant by when it was written is nobody for ever.
        """
        if reference.id:
            return self.record_of(ExternalRef(system, reference.kind, reference.id))
        if reference.shared:
            return None
        for name in _pointing_keys(reference.kind):
            meant = self._rows("meant", _key_values(system, reference.kind, name, reference.key))
            if meant:
                active = {RecordId(record) for record, is_active in meant if is_active}
                choice = active or {RecordId(record) for record, _ in meant}
                return choice.pop() if len(choice) == 1 else None
        return None

    def find(self, system: SystemName, kind: Kind, key: str, value: str) -> tuple[ExternalRef, ...]:
        """References, inactive ones included and removed ones not, that show ``value`` as their
        ``key`` (see ``ledger.model.keys``); the value is folded."""
        rows = self._rows("find", _key_values(system, kind, key, value))
        return tuple(external_ref(*row) for row in rows)

    def dirty(self, limit: int, *, after: str = "") -> list[RecordId]:
        """Records that need another look, in order of their ids, behind ``after``."""
        rows = self._rows("dirty", {"after": after, "limit": limit})
        return [RecordId(record) for (record,) in rows]

    def dirty_count(self) -> int:
        return int(self._value("dirty_count"))

    def cursor(self, system: SystemName, kind: Kind) -> Cursor | None:
        return self.cursors(system).get(kind)

    def cursors(self, system: SystemName) -> dict[Kind, Cursor]:
        return {
            Kind(kind): Cursor(system=system, kind=Kind(kind), token=token, complete=bool(complete))
            for kind, token, complete in self._rows("cursors", {"system": system})
        }

    def unseen(self, sweep: str, system: SystemName, kind: Kind, limit: int) -> list[ExternalRef]:
        """References not removed so far that a sweep has not shown: to be asked for singly."""
        values = {"sweep": sweep, "system": system, "kind": kind.value, "limit": limit}
        return [external_ref(*row) for row in self._rows("unseen", values)]

    def strangers(
        self, system: SystemName, kind: Kind, since: str, limit: int, *, before: int = LATEST
    ) -> list[ExternalRef]:
        """Live references without a counterpart that were first shown after ``since``, an instant
        as the ledger notes it, and ``before`` an entry."""
        values = {"system": system, "kind": kind.value, "since": since, "limit": limit}
        values["before"] = before
        return [external_ref(*row) for row in self._rows("strangers", values)]

    def counts(self) -> list[KindCount]:
        """How many references there are, by system and kind."""
        counts: dict[tuple[str, str], dict[str, int]] = {}
        for system, kind, state, count in self._rows("counts"):
            counts.setdefault((system, kind), {})[state] = count
        return [
            KindCount(
                system=SystemName(system),
                kind=Kind(kind),
                live=states.get("live", 0),
                inactive=states.get("inactive", 0),
                removed=states.get("removed", 0),
                unreadable=states.get("unreadable", 0),
                out_of_scope=states.get("out_of_scope", 0),
                linked=states.get("linked", 0),
            )
            for (system, kind), states in counts.items()
        ]


def _pointing_keys(kind: Kind) -> tuple[str, ...]:
    """Keys by which pointers without an id name a record of this kind, the surest first."""
    if kind is Kind.ACCOUNT:
        return ("code", "name")
    return ("number",) if kind in DOCUMENT_KINDS else ("name",)


def _key_values(system: SystemName, kind: Kind, name: str, value: str) -> dict[str, object]:
    folded = normalise(value) if name == "normal_name" else fold(value)
    if name not in {"name", "normal_name"}:
        folded = folded.strip()
    return {"system": system, "kind": kind.value, "name": name, "value": folded}


def _kind_of(sides: Mapping[SystemName, Side]) -> Kind:
    return next(iter(sides.values())).ref.kind


def _side(row: Any) -> Side:
    body = row[6]
    return Side(
        ref=external_ref(*row[1:4]),
        version=row[4],
        comparable=hex_digest(row[5]),
        seq=row[7],
        record=None if body is None else record_in(body),
        tombstone=row[8],
        problem=_problem(row[9]),
        out_of_scope=row[10],
    )


def _baseline(row: Any, kind: Kind) -> Baseline:
    # An erased image is no agreement: its fields count as never agreed.
    return Baseline(
        system=SystemName(intern(row[1])),
        kind=kind,
        image={} if row[2] is None else image_in(row[2], kind),
        seq=row[3],
        mapping_version=row[4],
    )


def _rejection(row: Any) -> Rejection:
    return Rejection(
        operation_digest=Digest(row[1]),
        system=SystemName(row[2]),
        code=row[3],
        message=row[4],
        field=row[5],
        cure=row[6],
    )


def _problem(body: bytes | None) -> Problem | None:
    return None if body is None else _problems.decode(body)
