"""The entities of the simulator: their fields, lengths, names, and what queries may ask.

Tables only; ``not_simulated`` names what QBO has and this sandbox has not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from daemon.sandbox.qbo.accounttypes import CLASSIFICATION
from daemon.sandbox.qbo.fields import (
    ADDRESS,
    DATE,
    EMAIL,
    FLAG,
    NUMBER,
    PHONE,
    RAW,
    READ_ONLY,
    WEB,
    Field,
    ref,
    text,
)

_TIMES: Final = ("Id", "MetaData.CreateTime", "MetaData.LastUpdatedTime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One entity."""

    name: str
    fields: Mapping[str, Field]
    sequence: str
    """Records with the same sequence share one counter of ids."""
    filters: frozenset[str]
    sorts: frozenset[str]
    order: tuple[str, bool]
    """Default order of queries: property, and whether descending."""
    name_field: str = "Name"
    name_kind: str = ""
    """Kind of thing in the text of fault 6240; ``""``: names need not be unique."""
    family: str = ""
    """Kind of thing in the text of fault 2500."""
    required: tuple[str, ...] = ("Name",)
    writable: bool = True
    transaction: bool = False
    cdc: bool = True
    feature: str = ""
    """Subscription feature without which it cannot be written: ``plus``."""
    parent: str = ""
    """Flag that says a record is below another one (``SubItem`` ...)."""

    @property
    def path(self) -> str:
        return self.name.lower()


def _queries(*fields: str) -> frozenset[str]:
    return frozenset((*_TIMES, *fields))


_NAME = Field("name", most=100, banned=":\t\n\r")
_LIST_NAME = Field("name", most=31)
_PERSON: Final[Mapping[str, Field]] = {
    "Title": text(16),
    "GivenName": text(100),
    "MiddleName": text(100),
    "FamilyName": text(100),
    "Suffix": text(16),
    "CompanyName": text(100),
    "DisplayName": Field("name", most=500, banned=":\t\n\r"),
    "PrintOnCheckName": text(110),
    "Active": FLAG,
    "PrimaryPhone": PHONE,
    "AlternatePhone": PHONE,
    "Mobile": PHONE,
    "Fax": PHONE,
    "PrimaryEmailAddr": EMAIL,
    "WebAddr": WEB,
    "BillAddr": ADDRESS,
    "CurrencyRef": Field("ref", target="", create_only=True),
    "V4IDPseudonym": READ_ONLY,
    "Balance": READ_ONLY,
}

ACCOUNT: Final = Spec(
    name="Account",
    sequence="Account",
    family="Accounts",
    name_kind="account",
    parent="SubAccount",
    fields={
        "Name": Field("name", most=100, banned=':"\t\n\r'),
        "SubAccount": READ_ONLY,
        "ParentRef": ref("Account"),
        "FullyQualifiedName": READ_ONLY,
        "Description": text(4000),
        "Active": FLAG,
        "Classification": READ_ONLY,
        "AccountType": text(0, *CLASSIFICATION),
        "AccountSubType": text(),
        "AcctNum": text(20),
        "CurrentBalance": READ_ONLY,
        "CurrentBalanceWithSubAccounts": READ_ONLY,
        "CurrencyRef": Field("ref", target="", create_only=True),
        "TaxCodeRef": ref("TaxCode"),
        "AccountAlias": text(100),
        "TxnLocationType": text(),
    },
    filters=_queries(
        "Name",
        "SubAccount",
        "ParentRef",
        "Description",
        "Active",
        "Classification",
        "AccountType",
        "AccountSubType",
        "CurrentBalance",
        "FullyQualifiedName",
    ),
    sorts=_queries(
        "Name",
        "SubAccount",
        "ParentRef",
        "Description",
        "Active",
        "Classification",
        "AccountType",
        "AccountSubType",
        "CurrentBalance",
        "FullyQualifiedName",
    ),
    order=("Name", False),
)

ITEM: Final = Spec(
    name="Item",
    sequence="Item",
    family="Items",
    name_kind="product or service",
    parent="SubItem",
    fields={
        "Name": _NAME,
        "Sku": text(100),
        "Description": text(4000),
        "Active": FLAG,
        "SubItem": READ_ONLY,
        "ParentRef": ref("Item"),
        "Level": READ_ONLY,
        "FullyQualifiedName": READ_ONLY,
        "Taxable": FLAG,
        "SalesTaxIncluded": FLAG,
        "UnitPrice": NUMBER,
        "Type": text(0, "Inventory", "NonInventory", "Service", "Category", "Group"),
        "IncomeAccountRef": ref("Account"),
        "PurchaseDesc": text(4000),
        "PurchaseTaxIncluded": FLAG,
        "PurchaseCost": NUMBER,
        "ExpenseAccountRef": ref("Account"),
        "AssetAccountRef": ref("Account"),
        "PrefVendorRef": ref("Vendor"),
        "TrackQtyOnHand": FLAG,
        "QtyOnHand": NUMBER,
        "InvStartDate": DATE,
        "ReorderPoint": NUMBER,
        "SalesTaxCodeRef": ref("TaxCode"),
        "PurchaseTaxCodeRef": ref("TaxCode"),
        "ClassRef": ref("Class"),
        "TaxClassificationRef": Field("ref"),
        "DeferredRevenue": READ_ONLY,
        "QtyOnPurchaseOrder": READ_ONLY,
        "QtyOnSalesOrder": READ_ONLY,
        "AvgCost": READ_ONLY,
        "AbatementRate": READ_ONLY,
        "ReverseChargeRate": READ_ONLY,
        "ServiceType": READ_ONLY,
        "ItemCategoryType": READ_ONLY,
    },
    filters=_queries("Name", "Active", "Type", "Sku"),
    sorts=_queries("Name", "ParentRef", "PrefVendorRef", "UnitPrice", "Type", "QtyOnHand"),
    order=("Name", False),
)

_PARTY_FILTERS: Final = (
    "GivenName",
    "MiddleName",
    "FamilyName",
    "DisplayName",
    "CompanyName",
    "PrintOnCheckName",
)

VENDOR: Final = Spec(
    name="Vendor",
    sequence="Name",
    family="Names",
    name_kind="vendor",
    name_field="DisplayName",
    required=(),
    fields={
        **_PERSON,
        "TermRef": ref("Term"),
        "AcctNum": text(100),
        "TaxIdentifier": text(20),
        "Vendor1099": FLAG,
        "APAccountRef": READ_ONLY,
        "BillRate": NUMBER,
        "CostRate": NUMBER,
        "TaxReportingBasis": READ_ONLY,
        "DefaultTaxCodeRef": ref("TaxCode"),
        "ShipAddr": READ_ONLY,
        "OtherAddr": READ_ONLY,
        "Notes": text(4000),
    },
    filters=_queries(*_PARTY_FILTERS, "Active"),
    sorts=_queries(*_PARTY_FILTERS),
    order=("DisplayName", False),
)

CUSTOMER: Final = Spec(
    name="Customer",
    sequence="Name",
    family="Names",
    name_kind="customer",
    name_field="DisplayName",
    required=(),
    parent="Job",
    fields={
        **_PERSON,
        "ShipAddr": ADDRESS,
        "Notes": text(2000),
        "Job": FLAG,
        "BillWithParent": FLAG,
        "ParentRef": ref("Customer"),
        "Level": READ_ONLY,
        "FullyQualifiedName": READ_ONLY,
        "Taxable": FLAG,
        "DefaultTaxCodeRef": ref("TaxCode"),
        "SalesTermRef": ref("Term"),
        "PaymentMethodRef": ref("PaymentMethod"),
        "PreferredDeliveryMethod": text(0, "Print", "Email", "None"),
        "CustomerTypeRef": Field("ref"),
        "ResaleNum": text(16),
        "OpenBalanceDate": READ_ONLY,
        "BalanceWithJobs": READ_ONLY,
        "IsProject": READ_ONLY,
        "ClientEntityId": READ_ONLY,
        "TaxExemptionReasonId": text(),
        "PrimaryTaxIdentifier": text(),
        "ARAccountRef": READ_ONLY,
    },
    filters=_queries(*_PARTY_FILTERS, "Active", "FullyQualifiedName", "Balance", "Job"),
    sorts=_queries(*_PARTY_FILTERS, "FullyQualifiedName", "Balance", "Job"),
    order=("FullyQualifiedName", False),
)

TERM: Final = Spec(
    name="Term",
    sequence="Term",
    family="Terms",
    name_kind="term",
    fields={
        "Name": _LIST_NAME,
        "Active": FLAG,
        "Type": READ_ONLY,
        "DiscountPercent": NUMBER,
        "DueDays": NUMBER,
        "DiscountDays": NUMBER,
        "DayOfMonthDue": NUMBER,
        "DueNextMonthDays": NUMBER,
        "DiscountDayOfMonth": NUMBER,
    },
    filters=_queries("Name", "Active", "Type"),
    sorts=_queries("Name"),
    order=("Name", False),
)

CLASS: Final = Spec(
    name="Class",
    sequence="Class",
    family="Klasses",
    name_kind="class",
    parent="SubClass",
    feature="plus",
    fields={
        "Name": _NAME,
        "SubClass": READ_ONLY,
        "ParentRef": ref("Class"),
        "FullyQualifiedName": READ_ONLY,
        "Active": FLAG,
    },
    filters=_queries("Name", "Active", "FullyQualifiedName"),
    sorts=_queries("Name", "FullyQualifiedName"),
    order=("Name", False),
)

PAYMENT_METHOD: Final = Spec(
    name="PaymentMethod",
    sequence="PaymentMethod",
    family="PaymentMethods",
    name_kind="payment method",
    fields={
        "Name": _LIST_NAME,
        "Active": FLAG,
        "Type": text(0, "CREDIT_CARD", "NON_CREDIT_CARD"),
    },
    filters=_queries("Name", "Active", "Type"),
    sorts=_queries("Name"),
    order=("Name", False),
)


def _read_only(name: str, *fields: str, order: str = "Name", cdc: bool = False) -> Spec:
    return Spec(
        name=name,
        sequence=name,
        family=f"{name}s",
        fields=dict.fromkeys(fields, RAW),
        writable=False,
        cdc=cdc,
        filters=_queries(*(f for f in ("Name", "Active", "DisplayName") if f in fields)),
        sorts=_queries(*(f for f in ("Name", "DisplayName") if f in fields)),
        order=(order, False),
    )


TAX_CODE: Final = _read_only(
    "TaxCode",
    *("Name", "Description", "Active", "Hidden", "Taxable", "TaxGroup"),
    *("SalesTaxRateList", "PurchaseTaxRateList", "TaxCodeConfigType"),
)
TAX_RATE: Final = _read_only(
    "TaxRate",
    *("Name", "Description", "Active", "RateValue", "AgencyRef", "EffectiveTaxRate"),
    *("SpecialTaxType", "DisplayType", "TaxReturnLineRef"),
)
TAX_AGENCY: Final = _read_only(
    "TaxAgency",
    *("DisplayName", "TaxTrackedOnPurchases", "TaxTrackedOnSales", "TaxRegistrationNumber"),
    "TaxAgencyConfig",
    order="DisplayName",
)
COMPANY_INFO: Final = _read_only(
    "CompanyInfo",
    *("CompanyName", "LegalName", "CompanyAddr", "LegalAddr", "CustomerCommunicationAddr"),
    *("PrimaryPhone", "Email", "WebAddr", "CompanyStartDate", "FiscalYearStartMonth", "Country"),
    *("SupportedLanguages", "DefaultTimeZone", "NameValue"),
    order="Id",
)
PREFERENCES: Final = _read_only(
    "Preferences",
    *("AccountingInfoPrefs", "ProductAndServicesPrefs", "SalesFormsPrefs", "EmailMessagesPrefs"),
    *("VendorAndPurchasesPrefs", "TimeTrackingPrefs", "TaxPrefs", "CurrencyPrefs", "ReportPrefs"),
    "OtherPrefs",
    order="Id",
)
