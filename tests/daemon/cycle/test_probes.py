"""Whether a record shows what was to be written: what a probe after a lost reply goes by."""

from decimal import Decimal
from typing import Any

import pytest

from daemon.cycle.recover import shows
from ledger.model.capabilities import KindRule, LineRule, LineTax
from ledger.model.ids import Kind
from ledger.model.records import Bill, Invoice, Vendor
from ledger.model.values import Line, Lines, Reference, Texts, Value
from tests.daemon.cycle.books import bill, line, lines


def ref(kind: Kind, id: str = "", key: str = "") -> Reference:  # noqa: A002
    return Reference(kind=kind, id=id, key=key)


def test_a_record_of_master_data_shows_every_field_or_not_at_all() -> None:
    one = Vendor(name="Acme", email=None)
    assert shows(one, {"name": "Acme", "email": ""})
    assert not shows(one, {"name": "Acme", "phone": "1"})
    assert not shows(one, {"name": "Acme Inc"})


def test_a_document_is_judged_by_the_fields_that_its_system_shows() -> None:
    one = bill("B-1", total=Decimal("100.0"))
    assert shows(one, {"number": "B-1", "note": "never shown", "total": Decimal("100")})
    assert not shows(one, {"number": "B-2", "note": "never shown"})
    assert not shows(one, {"note": "never shown"}), "nothing to judge by"
    assert not shows(one, {})


def test_pointers_are_judged_by_id() -> None:
    one = Bill(vendor=ref(Kind.VENDOR, "12", "Acme"))
    assert shows(one, {"vendor": ref(Kind.VENDOR, "12", "ACME (old name)")})
    assert not shows(one, {"vendor": ref(Kind.VENDOR, "13", "Acme")})


def test_custom_fields_are_judged_whole() -> None:
    one = Invoice(custom_fields=Texts((("Crew #", "A1"),)))
    assert shows(one, {"custom_fields": Texts((("Crew #", "A1"),))})
    assert not shows(one, {"custom_fields": Texts((("Crew #", "A2"),))})


def item(id: str = "7", key: str = "") -> Reference:  # noqa: A002
    return ref(Kind.ITEM, id, key)


SENT = lines(
    line(item(key="Widget"), "100", unit_price=Decimal("50"), description="Steel "),
    line(ref(Kind.ITEM, "8"), "7"),
)


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        (
            lines(line(item("8"), "7", id="2"), line(item(), "100", id="1", description="Steel")),
            True,
        ),
        (
            lines(
                line(item(), "100.00", id="1", description="Steel"),
                Line(id="9", sort="text", description="thank you"),
                line(item("8"), "7.0", id="2"),
            ),
            True,
        ),
        (lines(line(item(), "100", id="1", description="Steel")), False),
        (lines(line(item(), "100", description="Steel"), line(item("8"), "7.01")), False),
        (lines(line(item("9"), "100", description="Steel"), line(item("8"), "7")), False),
        (Lines(), False),
    ],
    ids=["other order", "a remark more", "one line less", "another amount", "another item", "none"],
)
def test_lines_are_judged_by_what_their_owner_decides(shown: Lines, same: bool) -> None:
    assert shows(bill(shown=shown.lines), {"lines": SENT}) is same


@pytest.mark.parametrize(
    ("tax", "code", "same"),
    [
        (LineTax.TAXED, "TAX", True),
        (LineTax.TAXED, "NON", False),
        (LineTax.EACH, "TAX", False),
        (LineTax.EACH, "5", True),
    ],
)
def test_where_the_books_find_the_rate_only_taxed_or_not_counts(
    tax: LineTax, code: str, same: bool
) -> None:
    untaxed = ref(Kind.TAX_CODE, "NON")
    rule = KindRule(fields={}, lines=LineRule(tax=tax, untaxed=untaxed))
    sent: dict[str, Value] = {"lines": lines(line(item(), tax_code=ref(Kind.TAX_CODE, "5")))}
    shown = line(item(), id="1", tax_code=ref(Kind.TAX_CODE, code))
    assert shows(bill(shown=[shown]), sent, rule) is same


def test_lines_that_are_not_shown_say_nothing_and_empty_ones_do() -> None:
    sent: dict[str, Any] = {"number": "B-1", "lines": SENT}
    assert shows(Bill(number="B-1"), sent)
    assert not shows(Bill(number="B-1", lines=Lines()), sent)
