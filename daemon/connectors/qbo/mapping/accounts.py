"""Ledger accounts. AccountType words are canonical as they come; balances are derived."""

from daemon.connectors.qbo.mapping.wire import (
    COMMON,
    Entity,
    Setting,
    Wire,
    active,
    currency,
    name,
    number,
    pointer,
    put_currency,
    put_flag,
    put_pointer,
    put_text,
    text,
)
from ledger.model.ids import Kind
from ledger.model.records import Account
from ledger.model.values import UNSET, Value

SYSTEM_SUB_TYPES = frozenset(
    {
        "AccountsReceivable",
        "AccountsPayable",
        "UndepositedFunds",
        "RetainedEarnings",
        "OpeningBalanceEquity",
    }
)
"""Accounts that QuickBooks keeps for itself: they cannot be inactivated."""
TYPES = frozenset(
    {
        "Bank",
        "Accounts Receivable",
        "Other Current Asset",
        "Fixed Asset",
        "Other Asset",
        "Accounts Payable",
        "Credit Card",
        "Other Current Liability",
        "Long Term Liability",
        "Equity",
        "Income",
        "Other Income",
        "Expense",
        "Other Expense",
        "Cost of Goods Sold",
    }
)


def _read(raw: Wire, _setting: Setting) -> Account:
    sub_type = text(raw, "AccountSubType")
    balance = number(raw, "CurrentBalance")
    return Account(
        name=name(raw, "Name"),
        code=text(raw, "AcctNum"),
        account_type=text(raw, "AccountType"),
        account_sub_type=sub_type,
        description=text(raw, "Description"),
        currency=currency(raw),
        parent=pointer(raw, "ParentRef", Kind.ACCOUNT),
        active=active(raw),
        balance=UNSET if balance is None else balance,
        system_account=sub_type if sub_type in SYSTEM_SUB_TYPES else UNSET,
    )


def _put_parent(out: Wire, value: Value) -> None:
    put_pointer("ParentRef")(out, value)
    out["SubAccount"] = value is not None


ACCOUNT = Entity(
    kind=Kind.ACCOUNT,
    name="Account",
    name_property="Name",
    read=_read,
    puts={
        "name": put_text("Name"),
        "code": put_text("AcctNum"),
        "account_type": put_text("AccountType"),
        "description": put_text("Description"),
        "currency": put_currency,
        "parent": _put_parent,
        "active": put_flag("Active"),
    },
    known=COMMON
    | {
        "Name",
        "SubAccount",
        "ParentRef",
        "Description",
        "FullyQualifiedName",
        "AccountAlias",
        "TxnLocationType",
        "Active",
        "Classification",
        "AccountType",
        "AccountSubType",
        "AccountPurposes",
        "AcctNum",
        "AcctNumExtn",
        "BankNum",
        "OpeningBalance",
        "OpeningBalanceDate",
        "CurrentBalance",
        "CurrentBalanceWithSubAccounts",
        "CurrencyRef",
        "TaxAccount",
        "TaxCodeRef",
        "OnlineBankingEnabled",
        "FIName",
        "JournalCodeRef",
        "AccountEx",
    },
    queries={"name": "Name"},
    words={"AccountType": TYPES},
    required=("AccountType",),
)
