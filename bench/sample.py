"""A made-up company of any size: linked items and vendors as both systems show them.

Only what the scripts need to fill a ledger through its own front door; nothing here is measured.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from ledger.model.encoding import comparable_bytes, encode
from ledger.model.entries import BaselineAdvanced, Linked, Observed
from ledger.model.facts import Cursor, Observation
from ledger.model.ids import ExternalRef, Kind, SystemName, derive, record_id
from ledger.model.records import Item, Record, Vendor, comparable_values
from ledger.model.values import Address
from ledger.store.ledger import Draft, Ledger
from ledger.store.payloads import pack

QBO = SystemName("qbo")
DEAR = SystemName("dear")
KEY = bytes(range(32))
PAGE = 1000
VENDOR_EVERY = 10
"""One linked pair in ten is a vendor."""


class Ticking:
    """A clock that moves a millisecond at every look."""

    def __init__(self) -> None:
        self._at = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._at += timedelta(milliseconds=1)
        return self._at


def observation(system: SystemName, number: int) -> Observation:
    """What one system shows of the ``number``-th pair; about 900 bytes of its JSON with it."""
    if number % VENDOR_EVERY:
        return _item(system, number)
    return _vendor(system, number)


def _item(system: SystemName, number: int) -> Observation:
    record = Item(
        name=f"Weatherproof fitting {number} for modular manifolds",
        sku=f"WF-{number:07d}",
        description=f"Fitting number {number}, brass, with two gaskets and a locking ring",
        sales_price=Decimal(number % 9973) / 100 + Decimal("0.35"),
        purchase_cost=Decimal(number % 4999) / 100 + Decimal("0.15"),
        active=True,
    )
    return _shown(system, Kind.ITEM, number, record)


def _vendor(system: SystemName, number: int) -> Observation:
    record = Vendor(
        name=f"Supplier {number} of Brass & Gaskets Ltd.",
        email=f"orders{number}@supplier.example",
        phone=f"+1 555 {number:07d}",
        billing_address=Address(
            lines=(f"{number} Foundry Lane",), city="Bayshore", region="CA", postal_code="94326"
        ),
        active=True,
    )
    return _shown(system, Kind.VENDOR, number, record)


def _shown(system: SystemName, kind: Kind, number: int, record: Record) -> Observation:
    own_id = str(number + 1)
    if system == DEAR:
        own_id = derive("guid", kind.value, own_id, length=32)
    raw = {
        "Id": own_id,
        "SyncToken": str(number % 7),
        "Shown": record,
        "MetaData": {"CreateTime": "2026-01-05T09:12:44-08:00", "LastUpdatedTime": "2026-02-11"},
        "FullyQualifiedName": getattr(record, "name", None),
        "AssetAccountRef": {"value": "81", "name": "Inventory Asset"},
        "IncomeAccountRef": {"value": "79", "name": "Sales of Product Income"},
        "ExpenseAccountRef": {"value": "80", "name": "Cost of Goods Sold"},
        "Note": derive("note", str(number), length=52) * 4,
        "domain": "QBO",
        "sparse": False,
    }
    ref = ExternalRef(system, kind, own_id)
    return Observation(ref=ref, version=str(number % 7), record=record, raw=encode(raw))


def observe(draft: Draft, ledger: Ledger, shown: Observation) -> None:
    """Add what was seen, as a cycle does."""
    draft.add(
        Observed(
            ref=shown.ref,
            version=shown.version,
            comparable=ledger.digest(comparable_bytes(shown.record)),
            payload=draft.body(pack(shown)),
            via="sweep",
        )
    )


def link(draft: Draft, qbo: Observation, dear: Observation) -> None:
    """The two are one thing: the record that DEAR's side opened."""
    record = record_id(dear.ref)
    draft.add(Linked(record=record, ref=qbo.ref, how="sku", evidence="same SKU"))


def agree(draft: Draft, qbo: Observation, dear: Observation) -> None:
    """They show the same."""
    record = record_id(dear.ref)
    images = {s.ref.system: comparable_values(s.record) for s in (qbo, dear)}
    draft.add(
        BaselineAdvanced(
            record=record,
            images={system: draft.body(encode(fields)) for system, fields in images.items()},
            mapping_version=1,
        )
    )


def pairs(count: int) -> Iterator[tuple[Observation, Observation]]:
    for number in range(count):
        yield observation(QBO, number), observation(DEAR, number)


def _pages(count: int) -> Iterator[range]:
    for first in range(0, count, PAGE):
        yield range(first, min(first + PAGE, count))


async def fill(path: Path, count: int) -> None:
    """A ledger in which ``count`` pairs are linked, agreed, and not dirty: 4 entries a pair."""
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    try:
        for page in _pages(count):
            draft = ledger.draft(cycle="first load")
            for system in (QBO, DEAR):
                for number in page:
                    observe(draft, ledger, observation(system, number))
            couples = [(observation(QBO, number), observation(DEAR, number)) for number in page]
            for qbo, dear in couples:
                link(draft, qbo, dear)
            for qbo, dear in couples:
                agree(draft, qbo, dear)
            seqs = await ledger.append(draft)
            done = ledger.draft(cycle="first load")
            done.decided((record_id(observation(DEAR, n).ref) for n in page), as_of=seqs[-1])
            await ledger.append(done)
        await ledger.append(_ended(ledger))
    finally:
        await ledger.close()


def _ended(ledger: Ledger) -> Draft:
    """Every catalogue was read to the end."""
    draft = ledger.draft(cycle="first load")
    for system in (QBO, DEAR):
        for kind in Kind:
            draft.cursor(Cursor(system=system, kind=kind, token="{}", complete=True))
    return draft
