"""Headers of transactions: dates, terms, numbers, addresses, custom fields, what is refused."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies, linetax
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.posting import role
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.times import today
from daemon.sandbox.qbo.wire import Wire

_FIRST_NUMBERS: Final = {"Invoice": 1038, "CreditMemo": 1001, "PurchaseOrder": 1001}
"""Kinds that QBO numbers by itself, each with its first number here."""
_MAX_CUSTOM: Final = 31
_MAX_MEMO: Final = 1000
_WITH_DUE_DATE: Final = frozenset({"Invoice", "Bill"})
_TERMS_OF: Final = {
    "Invoice": ("CustomerRef", "Customer", "SalesTermRef"),
    "CreditMemo": ("CustomerRef", "Customer", "SalesTermRef"),
    "Bill": ("VendorRef", "Vendor", "TermRef"),
    "PurchaseOrder": ("VendorRef", "Vendor", "TermRef"),
}
_ADDRESSES: Final[dict[str, tuple[tuple[str, str, str, str], ...]]] = {
    # field, party field, entity, address of the party
    "Invoice": (
        ("BillAddr", "CustomerRef", "Customer", "BillAddr"),
        ("ShipAddr", "CustomerRef", "Customer", "ShipAddr"),
    ),
    "CreditMemo": (
        ("BillAddr", "CustomerRef", "Customer", "BillAddr"),
        ("ShipAddr", "CustomerRef", "Customer", "ShipAddr"),
    ),
    "Bill": (("VendorAddr", "VendorRef", "Vendor", "BillAddr"),),
    "VendorCredit": (("VendorAddr", "VendorRef", "Vendor", "BillAddr"),),
    "PurchaseOrder": (
        ("VendorAddr", "VendorRef", "Vendor", "BillAddr"),
        ("ShipAddr", "ShipTo", "Customer", "ShipAddr"),
    ),
}
_DEFAULTS: Final[dict[str, Any]] = {
    "ApplyTaxAfterDiscount": False,
    "PrintStatus": "NeedToPrint",
    "EmailStatus": "NotSet",
    "AllowIPNPayment": False,
    "AllowOnlinePayment": False,
    "AllowOnlineCreditCardPayment": False,
    "AllowOnlineACHPayment": False,
}
_CUSTOM: Final = {"Invoice": "sales", "CreditMemo": "sales", "PurchaseOrder": "order"}


def check_header(books: Books, spec: Spec, fields: Wire, before: Stored | None) -> None:
    """Refuse what is not simulated and complete what QBO completes. Changes ``fields``."""
    _check_currency(books, fields)
    linetax.settle(books, spec, fields)
    _check_small_objects(spec, fields)
    _check_custom_fields(books, spec, fields, before)
    for key, value in _DEFAULTS.items():
        if key in spec.fields:
            fields.setdefault(key, value)
    fields.setdefault("TxnDate", today(books.exact_now()))
    _take_terms(books, spec, fields, before)
    if spec.name in _WITH_DUE_DATE:
        fields.setdefault("DueDate", due_date(books, fields))
    _payable_account(books, spec, fields)
    _addresses(books, spec, fields, before)


def check_period(books: Books, spec: Spec, dates: list[str]) -> None:
    """Raise 6200 (6210 with a password) when one of the dates lies in the closed period."""
    closed = books.company.closed_until
    if spec.name == "PurchaseOrder" and books.switches.closed_orders == "accept":
        return
    if closed and min(dates) <= closed:
        raise faultbodies.period_closed(password=books.switches.closing_password)


def custom_names(books: Books, spec: Spec) -> tuple[str, ...]:
    """Names of the custom fields that a kind of form has; their DefinitionIds count from 1."""
    match _CUSTOM.get(spec.name):
        case "sales":
            return books.switches.sales_custom_fields[:3]
        case "order":
            return books.switches.order_custom_fields[:3]
        case _:
            return ()


def number(
    books: Books, spec: Spec, fields: Wire, before: Stored | None, *, allow_duplicate: bool
) -> None:
    """Give the next number where QBO numbers by itself; raise 6140 where numbers must differ."""
    custom = books.switches.custom_txn_numbers
    supplied = str(fields.get("DocNumber", ""))
    if not supplied:
        if spec.name in _FIRST_NUMBERS and before is None and not custom:
            fields["DocNumber"] = _next_number(books, spec)
        return
    if before is not None and before.fields.get("DocNumber") == supplied:
        return
    if spec.name == "Bill":
        watched, party = books.switches.warn_duplicate_bill, str(fields["VendorRef"]["value"])
    else:
        watched, party = custom and spec.name in _FIRST_NUMBERS, ""
    other = books.numbered(spec, supplied, party)
    if watched and not allow_duplicate and other is not None and other is not before:
        words = {"CreditMemo": "Credit Memo", "PurchaseOrder": "Purchase Order"}
        raise faultbodies.duplicate_number(supplied, words.get(spec.name, spec.name), other.id)


def _next_number(books: Books, spec: Spec) -> str:
    sequence = f"{spec.name} number"
    books.reserve(sequence, str(_FIRST_NUMBERS[spec.name] - 1))
    found = books.new_id(sequence)
    while books.numbered(spec, found) is not None:
        found = books.new_id(sequence)
    return found


def due_date(books: Books, fields: Wire) -> str:
    """Date of the transaction plus its terms."""
    start = date.fromisoformat(str(fields["TxnDate"]))
    term = None
    if "SalesTermRef" in fields:
        term = books.get("Term", fields["SalesTermRef"]["value"])
    if term is None:
        return start.isoformat()
    if "DueDays" in term.fields:
        days = int(term.fields["DueDays"])
        return (start + timedelta(days=min(days, (date.max - start).days))).isoformat()
    wanted, months = int(term.fields["DayOfMonthDue"]), 0
    due = _day_of_month(start, wanted, months)
    spare = int(term.fields.get("DueNextMonthDays", 0))
    while (months < 2 and (due - start).days < max(spare, 0)) or due < start:
        months += 1
        due = _day_of_month(start, wanted, months)
    return due.isoformat()


def _day_of_month(start: date, day: int, months: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, max(1, min(day, monthrange(year, month + 1)[1])))


def _check_currency(books: Books, fields: Wire) -> None:
    sent = fields.pop("CurrencyRef", None)
    code = str(sent.get("value") or "") if isinstance(sent, dict) else str(sent or "")
    if code and code != books.company.home_currency:
        raise faultbodies.not_simulated(f"transactions in {code} (multicurrency)")
    rate = fields.pop("ExchangeRate", None)
    if rate not in (None, 0, 1):
        raise faultbodies.not_simulated("ExchangeRate (multicurrency)")


def _check_small_objects(spec: Spec, fields: Wire) -> None:
    memo = fields.get("CustomerMemo")
    if memo is not None:
        text = _value(memo, "CustomerMemo")
        if len(text) > _MAX_MEMO:
            raise faultbodies.QboFault([faultbodies.too_long("CustomerMemo", len(text), _MAX_MEMO)])
        fields["CustomerMemo"] = {"value": text}
        if not text:
            del fields["CustomerMemo"]
    method = fields.get("ShipMethodRef")
    if method is not None:
        fields["ShipMethodRef"] = {"value": _value(method, "ShipMethodRef")}
        if not fields["ShipMethodRef"]["value"]:
            del fields["ShipMethodRef"]
    address = fields.get("POEmail" if spec.name == "PurchaseOrder" else "BillEmail")
    if fields.get("EmailStatus") == "NeedToSend" and not address:
        raise faultbodies.no_email()


def _value(sent: Any, key: str) -> str:
    if sent == "":
        return ""
    if not isinstance(sent, dict) or not set(sent) <= {"value", "name", "type", "id"}:
        raise faultbodies.unknown_property(key)
    return str(sent.get("value") or "")


def _check_custom_fields(books: Books, spec: Spec, fields: Wire, before: Stored | None) -> None:
    """Keep ``{DefinitionId: text}``; a field that is not sent stays as it is."""
    names = custom_names(books, spec)
    sent = fields.pop("CustomField", None)
    kept = dict(before.fields.get("CustomField", {})) if before is not None else {}
    if isinstance(sent, dict) and sent == kept:
        sent = []
    if sent not in (None, "") and not isinstance(sent, list):
        raise faultbodies.unknown_property("CustomField")
    for row in sent or []:
        if not isinstance(row, dict):
            raise faultbodies.unknown_property("CustomField")
        known = {"DefinitionId", "Name", "Type", "StringValue"}
        for key in row:
            if key not in known:
                raise faultbodies.unknown_property(key)
        definition, text = str(row.get("DefinitionId") or ""), str(row.get("StringValue") or "")
        if not definition.isdecimal() or not 1 <= int(definition) <= len(names):
            raise faultbodies.custom_field(definition)
        if len(text) > _MAX_CUSTOM:
            raise faultbodies.QboFault(
                [faultbodies.too_long("CustomField", len(text), _MAX_CUSTOM)]
            )
        kept[definition] = text
    kept = {definition: text for definition, text in kept.items() if text}
    if kept:
        fields["CustomField"] = kept


def _take_terms(books: Books, spec: Spec, fields: Wire, before: Stored | None) -> None:
    if before is not None or not books.switches.party_terms or spec.name not in _TERMS_OF:
        return
    key, entity, term_key = _TERMS_OF[spec.name]
    party = books.get(entity, str(fields[key]["value"]))
    if party is not None and term_key in party.fields:
        fields.setdefault("SalesTermRef", dict(party.fields[term_key]))


def _payable_account(books: Books, spec: Spec, fields: Wire) -> None:
    if spec.name not in ("Bill", "VendorCredit", "PurchaseOrder", "BillPayment"):
        return
    if "APAccountRef" not in fields:
        required = books.switches.order_payable_account == "require"
        if spec.name == "PurchaseOrder" and required:
            raise faultbodies.required("APAccountRef")
        fields["APAccountRef"] = {"value": role(books, "Accounts Payable").id}
    account = books.get("Account", str(fields["APAccountRef"]["value"]))
    if account is None or account.fields["AccountType"] != "Accounts Payable":
        raise faultbodies.business("APAccountRef must be an accounts payable account")


def _addresses(books: Books, spec: Spec, fields: Wire, before: Stored | None) -> None:
    """Addresses that are not sent: as they were for the same party, else the party's."""
    for key, party_key, entity, source in _ADDRESSES.get(spec.name, ()):
        if key in fields or party_key not in fields:
            continue
        same = before is not None and before.fields.get(party_key) == fields[party_key]
        if same and before is not None:
            if key in before.fields:
                fields[key] = before.fields[key]
            continue
        party = books.get(entity, str(fields[party_key]["value"]))
        address = party.fields.get(source) if party is not None else None
        if address:
            fields[key] = {**address, "Id": books.new_id("Address")}
