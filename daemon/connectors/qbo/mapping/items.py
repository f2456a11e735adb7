"""Items. Quantities and costs that QuickBooks computes are derived; categories are not items."""

from daemon.connectors.qbo.mapping.wire import (
    COMMON,
    Entity,
    Setting,
    Unsayable,
    Wire,
    active,
    day,
    flag,
    name,
    number,
    pointer,
    put_flag,
    put_number,
    put_pointer,
    put_text,
    shown,
    text,
)
from ledger.model.ids import Kind
from ledger.model.records import Item
from ledger.model.values import UNSET, Value

TYPES = {"Inventory": "inventory", "NonInventory": "non_inventory", "Service": "service"}
_WORDS = {ours: theirs for theirs, ours in TYPES.items()}
OTHER_TYPES = frozenset(
    {
        "Assembly",
        "Category",
        "Fixed Asset",
        "Group",
        "Bundle",
        "Other Charge",
        "Payment",
        "Subtotal",
        "Discount",
        "Tax",
        "Tax Group",
    }
)
"""Types that are known and are no products: watched only."""


def _read(raw: Wire, _setting: Setting) -> Item:
    word = text(raw, "Type")
    quantity, cost = number(raw, "QtyOnHand"), number(raw, "AvgCost")
    start = day(raw, "InvStartDate")
    return Item(
        name=name(raw, "Name"),
        sku=text(raw, "Sku"),
        type=UNSET if word is None else TYPES.get(word, word.lower()),
        description=text(raw, "Description"),
        purchase_description=text(raw, "PurchaseDesc"),
        sales_price=number(raw, "UnitPrice"),
        purchase_cost=number(raw, "PurchaseCost"),
        income_account=pointer(raw, "IncomeAccountRef", Kind.ACCOUNT),
        expense_account=pointer(raw, "ExpenseAccountRef", Kind.ACCOUNT),
        asset_account=pointer(raw, "AssetAccountRef", Kind.ACCOUNT),
        sales_tax_code=shown(pointer(raw, "SalesTaxCodeRef", Kind.TAX_CODE)),
        purchase_tax_code=shown(pointer(raw, "PurchaseTaxCodeRef", Kind.TAX_CODE)),
        taxable=flag(raw, "Taxable"),
        active=active(raw),
        full_name=text(raw, "FullyQualifiedName"),
        quantity_on_hand=UNSET if quantity is None else quantity,
        average_cost=UNSET if cost is None else cost,
        inventory_start=UNSET if start is None else start,
    )


def _scope(raw: Wire) -> str:
    word = text(raw, "Type") or ""
    return word.lower() if word in OTHER_TYPES else ""


def _put_type(out: Wire, value: Value) -> None:
    word = _WORDS.get(value) if isinstance(value, str) else None
    if word is None:
        raise Unsayable(
            f"QuickBooks has no items of type {value} (Type)",
            "set qbo.new_items.type in the configuration",
        )
    out["Type"] = word
    out["TrackQtyOnHand"] = word == "Inventory"


ITEM = Entity(
    kind=Kind.ITEM,
    name="Item",
    name_property="Name",
    read=_read,
    puts={
        "name": put_text("Name"),
        "sku": put_text("Sku"),
        "type": _put_type,
        "description": put_text("Description"),
        "purchase_description": put_text("PurchaseDesc"),
        "sales_price": put_number("UnitPrice"),
        "purchase_cost": put_number("PurchaseCost"),
        "income_account": put_pointer("IncomeAccountRef"),
        "expense_account": put_pointer("ExpenseAccountRef"),
        "asset_account": put_pointer("AssetAccountRef"),
        "sales_tax_code": put_pointer("SalesTaxCodeRef"),
        "purchase_tax_code": put_pointer("PurchaseTaxCodeRef"),
        "taxable": put_flag("Taxable"),
        "active": put_flag("Active"),
    },
    known=COMMON
    | {
        "Name",
        "Sku",
        "Description",
        "Active",
        "SubItem",
        "ParentRef",
        "Level",
        "FullyQualifiedName",
        "Taxable",
        "SalesTaxIncluded",
        "PercentBased",
        "UnitPrice",
        "RatePercent",
        "Type",
        "PaymentMethodRef",
        "UOMSetRef",
        "IncomeAccountRef",
        "PurchaseDesc",
        "PurchaseTaxIncluded",
        "PurchaseCost",
        "ExpenseAccountRef",
        "COGSAccountRef",
        "AssetAccountRef",
        "PrefVendorRef",
        "AvgCost",
        "TrackQtyOnHand",
        "QtyOnHand",
        "QtyOnPurchaseOrder",
        "QtyOnSalesOrder",
        "ReorderPoint",
        "ManPartNum",
        "DepositToAccountRef",
        "SalesTaxCodeRef",
        "PurchaseTaxCodeRef",
        "InvStartDate",
        "BuildPoint",
        "PrintGroupedItems",
        "SpecialItem",
        "SpecialItemType",
        "ItemGroupDetail",
        "ItemAssemblyDetail",
        "AbatementRate",
        "ReverseChargeRate",
        "ServiceType",
        "ItemCategoryType",
        "TaxClassificationRef",
        "UQCDisplayText",
        "UQCId",
        "ClassRef",
        "Source",
        "DeferredRevenue",
        "ItemEx",
    },
    queries={"name": "Name", "sku": "Sku"},
    scope=_scope,
    words={"Type": frozenset(TYPES) | OTHER_TYPES},
)
