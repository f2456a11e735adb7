"""Any value that the model can hold, hostile text and odd decimals included."""

from decimal import Decimal
from typing import Any, Union, get_args, get_origin

import msgspec
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from ledger.model.ids import ExternalRef, Kind, SystemName
from ledger.model.records import RECORD_TYPES, Record
from ledger.model.values import Address, Line, Lines, RecordRef, Reference, Texts, Value

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
decimals = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=None
) | st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places),
    st.integers(-(10**24), 10**24),
    st.integers(0, 9),
)
kinds = st.sampled_from(Kind)
references = st.builds(lambda kind, value: Reference(kind=kind, id=value), kinds, text) | st.builds(
    lambda kind, value: Reference(kind=kind, key=value), kinds, text
)
addresses = st.builds(
    Address,
    lines=st.lists(text, max_size=3).map(tuple),
    city=text,
    region=text,
    postal_code=text,
    country=text,
)
_pointers = st.none() | references | st.builds(RecordRef, text)
_amounts = st.none() | decimals
_line = st.builds(
    Line,
    id=text,
    number=st.integers(0, 500),
    sort=st.sampled_from(["item", "account", "text", "other"]),
    item=_pointers,
    account=_pointers,
    description=text,
    quantity=_amounts,
    unit_price=_amounts,
    discount_percent=_amounts,
    amount=_amounts,
    tax_code=_pointers,
    tax=_amounts,
    order=_pointers,
    order_line=text,
    order_number=st.integers(0, 500),
    reporting_class=_pointers,
    customer=_pointers,
    billable=text,
)
lines = st.builds(Lines, st.lists(_line, max_size=4).map(tuple))
texts = st.builds(
    Texts, st.dictionaries(text, text, max_size=3).map(lambda one: tuple(sorted(one.items())))
)
values: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    text,
    decimals,
    st.booleans(),
    addresses,
    references,
    st.builds(RecordRef, text),
    lines,
    texts,
)
fields = st.dictionaries(text, values, max_size=6)
refs = st.builds(ExternalRef, st.sampled_from([SystemName("qbo"), SystemName("dear")]), kinds, text)


def _shown(part: Any) -> st.SearchStrategy[Any]:
    if part is UnsetType:
        return st.just(UNSET)
    return {
        str: text,
        Decimal: decimals,
        bool: st.booleans(),
        Reference: references,
        Address: addresses,
        Lines: lines,
        Texts: texts,
        type(None): st.none(),
    }[part]


def _of(record_type: type[Record]) -> st.SearchStrategy[Record]:
    given: dict[str, st.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(record_type):
        assert get_origin(field.type) is Union or get_args(field.type)
        given[field.name] = st.one_of(*(_shown(part) for part in get_args(field.type)))
    return st.builds(record_type, **given)


records: st.SearchStrategy[Record] = st.one_of(*(_of(one) for one in RECORD_TYPES.values()))
