"""Filling a company from the world: every face that DEAR shows, and the books they need."""

from datetime import timedelta
from typing import Final

from daemon.sandbox.dear.accounts import new_account
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.nested import supplier_row
from daemon.sandbox.dear.parties import CUSTOMERS, SUPPLIERS, Party, new_party
from daemon.sandbox.dear.products import new_product
from daemon.sandbox.dear.state import DearState, Row, Stock
from daemon.sandbox.things import AccountFace, PartyFace, Postal, ProductFace, TaxFace
from daemon.sandbox.world import World

TIER_COUNT: Final = 10


def seed(state: DearState, world: World) -> None:
    """Put the world's DEAR side into an empty company."""
    state.me = {"Currency": world.company.home_currency}
    tiers = list(world.price_tiers[:TIER_COUNT])
    state.price_tiers = tiers + [f"Tier {n}" for n in range(len(tiers) + 1, TIER_COUNT + 1)]
    for name in world.categories:
        state.add("category", {"Name": name})
    for name in world.brands:
        state.add("brand", {"Name": name})
    for name in world.units:
        state.add("unit", {"Name": name})
    for number, name in enumerate(world.locations):
        state.add("location", _location(name, default=number == 0))
    state.add("carrier", {"Description": "DEFAULT Carrier"})
    state.add("contact", _sales_contact())
    state.add("attributeset", _attribute_set())
    for account in world.accounts:
        if account.dear is not None:
            new_account(state, _account(account.dear))
    for tax in world.tax_codes:
        if tax.dear is not None:
            state.add("tax", _tax(state, tax.dear), row_id=tax.dear.id)
    for term in world.terms:
        if term.dear is not None:
            fields: Fields = {
                "Name": term.dear.name,
                "Duration": term.dear.due,
                "Method": term.dear.method,
                "IsActive": term.dear.active,
                "IsDefault": term.dear.default,
            }
            state.add("paymentterm", fields, row_id=term.dear.id)
    for party, things in ((SUPPLIERS, world.vendors), (CUSTOMERS, world.customers)):
        for thing in things:
            if thing.dear is not None:
                row = _party(state, party, thing.dear)
                _age(state, party.kind, row, thing.dear.age_days)
    suppliers = [row.id for row in state["supplier"] if row.fields["Status"] == "Active"]
    for product in world.products:
        if product.dear is not None:
            row = _product(state, product.dear, suppliers)
            _age(state, "product", row, product.dear.age_days)
    state.me = _me(state, world)


def _age(state: DearState, kind: str, row: Row, days: int) -> None:
    # The rows' own number keeps stamps of one day apart, as they are in a living company.
    at = state.now() - timedelta(days=days) + timedelta(milliseconds=row.order % 1000)
    state.stamp(kind, row, at)


def _me(state: DearState, world: World) -> Fields:
    rules = [row for row in state["tax"] if row.fields["IsTaxForSale"] and row.fields["IsActive"]]
    closed = world.company.closed_until
    return {
        "Company": world.company.name,
        "Currency": world.company.home_currency,
        "TimeZone": "America/Los_Angeles",
        "DefaultWeightUnits": "lb",
        "DefaultDimensionsUnits": "in",
        "LockDate": f"{closed}T00:00:00" if closed else None,
        "OpeningBalanceDate": "2021-07-31T00:00:00",
        "TaxCalculationMethod": "Total",
        "DefaultSaleTaxRuleId": rules[0].id if rules else None,
        "DefaultSaleTaxRuleName": rules[0].fields["Name"] if rules else None,
        "MaximumDecimalPlacesInQuantity": "N2",
        "ApplyCustomerDiscountsAfterOtherDiscounts": True,
        "DiscountRule": "Discount",
        "AutomaticallyApplyDiscounts": False,
        "RoundingTable": [],
    }


def _location(name: str, *, default: bool) -> Fields:
    return {
        "Name": name,
        "IsDefault": default,
        "IsDeprecated": False,
        "Bins": [],
        "FixedAssetsLocation": False,
        "ParentID": None,
        "ParentName": None,
        "ReferenceCount": 0,
        "AddressLine1": "",
        "AddressLine2": "",
        "AddressCitySuburb": "",
        "AddressStateProvince": "",
        "AddressZipPostCode": "",
        "AddressCountry": "",
        "PickZones": None,
        "IsShopfloor": False,
        "IsCoMan": False,
        "IsStaging": False,
    }


def _sales_contact() -> Fields:
    return {
        "Name": "DEFAULT sales contact",
        "Phone": None,
        "Fax": None,
        "Email": None,
        "Website": None,
        "Comment": None,
        "Type": "Sale",
        "DefaultForType": True,
    }


def _attribute_set() -> Fields:
    kinds = [("Finish", "Text"), ("Revision", "Text")] + [("", "Not used")] * 8
    fields: Fields = {"Name": "Workshop attributes"}
    for number, (name, kind) in enumerate(kinds, 1):
        fields[f"Attribute{number}Name"] = name
        fields[f"Attribute{number}Type"] = kind
        fields[f"Attribute{number}Values"] = ""
    fields["Attributes"] = [{"Name": name, "Type": kind, "Values": ""} for name, kind in kinds]
    return fields


def _account(face: AccountFace) -> Fields:
    bank = face.type == "BANK"
    return {
        "Code": face.code or face.id,
        "Name": face.name,
        "Type": face.type,
        "Status": "ACTIVE" if face.active else "ARCHIVED",
        "Description": face.description or None,
        "Class": face.classification or None,
        "SystemAccount": face.system or None,
        "ForPayments": face.for_payments,
        "Bank": "Unknown Bank" if bank else None,
        "BankAccountNumber": "No Number" if bank else None,
    }


def _tax(state: DearState, face: TaxFace) -> Fields:
    parts = [
        {
            "ID": state.new_id().upper(),
            "Name": part.name,
            "Percent": f"{part.rate:.10f}",
            "AccountCode": part.account,
            "Compound": "0",
            "ComponentOrder": str(number),
        }
        for number, part in enumerate(face.parts, 1)
    ]
    return {
        "Name": face.name,
        "Account": face.account,
        "IsActive": face.active,
        "TaxInclusive": False,
        "TaxPercent": face.rate,
        "IsTaxForSale": face.for_sales,
        "IsTaxForPurchase": face.for_purchases,
        "Components": parts,
    }


def _address(postal: Postal, kind: str) -> Fields:
    return {
        "Line1": postal.line1,
        "Line2": postal.line2 or None,
        "City": postal.city or None,
        "State": postal.region or None,
        "Postcode": postal.postcode or None,
        "Country": postal.country,
        "Type": kind,
        "DefaultForType": True,
    }


def _party(state: DearState, party: Party, face: PartyFace) -> Row:
    addresses = [(face.billing, "Billing"), (face.shipping, "Shipping")]
    contact: Fields = {
        "Name": face.contact or face.name,
        "Phone": face.phone or None,
        "Email": face.email or None,
        "Website": face.website or None,
        "Default": True,
    }
    given: Fields = {
        "Name": face.name,
        "Currency": face.currency,
        "PaymentTerm": face.terms or None,
        "TaxRule": face.tax or None,
        "Status": "Active" if face.active else "Deprecated",
        "Comments": face.notes or None,
        "Addresses": [_address(postal, kind) for postal, kind in addresses if postal],
        "Contacts": [contact] if face.phone or face.email or face.website or face.contact else [],
    }
    if party.sale:
        given |= {
            "AccountReceivable": face.account or None,
            "RevenueAccount": face.revenue_account or None,
            "PriceTier": face.price_tier or state.price_tiers[0],
        }
    else:
        given["AccountPayable"] = face.account or None
    return new_party(state, party, given, row_id=face.id)


def _product(state: DearState, face: ProductFace, suppliers: list[str]) -> Row:
    stocked = face.type == "Stock"
    given: Fields = {
        "SKU": face.sku,
        "Name": face.name,
        "Type": face.type,
        "Category": face.category or "Other",
        "CostingMethod": "FIFO",
        "UOM": face.unit,
        "Status": "Active" if face.active else "Deprecated",
        "Barcode": face.barcode or None,
        "PriceTier1": face.sales_price,
        "AverageCost": face.purchase_cost,
        "Description": face.description or None,
        "COGSAccount": face.expense_account or None if stocked else None,
        "ExpenseAccount": None if stocked else face.expense_account or None,
        "InventoryAccount": face.asset_account or None if stocked else None,
        "RevenueAccount": face.income_account or None,
        "SaleTaxRule": face.sales_tax or None,
        "PurchaseTaxRule": face.purchase_tax or None,
        "DefaultLocation": None,
        "Suppliers": _bought_from(face, suppliers) if stocked else [],
    }
    row = new_product(state, given, row_id=face.id)
    if stocked:
        value = face.quantity * face.purchase_cost
        place = next(iter(state["location"])).fields["Name"]
        state.stock.append(Stock(row.id, place, on_hand=face.quantity, value=value))
    return row


def _bought_from(face: ProductFace, suppliers: list[str]) -> list[Fields]:
    """Every stocked product is bought from one of the suppliers at the world's cost."""
    if not suppliers or not face.purchase_cost:
        return []
    supplier = suppliers[sum(face.sku.encode()) % len(suppliers)]
    return [supplier_row(supplier, {"Cost": face.purchase_cost, "FixedCost": face.purchase_cost})]
