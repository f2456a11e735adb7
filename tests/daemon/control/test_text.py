"""Foreign text: nothing of it reaches the terminal but signs."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.control.text import cells, clean, clip, columns, plural, value_text

HOSTILE = [
    ("\x1b[31mred\x1b[0m", "\\e[31mred\\e[0m"),
    ("\x1b]52;c;cm0gLXJm\x07", "\\e]52;c;cm0gLXJm\\x07"),
    ("\x9b31m", "\\x9b31m"),
    ("pay\u202eeram", "pay\\u202eeram"),
    ("a\u2066b\u2069", "a\\u2066b\\u2069"),
    ("two\nlines\r\n", "two\\nlines\\r\\n"),
    ("tab\there", "tab\\there"),
    ("line\u2028sep", "line\\u2028sep"),
    ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
    ("tag\U000e0041", "tag\\U000e0041"),
    ("nul\x00del\x7f", "nul\\x00del\\x7f"),
    ("half\ud800", "half\\ud800"),
]
FRIENDLY = [
    "Acme",
    "[@click=app.approve_all]x[/]",
    "A[/]B",
    "C:\\parts\\W-7",
    "Bücher & Söhne",
    "株式会社",
    "=HYPERLINK(1)",
    "O’Brien",
]


@pytest.mark.parametrize(("text", "shown"), HOSTILE)
def test_what_acts_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize("text", FRIENDLY)
def test_what_only_shows_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_a_typed_escape_is_told_from_a_real_one() -> None:
    assert clean("\\e[31m") == "\\e[31m"
    assert clean("\\e\x1b") == "\\\\e\\e"


@given(st.text())
def test_nothing_that_acts_is_left(text: str) -> None:
    for char in clean(text):
        assert unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp", "Co", "Cn"}
        assert unicodedata.bidirectional(char) not in {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI"}


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(), st.integers(0, 40))
def test_clipped_text_fits(text: str, width: int) -> None:
    assert cells(clip(text, width)) <= width


def test_what_was_cut_ends_in_an_ellipsis() -> None:
    assert clip("a long name", 6) == "a lon…"
    assert clip("short", 6) == "short"
    assert clip("株式会社", 5) == "株式…"


def test_long_text_is_cut_whatever_room_there_is() -> None:
    assert len(clean("x" * 100_000)) == 2000


def test_columns_line_up_by_cells() -> None:
    lines = columns([("株式", "1"), ("Acme", "2"), ("\x1b", "3")])
    assert lines == ["株式  1", "Acme  2", "\\e    3"]


def test_rows_of_different_lengths_are_allowed() -> None:
    assert columns([("a", "b", "c"), ("long",)]) == ["a     b  c", "long"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "(empty)"),
        (True, "yes"),
        ("12.40", "12.40"),
        ({"type": "ref", "kind": "term", "id": "", "key": "Net 30"}, "Net 30"),
        ({"type": "ref", "kind": "term", "id": "3", "key": ""}, "#3"),
        ({"type": "record", "record": "term-1", "label": "Net\x1b30"}, "Net\\e30"),
        (
            {"type": "address", "lines": ["1 Main St", ""], "city": "Dover", "country": "US"},
            "1 Main St, Dover, US",
        ),
    ],
)
def test_values_in_one_line(value: object, shown: str) -> None:
    assert value_text(value) == shown


def test_counting_words() -> None:
    assert plural(1, "record") == "1 record"
    assert plural(12_000, "record") == "12,000 records"
    assert plural(2, "entry", "entries") == "2 entries"
