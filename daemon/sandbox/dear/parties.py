"""Suppliers and customers: listed, created and updated by ID; nobody deletes them here.

Addresses and contacts are sub rows with ids of their own: a known id is updated, others are added.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final

from daemon.sandbox.dear.accounts import fit, special
from daemon.sandbox.dear.books import Routes, refuse_unknown_id, the_row
from daemon.sandbox.dear.errors import (
    Flaw,
    Invalid,
    location_missing,
    malformed,
    not_found,
    not_in_book,
    sales_rep_missing,
    taken,
    tax_rule_missing,
    term_missing,
)
from daemon.sandbox.dear.fields import (
    TEXT,
    Fields,
    Flag,
    Number,
    Rules,
    Text,
    Whole,
    Word,
    blank,
    read,
    require,
)
from daemon.sandbox.dear.paging import (
    Answer,
    Call,
    listed_since,
    listing,
    modified_after,
    single,
    starts_with,
)
from daemon.sandbox.dear.state import DearState, Row

STATUS: Final = Word(("Active", "Deprecated"), default="Active")
ATTRIBUTES: Final[Rules] = {f"AdditionalAttribute{n}": Text(256) for n in range(1, 11)}

COMMON: Final[Rules] = {
    "Name": Text(256),
    "Currency": Text(3),
    "PaymentTerm": Text(256),
    "TaxRule": Text(50),
    "Discount": Number(Decimal(0), Decimal(100), places=2),
    "Comments": Text(256),
    "TaxNumber": TEXT,
    "AttributeSet": Text(50),
    "Status": STATUS,
    **ATTRIBUTES,
}

SUPPLIER: Final[Rules] = {**COMMON, "AccountPayable": Text(50)}

CUSTOMER: Final[Rules] = {
    **COMMON,
    "DisplayName": Text(256),
    "AccountReceivable": Text(50),
    "RevenueAccount": Text(50),
    "PriceTier": TEXT,
    "Carrier": TEXT,
    "SalesRepresentative": TEXT,
    "Location": TEXT,
    "Comments": Text(2000),
    "CreditLimit": Number(Decimal(0)),
    "IsOnCreditHold": Flag(),
    "Tags": TEXT,
    "IsLegalEntity": Flag(),
    "CustomerParentID": TEXT,
    "IsBillParent": Flag(),
}

ADDRESS: Final[Rules] = {
    "Line1": Text(256),
    "Line2": Text(256),
    "City": Text(256),
    "State": Text(256),
    "Postcode": Text(20),
    "Country": TEXT,
    "Type": Word(("Billing", "Business", "Shipping")),
    "DefaultForType": Flag(),
}

CONTACT: Final[Rules] = {
    "Name": Text(256),
    "Phone": Text(50),
    "MobilePhone": Text(50),
    "Fax": Text(50),
    "Email": Text(256),
    "Website": Text(256),
    "Comment": Text(256),
    "Default": Flag(),
    "IncludeInEmail": Flag(),
    "MarketingConsent": Whole(1, 3, default=1),
}


@dataclass(frozen=True, slots=True)
class Party:
    """What differs between the two."""

    kind: str
    label: str
    list_key: str
    rules: Rules
    contact: Rules
    required: tuple[str, ...]
    sale: bool


SUPPLIERS: Final = Party(
    kind="supplier",
    label="Supplier",
    list_key="SupplierList",
    rules=SUPPLIER,
    contact=CONTACT,
    required=("Name", "Currency", "PaymentTerm", "AccountPayable", "TaxRule", "Status"),
    sale=False,
)
CUSTOMERS: Final = Party(
    kind="customer",
    label="Customer",
    list_key="CustomerList",
    rules=CUSTOMER,
    contact={**CONTACT, "JobTitle": Text(256)},
    required=(
        "Name",
        "Currency",
        "PaymentTerm",
        "AccountReceivable",
        "RevenueAccount",
        "TaxRule",
        "Status",
    ),
    sale=True,
)


def new_party(state: DearState, party: Party, given: Fields, *, row_id: str = "") -> Row:
    """Keep a supplier or customer; what was not given is empty, sub rows get ids."""
    fields: Fields = {**blank(party.rules), "Addresses": [], "Contacts": [], **given}
    row = state.add(party.kind, fields, row_id=row_id)
    for name, rules in (("Addresses", ADDRESS), ("Contacts", party.contact)):
        row.fields[name] = [
            {**blank(rules), **sub, "ID": sub.get("ID") or state.new_id()} for sub in fields[name]
        ]
    return row


def show_party(call: Call, party: Party, row: Row, *, writing: bool = False) -> Fields:
    """A row as the API shows it; what depends on other rows is looked up now.

    Answers to writes repeat the owner's id in every sub row.
    """
    shown = {"ID": call.shown_id(row), **row.fields, "LastModifiedOn": call.instant(row)}
    shown["Status"] = status_word(call, str(row.fields.get("Status") or ""))
    owner = {f"{party.label}ID": row.id} if writing else {}
    for name in ("Addresses", "Contacts"):
        shown[name] = [{**sub, **owner} for sub in row.fields[name]]
    if not party.sale:
        return shown
    parent_id = str(row.fields.get("CustomerParentID") or "")
    parent = call.state[party.kind].get(parent_id)
    shown["CustomerParentID"] = parent.id if parent else None
    shown["CustomerParentName"] = parent.fields["Name"] if parent else None
    shown["ProductPrices"] = []
    shown["ChildCustomers"] = [
        {"CustomerID": child.id, "CustomerName": child.fields["Name"]}
        for child in call.state[party.kind].where("CustomerParentID", row.id)
    ]
    return shown


def status_word(call: Call, word: str) -> str:
    return word.upper() if call.switches.status_words == "upper" else word


def visible(call: Call, row: Row, *, by_id: bool) -> bool:
    """Deprecated records stay out of sight unless asked for."""
    if row.fields.get("Status") != "Deprecated" or call.query.flag("IncludeDeprecated"):
        return True
    return by_id and call.switches.id_shows_deprecated


def list_parties(call: Call, party: Party) -> Answer:
    query = call.query
    wanted_id, since = query.guid("ID"), query.instant("ModifiedSince")
    name, contact = query.text("Name"), query.text("ContactFilter") if party.sale else ""
    rows = [
        row
        for row in listed_since(call, party.kind, "Name", since)
        if (not wanted_id or row.id == wanted_id)
        and starts_with(row, "Name", name)
        and modified_after(call, row, since)
        and visible(call, row, by_id=bool(wanted_id))
        and (not contact or _has_contact(row, contact))
    ]
    refuse_unknown_id(call, party.label, wanted_id, rows)
    return listing(call, party.list_key, rows, partial(show_party, call, party))


def _has_contact(row: Row, wanted: str) -> bool:
    wanted = wanted.casefold()
    return any(
        str(contact.get("Name") or "").casefold().startswith(wanted)
        or str(contact.get("Email") or "").casefold() == wanted
        for contact in row.fields["Contacts"]
    )


def _references(call: Call, party: Party, given: Fields) -> list[Flaw]:
    """Everything that a party names must exist, be active and fit."""
    state, flaws = call.state, list[Flaw]()
    use = "sale" if party.sale else "purchase"
    if term := given.get("PaymentTerm"):
        found = state["paymentterm"].one("Name", term)
        if found is None or not found.fields["IsActive"]:
            flaws.append(term_missing(term))
    if tax := given.get("TaxRule"):
        flaws += tax_flaws(state, tax, use)
    if payable := given.get("AccountPayable"):
        flaws += special(state, "AccountPayable", payable, "CREDITORS")
    if receivable := given.get("AccountReceivable"):
        flaws += special(state, "AccountReceivable", receivable, "DEBTORS")
    if revenue := given.get("RevenueAccount"):
        flaws += fit(state, "RevenueAccount", revenue, of_class="REVENUE")
    if (tier := given.get("PriceTier")) and tier not in state.price_tiers:
        flaws.append(not_in_book(tier))
    if (place := given.get("Location")) and state["location"].one("Name", place) is None:
        flaws.append(location_missing(place))
    if (rep := given.get("SalesRepresentative")) and state["contact"].one("Name", rep) is None:
        flaws.append(sales_rep_missing(rep))
    if (carrier := given.get("Carrier")) and state["carrier"].one("Description", carrier) is None:
        flaws.append(not_in_book(carrier))
    if (attributes := given.get("AttributeSet")) and not state["attributeset"].where(
        "Name", attributes
    ):
        flaws.append(not_in_book(attributes))
    if (parent := given.get("CustomerParentID")) and state["customer"].get(parent) is None:
        flaws.append(not_found("Parent customer"))
    return flaws


def tax_flaws(state: DearState, name: str, use: str) -> list[Flaw]:
    """A tax rule must be active and meant for sales or purchases, as the field is."""
    flag = "IsTaxForSale" if use == "sale" else "IsTaxForPurchase"
    row = state["tax"].one("Name", name)
    if row is None or not row.fields["IsActive"] or not row.fields[flag]:
        return [tax_rule_missing(name, use)]
    return []


def _sub_rows(
    call: Call, name: str, rules: Rules, kept: list[Fields], flaws: list[Flaw]
) -> list[Fields]:
    """Addresses or contacts after this write: known ids are updated, other rows are added."""
    given_rows: Any = call.body.get(name)
    if given_rows is None:
        return kept
    if not isinstance(given_rows, list) or not all(isinstance(sub, dict) for sub in given_rows):
        flaws.append(malformed(name, "a list of objects"))
        return kept
    required = ("Line1", "Country", "Type") if name == "Addresses" else ("Name",)
    known = {str(sub["ID"]).lower(): sub for sub in kept}
    written: dict[str, Fields] = {}
    for given in given_rows:
        old = known.get(str(given.get("ID") or "").lower())
        base = old or {**blank(rules), "ID": call.state.new_id()}
        sub = {
            **base,
            **read(rules, given, call.switches, flaws, updating=old is not None, prefix=f"{name}."),
        }
        require(sub, required, flaws, prefix=f"{name}.")
        written[str(sub["ID"]).lower()] = sub
    if call.switches.party_rows == "replace":
        return list(written.values())
    return list({**known, **written}.values())


def _checked(call: Call, party: Party, own: Row | None) -> Fields:
    flaws: list[Flaw] = []
    given = read(party.rules, call.body, call.switches, flaws, updating=own is not None)
    base: Fields = own.fields if own else {}
    require({**base, **given}, party.required, flaws)
    name = str(given.get("Name") or "")
    unique = party.sale or call.switches.supplier_names == "unique"
    if (
        unique
        and name
        and any(row is not own for row in call.state[party.kind].where("Name", name))
    ):
        flaws.append(taken(party.label, "Name", name))
    currency = str(given.get("Currency") or "")
    if currency and not (len(currency) == 3 and currency.isalpha() and currency.isupper()):
        flaws.append(malformed("Currency", "a currency code of three letters"))
    flaws += _references(call, party, given)
    for list_name, rules in (("Addresses", ADDRESS), ("Contacts", party.contact)):
        given[list_name] = _sub_rows(call, list_name, rules, base.get(list_name, []), flaws)
    if flaws:
        raise Invalid(*flaws)
    return given


def create_party(call: Call, party: Party) -> Answer:
    """POST ignores an ID and never updates."""
    row = new_party(call.state, party, _checked(call, party, None))
    call.created.append(f"{party.kind}/{row.id}")
    return single(party.list_key, show_party(call, party, row, writing=True))


def update_party(call: Call, party: Party) -> Answer:
    """Last writer wins: there is no version to check."""
    row = the_row(call, party.kind, party.label)
    fields = _checked(call, party, row)
    stamp = call.switches.noop_put == "stamps"
    call.state.change(party.kind, row, fields, stamp_always=stamp)
    call.changed.append(f"{party.kind}/{row.id}")
    return single(party.list_key, show_party(call, party, row, writing=True))


def _routes(party: Party) -> Any:
    return {
        "GET": partial(list_parties, party=party),
        "POST": partial(create_party, party=party),
        "PUT": partial(update_party, party=party),
    }


ROUTES: Final[Routes] = {"supplier": _routes(SUPPLIERS), "customer": _routes(CUSTOMERS)}
