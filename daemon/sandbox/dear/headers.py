"""Reading the header of a purchase or sale, references checked; values may be sent as text."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from daemon.sandbox.dear.documents import (
    POSTAL,
    SHIP_TO,
    Side,
    guid,
    read_address,
    read_attributes,
    read_date,
)
from daemon.sandbox.dear.errors import (
    Flaw,
    location_missing,
    missing,
    not_found,
    sales_rep_missing,
    term_missing,
)
from daemon.sandbox.dear.fields import Fields, Flag, Number, Rules, Text, Whole, blank, read
from daemon.sandbox.dear.paging import Call
from daemon.sandbox.dear.parties import ATTRIBUTES, tax_flaws
from daemon.sandbox.dear.state import Row

SHARED: Final[Rules] = {
    "Contact": Text(256),
    "Phone": Text(50),
    "TaxRule": Text(50),
    "Terms": Text(256),
    "Location": Text(256),
    "Note": Text(1024),
    "CurrencyRate": Number(low=Decimal("0.00001"), places=5, default=Decimal(1)),
}


def loosened(rules: Rules, body: Mapping[str, Any]) -> dict[str, Any]:
    """Yes-or-no fields and numbers may come as text: ``"false"``, ``"1"``."""
    loose = dict(body)
    for name, rule in rules.items():
        value = body.get(name)
        if not isinstance(value, str):
            continue
        if isinstance(rule, Flag) and value.lower() in ("true", "false", "1", "0"):
            loose[name] = value.lower() in ("true", "1")
        elif isinstance(rule, Number | Whole):
            try:
                number = Decimal(value)
            except InvalidOperation:
                continue
            if number.is_finite():
                loose[name] = number
    return loose


def party_of(call: Call, side: Side, flaws: list[Flaw]) -> Row | None:
    """The supplier or customer that the body names: by id, else by name."""
    label = side.party.capitalize()
    wanted = guid(call.body, side.party_key)
    if wanted:
        row = call.state[side.party].get(wanted)
    elif name := call.body.get(label):
        row = call.state[side.party].one("Name", str(name))
    else:
        flaws.append(missing(label))
        return None
    if row is None:
        flaws.append(not_found(label))
    return row


def read_header(
    call: Call, side: Side, rules: Rules, flaws: list[Flaw], *, updating: bool
) -> Fields:
    """The header fields that the body gives, references checked."""
    body = loosened(rules, call.body)
    given = read(rules, body, call.switches, flaws, updating=updating)
    state = call.state
    if rule := given.get("TaxRule"):
        flaws += tax_flaws(state, rule, side.kind)
    if term := given.get("Terms"):
        found = state["paymentterm"].one("Name", term)
        if found is None or not found.fields["IsActive"]:
            flaws.append(term_missing(term))
    if place := given.get("Location"):
        found = state["location"].one("Name", place)
        if found is None:
            flaws.append(location_missing(place))
        else:
            given["Location"] = found.fields["Name"]
    if (rep := given.get("SalesRepresentative")) and state["contact"].one("Name", rep) is None:
        flaws.append(sales_rep_missing(rep))
    for name, shape in (("BillingAddress", POSTAL), ("ShippingAddress", SHIP_TO)):
        if address := read_address(call, name, shape, flaws):
            given[name] = {**blank(shape), **address}
    for name in ("RequiredBy", "ShipBy", "OrderDate", "SaleOrderDate"):
        if day := read_date(call.body, name, flaws):
            given[name] = day
    if attributes := read_attributes(call, flaws):
        given["AdditionalAttributes"] = attributes
    return given


def currency_flaws(call: Call, currency: str, given: Fields, flaws: list[Flaw]) -> None:
    """Foreign documents name their rate; those in the company's currency have the rate 1."""
    if currency == call.state.me["Currency"]:
        given["CurrencyRate"] = Decimal(1)
    elif "CurrencyRate" not in given:
        flaws.append(missing("CurrencyRate"))


def party_address(party: Row, kind: str, rules: Rules) -> Fields:
    """The party's own address of a kind, as documents start with it."""
    rows = [row for row in party.fields["Addresses"] if row["Type"] == kind]
    rows.sort(key=lambda row: not row["DefaultForType"])
    found = rows[0] if rows else {}
    return {**blank(rules), **{name: found[name] for name in POSTAL if name in found}}


def party_contact(party: Row, field: str) -> Any:
    rows = sorted(party.fields["Contacts"], key=lambda row: not row["Default"])
    return rows[0][field] if rows else None


def no_attributes() -> Fields:
    return blank(ATTRIBUTES)


FIXED: Final = ("TaxRule", "TaxCalculation", "CurrencyRate", "Location", "Currency")
"""What can not be changed once the order is authorised."""
