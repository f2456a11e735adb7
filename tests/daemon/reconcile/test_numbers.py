"""Document numbers in the books."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.reconcile.numbers import document_number
from ledger.model.ids import Kind, derive
from ledger.model.values import Value

LONG = "INV-2026-000000000000001"


@pytest.mark.parametrize(
    ("case", "kind", "number", "order", "prefix", "shown", "mappings"),
    [
        ("as it is", Kind.INVOICE, "INV-7", None, "", "INV-7", ()),
        ("blanks", Kind.BILL, " A 17 ", "PO-1", "", "A 17", ()),
        ("a prefix", Kind.PURCHASE_ORDER, "PO-9", None, "D-", "D-PO-9", ("prefix",)),
        ("just fits", Kind.INVOICE, "x" * 21, None, "", "x" * 21, ()),
        (
            "too long",
            Kind.INVOICE,
            LONG,
            None,
            "",
            f"INV-2026-00000~{derive(LONG, length=6)}",
            ("number_shortened",),
        ),
        (
            "too long with its prefix",
            Kind.INVOICE,
            LONG,
            None,
            "D-",
            f"D-INV-2026-000~{derive('D-' + LONG, length=6)}",
            ("prefix", "number_shortened"),
        ),
        (
            "a bill without a number",
            Kind.BILL,
            "",
            "PO-9",
            "",
            f"PO-9-{derive('t1', length=4)}",
            ("number_from_order",),
        ),
        (
            "a bill without a number, a prefix",
            Kind.BILL,
            None,
            "PO-9",
            "D-",
            f"D-PO-9-{derive('t1', length=4)}",
            ("number_from_order", "prefix"),
        ),
        ("a bill without anything", Kind.BILL, None, " ", "D-", None, ()),
        ("an invoice without a number", Kind.INVOICE, " ", "SO-1", "D-", None, ()),
    ],
)
def test_number(
    case: str,
    kind: Kind,
    number: Value,
    order: Value,
    prefix: str,
    shown: str | None,
    mappings: tuple[str, ...],
) -> None:
    found = document_number(kind, number, order, "t1", prefix=prefix, max_length=21)
    assert found == (shown, mappings)


def test_bills_of_one_order_have_numbers_of_their_own() -> None:
    found = {
        document_number(Kind.BILL, None, "PO-9", task, prefix="", max_length=21)[0]
        for task in ("t1", "t2", "t3")
    }
    assert len(found) == 3


def test_no_blank_before_the_letters() -> None:
    shown, _ = document_number(
        Kind.BILL, "Invoice number 2026 of Acme", None, "", prefix="", max_length=15
    )
    assert shown is not None
    assert shown.startswith("Invoice~")


@given(st.text(min_size=1, max_size=40), st.text(max_size=30), st.integers(1, 30))
def test_it_fits_and_stays_the_same(number: str, prefix: str, most: int) -> None:
    once, again = (
        document_number(Kind.INVOICE, number, None, "s", prefix=prefix, max_length=most)
        for _ in range(2)
    )
    assert once == again
    shown, _ = once
    assert (shown is None) == (not number.replace("\r\n", "\n").strip())
    assert shown is None or 0 < len(shown) <= most


@given(st.text(alphabet="ab", min_size=22, max_size=24), st.text(alphabet="ab", min_size=22))
def test_two_long_numbers_stay_two(one: str, other: str) -> None:
    shown = [
        document_number(Kind.INVOICE, number, None, "s", prefix="", max_length=21)[0]
        for number in (one, other)
    ]
    assert (shown[0] == shown[1]) == (one == other)
