"""Tax rules and payment terms: what DEAR keeps under ``ref`` and names by name.

DEAR: a rule's TaxPercent is the sum of its components and cannot be written; terms know four
methods. Neither has a time of change.
"""

from collections.abc import Mapping
from decimal import Decimal

from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping.fields import (
    Raw,
    Unfit,
    flag,
    name,
    number,
    rows,
    wire_flag,
    wire_number,
    wire_text,
    word,
)
from ledger.model.money import plain
from ledger.model.records import TaxCode, Term
from ledger.model.values import Value

METHODS: Mapping[str, str] = {
    "number of days": "days",
    "day of next month": "day_of_next_month",
    "last day of next month": "last_day_of_next_month",
    "days since the end of the month": "days_after_month_end",
}
"""DEAR's Method as a canonical word."""
_WRITTEN_METHODS = {canonical: wire for wire, canonical in METHODS.items()}

_TAX_KEPT = (
    "ID",
    "Name",
    "Account",
    "IsActive",
    "TaxInclusive",
    "IsTaxForSale",
    "IsTaxForPurchase",
    "Components",
)
_TERM_KEPT = ("ID", "Name", "Duration", "Method", "IsActive", "IsDefault")


def tax_to_record(raw: Raw, config: DearConfig) -> TaxCode:
    """The tax rule that a row of /ref/tax shows. Raises ``Malformed``."""
    return TaxCode(
        name=name(raw, "Name"),
        rate=number(raw, "TaxPercent"),
        for_sales=flag(raw, "IsTaxForSale"),
        for_purchases=flag(raw, "IsTaxForPurchase"),
        active=flag(raw, "IsActive"),
    )


def tax_to_raw(
    fields: Mapping[str, Value], last: Raw | None, config: DearConfig
) -> dict[str, object]:
    """The body of a POST (``last`` None) or PUT. Raises ``Unfit``."""
    body = (
        _new_rule(config) if last is None else {key: last[key] for key in _TAX_KEPT if key in last}
    )
    for field, value in fields.items():
        match field:
            case "name":
                body["Name"] = wire_text(value, field)
            case "for_sales":
                body["IsTaxForSale"] = wire_flag(value, field)
            case "for_purchases":
                body["IsTaxForPurchase"] = wire_flag(value, field)
            case "active":
                body["IsActive"] = wire_flag(value, field)
            case _:
                pass
    if "rate" in fields or last is None:
        body["Components"] = _components(fields, last, config)
    return body


def _new_rule(config: DearConfig) -> dict[str, object]:
    defaults = config.defaults.tax
    if not defaults.account:
        raise Unfit(
            "name",
            "a new tax rule in DEAR needs the liability account it posts to",
            cure="set dear.defaults.tax.account, or create the rule in DEAR by hand",
        )
    return {
        "Account": defaults.account,
        "IsActive": True,
        "TaxInclusive": defaults.tax_inclusive,
        "IsTaxForSale": False,
        "IsTaxForPurchase": False,
    }


def _components(
    fields: Mapping[str, Value], last: Raw | None, config: DearConfig
) -> list[dict[str, object]]:
    rate = wire_number(fields.get("rate"), "rate")
    found = rows(last, "Components") if last is not None else []
    present = found if isinstance(found, list) else []
    if len(present) > 1:
        raise Unfit(
            "rate",
            "the rule in DEAR is made of several parts; which of them to change is not known",
            cure="change the parts of the rule in DEAR by hand",
        )
    part: dict[str, object] = {
        "Name": (last or {}).get("Name") or fields.get("name"),
        "AccountCode": (last or {}).get("Account") or config.defaults.tax.account,
        "Compound": "0",
        "ComponentOrder": "1",
    }
    return [{**part, **(present[0] if present else {}), "Percent": plain(rate)}]


def term_to_record(raw: Raw, config: DearConfig) -> Term:
    """The payment term that a row of /ref/paymentterm shows. Raises ``Malformed``."""
    return Term(
        name=name(raw, "Name"),
        method=word(raw, "Method", METHODS),
        due=number(raw, "Duration"),
        active=flag(raw, "IsActive"),
    )


def term_to_raw(
    fields: Mapping[str, Value], last: Raw | None, config: DearConfig
) -> dict[str, object]:
    """The body of a POST (``last`` None) or PUT. Raises ``Unfit``."""
    body: dict[str, object] = {"IsActive": True, "IsDefault": False}
    if last is not None:
        body = {key: last[key] for key in _TERM_KEPT if last.get(key) is not None}
    for field, value in fields.items():
        match field:
            case "name":
                body["Name"] = wire_text(value, field)
            case "method":
                body["Method"] = _method(value)
            case "due":
                body["Duration"] = _whole(value)
            case "active":
                body["IsActive"] = wire_flag(value, field)
            case _:
                pass
    return body


def _method(value: Value) -> str:
    method = _WRITTEN_METHODS.get(value) if isinstance(value, str) else None
    if method is None:
        raise Unfit(
            "method",
            f"DEAR has no payment terms of the kind {value!r}",
            cure="choose other terms in the books, or create similar ones in DEAR and link them",
        )
    return method


def _whole(value: Value) -> int:
    due = wire_number(value, "due")
    if due != due.to_integral_value() or due < Decimal(0):
        raise Unfit("due", f"{plain(due)} is not a whole number of days", cure="use whole days")
    return int(due)
