"""Any value that the model can hold, hostile text and odd decimals included."""

from decimal import Decimal
from typing import Any, Union, get_args, get_origin

import msgspec
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from ledger.model.ids import ExternalRef, Kind, SystemName
from ledger.model.records import RECORD_TYPES, Record
from ledger.model.values import Address, RecordRef, Reference, Value

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
values: st.SearchStrategy[Value] = st.one_of(
    st.none(), text, decimals, st.booleans(), addresses, references, st.builds(RecordRef, text)
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
        type(None): st.none(),
    }[part]


def _of(record_type: type[Record]) -> st.SearchStrategy[Record]:
    given: dict[str, st.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(record_type):
        assert get_origin(field.type) is Union or get_args(field.type)
        given[field.name] = st.one_of(*(_shown(part) for part in get_args(field.type)))
    return st.builds(record_type, **given)


records: st.SearchStrategy[Record] = st.one_of(*(_of(one) for one in RECORD_TYPES.values()))
