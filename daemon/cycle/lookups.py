"""The questions that planning may ask of the ledger, answered from one read transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ledger.model.facts import ConfirmedChange, RecordView
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName
from ledger.model.values import Reference
from ledger.store.views import Views


class LedgerLookups:
    """``daemon.reconcile.policy.Lookups`` over a ``Views``; lives as long as its transaction."""

    def __init__(self, views: Views, *, recent_since: datetime) -> None:
        self._views = views
        self._recent_since = recent_since
        self._complete: dict[tuple[SystemName, Kind], bool] = {}
        self._remaps: dict[SystemName, dict[RecordId, RecordId]] | None = None

    def record_of(self, ref: ExternalRef) -> RecordId | None:
        return self._views.record_of(ref)

    def ref_of(self, record: RecordId, system: SystemName) -> ExternalRef | None:
        return self._views.ref_of(record, system)

    def resolve(self, system: SystemName, reference: Reference) -> RecordId | None:
        return self._views.resolve(system, reference)

    def find(self, system: SystemName, kind: Kind, key: str, value: str) -> tuple[ExternalRef, ...]:
        return self._views.find(system, kind, key, value)

    def view(self, record: RecordId) -> RecordView | None:
        return self._views.view(record)

    def catalogue_complete(self, system: SystemName, kind: Kind) -> bool:
        key = (system, kind)
        if key not in self._complete:
            cursor = self._views.cursor(system, kind)
            self._complete[key] = cursor is not None and cursor.complete
        return self._complete[key]

    def confirmed_changes(self, record: RecordId) -> Sequence[ConfirmedChange]:
        return self._views.confirmed_changes(record, self._recent_since)

    def remapped(self, system: SystemName) -> Mapping[RecordId, RecordId]:
        if self._remaps is None:
            self._remaps = {}
            for row in self._views.remaps():
                self._remaps.setdefault(row.system, {})[row.old] = row.new
        return self._remaps.get(system, {})
