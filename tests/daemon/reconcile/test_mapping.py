"""What one system would show of another's value, case by case."""

from decimal import Decimal

import pytest

from daemon.reconcile.mapping import (
    Rendered,
    render,
    same,
    tidy,
    without_deleted_suffix,
)
from ledger.model.capabilities import FieldRule
from ledger.model.encoding import comparable_form
from ledger.model.ids import RecordId
from ledger.model.values import Address, RecordRef, Value

R = FieldRule


@pytest.mark.parametrize(
    ("case", "value", "rule", "shown", "mapping"),
    [
        ("as it is", "Bolt", R(), "Bolt", "identity"),
        ("blanks at the ends", " Bolt ", R(), "Bolt", "trim"),
        ("line ends", "one\r\ntwo", R(), "one\ntwo", "trim"),
        ("only blanks are nothing", "  ", R(), None, "identity"),
        ("nothing", None, R(), None, "identity"),
        ("a refused character", "A:B", R(forbidden=":"), "A-B", "sanitise"),
        ("too long", "abcdef", R(max_length=3), "abc", "shorten"),
        ("cut before a blank", "ab cdef", R(max_length=3), "ab", "shorten"),
        ("just long enough", "abc", R(max_length=3), "abc", "identity"),
        (
            "too long, with a key",
            "Hexagonal bolt M8",
            R(max_length=12, shorten_with="sku"),
            "Hexago [B:8]",
            "shorten",
        ),
        (
            "the key is sanitised too",
            "Hexagonal:bolt M8",
            R(max_length=12, shorten_with="sku", forbidden=":"),
            "Hexago [B-8]",
            "sanitise, shorten",
        ),
        (
            "no room for the key",
            "Hexagonal bolt",
            R(max_length=6, shorten_with="sku"),
            "Hexago",
            "shorten",
        ),
        ("no key to keep", "Hexagonal", R(max_length=6, shorten_with="code"), "Hexago", "shorten"),
        ("another word", "stock", R(words={"stock": "non_inventory"}), "non_inventory", "words"),
        ("no word for it", "service", R(words={"stock": "x"}), "service", "identity"),
        ("rounded half up", Decimal("1.005"), R(places=2), Decimal("1.01"), "round"),
        ("no rounding needed", Decimal("1.5"), R(places=4), Decimal("1.5"), "identity"),
        ("a code from the id", None, R(code_from_id="Q{id}"), "Q79", "code_from_id"),
        ("a code of its own", "4000", R(code_from_id="Q{id}"), "4000", "identity"),
        ("a flag", True, R(places=2), True, "identity"),
        (
            "a pointer",
            RecordRef(RecordId("x")),
            R(max_length=1),
            RecordRef(RecordId("x")),
            "identity",
        ),
        (
            "a country in other words",
            Address(city="X", country="USA"),
            R(words={"USA": "United States"}),
            Address(city="X", country="United States"),
            "words",
        ),
        (
            "a country left out",
            Address(city="X"),
            R(words={"": "United States"}),
            Address(city="X", country="United States"),
            "words",
        ),
        ("no address", Address(lines=(" ",)), R(), None, "identity"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_render(case: str, value: Value, rule: FieldRule, shown: Value, mapping: str) -> None:
    rendered = render(value, rule=rule, values={"sku": "B:8"}, source_id="79")
    assert (rendered.value, rendered.mapping) == (shown, mapping), case


def test_a_record_without_an_id_gets_no_code_made_up() -> None:
    assert render(None, rule=R(code_from_id="Q{id}"), values={}) == Rendered(None)


def test_an_amount_keeps_the_digits_it_was_entered_with() -> None:
    shown = render(Decimal("12.40"), rule=R(places=7), values={}).value
    assert str(shown) == "12.40"


def test_the_trace_names_the_mapping_only_where_there_was_one() -> None:
    assert Rendered("x").trace("dear.name") == "dear.name"
    assert Rendered("x", ("trim", "sanitise")).trace("dear.name") == "dear.name via trim, sanitise"


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (Decimal("12.40"), Decimal("12.4"), True),
        (None, "", True),
        ("  ", None, True),
        ("a ", "a", True),
        ("a", "A", False),
        (True, Decimal(1), False),
        (False, None, False),
        (None, None, True),
        (Address(city="X "), Address(city="X"), True),
        (Address(), None, True),
        (Address(lines=("1 A", "")), Address(lines=("1 A",)), True),
    ],
)
def test_sameness_within_one_system(one: Value, other: Value, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("Bolt (deleted)", "Bolt"),
        ("Bolt (Deleted) ", "Bolt"),
        ("Bolt", "Bolt"),
        ("(deleted)", "(deleted)"),
    ],
)
def test_the_mark_of_inactive_records_is_no_part_of_the_name(shown: str, meant: str) -> None:
    assert without_deleted_suffix(shown) == meant


def test_tidy_and_comparable_form_leave_other_values_alone() -> None:
    ref = RecordRef(RecordId("x"))
    assert tidy(ref) is ref
    assert comparable_form(ref) is ref
    assert comparable_form(Decimal("1.50")) == comparable_form(Decimal("1.5"))
