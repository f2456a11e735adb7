"""Whatever a person types to narrow a list: terms, or a refusal that names the word."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from daemon.control.drifting import COLUMNS
from daemon.control.filters import parse
from daemon.control.protocol import Code, Declined
from ledger.store.conditions import Term
from tests.fuzz.effort import effort
from tests.fuzz.spoiling import NUMBERS, TEXTS

PIECES = st.sampled_from(
    [
        *("kind:", "class:", "amount>", "amount>=", "age<", "age>=", "-", "!", '"', ":", "=", ","),
        *("held", "bill", "2d", "1e18", "99999999999w", "-5", "..", "%", "_", "\\", "'", " ", "\t"),
        *(column.name + ":" for column in COLUMNS),
    ]
)
WORDS = PIECES | st.sampled_from(NUMBERS) | st.sampled_from(TEXTS) | st.text(max_size=6)


@effort(200)
@given(st.lists(WORDS, max_size=12).map("".join))
def test_any_words_are_terms_or_refused(said: str) -> None:
    try:
        terms = parse(said, COLUMNS)
    except Declined as declined:
        refusal = declined
    else:
        assert all(isinstance(term, Term) for term in terms)
        assert terms == parse(said, COLUMNS)
        values = [value for term in terms for value in term.values]
        with sqlite3.connect(":memory:") as db:  # what a value is must fit the engine
            assert db.execute("SELECT " + ", ".join("?" * len(values) or "1"), values).fetchone()
        return
    assert refusal.code is Code.BAD_REQUEST
    assert str(refusal)
    assert refusal.cure
