"""Vendors and customers, who share one name space and most of their properties."""

import re

from daemon.connectors.qbo.mapping.wire import (
    COMMON,
    Entity,
    Put,
    Setting,
    Wire,
    active,
    address,
    currency,
    flag,
    inner_text,
    name,
    number,
    pointer,
    put_address,
    put_currency,
    put_flag,
    put_inner_text,
    put_pointer,
    put_text,
    shown,
    text,
)
from ledger.model.ids import Kind
from ledger.model.records import Customer, Vendor
from ledger.model.values import UNSET, UnsetType

_MASK = re.compile(r"[Xx*•]{2}")

_PERSON = COMMON | {
    "IntuitId",
    "Organization",
    "Title",
    "GivenName",
    "MiddleName",
    "FamilyName",
    "Suffix",
    "FullyQualifiedName",
    "CompanyName",
    "DisplayName",
    "PrintOnCheckName",
    "UserId",
    "Active",
    "V4IDPseudonym",
    "PrimaryPhone",
    "AlternatePhone",
    "Mobile",
    "Fax",
    "PrimaryEmailAddr",
    "WebAddr",
    "OtherContactInfo",
    "DefaultTaxCodeRef",
    "BillAddr",
    "ShipAddr",
    "OtherAddr",
    "Notes",
    "AcctNum",
    "CurrencyRef",
    "Balance",
    "GSTIN",
    "GSTRegistrationType",
    "Source",
    "ContactName",
    "AltContactName",
    "BusinessNumber",
}

_PERSON_PUTS: dict[str, Put] = {
    "name": put_text("DisplayName"),
    "company_name": put_text("CompanyName"),
    "email": put_inner_text("PrimaryEmailAddr", "Address"),
    "phone": put_inner_text("PrimaryPhone", "FreeFormNumber"),
    "website": put_inner_text("WebAddr", "URI"),
    "billing_address": put_address("BillAddr"),
    "tax_code": put_pointer("DefaultTaxCodeRef"),
    "currency": put_currency,
    "notes": put_text("Notes"),
    "active": put_flag("Active"),
}


def _contact(raw: Wire) -> str | None:
    parts = [text(raw, "GivenName"), text(raw, "FamilyName")]
    return " ".join(part for part in parts if part) or None


def _unmasked(raw: Wire, prop: str) -> str | UnsetType | None:
    """A tax number as it was entered; not shown where QuickBooks hides its digits."""
    value = text(raw, prop)
    return UNSET if value is not None and _MASK.search(value) else value


def _read_vendor(raw: Wire, _setting: Setting) -> Vendor:
    balance = number(raw, "Balance")
    return Vendor(
        name=name(raw, "DisplayName"),
        code=text(raw, "AcctNum"),
        company_name=text(raw, "CompanyName"),
        contact_name=_contact(raw),
        email=inner_text(raw, "PrimaryEmailAddr", "Address"),
        phone=inner_text(raw, "PrimaryPhone", "FreeFormNumber"),
        website=inner_text(raw, "WebAddr", "URI"),
        billing_address=address(raw, "BillAddr"),
        terms=pointer(raw, "TermRef", Kind.TERM),
        tax_code=shown(pointer(raw, "DefaultTaxCodeRef", Kind.TAX_CODE)),
        payable_account=shown(pointer(raw, "APAccountRef", Kind.ACCOUNT)),
        currency=currency(raw),
        tax_number=_unmasked(raw, "TaxIdentifier"),
        is_1099=flag(raw, "Vendor1099"),
        notes=text(raw, "Notes"),
        active=active(raw),
        balance=UNSET if balance is None else balance,
    )


VENDOR = Entity(
    kind=Kind.VENDOR,
    name="Vendor",
    name_property="DisplayName",
    read=_read_vendor,
    puts=_PERSON_PUTS
    | {
        "code": put_text("AcctNum"),
        "terms": put_pointer("TermRef"),
        "tax_number": put_text("TaxIdentifier"),
        "is_1099": put_flag("Vendor1099"),
    },
    known=_PERSON
    | {
        "TaxIdentifier",
        "TaxIdEffectiveDate",
        "BillRate",
        "CostRate",
        "Vendor1099",
        "TermRef",
        "APAccountRef",
        "OpenBalance",
        "OpenBalanceDate",
        "CreditLimit",
        "VendorTypeRef",
        "PrefillAccountRef",
        "T4AEligible",
        "T5018Eligible",
        "HasTPAR",
        "TaxReportingBasis",
        "TaxCountry",
        "T4ARequired",
        "VendorEx",
        "VendorPaymentBankDetail",
        "SubcontractorType",
        "CISRate",
    },
    queries={"name": "DisplayName"},
)


def _read_customer(raw: Wire, _setting: Setting) -> Customer:
    balance = number(raw, "Balance")
    code = text(raw, "AcctNum")
    return Customer(
        name=name(raw, "DisplayName"),
        code=UNSET if code is None else code,
        company_name=text(raw, "CompanyName"),
        contact_name=_contact(raw),
        email=inner_text(raw, "PrimaryEmailAddr", "Address"),
        phone=inner_text(raw, "PrimaryPhone", "FreeFormNumber"),
        website=inner_text(raw, "WebAddr", "URI"),
        billing_address=address(raw, "BillAddr"),
        shipping_address=address(raw, "ShipAddr"),
        terms=pointer(raw, "SalesTermRef", Kind.TERM),
        tax_code=shown(pointer(raw, "DefaultTaxCodeRef", Kind.TAX_CODE)),
        taxable=flag(raw, "Taxable"),
        receivable_account=shown(pointer(raw, "ARAccountRef", Kind.ACCOUNT)),
        currency=currency(raw),
        tax_number=_unmasked(raw, "PrimaryTaxIdentifier"),
        notes=text(raw, "Notes"),
        active=active(raw),
        balance=UNSET if balance is None else balance,
    )


def _customer_scope(raw: Wire) -> str:
    if raw.get("IsProject") is True:
        return "project"
    return "sub customer" if raw.get("Job") is True or raw.get("ParentRef") else ""


CUSTOMER = Entity(
    kind=Kind.CUSTOMER,
    name="Customer",
    name_property="DisplayName",
    read=_read_customer,
    puts=_PERSON_PUTS
    | {
        "shipping_address": put_address("ShipAddr"),
        "terms": put_pointer("SalesTermRef"),
        "taxable": put_flag("Taxable"),
        "tax_number": put_text("PrimaryTaxIdentifier"),
    },
    known=_PERSON
    | {
        "Taxable",
        "Job",
        "BillWithParent",
        "RootCustomerRef",
        "ParentRef",
        "Level",
        "CustomerTypeRef",
        "SalesTermRef",
        "SalesRepRef",
        "TaxGroupCodeRef",
        "TaxRateRef",
        "PaymentMethodRef",
        "CCDetail",
        "PriceLevelRef",
        "OpenBalanceDate",
        "BalanceWithJobs",
        "CreditLimit",
        "OverDueBalance",
        "TotalRevenue",
        "TotalExpense",
        "PreferredDeliveryMethod",
        "ResaleNum",
        "JobInfo",
        "TDSEnabled",
        "CustomerEx",
        "SecondaryTaxIdentifier",
        "ARAccountRef",
        "PrimaryTaxIdentifier",
        "TaxExemptionReasonId",
        "IsProject",
        "ClientEntityId",
        "ClientCompanyId",
    },
    queries={"name": "DisplayName"},
    scope=_customer_scope,
)
