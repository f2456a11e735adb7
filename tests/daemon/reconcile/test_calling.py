"""A name with a number in one system: what is bound to what, and when the answer is void."""

import msgspec
import pytest

from daemon.reconcile.calling import NOT_SAID, called, suffixes, with_suffix
from ledger.model.ids import SystemName

QBO, DEAR = SystemName("qbo"), SystemName("dear")
SAID = called("Bolt M8", "(2)", of=DEAR, there=QBO)


def test_the_number_holds_for_the_name_that_it_was_given_for() -> None:
    assert suffixes([SAID], DEAR, "Bolt M8") == {QBO: "(2)"}
    assert suffixes([SAID], DEAR, " Bolt M8 ") == {QBO: "(2)"}, "outer blanks are no other name"


@pytest.mark.parametrize("name", ["Bolt M10", "Bolt M8 (2)", None, ""])
def test_another_name_has_no_number(name: str | None) -> None:
    assert suffixes([SAID], DEAR, name) == {}


def test_the_books_name_has_no_number_of_its_own() -> None:
    assert suffixes([SAID], QBO, "Bolt M8") == {}


def test_an_answer_that_was_taken_back_says_nothing() -> None:
    assert suffixes([msgspec.structs.replace(SAID, value_digest=NOT_SAID)], DEAR, "Bolt M8") == {}


@pytest.mark.parametrize(
    ("name", "longest", "shown"),
    [
        ("Bolt", None, "Bolt (2)"),
        ("Bolt", 100, "Bolt (2)"),
        ("A" * 100, 100, f"{'A' * 96} (2)"),
        ("AAAAA BBBBB", 10, "AAAAA (2)"),
    ],
)
def test_a_long_name_gives_way_before_its_number(
    name: str, longest: int | None, shown: str
) -> None:
    assert with_suffix(name, "(2)", longest) == shown
    assert longest is None or len(shown) <= longest
