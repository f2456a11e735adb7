"""What purchases and sales have in common when they are written: lines, dates, references."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from daemon.sandbox.dear.errors import (
    DearRefusal,
    Flaw,
    Invalid,
    account_missing,
    malformed,
    missing,
    product_missing,
)
from daemon.sandbox.dear.fields import TEXT, Fields, Flag, Number, Rules, Text, read, require
from daemon.sandbox.dear.money import (
    CENT,
    MAX_AMOUNT,
    ZERO,
    Manner,
    line_tax,
    line_total,
    manner,
)
from daemon.sandbox.dear.paging import Call
from daemon.sandbox.dear.parties import ATTRIBUTES, tax_flaws
from daemon.sandbox.dear.state import DearState, Row

NO_ID: Final = "00000000-0000-0000-0000-000000000000"
DEAD: Final = ("VOIDED",)
LIVE: Final = ("AUTHORISED", "PAID")
"""Statuses of invoices that count."""

STATUS: Final = ("DRAFT", "AUTHORISED")
"""Only these may be sent."""

POSTAL: Final[Rules] = {
    "Line1": Text(256),
    "Line2": Text(256),
    "City": Text(256),
    "State": Text(256),
    "Postcode": Text(20),
    "Country": TEXT,
}
SHIP_TO: Final[Rules] = {
    **POSTAL,
    "Company": Text(256),
    "Contact": Text(256),
    "ShipToOther": Flag(),
}

LINE: Final[Rules] = {
    "Quantity": Number(low=ZERO, high=MAX_AMOUNT),
    "Price": Number(low=-MAX_AMOUNT, high=MAX_AMOUNT),
    "Discount": Number(ZERO, Decimal(100), places=2),
    "Tax": Number(),
    "TaxRule": Text(50),
    "Total": Number(),
    "Comment": Text(256),
    "SupplierSKU": Text(256),
    "Reference": Text(256),
    "Account": Text(50),
}


@dataclass(frozen=True, slots=True)
class Side:
    """What differs between buying and selling."""

    kind: Literal["purchase", "sale"]
    label: str
    party: Literal["supplier", "customer"]
    control: str
    """The party's field that names the receivable or payable account."""

    @property
    def party_key(self) -> str:
        return f"{self.party.capitalize()}ID"


PURCHASE: Final = Side("purchase", "Purchase", "supplier", "AccountPayable")
SALE: Final = Side("sale", "Sale", "customer", "AccountReceivable")


def guid(body: Mapping[str, Any], name: str) -> str:
    """An id in the body, in lower case; ``""`` when absent, empty or the zero id."""
    value = body.get(name)
    if value in (None, "", NO_ID):
        return ""
    try:
        return str(uuid.UUID(value if isinstance(value, str) else "?"))
    except ValueError as error:
        raise Invalid(malformed(name, "a GUID")) from error


def find(call: Call, side: Side, document_id: str) -> Row:
    """The purchase or sale of an id."""
    row = call.state[side.kind].get(document_id)
    if row is None:
        raise DearRefusal(call.switches.unknown_document, [Flaw(f"{side.label} not found", 404)])
    return row


def asked(call: Call, side: Side, name: str = "ID") -> Row:
    """The purchase or sale that the query names."""
    wanted = call.query.guid(name)
    if not wanted:
        raise Invalid(missing(name))
    return find(call, side, wanted)


def named(call: Call, side: Side, name: str) -> Row:
    """The purchase or sale that the body names."""
    wanted = guid(call.body, name)
    if not wanted:
        raise Invalid(missing(name))
    return find(call, side, wanted)


def read_date(body: Mapping[str, Any], name: str, flaws: list[Flaw]) -> str | None:
    """A calendar date as it is kept (midnight, no zone); None when absent."""
    value = body.get(name)
    if value in (None, ""):
        return None
    try:
        found = datetime.fromisoformat(value if isinstance(value, str) else "?")
    except ValueError:
        found = None
    if found is None or not 1900 <= found.year <= 2200:
        flaws.append(malformed(name, "a date in ISO 8601 format"))
        return None
    return f"{found.date()}T00:00:00"


def today(state: DearState) -> str:
    return f"{state.now().date()}T00:00:00"


def locked(call: Call, dates: Iterable[str | None]) -> list[Flaw]:
    """What is wrong with changing something of these dates: the period may be locked."""
    lock = str(call.state.me.get("LockDate") or "")[:10]
    if not lock:
        return []
    first_closed = min((day[:10] for day in dates if day), default="9999")
    if first_closed < lock or (first_closed == lock and call.switches.lock_day == "closed"):
        text = f"Date {first_closed} is in the locked period: changes are allowed after {lock} only"
        return [Flaw(text)]
    return []


def refuse_locked(call: Call, dates: Iterable[str | None]) -> None:
    if flaws := locked(call, dates):
        raise Invalid(*flaws)


def status_of(call: Call, flaws: list[Flaw], default: str = "DRAFT") -> str:
    """The Status that a write sends."""
    value = call.body.get("Status")
    if value in (None, ""):
        return default
    word = value.upper() if isinstance(value, str) else ""
    if word not in STATUS:
        flaws.append(Flaw(f"'Status' is invalid. Valid values: {', '.join(STATUS)}"))
        return default
    return word


def text_of(call: Call, name: str, limit: int, flaws: list[Flaw]) -> str:
    given = read({name: Text(limit)}, call.body, call.switches, flaws)
    return str(given.get(name) or "")


def objects(body: Mapping[str, Any], name: str, flaws: list[Flaw]) -> list[Mapping[str, Any]]:
    """A list of objects in the body; absent is empty."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        flaws.append(malformed(name, "a list of objects"))
        return []
    return value


def product_of(state: DearState, given: Mapping[str, Any], *, names: Sequence[str]) -> Row | None:
    """The product that a line names: by id, else by the first of ``names`` that is given."""
    if given.get("ProductID"):
        return state["product"].get(str(given["ProductID"]))
    for name in names:
        if given.get(name):
            field = "SKU" if name == "SKU" else "Name"
            return state["product"].one(field, str(given[name]))
    return None


@dataclass(frozen=True, slots=True)
class LineReader:
    """Reads the lines of one document."""

    call: Call
    side: Side
    document: Mapping[str, Any]
    prices_accounts: bool = False
    """Whether lines name accounts (invoices and credit notes do, orders do not)."""

    @property
    def how(self) -> Manner:
        return manner(self.call.state.me, self.document, self.call.switches)

    def lines(self, flaws: list[Flaw]) -> tuple[list[Fields], list[Fields]]:
        """Lines and additional charges of the body."""
        combined = self.call.body.get("CombineAdditionalCharges") in (True, "true", "True")
        goods: list[Fields] = []
        charges: list[Fields] = []
        for given in objects(self.call.body, "Lines", flaws):
            product = product_of(self.call.state, given, names=("SKU", "Name"))
            if product is None:
                flaws.append(product_missing(str(given.get("SKU") or given.get("ProductID"))))
            elif product.fields["Type"] == "Stock":
                goods.append(self._line(given, product, flaws, "Lines."))
            elif combined:
                charges.append(self._line(given, product, flaws, "Lines."))
            else:
                text = f"'{product.fields['SKU']}' is a service: it belongs in AdditionalCharges"
                flaws.append(Flaw(text))
        for given in objects(self.call.body, "AdditionalCharges", flaws):
            product = product_of(self.call.state, given, names=("Description", "SKU", "Name"))
            if product is None or product.fields["Type"] != "Service":
                flaws.append(product_missing(str(given.get("Description")), "Service product"))
            else:
                charges.append(self._line(given, product, flaws, "AdditionalCharges."))
        if goods and self.document["IsServiceOnly"]:
            flaws.append(Flaw(f"{self.side.label} is service only: stock lines are not allowed"))
        return goods, charges

    def _line(
        self, given: Mapping[str, Any], product: Row, flaws: list[Flaw], prefix: str
    ) -> Fields:
        call, how = self.call, self.how
        mine: list[Flaw] = []
        line = read(LINE, given, call.switches, mine, prefix=prefix)
        require(line, ["Quantity"], mine, prefix=prefix)
        if call.switches.bare_lines == "refuse":
            require(line, ["Price", "Tax", "TaxRule", "Total"], mine, prefix=prefix)
        if line.get("Quantity") == 0:
            mine.append(malformed(f"{prefix}Quantity", "a number above zero"))
        rule = line.get("TaxRule") or self.document["TaxRule"] or ""
        mine += tax_flaws(call.state, rule, self.side.kind)
        account = line.get("Account")
        if account and self.prices_accounts and call.state["account"].get(account) is None:
            mine.append(account_missing())
        if not mine:
            self._count(line, rule, how, mine)
        flaws += mine
        kept = {
            "ProductID": product.id,
            "Quantity": line.get("Quantity", ZERO),
            "Price": line.get("Price", ZERO),
            "Discount": line.get("Discount", ZERO),
            "Tax": line.get("Tax", ZERO),
            "TaxRule": rule,
            "Total": line.get("Total", ZERO),
            "Comment": line.get("Comment"),
            "Reference": line.get("Reference"),
            "SupplierSKU": line.get("SupplierSKU"),
        }
        return {**kept, "Account": account or None} if self.prices_accounts else kept

    def _count(self, line: Fields, rule: str, how: Manner, flaws: list[Flaw]) -> None:
        """Put computed Total and Tax into the line; those that were sent must be the same."""
        full = {"Price": ZERO, "Discount": ZERO, **line}
        total = line_total(full, how)
        row = self.call.state["tax"].one("Name", rule)
        tax = line_tax(total, row.fields["TaxPercent"] if row else ZERO, how)
        if "Tax" in line and abs(line["Tax"] - tax) >= CENT:
            if self.call.switches.line_tax == "checked":
                flaws.append(Flaw(f"Line Tax is invalid: {tax} expected, {line['Tax']} received"))
            else:
                tax = line["Tax"]
        shown = total + tax if how.shows_tax else total
        sent = line.get("Total")
        if sent is not None and how.cents(sent) != how.cents(shown):
            flaws.append(Flaw(f"Line Total is invalid: {shown} expected, {sent} received"))
        if abs(total) > MAX_AMOUNT:
            flaws.append(malformed("Total", f"a number up to {MAX_AMOUNT}"))
        line["Total"], line["Tax"] = total, tax


def read_attributes(call: Call, flaws: list[Flaw]) -> Fields:
    given: Any = call.body.get("AdditionalAttributes")
    if given is None:
        return {}
    if not isinstance(given, dict):
        flaws.append(malformed("AdditionalAttributes", "an object"))
        return {}
    return read(ATTRIBUTES, given, call.switches, flaws, prefix="AdditionalAttributes.")


def read_address(call: Call, name: str, rules: Rules, flaws: list[Flaw]) -> Fields:
    given: Any = call.body.get(name)
    if given is None:
        return {}
    if not isinstance(given, dict):
        flaws.append(malformed(name, "an object"))
        return {}
    return read(rules, given, call.switches, flaws, prefix=f"{name}.")
