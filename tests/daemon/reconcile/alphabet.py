"""Tiny records that tests spell their cases with: I1 is an item, I1_DEARER the same, dearer."""

from decimal import Decimal
from typing import Any

import msgspec

from ledger.model.ids import Kind
from ledger.model.records import Account, Customer, Item, Term, Vendor
from ledger.model.values import Address, Reference

SALES = Account(name="Sales", code="4000", account_type="Income", active=True)
RENT = Account(name="Rent", code="6000", account_type="Expense", active=True)
NET30 = Term(name="30 days", method="days", due=Decimal(30), active=True)
NET45 = Term(name="45 days", method="days", due=Decimal(45), active=True)

TO_SALES = Reference(kind=Kind.ACCOUNT, key="4000")
TO_RENT = Reference(kind=Kind.ACCOUNT, key="6000")
TO_NET30 = Reference(kind=Kind.TERM, key="30 days")
TO_NET45 = Reference(kind=Kind.TERM, key="45 days")

HOME = Address(lines=("1 Mill Lane",), city="Dayton", region="OH", postal_code="45402")
AWAY = Address(lines=("9 Dock Road",), city="Toledo", region="OH", postal_code="43601")

I1 = Item(
    name="Widget",
    sku="W-7",
    description="A widget",
    sales_price=Decimal("12.40"),
    active=True,
)
"""What every system can show of an item."""


def qbo_item(**changes: Any) -> Item:
    shown: dict[str, Any] = {"type": "non_inventory", "income_account": TO_SALES}
    return msgspec.structs.replace(I1, **(shown | changes))


def dear_item(**changes: Any) -> Item:
    shown: dict[str, Any] = {
        "type": "stock",
        "income_account": TO_SALES,
        "category": "Other",
        "unit": "pcs",
    }
    return msgspec.structs.replace(I1, **(shown | changes))


def vendor(name: str = "Acme", **changes: Any) -> Vendor:
    shown: dict[str, Any] = {
        "email": "ap@acme.test",
        "phone": None,
        "terms": TO_NET30,
        "currency": "USD",
    }
    return Vendor(name=name, **({"active": True} | shown | changes))


def customer(name: str = "Black", **changes: Any) -> Customer:
    shown: dict[str, Any] = {"email": None, "phone": None, "currency": "USD"}
    return Customer(name=name, **({"active": True} | shown | changes))
