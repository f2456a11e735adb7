"""Tax words and tax codes of one line, and how a document counts its tax.

In the United States a line is TAX or NON; elsewhere it names a real code, unless no tax applies to
the document. What the lines add up to is in ``salestax`` and ``codetax``.
"""

from decimal import Decimal
from typing import Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire

EXCLUDED: Final = "TaxExcluded"
INCLUSIVE: Final = "TaxInclusive"
UNTAXED: Final = "NotApplicable"
_CENT: Final = Decimal("0.01")
_PURCHASES: Final = frozenset({"ItemBasedExpenseLineDetail", "AccountBasedExpenseLineDetail"})
_TAXED: Final = _PURCHASES | {"SalesItemLineDetail"}


def settle(books: Books, spec: Spec, fields: Wire) -> None:
    """Decide ``GlobalTaxCalculation`` of a document; in the United States none is kept."""
    how = fields.pop("GlobalTaxCalculation", None)
    if not books.company.is_abroad:
        if how == INCLUSIVE:
            raise faultbodies.not_simulated("GlobalTaxCalculation TaxInclusive")
        return
    if "GlobalTaxCalculation" not in spec.fields:
        return
    if books.switches.sales_tax == "off":
        if how not in (None, UNTAXED):
            raise faultbodies.business("The company has not turned on tax")
        how = UNTAXED
    fields["GlobalTaxCalculation"] = how or EXCLUDED


def calculation(header: Wire) -> str:
    """How a document whose header is settled counts; ``""`` in the United States."""
    return str(header.get("GlobalTaxCalculation", ""))


def check_code(books: Books, detail: Wire, detail_type: str, before: Wire, how: str) -> None:
    """The tax code of one line. Changes ``detail``."""
    if not how:
        _check_word(detail, detail_type)
    elif how == UNTAXED:
        detail.pop("TaxCodeRef", None)
    elif detail_type == "DiscountLineDetail":
        raise faultbodies.not_simulated("discount lines of a company outside the United States")
    elif detail_type in _TAXED:
        _check_real(books, detail, detail_type, before)


def _check_word(detail: Wire, detail_type: str) -> None:
    code = str(detail.get("TaxCodeRef", {}).get("value", "NON"))
    purchase = detail_type in _PURCHASES
    if code != "NON" and (purchase or code != "TAX"):
        raise faultbodies.line_tax_code(code, purchase=purchase)


def _check_real(books: Books, detail: Wire, detail_type: str, before: Wire) -> None:
    wanted = str(detail.get("TaxCodeRef", {}).get("value", ""))
    if not wanted:
        raise faultbodies.line_without_tax_code(books.switches.missing_tax_code)
    code = books.get("TaxCode", wanted)
    if code is None:
        raise faultbodies.bad_reference("TaxCodes", wanted)
    if before.get("TaxCodeRef") == detail["TaxCodeRef"]:
        return
    if not code.active:
        raise faultbodies.inactive_reference(books.switches.inactive_reference)
    purchase = detail_type in _PURCHASES
    if code.fields["Taxable"] and not rates(books, code, purchase=purchase):
        side = "purchases" if purchase else "sales"
        raise faultbodies.business(f"The tax code {code.name} is not for {side}")


def rates(books: Books, code: Stored, *, purchase: bool) -> list[Stored]:
    """The rates of a code; a code that stands for no tax at all has none."""
    details = code.fields["PurchaseTaxRateList" if purchase else "SalesTaxRateList"]
    found = (
        books.get("TaxRate", str(detail["TaxRateRef"]["value"]))
        for detail in details["TaxRateDetail"]
    )
    return [rate for rate in found if rate is not None]


def check_gross(books: Books, detail: Wire, detail_type: str, amount: Decimal, how: str) -> None:
    """Amount of a line is net and ``TaxInclusiveAmt`` is what was entered: they must agree to the
    cent. Changes ``detail``: documents without inclusive prices show none."""
    if how != INCLUSIVE:
        detail.pop("TaxInclusiveAmt", None)
        return
    if "TaxInclusiveAmt" not in detail:
        raise faultbodies.required("Line.TaxInclusiveAmt")
    code = books.get("TaxCode", str(detail["TaxCodeRef"]["value"]))
    found = rates(books, code, purchase=detail_type in _PURCHASES) if code is not None else []
    percent: Decimal = sum((rate.fields["RateValue"] for rate in found), Decimal(0))
    if abs(amount * (1 + percent / 100) - detail["TaxInclusiveAmt"]) > _CENT:
        reason = f"TaxInclusiveAmt {detail['TaxInclusiveAmt']} is not {amount} and {percent} %"
        raise faultbodies.business(reason)
