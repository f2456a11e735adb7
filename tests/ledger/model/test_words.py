"""Ids, keys and money: derived, folded and exact."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.model.ids import ExternalRef, Kind, SystemName, derive, record_id
from ledger.model.keys import fold, keys, normalise
from ledger.model.money import exact, plain, quantise
from ledger.model.records import (
    Account,
    Bill,
    Document,
    Invoice,
    Item,
    Record,
    TaxCode,
    Vendor,
    is_at_rest,
)
from ledger.model.values import Address, RecordRef, Reference, value_from_builtins
from tests.ledger.model.strategies import decimals, records, refs, text


@given(st.lists(text, max_size=4), st.lists(text, max_size=4))
def test_derived_ids_are_equal_only_for_equal_parts(one: list[str], other: list[str]) -> None:
    assert (derive(*one) == derive(*other)) == (one == other)


def test_derived_ids_are_the_same_for_ever() -> None:
    assert derive("qbo", "item", "118", length=12) == derive("qbo", "item", "118")[:12]
    assert derive("ab", "c") != derive("a", "bc")
    ref = ExternalRef(SystemName("qbo"), Kind.ITEM, "118")
    assert record_id(ref) == "item-" + derive("qbo", "item", "118", length=12)
    assert str(ref) == "qbo/item/118"


@given(refs)
def test_a_record_id_shows_its_kind(ref: ExternalRef) -> None:
    assert record_id(ref).startswith(f"{ref.kind.value}-")
    assert record_id(ref).isascii()


@given(text)
def test_folding_twice_changes_nothing_more(name: str) -> None:
    # Case folding can undo the normal form of a few rare letters; a third time never adds more.
    assert normalise(normalise(normalise(name))) == normalise(normalise(name))
    assert fold(name.upper()) == fold(fold(name.upper()))


@given(text)
def test_equal_when_folded_is_equal_when_normalised(name: str) -> None:
    assert normalise(f"  {name}\t") == normalise(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("Café", "CAFE\u0301"),
        ("ACME", "acme"),
    ],
)
def test_names_that_are_one_name(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("O’Hara", "O'Hara"), ("Acme  Ltd", "Acme Ltd"), (" Acme", "Acme"), ("ＡＢＣ", "ABC")],
)
def test_names_that_are_only_alike(one: str, other: str) -> None:
    assert fold(one) != fold(other)
    assert normalise(one) == normalise(other)


@given(records)
def test_keys_are_folded_and_never_empty(record: Record) -> None:
    found = keys(record)
    assert all(value for name, value in found if name not in {"name", "normal_name"})
    assert len(set(found)) == len(found)
    of_documents = {"number", "dated_total", "order", "party"}
    of_others = {"name", "normal_name", "code", "sku", "email"}
    is_document = isinstance(record, Document)
    assert {name for name, _ in found} <= (of_documents if is_document else of_others)


def test_keys_by_kind() -> None:
    assert dict(keys(Item(name="Bolt", sku=" B-1 "))) == {
        "name": "bolt",
        "normal_name": "bolt",
        "sku": "b-1",
    }
    assert dict(keys(Vendor(email="A@B.example", code="V1"))) == {
        "email": "a@b.example",
        "code": "v1",
    }
    assert dict(keys(Account(code="400", name=None))) == {"code": "400"}
    assert keys(TaxCode()) == ()


def test_keys_of_documents() -> None:
    bill = Bill(
        number=" b-7 ",
        date="2026-03-31",
        total=Decimal("119.000"),
        vendor=Reference(kind=Kind.VENDOR, id="1"),
        order=Reference(kind=Kind.PURCHASE_ORDER, id="P-1"),
    )
    assert dict(keys(bill)) == {
        "number": "b-7",
        "dated_total": "2026-03-31|119",
        "order": "p-1",
        "party": "1",
    }
    assert keys(Invoice(number=None, date="2026-03-31", total=Decimal("1e40"))) == ()


def test_what_nobody_tends_any_more_is_at_rest() -> None:
    assert is_at_rest(Vendor(active=False))
    assert not is_at_rest(Vendor(active=True))
    assert not is_at_rest(Vendor())
    assert is_at_rest(Invoice(status="voided"))
    assert not any(is_at_rest(Invoice(status=word)) for word in ("draft", "open", "closed", None))


@given(decimals)
def test_plain_keeps_the_amount_and_drops_the_scale(amount: Decimal) -> None:
    assert Decimal(plain(amount)) == amount
    assert "e" not in plain(amount).lower()
    assert plain(amount) == plain(Decimal(plain(amount)))


def test_amounts_are_exact_or_refused() -> None:
    assert str(exact("100.00")) == "100.00"
    assert exact("12345678901234567.89") == Decimal("12345678901234567.89")
    for wrong in ("NaN", "Infinity", "12,50", ""):
        with pytest.raises(ValueError, match="not a"):
            exact(wrong)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("2.345", "2.35"), ("2.344999", "2.34"), ("-2.345", "-2.35"), ("2", "2.00")],
)
def test_rounding_is_half_up(amount: str, rounded: str) -> None:
    assert str(quantise(Decimal(amount), 2)) == rounded


def test_values_from_trees() -> None:
    assert value_from_builtins({"type": "ref", "kind": "term", "id": "3"}) == Reference(
        kind=Kind.TERM, id="3"
    )
    assert value_from_builtins({"type": "address", "lines": ["a"]}) == Address(lines=("a",))
    assert value_from_builtins({"type": "record", "record": "r"}) == RecordRef(record="r")  # type: ignore[arg-type]
    assert value_from_builtins(3) == Decimal(3)
    with pytest.raises(ValueError, match="not a field value"):
        value_from_builtins([1])
