"""Accounts: the chart of accounts of DEAR and the canonical ``Account``.

DEAR: an account is known by its Code everywhere; Type is of the Xero vocabulary, an open list.
"""

from collections.abc import Mapping

from msgspec import UNSET, UnsetType

from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping.fields import Raw, Unfit, name, text, wire_flag, wire_text, word
from ledger.model.records import Account
from ledger.model.values import Value

SHOWN_TYPES: Mapping[str, str] = {
    "bank": "Bank",
    "current": "Other Current Asset",
    "inventory": "Other Current Asset",
    "prepayment": "Other Current Asset",
    "fixed": "Fixed Asset",
    "noncurrent": "Other Asset",
    "currliab": "Other Current Liability",
    "liability": "Other Current Liability",
    "payg": "Other Current Liability",
    "paygliability": "Other Current Liability",
    "superannuationliability": "Other Current Liability",
    "wagespayableliability": "Other Current Liability",
    "termliab": "Long Term Liability",
    "termlia": "Long Term Liability",
    "equity": "Equity",
    "revenue": "Income",
    "sales": "Income",
    "otherincome": "Other Income",
    "directcosts": "Cost of Goods Sold",
    "expense": "Expense",
    "overheads": "Expense",
    "depreciatn": "Expense",
    "superannuationexpense": "Expense",
    "wagesexpense": "Expense",
}
"""DEAR's Type, in lower case, as a canonical word."""

WRITTEN_TYPES: Mapping[str, tuple[str, str]] = {
    "Bank": ("BANK", "ASSET"),
    "Accounts Receivable": ("CURRENT", "ASSET"),
    "Other Current Asset": ("CURRENT", "ASSET"),
    "Fixed Asset": ("FIXED", "ASSET"),
    "Other Asset": ("NONCURRENT", "ASSET"),
    "Accounts Payable": ("CURRLIAB", "LIABILITY"),
    "Credit Card": ("CURRLIAB", "LIABILITY"),
    "Other Current Liability": ("CURRLIAB", "LIABILITY"),
    "Long Term Liability": ("TERMLIAB", "LIABILITY"),
    "Equity": ("EQUITY", "EQUITY"),
    "Income": ("REVENUE", "REVENUE"),
    "Other Income": ("OTHERINCOME", "REVENUE"),
    "Cost of Goods Sold": ("DIRECTCOSTS", "EXPENSE"),
    "Expense": ("EXPENSE", "EXPENSE"),
    "Other Expense": ("EXPENSE", "EXPENSE"),
}
"""A canonical word as DEAR's Type and Class."""

TYPE_WORDS: dict[str, str] = {
    canonical: SHOWN_TYPES[wire.casefold()] for canonical, (wire, _) in WRITTEN_TYPES.items()
}
"""Canonical word -> the canonical word under which DEAR would show it (several fall together)."""

_INACTIVE = frozenset({"archived", "inactive", "deprecated", "deleted"})
_KEPT = ("Code", "Name", "Type", "Class", "Status", "Description")
"""Sent whole on a change: DEAR does not promise that an account keeps what a PUT leaves out."""


def to_record(raw: Raw, config: DearConfig) -> Account:
    """The account that a row of /ref/account shows. Raises ``Malformed``."""
    return Account(
        name=name(raw, "Name"),
        code=name(raw, "Code"),
        account_type=word(raw, "Type", SHOWN_TYPES),
        description=text(raw, "Description"),
        currency=text(raw, "Currency") or UNSET,
        active=_active(raw),
        system_account=text(raw, "SystemAccount"),
    )


def _active(raw: Raw) -> bool | UnsetType:
    status = text(raw, "Status")
    if not isinstance(status, str):
        return UNSET
    if status.casefold() == "active":
        return True
    return False if status.casefold() in _INACTIVE else UNSET


def to_raw(fields: Mapping[str, Value], last: Raw | None, config: DearConfig) -> dict[str, object]:
    """The body of a POST (``last`` None) or PUT. Raises ``Unfit``."""
    body: dict[str, object] = {"Status": "ACTIVE"}
    if last is not None:
        body = {key: last[key] for key in _KEPT if last.get(key) is not None}
    for field, value in fields.items():
        match field:
            case "name":
                body["Name"] = wire_text(value, field)
            case "code":
                body["Code"] = wire_text(value, field)
            case "description":
                body["Description"] = wire_text(value, field)
            case "active":
                body["Status"] = "ACTIVE" if wire_flag(value, field) else "ARCHIVED"
            case "account_type":
                body |= _type(value)
            case _:
                pass
    if body.get("Type") == "BANK":
        body |= _bank(last, config)
    return body


def _type(value: Value) -> dict[str, object]:
    known = WRITTEN_TYPES.get(value) if isinstance(value, str) else None
    if known is None:
        raise Unfit(
            "account_type",
            f"DEAR has no account type for {value!r}",
            cure="create the account in DEAR by hand and link it",
        )
    return {"Type": known[0], "Class": known[1]}


def _bank(last: Raw | None, config: DearConfig) -> dict[str, object]:
    defaults = config.defaults.account
    number = (last or {}).get("BankAccountNumber") or defaults.bank_account_number
    if not defaults.bank or not number:
        raise Unfit(
            "account_type",
            "DEAR wants the bank and the number of a bank account, and the books show neither",
            cure="set dear.defaults.account.bank and .bank_account_number, or create the account "
            "in DEAR by hand",
        )
    return {"Bank": defaults.bank, "BankAccountNumber": number}
