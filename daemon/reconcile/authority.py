"""Which system holds the truth of which field. A table, and the one function that reads it.

Must not look at values: who is right never depends on what somebody wrote, or when.
"""

from typing import Final

from ledger.model.ids import Kind, SystemName

from .policy import Policy

BOOKS: Final = "books"
SOURCE: Final = "source"
BOTH: Final = "both"
NONE: Final = "none"

_DOCUMENT = (
    "number",
    "date",
    "due_date",
    "terms",
    "memo",
    "note",
    "custom_fields",
    "lines",
    "tax_total",
)

_BOTH_PARTY = (
    "name",
    "company_name",
    "email",
    "phone",
    "website",
    "billing_address",
    "active",
)


def _table(
    *, books: tuple[str, ...] = (), source: tuple[str, ...] = (), both: tuple[str, ...] = ()
) -> dict[str, str]:
    return dict.fromkeys(books, BOOKS) | dict.fromkeys(source, SOURCE) | dict.fromkeys(both, BOTH)


DEFAULT_AUTHORITY: Final[dict[Kind, dict[str, str]]] = {
    Kind.ACCOUNT: _table(
        books=("name", "code", "account_type", "description", "currency", "parent", "active")
    ),
    Kind.TAX_CODE: _table(
        books=("name", "description", "rate", "for_sales", "for_purchases", "active")
    ),
    Kind.TERM: _table(
        books=("name", "method", "due", "discount_percent", "discount_days", "active")
    ),
    Kind.CLASS: _table(books=("name", "parent", "active")),
    Kind.PAYMENT_METHOD: _table(books=("name", "method_type", "active")),
    Kind.VENDOR: _table(
        books=("terms", "tax_code", "payable_account", "currency", "tax_number", "is_1099"),
        source=("code", "contact_name"),
        both=_BOTH_PARTY,
    ),
    Kind.CUSTOMER: _table(
        books=(
            "terms",
            "tax_code",
            "taxable",
            "receivable_account",
            "revenue_account",
            "currency",
            "tax_number",
        ),
        source=("code", "contact_name", "price_tier"),
        both=(*_BOTH_PARTY, "shipping_address"),
    ),
    Kind.ITEM: _table(
        books=(
            "income_account",
            "expense_account",
            "asset_account",
            "sales_tax_code",
            "purchase_tax_code",
            "taxable",
        ),
        source=("sku", "type", "unit", "category", "barcode", "revision"),
        both=(
            "name",
            "description",
            "purchase_description",
            "sales_price",
            "purchase_cost",
            "active",
        ),
    ),
    Kind.PURCHASE_ORDER: _table(
        source=(*_DOCUMENT, "vendor", "expected_date", "shipping_address"),
    ),
    Kind.BILL: _table(source=(*_DOCUMENT, "vendor")),
    Kind.INVOICE: _table(
        source=(*_DOCUMENT, "customer", "shipping_address", "customer_reference"),
    ),
}
"""Field -> books | source | both. A field missing here (notes) stays where it was written."""


def owner(kind: Kind, field: str, policy: Policy) -> str:
    """The owning system's name, ``"both"`` (every system, three-way) or ``"none"`` (untouched).

    With several sources, ``source`` means the first of them, by name, that carries the field.
    """
    known = policy.owners.get((kind, field))
    if known is None:
        known = policy.owners[kind, field] = _owner(kind, field, policy)
    return known


def _owner(kind: Kind, field: str, policy: Policy) -> str:
    default = DEFAULT_AUTHORITY.get(kind, {}).get(field, NONE)
    said = policy.authority.get(kind, {}).get(field, default)
    if said == BOOKS:
        return policy.books
    if said == SOURCE:
        return _source(kind, field, policy)
    return said


def _source(kind: Kind, field: str, policy: Policy) -> str:
    sources: list[SystemName] = [s for s in policy.keepers(kind) if s != policy.books]
    for system in sources:
        rule = policy.rule(system, kind)
        if rule is not None and field in rule.fields:
            return system
    return sources[0] if sources else NONE
