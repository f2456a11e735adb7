"""Transactions: what is checked before a write, and what a write moves elsewhere.

``prepare`` may refuse and changes nothing; ``written``, ``void`` and ``remove`` carry out and
refuse nothing.
"""

from decimal import Decimal
from typing import Final

from daemon.sandbox.qbo import (
    codetax,
    faultbodies,
    headers,
    linetax,
    orders,
    posting,
    salestax,
    settlement,
)
from daemon.sandbox.qbo.details import SALES_FORMS
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.lines import Form, check_lines, frozen_accounts, total_of
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire

VOIDABLE: Final = {"Invoice": "void", "Payment": "update", "BillPayment": "update"}
"""What can be voided, and the operation that goes with it; ``update`` wants ``include=void``."""
_ZERO: Final = Decimal(0)
_FIGURES: Final = ("Qty", "UnitPrice", "DiscountPercent", "TaxInclusiveAmt")


def prepare(
    books: Books,
    spec: Spec,
    fields: Wire,
    *,
    before: Stored | None,
    allow_duplicate: bool,
    by_user: bool,
) -> Wire:
    """Complete the header in ``fields`` and return the derived part: lines, totals, balance.

    The user interface may write in a closed period, the API may not.

    Raises the faults of lines, numbers and closed periods. Nothing is posted yet.
    """
    headers.check_header(books, spec, fields, before)
    dates = [str(fields["TxnDate"])]
    if before is not None:
        dates.append(str(before.fields["TxnDate"]))
    if not by_user:
        headers.check_period(books, spec, dates)
    if spec.name in settlement.SORTS:
        derived = _payment(books, spec, fields, before)
    else:
        derived = _document(books, spec, fields, before, by_user=by_user)
    headers.number(books, spec, fields, before, allow_duplicate=allow_duplicate)
    return derived


def same(stored: Stored, fields: Wire, derived: Wire) -> bool:
    """Whether a write would change nothing."""
    keys = ("Line", "ClosedByHand")
    return fields == stored.fields and all(derived.get(k) == stored.derived.get(k) for k in keys)


def written(books: Books, stored: Stored, before: Stored | None) -> None:
    """Carry out what a create or update moves elsewhere; ``before``: the transaction until now."""
    old = before.derived if before is not None else {}
    same_posting = before is not None and posting.signature(before) == posting.signature(stored)
    name = stored.spec.name
    if name == "PurchaseOrder":
        if not same_posting:
            posting.touch_items(books, stored)
        ids = {line["Id"] for line in stored.derived["Line"]}
        gone = {line["Id"] for line in old.get("Line", [])} - ids
        if gone:
            orders.lines_gone(books, stored, gone)
        return
    if not same_posting:
        posting.post(books, stored)
    if name in settlement.SORTS:
        settlement.payment_changed(books, stored, old.get("Line", []), stored.derived["Line"])
        return
    settlement.document_changed(books, stored)
    if name == "Bill":
        orders.bill_changed(books, stored.id, old.get("Line", []), stored.derived["Line"])


def check_removal(books: Books, stored: Stored, *, by_user: bool) -> None:
    """Raise when the transaction lies in a closed period or must not be deleted."""
    if not by_user:
        headers.check_period(books, stored.spec, [str(stored.fields["TxnDate"])])
    if stored.spec.name == "PurchaseOrder":
        orders.check_delete(books, stored)


def remove(books: Books, stored: Stored) -> None:
    """Take everything back, and delete."""
    lines = stored.derived["Line"]
    if stored.spec.name == "PurchaseOrder":
        posting.touch_items(books, stored)
        orders.lines_gone(books, stored, {line["Id"] for line in lines})
    else:
        posting.unpost(books, stored)
    if stored.spec.name in settlement.SORTS:
        settlement.payment_changed(books, stored, lines, [])
    elif stored.spec.name != "PurchaseOrder":
        settlement.document_removed(books, stored)
    if stored.spec.name == "Bill":
        orders.bill_changed(books, stored.id, lines, [])
    books.remove(stored)


def void(books: Books, stored: Stored) -> bool:
    """Zero all amounts and quantities; the record, its lines and its number stay.

    False when it was void already.
    """
    before = Stored(
        stored.spec, stored.id, stored.fields, stored.created, stored.updated, 0, stored.derived
    )
    note = str(stored.fields.get("PrivateNote", ""))
    if stored.derived.get("Void"):
        return False
    fields = {**stored.fields, "PrivateNote": f"Voided - {note}" if note else "Voided"}
    if stored.spec.name in settlement.SORTS:
        fields["TotalAmt"] = _ZERO
        stored.derived = {**stored.derived, "Line": [], "Void": True}
    else:
        zeros = {"TotalAmt": _ZERO, "Balance": _ZERO, "TotalTax": _ZERO, "TaxLine": []}
        lines = [_zeroed(line) for line in stored.derived["Line"]]
        stored.derived = {**stored.derived, **zeros, "Line": lines, "Void": True}
        fields.pop("TxnTaxDetail", None)
    books.change(stored, fields)
    written(books, stored, before)
    return True


def _zeroed(line: Wire) -> Wire:
    changed = dict(line)
    if "Amount" in changed:
        changed["Amount"] = _ZERO
    detail = changed.get(changed["DetailType"])
    if isinstance(detail, dict):
        zero = {key: _ZERO for key in _FIGURES if key in detail}
        changed[changed["DetailType"]] = {**detail, **zero}
    return changed


def _document(
    books: Books, spec: Spec, fields: Wire, before: Stored | None, *, by_user: bool
) -> Wire:
    old = before.derived if before is not None else {}
    sales = spec.name in SALES_FORMS
    sent, old_lines = fields.pop("Line", None), old.get("Line", [])
    moved = before is None or _check_party(fields, before) or _counts_anew(fields, before)
    lines = old_lines
    if sent is not old_lines or moved:
        form = Form(
            entity=spec.name,
            header=fields,
            before=old_lines,
            txn_id=before.id if before is not None else "",
            taxable=not sales or _pays_tax(books, fields),
        )
        lines = check_lines(books, form, sent)
    _check_stock_dates(books, lines, fields["TxnDate"])
    derived: Wire = {"Line": lines}
    derived["Accounts"] = frozen_accounts(books, lines, old_lines, old.get("Accounts", {}))
    total = total_of(lines)
    if books.company.is_abroad or sales:
        if books.company.is_abroad:
            tax = codetax.work_out(books, spec.name, fields, lines, before, by_user=by_user)
        else:
            tax = salestax.work_out(books, fields, lines)
        derived |= {"TotalTax": tax[0], "TaxLine": tax[1]}
        total += tax[0]
    else:
        salestax.refuse_on_purchase(fields.pop("TxnTaxDetail", None))
    if sales:
        derived["Receivable"] = posting.role(books, "Accounts Receivable").id
    if total < 0:
        raise faultbodies.business("Transaction amount must be 0 or greater.")
    derived |= {"TotalAmt": total, "Void": bool(old.get("Void")) and not total}
    if spec.name == "PurchaseOrder":
        orders.check_order(books, fields, before)
        derived["ClosedByHand"] = orders.set_status(books, before, fields)
        derived["Taken"] = old.get("Taken", {})
    else:
        derived["Applied"] = old.get("Applied", {})
        derived["Balance"] = total - sum(derived["Applied"].values(), _ZERO)
    return derived


def _pays_tax(books: Books, fields: Wire) -> bool:
    customer = books.get("Customer", str(fields["CustomerRef"]["value"]))
    return customer is None or customer.fields.get("Taxable") is not False


def _counts_anew(fields: Wire, before: Stored) -> bool:
    """Whether tax is counted in another way than until now."""
    return linetax.calculation(fields) != linetax.calculation(before.fields)


def _check_party(fields: Wire, before: Stored) -> bool:
    """Whether the transaction goes to another customer or vendor."""
    moved = any(
        key in fields and fields[key]["value"] != before.fields[key]["value"]
        for key in ("CustomerRef", "VendorRef")
    )
    if moved and before.derived.get("Applied"):
        raise faultbodies.business("The name on a transaction with payments is fixed")
    return moved


def _check_stock_dates(books: Books, lines: list[Wire], txn_date: str) -> None:
    for line in lines:
        detail = line.get(line["DetailType"])
        if not isinstance(detail, dict) or "ItemRef" not in detail:
            continue
        item = books.get("Item", detail["ItemRef"]["value"])
        if item is not None and str(item.fields.get("InvStartDate", "")) > txn_date:
            raise faultbodies.before_stock()


def _payment(books: Books, spec: Spec, fields: Wire, before: Stored | None) -> Wire:
    void = before is not None and bool(before.derived.get("Void")) and not fields["TotalAmt"]
    derived: Wire = {"Void": void}
    if spec.name == "Payment":
        if "DepositToAccountRef" not in fields:
            funds = posting.role(books, "Other Current Asset", "UndepositedFunds")
            fields["DepositToAccountRef"] = {"value": funds.id}
        _check_type(books, fields, "DepositToAccountRef", ("Bank", "Other Current Asset"))
        receivable = posting.role(books, "Accounts Receivable").id
        if "ARAccountRef" in fields:
            _check_type(books, fields, "ARAccountRef", ("Accounts Receivable",))
            receivable = fields["ARAccountRef"]["value"]
        derived["Receivable"] = receivable
    else:
        _check_paid_from(books, fields)
    fields["TotalAmt"] = fields["TotalAmt"].quantize(Decimal("0.01"))
    derived["Line"] = settlement.check_lines(books, spec.name, fields, before)
    return derived


_PAY_WITH: Final = {
    "Check": ("CheckPayment", "BankAccountRef", ("Bank",)),
    "CreditCard": ("CreditCardPayment", "CCAccountRef", ("Credit Card",)),
}


def _check_paid_from(books: Books, fields: Wire) -> None:
    key, account_key, types = _PAY_WITH[fields["PayType"]]
    for name, _, _ in _PAY_WITH.values():
        if name != key and fields.get(name):
            raise faultbodies.business(f"{name} does not go with PayType {fields['PayType']}")
        if name != key:
            fields.pop(name, None)
    sent = fields.get(key)
    if not isinstance(sent, dict):
        raise faultbodies.required(key)
    for name in sent:
        if name not in (account_key, "PrintStatus"):
            raise faultbodies.unknown_property(name)
    target = sent.get(account_key)
    account_id = str(target.get("value") or "") if isinstance(target, dict) else ""
    if not account_id:
        raise faultbodies.required(f"{key}.{account_key}")
    wrapped = {account_key: {"value": account_id}}
    _check_type(books, wrapped, account_key, types)
    status = str(sent.get("PrintStatus") or "NotSet")
    if status not in ("NotSet", "NeedToPrint", "PrintComplete"):
        wrong = faultbodies.bad_value(f"{key}.PrintStatus", status, code="2170")
        raise faultbodies.QboFault([wrong])
    fields[key] = {**wrapped, "PrintStatus": status} if key == "CheckPayment" else wrapped


def _check_type(books: Books, fields: Wire, key: str, types: tuple[str, ...]) -> None:
    account_id = str(fields[key]["value"])
    account = books.get("Account", account_id)
    if account is None:
        raise faultbodies.bad_reference("Accounts", account_id)
    if account.fields["AccountType"] not in types:
        raise faultbodies.business(f"{key} must be an account of type {' or '.join(types)}")
