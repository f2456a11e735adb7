"""What QuickBooks can hold, as data for planning. Declared here, applied by the pure core."""

from collections.abc import Mapping

import msgspec

from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.mapping.items import TYPES
from daemon.connectors.qbo.mapping.table import QBO
from ledger.model.capabilities import Access, Capabilities, FieldRule, KindRule
from ledger.model.ids import Kind
from ledger.model.values import Reference

CONTROL = "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 127]))
"""Control characters other than tab and line ends: no text of QBO may hold them."""
NAME_FORBIDDEN = ":\t\r\n" + CONTROL
PRICE_PLACES = 7
_READ = FieldRule(access=Access.READ)
_FLAG = FieldRule(clearable=False)


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the company told about its plan and settings."""

    disabled: Mapping[Kind, str] = msgspec.field(default_factory=dict)
    """Kind -> why it is out of service."""
    is_multicurrency: bool = True
    """Unless known otherwise a currency may be named."""
    taxes_by_code: bool = True
    """Companies in the US tax an item yes or no; elsewhere items and vendors name a tax code."""


def capabilities(config: QboConfig, features: Features) -> Capabilities:
    kinds = {
        Kind.ACCOUNT: _account(),
        Kind.TAX_CODE: KindRule(
            fields=dict.fromkeys(
                ("name", "description", "rate", "for_sales", "for_purchases", "active"), _READ
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


def _text(longest: int) -> FieldRule:
    return FieldRule(max_length=longest, forbidden=CONTROL)


def _account() -> KindRule:
    return KindRule(
        fields={
            "name": _name(100, namespace="account", also='"'),
            "code": _text(20),
            "account_type": FieldRule(required=True, clearable=False),
            "account_sub_type": _READ,
            "description": _text(100),
            "currency": FieldRule(access=Access.CREATE, clearable=False),
            "parent": FieldRule(),
            "active": _FLAG,
            "balance": _READ,
            "system_account": _READ,
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
        "company_name": _text(100),
        "contact_name": _READ,
        "email": _text(100),
        "phone": _text(30),
        "website": _text(1000),
        "billing_address": FieldRule(),
        "terms": FieldRule(),
        "tax_code": FieldRule(),
        "currency": FieldRule(access=currency, clearable=False),
        "tax_number": _text(20),
        "notes": _text(notes),
        "active": _FLAG,
        "balance": _READ,
    }


def _vendor(features: Features) -> KindRule:
    fields = _party(features, notes=4000, shorten_with="code") | {
        "code": _text(100),
        "payable_account": _READ,
        "is_1099": _FLAG,
    }
    return KindRule(fields=fields, recovery_key="name")


def _customer(features: Features) -> KindRule:
    fields = _party(features, notes=2000, shorten_with="") | {
        "code": _READ,
        "shipping_address": FieldRule(),
        "taxable": _FLAG,
        "receivable_account": _READ,
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
            "sku": _text(100),
            "type": FieldRule(
                access=Access.CREATE,
                required=True,
                words={"stock": TYPES[new.type]},
                clearable=False,
            ),
            "description": _text(4000),
            "purchase_description": _text(4000),
            "sales_price": price,
            "purchase_cost": price,
            "income_account": _default("income_account", new.income_account, required=True),
            "expense_account": _default("expense_account", new.expense_account, required=tracks),
            "asset_account": (
                _default("asset_account", new.asset_account, required=True) if tracks else _READ
            ),
            "taxable": _FLAG,
            "active": _FLAG,
            "full_name": _READ,
            "quantity_on_hand": _READ,
            "average_cost": _READ,
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
