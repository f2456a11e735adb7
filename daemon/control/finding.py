"""The record that a person means, from an id, a reference, or a name. Reads only."""

from daemon.control.protocol import Code, Declined
from ledger.model.facts import RecordView
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName
from ledger.store.views import Views

KEYS = ("sku", "code", "name", "number")
MOST_NAMED = 10
"""Candidates named in a refusal."""


def the_kind(text: str) -> Kind:
    """``item``, ``tax_code``, ``tax-code``. ``Declined`` names the kinds there are."""
    try:
        return Kind(text.strip().lower().replace("-", "_"))
    except ValueError:
        known = ", ".join(kind.value for kind in Kind)
        raise Declined(
            Code.BAD_REQUEST, f"{text!r} is not a kind of record", cure=f"known kinds: {known}"
        ) from None


def the_ref(text: str, kind: Kind | None = None) -> ExternalRef | None:
    """``system/kind/id``, or ``system/id`` where the kind is known; None for anything else."""
    parts = text.split("/", 2)
    if len(parts) == 3 and parts[1] in set(Kind):
        return ExternalRef(SystemName(parts[0]), Kind(parts[1]), parts[2])
    if kind is not None and len(parts) >= 2:
        return ExternalRef(SystemName(parts[0]), kind, text.split("/", 1)[1])
    return None


def the_record(
    views: Views, text: str, *, systems: tuple[SystemName, ...], kind: Kind | None = None
) -> RecordView:
    """The one record that ``text`` means: our id, a reference, or a SKU, code, name or number."""
    text = text.strip()
    view = views.view(RecordId(text))
    if view is None:
        found = _candidates(views, text, systems, kind)
        if len(found) > 1:
            found = _in_use(views, found) or found
        if len(found) > 1:
            raise Declined(
                Code.AMBIGUOUS,
                f"{text!r} is the name of {len(found)} records",
                cure=f"give the id of one of them: {_named(views, found)}",
            )
        view = views.view(found.pop()) if found else None
    if view is None or (kind is not None and view.kind is not kind):
        what = f"{kind.value} " if kind else "record "
        raise Declined(
            Code.NOT_FOUND,
            f"the ledger knows no {what}{text!r}",
            cure="give a record id (trueup plan shows them), system/kind/id, SKU, name or number",
        )
    return view


def _in_use(views: Views, found: set[RecordId]) -> set[RecordId]:
    """Without what stands alone and rests: old items that a re-export left under the same SKU are
    not meant when a person says it."""
    return {view.record for view in views.views(sorted(found)) if not _is_left_over(view)}


def _is_left_over(view: RecordView) -> bool:
    if len(view.sides) != 1:
        return False
    (side,) = view.sides.values()
    return bool(side.tombstone) or getattr(side.record, "active", None) is False


def _named(views: Views, found: set[RecordId]) -> str:
    """Each record with where it stands, so that a person can tell which one is meant."""
    told = []
    for view in views.views(sorted(found)[:MOST_NAMED]):
        refs = ", ".join(str(side.ref) for side in view.sides.values())
        told.append(f"{view.record} ({refs})")
    more = len(found) - MOST_NAMED
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def _candidates(
    views: Views, text: str, systems: tuple[SystemName, ...], kind: Kind | None
) -> set[RecordId]:
    ref = the_ref(text, kind)
    record = views.record_of(ref) if ref is not None else None
    if record is not None:
        return {record}
    kinds = (kind,) if kind is not None else tuple(Kind)
    found: set[RecordId] = set()
    for key in KEYS:
        for of_kind in kinds:
            for system in systems:
                refs = views.find(system, of_kind, key, text)
                found |= {r for ref in refs if (r := views.record_of(ref)) is not None}
        if found:
            return found
    return found
