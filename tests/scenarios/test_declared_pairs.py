"""Pairs that the configuration declares, on real sandboxes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.model.entries import Linked
from ledger.model.ids import Kind
from tests.scenarios.support import create_in_qbo, dear_rows, qbo_row, save_in_dear, village
from tests.town import QBO, Town


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Town]:
    """A term that the source calls otherwise than the books do."""
    async with village(tmp_path) as found:
        save_in_dear(found, "term", "Net 30", Name="Thirty days")
        yield found


async def test_a_declared_term_is_linked_and_the_books_name_it(one: Town) -> None:
    one.policy_changes["mapping"] = {Kind.TERM: {"thirty days": "Net 30"}}
    await one.restart()
    await one.agree()
    terms = len(dear_rows(one, "term"))
    links = [e for e in await one.entries() if isinstance(e, Linked) and e.how == "config"]
    assert [link.evidence for link in links] == [
        'mapping.terms."thirty days" says "Net 30" in QuickBooks'
    ]
    term = await one.record_of(QBO, Kind.TERM, qbo_row(one, "term", "Net 30")["Id"])
    assert links[0].record == term
    # One thing now, so the owner's name travels, and no second term was made.
    names = [row["Name"] for row in dear_rows(one, "term")]
    assert names.count("Net 30") == 1
    assert "Thirty days" not in names
    assert len(names) == terms


async def test_a_pair_whose_half_is_missing_waits_until_it_is_there(one: Town) -> None:
    one.policy_changes["mapping"] = {Kind.TERM: {"Thirty days": "Net 31"}}
    await one.restart()
    await one.agree()
    texts = [row.hold.text for row in await one.holds(Kind.TERM)]
    assert any('"Net 31" in QuickBooks, but QuickBooks has no such' in text for text in texts)
    create_in_qbo(one, "term", Name="Net 31", Type="STANDARD", DueDays=31)
    await one.agree()
    assert "Net 31" in {row["Name"] for row in dear_rows(one, "term")}
    assert not any("Net 31" in row.hold.text for row in await one.holds(Kind.TERM))


async def test_a_changed_pair_makes_everything_be_looked_at_anew(one: Town) -> None:
    one.policy_changes["mapping"] = {Kind.TERM: {"Thirty days": "Net 31"}}
    await one.restart()
    await one.agree()
    # Nobody declared Net 30 then, so it was created in the source: a link that is there stays.
    one.policy_changes["mapping"] = {Kind.TERM: {"Thirty days": "Net 30"}}
    await one.restart()
    await one.agree()
    (text,) = [row.hold.text for row in await one.holds(Kind.TERM) if "Thirty" in row.hold.text]
    assert "linked to another record already" in text
