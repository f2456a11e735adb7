"""Bodies under the ledger's key: what lies on disk, in copies, and after the key is gone."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from ledger.model.entries import FirstPlanApproved, KeyDestroyed
from ledger.store.backup import backup_file, restore
from ledger.store.copying import CLEAR
from ledger.store.destroy import destroy_key
from ledger.store.engine import reading, writing
from ledger.store.errors import (
    KeyWasDestroyed,
    LedgerDamaged,
    LedgerLocked,
    LedgerMissing,
    LedgerUnavailable,
    WrongKey,
)
from ledger.store.key import key_id, keyed_digest
from ledger.store.ledger import Ledger
from ledger.store.rebuild import rebuild
from ledger.store.sealing import Seal, Torn
from ledger.store.verify import verify_file
from ledger.store.views import Views
from tests.ledger.store.old_format import made_old
from tests.ledger.store.support import BEGIN, KEY, Ticking
from tests.ledger.store.test_verify import everything, tamper, told

__all__ = ["told"]

SAID = (b"Bolt", b"bolt", b"BOLT", b"12.40", b"12.4")
"""What the systems showed of the one record with a price."""


def digest_of(body: bytes, key: bytes = KEY) -> bytes:
    return bytes.fromhex(keyed_digest(key, body))


def on_disk(path: Path) -> bytes:
    beside = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-journal")]
    return b"".join(one.read_bytes() for one in beside if one.exists())


def key_file(path: Path) -> Path:
    target = path.with_name("ledger.key")
    target.write_bytes(KEY)
    target.chmod(0o400)
    return target


@given(st.binary(max_size=300))
def test_what_is_sealed_is_opened_again_and_has_one_form(body: bytes) -> None:
    seal, digest = Seal(KEY), digest_of(body)
    sealed = seal.close(digest, body)
    assert seal.open(digest, sealed) == body
    assert Seal(KEY).close(digest, body) == sealed
    assert len(sealed) == len(body) + 16


def test_it_is_the_standard_cipher_under_a_key_of_its_own() -> None:
    """Anybody with the key can open a body without this program."""
    derived = HKDF(SHA256(), 32, salt=None, info=b"trueup ledger bodies").derive(KEY)
    digest = digest_of(b"a body")
    sealed = Seal(KEY).close(digest, b"a body")
    assert AESGCM(derived).decrypt(digest[:12], sealed, digest) == b"a body"


@given(st.binary(max_size=80), st.integers(0, 7), st.data())
def test_one_changed_bit_another_digest_or_key_opens_nothing(
    body: bytes, bit: int, data: st.DataObject
) -> None:
    seal, digest = Seal(KEY), digest_of(body)
    sealed = bytearray(seal.close(digest, body))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << bit
    for other, name, content in (
        (seal, digest, bytes(sealed)),
        (seal, digest_of(body + b"!"), seal.close(digest, body)),
        (Seal(bytes(32)), digest, seal.close(digest, body)),
        (seal, digest, b""),
    ):
        with pytest.raises(Torn):
            other.open(name, content)


async def test_no_body_is_readable_on_disk(told: Path) -> None:
    with closing(sqlite3.connect(told)) as db:
        stored = [bytes(body) for (body,) in db.execute("SELECT body FROM payload")]
    assert len(stored) >= 5
    assert not [body for body in stored if any(word in body for word in (*SAID, b'{"', b'":'))]
    with closing(reading(told, key=KEY)()) as db:
        opened = [row[0] for row in db.execute("SELECT unsealed(digest, body) FROM payload")]
    assert any(b"Bolt" in body for body in opened)


async def test_without_a_key_nothing_is_read_or_written(told: Path) -> None:
    with closing(writing(told)()) as db:
        for statement in (
            "SELECT unsealed(digest, body) FROM payload",
            "SELECT sealed(digest, body) FROM payload",
        ):
            with pytest.raises(sqlite3.OperationalError):
                db.execute(statement).fetchall()
    with pytest.raises(WrongKey):
        verify_file(told, key=None)


async def test_a_changed_body_is_named_where_it_is_read(told: Path) -> None:
    tamper(told, "UPDATE payload SET body = x'00' WHERE digest = (SELECT payload FROM head)")
    (problem, *_) = verify_file(told, key=KEY).problems
    name = problem.split()[1]
    assert problem == f"body {name} was changed: it no longer gives its digest"
    ledger = await Ledger.open(told, now=Ticking(), key=KEY)
    try:
        with pytest.raises(LedgerDamaged, match=name):
            await ledger.read(everything)
        with pytest.raises(LedgerDamaged, match=name):
            await ledger.at(2, everything)
        # Nothing else is held up by it, and the next read that does not need it answers.
        assert (await ledger.read(Views.head))[0] == ledger.head
    finally:
        await ledger.close()
    with pytest.raises(LedgerDamaged, match=name):
        rebuild(told, key=KEY, now=Ticking())


async def test_an_upgrade_seals_what_lay_in_the_clear(told: Path, tmp_path: Path) -> None:
    old = tmp_path / "old" / "ledger.db"
    old.parent.mkdir()
    made_old(told, old, 2, key=KEY)
    assert b'"Bolt"' in on_disk(old)
    ledger = await Ledger.open(old, now=Ticking(), key=KEY)
    await ledger.close()
    assert b'"Bolt"' not in on_disk(old)
    with closing(sqlite3.connect(old)) as db, closing(sqlite3.connect(told)) as new:
        query = "SELECT digest, key_id, body FROM payload ORDER BY digest"
        assert db.execute(query).fetchall() == new.execute(query).fetchall()
    tamper_is_refused(old)


def tamper_is_refused(path: Path) -> None:
    with closing(writing(path, key=KEY)()) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE payload SET body = sealed(digest, x'00')")


async def test_an_upgrade_with_the_wrong_key_changes_nothing(told: Path, tmp_path: Path) -> None:
    old = tmp_path / "old" / "ledger.db"
    old.parent.mkdir()
    made_old(told, old, 2, key=KEY)
    with closing(sqlite3.connect(old)) as db:
        before = list(db.iterdump())
    with pytest.raises(WrongKey):
        await Ledger.open(old, now=Ticking(), key=bytes(32))
    with closing(sqlite3.connect(old)) as db:
        assert list(db.iterdump()) == before


async def test_a_copy_says_nothing_to_whoever_lacks_the_key(told: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.backup"
    assert b"bolt" in on_disk(told), "the tables are in the clear, so the test would notice"
    manifest = backup_file(told, copy, now=BEGIN, key=KEY)
    assert not [word for word in SAID if word in on_disk(copy)]
    with closing(sqlite3.connect(copy)) as db:
        rows = {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in CLEAR}
        (triggers,) = db.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'")
    assert set(rows.values()) == {0}
    assert triggers[0] >= 8
    assert verify_file(copy, key=KEY).head == manifest.head
    back = tmp_path / "back" / "ledger.db"
    restore(copy, back, key=KEY, by="ann", now=Ticking())
    assert verify_file(back, key=KEY).is_sound
    await same_tables(told, back)


async def same_tables(one: Path, other: Path) -> None:
    """As views tell them; ``Restored`` added a standing fact to the other."""
    told = []
    for path in (one, other):
        ledger = await Ledger.open(path, now=Ticking(), key=KEY, read_only=True)
        told.append(await ledger.read(lambda views: (views.counts(), views.holds())))
        await ledger.close()
    assert told[0] == told[1]


async def test_after_the_key_is_destroyed_the_chain_verifies_and_nothing_is_read(
    told: Path, tmp_path: Path
) -> None:
    key, copy = key_file(told), tmp_path / "copy.backup"
    backup_file(told, copy, now=BEGIN, key=KEY)
    before = verify_file(told, key=KEY)
    done = destroy_key(told, key, by="ann (uid 7)", reason="the company was sold", now=Ticking())
    assert not key.exists()
    assert done.entries == before.entries + 1
    assert done.bodies == before.bodies

    report = verify_file(told, key=None)
    assert report.problems == ()
    assert (report.head, report.bodies) == (done.head, before.bodies)
    assert "ann (uid 7): the company was sold" in report.destroyed
    assert not [word for word in SAID if word in on_disk(told) + on_disk(copy)]

    with pytest.raises(KeyWasDestroyed, match="the company was sold"):
        await Ledger.open(told, now=Ticking(), key=KEY)
    with pytest.raises(KeyWasDestroyed):
        await Ledger.open(told, now=Ticking(), key=bytes(32), read_only=True)
    with pytest.raises(WrongKey):
        restore(copy, tmp_path / "new.db", key=bytes(32), by="ann", now=Ticking())


async def test_a_destroyed_ledger_that_was_touched_is_found_damaged(told: Path) -> None:
    destroy_key(told, key_file(told), by="ann", reason="over", now=Ticking())
    tamper(told, "UPDATE journal SET actor = 'eve' WHERE seq = 3")
    assert "entry 3 was changed" in verify_file(told, key=None).problems[0]


async def test_a_destruction_that_broke_off_is_finished_by_the_next(told: Path) -> None:
    """Killed after its entry was durable: the tables and the key are still there."""
    key = key_file(told)
    ledger = await Ledger.open(told, now=Ticking(), key=KEY)
    draft = ledger.draft()
    draft.add(KeyDestroyed(key=key_id(KEY), by="ann", reason="over"))
    await ledger.append(draft)
    await ledger.close()
    assert "was not finished" in verify_file(told, key=None).problems[0]
    head = destroy_key(told, key, by="bob", reason="again", now=Ticking()).head
    assert not key.exists()
    assert verify_file(told, key=None).head == head
    again = destroy_key(told, key, by="bob", reason="again", now=Ticking())
    assert again.head == head, "there is one such entry"


async def test_a_key_is_destroyed_only_with_its_own_ledger_at_rest(told: Path) -> None:
    key = key_file(told)
    ledger = await Ledger.open(told, now=Ticking(), key=KEY)
    with pytest.raises(LedgerLocked):
        destroy_key(told, key, by="ann", reason="over", now=Ticking())
    await ledger.close()
    other = told.with_name("other.key")
    other.write_bytes(bytes(32))
    other.chmod(0o400)
    with pytest.raises(WrongKey):
        destroy_key(told, other, by="ann", reason="over", now=Ticking())
    with pytest.raises(WrongKey):
        destroy_key(told, told.with_name("none"), by="ann", reason="over", now=Ticking())
    with pytest.raises(LedgerMissing):
        destroy_key(told.with_name("none.db"), key, by="ann", reason="over", now=Ticking())
    assert stat.S_IMODE(key.stat().st_mode) == 0o400
    assert verify_file(told, key=KEY).is_sound


async def test_the_key_of_another_ledger_is_never_destroyed(told: Path) -> None:
    """Not by finishing, after the configuration was pointed to another key."""
    destroy_key(told, key_file(told), by="ann", reason="over", now=Ticking())
    other = told.with_name("other.key")
    other.write_bytes(bytes(32))
    other.chmod(0o400)
    with pytest.raises(WrongKey, match="another ledger"):
        destroy_key(told, other, by="ann", reason="over", now=Ticking())
    assert other.read_bytes() == bytes(32)


async def test_while_somebody_reads_the_log_the_key_stays(told: Path) -> None:
    key = key_file(told)
    with closing(reading(told)()) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM head").fetchone()
        with pytest.raises(LedgerUnavailable, match="being read"):
            destroy_key(told, key, by="ann", reason="over", now=Ticking())
        assert key.read_bytes() == KEY
    destroy_key(told, key, by="ann", reason="over", now=Ticking())
    assert not key.exists()
    assert not [word for word in SAID if word in on_disk(told)]
    assert verify_file(told, key=None).is_sound


async def test_where_the_file_cannot_be_written_the_key_stays(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_file(told)
    with closing(sqlite3.connect(told, isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("ledger.store.engine.BUSY_MS", 10)
        with pytest.raises(LedgerUnavailable):
            destroy_key(told, key, by="ann", reason="over", now=Ticking())
        held.execute("ROLLBACK")
    assert key.read_bytes() == KEY
    assert verify_file(told, key=KEY).is_sound


async def test_a_body_once_stored_is_stored_once(path: Path) -> None:
    """Sealing is the same each time, so that a body which comes again is the one that is there."""
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    for number in (1, 2):
        draft = ledger.draft()
        draft.body(b"the same")
        draft.add(FirstPlanApproved(by=f"ann {number}"))
        await ledger.append(draft)
    await ledger.close()
    report = verify_file(path, key=KEY)
    assert (report.problems, report.entries, report.bodies) == ((), 2, 1)
