"""Rules per entity that need the books: defaults, references, types, subscription, hierarchy."""

from collections.abc import Callable, Mapping, Set
from decimal import Decimal
from typing import Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.accounttypes import SUB_TYPES, TYPE_OF
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.names import derive_display_name
from daemon.sandbox.qbo.state import MAX_DEPTH, Books, Stored
from daemon.sandbox.qbo.wire import Wire

_MOST_DAYS: Final = 999
_NO_STOCK: Final = (
    "You need to have quantity tracking on; if Track quantity on hand is turned off, the item "
    "cannot be of type Inventory."
)
_CATEGORY_FIELDS: Final = frozenset({"Name", "Type", "Active", "ParentRef"})
_INVENTORY_ACCOUNTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "IncomeAccountRef": ("Income", ("SalesOfProductIncome",)),
    "ExpenseAccountRef": ("Cost of Goods Sold", ("SuppliesMaterialsCogs",)),
    "AssetAccountRef": ("Other Current Asset", ("Inventory",)),
}


def complete(books: Books, spec: Spec, fields: Wire, before: Stored | None) -> None:
    """Fill in what QBO fills in itself, on create and on every update. Changes ``fields``."""
    _COMPLETE.get(spec.name, _complete_list)(books, fields, before)


def check(
    books: Books, spec: Spec, fields: Wire, *, before: Stored | None, touched: Set[str]
) -> None:
    """Raise the first rule that the record would break. ``touched``: properties that were sent."""
    if spec.feature == "plus" and not books.has_plus:
        raise faultbodies.feature_off(spec.name)
    for name in spec.required:
        if name not in fields:
            raise faultbodies.required(name)
    _check_references(books, spec, fields, before=before, touched=touched)
    _check_hierarchy(books, spec, fields, before)
    extra = _CHECK.get(spec.name)
    if extra is not None:
        extra(books, fields, before)


def check_inactivation(books: Books, stored: Stored) -> None:
    """Raise when the record must stay active."""
    if stored.system:
        raise faultbodies.business(f"{stored.name} is a system account and cannot be made inactive")
    if stored.spec.name == "Account":
        keys = ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef")
        for item in books.all("Item"):
            if item.active and any(
                item.fields.get(key, {}).get("value") == stored.id for key in keys
            ):
                raise faultbodies.business("This account is used by a product or service")


def _check_references(
    books: Books, spec: Spec, fields: Wire, *, before: Stored | None, touched: Set[str]
) -> None:
    for key, kind in spec.fields.items():
        if kind.kind != "ref" or key not in touched or key not in fields:
            continue
        value = str(fields[key]["value"])
        if before is not None and before.fields.get(key, {}).get("value") == value:
            continue
        if key == "CurrencyRef":
            if value != books.company.home_currency:
                raise faultbodies.business("Multicurrency is not turned on for this company")
            continue
        if not kind.target:
            raise faultbodies.bad_reference(key.removesuffix("Ref") + "s", value)
        check_reference(books, kind.target, value)


def check_reference(books: Books, entity: str, record_id: str) -> Stored:
    """The record that is meant; raises 2500 when it does not exist or is inactive."""
    target = books.get(entity, record_id)
    if target is None:
        family = next(iter(f for e, f in _FAMILIES.items() if e == entity), f"{entity}s")
        raise faultbodies.bad_reference(family, record_id)
    if not target.active:
        raise faultbodies.inactive_reference(books.switches.inactive_reference)
    return target


_FAMILIES: Final[Mapping[str, str]] = {
    "Account": "Accounts",
    "Item": "Items",
    "Vendor": "Names",
    "Customer": "Names",
    "Class": "Klasses",
}


def _check_hierarchy(books: Books, spec: Spec, fields: Wire, before: Stored | None) -> None:
    above = fields.get("ParentRef")
    if not isinstance(above, dict):
        return
    parent = books.get(spec.name, above["value"])
    steps = 1
    while parent is not None:
        if before is not None and parent.id == before.id:
            raise faultbodies.business("A record cannot be its own parent")
        steps += 1
        if steps > MAX_DEPTH:
            raise faultbodies.too_deep()
        parent = books.get(spec.name, parent.parent) if parent.parent else None


def _complete_list(_: Books, fields: Wire, __: Stored | None) -> None:
    fields.setdefault("Active", True)


def _complete_account(books: Books, fields: Wire, before: Stored | None) -> None:
    _complete_list(books, fields, before)
    fields.setdefault("CurrencyRef", {"value": books.company.home_currency})
    if not books.switches.account_numbers:
        fields.pop("AcctNum", None)
    account_type, sub_type = fields.get("AccountType"), fields.get("AccountSubType")
    if sub_type is not None and sub_type not in TYPE_OF:
        raise faultbodies.QboFault([faultbodies.bad_value("AccountSubType", sub_type, code="2170")])
    if account_type is None and sub_type is None:
        raise faultbodies.account_type("AccountType or AccountSubType is required")
    if account_type is None:
        fields["AccountType"] = TYPE_OF[str(sub_type)]
    elif sub_type not in SUB_TYPES[str(account_type)]:
        changed = before is not None and before.fields.get("AccountSubType") == sub_type
        if sub_type is not None and not changed:
            raise faultbodies.account_type(f"{sub_type} does not belong to {account_type}")
        fields["AccountSubType"] = SUB_TYPES[str(account_type)][0]


def _complete_item(books: Books, fields: Wire, before: Stored | None) -> None:
    _complete_list(books, fields, before)
    kept = before.fields if before is not None else {}
    fields.setdefault("Type", kept.get("Type", "Service"))
    if fields["Type"] == "Category":
        for key in fields.keys() - _CATEGORY_FIELDS:
            del fields[key]
        return
    fields.setdefault("Taxable", False)
    fields.setdefault("UnitPrice", Decimal(0))
    fields.setdefault("PurchaseCost", Decimal(0))
    fields.setdefault("TrackQtyOnHand", kept.get("TrackQtyOnHand", False))
    if fields["Type"] == "Inventory" and kept.get("Type") == "Inventory":
        for key in ("QtyOnHand", "InvStartDate", "ReorderPoint"):
            if key in kept and (key != "ReorderPoint" or key not in fields):
                fields[key] = kept[key]
    elif fields["Type"] != "Inventory":
        for key in ("QtyOnHand", "InvStartDate", "AssetAccountRef", "ReorderPoint"):
            fields.pop(key, None)


def _complete_party(books: Books, fields: Wire, before: Stored | None) -> None:
    _complete_list(books, fields, before)
    derive_display_name(fields)
    fields.setdefault("PrintOnCheckName", fields.get("CompanyName") or fields["DisplayName"])
    fields.setdefault("CurrencyRef", {"value": books.company.home_currency})


def _complete_vendor(books: Books, fields: Wire, before: Stored | None) -> None:
    _complete_party(books, fields, before)
    for key in ("BillRate", "CostRate"):
        fields.setdefault(key, Decimal(0))
    fields.setdefault("Vendor1099", False)
    if before is None and books.switches.vendor_term_on_create == "ignore":
        fields.pop("TermRef", None)


def _complete_customer(books: Books, fields: Wire, before: Stored | None) -> None:
    _complete_party(books, fields, before)
    fields.setdefault("Taxable", True)
    fields.setdefault("BillWithParent", False)
    fields.setdefault("PreferredDeliveryMethod", "Print")
    fields.pop("Job", None)


def _complete_method(books: Books, fields: Wire, before: Stored | None) -> None:
    _complete_list(books, fields, before)
    fields.setdefault("Type", "NON_CREDIT_CARD")


def _check_account(books: Books, fields: Wire, before: Stored | None) -> None:
    above = fields.get("ParentRef")
    parent = books.get("Account", above["value"]) if isinstance(above, dict) else None
    if parent is not None and parent.fields["AccountType"] != fields["AccountType"]:
        raise faultbodies.business("A sub-account must be of the same type as its parent account")
    if before is None or before.fields["AccountType"] == fields["AccountType"]:
        return
    used = any(
        entry.account == before.id for entries in books.postings.values() for entry in entries
    )
    if used or before.system:
        raise faultbodies.account_type_used()


def _check_item(books: Books, fields: Wire, before: Stored | None) -> None:
    item_type = fields["Type"]
    was = before.fields["Type"] if before is not None else item_type
    if item_type == "Group":
        raise faultbodies.not_simulated("bundles (Item of type Group)")
    above = fields.get("ParentRef")
    parent = books.get("Item", above["value"]) if isinstance(above, dict) else None
    if parent is not None and parent.fields["Type"] != "Category":
        raise faultbodies.business("The parent of a product or service must be a category")
    if "Category" in (was, item_type):
        if was != item_type:
            raise faultbodies.business("A category cannot become a product, nor the reverse")
        return
    if was == "Inventory" and (item_type != was or fields.get("TrackQtyOnHand") is False):
        raise faultbodies.business("Quantity tracking cannot be turned off once it is on")
    if item_type == "Inventory":
        _check_inventory(books, fields)
    elif "IncomeAccountRef" not in fields and "ExpenseAccountRef" not in fields:
        raise faultbodies.required("IncomeAccountRef")


def _check_inventory(books: Books, fields: Wire) -> None:
    if not books.has_plus or fields.get("TrackQtyOnHand") is not True:
        raise faultbodies.business(_NO_STOCK)
    for key in ("QtyOnHand", "InvStartDate", *_INVENTORY_ACCOUNTS):
        if key not in fields:
            raise faultbodies.required(key)
    for key, (account_type, sub_types) in _INVENTORY_ACCOUNTS.items():
        account = books.get("Account", fields[key]["value"])
        if account is None or account.fields["AccountSubType"] not in sub_types:
            wanted = f"{account_type}/{sub_types[0]}"
            raise faultbodies.business(f"{key} of an inventory item must be of type {wanted}")


def _check_term(_: Books, fields: Wire, __: Stored | None) -> None:
    if "DueDays" not in fields and "DayOfMonthDue" not in fields:
        raise faultbodies.required("DueDays")
    wrong = [
        faultbodies.bad_value(key, fields[key], code="2090")
        for key in ("DueDays", "DiscountDays", "DayOfMonthDue", "DueNextMonthDays")
        if key in fields and not (0 <= fields[key] <= _MOST_DAYS and fields[key] % 1 == 0)
    ]
    if wrong:
        raise faultbodies.QboFault(wrong)


_Complete = Callable[[Books, Wire, Stored | None], None]
_COMPLETE: Final[Mapping[str, _Complete]] = {
    "Account": _complete_account,
    "Item": _complete_item,
    "Vendor": _complete_vendor,
    "Customer": _complete_customer,
    "PaymentMethod": _complete_method,
}
_CHECK: Final[Mapping[str, _Complete]] = {
    "Account": _check_account,
    "Item": _check_item,
    "Term": _check_term,
}
