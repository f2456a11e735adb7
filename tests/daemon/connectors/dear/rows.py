"""Rows as DEAR shows them, in our own words: one complete example of every family."""

from collections.abc import Mapping
from typing import Any

from daemon.connectors.dear.config import DearConfig
from daemon.connectors.jsontext import decode
from ledger.model.encoding import encode

GUID = "5b3a1c1e-0000-4000-8000-00000000000"


def config(**changes: Any) -> DearConfig:
    """A configuration with everything that has no default, and ``changes``."""
    given: dict[str, Any] = {
        "account_id": f"{GUID}a",
        "application_key": {"env": "TRUEUP_TEST_DEAR_KEY"},
        "native_link": "none",
    }
    return DearConfig.model_validate({**given, **changes})


def on_the_wire(row: Mapping[str, Any]) -> Any:
    """A row as it arrives: through JSON, decoded exactly as the connector does."""
    return decode(encode(row))


ACCOUNT: dict[str, Any] = {
    "Code": "415",
    "Name": "Kiln Fuel",
    "Type": "EXPENSE",
    "Class": "EXPENSE",
    "Status": "ACTIVE",
    "Description": "Gas and wood",
    "SystemAccount": None,
    "SystemAccountCode": None,
    "BankAccountNumber": None,
    "BankAccountId": None,
    "ForPayments": False,
    "DisplayName": "415: Kiln Fuel",
    "OldCode": None,
    "Currency": "USD",
}

TAX: dict[str, Any] = {
    "ID": f"{GUID}1",
    "Name": "County 8.25",
    "Account": "820",
    "IsActive": True,
    "TaxInclusive": False,
    "TaxPercent": 8.25,
    "IsTaxForSale": True,
    "IsTaxForPurchase": False,
    "Components": [
        {
            "ID": f"{GUID}2",
            "Name": "County 8.25",
            "Percent": "8.2500000000",
            "AccountCode": "820",
            "Compound": "0",
            "ComponentOrder": "1",
        }
    ],
}

TERM: dict[str, Any] = {
    "ID": f"{GUID}3",
    "Name": "20 after month end",
    "Duration": 20,
    "Method": "days since the end of the month",
    "IsActive": True,
    "IsDefault": False,
}

CONTACT: dict[str, Any] = {
    "ID": f"{GUID}4",
    "Name": "Ada Clay",
    "Phone": "+1 555 0100",
    "MobilePhone": None,
    "Fax": None,
    "Email": "ada@claypits.example",
    "Website": "https://claypits.example",
    "Comment": None,
    "Default": True,
    "IncludeInEmail": False,
    "MarketingConsent": 1,
}

BILLING: dict[str, Any] = {
    "ID": f"{GUID}5",
    "Line1": "1 Pit Road",
    "Line2": "Shed 4",
    "City": "Stoke",
    "State": "OH",
    "Postcode": "44101",
    "Country": "USA",
    "Type": "Billing",
    "DefaultForType": True,
}

SUPPLIER: dict[str, Any] = {
    "ID": f"{GUID}6",
    "Name": "Clay Pits Ltd",
    "Currency": "USD",
    "PaymentTerm": "20 after month end",
    "TaxRule": "County 8.25",
    "AccountPayable": "800",
    "Status": "Active",
    "Discount": 0,
    "Comments": "",
    "TaxNumber": "12-345",
    "AttributeSet": "Parties",
    "AdditionalAttribute1": "CLAY",
    "AdditionalAttribute2": None,
    "LastModifiedOn": "2026-03-01T09:30:15.5Z",
    "Addresses": [BILLING],
    "Contacts": [CONTACT],
}

CUSTOMER: dict[str, Any] = {
    **{k: v for k, v in SUPPLIER.items() if k != "AccountPayable"},
    "ID": f"{GUID}7",
    "Name": "Pots & More",
    "AccountReceivable": "610",
    "RevenueAccount": "200",
    "PriceTier": "Trade",
    "Comments": "rings twice",
    "Addresses": [
        BILLING,
        {**BILLING, "ID": f"{GUID}8", "Type": "Shipping", "Line1": "2 Quay", "Line2": None},
    ],
}

PRODUCT: dict[str, Any] = {
    "ID": f"{GUID}9",
    "SKU": "MUG-01",
    "Name": "Mug, blue",
    "Category": "Tableware",
    "Type": "Stock",
    "CostingMethod": "FIFO",
    "UOM": "Item",
    "Barcode": "",
    "PriceTier1": 12.5,
    "PriceTier2": 0,
    "PriceTiers": {"Retail": 12.5, "Trade": 0},
    "AverageCost": 4.1234,
    "Description": "A mug.\r\nIt is blue.",
    "Status": "Active",
    "COGSAccount": "310",
    "RevenueAccount": "200",
    "ExpenseAccount": None,
    "InventoryAccount": "630",
    "PurchaseTaxRule": None,
    "SaleTaxRule": "County 8.25",
    "LastModifiedOn": "2026-03-02T10:00:00",
    "Suppliers": [],
}
