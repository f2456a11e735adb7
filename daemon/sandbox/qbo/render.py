"""Stored records as QBO shows them: derived properties, names of references, envelopes."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from daemon.sandbox.qbo.accounttypes import CLASSIFICATION
from daemon.sandbox.qbo.company import company_info, preferences
from daemon.sandbox.qbo.references import View, home_currency, reference
from daemon.sandbox.qbo.rendertxn import show_transaction, transaction_value
from daemon.sandbox.qbo.state import Books, Stored, Stub
from daemon.sandbox.qbo.times import envelope_stamp, stamp
from daemon.sandbox.qbo.wire import Wire, number

_ZERO: Final = Decimal(0)


def show(books: Books, stored: Stored, view: View = "read") -> Wire:
    """The wire object of a record."""
    shown: Wire = {}
    for key in stored.spec.fields:
        if key in stored.fields:
            shown[key] = _value(books, stored, key)
    if stored.spec.transaction:
        shown.update(show_transaction(books, stored, view))
    else:
        shown.update(_DERIVED.get(stored.spec.name, _nothing)(books, stored))
    if view == "query":
        shown.pop("DeferredRevenue", None)
    meta = {"CreateTime": stamp(stored.created), "LastUpdatedTime": stamp(stored.updated)}
    if view == "created" and stored.spec.name == "Account":
        del meta["LastUpdatedTime"]
    shown.update(
        domain="QBO", sparse=False, Id=stored.id, SyncToken=str(stored.token), MetaData=meta
    )
    return shown


def envelope(books: Books, entity: str, shown: Wire) -> Wire:
    """``{"<Entity>": ..., "time": ...}``."""
    return {entity: shown, "time": envelope_stamp(books.exact_now())}


def show_stub(stub: Stub) -> Wire:
    """A deleted transaction in change data capture."""
    return {
        "domain": "QBO",
        "status": "Deleted",
        "Id": stub.id,
        "MetaData": {"LastUpdatedTime": stamp(stub.at)},
    }


def value_of(books: Books, stored: Stored, path: str) -> Any:
    """The value of a queryable property; times as instants, references as ids."""
    match path:
        case "Id":
            return stored.id
        case "MetaData.CreateTime":
            return stored.created
        case "MetaData.LastUpdatedTime":
            return stored.updated
        case "Active":
            return stored.active
        case "FullyQualifiedName":
            return books.full_name(stored)
        case _:
            if path in stored.fields:
                value = stored.fields[path]
            elif stored.spec.transaction:
                value = transaction_value(books, stored, path)
            else:
                value = _DERIVED.get(stored.spec.name, _nothing)(books, stored).get(path)
            return value.get("value") if isinstance(value, dict) else value


def _value(books: Books, stored: Stored, key: str) -> Any:
    value = stored.fields[key]
    spec = stored.spec.fields[key]
    if spec.kind == "ref" and spec.target:
        return reference(books, spec.target, value["value"])
    if key == "CurrencyRef":
        return home_currency(books)
    if key == "TaxIdentifier":
        return mask(value)
    return value


def mask(identifier: str) -> str:
    """A tax identifier as QBO shows it: the last four characters only."""
    return "X" * max(0, len(identifier) - 4) + identifier[-4:]


def _nothing(_: Books, __: Stored) -> Wire:
    return {}


def _account(books: Books, stored: Stored) -> Wire:
    own = _shown_balance(books, stored)
    below = books.indexes["Account"].below(stored.id)
    total = own + sum((_shown_balance(books, a) for a in below), _ZERO)
    return {
        "SubAccount": bool(stored.parent),
        "FullyQualifiedName": books.full_name(stored),
        "Classification": CLASSIFICATION[stored.fields["AccountType"]],
        "CurrentBalance": number(own),
        "CurrentBalanceWithSubAccounts": number(total),
        "CurrencyRef": home_currency(books),
    }


def _shown_balance(books: Books, account: Stored) -> Decimal:
    """CurrentBalance. The books hold debits positive."""
    own: Decimal = account.derived.get("Balance", _ZERO)
    kind = CLASSIFICATION[account.fields["AccountType"]]
    if kind in ("Revenue", "Expense") and books.switches.income_balances == "zero":
        return _ZERO
    return -own if _is_reversed(books, account) else own


def _is_reversed(books: Books, account: Stored) -> bool:
    kind = CLASSIFICATION[account.fields["AccountType"]]
    if account.fields["AccountType"] == "Credit Card" or kind == "Revenue":
        return True
    owed = kind in ("Liability", "Equity")
    return owed and books.switches.liability_balances == "positive"


def debit_balance(books: Books, account: Stored, shown: Decimal) -> Decimal:
    """The balance as the books hold it, debits positive, from the one that is shown."""
    return -shown if _is_reversed(books, account) else shown


def _item(books: Books, stored: Stored) -> Wire:
    shown: Wire = {"FullyQualifiedName": books.full_name(stored)}
    if stored.parent:
        shown["SubItem"] = True
        shown["Level"] = books.depth(stored)
    if stored.fields.get("Type") != "Category":
        shown["DeferredRevenue"] = False
    if stored.fields.get("Type") == "Inventory":
        shown["QtyOnHand"] = number(stored.derived.get("QtyOnHand", _ZERO))
    return shown


def _vendor(books: Books, stored: Stored) -> Wire:
    return {
        "Balance": number(stored.derived.get("Balance", _ZERO)),
        "CurrencyRef": home_currency(books),
        "V4IDPseudonym": f"0020{int(stored.id):06x}",
    }


def _customer(books: Books, stored: Stored) -> Wire:
    own = stored.derived.get("Balance", _ZERO)
    shown: Wire = {
        "Job": bool(stored.parent),
        "FullyQualifiedName": books.full_name(stored),
        "Balance": number(own),
        "BalanceWithJobs": number(own + _jobs_balance(books, stored)),
        "CurrencyRef": home_currency(books),
        "IsProject": False,
        "V4IDPseudonym": f"0020{int(stored.id):06x}",
    }
    if stored.parent:
        shown["Level"] = books.depth(stored)
    return shown


def _jobs_balance(books: Books, stored: Stored) -> Decimal:
    return sum(
        (c.derived["Balance"] for c in books.indexes["Customer"].below(stored.id) if c.derived),
        _ZERO,
    )


def _class(books: Books, stored: Stored) -> Wire:
    return {"SubClass": bool(stored.parent), "FullyQualifiedName": books.full_name(stored)}


def _term(_: Books, stored: Stored) -> Wire:
    dated = "DayOfMonthDue" in stored.fields and "DueDays" not in stored.fields
    return {"Type": "DATE_DRIVEN" if dated else "STANDARD"}


_DERIVED: Final[Mapping[str, Callable[[Books, Stored], Wire]]] = {
    "Account": _account,
    "Item": _item,
    "Vendor": _vendor,
    "Customer": _customer,
    "Class": _class,
    "Term": _term,
    "CompanyInfo": company_info,
    "Preferences": preferences,
}
