"""Whatever happens to the file of a ledger: verify finds it, or what was said is still what stands.

That values come back from bodies with every digit is tried in ``tests/ledger/model``.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.model.encoding import decode
from ledger.model.entries import Entry
from ledger.model.errors import TrueupError
from ledger.store.engine import inline, reading
from ledger.store.ledger import Ledger
from ledger.store.payloads import unpack
from ledger.store.verify import verify_file
from tests.fuzz.conftest import Running
from tests.fuzz.effort import effort
from tests.fuzz.spoiling import DAMAGES, Damage, broken
from tests.ledger.store.support import (
    DEAR,
    KEY,
    QBO,
    Ticking,
    item,
    item_ref,
    join,
    missing,
    operation,
    plan,
    see,
)
from tests.ledger.store.support import hold as put_hold
from tests.ledger.store.test_verify import tamper

COLUMNS = [
    *(("journal", column) for column in ("at", "actor", "cycle", "type", "body", "prev", "hash")),
    *(("payload", column) for column in ("digest", "body")),
]
TABLES = ("journal", "payload", "payload_erasure")


async def tell(path: Path) -> None:
    """A small ledger in which most tables hold something."""
    ledger = await Ledger.open(path, now=Ticking(), key=KEY, executor=inline)
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1), item("Bolt"))
    see(draft, ledger, item_ref(QBO, 1), item("Bolt"))
    join(draft, record, item_ref(QBO, 1))
    await ledger.append(draft)
    draft = ledger.draft()
    plan(draft, operation(record))
    put_hold(draft, missing(record))
    await ledger.append(draft)
    await ledger.close()


@pytest.fixture(scope="module")
def told(running: Running, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a closed ledger, whole."""
    path = tmp_path_factory.mktemp("told") / "ledger.db"
    running.run(tell(path))
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    return path.read_bytes()


def memory(path: Path) -> Iterator[tuple[object, ...]]:
    """What a ledger remembers."""
    with closing(sqlite3.connect(path)) as db:
        for table in TABLES:
            yield from db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()


@effort(40)
@given(place=st.sampled_from(COLUMNS), row=st.integers(0, 9), damages=DAMAGES)
def test_a_changed_value_is_found(
    told: bytes, tmp_path: Path, place: tuple[str, str], row: int, damages: list[Damage]
) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(told)
    table, column = place
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
    row_id, value = rows[row % len(rows)]
    is_text = isinstance(value, str)
    changed = broken(value.encode() if is_text else value, damages)
    if is_text:
        changed = changed.decode("utf-8", "replace").encode()
    if changed == (value.encode() if is_text else value):
        return
    new = f"CAST(x'{changed.hex()}' AS TEXT)" if is_text else f"x'{changed.hex()}'"
    tamper(path, f"UPDATE OR IGNORE {table} SET {column} = {new} WHERE rowid = {row_id}")
    report = verify_file(path, key=KEY)
    assert report.problems


@effort(50)
@given(damages=DAMAGES)
def test_a_damaged_file_is_found_or_says_what_it_said(
    told: bytes, tmp_path: Path, damages: list[Damage]
) -> None:
    path, sound = tmp_path / "ledger.db", tmp_path / "sound.db"
    path.write_bytes(broken(told, [damage._replace(at=damage.at * 7) for damage in damages]))
    sound.write_bytes(told)
    try:
        report = verify_file(path, key=KEY)
    except TrueupError as error:
        refusal = error
    else:
        assert report.problems or list(memory(path)) == list(memory(sound))
        return
    assert str(refusal)


@effort(60)
@given(data=st.data(), damages=DAMAGES)
def test_any_body_is_read_or_refused_as_such(
    told: bytes, tmp_path: Path, data: st.DataObject, damages: list[Damage]
) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(told)
    with closing(reading(path, key=KEY)()) as db:
        of_bodies = db.execute("SELECT unsealed(digest, body) FROM payload ORDER BY digest")
        bodies = [row for (row,) in of_bodies]
        entries = [row for (row,) in db.execute("SELECT body FROM journal")]
    for body, read in (
        (data.draw(st.sampled_from(bodies)), unpack),
        (data.draw(st.sampled_from(entries)), lambda body: decode(body, Entry)),
    ):
        try:
            read(broken(body, damages))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
