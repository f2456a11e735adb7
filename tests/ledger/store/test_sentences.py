"""What entries say in a sentence: sealed in the chain, as it was said wherever it is read."""

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.model import entries
from ledger.model.encoding import encode
from ledger.model.entries import Entry
from ledger.model.facts import Problem
from ledger.model.ids import OperationId, RequestId, record_id
from ledger.model.outcomes import RefusalKind
from ledger.store.export import export
from ledger.store.ledger import Ledger
from ledger.store.rebuild import rebuild
from ledger.store.sealing import Seal
from ledger.store.sentences import MARK, closed, entry_in, opened, told
from ledger.store.verify import verify_file
from tests.ledger.store.support import DEAR, KEY, QBO, Ticking, item_ref, see

SEAL = Seal(KEY)
RECORD = record_id(item_ref(DEAR, 1))
NAME = 'both show "Amber Freight"'


def saying(text: str) -> list[Entry]:
    """An entry of every sort that says something about a record, each with that text."""
    request, operation = RequestId("r1"), OperationId("o1")
    problem = Problem(code="malformed", message=text, field="name", cure=text)
    return [
        entries.Linked(record=RECORD, ref=item_ref(QBO, 1), how="name", evidence=text),
        entries.Unlinked(record=RECORD, ref=item_ref(QBO, 1), reason=text, by="ann"),
        entries.Tombstoned(ref=item_ref(QBO, 1), evidence=text),
        entries.Quarantined(ref=item_ref(QBO, 1), problem=problem),
        entries.Withdrawn(operation=operation, record=RECORD, reason=text),
        entries.Released(record=RECORD, subject="conflict:name", reason=text),
        entries.Retried(record=RECORD, by="ann", reason=text),
        entries.Paused(reason=text, by="ann"),
        entries.OutcomeUnknown(request=request, reason=text),
        entries.Rejected(
            request=request,
            operation=operation,
            record=RECORD,
            refusal=RefusalKind.STALE,
            code="6240",
            message=text,
            cure=text,
        ),
    ]


@given(st.text(max_size=60))
def test_what_is_closed_is_opened_again(text: str) -> None:
    for entry in saying(text):
        stored = closed(entry, SEAL)
        assert opened(stored, SEAL) == entry
        assert closed(entry, SEAL) == stored, "the same sentence has one sealed form"
        assert entry_in(encode(stored), SEAL) == entry
        assert msgspec.json.decode(told(encode(stored), SEAL)) == msgspec.json.decode(encode(entry))


@pytest.mark.parametrize("entry", saying(NAME), ids=lambda entry: type(entry).__name__)
def test_no_name_is_left_in_the_chain(entry: Entry) -> None:
    assert b"Amber" in encode(entry)
    assert b"Amber" not in encode(closed(entry, SEAL))


def test_words_of_ours_and_who_ended_it_stay_readable() -> None:
    for entry in (
        entries.Withdrawn(operation=OperationId("o1"), record=RECORD, reason="moved_on"),
        entries.KeyDestroyed(key="id", by="ann", reason="They left."),
        entries.Refused(actor="eve (uid 7)", act="approve", why="May only look."),
    ):
        assert closed(entry, SEAL) is entry


@pytest.mark.parametrize("text", [MARK, f"{MARK}not base64!", f"{MARK}AAAA", "sealed: by wax"])
def test_what_only_looks_sealed_is_what_was_said(text: str) -> None:
    """As an earlier version, which sealed nothing, may have chained it."""
    plain = entries.Retried(record=RECORD, by="ann", reason=text)
    assert opened(plain, SEAL) == plain
    assert opened(closed(plain, SEAL), SEAL) == plain


async def test_on_disk_sealed_and_told_in_full(path: Path) -> None:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    draft = ledger.draft(actor="ann")
    record = see(draft, ledger, item_ref(DEAR, 1))
    draft.add(entries.Retried(record=record, by="ann", reason=NAME))
    await ledger.append(draft)
    history = await ledger.read(lambda views: views.history(record))
    assert NAME in [getattr(row.entry, "reason", "") for row in history]
    plain, whole = io.BytesIO(), io.BytesIO()
    await export(ledger, plain)
    await export(ledger, whole, bodies=True)
    await ledger.close()
    with closing(sqlite3.connect(path)) as db:
        bodies = [body for (body,) in db.execute("SELECT body FROM journal")]
    assert not [body for body in bodies if b"Amber" in body]
    assert b"Amber" not in plain.getvalue()
    lines = [json.loads(line) for line in whole.getvalue().splitlines()[1:-1]]
    assert lines[-1]["told"]["reason"] == NAME
    assert lines[-1]["entry"]["reason"].startswith(MARK)
    assert rebuild(path, key=KEY, now=Ticking()).differences == ()
    assert verify_file(path, key=KEY).is_sound
