"""What goes into the ledger comes out of it: exact digits, exact text, and equal bytes for equal
content."""

import typing
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from ledger.model import entries
from ledger.model.encoding import comparable_bytes, decode, decode_record, encode
from ledger.model.entries import Entry
from ledger.model.facts import Hold, HoldCode, Observation, Problem
from ledger.model.ids import (
    Digest,
    ExternalRef,
    Kind,
    OperationId,
    RecordId,
    RequestId,
    SystemName,
)
from ledger.model.outcomes import IntentItem, RefusalKind, Write, WriteRequest
from ledger.model.plans import Action, Agreement, Conflict, FieldChange, FieldConflict, Operation
from ledger.model.records import Item, Record, Term, comparable_fields, comparable_values
from ledger.model.values import RecordRef, Value
from ledger.store.payloads import pack, unpack
from tests.ledger.model.strategies import decimals, fields, records, refs, text, values

QBO = SystemName("qbo")


def digits(value: object) -> object:
    """Decimals told apart by their digits, not only by their amount."""
    return value.as_tuple() if isinstance(value, Decimal) else value


def all_digits(record: Record) -> list[object]:
    return [digits(getattr(record, field)) for field in record.__struct_fields__]


@given(records)
def test_a_record_comes_back_with_every_digit(record: Record) -> None:
    again = decode_record(encode(record))
    assert type(again) is type(record)
    assert all_digits(again) == all_digits(record)


@given(fields)
def test_an_image_comes_back_with_every_digit(image: dict[str, Value]) -> None:
    again = decode(encode(image), dict[str, Value])
    assert {k: digits(v) for k, v in again.items()} == {k: digits(v) for k, v in image.items()}
    assert {k: type(v) for k, v in again.items()} == {k: type(v) for k, v in image.items()}


@given(records, st.binary(max_size=50) | st.just(b'{"a": 1.10,\n "b": "\\u00e9"}') | st.just(b"{"))
def test_an_observation_keeps_the_wire_form_byte_for_byte(record: Record, raw: bytes) -> None:
    ref = ExternalRef(QBO, record.KIND, "1")
    stored = unpack(pack(Observation(ref=ref, version="1", record=record, raw=raw)))
    assert stored.raw == raw
    assert all_digits(stored.record) == all_digits(record)


@given(records)
def test_equal_content_gives_equal_bytes_whatever_the_scale(record: Record) -> None:
    other = msgspec.structs.replace(
        record,
        **{
            field: value + Decimal("0.000") if isinstance(value, Decimal) else value
            for field in record.__struct_fields__
            if isinstance(value := getattr(record, field), Decimal)
            and len(value.as_tuple().digits) < 20
        },
    )
    assert comparable_bytes(other) == comparable_bytes(record)


@given(records, records)
def test_different_content_gives_different_bytes(one: Record, other: Record) -> None:
    same = one.KIND == other.KIND and comparable_values(one) == comparable_values(other)
    assert (comparable_bytes(one) == comparable_bytes(other)) == same


@given(records)
def test_derived_figures_are_not_compared(record: Record) -> None:
    changed = msgspec.structs.replace(record, **dict.fromkeys(record.DERIVED, UNSET))
    assert comparable_bytes(changed) == comparable_bytes(record)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Item(sales_price=Decimal("12.4")), Item(sales_price=Decimal("12.41"))),
        (Item(sales_price=None), Item()),
        (Item(name="1"), Item(sku="1")),
        (Item(name=None), Item(name="")),
        (Term(due=Decimal(30)), Term(due=Decimal(30), discount_days=Decimal(0))),
        (Item(name="Bolt"), Item(name="bolt")),
        (Item(name="x" + "\u0301"), Item(name="x")),
    ],
)
def test_what_a_person_would_call_a_change_is_one(one: Record, other: Record) -> None:
    assert comparable_bytes(one) != comparable_bytes(other)


def test_text_that_looks_like_a_number_stays_text() -> None:
    image: dict[str, Value] = {"sku": "0012.40", "price": Decimal("0012.40")}
    again = decode(encode(image), dict[str, Value])
    assert again == {"sku": "0012.40", "price": Decimal("12.40")}
    assert str(again["price"]) == "12.40"
    assert comparable_bytes(Item(name="12.4")) != comparable_bytes(
        Item(sales_price=Decimal("12.4"))
    )


changes = st.builds(FieldChange, field=text, before=values, after=values, trace=text)
operations = st.builds(
    Operation,
    id=text.map(OperationId),
    digest=text.map(Digest),
    record=text.map(RecordId),
    kind=st.sampled_from(Kind),
    label=text,
    system=st.just(QBO),
    action=st.sampled_from(Action),
    ref=st.none() | refs,
    changes=st.lists(changes, max_size=3).map(tuple),
    wave=st.integers(0, 9),
    needs=st.lists(text.map(RecordId), max_size=2).map(tuple),
    computed_from=st.dictionaries(st.just(QBO), text.map(Digest)),
    why=text,
)


@given(operations)
def test_an_operation_comes_back(operation: Operation) -> None:
    again = decode(encode(operation), Operation)
    assert again == operation
    for one, other in zip(again.changes, operation.changes, strict=True):
        assert (digits(one.before), digits(one.after)) == (
            digits(other.before),
            digits(other.after),
        )


@given(fields, fields, st.none() | refs, st.binary(max_size=20))
def test_a_request_comes_back_ready_to_be_sent_again(
    wanted: dict[str, Value], before: dict[str, Value], ref: ExternalRef | None, raw: bytes
) -> None:
    write = Write(
        b_id="b1",
        operation=OperationId("op"),
        kind=Kind.ITEM,
        action=Action.UPDATE,
        ref=ref,
        version="3",
        fields=wanted,
        before=before,
        raw=raw,
    )
    request = WriteRequest(id=RequestId("r1"), system=QBO, writes=(write,))
    assert decode(encode(request), WriteRequest) == request


@given(values, values, text)
def test_conflicts_and_agreements_come_back(one: Value, other: Value, words: str) -> None:
    field = FieldConflict(field="name", base={QBO: one}, values={QBO: other})
    conflict = Conflict(
        record=RecordId("r"), kind=Kind.ITEM, label=words, fields=(field,), text=words
    )
    assert decode(encode(conflict), Conflict) == conflict
    agreement = Agreement(record=RecordId("r"), images={QBO: {"name": one}})
    assert decode(encode(agreement), Agreement) == agreement


@given(text, st.sampled_from(HoldCode), text)
def test_a_hold_comes_back(words: str, code: HoldCode, key: str) -> None:
    hold = Hold(
        record=RecordId("r"),
        code=code,
        text=words,
        cure=words,
        waits_for=(RecordId("s"),),
        waits_for_keys=(("qbo", "vendor", "name", key),),
    )
    assert decode(encode(hold), Hold) == hold


ANY: dict[object, object] = {
    str: "text",
    int: 3,
    bool: True,
    SystemName: QBO,
    Digest: Digest("ab"),
    Digest | None: Digest("ab"),
    ExternalRef: ExternalRef(QBO, Kind.ITEM, "1"),
    Kind: Kind.ITEM,
    Problem: Problem(code="malformed", message="no name", field="Name", cure="name it"),
    HoldCode: HoldCode.NAME_TAKEN,
    RefusalKind: RefusalKind.STALE,
    dict[SystemName, Digest]: {QBO: Digest("ab")},
    tuple[Digest, ...]: (Digest("ab"), Digest("cd")),
    tuple[IntentItem, ...]: (
        IntentItem(
            b_id="b1",
            operation=OperationId("op"),
            digest=Digest("ab"),
            record=RecordId("r"),
            kind=Kind.ITEM,
            action=Action.CREATE,
        ),
    ),
}


@pytest.mark.parametrize("entry_type", typing.get_args(Entry))
def test_every_entry_comes_back_by_its_own_name(entry_type: Any) -> None:
    hints = typing.get_type_hints(entry_type)
    given = {
        name: ANY.get(hint, "text")  # the rest are names for text
        for name in entry_type.__struct_fields__
        if (hint := hints[name]) is not None
    }
    entry = entry_type(**given)
    body = encode(entry)
    assert msgspec.json.decode(body, type=Entry) == entry
    assert msgspec.json.decode(body)["entry"] == entry_type.__name__
    assert getattr(entries, entry_type.__name__) is entry_type


@given(decimals)
def test_an_amount_is_sent_as_the_digits_that_it_has(amount: Decimal) -> None:
    assert Decimal(encode(amount).decode()).as_tuple() == amount.as_tuple()


def test_a_pointer_to_a_record_is_no_text() -> None:
    image: dict[str, Value] = {"terms": RecordRef(RecordId("term-1"))}
    assert decode(encode(image), dict[str, Value]) == image


def test_every_kind_lists_its_compared_fields() -> None:
    assert comparable_fields(Kind.TERM) == (
        "name",
        "method",
        "due",
        "discount_percent",
        "discount_days",
        "active",
    )
    assert "balance" not in comparable_fields(Kind.VENDOR)
