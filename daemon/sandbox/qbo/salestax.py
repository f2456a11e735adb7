"""Sales tax of invoices and credit memos in the United States: rates of a group, overrides."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.company import DEFAULT_GROUP
from daemon.sandbox.qbo.details import CENT, decimal
from daemon.sandbox.qbo.lines import discount_of, subtotal
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire, number

_KEYS: Final = frozenset({"TxnTaxCodeRef", "TotalTax", "TaxLine", "DefaultTaxCodeRef"})
_ZERO: Final = Decimal(0)


def refuse_on_purchase(detail: Any) -> None:
    """Purchases in the United States carry no tax; saying so is fine, anything else is not."""
    if not isinstance(detail, dict):
        if detail not in (None, ""):
            raise faultbodies.unknown_property("TxnTaxDetail")
        return
    _check_keys(detail)
    if detail.get("TotalTax") or detail.get("TxnTaxCodeRef"):
        raise faultbodies.not_simulated("tax on purchases")


def work_out(books: Books, fields: Wire, lines: list[Wire]) -> tuple[Decimal, list[Wire]]:
    """The tax of a document, in all and per rate; replaces ``TxnTaxDetail`` in ``fields`` by what
    was decided: the group, and a total that differs from the computed one.

    Each of the lines has Account, Amount, Rate, Percent and Base.
    """
    sent = fields.pop("TxnTaxDetail", None)
    if sent in (None, ""):
        sent = {}
    if not isinstance(sent, dict):
        raise faultbodies.unknown_property("TxnTaxDetail")
    _check_keys(sent)
    base = _base(books, fields, lines)
    code = _group(books, sent.get("TxnTaxCodeRef"), taxed=bool(base))
    taxes = [_tax(books, rate, base) for rate in _rates(books, code)]
    computed = sum((tax["Amount"] for tax in taxes), _ZERO)
    kept: Wire = {"TxnTaxCodeRef": {"value": code.id}} if code is not None else {}
    total = computed
    if sent.get("TotalTax") is not None:
        total = decimal("TxnTaxDetail.TotalTax", sent["TotalTax"])
        total = number(total.quantize(CENT, rounding=ROUND_HALF_UP))
    if total != computed:
        kept["TotalTax"] = total
        _override(books, taxes, total - computed)
    if kept:
        fields["TxnTaxDetail"] = kept
    return total, [tax for tax in taxes if tax["Amount"] or tax["Rate"]]


def shown(fields: Wire, derived: Wire) -> Wire:
    """``TxnTaxDetail`` as an answer holds it."""
    result: Wire = {"TotalTax": number(derived["TotalTax"])}
    code = fields.get("TxnTaxDetail", {}).get("TxnTaxCodeRef")
    if code is not None:
        result["TxnTaxCodeRef"] = dict(code)
    rows = [tax for tax in derived["TaxLine"] if tax["Rate"]]
    if rows:
        result["TaxLine"] = [
            {
                "Amount": number(tax["Amount"]),
                "DetailType": "TaxLineDetail",
                "TaxLineDetail": {
                    "TaxRateRef": {"value": tax["Rate"]},
                    "PercentBased": True,
                    "TaxPercent": number(tax["Percent"]),
                    "NetAmountTaxable": number(tax["Base"]),
                },
            }
            for tax in rows
        ]
    return result


def _check_keys(detail: Wire) -> None:
    for key in detail:
        if key not in _KEYS:
            raise faultbodies.unknown_property(key)
    if detail.get("DefaultTaxCodeRef"):
        raise faultbodies.not_simulated("TxnTaxDetail.DefaultTaxCodeRef")


def _base(books: Books, fields: Wire, lines: list[Wire]) -> Decimal:
    """What is taxed: lines marked TAX, less their share of a discount where that comes first."""
    customer = books.get("Customer", str(fields["CustomerRef"]["value"]))
    if customer is not None and customer.fields.get("Taxable") is False:
        return _ZERO
    taxed = sum(
        (
            line["Amount"]
            for line in lines
            if line.get("SalesItemLineDetail", {}).get("TaxCodeRef", {}).get("value") == "TAX"
        ),
        _ZERO,
    )
    discount, whole = discount_of(lines), subtotal(lines)
    if discount and whole and fields.get("ApplyTaxAfterDiscount"):
        taxed -= discount * taxed / whole
    return taxed.quantize(CENT, rounding=ROUND_HALF_UP)


def _group(books: Books, sent: Any, *, taxed: bool) -> Stored | None:
    wanted = str(sent.get("value") or "") if isinstance(sent, dict) else ""
    if books.switches.sales_tax == "automated":
        return books.get("TaxCode", DEFAULT_GROUP) if taxed else None
    if not wanted:
        return None
    code = books.get("TaxCode", wanted)
    if wanted == "CustomSalesTax":
        raise faultbodies.custom_sales_tax()
    if code is None or not code.fields.get("TaxGroup"):
        raise faultbodies.bad_reference("TaxCodes", wanted)
    return code


def _rates(books: Books, code: Stored | None) -> list[Stored]:
    if code is None:
        return []
    details = code.fields["SalesTaxRateList"]["TaxRateDetail"]
    found = (books.get("TaxRate", str(detail["TaxRateRef"]["value"])) for detail in details)
    return [rate for rate in found if rate is not None]


def _tax(books: Books, rate: Stored, base: Decimal) -> Wire:
    percent = rate.fields["RateValue"]
    return {
        "Account": account_of(books, rate),
        "Amount": (base * percent / 100).quantize(CENT, rounding=ROUND_HALF_UP),
        "Rate": rate.id,
        "Percent": percent,
        "Base": base,
    }


def _override(books: Books, taxes: list[Wire], change: Decimal) -> None:
    if taxes:
        taxes[-1]["Amount"] += change
    else:
        account = account_of(books, None)
        taxes.append(
            {"Account": account, "Amount": change, "Rate": "", "Percent": _ZERO, "Base": _ZERO}
        )


def account_of(books: Books, rate: Stored | None) -> str:
    """The liability account of the agency that gets the tax, else the first one for taxes."""
    agency = None
    if rate is not None:
        agency = books.get("TaxAgency", str(rate.fields["AgencyRef"]["value"]))
    wanted = f"{agency.fields['DisplayName']} Payable" if agency is not None else ""
    fallback = ""
    for account in books.all("Account"):
        if account.fields["AccountSubType"] in ("GlobalTaxPayable", "SalesTaxPayable"):
            if account.name == wanted:
                return account.id
            fallback = fallback or account.id
    if not fallback:
        raise faultbodies.business("The company has no account for sales tax")
    return fallback
