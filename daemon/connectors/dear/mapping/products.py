"""Products: DEAR's product and the canonical ``Item``.

DEAR: the SKU is the product's own name in the system and unique; Type never changes; prices stand
in ten numbered tiers, costs per supplier; accounts and tax rules are named by code and name.
"""

from collections.abc import Mapping

from msgspec import UNSET, UnsetType

from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping.fields import (
    Malformed,
    Raw,
    Unfit,
    name,
    number,
    pointer,
    rows,
    text,
    wire_flag,
    wire_key,
    wire_number,
    wire_text,
    word,
)
from daemon.connectors.dear.mapping.parties import active
from ledger.model.ids import Kind
from ledger.model.records import Item, Number, Pointer
from ledger.model.values import Value

TYPES: Mapping[str, str] = {"stock": "stock", "service": "service"}
"""DEAR's Type, in lower case, as a canonical word."""

SCALARS: Mapping[str, str] = {
    "name": "Name",
    "sku": "SKU",
    "description": "Description",
    "unit": "UOM",
    "category": "Category",
    "barcode": "Barcode",
}
POINTERS: Mapping[str, str] = {
    "income_account": "RevenueAccount",
    "asset_account": "InventoryAccount",
    "sales_tax_code": "SaleTaxRule",
    "purchase_tax_code": "PurchaseTaxRule",
}
"""Canonical field -> name on the wire; the expense account is a matter of configuration."""
EXPENSE_ACCOUNTS: Mapping[str, str] = {"expense": "ExpenseAccount", "cogs": "COGSAccount"}
STOCK_ONLY = frozenset({"expense_account", "asset_account"})
"""Fields that DEAR ignores on services, so that a service neither shows nor takes them."""


def to_record(raw: Raw, config: DearConfig) -> Item:
    """The item that a row of /product shows. Raises ``Malformed``."""
    is_service = _is_service(text(raw, "Type"))
    expense_key = EXPENSE_ACCOUNTS[config.expense_account]
    return Item(
        name=name(raw, "Name"),
        sku=name(raw, "SKU"),
        type=word(raw, "Type", TYPES),
        description=text(raw, "Description"),
        unit=text(raw, "UOM"),
        category=text(raw, "Category"),
        barcode=text(raw, "Barcode"),
        sales_price=_price(raw, config),
        purchase_cost=_cost(raw, config),
        income_account=_account(raw, "RevenueAccount"),
        expense_account=_stock_account(raw, expense_key, is_service),
        asset_account=_stock_account(raw, "InventoryAccount", is_service),
        sales_tax_code=pointer(raw, "SaleTaxRule", Kind.TAX_CODE),
        purchase_tax_code=pointer(raw, "PurchaseTaxRule", Kind.TAX_CODE),
        active=active(raw),
        average_cost=number(raw, "AverageCost"),
    )


def _is_service(value: object) -> bool:
    return isinstance(value, str) and value.casefold() == "service"


def _price(raw: Raw, config: DearConfig) -> Number:
    price = number(raw, f"PriceTier{config.sales_price_tier}")
    return None if price == 0 and config.zero_price == "empty" else price


def _cost(raw: Raw, config: DearConfig) -> Number:
    if config.purchase_cost == "none":
        return UNSET
    suppliers = rows(raw, "Suppliers")
    if isinstance(suppliers, UnsetType) or len(suppliers) != 1:
        return UNSET  # no single cost: the field takes part in nothing for this product
    key = "FixedCost" if config.purchase_cost == "suppliers_fixed_cost" else "Cost"
    try:
        return number(suppliers[0], key)
    except Malformed as error:
        raise Malformed(f"Suppliers.{key}", str(error)) from None


def _stock_account(raw: Raw, key: str, is_service: bool) -> Pointer:
    return UNSET if is_service else _account(raw, key)


def _account(raw: Raw, key: str) -> Pointer:
    """The product's own account. DEAR: without one the company's mapping counts, so an empty
    field says nothing of the product and takes part in nothing."""
    return pointer(raw, key, Kind.ACCOUNT) or UNSET


def to_raw(fields: Mapping[str, Value], last: Raw | None, config: DearConfig) -> dict[str, object]:
    """The body of a POST (``last`` None) or PUT, without the ID. Raises ``Unfit``."""
    body: dict[str, object] = {}
    is_service = _is_service(last.get("Type") if last is not None else fields.get("type"))
    if last is None:
        body = {"Status": "Active", "CostingMethod": config.defaults.product.costing_method}
        body["Type"] = _type(fields.get("type"))
        body[f"PriceTier{config.sales_price_tier}"] = wire_number(
            fields.get("sales_price"), "sales_price"
        )
    pointers = {**POINTERS, "expense_account": EXPENSE_ACCOUNTS[config.expense_account]}
    for field, value in fields.items():
        if field in SCALARS:
            body[SCALARS[field]] = wire_text(value, field)
        elif field in pointers and not (is_service and field in STOCK_ONLY):
            body[pointers[field]] = wire_key(value, field)
        elif field == "sales_price":
            body[f"PriceTier{config.sales_price_tier}"] = wire_number(value, field)
        elif field == "active":
            body["Status"] = "Active" if wire_flag(value, field) else "Deprecated"
    return body


def _type(value: Value) -> str:
    match value:
        case "stock" | "inventory" | "non_inventory":
            return "Stock"
        case "service":
            return "Service"
        case _:
            raise Unfit(
                "type",
                f"DEAR has no product type for {value!r}",
                cure="create the product in DEAR by hand and link it",
            )
