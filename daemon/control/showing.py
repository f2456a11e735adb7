"""One page of the plan in the words of the protocol: labels looked up, both sides put together."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from daemon.control.listing import Listing
from daemon.control.pointing import Pointing, records_in
from daemon.control.protocol import DocumentsShown, HoldShown, OperationShown
from daemon.control.shapes import Labels, Money, pointed, shown_hold, shown_operation
from daemon.reconcile.policy import Policy
from ledger.model.drift import total_after
from ledger.model.facts import HoldCode, RecordView
from ledger.model.ids import DOCUMENT_KINDS, Kind, RecordId, SystemName
from ledger.model.plans import FieldChange
from ledger.model.records import Bill, Invoice, PurchaseOrder, Record
from ledger.model.values import UNSET, Reference, Value
from ledger.store.rows import HeldRow, OperationRow
from ledger.store.views import Views
from ledger.store.views_valves import SkipRow

VALUE_HOLDS = (HoldCode.FOREIGN_EDIT, HoldCode.DISCREPANT)
"""Holds of documents that are easier to decide with both sides' values beside each other."""


def shown_page(
    views: Views, listing: Listing, *, home_currency: str
) -> tuple[tuple[OperationShown, ...], tuple[HoldShown, ...]]:
    """The operations and holds of one page, in its order."""
    pointing = Pointing(views)
    rows = [_settled(row, pointing) for row in listing.operations]
    concerned = {row.operation.record for row in rows} | {row.record for row in listing.holds}
    records = {view.record: view for view in views.views(concerned)}
    sides = {id(row): _sides(row, records.get(row.record), pointing) for row in listing.holds}
    wanted = pointed(rows, listing.holds)
    wanted |= {r for values in sides.values() for v in values.values() for r in records_in(v)}
    shown = [*records.values(), *views.views(wanted - records.keys())]
    aside = _aside(views, listing.holds)
    labels = Labels(
        titles=titles(views, shown, pointing),
        items={view.record: view.label for view in shown if view.kind is Kind.ITEM},
    )
    return (
        tuple(
            shown_operation(row, labels, document_money(row, records, home_currency=home_currency))
            for row in rows
        ),
        tuple(
            shown_hold(row, labels, sides[id(row)], aside=aside.get(id(row)))
            for row in listing.holds
        ),
    )


def _aside(views: Views, holds: Iterable[HeldRow]) -> dict[int, SkipRow]:
    """What was set aside of the holds, and is still as it was then."""
    rows = list(holds)
    skips = views.skips_of({row.record for row in rows})
    return {
        id(row): skip
        for row in rows
        for skip in skips.get(row.record, ())
        if (skip.subject, skip.digest) == (row.subject, row.payload)
    }


def shown_documents(policy: Policy, today: str) -> tuple[DocumentsShown, ...]:
    """From which day each kind of document flows."""
    return tuple(
        DocumentsShown(
            kind=kind.value,
            flow=policy.flows.get(kind, "auto"),
            since=policy.document(kind).since,
            starts_later=policy.document(kind).since > today,
        )
        for kind in DOCUMENT_KINDS
    )


def titles(views: Views, shown: Iterable[RecordView], pointing: Pointing) -> dict[RecordId, str]:
    """The label with the name beside it where the label is a code (``4000 Sales``), and a
    document's party beside its number (``PO-0012, Acme Fasteners``)."""
    found = list(shown)
    parties = parties_of(views, [v for v in found if v.kind in DOCUMENT_KINDS], pointing)
    return {view.record: _titled(view, parties.get(view.record, "")) for view in found}


def parties_of(
    views: Views, documents: Iterable[RecordView], pointing: Pointing
) -> dict[RecordId, str]:
    """The name of the vendor or customer of each document that has one."""
    records: dict[RecordId, RecordId] = {}
    found: dict[RecordId, str] = {}
    for view in documents:
        for system, side in sorted(view.sides.items()):
            pointer = party_pointer(side.record)
            if pointer is None:
                continue
            found.setdefault(view.record, pointer.key)
            record = pointing.record(system, pointer)
            if record is not None:
                records[view.record] = record
                break
    names = {view.record: name_of(view) for view in views.views(records.values())}
    return found | {document: names.get(party, "") for document, party in records.items()}


def name_of(view: RecordView) -> str:
    """A party by its name, which says more to a person than its code."""
    shown = (getattr(side.record, "name", None) for _, side in sorted(view.sides.items()))
    return next((name for name in shown if isinstance(name, str) and name), view.label)


def party_pointer(record: Record | None) -> Reference | None:
    """Whom a document is about, as its system writes it down."""
    match record:
        case PurchaseOrder(vendor=Reference() as vendor) | Bill(vendor=Reference() as vendor):
            return vendor
        case Invoice(customer=Reference() as customer):
            return customer
        case _:
            return None


def _titled(view: RecordView, party: str) -> str:
    if party:
        return f"{view.label}, {party}"
    names = (getattr(side.record, "name", None) for side in view.sides.values() if side.record)
    name = next((name for name in names if isinstance(name, str) and name), "")
    same = name.casefold() == view.label.casefold()
    return view.label if same or not name else f"{view.label} {name}"


def _settled(row: OperationRow, pointing: Pointing) -> OperationRow:
    """Lines of the books name their items by ids of the books: shown by label like all others."""
    operation = row.operation
    if operation.kind not in DOCUMENT_KINDS:
        return row

    def change(one: FieldChange) -> FieldChange:
        before, after = (pointing.settled(operation.system, v) for v in (one.before, one.after))
        return msgspec.structs.replace(one, before=before, after=after)

    changes = tuple(change(one) for one in operation.changes)
    return msgspec.structs.replace(
        row, operation=msgspec.structs.replace(operation, changes=changes)
    )


def _sides(row: HeldRow, view: RecordView | None, pointing: Pointing) -> Mapping[SystemName, Value]:
    """What each system shows of the field that a document is held for."""
    if view is None or row.kind not in DOCUMENT_KINDS or row.hold.code not in VALUE_HOLDS:
        return {}
    field = row.hold.field or "total"
    found: dict[SystemName, Value] = {}
    for system, side in sorted(view.sides.items()):
        value = getattr(side.record, field, UNSET) if side.is_live else UNSET
        if value is not UNSET:
            found[system] = pointing.settled(system, value)
    return found


def document_money(
    row: OperationRow, records: Mapping[RecordId, RecordView], *, home_currency: str
) -> Money:
    """What the document comes to before and after, in its currency; nothing for other kinds."""
    operation, view = row.operation, records.get(row.operation.record)
    if operation.kind not in DOCUMENT_KINDS or view is None:
        return Money()
    here = view.sides.get(operation.system)
    before = _total(here.record if here is not None and here.is_live else None)
    source = next(
        (s.record for name, s in sorted(view.sides.items()) if name != operation.system), None
    )
    after = total_after(operation.action, before=before, wanted=_total(source))
    shown = (getattr(record, "currency", None) for record in (source, here and here.record))
    currency = next((text for text in shown if isinstance(text, str) and text), home_currency)
    return Money(currency=currency, before=before, after=after)


def _total(record: Record | None) -> Decimal | None:
    total = getattr(record, "total", None)
    return total if isinstance(total, Decimal) else None
