"""What a user does to one document in the user interface, as the body of the write it amounts to.

Only bodies are made here; they go through the same rules as a request.
"""

from typing import Any, Final

from daemon.sandbox.qbo.posting import role
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire, number

_ON_LINE: Final = frozenset({"Description", "Amount", "LinkedTxn"})


def reordered(stored: Stored, order: Any) -> Wire:
    """The lines in another order: a list of all their ids. Raises ``ValueError``."""
    lines = {line["Id"]: line for line in _lines(stored)}
    if not isinstance(order, list) or sorted(map(str, order)) != sorted(lines):
        raise ValueError("reorder takes the ids of all lines")
    return {"Line": [lines[str(line_id)] for line_id in order]}


def with_line(stored: Stored, change: Any) -> Wire:
    """One line changed: its ``Id`` and properties of the line or of its detail (``ClassRef``,
    ``Qty`` ...); null takes one away. Raises ``ValueError``."""
    if not isinstance(change, dict):
        raise ValueError("line takes an object with Id and what to change")
    lines = [dict(line) for line in _lines(stored)]
    found = [line for line in lines if line["Id"] == str(change.get("Id", ""))]
    if not found:
        raise ValueError("line takes the Id of a line that exists")
    line = found[0]
    detail = dict(line.get(line["DetailType"], {}))
    for key, value in change.items():
        if key == "Id":
            continue
        place = line if key in _ON_LINE else detail
        place[key] = value
    if "Amount" not in change and {"Qty", "UnitPrice"} & change.keys():
        line.pop("Amount", None)
    line[line["DetailType"]] = detail
    return {"Line": lines}


def payment_of(books: Books, stored: Stored, how: Any) -> tuple[str, Wire]:
    """Entity and body of a payment of a bill or an invoice: ``{"amount", "account", "date"}``, all
    optional; the open balance, from or into the first bank account, today. Raises ``ValueError``.
    """
    if stored.spec.name not in ("Bill", "Invoice"):
        raise ValueError("pay is for bills and invoices")
    if how is True:
        how = {}
    if not isinstance(how, dict) or not how.keys() <= {"amount", "account", "date"}:
        raise ValueError("pay takes amount, account and date")
    amount = how.get("amount", number(stored.derived["Balance"]))
    account = {"value": str(how.get("account") or role(books, "Bank").id)}
    link = {"TxnId": stored.id, "TxnType": stored.spec.name}
    body: Wire = {"TotalAmt": amount, "Line": [{"Amount": amount, "LinkedTxn": [link]}]}
    if "date" in how:
        body["TxnDate"] = how["date"]
    if stored.spec.name == "Invoice":
        party = {"CustomerRef": stored.fields["CustomerRef"]}
        return "Payment", {**body, **party, "DepositToAccountRef": account}
    body |= {"VendorRef": stored.fields["VendorRef"], "PayType": "Check"}
    return "BillPayment", {**body, "CheckPayment": {"BankAccountRef": account}}


def _lines(stored: Stored) -> list[Wire]:
    found: list[Wire] = stored.derived.get("Line", [])
    if not found or "Id" not in found[0]:
        raise ValueError("this record has no lines to edit")
    return found
