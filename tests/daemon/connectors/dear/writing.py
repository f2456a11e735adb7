"""What tests write to DEAR with: new records of each kind, and updates as they would be planned."""

from decimal import Decimal
from typing import Any

from daemon.connectors.dear.capabilities import DEAR
from daemon.sandbox.dear.state import Row
from ledger.model.facts import Observation
from ledger.model.ids import ExternalRef, Kind
from ledger.model.outcomes import (
    Outcome,
)
from ledger.model.plans import Action
from ledger.model.records import comparable_values
from ledger.model.values import Address, Reference, Value
from tests.daemon.connectors.dear.bench import Bench

ITEM: dict[str, Value] = {
    "name": "Rain Barrel",
    "sku": "RB-1",
    "type": "stock",
    "unit": "Item",
    "category": "Garden",
    "sales_price": Decimal("89.9900"),
    "description": "A barrel.",
    "income_account": Reference(kind=Kind.ACCOUNT, id="Q79", key="Q79"),
}
NEW: dict[Kind, tuple[dict[str, Value], dict[str, Any]]] = {
    Kind.ITEM: (ITEM, {}),
    Kind.ACCOUNT: (
        {"code": "Q500", "name": "Kiln Fuel", "account_type": "Other Expense"},
        {},
    ),
    Kind.TAX_CODE: (
        {
            "name": "County 8.25",
            "rate": Decimal("8.25"),
            "for_sales": True,
            "for_purchases": False,
            "active": True,
        },
        {"defaults": {"tax": {"account": "Q90"}}},
    ),
    Kind.TERM: ({"name": "Net 45", "method": "days", "due": Decimal(45)}, {}),
    Kind.VENDOR: (
        {
            "name": "Clay Pits Ltd",
            "email": "ada@claypits.example",
            "billing_address": Address(("1 Pit Road",), "Stoke", "OH", "44101", "USA"),
            "terms": Reference(kind=Kind.TERM, key="Net 30"),
            "tax_code": Reference(kind=Kind.TAX_CODE, key="Tax Exempt"),
            "payable_account": Reference(kind=Kind.ACCOUNT, id="Q33"),
            "currency": "USD",
        },
        {},
    ),
    Kind.CUSTOMER: (
        {
            "name": "Pots & More",
            "phone": "555",
            "shipping_address": Address(("2 Quay", "Dock 3"), "Akron", country="USA"),
            "terms": Reference(kind=Kind.TERM, key="Net 30"),
            "tax_code": Reference(kind=Kind.TAX_CODE, key="California"),
            "receivable_account": Reference(kind=Kind.ACCOUNT, id="Q84"),
            "revenue_account": Reference(kind=Kind.ACCOUNT, id="Q79"),
            "currency": "USD",
            "notes": "rings twice",
        },
        {},
    ),
}
RECOVERY = {Kind.ITEM: "sku", Kind.ACCOUNT: "code"}


async def create(b: Bench, kind: Kind, **changes: Value) -> Outcome:
    return await b.write(kind, Action.CREATE, {**NEW[kind][0], **changes})


def some(b: Bench, kind: Kind) -> Row:
    """An active row with everything filled."""
    for row in b.rows(kind):
        if row.fields["Status"] == "Active" and (row.fields.get("Contacts", [1])):
            return row
    raise AssertionError(f"no active row of {kind}")


def ref(kind: Kind, row: Row) -> ExternalRef:
    return ExternalRef(DEAR, kind, row.id)


async def seen(b: Bench, kind: Kind, row: Row) -> dict[str, Value]:
    answer = await b.connector.read(ref(kind, row))
    assert isinstance(answer, Observation)
    return comparable_values(answer.record)


async def update(b: Bench, kind: Kind, row: Row, **fields: Value) -> Outcome:
    """An update that was planned from what the record shows now."""
    shown = await seen(b, kind, row)
    before = {field: shown[field] for field in fields if field in shown}
    return await b.write(kind, Action.UPDATE, fields, ref=ref(kind, row), before=before)
