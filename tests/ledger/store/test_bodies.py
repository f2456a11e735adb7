"""Bodies read in their order are those that a look-up by digest finds, whatever is asked when."""

import hmac
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.model.ids import Digest
from ledger.store import bodies as module
from ledger.store.bodies import AT_ONCE, OrderedBodies
from ledger.store.engine import writing
from ledger.store.key import key_id, keyed_digest
from ledger.store.ledger import Ledger
from ledger.store.sealing import seal_of
from tests.ledger.store.support import KEY, Ticking

COUNT = 3 * AT_ONCE + 7


def content(number: int) -> bytes:
    return b'{"number": %d}' % number


def name(number: int) -> Digest:
    return keyed_digest(KEY, content(number))


def sealed(number: int) -> bytes:
    return seal_of(KEY).close(bytes.fromhex(name(number)), content(number))


@pytest.fixture
async def db(path: Path) -> AsyncIterator[sqlite3.Connection]:
    """A ledger with that many bodies that no entry names."""
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    await ledger.close()
    with closing(writing(path)()) as connection:
        connection.executemany(
            "INSERT INTO payload VALUES (?, ?, ?)",
            [(bytes.fromhex(name(n)), key_id(KEY), sealed(n)) for n in range(COUNT)],
        )
        yield connection


@given(key=st.binary(min_size=1, max_size=100), body=st.binary(max_size=200))
def test_a_keyed_digest_is_an_hmac(key: bytes, body: bytes) -> None:
    assert keyed_digest(key, body) == hmac.digest(key, body, "sha256").hex()


@pytest.mark.parametrize("kept", [module.KEPT_BYTES, 2_000])
@pytest.mark.parametrize(
    "asked",
    [
        [range(0, 10), range(10, 20)],
        [range(COUNT - 3, COUNT), range(0, 3)],
        [range(0, COUNT), range(0, COUNT)],
        [range(0, COUNT, 7), range(1, COUNT, 7), range(0, COUNT, 7)],
    ],
    ids=["forward", "last first", "all twice", "again later"],
)
def test_what_is_asked_is_found(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, asked: list[range], kept: int
) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", kept)
    bodies = OrderedBodies(db, key=KEY)
    for numbers in asked:
        assert bodies.of(map(name, numbers)) == {name(n): content(n) for n in numbers}
    assert bodies.of([Digest("00" * 32), Digest("no digest")]) == {}
    bodies.finish()
    assert (bodies.count, bodies.problems()) == (COUNT, [])


def test_a_body_that_is_wrong_is_named_once(db: sqlite3.Connection) -> None:
    for trigger in ("payload_is_not_updated", "payload_is_not_replaced"):
        db.execute(f"DROP TRIGGER {trigger}")
    db.execute("UPDATE payload SET body = x'00' WHERE digest = ?", (bytes.fromhex(name(5)),))
    db.execute("UPDATE payload SET key_id = 'k' WHERE digest = ?", (bytes.fromhex(name(6)),))
    bodies = OrderedBodies(db, key=KEY)
    bodies.of([name(5)])
    bodies.of([name(5)])
    bodies.finish()
    strange, changed = bodies.problems()
    assert strange.startswith(f"1 of {COUNT} bodies were digested with key k")
    assert changed == f"body {name(5)} was changed: it no longer gives its digest"
