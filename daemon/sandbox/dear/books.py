"""Reference books other than accounts and tax: terms, categories, brands, units, locations ...

Terms answer writes with a list of one; categories, brands and units with the bare object.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeAlias

from daemon.sandbox.dear.errors import Flaw, Invalid, in_use, missing, not_found, taken
from daemon.sandbox.dear.fields import Fields, Flag, Rules, Text, Whole, Word, read, require
from daemon.sandbox.dear.paging import (
    Answer,
    Call,
    equals,
    listed,
    listing,
    single,
    starts_with,
)
from daemon.sandbox.dear.state import Row

Handler: TypeAlias = Callable[[Call], Answer]
Routes: TypeAlias = Mapping[str, Mapping[str, Handler]]
"""Path below the base, in lower case -> verb -> handler."""

SUCCESS: Final[Answer] = {"Success": True}

TERM: Final[Rules] = {
    "Name": Text(256),
    "Duration": Whole(),
    "Method": Word(
        (
            "number of days",
            "day of next month",
            "last day of next month",
            "days since the end of the month",
        ),
        default="number of days",
    ),
    "IsActive": Flag(default=True),
    "IsDefault": Flag(),
}
NAMED: Final[Rules] = {"Name": Text(50)}

LABELS: Final = {
    "paymentterm": "Payment term",
    "category": "Category",
    "brand": "Brand",
    "unit": "Unit",
}

LIST_KEYS: Final = {
    "paymentterm": "PaymentTermList",
    "category": "CategoryList",
    "brand": "BrandList",
    "unit": "UnitList",
    "location": "LocationList",
    "carrier": "CarrierList",
    "contact": "MeContactsList",
    "attributeset": "AttributeSetList",
}

ID_KEYS: Final = {"carrier": "CarrierID", "contact": "ContactID"}


def show(call: Call, kind: str, row: Row) -> Fields:
    return {ID_KEYS.get(kind, "ID"): call.shown_id(row), **row.fields}


def list_book(
    call: Call, kind: str, *, prefix: str = "Name", flags: tuple[str, ...] = ()
) -> Answer:
    """Every list of a book: by ID, by the start of the name, by yes-or-no fields."""
    wanted_id = call.query.guid(ID_KEYS.get(kind, "ID"))
    wanted_name = call.query.text(prefix)
    wanted = {flag: value for flag in flags if (value := call.query.flag(flag)) is not None}
    method = call.query.text("Method") if kind == "paymentterm" else ""
    rows = [
        row
        for row in listed(call, kind, prefix)
        if (not wanted_id or row.id == wanted_id)
        and starts_with(row, prefix, wanted_name)
        and equals(row, "Method", method)
        and all(row.fields.get(flag) is value for flag, value in wanted.items())
    ]
    refuse_unknown_id(call, LABELS.get(kind, "Record"), wanted_id, rows)
    return listing(call, LIST_KEYS[kind], rows, partial(show, call, kind))


def refuse_unknown_id(call: Call, what: str, wanted_id: str, rows: list[Row]) -> None:
    """Some endpoints may refuse an ID that does not exist instead of listing nothing."""
    if wanted_id and not rows and call.switches.unknown_id == "refuse":
        raise Invalid(not_found(what))


def the_row(call: Call, kind: str, what: str) -> Row:
    """The record that a PUT's ID names."""
    row = call.state[kind].get(call.record_id())
    if row is None:
        raise Invalid(not_found(what))
    return row


def _unique_name(call: Call, kind: str, fields: Fields, own: Row | None) -> list[Flaw]:
    name = str(fields.get("Name") or "")
    if not name or all(row is own for row in call.state[kind].where("Name", name)):
        return []
    if kind == "unit":
        return [Flaw("This unit already exists. Unit name must be unique.")]
    return [taken(LABELS[kind], "Name", name)]


def _checked(call: Call, kind: str, rules: Rules, own: Row | None) -> Fields:
    flaws: list[Flaw] = []
    given = read(rules, call.body, call.switches, flaws, updating=own is not None)
    base = own.fields if own else {name: rule.default for name, rule in rules.items()}
    merged = {**base, **given}
    require(merged, ["Name"], flaws)
    flaws += _unique_name(call, kind, given, own)
    if flaws:
        raise Invalid(*flaws)
    return merged if own is None else given


def _write(call: Call, kind: str, rules: Rules, own: Row | None) -> Row:
    fields = _checked(call, kind, rules, own)
    if own is None:
        row = call.state.add(kind, fields)
        call.created.append(f"{kind}/{row.id}")
    else:
        row = own
        call.state.change(kind, row, fields)
        call.changed.append(f"{kind}/{row.id}")
    if fields.get("IsDefault") is True:
        for other in call.state[kind]:
            if other is not row:
                other.fields["IsDefault"] = False
    return row


def create(call: Call, kind: str) -> Answer:
    return show(call, kind, _write(call, kind, NAMED, None))


def update(call: Call, kind: str) -> Answer:
    return show(call, kind, _write(call, kind, NAMED, the_row(call, kind, LABELS[kind])))


def delete(call: Call, kind: str) -> Answer:
    """Records that others name stay."""
    wanted = call.query.guid("ID")
    if not wanted:
        raise Invalid(missing("ID"))
    row = call.state[kind].get(wanted)
    if row is None:
        raise Invalid(not_found(LABELS[kind]))
    if call.state.mentions(kind, row):
        raise Invalid(in_use(LABELS[kind], str(row.fields["Name"])))
    call.state.remove(kind, row)
    call.changed.append(f"{kind}/{row.id}")
    return SUCCESS


def create_term(call: Call) -> Answer:
    return single(LIST_KEYS["paymentterm"], show(call, "paymentterm", _write_term(call, None)))


def update_term(call: Call) -> Answer:
    row = the_row(call, "paymentterm", LABELS["paymentterm"])
    return single(LIST_KEYS["paymentterm"], show(call, "paymentterm", _write_term(call, row)))


def _write_term(call: Call, own: Row | None) -> Row:
    return _write(call, "paymentterm", TERM, own)


def get_me(call: Call) -> Answer:
    """The company itself. Whether a QuickBooks link is on cannot be seen here."""
    shown = dict(call.state.me)
    for name in ("LockDate", "OpeningBalanceDate"):
        if shown[name] and call.switches.dates == "tenant":
            year, month, day = str(shown[name])[:10].split("-")
            shown[name] = f"{day}/{month}/{year}"
    return shown


def get_price_tiers(call: Call) -> Answer:
    tiers = call.state.price_tiers
    return {"PriceTiers": [{"Code": n, "Name": name} for n, name in enumerate(tiers, 1)]}


def list_banks(call: Call) -> Answer:
    """The bank accounts of the chart, seen from the bank's side."""
    name, bank = call.query.text("Name"), call.query.text("Bank")
    rows = [
        row
        for row in listed(call, "account", "Name")
        if row.fields["Type"] == "BANK"
        and starts_with(row, "Name", name)
        and equals(row, "Bank", bank)
    ]
    return listing(call, "BankAccountsList", rows, _bank)


def _bank(row: Row) -> dict[str, Any]:
    return {
        "AccountID": row.fields["BankAccountId"],
        "Bank": row.fields["Bank"],
        "AccountName": row.fields["Name"],
        "AccountNumber": row.fields["BankAccountNumber"],
        "AccountCode": row.fields["Code"],
        "Currency": row.fields["Currency"],
        "StatementBalance": Decimal(0),
        "BalanceInDear": Decimal(0),
        "InitialBalance": Decimal(0),
    }


def _book(kind: str) -> dict[str, Handler]:
    return {
        "GET": partial(list_book, kind=kind),
        "POST": partial(create, kind=kind),
        "PUT": partial(update, kind=kind),
        "DELETE": partial(delete, kind=kind),
    }


ROUTES: Final[Routes] = {
    "me": {"GET": get_me},
    "me/contacts": {"GET": partial(list_book, kind="contact", flags=("DefaultForType",))},
    "ref/account/bank": {"GET": list_banks},
    "ref/paymentterm": {
        "GET": partial(list_book, kind="paymentterm", flags=("IsActive", "IsDefault")),
        "POST": create_term,
        "PUT": update_term,
        "DELETE": partial(delete, kind="paymentterm"),
    },
    "ref/category": _book("category"),
    "ref/brand": _book("brand"),
    "ref/unit": _book("unit"),
    "ref/location": {"GET": partial(list_book, kind="location")},
    "ref/carrier": {"GET": partial(list_book, kind="carrier", prefix="Description")},
    "ref/attributeset": {"GET": partial(list_book, kind="attributeset")},
    "ref/pricetier": {"GET": get_price_tiers},
}
