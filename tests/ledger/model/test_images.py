"""An image has what was agreed, digit for digit, whichever of its two forms it is read in."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from ledger.model.encoding import decode, encode
from ledger.model.facts import Baseline
from ledger.model.ids import Kind, RecordId, SystemName
from ledger.model.images import image_in
from ledger.model.records import RECORD_TYPES, Record, comparable_fields, comparable_values
from ledger.model.values import UNSET, RecordRef, Reference, Value
from tests.ledger.model.strategies import records

SALES = RecordRef(RecordId("account-sales"))


def resolved(record: Record, value: Value) -> Value:
    """A pointer as planning has it."""
    return RecordRef(RecordId(f"{record.KIND}-1")) if isinstance(value, Reference) else value


def read(body: bytes, kind: Kind) -> Baseline:
    return Baseline(system=SystemName("qbo"), kind=kind, image=image_in(body, kind))


@given(records)
def test_what_was_agreed_is_read_as_it_was_shown(record: Record) -> None:
    shown = comparable_values(record)
    agreed = {field: resolved(record, value) for field, value in shown.items()}
    body = encode(agreed)
    baseline = read(body, record.KIND)
    assert isinstance(baseline.image, tuple)
    assert baseline.fields == agreed
    assert encode(baseline.fields) == body == encode(decode(body, dict[str, Value]))
    assert read(encode(shown), record.KIND).fields == shown, "pointers as their system writes them"


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_a_field_that_was_never_agreed_is_unset(kind: Kind) -> None:
    assert image_in(b"{}", kind) == (UNSET,) * len(comparable_fields(kind))
    assert read(b"{}", kind).fields == {}


@pytest.mark.parametrize(
    ("fields", "is_tuple"),
    [
        ({"sales_price": Decimal("12.40"), "income_account": SALES, "unit": None}, True),
        ({"income_account": Reference(kind=Kind.ACCOUNT, key="Sales")}, False),
        ({"sku": True, "income_account": SALES}, False),  # of another form than it has today
    ],
)
def test_what_does_not_fit_the_kind_is_read_as_it_stands(
    fields: dict[str, Any], is_tuple: bool
) -> None:
    baseline = read(encode(fields), Kind.ITEM)
    assert isinstance(baseline.image, tuple) is is_tuple
    assert encode(baseline.fields) == encode(fields)
