"""Which field DEAR's words of refusal are about, and what to do about them. Pure.

DEAR names fields inside sentences, sometimes quoted, sometimes by what they point at; texts are
those seen on the wire. An unknown sentence is passed on without a field.
"""

import re

from daemon.connectors.dear.mapping.family import Family
from daemon.connectors.dear.wire import Flaw, Wrong
from ledger.model.ids import Kind
from ledger.model.outcomes import RefusalKind, Rejected

_TAKEN = re.compile(r"already exists|must be unique|already in use", re.IGNORECASE)
_LINKED = re.compile(r"integration with (?:xero|quickbooks)", re.IGNORECASE)
_NESTED = {
    "Contacts.Name": "contact_name",
    "Contacts.Email": "email",
    "Contacts.Phone": "phone",
    "Contacts.Website": "website",
    "Addresses": "billing_address",
}
_TOPICS: tuple[tuple[str, str, dict[Kind, str]], ...] = (
    (
        r"payment term",
        "create the payment term in DEAR (or make it active), then retry",
        {Kind.VENDOR: "terms", Kind.CUSTOMER: "terms"},
    ),
    (
        r"taxation rule|tax rule",
        "create the tax rule in DEAR (active, for sales or purchases as needed), then retry",
        {Kind.VENDOR: "tax_code", Kind.CUSTOMER: "tax_code", Kind.ITEM: "sales_tax_code"},
    ),
    (
        r"category",
        "create the category in DEAR, or set dear.defaults.product.category to one that exists",
        {Kind.ITEM: "category"},
    ),
    (
        r"reference book",
        "create the entry in DEAR's reference book, or correct the name in dear.defaults",
        {Kind.ITEM: "unit", Kind.CUSTOMER: "price_tier"},
    ),
    (
        r"account with",
        "create the account in DEAR, or correct the account code in dear.defaults",
        {},
    ),
)


def rejected(b_id: str, family: Family, wrong: Wrong) -> Rejected:
    """The refusal as an outcome: kind, field and cure as far as the words tell."""
    flaw = wrong.flaws[0]
    field, cure = _about(family, flaw)
    is_taken = bool(_TAKEN.search(flaw.text))
    return Rejected(
        b_id=b_id,
        refusal=RefusalKind.DUPLICATE if is_taken else RefusalKind.INVALID,
        code=flaw.code,
        message=f"DEAR refused the {family.label}: {wrong.text}",
        field=field,
        cure=cure,
    )


def _about(family: Family, flaw: Flaw) -> tuple[str, str]:
    if _LINKED.search(flaw.text):
        return "", "set dear.native_link to connected; DEAR's own link owns this record"
    field = _named_field(family, flaw.text)
    for pattern, cure, fields in _TOPICS:
        if re.search(pattern, flaw.text, re.IGNORECASE):
            return field or fields.get(family.kind, ""), cure
    return field, f"correct {field or 'the record'} where it is owned, then retry"


def _named_field(family: Family, text: str) -> str:
    """The field whose wire name stands in quotes, or as a word of its own, in the sentence."""
    names = {wire: field for field, wire in family.wire_names.items()} | _NESTED
    for quoted in re.findall(r"'([A-Za-z0-9.]+)'", text):
        for wire, field in names.items():
            if quoted == wire or (wire in ("Addresses", "PriceTier") and quoted.startswith(wire)):
                return field
    words = set(re.findall(r"[A-Za-z]+", text))
    # Longer names first; "Name" and "Type" are ordinary words of any sentence.
    for wire in sorted(names, key=len, reverse=True):
        if wire in words and wire not in ("Name", "Type", "Code", "Status"):
            return names[wire]
    return ""
