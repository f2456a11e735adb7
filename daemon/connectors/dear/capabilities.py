"""What DEAR can hold, as data for planning. Lengths and needs are those of its documentation."""

from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping.accounts import TYPE_WORDS
from ledger.model.capabilities import Access, Capabilities, FieldRule, KindRule
from ledger.model.ids import DOCUMENT_KINDS, Kind, SystemName
from ledger.model.values import Reference

DEAR = SystemName("dear")

_LINKED = (
    "DEAR's own accounting link is connected (dear.native_link): it owns accounts and tax rules"
)
_POSTS_ITSELF = (
    "DEAR's own accounting link is connected (dear.native_link): it posts the documents itself"
)
_DOCUMENT_FIELDS = (
    "number",
    "date",
    "currency",
    "exchange_rate",
    "tax_calculation",
    "terms",
    "note",
    "location",
    "lines",
    "tax_total",
    "total",
    "status",
)
_FIELDS_OF = {
    Kind.PURCHASE_ORDER: ("vendor", "expected_date", "memo", "shipping_address"),
    Kind.BILL: ("vendor", "due_date", "order", "order_number"),
    Kind.INVOICE: (
        "customer",
        "due_date",
        "memo",
        "billing_address",
        "shipping_address",
        "customer_reference",
        "order_number",
    ),
}
_NAME = FieldRule(required=True, max_length=256, clearable=False)
_FLAG = FieldRule(clearable=False)
_CURRENCY_LENGTH = 3


def capabilities(config: DearConfig) -> Capabilities:
    """The rules for one company, its configured defaults included."""
    rules = {
        Kind.ACCOUNT: _accounts(config),
        Kind.TAX_CODE: _tax_rules(config),
        Kind.TERM: _terms(),
        Kind.VENDOR: _suppliers(config),
        Kind.CUSTOMER: _customers(config),
        Kind.ITEM: _products(config),
        **{kind: _documents(kind, config) for kind in DOCUMENT_KINDS},
    }
    return Capabilities(system=DEAR, kinds=rules)


def _kind(fields: dict[str, FieldRule], *, recovery_key: str, is_linked: bool = False) -> KindRule:
    if is_linked:
        fields = {field: FieldRule(access=Access.READ) for field in fields}
    return KindRule(
        fields=fields,
        can_create=not is_linked,
        can_update=not is_linked,
        recovery_key=recovery_key,
        can_batch=False,
        tombstones=False,
    )


def _documents(kind: Kind, config: DearConfig) -> KindRule:
    """DEAR owns its documents: they are read, and nothing of them is ever written there."""
    names = set(_DOCUMENT_FIELDS) | set(_FIELDS_OF[kind])
    if getattr(config.documents.custom_fields, kind.value):
        names.add("custom_fields")
    return KindRule(
        fields={name: FieldRule(access=Access.READ) for name in sorted(names)},
        read_with=Kind.PURCHASE_ORDER if kind is Kind.BILL else None,
        costly=True,
        can_create=False,
        can_update=False,
        can_batch=False,
        tombstones=False,
        disabled=_POSTS_ITSELF if config.native_link == "connected" else "",
    )


def _accounts(config: DearConfig) -> KindRule:
    fields = {
        "name": _NAME,
        "code": FieldRule(
            access=Access.CREATE,
            required=True,
            max_length=50,
            namespace="account_code",
            code_from_id="Q{id}",
            clearable=False,
        ),
        "account_type": FieldRule(required=True, words=TYPE_WORDS, clearable=False),
        "description": FieldRule(),
        "currency": FieldRule(access=Access.READ),
        "active": _FLAG,
    }
    return _kind(fields, recovery_key="code", is_linked=config.native_link == "connected")


def _tax_rules(config: DearConfig) -> KindRule:
    fields = {
        "name": FieldRule(required=True, max_length=50, namespace="tax_rule", clearable=False),
        "rate": FieldRule(required=True, clearable=False),
        "for_sales": _FLAG,
        "for_purchases": _FLAG,
        "active": _FLAG,
    }
    return _kind(fields, recovery_key="name", is_linked=config.native_link == "connected")


def _terms() -> KindRule:
    fields = {
        "name": FieldRule(required=True, max_length=256, namespace="term", clearable=False),
        "method": FieldRule(required=True, clearable=False),
        "due": FieldRule(required=True, places=0, clearable=False),
        "active": _FLAG,
    }
    return _kind(fields, recovery_key="name")


def _address(config: DearConfig) -> FieldRule:
    """``words`` speak of the country: how DEAR shows one that the books spell so, or leave out."""
    home = config.home_country
    return FieldRule(clearable=False, words={other: home[0] for other in ("", *home[1:]) if home})


def _contact(config: DearConfig) -> dict[str, FieldRule]:
    return {
        "contact_name": FieldRule(max_length=256),
        "email": FieldRule(max_length=256),
        "phone": FieldRule(max_length=50),
        "website": FieldRule(max_length=256),
        "billing_address": _address(config),
    }


def _suppliers(config: DearConfig) -> KindRule:
    defaults, key = config.defaults.supplier, "dear.defaults.supplier."
    fields = {
        # DEAR promises unique names for customers only; two suppliers of one name would be
        # indistinguishable after a lost reply, so here they count as unique too.
        "name": FieldRule(required=True, max_length=256, namespace="supplier", clearable=False),
        **_contact(config),
        "terms": _named(Kind.TERM, defaults.payment_term, key + "payment_term"),
        "tax_code": _named(Kind.TAX_CODE, defaults.tax_rule, key + "tax_rule"),
        "payable_account": _named(Kind.ACCOUNT, defaults.account_payable, key + "account_payable"),
        "currency": _currency(defaults.currency, key + "currency"),
        "tax_number": FieldRule(),
        "notes": FieldRule(max_length=256),
        "active": _FLAG,
    }
    if config.supplier_code_attribute:
        fields["code"] = FieldRule(max_length=256)
    return _kind(fields, recovery_key="name")


def _customers(config: DearConfig) -> KindRule:
    defaults, key = config.defaults.customer, "dear.defaults.customer."
    fields = {
        "name": FieldRule(required=True, max_length=256, namespace="customer", clearable=False),
        **_contact(config),
        "shipping_address": _address(config),
        "terms": _named(Kind.TERM, defaults.payment_term, key + "payment_term"),
        "tax_code": _named(Kind.TAX_CODE, defaults.tax_rule, key + "tax_rule"),
        "receivable_account": _named(
            Kind.ACCOUNT, defaults.account_receivable, key + "account_receivable"
        ),
        "revenue_account": _named(Kind.ACCOUNT, defaults.revenue_account, key + "revenue_account"),
        "price_tier": FieldRule(
            default=defaults.price_tier,
            default_key=key + "price_tier" if defaults.price_tier else "",
        ),
        "currency": _currency(defaults.currency, key + "currency"),
        "tax_number": FieldRule(),
        "notes": FieldRule(max_length=2000),
        "active": _FLAG,
    }
    if config.customer_code_attribute:
        fields["code"] = FieldRule(max_length=256)
    return _kind(fields, recovery_key="name")


def _products(config: DearConfig) -> KindRule:
    defaults, key = config.defaults.product, "dear.defaults.product."
    fields = {
        "name": _NAME,
        "sku": FieldRule(required=True, max_length=50, namespace="sku", clearable=False),
        "type": FieldRule(
            access=Access.CREATE,
            required=True,
            words={"inventory": "stock", "non_inventory": "stock"},
            default=defaults.type,
            default_key=key + "type",
            clearable=False,
        ),
        "description": FieldRule(),
        "unit": FieldRule(
            required=True,
            max_length=50,
            default=defaults.unit,
            default_key=key + "unit",
            clearable=False,
        ),
        "category": FieldRule(
            required=True,
            max_length=256,
            default=defaults.category,
            default_key=key + "category",
            clearable=False,
        ),
        "barcode": FieldRule(max_length=256),
        "sales_price": FieldRule(
            required=True,
            places=4,
            default=defaults.sales_price,
            default_key=key + "sales_price",
            clearable=config.zero_price == "empty",
        ),
        "income_account": FieldRule(),
        "expense_account": FieldRule(),
        "asset_account": FieldRule(),
        "sales_tax_code": FieldRule(),
        "purchase_tax_code": FieldRule(),
        "active": _FLAG,
    }
    if config.purchase_cost != "none":
        fields["purchase_cost"] = FieldRule(access=Access.READ, places=4)
    return _kind(fields, recovery_key="sku")


def _named(kind: Kind, default: str | None, key: str) -> FieldRule:
    """A pointer that DEAR demands; the configured default names its target as DEAR does."""
    return FieldRule(
        required=True,
        default=Reference(kind=kind, key=default) if default else None,
        default_key=key,
        clearable=False,
    )


def _currency(default: str | None, key: str) -> FieldRule:
    # A currency is fixed once documents exist, and changing it is never a mere correction.
    return FieldRule(
        access=Access.CREATE,
        required=True,
        max_length=_CURRENCY_LENGTH,
        default=default,
        default_key=key,
        clearable=False,
    )
