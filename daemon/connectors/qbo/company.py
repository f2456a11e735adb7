"""What CompanyInfo and Preferences say: plan, features, closed period, home currency. Pure."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from daemon.connectors.oauth import RECONNECT
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.features import Features
from daemon.connectors.qbo.mapping.wire import Wire
from daemon.connectors.vault import Tokens
from ledger.model.capabilities import LineTax
from ledger.model.facts import Problem
from ledger.model.ids import Kind
from ledger.model.keys import fold

SMALL_PLANS = ("simple start", "simplestart", "easystart", "easy start", "essentials")
"""Plans without classes, purchase orders and inventory."""
LIVE = frozenset({"TRIAL", "PAID", "TRIAL_OPTED_IN", "TRIAL_OPTED_OUT"})
LOGIN_ENDS_SOON, LOGIN_ENDS_NOW = timedelta(days=30), timedelta(days=7)
CONSENT_ENDS_SOON = timedelta(days=45)


def name_values(info: Wire) -> dict[str, str]:
    """The NameValue list of CompanyInfo."""
    pairs = info.get("NameValue")
    if not isinstance(pairs, list):
        return {}
    return {
        str(pair.get("Name")): str(pair.get("Value")) for pair in pairs if isinstance(pair, dict)
    }


def features(info: Wire, preferences: Wire, *, sales_tax: str = "detect") -> Features:
    """``sales_tax``: what the configuration says of it (``qbo.documents.sales_tax``)."""
    plan = name_values(info).get("OfferingSku", "")
    disabled: dict[Kind, str] = {}
    if any(word in plan.lower() for word in SMALL_PLANS):
        disabled[Kind.CLASS] = f"the plan {plan} has no classes"
        disabled[Kind.PURCHASE_ORDER] = f"the plan {plan} has no purchase orders"
    multicurrency = _section(preferences, "CurrencyPrefs").get("MultiCurrencyEnabled")
    accounting = _section(preferences, "AccountingInfoPrefs")
    forms = _section(preferences, "SalesFormsPrefs")
    purchases = _section(preferences, "VendorAndPurchasesPrefs")
    by_code = str(info.get("Country", "")).upper() not in {"US", "USA"}
    sales, bought = _line_taxes(_section(preferences, "TaxPrefs"), sales_tax, by_code=by_code)
    return Features(
        disabled=disabled,
        is_multicurrency=multicurrency is not False,
        taxes_by_code=by_code,
        sales_tax=sales,
        purchase_tax=bought,
        sales_fields=custom_names(forms.get("CustomField")),
        order_fields=custom_names(purchases.get("POCustomField")),
        classes_by_line=accounting.get("ClassTrackingPerTxnLine") is not False,
        numbers_forms=forms.get("CustomTxnNumbers") is False,
    )


def _line_taxes(prefs: Wire, chosen: str, *, by_code: bool) -> tuple[LineTax, LineTax]:
    """How sales and purchases keep their tax."""
    is_off = chosen == "none" or (chosen == "detect" and prefs.get("UsingSalesTax") is False)
    if by_code:
        # The choice is between the ways of the US; elsewhere there is one way.
        tax = LineTax.NONE if is_off else LineTax.EACH
        return tax, tax
    if is_off:
        return LineTax.NONE, LineTax.NONE
    # Present, even if it says false, the property stands for automated sales tax.
    automated = chosen == "automated" or (chosen == "detect" and "PartnerTaxEnabled" in prefs)
    return LineTax.TAXED if automated else LineTax.ONE, LineTax.NONE


_PLACE = re.compile(r"(\d+)$")


def custom_names(settings: object) -> Mapping[str, str]:
    """Folded name of each custom field that is switched on -> its DefinitionId.

    The settings name field 2 in one row ("...CustomName2") and switch it in another ("Use...2").
    """
    names: dict[str, str] = {}
    off: set[str] = set()
    for group in settings if isinstance(settings, list) else []:
        rows = group.get("CustomField") if isinstance(group, dict) else None
        for row in rows if isinstance(rows, list) else []:
            found = _PLACE.search(str(row.get("Name", ""))) if isinstance(row, dict) else None
            if found is None:
                continue
            if isinstance(row.get("StringValue"), str) and row["StringValue"]:
                names[found[1]] = fold(row["StringValue"].strip())
            elif row.get("BooleanValue") is False:
                off.add(found[1])
    return {name: place for place, name in names.items() if place not in off}


def home_currency(preferences: Wire) -> str:
    """ISO code, or ``""`` where the company does not say it."""
    home = _section(preferences, "CurrencyPrefs").get("HomeCurrency")
    value = home.get("value") if isinstance(home, dict) else home
    return value if isinstance(value, str) else ""


def closed_until(preferences: Wire) -> str:
    """Last closed day, ``YYYY-MM-DD``, or ``""``; also where what is shown is no day, of which
    ``closing_warnings`` tells."""
    try:
        return date.fromisoformat(_closing(preferences)[:10]).isoformat()
    except ValueError:
        return ""


def closing_warnings(preferences: Wire) -> list[Problem]:
    """A closing date that is no day is not guessed at: QuickBooks itself refuses what is old."""
    shown = _closing(preferences)
    if not shown or closed_until(preferences):
        return []
    return [
        Problem(
            code="closing_date",
            message=f"QuickBooks shows the closing date {shown[:40]!r}, which is no day",
            field="BookCloseDate",
            cure="enter the closing date anew in QuickBooks (Account and settings, Advanced, "
            "Accounting)",
        )
    ]


def _closing(preferences: Wire) -> str:
    shown = _section(preferences, "AccountingInfoPrefs").get("BookCloseDate")
    return str(shown) if shown else ""


def plan_warnings(info: Wire, found: Features) -> list[Problem]:
    warnings = [
        Problem(
            code="feature_missing",
            message=f"{kind.value}: {reason}",
            cure="upgrade the plan in QuickBooks, or set the flow of this kind to off",
        )
        for kind, reason in found.disabled.items()
    ]
    status = name_values(info).get("SubscriptionStatus", "")
    if status and status.upper() not in LIVE:
        warnings.append(
            Problem(
                code="subscription",
                message=f"QuickBooks says that the subscription is {status}",
                cure="renew the subscription: QuickBooks refuses writes without one",
            )
        )
    return warnings


def document_warnings(found: Features, config: QboConfig) -> list[Problem]:
    """Settings under which documents behave otherwise than their owner may expect."""
    warnings: list[Problem] = []
    if found.numbers_forms:
        warnings.append(
            Problem(
                code="numbers_forms",
                message="QuickBooks numbers invoices and purchase orders by itself (custom "
                "transaction numbers are off): it takes the numbers that trueup sends, and does "
                "not warn of doubles",
                cure="switch on custom transaction numbers in QuickBooks (Account and settings, "
                "Sales and Expenses)",
            )
        )
    if config.new_items.type == "Inventory" and Kind.PURCHASE_ORDER in found.disabled:
        warnings.append(
            Problem(
                code="feature_missing",
                message="inventory: the plan of this company tracks no quantities, and "
                "qbo.new_items.type is Inventory: new items will be refused",
                field="qbo.new_items.type",
                cure="upgrade the plan in QuickBooks, or set qbo.new_items.type to NonInventory",
            )
        )
    documents = config.documents
    if (documents.class_by_location or documents.default_class) and not found.classes_by_line:
        warnings.append(
            Problem(
                code="classes_off",
                message="classes are configured in qbo.documents, and QuickBooks does not keep "
                "them by line: new lines get none",
                cure="switch on class tracking by row in QuickBooks (Account and settings, "
                "Advanced, Categories), or take the classes out of qbo.documents",
            )
        )
    return warnings


def tracked_items_warning(count: int) -> list[Problem]:
    if not count:
        return []
    return [
        Problem(
            code="tracked_quantities",
            message=f"QuickBooks tracks the quantity of {count} items by itself and posts their "
            "cost of goods sold",
            cure="let only one system post it: make these items non-inventory in QuickBooks, or "
            "switch cost of goods sold off in the other system",
        )
    ]


def login_warnings(tokens: Tokens | None, now: datetime) -> list[Problem]:
    """Days on which the login will end, while there is time to do something."""
    warnings: list[Problem] = []
    if tokens is None:
        return warnings
    ends, consent = tokens.refresh_expires_at, tokens.hard_expires_at
    if ends is not None and ends - now < LOGIN_ENDS_SOON:
        is_near = ends - now < LOGIN_ENDS_NOW
        left = f" (in {max(0, (ends - now).days)} days)" if is_near else ""
        warnings.append(
            Problem(
                code="login_ends",
                message=f"the login to QuickBooks ends on {ends:%Y-%m-%d}{left} unless it is used",
                cure="let the daemon run, or " + RECONNECT,
            )
        )
    if consent is not None and consent - now < CONSENT_ENDS_SOON:
        warnings.append(
            Problem(
                code="consent_ends",
                message=f"Intuit ends the consent for this company on {consent:%Y-%m-%d}, used "
                "or not",
                cure="before that day, " + RECONNECT,
            )
        )
    return warnings


def stranger_warnings(strangers: set[str]) -> list[Problem]:
    if not strangers:
        return []
    return [
        Problem(
            code="unknown_property",
            message="QuickBooks shows properties that this version does not know; they are kept "
            f"and not compared: {', '.join(sorted(strangers))}",
            cure="look for a newer version of trueup",
        )
    ]


def _section(preferences: Wire, name: str) -> Wire:
    found = preferences.get(name)
    return found if isinstance(found, dict) else {}
