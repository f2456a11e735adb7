"""Every reason to hold has words, and none of them hides its code."""

from daemon.cli.words import HOLDS, field_words, hold_words, nouns, side_words, wait_words
from ledger.model.facts import HoldCode


def test_every_reason_to_hold_reads_as_words() -> None:
    told = [hold_words(code.value) for code in HoldCode]
    assert all("_" not in words and words for words in told)
    assert len(set(told)) == len(told)


def test_words_are_kept_only_for_codes_that_exist() -> None:
    assert set(HOLDS) <= set(HoldCode)


def test_reasons_to_wait_and_kinds() -> None:
    assert wait_words("removes") == "ends a document"
    assert wait_words("something_new") == "something new"
    assert nouns("purchase_order") == "purchase orders"
    assert nouns("class") == "classes"


def test_what_a_side_shows_of_a_document_is_written_as_an_amount() -> None:
    assert side_words("bill", ("order", "total"), "3556.9") == "3,556.90"
    assert side_words("bill", (), "-0.5") == "-0.50"
    assert side_words("bill", ("number",), "428") == "428", "a number is a name"
    assert side_words("item", ("sku",), "1000") == "1000", "so is a code"
    assert side_words("bill", (), "(none)") == "(none)"
    assert side_words("bill", (), "0.0335") == "0.0335", "nothing is rounded away"


def test_a_field_of_a_line_is_told_as_a_person_says_it() -> None:
    assert field_words("lines[4].item") == "item of line 4"
    assert field_words("lines[2]") == "line 2"
    assert field_words("lines") == "lines"
    assert field_words("sales_price") == "sales price"
