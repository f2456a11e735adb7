"""The sample company outside the United States: its money, its tax codes, its agencies.

Tables, and one function that moves a whole world. Ids, names and rates are this world's own choice
after the pattern of QBO's editions there: a code has one list of rates for sales and another for
purchases, and a code that stands for no tax at all has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from daemon.sandbox.things import (
    AccountFace,
    PartyFace,
    Postal,
    ProductFace,
    TaxFace,
    TaxPart,
    Thing,
    World,
)


@dataclass(frozen=True, slots=True)
class _Rate:
    """One tax; ``sales`` and ``purchases`` are the ids of its two rates in QBO."""

    name: str
    percent: str
    sales: str
    purchases: str
    agency: str = "2"


@dataclass(frozen=True, slots=True)
class Country:
    """What differs from the sample company of the United States."""

    code: str
    name: str
    """As addresses spell it."""
    currency: str
    agencies: tuple[tuple[str, str], ...]
    """Id and name."""
    payable: Mapping[str, str]
    """Account of QBO -> name of the agency that is owed there."""
    codes: Mapping[str, tuple[str, tuple[_Rate, ...]]]
    """Name of a tax code, the same in both systems -> its id in QBO, and its rates."""
    standard: str
    """The code of ordinary sales and purchases."""


_GST: Final = _Rate("GST", "5", "5", "6")
_QST: Final = _Rate("QST", "9.975", "9", "10", agency="1")

CANADA: Final = Country(
    code="CA",
    name="Canada",
    currency="CAD",
    agencies=(("1", "Revenu Quebec"), ("2", "Receiver General")),
    payable={"89": "Revenu Quebec", "90": "Receiver General"},
    codes={
        "Exempt": ("2", ()),
        "Zero-rated": ("3", (_Rate("Zero-rated", "0", "3", "4"),)),
        "GST": ("5", (_GST,)),
        "HST ON": ("6", (_Rate("HST ON", "13", "7", "8"),)),
        "GST/QST QC": ("7", (_GST, _QST)),
        "QST QC": ("8", (_QST,)),
    },
    standard="GST",
)
BRITAIN: Final = Country(
    code="GB",
    name="United Kingdom",
    currency="GBP",
    agencies=(("2", "HM Revenue and Customs"),),
    payable={"89": "Old VAT", "90": "HM Revenue and Customs"},
    codes={
        "20.0% S": ("6", (_Rate("20.0% S", "20", "5", "6"),)),
        "5.0% R": ("7", (_Rate("5.0% R", "5", "7", "8"),)),
        "0.0% Z": ("8", (_Rate("0.0% Z", "0", "9", "10"),)),
        "Exempt": ("9", (_Rate("Exempt", "0", "11", "12"),)),
    },
    standard="20.0% S",
)
COUNTRIES: Final[Mapping[str, Country]] = {"CA": CANADA, "GB": BRITAIN}
"""By the code that CompanyInfo shows."""


def moved(world: World, country: str, guids: Mapping[str, str]) -> World:
    """The same company in another country; ``guids`` are the ids of its tax rules in DEAR, by name.

    Tax rules that only DEAR has stay, for what they are in the world.
    """
    there = COUNTRIES[country]
    kept = [t for t in world.tax_codes if t.qbo is None and t.dear is not None and t.trap]
    codes = [
        _code(name, qbo_id, rates, guids[name]) for name, (qbo_id, rates) in there.codes.items()
    ]
    return replace(
        world,
        company=replace(world.company, country=there.code, home_currency=there.currency),
        accounts=tuple(_account(thing, there) for thing in world.accounts),
        tax_codes=(*codes, *(t for t in kept if t.trap == "unmapped")),
        tax_agencies=there.agencies,
        vendors=tuple(_party(thing, there) for thing in world.vendors),
        customers=tuple(_party(thing, there) for thing in world.customers),
        products=tuple(_product(thing, there) for thing in world.products),
    )


def party_abroad(thing: Thing[PartyFace], country: str) -> Thing[PartyFace]:
    """One vendor or customer moved on its own."""
    return _party(thing, COUNTRIES[country])


def product_abroad(thing: Thing[ProductFace], country: str) -> Thing[ProductFace]:
    """One product moved on its own."""
    return _product(thing, COUNTRIES[country])


def _code(name: str, qbo_id: str, rates: tuple[_Rate, ...], guid: str) -> Thing[TaxFace]:
    def parts(*, bought: bool) -> tuple[TaxPart, ...]:
        return tuple(
            TaxPart(
                id=rate.purchases if bought else rate.sales,
                name=f"{rate.name} (purchases)" if bought else rate.name,
                rate=Decimal(rate.percent),
                agency=rate.agency,
            )
            for rate in rates
        )

    source = tuple(
        TaxPart(id="", name=rate.name, rate=Decimal(rate.percent), account="Q90") for rate in rates
    )
    return Thing(
        name,
        qbo=TaxFace(
            id=qbo_id,
            name=name,
            parts=parts(bought=False),
            purchase_parts=parts(bought=True),
            for_purchases=True,
        ),
        dear=TaxFace(
            id=guid,
            name=name,
            parts=source or (TaxPart(id="", name=name, rate=Decimal(0), account="Q90"),),
            for_purchases=True,
            account="Q90",
        ),
    )


def _account(thing: Thing[AccountFace], there: Country) -> Thing[AccountFace]:
    if thing.qbo is None or thing.qbo.id not in there.payable:
        return thing
    name = f"{there.payable[thing.qbo.id]} Payable"
    dear = replace(thing.dear, name=name) if thing.dear is not None else None
    return replace(thing, qbo=replace(thing.qbo, name=name), dear=dear)


def _tax_name(name: str, there: Country) -> str:
    """A rule that only DEAR has stays; those of the United States give way."""
    return name if name and name not in ("California", "Tax Exempt") else there.standard


def _party(thing: Thing[PartyFace], there: Country) -> Thing[PartyFace]:
    def face(old: PartyFace) -> PartyFace:
        addresses = [_postal(old.billing, there), _postal(old.shipping, there)]
        return replace(old, currency=there.currency, billing=addresses[0], shipping=addresses[1])

    qbo, dear = thing.qbo, thing.dear
    if qbo is not None:
        qbo = replace(face(qbo), tax=there.codes[there.standard][0])
    if dear is not None:
        dear = replace(face(dear), tax=_tax_name(dear.tax, there))
    return replace(thing, qbo=qbo, dear=dear)


def _postal(address: Postal | None, there: Country) -> Postal | None:
    return replace(address, country=there.name) if address is not None else None


def _product(thing: Thing[ProductFace], there: Country) -> Thing[ProductFace]:
    qbo, dear = thing.qbo, thing.dear
    if qbo is not None and qbo.type != "Category":
        code = there.codes[there.standard][0]
        qbo = replace(qbo, sales_tax=code, purchase_tax=code, taxable=False)
    if dear is not None:
        taxes = (_tax_name(dear.sales_tax, there), _tax_name(dear.purchase_tax, there))
        dear = replace(dear, sales_tax=taxes[0], purchase_tax=taxes[1])
    return replace(thing, qbo=qbo, dear=dear)
