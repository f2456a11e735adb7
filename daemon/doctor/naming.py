"""Every name in a configuration that one of the systems has to know, and what kind of thing it is.

Pure. A new key that names something in a system gets its line here.
"""

from collections.abc import Iterator

from daemon.config.model import Config
from daemon.config.policy import systems
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.qbo.config import QboConfig
from daemon.control.protocol_doctor import NameAsked
from daemon.reconcile.declared import TABLES

INCOME = ("Income", "Other Income")
EXPENSE = ("Expense", "Cost of Goods Sold", "Other Expense")
ASSET = ("Other Current Asset",)
PAYABLE = ("Accounts Payable",)


def names(config: Config) -> tuple[NameAsked, ...]:
    """Each with the key under which it stands."""
    return (
        *_qbo(config.qbo),
        *(_dear(config.dear) if config.dear is not None else ()),
        *_mapping(config),
    )


def _mapping(config: Config) -> Iterator[NameAsked]:
    """Both halves of every pair."""
    source = systems(config)[-1]
    for kind, pairs in config.mapping.by_kind.items():
        for here, there in pairs.items():
            key = f'{TABLES[kind]}."{here}"'
            yield NameAsked(system=source, key=f"{key}, in {source}", book=kind.value, name=here)
            yield NameAsked(system="qbo", key=key, book=kind.value, name=there)


def _qbo(config: QboConfig) -> Iterator[NameAsked]:
    new, documents = config.new_items, config.documents
    accounts = {
        "new_items.income_account": (new.income_account, INCOME),
        "new_items.expense_account": (new.expense_account, EXPENSE),
        "new_items.asset_account": (new.asset_account, ASSET),
        "documents.payable_account": (documents.payable_account, PAYABLE),
    }
    for key, (name, types) in accounts.items():
        if name is not None:
            yield _asked("qbo", key, "account", name, types=types)
    for location, name in documents.class_by_location.items():
        yield _asked("qbo", f'documents.class_by_location."{location}"', "class", name)
    if documents.default_class is not None:
        yield _asked("qbo", "documents.default_class", "class", documents.default_class)


def _dear(config: DearConfig) -> Iterator[NameAsked]:
    defaults = config.defaults
    supplier, customer, product = defaults.supplier, defaults.customer, defaults.product
    found = {
        "tax.account": ("account", defaults.tax.account),
        "supplier.account_payable": ("account", supplier.account_payable),
        "supplier.payment_term": ("term", supplier.payment_term),
        "supplier.tax_rule": ("tax_code", supplier.tax_rule),
        "customer.account_receivable": ("account", customer.account_receivable),
        "customer.revenue_account": ("account", customer.revenue_account),
        "customer.payment_term": ("term", customer.payment_term),
        "customer.tax_rule": ("tax_code", customer.tax_rule),
        "customer.price_tier": ("price_tier", customer.price_tier),
        "product.category": ("category", product.category),
        "product.unit": ("unit", product.unit),
    }
    for key, (book, name) in found.items():
        if name is not None:
            yield _asked("dear", f"defaults.{key}", book, name)
    for key, name in (
        ("supplier_attribute_set", config.supplier_attribute_set),
        ("customer_attribute_set", config.customer_attribute_set),
    ):
        if name is not None:
            yield _asked("dear", key, "attribute_set", name, exact=True)
    # These stand in DEAR's section, and name fields of QuickBooks.
    for kind, fields in config.documents.custom_fields:
        for name in fields:
            key = f'dear.documents.custom_fields.{kind}."{name}"'
            yield NameAsked(system="qbo", key=key, book=f"custom_field.{kind}", name=name)


def _asked(
    system: str,
    key: str,
    book: str,
    name: str,
    *,
    types: tuple[str, ...] = (),
    exact: bool = False,
) -> NameAsked:
    where = f"{system}.{key}"
    return NameAsked(system=system, key=where, book=book, name=name, types=types, exact=exact)
