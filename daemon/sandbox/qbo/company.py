"""CompanyInfo and Preferences: what they say follows from the world and the switches."""

from typing import Final

from daemon.sandbox.abroad import COUNTRIES
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire

DEFAULT_GROUP: Final = "2"
"""TaxGroupCodeRef; with automated sales tax the group that QBO picks."""
ADDRESS: Final = {
    "Id": "1",
    "Line1": "123 Sierra Way",
    "City": "San Pablo",
    "CountrySubDivisionCode": "CA",
    "PostalCode": "87999",
    "Country": "USA",
}


def address(books: Books) -> Wire:
    """Where the company is; abroad only the country is known."""
    there = COUNTRIES.get(books.company.country)
    if there is None:
        return dict(ADDRESS)
    return {"Id": "1", "Line1": ADDRESS["Line1"], "Country": there.name}


def company_info(books: Books, _: Stored) -> Wire:
    """The content of CompanyInfo; ``OfferingSku`` tells which features exist."""
    company = books.company
    pairs = {
        "NeoEnabled": "true",
        "IndustryType": "Landscaping Services",
        "SubscriptionStatus": "PAID",
        "OfferingSku": books.offering,
        "PayrollFeature": "false",
        "AccountantFeature": "false",
        "ItemCategoriesFeature": "true",
    }
    return {
        "CompanyName": company.name,
        "LegalName": company.name,
        "CompanyAddr": address(books),
        "LegalAddr": address(books),
        "CustomerCommunicationAddr": address(books),
        "PrimaryPhone": {},
        "Email": {"Address": "office@sample-design.example"},
        "WebAddr": {},
        "CompanyStartDate": "2014-10-31",
        "FiscalYearStartMonth": "January",
        "Country": company.country,
        "SupportedLanguages": "en",
        "DefaultTimeZone": "America/Los_Angeles",
        "NameValue": [{"Name": name, "Value": value} for name, value in pairs.items()],
    }


def preferences(books: Books, _: Stored) -> Wire:
    """The content of Preferences."""
    accounting: Wire = {
        "UseAccountNumbers": books.switches.account_numbers,
        "TrackDepartments": False,
        "ClassTrackingPerTxn": False,
        "ClassTrackingPerTxnLine": books.has_plus,
        "FirstMonthOfFiscalYear": "January",
        "TaxYearMonth": "January",
        "TaxForm": "1",
        "CustomerTerminology": "Customers",
    }
    if books.company.closed_until:
        accounting["BookCloseDate"] = books.company.closed_until
    currency = {"value": books.company.home_currency}
    taxes: Wire = {"UsingSalesTax": books.switches.sales_tax != "off"}
    if not books.company.is_abroad:
        taxes["TaxGroupCodeRef"] = {"value": DEFAULT_GROUP}
    if books.switches.sales_tax == "automated":
        taxes["PartnerTaxEnabled"] = True
    return {
        "AccountingInfoPrefs": accounting,
        "ProductAndServicesPrefs": {
            "ForSales": True,
            "ForPurchase": True,
            "QuantityWithPriceAndRate": True,
            "QuantityOnHand": books.has_plus,
        },
        "SalesFormsPrefs": {
            "CustomField": _custom_fields(
                "SalesFormsPrefs", "Sales", books.switches.sales_custom_fields[:3]
            ),
            "CustomTxnNumbers": books.switches.custom_txn_numbers,
            "AllowDeposit": False,
            "AllowDiscount": books.switches.allow_discount,
            "AllowEstimates": True,
            "AllowServiceDate": False,
            "AllowShipping": False,
            "DefaultTerms": {"value": "3"},
            "AutoApplyCredit": False,
            "AutoApplyPayments": False,
        },
        "EmailMessagesPrefs": {},
        "VendorAndPurchasesPrefs": {
            "TrackingByCustomer": True,
            "BillableExpenseTracking": True,
            "POCustomField": _custom_fields(
                "PurchasePrefs", "Purchase", books.switches.order_custom_fields[:3]
            ),
        },
        "TimeTrackingPrefs": {"UseServices": False, "BillCustomers": False},
        "TaxPrefs": taxes,
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": currency},
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {"NameValue": []},
    }


def _custom_fields(prefs: str, word: str, names: tuple[str, ...]) -> list[Wire]:
    """The settings of custom fields: which of the three are on, then what they are called."""
    if not names:
        return []
    uses = [
        {"Name": f"{prefs}.Use{word}Custom{n}", "Type": "BooleanType", "BooleanValue": True}
        for n in range(1, len(names) + 1)
    ]
    called = [
        {"Name": f"{prefs}.{word}CustomName{n}", "Type": "StringType", "StringValue": name}
        for n, name in enumerate(names, start=1)
    ]
    return [{"CustomField": uses}, {"CustomField": called}]
