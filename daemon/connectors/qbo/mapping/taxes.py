"""Tax codes, with the rate joined from TaxRate objects. Read only: codes are made elsewhere."""

from decimal import Decimal

from daemon.connectors.qbo.mapping.wire import (
    COMMON,
    Entity,
    Malformed,
    Rates,
    Setting,
    Wire,
    active,
    name,
    number,
    part,
    text,
)
from ledger.model.ids import Kind
from ledger.model.records import TaxCode
from ledger.model.values import UNSET, UnsetType

PSEUDO = frozenset({"TAX", "NON", "CustomSalesTax"})
"""Codes of US companies whose id is a word: they stand for "whatever applies", not for a rate."""
ON_AMOUNT = "TaxOnAmount"


def _read(raw: Wire, setting: Setting) -> TaxCode:
    sales = _rate_ids(raw, "SalesTaxRateList")
    purchases = _rate_ids(raw, "PurchaseTaxRateList")
    if setting.taxes_by_code and not sales and not purchases and raw.get("Taxable") is False:
        # Exempt, out of scope: a code like any other on a line, and no rate behind it.
        return TaxCode(
            name=name(raw, "Name"),
            description=text(raw, "Description"),
            rate=Decimal(0),
            for_sales=True,
            for_purchases=True,
            active=active(raw),
        )
    return TaxCode(
        name=name(raw, "Name"),
        description=text(raw, "Description"),
        rate=_total(sales if sales else purchases, setting.rates),
        for_sales=bool(sales),
        # Books in the US keep no tax on purchases: their codes say nothing about it.
        for_purchases=bool(purchases) if purchases or setting.taxes_by_code else UNSET,
        active=active(raw),
    )


def _rate_ids(raw: Wire, prop: str) -> list[str]:
    """Ids of the rates in one list; ``""`` for one that is not simply on the amount."""
    found = part(raw, prop)
    details = [] if found is None else found.get("TaxRateDetail", [])
    if not isinstance(details, list) or not all(isinstance(one, dict) for one in details):
        raise Malformed(prop, f"{prop}.TaxRateDetail should be a list of objects")
    return [_rate_id(detail) for detail in details]


def _rate_id(detail: Wire) -> str:
    if (text(detail, "TaxTypeApplicable") or ON_AMOUNT) != ON_AMOUNT:
        return ""
    reference = part(detail, "TaxRateRef")
    return "" if reference is None else text(reference, "value") or ""


def _total(ids: list[str], rates: Rates) -> Decimal | UnsetType:
    """The sum in percent; not shown where one part is unknown or is a tax on a tax."""
    if not ids or any(one not in rates for one in ids):
        return UNSET
    return sum((rates[one] for one in ids), Decimal(0))


def read_rate(raw: Wire) -> tuple[str, Decimal] | None:
    """Id and percent of a TaxRate object; None where either is missing."""
    rate_id, percent = text(raw, "Id"), number(raw, "RateValue")
    return None if rate_id is None or percent is None else (rate_id, percent)


def _scope(raw: Wire) -> str:
    return "pseudo tax code" if raw.get("Id") in PSEUDO else ""


TAX_CODE = Entity(
    kind=Kind.TAX_CODE,
    name="TaxCode",
    name_property="Name",
    read=_read,
    puts={},
    known=COMMON
    | {
        "Name",
        "Description",
        "Active",
        "Hidden",
        "Taxable",
        "TaxGroup",
        "SalesTaxRateList",
        "PurchaseTaxRateList",
        "AdjustmentTaxRateList",
        "TaxCodeConfigType",
        "TaxCodeEx",
    },
    queries={"name": "Name"},
    scope=_scope,
)
