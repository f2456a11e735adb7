"""CompanyInfo and Preferences: what they say follows from the world and the switches."""

from typing import Final

from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire

_ADDRESS: Final = {
    "Id": "1",
    "Line1": "123 Sierra Way",
    "City": "San Pablo",
    "CountrySubDivisionCode": "CA",
    "PostalCode": "87999",
    "Country": "USA",
}


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
        "CompanyAddr": dict(_ADDRESS),
        "LegalAddr": dict(_ADDRESS),
        "CustomerCommunicationAddr": dict(_ADDRESS),
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
    return {
        "AccountingInfoPrefs": accounting,
        "ProductAndServicesPrefs": {
            "ForSales": True,
            "ForPurchase": True,
            "QuantityWithPriceAndRate": True,
            "QuantityOnHand": books.has_plus,
        },
        "SalesFormsPrefs": {
            "CustomField": [],
            "CustomTxnNumbers": books.switches.custom_txn_numbers,
            "AllowDeposit": False,
            "AllowDiscount": False,
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
            "POCustomField": [],
        },
        "TimeTrackingPrefs": {"UseServices": False, "BillCustomers": False},
        "TaxPrefs": {"UsingSalesTax": True, "TaxGroupCodeRef": {"value": "2"}},
        "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": currency},
        "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        "OtherPrefs": {"NameValue": []},
    }
