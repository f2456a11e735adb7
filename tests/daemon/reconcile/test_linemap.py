"""Which line is which: over time, between systems, and what an update would make of it."""

from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.reconcile.assignment import LARGEST_EXACT
from daemon.reconcile.linemap import Overlaid, numbered, overlay, paired
from daemon.reconcile.lines import WRITTEN_SORTS, is_remark, owned, same_lines, subject
from ledger.model.capabilities import LineRule, LineTax
from ledger.model.ids import Kind
from ledger.model.values import Line, LinePointer, Lines, Reference
from tests.daemon.reconcile.lines_alphabet import (
    BOLT,
    EAST,
    FREIGHT,
    NO_TAX,
    NUT,
    ORDER,
    TAX,
    changed,
    freight,
    ids,
    item_line,
    numbers,
    of,
    small_documents,
    text,
)

D = Decimal
WASHER = Reference(kind=Kind.ITEM, id="washer")
B, N, F = item_line(BOLT, "5", "2"), item_line(NUT, "5", "1"), freight()
B_MORE, B_DEARER = item_line(BOLT, "6", "2"), item_line(BOLT, "5", "3")
B_M10 = changed(B, description="M10")
DISCOUNT = Line(sort="other", description="Discount", amount=D(-1), id="d")


def image(*lines: Line) -> Lines:
    return numbered(of(*lines), None)


def with_ids(lines: Lines, prefix: str = "L") -> Lines:
    return of(*(changed(line, id=f"{prefix}{i}") for i, line in enumerate(lines.lines, start=1)))


# --- numbers within one system


@pytest.mark.parametrize(
    ("case", "before", "now", "expected"),
    [
        ("the same", (B, N, F), (B, N, F), [1, 2, 3]),
        ("moved about", (B, N, F), (F, B, N), [3, 1, 2]),
        ("one more quantity", (B, N), (B_MORE, N), [1, 2]),
        ("edited and moved", (B, N), (N, B_MORE), [2, 1]),
        ("all figures changed", (B, N), (item_line(BOLT, "9", "9", description="x"), N), [1, 2]),
        ("one gone", (B, N, F), (B, F), [1, 3]),
        ("a new one in the middle", (B, F), (B, N, F), [1, 3, 2]),
        ("replaced by another item", (B, N), (item_line(WASHER), N), [3, 2]),
        (
            "another item, the same text",
            (changed(B, description="M8"), N),
            (item_line(WASHER, description="M8"), N),
            [1, 2],
        ),
        ("from item to account, nothing in common", (B,), (F,), [2]),
        ("twins in order", (B, B), (B, B), [1, 2]),
        ("the second of twins edited", (B, B), (B, B_MORE), [1, 2]),
        ("the first of twins edited", (B, B), (B_MORE, B), [2, 1]),
        ("one of twins gone", (B, B, N), (B, N), [1, 3]),
        ("twins edited differently", (B, B), (B_DEARER, B_MORE), [1, 2]),
        ("a text tells them apart", (B, B_M10), (changed(B_M10, quantity=D(7)), B_DEARER), [2, 1]),
        (
            "a price tells them apart",
            (B, item_line(BOLT, "5", "3")),
            (item_line(BOLT, "7", "3"), item_line(BOLT, "7", "2")),
            [2, 1],
        ),
        ("remarks have no number", (text(), B, text()), (B, text(), N), [1, 0, 2]),
        ("others have one", (B, DISCOUNT), (DISCOUNT, B), [2, 1]),
        ("an equal price for another amount", (F,), (freight("13"),), [1]),
        ("everything new", (), (B, N), [1, 2]),
        ("everything gone", (B, N), (), []),
    ],
)
def test_numbers(
    case: str, before: tuple[Line, ...], now: tuple[Line, ...], expected: list[int]
) -> None:
    assert numbers(numbered(of(*now), image(*before))) == expected


def test_numbers_are_not_given_again() -> None:
    second = numbered(of(B, F), image(B, N, F))
    assert numbers(second) == [1, 3]
    assert numbers(numbered(of(N, B, F), second)) == [4, 1, 3]


def test_F76_ids_say_it_where_there_are_any() -> None:
    before = numbered(with_ids(of(B, N, B)), None)
    first, second, third = before.lines
    # Reordered, and the twins exchanged their contents with the nut's.
    now = of(third, changed(first, item=NUT), changed(second, item=BOLT))
    assert numbers(numbered(now, before)) == [3, 1, 2]


def test_a_line_that_was_entered_anew_keeps_its_number() -> None:
    before = numbered(with_ids(of(B, N)), None)
    now = of(changed(N, id="L9"), changed(B_MORE, id="L8"))
    assert numbers(numbered(now, before)) == [2, 1]


def test_an_id_that_comes_twice_counts_once() -> None:
    before = numbered(of(changed(B, id="a"), changed(N, id="a")), None)
    now = of(changed(F, id="a"), changed(F, id="a"))
    assert numbers(numbered(now, before)) == [1, 3]


def test_lines_keep_everything_else() -> None:
    line = item_line(id="4", number=9, reporting_class=EAST, billable="Billable")
    assert numbered(of(line), None) == of(changed(line, number=1))
    same = of(changed(line, number=1))
    assert numbered(same, None).lines[0] is same.lines[0]


def test_a_large_group_goes_in_order() -> None:
    count = LARGEST_EXACT + 1
    before = image(*(item_line(BOLT, str(i + 1), "2") for i in range(count)))
    now = of(*(item_line(BOLT, str(i + 1), "3") for i in range(count)))
    assert numbers(numbered(now, before)) == list(range(1, count + 1))


@given(small_documents)
def test_first_numbers_count_up(lines: Lines) -> None:
    given_numbers = [line.number for line in numbered(lines, None).lines if line.sort != "text"]
    assert given_numbers == list(range(1, len(given_numbers) + 1))


@given(small_documents)
def test_running_again_changes_nothing(lines: Lines) -> None:
    once = numbered(lines, None)
    assert numbered(once, None) == once
    assert numbered(lines, once) == once


@given(small_documents, st.randoms())
def test_moving_lines_about_moves_their_numbers(lines: Lines, random: Any) -> None:
    before = numbered(lines, None)
    mixed = list(lines.lines)
    random.shuffle(mixed)
    now = numbered(of(*mixed), before)
    contents = [
        Counter((owned(line), line.number) for line in side.lines) for side in (before, now)
    ]
    assert contents[0] == contents[1]


@given(small_documents, small_documents)
def test_every_line_has_a_number_of_its_own(before: Lines, now: Lines) -> None:
    old = numbered(before, None)
    new = numbered(now, old)
    found = [line.number for line in new.lines if line.sort != "text"]
    assert all(found)
    assert len(found) == len(set(found))
    assert [msgspec.structs.replace(line, number=0) for line in new.lines] == list(now.lines)
    assert numbered(now, new) == new
    by_number = {line.number: line for line in old.lines if line.number}
    for line in new.lines:
        if line.number in by_number:
            then = by_number[line.number]
            assert subject(then) == subject(line) or owned(then).description == line.description
    same = Counter(owned(line) for line in old.lines if line.number)
    kept = Counter(owned(line) for line in new.lines if line.number)
    unchanged = sum(
        1
        for line in new.lines
        if line.number in by_number and owned(by_number[line.number]) == owned(line)
    )
    assert unchanged == sum((same & kept).values())


# --- the first agreement between systems


def test_target_lines_get_the_numbers_of_their_equals() -> None:
    source = image(B, N, B, F)
    target = with_ids(of(F, B, text(), B, N))
    found = paired(source, target)
    assert found is not None
    assert numbers(found) == [4, 1, 0, 3, 2]
    assert ids(found) == ids(target)


@pytest.mark.parametrize(
    ("case", "source", "target"),
    [
        ("another content", (B, N), (B_MORE, N)),
        ("one more there", (B,), (B, N)),
        ("one less there", (B, N), (B,)),
        ("one twin less", (B, B, N), (B, N, N)),
        ("a discount of its own", (B,), (B, DISCOUNT)),
    ],
)
def test_documents_that_differ_do_not_pair(
    case: str, source: tuple[Line, ...], target: tuple[Line, ...]
) -> None:
    assert paired(image(*source), of(*target)) is None


def test_pairing_as_the_system_compares() -> None:
    rule = LineRule(tax=LineTax.TAXED, untaxed=Reference(kind=Kind.TAX_CODE, id="NON"))
    source = image(changed(B, tax_code=NO_TAX), changed(B, tax_code=TAX))
    there = Reference(kind=Kind.TAX_CODE, id="TAX")
    target = of(changed(B, tax_code=there), changed(B, tax_code=rule.untaxed))
    assert paired(source, target) is None
    found = paired(source, target, rule=rule, untaxed=NO_TAX)
    assert found is not None
    assert numbers(found) == [2, 1]
    assert [line.tax_code for line in found.lines] == [there, rule.untaxed]


@given(small_documents, small_documents)
def test_pairing_is_equality(source: Lines, target: Lines) -> None:
    found = paired(numbered(source, None), target)
    assert (found is not None) == same_lines(source, target)


@given(small_documents, st.randoms())
def test_a_shuffled_document_pairs_completely(lines: Lines, random: Any) -> None:
    mixed = list(lines.lines)
    random.shuffle(mixed)
    source = numbered(lines, None)
    found = paired(source, of(*mixed))
    assert found is not None
    assert Counter((owned(line), line.number) for line in source.lines) == Counter(
        (owned(line), line.number) for line in found.lines
    )


# --- the complete list for an update


def linked(line: Line, order_line: str, **more: Any) -> Line:
    return changed(line, order=ORDER, order_line=order_line, **more)


def test_an_update_keeps_what_is_the_bookkeepers() -> None:
    theirs = {"reporting_class": EAST, "customer": NUT, "billable": "Billable"}
    agreed = numbered(with_ids(of(B, N)), None)
    shown = of(changed(agreed.lines[0], number=0, **theirs), changed(agreed.lines[1], number=0))
    wanted = numbered(of(N, B_DEARER), image(B, N))
    assert overlay(wanted, shown, agreed) == Overlaid(
        of(
            changed(B_DEARER, number=1, id="L1", **theirs),
            changed(N, number=2, id="L2"),
        )
    )


def test_new_lines_come_after_and_texts_last() -> None:
    agreed = numbered(with_ids(of(B, N)), None)
    remark = text(id="t")
    shown = of(remark, changed(N, id="L2"), DISCOUNT, changed(B, id="L1"))
    wanted = numbered(of(item_line(WASHER, reporting_class=EAST), N, F), image(B, N))
    found = overlay(wanted, shown, agreed)
    assert found.lines.lines == (
        changed(N, id="L2", number=2),
        changed(item_line(WASHER), number=3, reporting_class=EAST),
        changed(F, number=4),
        remark,
        DISCOUNT,
    )


def test_lines_that_the_source_dropped_are_absent() -> None:
    agreed = numbered(with_ids(of(B, N, F)), None)
    found = overlay(numbered(of(B, F), image(B, N, F)), with_ids(of(B, N, F)), agreed)
    assert ids(found.lines) == ["L1", "L3"]


def test_remarks_of_the_source_are_not_given_again() -> None:
    agreed = numbered(with_ids(of(B)), None)
    found = overlay(image(B_MORE, text("new")), with_ids(of(B)), agreed)
    assert found.lines == of(changed(B_MORE, id="L1", number=1))


def test_a_line_with_a_new_id_is_found_by_its_content() -> None:
    agreed = numbered(with_ids(of(B, N)), None)
    shown = of(changed(B, id="L7", reporting_class=EAST), changed(N, id="L2"))
    found = overlay(image(B_MORE, N), shown, agreed)
    assert found.lines.lines[0] == changed(B_MORE, number=1, id="L7", reporting_class=EAST)
    assert ids(found.lines) == ["L7", "L2"]


def test_the_link_to_the_order_stays_with_the_line() -> None:
    agreed = numbered(of(linked(B, "3", id="L1")), None)
    shown = of(linked(B, "3", id="L1"))
    wanted = of(changed(B_MORE, number=1, order=ORDER, order_number=2))
    found = overlay(wanted, shown, agreed)
    # The order's third line, as it stands; not the place that was worked out.
    assert found == Overlaid(of(changed(linked(B_MORE, "3", id="L1"), number=1)))


def test_new_lines_carry_the_place_on_the_order() -> None:
    wanted = of(changed(B, number=1, order=ORDER, order_number=2))
    assert overlay(wanted, of(), None) == Overlaid(wanted)


@pytest.mark.parametrize(
    ("case", "standing", "expected"),
    [
        ("linked to another order", WASHER, WASHER),
        ("not linked: only a new line could be", None, None),
    ],
)
def test_a_line_that_stands_is_not_linked_anew(
    case: str, standing: LinePointer, expected: LinePointer
) -> None:
    agreed = numbered(with_ids(of(B)), None)
    wanted = of(changed(B, number=1, order=ORDER, order_number=2))
    line = overlay(wanted, of(changed(B, id="L1", order=standing)), agreed).lines.lines[0]
    assert (line.id, line.order, line.order_number) == ("L1", expected, 0)


def test_another_item_does_not_inherit_the_link() -> None:
    then, now = changed(B, description="M8"), item_line(WASHER, description="M8")
    agreed = numbered(of(linked(then, "3", id="L1")), None)
    shown = of(linked(then, "3", id="L1", reporting_class=EAST), changed(N, id="L2"))
    wanted = of(changed(now, number=1), changed(N, number=5))
    found = overlay(wanted, shown, agreed)
    assert found.lines == of(
        changed(N, id="L2", number=5), changed(now, number=1, reporting_class=EAST)
    )


ADOPTED = [
    ("content equal", (B, N), (N, B), ["L1", "L2"], False),
    ("one edited", (B_MORE, N), (N, B), ["L1", "L2"], False),
    ("equal first, then the same item", (B_MORE, B), (B, B_DEARER), ["L1", "L2"], False),
    ("another item is a new line", (item_line(WASHER), N), (B, N), ["L2", ""], False),
    ("twins that want the same", (B_MORE, B_MORE), (B, B), ["L1", "L2"], False),
    ("twins that want different things", (B_MORE, B_DEARER), (B, B), ["L1", "L2"], True),
    ("twins of which one is edited", (B, B_MORE), (B, B), ["L1", "L2"], True),
    ("twins of which one goes", (B,), (B, B), ["L1"], True),
    ("a twin more", (B, B), (B,), ["L1", ""], False),
    ("one of two differs less", (B_MORE, N), (B, B_M10, N), ["L1", "L3"], False),
    (
        "as far from one as from the other",
        (item_line(BOLT, "7", "4"),),
        (B, item_line(BOLT, "5", "3")),
        ["L1"],
        True,
    ),
]


@pytest.mark.parametrize(("case", "wanted", "standing", "expected", "doubtful"), ADOPTED)
def test_an_adopted_document_goes_by_content(
    case: str,
    wanted: tuple[Line, ...],
    standing: tuple[Line, ...],
    expected: list[str],
    doubtful: bool,
) -> None:
    plain = overlay(image(*wanted), with_ids(of(*standing)), None)
    assert ids(plain.lines) == expected
    assert not plain.doubt, "without links either way is right"
    shown = with_ids(of(*(linked(line, str(i)) for i, line in enumerate(standing))))
    found = overlay(image(*wanted), shown, None)
    assert ids(found.lines) == expected
    assert bool(found.doubt) is doubtful


def test_a_doubt_names_the_line() -> None:
    shown = with_ids(of(text(), N, *(linked(changed(B, description="M8"), s) for s in "12")))
    wanted = image(N, changed(B_MORE, description="M8"), changed(B_DEARER, description="M8"))
    assert overlay(wanted, shown, None).doubt == (
        'Line 3 ("M8") bills a line of an order, and more than one of the lines that are now '
        "wanted could take its place."
    )


def test_lines_that_bill_the_same_order_line_leave_no_doubt() -> None:
    shown = with_ids(of(linked(B, "1"), linked(B, "1")))
    assert not overlay(image(B_MORE, B_DEARER), shown, None).doubt


def test_only_the_linked_ones_matter() -> None:
    shown = with_ids(of(B, B, linked(N, "1"), linked(F, "2")))
    assert not overlay(image(B_MORE, B_DEARER, N), shown, None).doubt


def test_adoption_as_the_system_compares() -> None:
    rule = LineRule(tax=LineTax.TAXED, untaxed=Reference(kind=Kind.TAX_CODE, id="NON"))
    there = Reference(kind=Kind.TAX_CODE, id="TAX")
    shown = with_ids(
        of(
            linked(changed(B, tax_code=rule.untaxed), "1"),
            linked(changed(B, tax_code=there), "2"),
        )
    )
    wanted = image(changed(B, tax_code=TAX), changed(B, tax_code=NO_TAX), N)
    found = overlay(wanted, shown, None, rule=rule, untaxed=NO_TAX)
    assert not found.doubt
    assert [(line.id, line.tax_code) for line in found.lines.lines] == [
        ("L1", NO_TAX),
        ("L2", TAX),
        ("", None),
    ]


@st.composite
def shown_documents(draw: st.DrawFn) -> Lines:
    lines = []
    for index, line in enumerate(draw(small_documents).lines, start=1):
        lines.append(changed(line, id=str(index)))
        if line.sort in WRITTEN_SORTS and draw(st.booleans()):
            lines[-1] = linked(lines[-1], draw(st.sampled_from("12")))
    return Lines(tuple(lines))


@given(small_documents, shown_documents(), st.booleans())
def test_overlay_invents_and_loses_no_id(source: Lines, shown: Lines, adopted: bool) -> None:
    agreed = None if adopted else numbered(shown, None)
    wanted = numbered(source, agreed)
    found = overlay(wanted, shown, agreed).lines
    by_id = {line.id: line for line in shown.lines}
    kept = [line for line in found.lines if line.id]
    assert len({line.id for line in kept}) == len(kept)
    for line in kept:
        standing = by_id[line.id]
        assert (line.order, line.order_line) == (standing.order, standing.order_line)
        assert not line.order or subject(line) == subject(standing)
    # Of every item as many lines go on as both sides have; linked ones are no exception.
    for about in (BOLT, NUT, FREIGHT):
        here, there, going_on = (
            sum(subject(line) == about for line in lines)
            for lines in (
                source.lines,
                shown.lines,
                [line for line in kept if subject(by_id[line.id]) == about],
            )
        )
        assert going_on >= min(here, there)
    assert [line for line in found.lines if line.sort == "text"] == [
        line for line in shown.lines if line.sort == "text"
    ]
    assert same_lines(
        of(*(line for line in found.lines if not is_remark(line))),
        of(*(line for line in source.lines if not is_remark(line))),
    )


@given(small_documents, shown_documents())
def test_what_was_laid_over_needs_no_more(source: Lines, shown: Lines) -> None:
    wanted = numbered(source, None)
    once = overlay(wanted, shown, None).lines
    stored = of(*(changed(line, id=line.id or f"new{i}") for i, line in enumerate(once.lines)))
    found = paired(wanted, stored)
    assert found is not None
    assert overlay(wanted, stored, found) == Overlaid(found)


@given(small_documents, shown_documents(), st.randoms())
def test_the_order_of_what_is_wanted_does_not_matter_to_equal_lines(
    source: Lines, shown: Lines, random: Any
) -> None:
    mixed = list(source.lines)
    random.shuffle(mixed)
    kept = [
        sum(
            1
            for line in overlay(numbered(lines, None), shown, None).lines.lines
            if line.id and owned(line) in {owned(s) for s in shown.lines if s.id == line.id}
        )
        for lines in (source, of(*mixed))
    ]
    assert kept[0] == kept[1]
