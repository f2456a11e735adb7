"""``POST /taxservice/taxcode``: the only way to create tax codes and rates."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.entities import TAX_CODE, TAX_RATE
from daemon.sandbox.qbo.seed import rate_list, tax_rate
from daemon.sandbox.qbo.state import Books
from daemon.sandbox.qbo.wire import Wire
from daemon.sandbox.world import TaxPart

_KEYS: Final = frozenset({"TaxCode", "TaxCodeId", "TaxRateDetails", "Id", "sparse", "domain"})
_RATE_KEYS: Final = frozenset(
    {"TaxRateName", "TaxRateId", "RateValue", "TaxAgencyId", "TaxApplicableOn"}
)


def create(books: Books, body: Any) -> Wire:
    """Create a tax code, and the rates that do not exist yet; the same bare object with ids.

    Raises 2010, 2020, 2500, 6240; then nothing was created.
    """
    if books.switches.sales_tax == "automated":
        raise faultbodies.unsupported("create of TaxCode with automated sales tax")
    if not isinstance(body, dict):
        raise faultbodies.unknown_property("TaxCode")
    _check_keys(body, _KEYS)
    name = str(body.get("TaxCode") or "")
    if not name:
        raise faultbodies.required("TaxCode")
    details = body.get("TaxRateDetails")
    if not isinstance(details, list) or not details:
        raise faultbodies.required("TaxRateDetails")
    if any(code.name.casefold() == name.casefold() for code in books.all("TaxCode")):
        raise faultbodies.duplicate_tax_name("code")
    planned = [_planned(books, detail) for detail in details]
    answers: list[Wire] = []
    rates: dict[str, list[tuple[str, str]]] = {"Sales": [], "Purchase": []}
    for detail, part in zip(details, planned, strict=True):
        rate_id = part.id
        if not rate_id:
            rate_id = books.new_id("TaxRate")
            books.insert(TAX_RATE, rate_id, tax_rate(part), books.now())
        applies = str(detail.get("TaxApplicableOn") or "Sales")
        rates[applies].append((rate_id, part.name))
        answers.append({**detail, "TaxRateId": rate_id})
    fields: Wire = {
        "Name": name,
        "Description": name,
        "Active": True,
        "Hidden": False,
        "Taxable": True,
        "TaxGroup": True,
        "SalesTaxRateList": rate_list(rates["Sales"]),
        "PurchaseTaxRateList": rate_list(rates["Purchase"]),
    }
    code_id = books.new_id("TaxCode")
    books.insert(TAX_CODE, code_id, fields, books.now())
    return {"TaxCode": name, "TaxCodeId": code_id, "TaxRateDetails": answers}


def _check_keys(body: Wire, allowed: frozenset[str]) -> None:
    for key in body:
        if key not in allowed:
            raise faultbodies.unknown_property(key)


def _planned(books: Books, detail: Any) -> TaxPart:
    """The rate that a detail means; an empty id stands for a new one."""
    if not isinstance(detail, dict):
        raise faultbodies.unknown_property("TaxRateDetails")
    _check_keys(detail, _RATE_KEYS)
    if str(detail.get("TaxApplicableOn") or "Sales") not in ("Sales", "Purchase"):
        wrong = faultbodies.bad_value("TaxApplicableOn", detail["TaxApplicableOn"], code="2170")
        raise faultbodies.QboFault([wrong])
    if detail.get("TaxRateId"):
        rate = books.get("TaxRate", str(detail["TaxRateId"]))
        if rate is None:
            raise faultbodies.bad_reference("TaxRates", str(detail["TaxRateId"]))
        return TaxPart(id=rate.id, name=rate.name, rate=rate.fields["RateValue"])
    for key in ("TaxRateName", "RateValue", "TaxAgencyId"):
        if detail.get(key) in (None, ""):
            raise faultbodies.required(key)
    name, agency = str(detail["TaxRateName"]), str(detail["TaxAgencyId"])
    if any(rate.name.casefold() == name.casefold() for rate in books.all("TaxRate")):
        raise faultbodies.duplicate_tax_name("rate")
    if books.get("TaxAgency", agency) is None:
        raise faultbodies.bad_reference("TaxAgencys", agency)
    try:
        value = Decimal(str(detail["RateValue"]))
    except InvalidOperation as error:
        wrong = faultbodies.bad_value("RateValue", detail["RateValue"], code="2090")
        raise faultbodies.QboFault([wrong]) from error
    return TaxPart(id="", name=name, rate=value, agency=agency)
