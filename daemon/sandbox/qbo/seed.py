"""The books as they stand when the simulator starts, from a world."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, TypeVar

from daemon.sandbox.qbo import posting, rules
from daemon.sandbox.qbo.entities import (
    ACCOUNT,
    CLASS,
    COMPANY_INFO,
    CUSTOMER,
    ITEM,
    PAYMENT_METHOD,
    PREFERENCES,
    TAX_AGENCY,
    TAX_CODE,
    TAX_RATE,
    TERM,
    VENDOR,
    Spec,
)
from daemon.sandbox.qbo.fields import clean
from daemon.sandbox.qbo.render import debit_balance
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.wire import Wire, number
from daemon.sandbox.world import (
    AccountFace,
    Face,
    PartyFace,
    Postal,
    ProductFace,
    TaxFace,
    TaxPart,
    TermFace,
    Thing,
    World,
)

FaceT = TypeVar("FaceT", bound=Face)
_TAX_DATE: Final = "2014-01-01T00:00:00-08:00"


def fill(books: Books, world: World) -> None:
    """Put everything of the world that is in QBO into the books."""
    for account in _faces(world.accounts):
        stored = _put(books, ACCOUNT, account, _account(account))
        stored.system = bool(account.system)
        stored.derived["Balance"] = debit_balance(books, stored, account.balance)
    for term in _faces(world.terms):
        _put(books, TERM, term, _term(term))
    for method in _faces(world.payment_methods):
        kind = "CREDIT_CARD" if method.credit_card else "NON_CREDIT_CARD"
        _put(books, PAYMENT_METHOD, method, {"Name": method.name, "Type": kind})
    for tracked in _faces(world.classes):
        _put(books, CLASS, tracked, {"Name": tracked.name, **_parent(tracked.parent)})
    _taxes(books, world)
    for customer in _faces(world.customers):
        body = {**_person(customer), "Taxable": customer.taxable, **_parent(customer.parent)}
        body |= {"ShipAddr": _postal(customer.shipping), "SalesTermRef": _value(customer.terms)}
        body["DefaultTaxCodeRef"] = _value(customer.tax)
        _put(books, CUSTOMER, customer, body)
    for vendor in _faces(world.vendors):
        body = {**_person(vendor), "TermRef": _value(vendor.terms), "AcctNum": vendor.code}
        body |= {"Vendor1099": vendor.is_1099, "DefaultTaxCodeRef": _value(vendor.tax)}
        _put(books, VENDOR, vendor, body)
    for item in _faces(world.products):
        stored = _put(books, ITEM, item, _item(item))
        if item.type == "Inventory":
            posting.open_stock(books, stored, number(item.quantity), booked=False)
    for spec in (COMPANY_INFO, PREFERENCES):
        books.insert(spec, "1", {}, books.now() - timedelta(days=400))
    books.reserve("Txn", "144")


def _faces(things: Sequence[Thing[FaceT]]) -> list[FaceT]:
    return [thing.qbo for thing in things if thing.qbo is not None]


def _put(books: Books, spec: Spec, face: Face, body: Wire) -> Stored:
    cleaned = clean({key: value for key, value in body.items() if value}, spec.fields, trim=False)
    fields = {**cleaned.values, "Active": face.active}
    rules.complete(books, spec, fields, None)
    for key, kind in spec.fields.items():
        if kind.kind == "address" and key in fields:
            fields[key] = {"Id": books.new_id("Address"), **fields[key]}
    stored = books.insert(spec, face.id, fields, books.now() - timedelta(days=face.age_days))
    books.reserve(spec.sequence, face.id)
    return stored


def _value(record_id: str) -> Wire:
    return {"value": record_id} if record_id else {}


def _parent(record_id: str) -> Wire:
    return {"ParentRef": {"value": record_id}} if record_id else {}


def _account(face: AccountFace) -> Wire:
    return {
        "Name": face.name,
        "AccountType": face.type,
        "AccountSubType": face.sub_type,
        "AcctNum": face.code,
        "Description": face.description,
        **_parent(face.parent),
    }


def _term(face: TermFace) -> Wire:
    due = "DayOfMonthDue" if face.method == "day of next month" else "DueDays"
    return {
        "Name": face.name,
        due: str(face.due),
        "DiscountPercent": str(face.discount_percent),
        "DiscountDays": str(face.discount_days),
    }


def _person(face: PartyFace) -> Wire:
    return {
        "DisplayName": face.name,
        "CompanyName": face.company,
        "GivenName": face.contact,
        "PrimaryPhone": {"FreeFormNumber": face.phone},
        "PrimaryEmailAddr": {"Address": face.email},
        "WebAddr": {"URI": face.website},
        "BillAddr": _postal(face.billing),
        "Notes": face.notes,
    }


def _postal(address: Postal | None) -> Wire:
    if address is None:
        return {}
    return {
        "Line1": address.line1,
        "Line2": address.line2,
        "City": address.city,
        "CountrySubDivisionCode": address.region,
        "PostalCode": address.postcode,
        "Country": address.country,
    }


def _item(face: ProductFace) -> Wire:
    body: Wire = {
        "Name": face.name,
        "Sku": face.sku,
        "Type": face.type,
        "Description": face.description,
        "PurchaseDesc": face.purchase_description,
        "UnitPrice": face.sales_price,
        "PurchaseCost": face.purchase_cost,
        "IncomeAccountRef": _value(face.income_account),
        "ExpenseAccountRef": _value(face.expense_account),
        "AssetAccountRef": _value(face.asset_account),
        "Taxable": face.taxable,
        "SalesTaxCodeRef": _value(face.sales_tax),
        "PurchaseTaxCodeRef": _value(face.purchase_tax),
        **_parent(face.category),
    }
    if face.type == "Inventory":
        start = "2014-11-01"
        body |= {"TrackQtyOnHand": True, "QtyOnHand": str(face.quantity), "InvStartDate": start}
    return body


def _taxes(books: Books, world: World) -> None:
    long_ago = books.now() - timedelta(days=400)
    for agency_id, name in world.tax_agencies:
        flags = {
            "TaxTrackedOnPurchases": books.company.is_abroad,
            "TaxTrackedOnSales": True,
        }
        books.insert(TAX_AGENCY, agency_id, {"DisplayName": name, **flags}, long_ago)
        books.reserve("TaxAgency", agency_id)
    for face in _faces(world.tax_codes):
        for part in (*face.parts, *face.purchase_parts):
            if books.get("TaxRate", part.id) is None:
                books.insert(TAX_RATE, part.id, tax_rate(part), long_ago)
                books.reserve("TaxRate", part.id)
        books.insert(TAX_CODE, face.id, _tax_code(face), long_ago)
        books.reserve("TaxCode", face.id)


def tax_rate(part: TaxPart) -> Wire:
    """The content of a TaxRate."""
    rate = number(part.rate)
    return {
        "Name": part.name,
        "Description": part.name,
        "Active": True,
        "RateValue": rate,
        "AgencyRef": {"value": part.agency},
        "EffectiveTaxRate": [{"RateValue": rate, "EffectiveDate": _TAX_DATE}],
        "SpecialTaxType": "NONE",
        "DisplayType": "ReadOnly",
    }


def rate_list(rate_ids: Sequence[tuple[str, str]]) -> Wire:
    """SalesTaxRateList or PurchaseTaxRateList from ids and names of rates."""
    details = [
        {
            "TaxRateRef": {"value": rate_id, "name": name},
            "TaxTypeApplicable": "TaxOnAmount",
            "TaxOrder": 0,
        }
        for rate_id, name in rate_ids
    ]
    return {"TaxRateDetail": details}


def _tax_code(face: TaxFace) -> Wire:
    rates = [(part.id, part.name) for part in face.parts]
    bought = [(part.id, part.name) for part in face.purchase_parts] or rates
    return {
        "Name": face.name,
        "Description": face.description or face.name,
        "Active": face.active,
        "Hidden": False,
        "Taxable": face.id != "NON" and (face.pseudo or bool(face.parts)),
        "TaxGroup": not face.pseudo,
        "SalesTaxRateList": rate_list(rates if face.for_sales else []),
        "PurchaseTaxRateList": rate_list(bought if face.for_purchases else []),
    }
