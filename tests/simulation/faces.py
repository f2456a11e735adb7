"""What a record shows, read from the sandboxes' own memory: plain words, the same for both systems.

Shares no code with the connectors, so that a mistake of theirs cannot hide itself here.
"""

from decimal import Decimal
from typing import Any, Final

from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.state import Stored

ENTITIES: Final = {"vendor": "Vendor", "customer": "Customer", "item": "Item"}
TABLES: Final = {"vendor": "supplier", "customer": "customer", "item": "product"}
KIND_OF_ENTITY: Final = {entity: kind for kind, entity in ENTITIES.items()}
KIND_OF_TABLE: Final = {table: kind for kind, table in TABLES.items()}

Face = dict[str, str]
"""Field in our words -> value as text; ``""`` is "shown, and empty"."""


def words(value: object) -> str:
    """One spelling for equal values."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal() | int():
            text = format(Decimal(value), "f")
            return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
        case _:
            return str(value).strip()


def qbo_face(twin: QboTwin, entity: str, fields: dict[str, Any]) -> Face:
    """A vendor, customer or item of QuickBooks."""
    if entity == "Item":
        return {
            "name": words(fields.get("Name")),
            "sku": words(fields.get("Sku")),
            "description": words(fields.get("Description")),
            "sales_price": words(fields.get("UnitPrice")),
            "purchase_cost": words(fields.get("PurchaseCost")),
            "income_account": _account(fields.get("IncomeAccountRef")),
            "active": words(fields.get("Active", True)),
        }
    term = fields.get("TermRef") or fields.get("SalesTermRef")
    stored = twin.state.get("Term", str(term["value"])) if term else None
    return {
        "name": words(fields.get("DisplayName")),
        "company_name": words(fields.get("CompanyName")),
        "email": words((fields.get("PrimaryEmailAddr") or {}).get("Address")),
        "phone": words((fields.get("PrimaryPhone") or {}).get("FreeFormNumber")),
        "terms": stored.name if stored else "",
        "billing_address": _postal(
            fields.get("BillAddr"), "Line1", "City", "CountrySubDivisionCode", "PostalCode"
        ),
        "active": words(fields.get("Active", True)),
    }


def dear_face(table: str, fields: dict[str, Any]) -> Face:
    """A supplier, customer or product of DEAR."""
    active = words(fields.get("Status") != "Deprecated")
    if table == "product":
        return {
            "name": words(fields.get("Name")),
            "sku": words(fields.get("SKU")),
            "description": words(fields.get("Description")),
            "sales_price": words(fields.get("PriceTier1")),
            "income_account": words(fields.get("RevenueAccount")),
            "active": active,
        }
    contact = _main(fields.get("Contacts"), "Default")
    billing = [a for a in fields.get("Addresses") or [] if a.get("Type") == "Billing"]
    return {
        "name": words(fields.get("Name")),
        "email": words(contact.get("Email")),
        "phone": words(contact.get("Phone")),
        "terms": words(fields.get("PaymentTerm")),
        "billing_address": _postal(
            _main(billing, "DefaultForType"), "Line1", "City", "State", "Postcode"
        ),
        "active": active,
    }


def _main(rows: list[dict[str, Any]] | None, flag: str) -> dict[str, Any]:
    return next((row for row in rows or [] if row.get(flag)), (rows or [{}])[0])


def _postal(address: dict[str, Any] | None, *names: str) -> str:
    return " / ".join(words((address or {}).get(name)) for name in names).strip(" /")


def _account(reference: dict[str, Any] | None) -> str:
    return f"Q{reference['value']}" if reference else ""


def qbo_rows(twin: QboTwin, kind: str) -> list[Stored]:
    return sorted(twin.state.all(ENTITIES[kind]), key=lambda row: int(row.id))


def faces(qbo: QboTwin, dear: DearTwin, kind: str) -> dict[tuple[str, str], Face]:
    """Every record of a kind, by system and id."""
    found = {("qbo", s.id): qbo_face(qbo, s.spec.name, s.fields) for s in qbo_rows(qbo, kind)}
    for row in dear.state[TABLES[kind]]:
        found["dear", row.id] = dear_face(TABLES[kind], row.fields)
    return found
