"""The chart of accounts and the tax rules: what DEAR's own QuickBooks link owns when it is on.

Accounts are keyed by their code. Tax rules are named everywhere by name.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Final

from daemon.sandbox.dear.books import SUCCESS, Routes, refuse_unknown_id, the_row
from daemon.sandbox.dear.errors import (
    Flaw,
    Invalid,
    account_missing,
    account_unfit,
    in_use,
    linked,
    malformed,
    missing,
    not_one_of,
    taken,
)
from daemon.sandbox.dear.fields import TEXT, Fields, Flag, Rules, Text, Word, blank, read, require
from daemon.sandbox.dear.paging import Answer, Call, equals, listed, listing, single, starts_with
from daemon.sandbox.dear.state import DearState, Row

ACCOUNTS: Final = "AccountsList"
TAX_RULES: Final = "TaxRuleList"

CLASS_OF_TYPE: Final[Mapping[str, str]] = {
    "BANK": "ASSET",
    "CURRENT": "ASSET",
    "FIXED": "ASSET",
    "INVENTORY": "ASSET",
    "NONCURRENT": "ASSET",
    "PREPAYMENT": "ASSET",
    "CURRLIAB": "LIABILITY",
    "LIABILITY": "LIABILITY",
    "TERMLIA": "LIABILITY",
    "TERMLIAB": "LIABILITY",
    "PAYGLIABILITY": "LIABILITY",
    "SUPERANNUATIONLIABILITY": "LIABILITY",
    "WAGESPAYABLELIABILITY": "LIABILITY",
    "EQUITY": "EQUITY",
    "DEPRECIATN": "EXPENSE",
    "DIRECTCOSTS": "EXPENSE",
    "EXPENSE": "EXPENSE",
    "OVERHEADS": "EXPENSE",
    "OTHERINCOME": "REVENUE",
    "REVENUE": "REVENUE",
    "SALES": "REVENUE",
}
"""The vocabulary is Xero's; the documentation lists only part of it."""

CLASSES: Final = ("ASSET", "LIABILITY", "EXPENSE", "EQUITY", "REVENUE")

SYSTEM_ACCOUNTS: Final[Mapping[str, str]] = {
    "DEBTORS": "Accounts receivable",
    "CREDITORS": "Accounts payable",
    "BANKCURRENCYGAIN": "Bank revaluations",
    "GST": "GST / VAT",
    "GSTONIMPORTS": "GST on imports",
    "HISTORICAL": "Historical adjustment",
    "REALISEDCURRENCYGAIN": "Realized currency gains",
    "RETAINEDEARNINGS": "Retained earnings",
    "ROUNDING": "Rounding",
    "TRACKINGTRANSFERS": "Tracking transfers",
    "UNPAIDEXPCLM": "Unpaid expense claims",
    "UNREALISEDCURRENCYGAIN": "Unrealized currency gains",
    "WAGEPAYABLES": "Wages payable",
}

ACCOUNT: Final[Rules] = {
    "Code": Text(50),
    "Name": Text(256),
    "Type": Text(50),
    "Status": Word(("ACTIVE", "ARCHIVED")),
    "Description": TEXT,
    "Class": Word(CLASSES),
    "SystemAccount": Word(tuple(SYSTEM_ACCOUNTS.values())),
    "SystemAccountCode": Word(tuple(SYSTEM_ACCOUNTS)),
    "ForPayments": Flag(),
    "Bank": Text(512),
    "BankAccountNumber": Text(256),
}

TAX: Final[Rules] = {
    "Name": Text(50),
    "Account": Text(50),
    "IsActive": Flag(),
    "TaxInclusive": Flag(),
    "IsTaxForSale": Flag(),
    "IsTaxForPurchase": Flag(),
}


def fit(
    state: DearState, field: str, code: str, *, of_class: str, barred: tuple[str, ...] = ()
) -> list[Flaw]:
    """What is wrong with using this account for ``field``: it must be active, of that class."""
    row = state["account"].get(code)
    if row is None:
        return [account_missing()]
    if row.fields["Status"] != "ACTIVE":
        return [account_unfit(field, code, "an active account")]
    if row.fields["Class"] != of_class or row.fields["Type"] in barred:
        return [account_unfit(field, code, f"an account of class {of_class}")]
    return []


def special(state: DearState, field: str, code: str, system_code: str) -> list[Flaw]:
    """Receivable and payable must be *the* system account; the right class is not enough."""
    row = state["account"].get(code)
    if row is None:
        return [account_missing()]
    if row.fields["SystemAccountCode"] != system_code:
        return [account_unfit(field, code, f"system account {SYSTEM_ACCOUNTS[system_code]}")]
    return []


def show_account(row: Row) -> Fields:
    hidden = ("Bank",)
    shown = {name: value for name, value in row.fields.items() if name not in hidden}
    return {**shown, "DisplayName": f"{row.fields['Code']}: {row.fields['Name']}"}


def new_account(state: DearState, given: Fields) -> Row:
    """Keep an account; what was not given is derived or empty."""
    fields = {**blank(ACCOUNT), "BankAccountId": None, "OldCode": None, **given}
    fields["Class"] = fields["Class"] or CLASS_OF_TYPE.get(str(fields["Type"]), "ASSET")
    by_text = {text: code for code, text in SYSTEM_ACCOUNTS.items()}
    code = fields["SystemAccountCode"] or by_text.get(fields["SystemAccount"] or "")
    fields["SystemAccountCode"] = code
    fields["SystemAccount"] = SYSTEM_ACCOUNTS[code] if code else None
    fields.setdefault("Currency", state.me.get("Currency"))
    if fields["Type"] == "BANK":
        fields["BankAccountId"] = state.new_id()
        fields["ForPayments"] = True
    return state.add("account", fields)


def list_accounts(call: Call) -> Answer:
    """An unknown Code is refused, unlike any other filter here."""
    query = call.query
    code = query.text("Code")
    if code and call.state["account"].get(code) is None:
        raise Invalid(account_missing())
    rows = [
        row
        for row in listed(call, "account", "Code")
        if equals(row, "Code", code)
        and starts_with(row, "Name", query.text("Name"))
        and equals(row, "Type", query.text("Type"))
        and equals(row, "Status", query.text("Status"))
    ]
    return listing(call, ACCOUNTS, rows, show_account)


def _account_flaws(call: Call, merged: Fields, given: Fields) -> list[Flaw]:
    flaws: list[Flaw] = []
    require(merged, ("Code", "Name", "Type", "Status"), flaws)
    if merged.get("Type") == "BANK":
        require(merged, ("Bank", "BankAccountNumber"), flaws)
    kind = given.get("Type")
    if kind and call.switches.account_types == "known" and kind not in CLASS_OF_TYPE:
        flaws.append(not_one_of("Type", CLASS_OF_TYPE))
    return flaws


def create_account(call: Call) -> Answer:
    _refuse_if_linked(call, creating=True)
    flaws: list[Flaw] = []
    given = read(ACCOUNT, call.body, call.switches, flaws)
    flaws += _account_flaws(call, given, given)
    code = str(given.get("Code") or "")
    if code and call.state["account"].get(code) is not None:
        flaws.append(taken("Account", "Code", code))
    system, text = given.get("SystemAccountCode"), given.get("SystemAccount")
    if system and text and SYSTEM_ACCOUNTS[system] != text:
        flaws.append(Flaw("SystemAccount and SystemAccountCode must be of the same account"))
    if flaws:
        raise Invalid(*flaws)
    row = new_account(call.state, given)
    call.created.append(f"account/{row.id}")
    return single(ACCOUNTS, show_account(row))


def update_account(call: Call) -> Answer:
    """Keyed by Code; the system account is read-only."""
    _refuse_if_linked(call)
    flaws: list[Flaw] = []
    given = read(ACCOUNT, call.body, call.switches, flaws, updating=True)
    require(given, ("Code",), flaws)
    row = call.state["account"].get(str(given.get("Code") or ""))
    if row is None:
        raise Invalid(*flaws, account_missing())
    for fixed in ("Code", "SystemAccount", "SystemAccountCode"):
        given.pop(fixed, None)
    flaws += _account_flaws(call, {**row.fields, **given}, given)
    if flaws:
        raise Invalid(*flaws)
    call.state.change("account", row, given)
    call.changed.append(f"account/{row.id}")
    return single(ACCOUNTS, show_account(row))


def delete_account(call: Call) -> Answer:
    """System accounts and accounts that are named elsewhere stay."""
    _refuse_if_linked(call, creating=True)
    code = call.query.text("Code")
    row = call.state["account"].get(code)
    if row is None:
        raise Invalid(account_missing() if code else missing("Code"))
    if row.fields["SystemAccountCode"] or call.state.mentions("account", row):
        raise Invalid(in_use("Account", code))
    call.state.remove("account", row)
    call.changed.append(f"account/{row.id}")
    return SUCCESS


def _refuse_if_linked(call: Call, *, creating: bool = False) -> None:
    allowed = creating and call.switches.linked_creates == "allow"
    if call.switches.native_link == "connected" and not allowed:
        raise Invalid(linked())


def show_tax(call: Call, row: Row) -> Fields:
    return {"ID": call.shown_id(row), **row.fields}


def list_tax(call: Call) -> Answer:
    query = call.query
    wanted_id = query.guid("ID")
    names = ("IsActive", "IsTaxForSale", "IsTaxForPurchase")
    wanted = {name: value for name in names if (value := query.flag(name)) is not None}
    rows = [
        row
        for row in listed(call, "tax", "Name")
        if (not wanted_id or row.id == wanted_id)
        and starts_with(row, "Name", query.text("Name"))
        and equals(row, "Account", query.text("Account"))
        and all(row.fields[name] is value for name, value in wanted.items())
    ]
    refuse_unknown_id(call, "Taxation rule", wanted_id, rows)
    return listing(call, TAX_RULES, rows, partial(show_tax, call))


def _components(call: Call, flaws: list[Flaw], known: Fields) -> list[Fields]:
    """Parts of a rate. Their numbers travel as text; their ids are in upper case."""
    ids = {str(part.get("ID") or "") for part in known.get("Components", ())} - {""}
    rows: list[Fields] = []
    parts = call.body.get("Components") or []
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        flaws.append(malformed("Components", "a list of objects"))
        return rows
    for part in parts:
        require(part, ("Name", "Percent", "AccountCode", "ComponentOrder"), flaws)
        given_id = str(part.get("ID") or "").upper()
        rows.append(
            {
                "ID": given_id if given_id in ids else call.state.new_id().upper(),
                "Name": part.get("Name"),
                "Percent": f"{percent_of(part, flaws):.10f}",
                "AccountCode": str(part.get("AccountCode") or ""),
                "Compound": str(part.get("Compound") or "0"),
                "ComponentOrder": str(part.get("ComponentOrder") or ""),
            }
        )
    return rows


def percent_of(part: Mapping[str, Any], flaws: list[Flaw]) -> Decimal:
    """A component's rate, given as text or as a number."""
    try:
        percent = Decimal(str(part.get("Percent") or 0))
    except InvalidOperation:
        percent = Decimal("NaN")
    if not percent.is_finite() or not 0 <= percent <= 100:
        flaws.append(malformed("Percent", "a number from 0 to 100"))
        return Decimal(0)
    return percent


def _checked_tax(call: Call, own: Row | None) -> Fields:
    flaws: list[Flaw] = []
    given = read(TAX, call.body, call.switches, flaws, updating=own is not None)
    known = own.fields if own else {}
    merged = {**known, **given}
    require(merged, ("Name", "Account", "IsActive", "TaxInclusive"), flaws)
    if given.get("Account"):
        flaws += fit(call.state, "Account", given["Account"], of_class="LIABILITY")
    name = str(given.get("Name") or "")
    if name and any(row is not own for row in call.state["tax"].where("Name", name)):
        flaws.append(taken("Taxation rule", "Name", name))
    if own is None or "Components" in call.body:
        given["Components"] = _components(call, flaws, known)
        rates = [Decimal(part["Percent"]) for part in given["Components"]]
        given["TaxPercent"] = sum(rates, Decimal(0)).normalize()
    if flaws:
        raise Invalid(*flaws)
    return given


def create_tax(call: Call) -> Answer:
    _refuse_if_linked(call, creating=True)
    row = call.state.add("tax", {**blank(TAX), **_checked_tax(call, None)})
    call.created.append(f"tax/{row.id}")
    return single(TAX_RULES, show_tax(call, row))


def update_tax(call: Call) -> Answer:
    _refuse_if_linked(call)
    row = the_row(call, "tax", "Taxation rule")
    call.state.change("tax", row, _checked_tax(call, row))
    call.changed.append(f"tax/{row.id}")
    return single(TAX_RULES, show_tax(call, row))


ROUTES: Final[Routes] = {
    "ref/account": {
        "GET": list_accounts,
        "POST": create_account,
        "PUT": update_account,
        "DELETE": delete_account,
    },
    "ref/tax": {"GET": list_tax, "POST": create_tax, "PUT": update_tax},
}
