"""Every reason to hold has words, and none of them hides its code."""

from daemon.cli.words import HOLDS, hold_words, nouns, wait_words
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
