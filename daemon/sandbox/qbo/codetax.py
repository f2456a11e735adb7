"""Tax of documents outside the United States: every line has a code, every code its rates.

Sales and purchases alike; a code has one list of rates for each. ``TxnTaxDetail.TaxLine`` may
correct the tax of a rate by a cent, a person by any amount.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.details import CENT, SALES_FORMS, decimal
from daemon.sandbox.qbo.linetax import INCLUSIVE, UNTAXED, calculation, rates
from daemon.sandbox.qbo.salestax import account_of
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire, number

_ZERO: Final = Decimal(0)
_KEYS: Final = frozenset({"TotalTax", "TaxLine", "TxnTaxCodeRef"})
_ROW: Final = frozenset({"Amount", "DetailType", "TaxLineDetail"})
_ROW_DETAIL: Final = frozenset({"TaxRateRef", "PercentBased", "TaxPercent", "NetAmountTaxable"})


def work_out(
    books: Books,
    entity: str,
    fields: Wire,
    lines: list[Wire],
    before: Stored | None,
    *,
    by_user: bool,
) -> tuple[Decimal, list[Wire]]:
    """The tax of a document, in all and per rate, as ``salestax.work_out`` gives it; replaces
    ``TxnTaxDetail`` in ``fields`` by the corrections that stand.

    Raises 6170 for tax details on a document to which no tax applies.
    """
    sent = fields.pop("TxnTaxDetail", None) or {}
    if not isinstance(sent, dict):
        raise faultbodies.unknown_property("TxnTaxDetail")
    kept = before.fields.get("TxnTaxDetail", {}) if before is not None else {}
    how = calculation(fields)
    if how == UNTAXED:
        if sent and sent != kept:
            raise faultbodies.tax_not_applicable()
        return _ZERO, []
    _check_keys(sent, _KEYS)
    if sent.get("TxnTaxCodeRef"):
        raise faultbodies.not_simulated("TxnTaxDetail.TxnTaxCodeRef outside the United States")
    purchase = entity not in SALES_FORMS
    taxes = _per_rate(books, lines, purchase=purchase, inclusive=how == INCLUSIVE)
    corrections = _correct(taxes, sent, kept, by_user=by_user)
    if corrections:
        fields["TxnTaxDetail"] = {"TaxLine": corrections}
    return sum((tax["Amount"] for tax in taxes), _ZERO), taxes


def _per_rate(books: Books, lines: list[Wire], *, purchase: bool, inclusive: bool) -> list[Wire]:
    found: dict[str, Wire] = {}
    for line in lines:
        detail = line.get(line["DetailType"], {})
        reference = detail.get("TaxCodeRef") if "Amount" in line else None
        code = books.get("TaxCode", str(reference["value"])) if reference else None
        parts = rates(books, code, purchase=purchase) if code is not None else []
        inside = detail["TaxInclusiveAmt"] - line["Amount"] if inclusive and parts else _ZERO
        whole = sum((rate.fields["RateValue"] for rate in parts), _ZERO)
        left = inside
        for position, rate in enumerate(parts, start=1):
            tax = found.setdefault(rate.id, _row(books, rate))
            tax["Base"] += line["Amount"]
            if not inclusive:
                part = line["Amount"] * rate.fields["RateValue"] / 100
                tax["Amount"] += _cents(part) if books.switches.tax_rounding == "line" else part
                continue
            is_last = position == len(parts) or not whole
            part = left if is_last else _cents(inside * rate.fields["RateValue"] / whole)
            tax["Amount"] += part
            left -= part
    for tax in found.values():
        tax["Amount"] = _cents(tax["Amount"])
    return list(found.values())


def _row(books: Books, rate: Stored) -> Wire:
    return {
        "Account": account_of(books, rate),
        "Amount": _ZERO,
        "Rate": rate.id,
        "Percent": rate.fields["RateValue"],
        "Base": _ZERO,
    }


def _cents(value: Decimal) -> Decimal:
    return number(value.quantize(CENT, rounding=ROUND_HALF_UP))


def _correct(taxes: list[Wire], sent: Wire, kept: Wire, *, by_user: bool) -> list[Wire]:
    """Put corrected amounts into ``taxes``; the corrections as they are kept.

    A correction belongs to the sum that it was made for: once the lines add up to something else
    the tax is worked out anew, so that what was shown may be sent back with other lines.
    """
    rows = sent.get("TaxLine") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise faultbodies.unknown_property("TaxLine")
    by_rate = {tax["Rate"]: tax for tax in taxes}
    found: list[Wire] = []
    is_stale = False
    for row in rows:
        rate, base, amount = _said(row)
        tax = by_rate.get(rate)
        if tax is None or base not in (None, tax["Base"]):
            is_stale = True
            continue
        change = amount - tax["Amount"]
        if not change:
            continue
        correction = _correction(rate, amount, tax["Base"])
        stands = correction in kept.get("TaxLine", [])
        if abs(change) > CENT and not (by_user or stands):
            raise faultbodies.not_simulated("tax that is corrected by more than a cent")
        tax["Amount"] = amount
        found.append(correction)
    total = sent.get("TotalTax")
    if total is not None and not is_stale:
        summed = sum((tax["Amount"] for tax in taxes), _ZERO)
        if decimal("TxnTaxDetail.TotalTax", total) != summed and rows:
            raise faultbodies.business("TotalTax is not the sum of the tax lines")
        if decimal("TxnTaxDetail.TotalTax", total) != summed:
            raise faultbodies.not_simulated("TotalTax without tax lines outside the United States")
    return found


def _correction(rate: str, amount: Decimal, base: Decimal) -> Wire:
    detail = {"TaxRateRef": {"value": rate}, "NetAmountTaxable": number(base)}
    return {"Amount": amount, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}


def _said(row: Wire) -> tuple[str, Decimal | None, Decimal]:
    """Rate, sum and tax of one row of ``TaxLine``."""
    _check_keys(row, _ROW)
    detail = row.get("TaxLineDetail")
    reference = detail.get("TaxRateRef") if isinstance(detail, dict) else None
    if not isinstance(detail, dict) or not isinstance(reference, dict):
        raise faultbodies.required("TxnTaxDetail.TaxLine.TaxLineDetail.TaxRateRef")
    _check_keys(detail, _ROW_DETAIL)
    base = detail.get("NetAmountTaxable")
    if row.get("Amount") is None:
        raise faultbodies.required("TxnTaxDetail.TaxLine.Amount")
    return (
        str(reference.get("value") or ""),
        None if base is None else decimal("TxnTaxDetail.TaxLine.NetAmountTaxable", base),
        _cents(decimal("TxnTaxDetail.TaxLine.Amount", row["Amount"])),
    )


def _check_keys(given: dict[str, Any], known: frozenset[str]) -> None:
    for key in given:
        if key not in known:
            raise faultbodies.unknown_property(key)
