"""The questions that planning may ask of the ledger, answered from one read transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from daemon.reconcile.match import BY_NAME, EXACT
from daemon.reconcile.policy import Policy
from ledger.model.facts import ConfirmedChange, RecordView
from ledger.model.ids import (
    MASTER_KINDS,
    REFERENCE_KINDS,
    ExternalRef,
    Kind,
    RecordId,
    SystemName,
)
from ledger.model.keys import fold, keys, normalise
from ledger.model.values import Reference
from ledger.store.views import Views

Rung: TypeAlias = tuple[SystemName, Kind, str]
"""System, kind and key: where a folded value is looked for."""
Questions: TypeAlias = dict[Rung, set[str]]
LADDER: Final = (*REFERENCE_KINDS, *MASTER_KINDS)
"""Kinds that are matched by their keys; documents have a ladder of their own."""
LINKING: Final = frozenset(
    (kind, key)
    for kind in LADDER
    for rung in EXACT.get(kind, BY_NAME)
    for key in ((rung, "normal_name") if rung == "name" else (rung,))
)
"""Keys by which a record is linked, by kind; names that are the same but for their spelling too."""


def linkable(views: Views, records: Sequence[RecordId], policy: Policy) -> list[RecordId]:
    """Those of ``records`` that may be half of a link, told by the ledger's index of keys: nobody
    else finds anything on the rungs that link, so there is no need to open them."""
    alike = views.alike(records, policy.systems, LINKING)
    declared = tuple(f"{kind.value}-" for kind, pairs in policy.mapping.items() if pairs)
    return [record for record in records if record in alike or record.startswith(declared)]


class LedgerLookups:
    """``daemon.reconcile.policy.Lookups`` over a ``Views``; lives as long as its transaction."""

    def __init__(self, views: Views, *, recent_since: datetime) -> None:
        self._views = views
        self._recent_since = recent_since
        self._complete: dict[tuple[SystemName, Kind], bool] = {}
        self._found: dict[Rung, dict[str, tuple[ExternalRef, ...]]] = {}
        self._owners: dict[ExternalRef, RecordId] = {}
        self._seen: dict[RecordId, RecordView] = {}
        self._remaps: dict[SystemName, dict[RecordId, RecordId]] | None = None

    def prepare(
        self, views: Iterable[RecordView], policy: Policy, *, only_links: bool = False
    ) -> None:
        """Ask at once what the match ladder will ask one by one about records that some system
        lacks: who shows their keys, and whom those would choose in turn. Answers that are not
        prepared are asked for as ever; ``only_links``: no others than lead to links."""
        alone = [view for view in views if view.kind in LADDER and _is_lacking(view, policy)]
        if not alone:
            return
        self._seen |= {view.record: view for view in alone}
        asked: Questions = {}
        for view in alone:
            _ask_for_candidates(asked, view, policy)
        candidates = self._open(self._ask(asked, only_links=only_links))
        back: Questions = {}
        for view in candidates:
            for key, value in _keys_of(view):
                for system in policy.keepers(view.kind):
                    back.setdefault((system, view.kind, key), set()).add(value)
        self._open(self._ask(back, only_links=only_links))

    def _ask(self, asked: Questions, *, only_links: bool) -> set[ExternalRef]:
        """Everybody who shows one of these keys."""
        refs: set[ExternalRef] = set()
        for rung, values in asked.items():
            if only_links and rung[1:] not in LINKING:
                continue
            known = self._found.setdefault(rung, {})
            new = values - known.keys()
            known |= dict.fromkeys(new, ())
            shown = self._views.find_values(*rung, new)
            known |= shown
            refs.update(*shown.values())
        return refs

    def _open(self, refs: Iterable[ExternalRef]) -> list[RecordView]:
        """The records of references, those that were not open before."""
        news = self._views.owners(ref for ref in refs if ref not in self._owners)
        self._owners |= news
        opened = self._views.views({r for r in news.values() if r not in self._seen})
        self._seen |= {view.record: view for view in opened}
        return opened

    def record_of(self, ref: ExternalRef) -> RecordId | None:
        return self._owners.get(ref) or self._views.record_of(ref)

    def ref_of(self, record: RecordId, system: SystemName) -> ExternalRef | None:
        return self._views.ref_of(record, system)

    def resolve(self, system: SystemName, reference: Reference) -> RecordId | None:
        return self._views.resolve(system, reference)

    def find(self, system: SystemName, kind: Kind, key: str, value: str) -> tuple[ExternalRef, ...]:
        known = self._found.get((system, kind, key), {}).get(value)
        return self._views.find(system, kind, key, value) if known is None else known

    def view(self, record: RecordId) -> RecordView | None:
        return self._seen.get(record) or self._views.view(record)

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


def _is_lacking(view: RecordView, policy: Policy) -> bool:
    return len(view.sides) < len(policy.keepers(view.kind))


def _keys_of(view: RecordView) -> Iterator[tuple[str, str]]:
    """The keys that its sides show, those only that ``find`` would ask for letter by letter."""
    for side in view.sides.values():
        if side.record is not None:
            for key, value in keys(side.record):
                # What is folded stays so when it is folded again, in ASCII at least.
                if value.isascii() or _folded(key, value) == value:
                    yield key, value


def _folded(key: str, value: str) -> str:
    return normalise(value) if key == "normal_name" else fold(value)


def _ask_for_candidates(asked: Questions, view: RecordView, policy: Policy) -> None:
    """Who shows its keys where it is lacking, and who has its unique names there."""
    shown = set(_keys_of(view))
    for system in policy.keepers(view.kind):
        rule = policy.rule(system, view.kind)
        for key, value in shown if system not in view.sides else ():
            asked.setdefault((system, view.kind, key), set()).add(value)
            field = rule.fields.get(key) if rule is not None else None
            if field is not None and field.namespace:
                for kind, other in policy.sharing(system, field.namespace):
                    asked.setdefault((system, kind, other), set()).add(value.strip())
