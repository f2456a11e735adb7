"""What CompanyInfo and Preferences say: plan, features, closed period, home currency. Pure."""

from datetime import datetime, timedelta

from daemon.connectors.oauth import RECONNECT
from daemon.connectors.qbo.capabilities import Features
from daemon.connectors.qbo.mapping.wire import Wire
from daemon.connectors.vault import Tokens
from ledger.model.facts import Problem
from ledger.model.ids import Kind

SMALL_PLANS = ("simple start", "simplestart", "easystart", "easy start", "essentials")
"""Plans without classes and without inventory."""
LIVE = frozenset({"TRIAL", "PAID", "TRIAL_OPTED_IN", "TRIAL_OPTED_OUT"})
LOGIN_ENDS_SOON = timedelta(days=14)
CONSENT_ENDS_SOON = timedelta(days=60)


def name_values(info: Wire) -> dict[str, str]:
    """The NameValue list of CompanyInfo."""
    pairs = info.get("NameValue")
    if not isinstance(pairs, list):
        return {}
    return {
        str(pair.get("Name")): str(pair.get("Value")) for pair in pairs if isinstance(pair, dict)
    }


def features(info: Wire, preferences: Wire) -> Features:
    plan = name_values(info).get("OfferingSku", "")
    disabled: dict[Kind, str] = {}
    if any(word in plan.lower() for word in SMALL_PLANS):
        disabled[Kind.CLASS] = f"the plan {plan} has no classes"
    multicurrency = _section(preferences, "CurrencyPrefs").get("MultiCurrencyEnabled")
    return Features(
        disabled=disabled,
        is_multicurrency=multicurrency is not False,
        taxes_by_code=str(info.get("Country", "")).upper() not in {"US", "USA"},
    )


def home_currency(preferences: Wire) -> str:
    """ISO code, or ``""`` where the company does not say it."""
    home = _section(preferences, "CurrencyPrefs").get("HomeCurrency")
    value = home.get("value") if isinstance(home, dict) else home
    return value if isinstance(value, str) else ""


def closed_until(preferences: Wire) -> str:
    """Last closed day, ``YYYY-MM-DD``, or ``""``."""
    day = _section(preferences, "AccountingInfoPrefs").get("BookCloseDate")
    return day[:10] if isinstance(day, str) else ""


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
        warnings.append(
            Problem(
                code="login_ends",
                message=f"the login to QuickBooks ends on {ends:%Y-%m-%d} unless it is used",
                cure="let the daemon run, or " + RECONNECT.format(system="qbo"),
            )
        )
    if consent is not None and consent - now < CONSENT_ENDS_SOON:
        warnings.append(
            Problem(
                code="consent_ends",
                message=f"Intuit ends the consent for this company on {consent:%Y-%m-%d}, used "
                "or not",
                cure="before that day, " + RECONNECT.format(system="qbo"),
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
