"""Invoices and bills: numbers, dates, totals, what they post, and which clocks that moves."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.lines import check_lines, total_of
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.times import today
from daemon.sandbox.qbo.wire import Wire

_FIRST_NUMBER: Final = 1038
_ZERO: Final = Decimal(0)


def prepare(
    books: Books, spec: Spec, fields: Wire, *, before: Stored | None, allow_duplicate: bool
) -> Wire:
    """Complete the header in ``fields`` and return the derived part: lines, totals, balance.

    Raises the faults of lines, numbers and closed periods. Nothing is posted yet.
    """
    old = before.derived if before is not None else {}
    sent = fields.pop("Line", None)
    lines = old.get("Line", [])
    if sent is not lines or not lines:
        lines = check_lines(books, spec.name, sent, lines)
    _check_tax(fields.pop("TxnTaxDetail", None))
    fields.setdefault("TxnDate", today(books.exact_now()))
    _check_period(books, fields, before)
    _check_stock_dates(books, lines, fields["TxnDate"])
    fields.setdefault("DueDate", _due_date(books, fields))
    _number(books, spec, fields, before, allow_duplicate=allow_duplicate)
    if spec.name == "Bill":
        fields.setdefault("APAccountRef", {"value": _role(books, "Accounts Payable").id})
    total = total_of(lines)
    if total < 0:
        raise faultbodies.business("Transaction amount must be 0 or greater.")
    return {"Line": lines, "TotalAmt": total, "Balance": total, "LinkedTxn": []}


def post(books: Books, stored: Stored, sign: int = 1) -> None:
    """Move the balances and the stock that the transaction stands for; -1 takes it back.

    Moves LastUpdatedTime of party, accounts and tracked items, never their versions.
    """
    sales = stored.spec.name == "Invoice"
    total = stored.derived["TotalAmt"] * sign
    party_key, entity = ("CustomerRef", "Customer") if sales else ("VendorRef", "Vendor")
    control = "Accounts Receivable" if sales else "Accounts Payable"
    party = books.get(entity, stored.fields[party_key]["value"])
    for record in (party, _role(books, control)):
        if record is not None:
            record.derived["Balance"] = record.derived.get("Balance", _ZERO) + total
            books.touch(record)
    for line in stored.derived["Line"]:
        _post_line(books, line, sign, sales=sales)


def void(books: Books, stored: Stored) -> None:
    """Zero all amounts and quantities; the record, its lines and its number stay."""
    post(books, stored, -1)
    lines = [_zeroed(line) for line in stored.derived["Line"]]
    stored.derived = {**stored.derived, "Line": lines, "TotalAmt": _ZERO, "Balance": _ZERO}
    note = str(stored.fields.get("PrivateNote", ""))
    books.change(stored, {**stored.fields, "PrivateNote": f"Voided - {note}" if note else "Voided"})


def check_open(books: Books, stored: Stored) -> None:
    """Raise 6200 when the transaction lies in a closed period."""
    _check_period(books, stored.fields, None)


def _zeroed(line: Wire) -> Wire:
    changed = dict(line)
    if "Amount" in changed:
        changed["Amount"] = _ZERO
    detail = changed.get(changed["DetailType"])
    if isinstance(detail, dict):
        zero = {key: _ZERO for key in ("Qty", "UnitPrice") if key in detail}
        changed[changed["DetailType"]] = {**detail, **zero}
    return changed


def _post_line(books: Books, line: Wire, sign: int, *, sales: bool) -> None:
    detail = line.get(line["DetailType"])
    if not isinstance(detail, dict):
        return
    item = books.get("Item", detail["ItemRef"]["value"]) if "ItemRef" in detail else None
    account_key = "IncomeAccountRef" if sales else "ExpenseAccountRef"
    tracked = item is not None and item.fields["Type"] == "Inventory"
    if tracked and not sales:
        account_key = "AssetAccountRef"
    if item is not None:
        account_id = item.fields.get(account_key, {}).get("value", "")
    else:
        account_id = detail["AccountRef"]["value"]
    account = books.get("Account", account_id)
    if account is not None:
        books.touch(account)
        if account.fields["AccountType"] not in ("Income", "Expense", "Cost of Goods Sold"):
            moved = line["Amount"] * sign
            account.derived["Balance"] = account.derived.get("Balance", _ZERO) + moved
    if item is not None and tracked:
        quantity = detail.get("Qty", _ZERO) * sign * (-1 if sales else 1)
        item.derived["QtyOnHand"] = item.derived.get("QtyOnHand", _ZERO) + quantity
        books.touch(item)


def _role(books: Books, account_type: str) -> Stored:
    for account in books.all("Account"):
        if account.fields["AccountType"] == account_type:
            return account
    raise faultbodies.business(f"The company has no account of type {account_type}")


def _check_tax(detail: object) -> None:
    if isinstance(detail, dict) and (detail.get("TotalTax") or detail.get("TxnTaxCodeRef")):
        raise faultbodies.not_simulated("sales tax on transactions")


def _check_period(books: Books, fields: Wire, before: Stored | None) -> None:
    closed = books.company.closed_until
    dates = [str(fields["TxnDate"])]
    if before is not None:
        dates.append(str(before.fields["TxnDate"]))
    if closed and min(dates) <= closed:
        raise faultbodies.period_closed()


def _check_stock_dates(books: Books, lines: list[Wire], txn_date: str) -> None:
    for line in lines:
        detail = line.get(line["DetailType"])
        if not isinstance(detail, dict) or "ItemRef" not in detail:
            continue
        item = books.get("Item", detail["ItemRef"]["value"])
        if item is not None and str(item.fields.get("InvStartDate", "")) > txn_date:
            raise faultbodies.before_stock()


def _due_date(books: Books, fields: Wire) -> str:
    term = None
    if "SalesTermRef" in fields:
        term = books.get("Term", fields["SalesTermRef"]["value"])
    days = int(term.fields.get("DueDays", 0)) if term is not None else 0
    start = date.fromisoformat(fields["TxnDate"])
    return (start + timedelta(days=min(days, (date.max - start).days))).isoformat()


def _number(
    books: Books, spec: Spec, fields: Wire, before: Stored | None, *, allow_duplicate: bool
) -> None:
    supplied = str(fields.get("DocNumber", ""))
    if not supplied:
        if spec.name == "Invoice" and before is None and not books.switches.custom_txn_numbers:
            books.reserve("Invoice number", str(_FIRST_NUMBER - 1))
            fields["DocNumber"] = books.new_id("Invoice number")
        return
    if not books.switches.custom_txn_numbers or allow_duplicate:
        return
    for other in books.all(spec.name):
        same_party = spec.name != "Bill" or other.fields["VendorRef"] == fields["VendorRef"]
        if other is not before and other.fields.get("DocNumber") == supplied and same_party:
            raise faultbodies.duplicate_number(supplied, spec.name, other.id)
