"""What documents post: entries on accounts, balances of parties, stock and its cost.

Every posting balances. Nothing here refuses anything: that was done before.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.shelf import Movement, Shelf
from daemon.sandbox.qbo.state import Books, Entry, Stored
from daemon.sandbox.qbo.wire import Wire, number

_ZERO: Final = Decimal(0)
_SIGN: Final = {"Invoice": 1, "CreditMemo": -1, "Bill": 1, "VendorCredit": -1}
"""+1: goods and money move as in a sale or a purchase; -1: they go back."""
_SALES: Final = frozenset({"Invoice", "CreditMemo"})


def role(books: Books, account_type: str, sub_type: str = "") -> Stored:
    """The first active account of a type (and sub type). Raises 6000 when there is none."""
    for account in books.all("Account"):
        fields = account.fields
        wanted = fields["AccountType"] == account_type and account.active
        if wanted and sub_type in ("", fields["AccountSubType"]):
            return account
    raise faultbodies.business(f"The company has no account of type {sub_type or account_type}")


def signature(stored: Stored) -> tuple[Any, ...]:
    """What of a transaction matters to the books; equal signatures post the same."""
    fields, derived = stored.fields, stored.derived
    header = [fields.get(key) for key in ("CustomerRef", "VendorRef", "TxnDate", "APAccountRef")]
    header += [fields.get(key) for key in ("TotalAmt", "ARAccountRef", "DepositToAccountRef")]
    header += [fields.get(key) for key in ("CheckPayment", "CreditCardPayment")]
    lines = [
        (line["Id"], line["Amount"], _plain(line[line["DetailType"]]))
        for line in derived.get("Line", [])
        if "Amount" in line and "DetailType" in line
    ]
    taxes = derived.get("TaxLine", [])
    return (header, lines, taxes, derived.get("TotalAmt"), derived.get("Accounts"))


def _plain(detail: Wire) -> list[Any]:
    return [detail.get(key) for key in ("ItemRef", "AccountRef", "DiscountAccountRef", "Qty")]


def post(books: Books, stored: Stored) -> None:
    """Post a document anew, in the place of what it posted before."""
    _stock(books, stored, _movements(stored))
    _book(books, stored.id, _entries(books, stored))


def unpost(books: Books, stored: Stored) -> None:
    """Take everything back that a document posted."""
    _stock(books, stored, [])
    _book(books, stored.id, [])


def touch_items(books: Books, stored: Stored) -> None:
    """A document that posts nothing still moves the clock of the tracked items on it."""
    for item_id in {_item_id(line) for line in stored.derived["Line"]}:
        item = books.get("Item", item_id)
        if item is not None and item.fields["Type"] == "Inventory":
            books.touch(item)


def open_stock(books: Books, item: Stored, quantity: Decimal, *, booked: bool) -> None:
    """Begin to track an item with its first quantity; ``booked``: post its value."""
    shelf = Shelf(quantity, item.fields.get("PurchaseCost", _ZERO))
    books.shelves[item.id] = shelf
    item.derived["QtyOnHand"] = quantity
    value = shelf.opening_value
    if booked and value:
        equity = role(books, "Equity", "OpeningBalanceEquity")
        asset = item.fields["AssetAccountRef"]["value"]
        _book(books, f"item {item.id}", [Entry(asset, value), Entry(equity.id, -value)])


def dump(books: Books) -> list[Wire]:
    """The general ledger: every posting with its entries; debits positive."""
    return [_shown(books, source, entries) for source, entries in books.postings.items()]


def _shown(books: Books, source: str, entries: Iterable[Entry]) -> Wire:
    stored = books.transaction(source)
    head: Wire = {"Source": "Item" if stored is None else stored.spec.name}
    head["Id"] = source.removeprefix("item ")
    head["TxnDate"] = stored.fields["TxnDate"] if stored is not None else ""
    rows: list[Wire] = []
    for entry in entries:
        row: Wire = {"AccountRef": {"value": entry.account}, "Amount": number(entry.amount)}
        if entry.party is not None:
            row["Entity"] = {"Type": entry.party[0], "value": entry.party[1]}
        rows.append(row)
    return {**head, "Entries": rows}


def _item_id(line: Wire) -> str:
    detail = line.get(line.get("DetailType", ""))
    reference = detail.get("ItemRef") if isinstance(detail, dict) else None
    return str(reference["value"]) if isinstance(reference, dict) else ""


def _movements(stored: Stored) -> list[tuple[str, Movement]]:
    """Item and movement of each line that moves stock."""
    if stored.spec.name not in _SIGN:
        return []
    sales, sign = stored.spec.name in _SALES, _SIGN[stored.spec.name]
    found: list[tuple[str, Movement]] = []
    for line in stored.derived["Line"]:
        accounts = stored.derived["Accounts"].get(line["Id"], {})
        quantity = line.get(line["DetailType"], {}).get("Qty", _ZERO) if accounts else _ZERO
        if "AssetAccountRef" not in accounts or not quantity:
            continue
        key = (str(stored.fields["TxnDate"]), int(stored.id), int(line["Id"]))
        moved = quantity * (-sign if sales else sign)
        value = None if sales or moved < 0 else line["Amount"] * sign
        found.append((_item_id(line), Movement(key, moved, value)))
    return found


def _stock(books: Books, stored: Stored, moved: Sequence[tuple[str, Movement]]) -> None:
    items = frozenset(item_id for item_id, _ in moved)
    restated: set[int] = set()
    for item_id in items | books.stocked.pop(stored.id, frozenset()):
        item, shelf = books.get("Item", item_id), books.shelves[item_id]
        own = [movement for wanted, movement in moved if wanted == item_id]
        restated |= shelf.replace(int(stored.id), own)
        if item is not None:
            item.derived["QtyOnHand"] = shelf.quantity
            books.touch(item)
    if items:
        books.stocked[stored.id] = items
    for source in sorted(restated - {int(stored.id)}):
        other = books.transaction(str(source))
        if other is not None:
            _book(books, other.id, _entries(books, other), all_touched=False)


def _book(books: Books, source: str, entries: Sequence[Entry], *, all_touched: bool = True) -> None:
    """Exchange a posting; moves the clock of its accounts and parties, or of those that differ."""
    changes: dict[tuple[str, str], Decimal] = {}
    for sign, part in ((-1, books.postings.pop(source, ())), (1, entries)):
        for entry in part:
            keys = [("Account", entry.account)]
            if entry.party is not None:
                keys.append(entry.party)
            for key in keys:
                changes[key] = changes.get(key, _ZERO) + sign * entry.amount
    if entries:
        books.postings[source] = tuple(entries)
    for (entity, record_id), change in changes.items():
        record = books.get(entity, record_id)
        if record is None or not (change or all_touched):
            continue
        own = -change if entity == "Vendor" else change
        record.derived["Balance"] = record.derived.get("Balance", _ZERO) + own
        books.touch(record)


def _entries(books: Books, stored: Stored) -> list[Entry]:
    match stored.spec.name:
        case "Invoice" | "CreditMemo":
            found = _sale(books, stored)
        case "Bill" | "VendorCredit":
            found = _purchase(books, stored)
        case "Payment":
            found = _payment(stored)
        case "BillPayment":
            found = _bill_payment(stored)
        case _:
            found = []
    return [entry for entry in found if entry.amount]


def _stock_effect(books: Books, stored: Stored, line: Wire) -> Decimal | None:
    """Change of the value of the stock by a line; None when it moves no stock."""
    shelf = books.shelves.get(_item_id(line))
    for movement in shelf.of(int(stored.id)) if shelf is not None else ():
        if movement.key[2] == int(line["Id"]):
            movement.booked = movement.cost
            return movement.effect
    return None


def _sale(books: Books, stored: Stored) -> list[Entry]:
    sign = _SIGN[stored.spec.name]
    customer = ("Customer", str(stored.fields["CustomerRef"]["value"]))
    found = [Entry(stored.derived["Receivable"], sign * stored.derived["TotalAmt"], customer)]
    for line in stored.derived["Line"]:
        accounts = stored.derived["Accounts"].get(line["Id"], {})
        amount = sign * line.get("Amount", _ZERO)
        if line["DetailType"] == "DiscountLineDetail":
            found.append(Entry(line["DiscountLineDetail"]["DiscountAccountRef"]["value"], amount))
        elif line["DetailType"] == "SalesItemLineDetail":
            found.append(Entry(accounts["IncomeAccountRef"], -amount))
            effect = _stock_effect(books, stored, line)
            if effect is not None:
                found.append(Entry(accounts["AssetAccountRef"], effect))
                found.append(Entry(accounts["ExpenseAccountRef"], -effect))
    for tax in stored.derived.get("TaxLine", []):
        found.append(Entry(tax["Account"], -sign * tax["Amount"]))
    return found


def _purchase(books: Books, stored: Stored) -> list[Entry]:
    sign = _SIGN[stored.spec.name]
    vendor = ("Vendor", str(stored.fields["VendorRef"]["value"]))
    payable = stored.fields["APAccountRef"]["value"]
    found = [Entry(payable, -sign * stored.derived["TotalAmt"], vendor)]
    for line in stored.derived["Line"]:
        accounts = stored.derived["Accounts"].get(line["Id"], {})
        amount = sign * line["Amount"]
        effect = _stock_effect(books, stored, line)
        if line["DetailType"] == "AccountBasedExpenseLineDetail":
            found.append(Entry(line[line["DetailType"]]["AccountRef"]["value"], amount))
        elif effect is None:
            found.append(Entry(accounts["ExpenseAccountRef"], amount))
        else:
            found.append(Entry(accounts["AssetAccountRef"], effect))
            found.append(Entry(accounts["ExpenseAccountRef"], amount - effect))
    for tax in stored.derived.get("TaxLine", []):
        found.append(Entry(tax["Account"], sign * tax["Amount"]))
    return found


def _payment(stored: Stored) -> list[Entry]:
    customer = ("Customer", str(stored.fields["CustomerRef"]["value"]))
    total = stored.fields["TotalAmt"]
    receivable = stored.derived["Receivable"]
    bank = stored.fields["DepositToAccountRef"]["value"]
    return [Entry(bank, total), Entry(receivable, -total, customer)]


def _bill_payment(stored: Stored) -> list[Entry]:
    vendor = ("Vendor", str(stored.fields["VendorRef"]["value"]))
    total = stored.fields["TotalAmt"]
    fields = stored.fields
    if fields["PayType"] == "Check":
        paid_from = fields["CheckPayment"]["BankAccountRef"]["value"]
    else:
        paid_from = fields["CreditCardPayment"]["CCAccountRef"]["value"]
    return [Entry(fields["APAccountRef"]["value"], total, vendor), Entry(paid_from, -total)]
