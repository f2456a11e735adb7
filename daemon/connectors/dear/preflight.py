"""Whether what the configuration names exists in DEAR, asked before a record is refused for it.

Only reads, and only the books that a configured default speaks of. Must not stop anything: a
default that is missing concerns new records only, and is told as a warning.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from daemon.connectors.dear.client import DearClient
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping.family import FAMILIES
from ledger.model.errors import Refused, Transient
from ledger.model.facts import Problem
from ledger.model.ids import Kind

LIMIT = 1000
MAX_PAGES = 50
"""Longer books than this are looked at in part; that can only lead to a warning too many."""


class Named(msgspec.Struct, frozen=True):
    """One configured name, and where it must be found."""

    key: str
    """Configuration key."""
    value: str
    path: str
    list_key: str
    field: str = "Name"
    flag: str = ""
    """Field that must be true for this use."""


def named(config: DearConfig) -> tuple[Named, ...]:
    """Every name that the defaults hold."""
    supplier, customer = config.defaults.supplier, config.defaults.customer
    product = config.defaults.product
    accounts = {
        "tax.account": config.defaults.tax.account,
        "supplier.account_payable": supplier.account_payable,
        "customer.account_receivable": customer.account_receivable,
        "customer.revenue_account": customer.revenue_account,
    }
    found = [
        *(_book(Kind.ACCOUNT, key, value, field="Code") for key, value in accounts.items()),
        _book(Kind.TERM, "supplier.payment_term", supplier.payment_term, flag="IsActive"),
        _book(Kind.TERM, "customer.payment_term", customer.payment_term, flag="IsActive"),
        _book(Kind.TAX_CODE, "supplier.tax_rule", supplier.tax_rule, flag="IsTaxForPurchase"),
        _book(Kind.TAX_CODE, "customer.tax_rule", customer.tax_rule, flag="IsTaxForSale"),
        _named("customer.price_tier", customer.price_tier, "/ref/priceTier", "PriceTiers"),
        _named("product.category", product.category, "/ref/category", "CategoryList"),
        _named("product.unit", product.unit, "/ref/unit", "UnitList"),
    ]
    return tuple(one for one in found if one is not None)


async def missing_names(client: DearClient, config: DearConfig) -> tuple[Problem, ...]:
    """One problem for each configured name that DEAR does not have, or not for that use.

    Raises what a read raises.
    """
    lists: dict[str, list[Mapping[str, Any]]] = {}
    problems: list[Problem] = []
    for one in named(config):
        if one.path not in lists:
            try:
                lists[one.path] = await rows_of(client, one)
            except Refused:
                continue  # not to be known; the create will tell
        fitting = [row for row in lists[one.path] if _is(row, one)]
        if not any(not one.flag or row.get(one.flag) is True for row in fitting):
            problems.append(_problem(one, is_there=bool(fitting)))
    return tuple(problems)


async def rows_of(client: DearClient, one: Named) -> list[Mapping[str, Any]]:
    """Every row of the list in which a name has to be found. Raises what a read raises."""
    rows: list[Mapping[str, Any]] = []
    for page in range(1, MAX_PAGES + 1):
        content = await client.value(one.path, {"Page": str(page), "Limit": str(LIMIT)})
        part = content.get(one.list_key) if isinstance(content, Mapping) else None
        if not isinstance(part, list):
            raise Transient(f"DEAR {one.path} answered with no proper list")
        new = [row for row in part if isinstance(row, Mapping) and row not in rows]
        rows += new
        total = content.get("Total")
        if not new or not isinstance(total, int) or len(rows) >= total:
            break
    return rows


def _is(row: Mapping[str, Any], one: Named) -> bool:
    shown = row.get(one.field)
    return isinstance(shown, str) and shown.strip().casefold() == one.value.strip().casefold()


def _book(
    kind: Kind, key: str, value: str | None, *, field: str = "Name", flag: str = ""
) -> Named | None:
    family = FAMILIES[kind]
    return _named(key, value, family.path, family.list_key, field=field, flag=flag)


def _named(
    key: str, value: str | None, path: str, list_key: str, *, field: str = "Name", flag: str = ""
) -> Named | None:
    if not value:
        return None
    return Named(f"dear.defaults.{key}", value, path, list_key, field, flag)


def _problem(one: Named, *, is_there: bool) -> Problem:
    why = f"it is there, but its {one.flag} is off" if is_there else "DEAR has no such entry"
    return Problem(
        code="default_missing",
        message=f"{one.key} names {one.value!r}, and {why}: new records will be refused",
        field=one.key,
        cure=f"correct {one.key}, or create the entry in DEAR",
    )
