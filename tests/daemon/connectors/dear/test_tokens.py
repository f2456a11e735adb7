"""What a cursor remembers, and that the two clocks are never compared."""

from datetime import UTC, datetime, timedelta

import pytest

from daemon.connectors.dear import tokens
from daemon.connectors.dear.capabilities import DEAR
from daemon.connectors.dear.tokens import SweepState, Token
from ledger.model.facts import Cursor
from ledger.model.ids import Kind

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
OVERLAP = timedelta(minutes=10)


def cursor(token: str) -> Cursor:
    return Cursor(system=DEAR, kind=Kind.ITEM, token=token)


def test_a_token_survives_the_ledger() -> None:
    token = Token(since="2026-05-01T11:00:00+00:00", sweep=SweepState("s", 4, 300, "f"))
    assert tokens.read(cursor(tokens.text(token))) == token


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"v":99,"since":"x"}', '{"v":"1"}'])
def test_a_foreign_token_means_beginning_anew(text: str) -> None:
    assert tokens.read(cursor(text)) == Token()
    assert tokens.start(Token(), now=NOW, overlap=OVERLAP) == ""


def test_a_fresh_change_is_overlapped() -> None:
    token = Token(since="2026-05-01T15:00:00+00:00", since_seen_at=NOW.isoformat())
    at = NOW + timedelta(minutes=9)
    assert tokens.start(token, now=at, overlap=OVERLAP) == "2026-05-01T14:50:00.000Z"


def test_a_settled_change_is_not_asked_for_again() -> None:
    token = Token(since="2026-05-01T15:00:00.123999+00:00", since_seen_at=NOW.isoformat())
    at = NOW + timedelta(minutes=10)
    assert tokens.start(token, now=at, overlap=OVERLAP) == "2026-05-01T15:00:00.123Z"


def test_without_a_time_of_sight_nothing_is_settled() -> None:
    token = Token(since="2026-05-01T15:00:00+00:00")
    far = NOW + timedelta(days=900)
    assert tokens.start(token, now=far, overlap=OVERLAP) == "2026-05-01T14:50:00.000Z"


def test_the_later_instant() -> None:
    early, late = "2026-05-01T15:00:00Z", "2026-05-01T16:00:00+00:00"
    assert tokens.later(early, late) == late
    assert tokens.later(late, early) == late
    assert tokens.later("", early) == early
    assert tokens.later(late, "") == late
