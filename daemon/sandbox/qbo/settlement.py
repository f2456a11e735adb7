"""Payments and what they settle: invoices and credit memos, bills and vendor credits.

A payment lists the documents it applies to; each of them knows by how much, and its balance
follows. Whoever else changes on the way gets a new version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.details import CENT, decimal
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire, number

_ZERO: Final = Decimal(0)
_LINE_KEYS: Final = frozenset(
    {"Id", "LineNum", "Description", "Amount", "LinkedTxn", "LineEx", "DetailType"}
    | {"PaymentLineDetail", "CustomExtensions", "CustomField"}
)
_LINK_KEYS: Final = frozenset({"TxnId", "TxnType", "TxnLineId"})


@dataclass(frozen=True, slots=True)
class _Sort:
    """How one kind of payment works."""

    party: str
    owed: str
    """Entity that it pays; its party field is the payment's."""
    credit: str
    """Entity that it uses up."""
    link: str
    """TxnType under which paid documents point back."""


SORTS: Final[Mapping[str, _Sort]] = {
    "Payment": _Sort("CustomerRef", "Invoice", "CreditMemo", "Payment"),
    "BillPayment": _Sort("VendorRef", "Bill", "VendorCredit", "BillPaymentCheck"),
}


def check_lines(books: Books, entity: str, fields: Wire, before: Stored | None) -> list[Wire]:
    """The lines of a payment as they will be stored; takes ``Line`` out of ``fields``.

    Raises 620 for what cannot be settled, 2290 and 6000 for amounts.
    """
    sent = fields.pop("Line", None)
    if sent is None:
        sent = []
    if not isinstance(sent, list) or not all(isinstance(line, dict) for line in sent):
        raise faultbodies.unknown_property("Line")
    own = _amounts(before.derived["Line"]) if before is not None else {}
    lines: list[Wire] = []
    for line in sent:
        stored = _check_line(books, entity, fields, line, own)
        if stored["LinkedTxn"][0]["TxnId"] in _amounts(lines):
            raise faultbodies.business("A payment names each document once")
        if stored["Amount"]:
            lines.append(stored)
    total, net = fields["TotalAmt"], _net(entity, lines)
    if total < 0:
        raise faultbodies.negative_amount("TotalAmt", total)
    if net > total:
        raise faultbodies.business("The amounts applied are more than the payment")
    if net < 0:
        raise faultbodies.business("The credits applied are more than what they pay")
    excess = books.switches.bill_payment_excess
    if entity == "BillPayment" and net < total and excess == "refuse":
        raise faultbodies.business("TotalAmt must equal the bills less the credits")
    return lines


def unapplied(stored: Stored) -> Decimal:
    """What of a payment settles nothing yet."""
    total: Decimal = stored.fields["TotalAmt"]
    return total - _net(stored.spec.name, stored.derived["Line"])


def applied(stored: Stored) -> Decimal:
    """What of a document is settled."""
    return sum(stored.derived.get("Applied", {}).values(), _ZERO)


def links(stored: Stored) -> list[Wire]:
    """``LinkedTxn`` of a document that payments settle."""
    kind = "Payment" if stored.spec.name in ("Invoice", "CreditMemo") else "BillPaymentCheck"
    return [{"TxnId": txn_id, "TxnType": kind} for txn_id in stored.derived.get("Applied", {})]


def payment_changed(
    books: Books, payment: Stored, old: list[Wire], new: list[Wire], *, but: str = ""
) -> None:
    """Tell the documents what a payment settles now; ``but``: one that needs no telling."""
    before, after = _amounts(old), _amounts(new)
    for txn_id in before.keys() | after.keys():
        document = books.transaction(txn_id)
        if document is None or txn_id == but or before.get(txn_id) == after.get(txn_id):
            continue
        settled = dict(document.derived["Applied"])
        settled.pop(payment.id, None)
        if txn_id in after:
            settled[payment.id] = after[txn_id]
        document.derived = {**document.derived, "Applied": settled}
        _set_balance(document)
        books.bump(document)


def document_changed(books: Books, document: Stored) -> None:
    """Make payments let go of what a document no longer is worth, the latest first."""
    too_much = applied(document) - document.derived["TotalAmt"]
    for payment_id in reversed(list(document.derived["Applied"])):
        payment = books.transaction(payment_id)
        if too_much <= 0 or payment is None:
            break
        amount = document.derived["Applied"][payment_id]
        part = min(amount, too_much)
        too_much -= part
        _let_go(books, payment, document, amount - part)
    _set_balance(document)


def document_removed(books: Books, document: Stored) -> None:
    """The same for a document that is deleted."""
    for payment_id in list(document.derived["Applied"]):
        payment = books.transaction(payment_id)
        if payment is not None:
            _let_go(books, payment, document, _ZERO)


def _let_go(books: Books, payment: Stored, document: Stored, left: Decimal) -> None:
    """Reduce one line; where a credit goes, what it paid goes too, from the last line on."""
    old = payment.derived["Line"]
    lines = [_with_amount(line, left) if _txn(line) == document.id else line for line in old]
    over = _net(payment.spec.name, lines) - payment.fields["TotalAmt"]
    owed = SORTS[payment.spec.name].owed
    for position in range(len(lines) - 1, -1, -1):
        line = lines[position]
        if over > 0 and line["LinkedTxn"][0]["TxnType"] == owed:
            part = min(over, line["Amount"])
            lines[position] = _with_amount(line, line["Amount"] - part)
            over -= part
    under = -_net(payment.spec.name, lines)
    for position in range(len(lines) - 1, -1, -1):
        line = lines[position]
        if under > 0 and line["LinkedTxn"][0]["TxnType"] != owed:
            part = min(under, line["Amount"])
            lines[position] = _with_amount(line, line["Amount"] - part)
            under -= part
    lines = [line for line in lines if line["Amount"]]
    payment.derived = {**payment.derived, "Line": lines}
    books.bump(payment)
    settled = dict(document.derived["Applied"])
    settled.pop(payment.id)
    if left:
        settled[payment.id] = left
    document.derived = {**document.derived, "Applied": settled}
    payment_changed(books, payment, old, lines, but=document.id)


def _set_balance(document: Stored) -> None:
    open_amount = document.derived["TotalAmt"] - applied(document)
    document.derived = {**document.derived, "Balance": open_amount}


def _with_amount(line: Wire, amount: Decimal) -> Wire:
    return {**line, "Amount": amount}


def _txn(line: Wire) -> str:
    return str(line["LinkedTxn"][0]["TxnId"])


def _amounts(lines: list[Wire]) -> dict[str, Decimal]:
    return {_txn(line): line["Amount"] for line in lines}


def _net(entity: str, lines: list[Wire]) -> Decimal:
    owed = SORTS[entity].owed
    signed = (
        line["Amount"] if line["LinkedTxn"][0]["TxnType"] == owed else -line["Amount"]
        for line in lines
    )
    return sum(signed, _ZERO)


def _check_line(
    books: Books, entity: str, fields: Wire, line: Wire, own: Mapping[str, Decimal]
) -> Wire:
    for key in line:
        if key not in _LINE_KEYS:
            raise faultbodies.unknown_property(key)
    if line.get("Amount") is None:
        raise faultbodies.required("Line.Amount")
    amount = decimal("Line.Amount", line["Amount"]).quantize(CENT, rounding=ROUND_HALF_UP)
    if amount < 0:
        raise faultbodies.negative_amount("Line.Amount", amount)
    link = _check_link(line.get("LinkedTxn"))
    document = _document(books, entity, fields, link)
    room = document.derived["Balance"] + own.get(document.id, _ZERO)
    if amount > room:
        if books.switches.overapplied == "refuse":
            reason = f"{amount} is more than the open balance of {link['TxnType']} {document.id}"
            raise faultbodies.business(reason)
        amount = room
    return {
        "Amount": number(amount),
        "LinkedTxn": [{"TxnId": document.id, "TxnType": link["TxnType"]}],
    }


def _check_link(sent: Any) -> Wire:
    if not isinstance(sent, list) or not sent:
        raise faultbodies.required("Line.LinkedTxn")
    if len(sent) > 1 or not isinstance(sent[0], dict):
        raise faultbodies.cannot_link("", "a line settles one transaction")
    for key in sent[0]:
        if key not in _LINK_KEYS:
            raise faultbodies.unknown_property(key)
    for key in ("TxnId", "TxnType"):
        if not sent[0].get(key):
            raise faultbodies.required(f"Line.LinkedTxn.{key}")
    return {"TxnId": str(sent[0]["TxnId"]), "TxnType": str(sent[0]["TxnType"])}


def _document(books: Books, entity: str, fields: Wire, link: Wire) -> Stored:
    sort = SORTS[entity]
    if link["TxnType"] in ("JournalEntry", "Deposit", "Expense", "Check"):
        raise faultbodies.not_simulated(f"payments of a {link['TxnType']}")
    if link["TxnType"] not in (sort.owed, sort.credit):
        raise faultbodies.cannot_link(link["TxnId"], f"{entity} settles no {link['TxnType']}")
    document = books.get(link["TxnType"], link["TxnId"])
    if document is None:
        raise faultbodies.cannot_link(link["TxnId"], "there is no such transaction")
    payer = fields[sort.party]["value"]
    party_id = str(document.fields[sort.party]["value"])
    party = books.get("Customer", party_id) if entity == "Payment" else None
    if payer not in (party_id, party.parent if party is not None else party_id):
        raise faultbodies.cannot_link(link["TxnId"], "it belongs to another name")
    return document
