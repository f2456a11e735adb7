"""Lines of documents as a person reads them."""

import pytest

from daemon.cli.lines import is_lines, line_rows, lines_text, money
from daemon.control.text import value_text


def ref(label: str) -> dict[str, object]:
    return {"type": "record", "record": f"item-{label}", "label": label}


def line(item: str, quantity: str, price: str, amount: str, **more: object) -> dict[str, object]:
    figures = {"quantity": quantity, "unit_price": price, "amount": amount}
    return {"sort": "item", "item": ref(item), **figures, **more}


def lines(*rows: dict[str, object]) -> dict[str, object]:
    return {"type": "lines", "lines": list(rows)}


BOLT = line("BOLT", "100", "0.15", "15.00", id="1")
PUMP = line("PUMP-40", "12", "15.00", "180.00", id="2")
FREIGHT: dict[str, object] = {
    "sort": "account",
    "account": ref("5100 Freight"),
    "amount": "40.00",
    "id": "3",
}
REMARK: dict[str, object] = {"sort": "text", "description": "Handle with care", "id": "4"}


def changed(*before: dict[str, object], to: tuple[dict[str, object], ...]) -> list[str]:
    return list(line_rows(lines(*before), lines(*to)))


def test_a_new_price_shows_what_was() -> None:
    dearer = line("PUMP-40", "12", "15.10", "181.20", id="2")
    assert changed(BOLT, PUMP, to=(BOLT, dearer)) == [
        "~ line 2 PUMP-40 x 12 @ 15.10 = 181.20 (was 15.00 = 180.00)",
        "1 line unchanged",
    ]


def test_a_new_quantity_shows_what_was() -> None:
    more = line("PUMP-40", "14", "15.00", "210.00", id="2")
    assert changed(PUMP, to=(more,)) == [
        "~ line 1 PUMP-40 x 14 @ 15.00 = 210.00 (was x 12 = 180.00)"
    ]


def test_new_lines_and_lines_that_go() -> None:
    new = line("VALVE", "1.500", "2000.1234567", "3000.19")
    assert changed(BOLT, PUMP, FREIGHT, to=(BOLT, new)) == [
        "+ line 2 VALVE x 1.5 @ 2,000.1234567 = 3,000.19",
        "- line 2 PUMP-40 x 12 @ 15.00 = 180.00",
        "- line 3 account 5100 Freight = 40.00",
        "1 line unchanged",
    ]


def test_a_new_line_is_never_taken_for_one_that_goes() -> None:
    again = {key: value for key, value in PUMP.items() if key != "id"}
    assert [row[0] for row in changed(PUMP, to=(again,))] == ["+", "-"]


def test_the_same_amounts_with_other_digits_are_unchanged() -> None:
    same = line("PUMP-40", "12.0", "15.0000", "180.0", id="2")
    assert changed(PUMP, to=(same,)) == ["1 line unchanged"]


def test_other_things_of_a_line() -> None:
    moved: dict[str, object] = {**PUMP, "description": "Pump, blue", "tax_code": ref("TAX")}
    old = {**PUMP, "description": "Pump"}
    assert changed(old, to=(moved,)) == [
        "~ line 1 PUMP-40 x 12 @ 15.00 = 180.00 (was description Pump, tax code (empty))"
    ]
    valve = {**PUMP, "item": ref("VALVE")}
    assert changed(PUMP, to=(valve,)) == ["~ line 1 VALVE x 12 @ 15.00 = 180.00 (was PUMP-40)"]


def test_a_remark_is_shown_by_its_text() -> None:
    assert changed(to=(REMARK,)) == ['+ line 1 "Handle with care"']
    other: dict[str, object] = {"sort": "other", "amount": "-5.00", "id": "5"}
    assert changed(other, to=()) == ["- line 1 (other) = -5.00"]


def test_a_create_shows_every_line_as_new() -> None:
    rows = list(line_rows(None, lines(BOLT, FREIGHT)))
    assert rows == ["+ line 1 BOLT x 100 @ 0.15 = 15.00", "+ line 2 account 5100 Freight = 40.00"]


def test_a_long_list_is_cut_and_says_so() -> None:
    many = lines(*(line("BOLT", "1", "1", "1") for _ in range(7)))
    assert list(line_rows(None, many, most=5))[-1] == "... 2 changed lines more"


def test_lines_of_two_systems_are_put_beside_each_other() -> None:
    mine = lines({**PUMP, "id": ""}, {**BOLT, "id": ""})
    theirs = lines(BOLT, {**PUMP, "amount": "181.00"})
    assert list(line_rows(theirs, mine, of_two_systems=True)) == [
        "~ line 1 PUMP-40 x 12 @ 15.00 = 180.00 (was = 181.00)",
        "1 line unchanged",
    ]


def test_hostile_text_is_shown_as_escapes() -> None:
    bad = "\x1b]52;c;cm0=\x07"
    evil = line(f"PUMP{bad}", "1", "2", "3", description=f"a{bad}\nb")
    for row in [
        *line_rows(None, lines(evil, {"sort": "text", "description": bad})),
        *line_rows(lines({**PUMP, "description": f"a{bad}"}), lines(PUMP)),
        *line_rows(lines(evil), lines({**PUMP, "id": ""}), of_two_systems=True),
    ]:
        assert row.isprintable(), row


def test_figures_that_are_none_do_not_break_the_page() -> None:
    assert list(line_rows(None, lines({"sort": "item", "amount": "twelve"}))) == ['+ line 1 "" = ?']
    assert list(line_rows(None, None)) == []


def test_lines_in_short() -> None:
    assert lines_text(lines(BOLT, PUMP)) == "2 lines of 195.00 in all"
    assert is_lines(lines())
    assert not is_lines({"type": "ref"})
    assert not is_lines(None)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("5", "5.00"), ("-1234567.8", "-1,234,567.80"), ("0.0001", "0.0001"), ("x", "?")],
)
def test_money(amount: str, shown: str) -> None:
    assert money(amount) == shown


def test_custom_fields_in_one_line() -> None:
    value = {"type": "texts", "entries": [["Crew #", "A1"], ["Dock", "7\x1b"]]}
    assert value_text(value) == "Crew #: A1, Dock: 7\\e"
    assert value_text({"type": "texts", "entries": []}) == "(empty)"
