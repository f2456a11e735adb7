"""What QuickBooks can hold, as data for planning. Declared here, applied by the pure core."""

import msgspec

from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.documentrules import document_rules
from daemon.connectors.qbo.features import Features
from daemon.connectors.qbo.fieldrules import CONTROL, READ, text_rule
from daemon.connectors.qbo.mapping.items import TYPES
from daemon.connectors.qbo.mapping.table import QBO
from ledger.model.capabilities import Access, Capabilities, FieldRule, KindRule
from ledger.model.ids import Kind
from ledger.model.values import Reference

NAME_FORBIDDEN = ":\t\r\n" + CONTROL
PRICE_PLACES = 7
_FLAG = FieldRule(clearable=False)


def capabilities(config: QboConfig, features: Features) -> Capabilities:
    kinds = {
        Kind.ACCOUNT: _account(),
        Kind.TAX_CODE: KindRule(
            fields=dict.fromkeys(
                ("name", "description", "rate", "for_sales", "for_purchases", "active"), READ
            ),
            can_create=False,
            can_update=False,
            recovery_key="",
            can_batch=False,
        ),
        Kind.TERM: _term(),
        Kind.CLASS: KindRule(
            fields={
                "name": _name(100),
                "parent": FieldRule(),
                "active": _FLAG,
            },
            recovery_key="name",
        ),
        Kind.PAYMENT_METHOD: KindRule(
            fields={"name": _name(31), "method_type": FieldRule(clearable=False), "active": _FLAG},
            recovery_key="name",
        ),
        Kind.VENDOR: _vendor(features),
        Kind.CUSTOMER: _customer(features),
        Kind.ITEM: _item(config, features),
        **document_rules(config, features),
    }
    for kind, reason in features.disabled.items():
        kinds[kind] = msgspec.structs.replace(kinds[kind], disabled=reason)
    return Capabilities(
        system=QBO,
        kinds=kinds,
        max_batch=config.batch_size,
        replays_requests=True,
        checks_versions=True,
    )


def _name(
    longest: int, *, namespace: str = "", shorten_with: str = "", also: str = ""
) -> FieldRule:
    return FieldRule(
        required=True,
        max_length=longest,
        forbidden=NAME_FORBIDDEN + also,
        namespace=namespace,
        shorten_with=shorten_with,
        clearable=False,
    )


def _account() -> KindRule:
    return KindRule(
        fields={
            "name": _name(100, namespace="account", also='"'),
            "code": text_rule(20),
            "account_type": FieldRule(required=True, clearable=False),
            "account_sub_type": READ,
            "description": text_rule(100),
            "currency": FieldRule(access=Access.CREATE, clearable=False),
            "parent": FieldRule(),
            "active": _FLAG,
            "balance": READ,
            "system_account": READ,
        },
        recovery_key="name",
    )


def _term() -> KindRule:
    number = FieldRule(clearable=False, places=0)
    return KindRule(
        fields={
            "name": _name(31),
            "method": FieldRule(required=True, clearable=False),
            "due": msgspec.structs.replace(number, required=True),
            "discount_percent": FieldRule(clearable=False),
            "discount_days": number,
            "active": _FLAG,
        },
        recovery_key="name",
    )


def _party(features: Features, *, notes: int, shorten_with: str) -> dict[str, FieldRule]:
    # A company with one currency refuses any other; there is nothing to choose.
    currency = Access.CREATE if features.is_multicurrency else Access.READ
    return {
        "name": _name(500, namespace="party", shorten_with=shorten_with),
        "company_name": text_rule(100),
        "contact_name": READ,
        "email": text_rule(100),
        "phone": text_rule(30),
        "website": text_rule(1000),
        "billing_address": FieldRule(),
        "terms": FieldRule(),
        "tax_code": FieldRule(),
        "currency": FieldRule(access=currency, clearable=False),
        "tax_number": text_rule(20),
        "notes": text_rule(notes),
        "active": _FLAG,
        "balance": READ,
    }


def _vendor(features: Features) -> KindRule:
    fields = _party(features, notes=4000, shorten_with="code") | {
        "code": text_rule(100),
        "payable_account": READ,
        "is_1099": _FLAG,
    }
    return KindRule(fields=fields, recovery_key="name")


def _customer(features: Features) -> KindRule:
    fields = _party(features, notes=2000, shorten_with="") | {
        "code": READ,
        "shipping_address": FieldRule(),
        "taxable": _FLAG,
        "receivable_account": READ,
    }
    return KindRule(fields=fields, recovery_key="name")


def _item(config: QboConfig, features: Features) -> KindRule:
    new = config.new_items
    price = FieldRule(places=PRICE_PLACES, clearable=False)
    tracks = new.type == "Inventory"
    tax_codes = ("sales_tax_code", "purchase_tax_code") if features.taxes_by_code else ()
    return KindRule(
        fields={
            **dict.fromkeys(tax_codes, FieldRule()),
            "name": _name(100, namespace="item", shorten_with="sku"),
            "sku": text_rule(100),
            "type": FieldRule(
                access=Access.CREATE,
                required=True,
                words={"stock": TYPES[new.type]},
                clearable=False,
            ),
            "description": text_rule(4000),
            "purchase_description": text_rule(4000),
            "sales_price": price,
            "purchase_cost": price,
            "income_account": _default("income_account", new.income_account, required=True),
            "expense_account": _default("expense_account", new.expense_account, required=tracks),
            "asset_account": (
                _default("asset_account", new.asset_account, required=True) if tracks else READ
            ),
            "taxable": _FLAG,
            "active": _FLAG,
            "full_name": READ,
            "quantity_on_hand": READ,
            "inventory_start": READ,
            "average_cost": READ,
        },
        recovery_key="name",
    )


def _default(key: str, account: str | None, *, required: bool) -> FieldRule:
    return FieldRule(
        required=required,
        default=Reference(kind=Kind.ACCOUNT, key=account) if account else None,
        default_key=f"qbo.new_items.{key}",
        clearable=False,
    )
