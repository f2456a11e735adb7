"""Two ways to read: the cycle's and the people's, neither of which waits for the other."""

import asyncio
import threading

import pytest

from ledger.store.errors import LedgerUnavailable
from ledger.store.ledger import Ledger
from ledger.store.views import Views
from tests.ledger.store.support import QBO, item_ref, see


async def _seen(ledger: Ledger) -> None:
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1))
    await ledger.append(draft)


async def test_a_long_question_of_a_person_holds_up_neither_reading_nor_writing(
    ledger: Ledger,
) -> None:
    begun, enough = threading.Event(), threading.Event()

    def long_question(views: Views) -> int:
        begun.set()
        assert enough.wait(30)
        return views.head()[0]

    asked = asyncio.ensure_future(ledger.ask(long_question))
    try:
        assert await asyncio.to_thread(begun.wait, 30)
        await _seen(ledger)
        assert await ledger.read(lambda views: views.head()[0]) == ledger.head
        assert not asked.done()
    finally:
        enough.set()
    assert await asked <= ledger.head


async def test_a_person_sees_what_was_just_appended(ledger: Ledger) -> None:
    before = await ledger.ask(lambda views: views.head()[0])
    await _seen(ledger)
    assert await ledger.ask(lambda views: views.head()[0]) == ledger.head > before


async def test_a_closed_ledger_answers_nobody(ledger: Ledger) -> None:
    await ledger.ask(lambda views: views.head())
    await ledger.close()
    with pytest.raises(LedgerUnavailable):
        await ledger.ask(lambda views: views.head())
