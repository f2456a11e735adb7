"""Suppliers and customers: DEAR's parties and the canonical ``Vendor`` and ``Customer``.

DEAR: a party's e-mail, phone and addresses are rows of nested arrays; on a PUT a row with its ID
is changed, one without is added, so arrays are always sent whole, from the row read just before.
Terms, tax rule and accounts are named by name and code.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping.fields import (
    Malformed,
    Raw,
    Unfit,
    name,
    pointer,
    rows,
    text,
    wire_flag,
    wire_key,
    wire_text,
)
from ledger.model.ids import Kind
from ledger.model.records import Customer, Vendor
from ledger.model.values import Address, Value

Shown: TypeAlias = str | UnsetType | None

_CONTACT_KEYS = {
    "contact_name": "Name",
    "email": "Email",
    "phone": "Phone",
    "website": "Website",
}
_BILLING = ("Billing", "Business")
_SHIPPING = ("Shipping",)
_ADDRESSES = {"billing_address": _BILLING, "shipping_address": _SHIPPING}
"""Address types that serve for a field, the first preferred."""

_SHARED_SCALARS = {
    "name": "Name",
    "currency": "Currency",
    "terms": "PaymentTerm",
    "tax_code": "TaxRule",
    "tax_number": "TaxNumber",
    "notes": "Comments",
}
SUPPLIER_SCALARS: Mapping[str, str] = {**_SHARED_SCALARS, "payable_account": "AccountPayable"}
CUSTOMER_SCALARS: Mapping[str, str] = {
    **_SHARED_SCALARS,
    "receivable_account": "AccountReceivable",
    "revenue_account": "RevenueAccount",
    "price_tier": "PriceTier",
}
"""Canonical field -> name on the wire."""
_POINTERS = frozenset(
    {"terms", "tax_code", "payable_account", "receivable_account", "revenue_account"}
)


def supplier_to_record(raw: Raw, config: DearConfig) -> Vendor:
    """The vendor that a row of /supplier shows. Raises ``Malformed``."""
    contact = _Contact(raw, config)
    return Vendor(
        name=name(raw, "Name"),
        code=_code(raw, config.supplier_code_attribute),
        contact_name=contact.name,
        email=contact.show("Email"),
        phone=contact.show("Phone"),
        website=contact.show("Website"),
        billing_address=_address(raw, _BILLING),
        terms=pointer(raw, "PaymentTerm", Kind.TERM),
        tax_code=pointer(raw, "TaxRule", Kind.TAX_CODE),
        payable_account=pointer(raw, "AccountPayable", Kind.ACCOUNT),
        currency=text(raw, "Currency"),
        tax_number=text(raw, "TaxNumber"),
        notes=text(raw, "Comments"),
        active=active(raw),
    )


def customer_to_record(raw: Raw, config: DearConfig) -> Customer:
    """The customer that a row of /customer shows. Raises ``Malformed``."""
    contact = _Contact(raw, config)
    return Customer(
        name=name(raw, "Name"),
        code=_code(raw, config.customer_code_attribute),
        contact_name=contact.name,
        email=contact.show("Email"),
        phone=contact.show("Phone"),
        website=contact.show("Website"),
        billing_address=_address(raw, _BILLING),
        shipping_address=_address(raw, _SHIPPING),
        terms=pointer(raw, "PaymentTerm", Kind.TERM),
        tax_code=pointer(raw, "TaxRule", Kind.TAX_CODE),
        receivable_account=pointer(raw, "AccountReceivable", Kind.ACCOUNT),
        revenue_account=pointer(raw, "RevenueAccount", Kind.ACCOUNT),
        price_tier=text(raw, "PriceTier"),
        currency=text(raw, "Currency"),
        tax_number=text(raw, "TaxNumber"),
        notes=text(raw, "Comments"),
        active=active(raw),
    )


def supplier_to_raw(
    fields: Mapping[str, Value], last: Raw | None, config: DearConfig
) -> dict[str, object]:
    """The body of a POST (``last`` None) or PUT, without the ID. Raises ``Unfit``."""
    body = _scalars(fields, last, SUPPLIER_SCALARS)
    if "code" in fields:
        slot = config.supplier_code_attribute
        body |= _code_attribute(fields["code"], last, slot, config.supplier_attribute_set)
    return body | _arrays(fields, last, config)


def customer_to_raw(
    fields: Mapping[str, Value], last: Raw | None, config: DearConfig
) -> dict[str, object]:
    """The body of a POST (``last`` None) or PUT, without the ID. Raises ``Unfit``."""
    body = _scalars(fields, last, CUSTOMER_SCALARS)
    if "code" in fields:
        slot = config.customer_code_attribute
        body |= _code_attribute(fields["code"], last, slot, config.customer_attribute_set)
    return body | _arrays(fields, last, config)


def with_country(value: Value, config: DearConfig) -> Value:
    """An address as DEAR can hold it: the company's own country where none was given."""
    if isinstance(value, Address) and not value.country and config.home_country:
        return replace(value, country=config.home_country[0])
    return value


def active(raw: Raw) -> bool | UnsetType:
    """Whether a party or product may be used. Status comes in either case ("ACTIVE", "Active")."""
    status = text(raw, "Status")
    return status.casefold() != "deprecated" if isinstance(status, str) else UNSET


class _Contact:
    """The contact whose e-mail and phone are the party's: the default one, or the only one."""

    def __init__(self, raw: Raw, config: DearConfig) -> None:
        found = rows(raw, "Contacts")
        self._is_shown = not isinstance(found, UnsetType)
        self.row = _chosen_contact(found) if not isinstance(found, UnsetType) else None
        self._placeholder = config.defaults.contact_name
        self._party_name = raw.get("Name")

    def show(self, key: str) -> Shown:
        if not self._is_shown:
            return UNSET
        if self.row is None:
            return None
        try:
            return text(self.row, key) or None
        except Malformed as error:
            raise Malformed(f"Contacts.{key}", str(error)) from None

    @property
    def name(self) -> Shown:
        """The person's name. DEAR demands a name, so people repeat the party's own: such a
        contact says nothing about a person, not even that there is none."""
        shown = self.show("Name")
        if isinstance(shown, str) and shown == self._party_name:
            return UNSET
        return None if shown == self._placeholder else shown


def _chosen_contact(found: list[Raw]) -> Raw | None:
    default = [row for row in found if row.get("Default") is True]
    if default:
        return default[0]
    return found[0] if len(found) == 1 else None


def _address(raw: Raw, types: tuple[str, ...]) -> Address | UnsetType | None:
    found = rows(raw, "Addresses")
    if isinstance(found, UnsetType):
        return UNSET
    row = _chosen_address(found, types)
    if row is None:
        return None
    parts = {key: _part(row, key) for key in ("City", "State", "Postcode", "Country")}
    lines = tuple(line for line in (_part(row, "Line1"), _part(row, "Line2")) if line)
    if not lines and not any(parts.values()):
        return None
    return Address(lines, parts["City"], parts["State"], parts["Postcode"], parts["Country"])


def _part(row: Raw, key: str) -> str:
    try:
        shown = text(row, key)
    except Malformed as error:
        raise Malformed(f"Addresses.{key}", str(error)) from None
    return shown if isinstance(shown, str) else ""


def _chosen_address(found: list[Raw], types: tuple[str, ...]) -> Raw | None:
    for kind in types:
        of_type = [row for row in found if str(row.get("Type", "")).casefold() == kind.casefold()]
        default = [row for row in of_type if row.get("DefaultForType") is True]
        if default:
            return default[0]
        if len(of_type) == 1:
            return of_type[0]
    return None


def _code(raw: Raw, slot: int | None) -> Shown:
    return text(raw, f"AdditionalAttribute{slot}") if slot else UNSET


def _code_attribute(
    value: Value, last: Raw | None, slot: int | None, default_set: str | None
) -> dict[str, object]:
    attribute_set = (last or {}).get("AttributeSet") or default_set
    if not slot or not attribute_set:
        raise Unfit(
            "code",
            "DEAR keeps codes of parties only in an additional attribute, and none is configured",
            cure="set dear.supplier_code_attribute (or customer_...) and the attribute set",
        )
    # DEAR ignores a change of an attribute that comes without its set.
    return {
        "AttributeSet": attribute_set,
        f"AdditionalAttribute{slot}": wire_text(value, "code"),
    }


def _scalars(
    fields: Mapping[str, Value], last: Raw | None, names: Mapping[str, str]
) -> dict[str, object]:
    body: dict[str, object] = {"Status": "Active"} if last is None else {}
    if last is not None and "code" in fields:
        body["Name"] = last.get("Name")
    for field, value in fields.items():
        if field == "active":
            body["Status"] = "Active" if wire_flag(value, field) else "Deprecated"
        elif field in names:
            as_wire = wire_key if field in _POINTERS else wire_text
            body[names[field]] = as_wire(value, field)
    return body


def _arrays(fields: Mapping[str, Value], last: Raw | None, config: DearConfig) -> dict[str, object]:
    body: dict[str, object] = {}
    if any(field in fields for field in _CONTACT_KEYS) or _is_renamed_with_contact(fields, last):
        contacts = _contacts(fields, last, config)
        if contacts:
            body["Contacts"] = contacts
    changed = {field: types for field, types in _ADDRESSES.items() if field in fields}
    if changed:
        addresses = _copies(last, "Addresses")
        for field, types in changed.items():
            _put_address(addresses, types, fields[field], field, config)
        if addresses:
            body["Addresses"] = addresses
    return body


def _is_renamed_with_contact(fields: Mapping[str, Value], last: Raw | None) -> bool:
    """Whether the contact only repeats the name that is about to change, and must go along."""
    if last is None or "name" not in fields:
        return False
    chosen = _chosen_contact(list(_copies(last, "Contacts")))
    return chosen is not None and chosen.get("Name") == last.get("Name")


def _copies(last: Raw | None, key: str) -> list[dict[str, Any]]:
    found = rows(last, key) if last is not None else []
    return [dict(row) for row in found] if isinstance(found, list) else []


def _contacts(
    fields: Mapping[str, Value], last: Raw | None, config: DearConfig
) -> list[dict[str, Any]]:
    contacts = _copies(last, "Contacts")
    chosen = _chosen_contact(list(contacts))
    changes = {
        key: wire_text(fields[field], field)
        for field, key in _CONTACT_KEYS.items()
        if field in fields
    }
    index = next((i for i, row in enumerate(contacts) if row is chosen), -1)
    if index < 0:
        if not any(changes.values()):
            return []
        contacts.append({"Default": True})
    row = contacts[index]
    if "Name" not in changes and _is_renamed_with_contact(fields, last):
        changes["Name"] = wire_text(fields["name"], "name")
    row.update(changes)
    row["Name"] = row.get("Name") or config.defaults.contact_name
    return contacts


def _put_address(
    addresses: list[dict[str, Any]],
    types: tuple[str, ...],
    value: Value,
    field: str,
    config: DearConfig,
) -> None:
    if not isinstance(value, Address):
        raise Unfit(
            field,
            f"an address of DEAR cannot be emptied ({field})",
            cure="remove the address in DEAR by hand",
        )
    if not 1 <= len(value.lines) <= 2:
        raise Unfit(
            field,
            f"{field} has {len(value.lines)} street lines; DEAR holds one or two",
            cure="bring the street into one or two lines in the books",
        )
    value = with_country(value, config)
    assert isinstance(value, Address)  # it was one before
    if not value.country:
        raise Unfit(
            field,
            f"{field} has no country, and DEAR demands one",
            cure="set dear.home_country, or enter the country in the books",
        )
    chosen = _chosen_address(list(addresses), types)
    index = next((i for i, row in enumerate(addresses) if row is chosen), -1)
    if index < 0:
        addresses.append({"Type": types[0], "DefaultForType": True})
    addresses[index].update(
        Line1=value.lines[0],
        Line2=value.lines[1] if len(value.lines) > 1 else "",
        City=value.city,
        State=value.region,
        Postcode=value.postal_code,
        Country=value.country,
    )
