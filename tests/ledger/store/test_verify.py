"""Verify names what was tampered with; rebuild makes the tables that were kept, from any story."""

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from ledger.model.entries import BaselineAdvanced, FirstPlanApproved
from ledger.model.facts import RecordView
from ledger.model.ids import Kind, RecordId
from ledger.store.backup import backup_file, restore
from ledger.store.engine import inline, reading, writing
from ledger.store.errors import LedgerDamaged, LedgerLocked, LedgerMissing
from ledger.store.ledger import Ledger
from ledger.store.rebuild import rebuild
from ledger.store.shadow import FOLDED
from ledger.store.verify import verify_file
from ledger.store.views import KindCount, Views
from tests.ledger.store.stories import Step, play, stories
from tests.ledger.store.support import (
    BEGIN,
    DEAR,
    KEY,
    QBO,
    Ticking,
    hold,
    intend,
    item,
    item_ref,
    join,
    missing,
    operation,
    plan,
    see,
)


@pytest.fixture
async def told(path: Path) -> Path:
    """A closed ledger in which most tables hold something."""
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    draft = ledger.draft()
    record = see(draft, ledger, item_ref(DEAR, 1), item("Bolt"))
    see(draft, ledger, item_ref(QBO, 1), item("Bolt"))
    see(draft, ledger, item_ref(QBO, 2), item("Nut"))
    join(draft, record, item_ref(QBO, 1))
    images = {QBO: draft.body(b'{"name":"Bolt"}')}
    draft.add(BaselineAdvanced(record=record, images=images, mapping_version=1))
    plan(draft, operation(record))
    intend(draft, "r1", [operation(record)])
    hold(draft, missing(record))
    draft.add(FirstPlanApproved(by="ann"))
    await ledger.append(draft)
    await ledger.close()
    return path


def tamper(path: Path, *statements: str) -> None:
    """Change the file as a person with a database tool would: every trigger out of the way."""
    with closing(sqlite3.connect(path)) as db:
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
        db.commit()


def problems(path: Path) -> tuple[str, ...]:
    return verify_file(path, key=KEY).problems


def test_a_sound_ledger_verifies(told: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = verify_file(told, key=KEY, progress=lambda done, total: seen.append((done, total)))
    assert report.is_sound
    assert (report.entries, report.bodies, report.erased) == (9, 6, 0)
    assert len(report.head) == 64
    assert seen[-1] == (9, 9)


async def test_verify_runs_beside_the_writer(ledger: Ledger) -> None:
    draft = ledger.draft()
    see(draft, ledger, item_ref(QBO, 1))
    await ledger.append(draft)
    report = await ledger.verify()
    assert (report.is_sound, report.entries) == (True, 1)
    assert report.head == (await ledger.read(Views.head))[1]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE journal SET body = x'7b7d' WHERE seq = 2", "entries are never changed"),
        ("DELETE FROM journal WHERE seq = 9", "entries are never removed"),
        ("INSERT OR REPLACE INTO journal SELECT * FROM journal WHERE seq = 3", "not the next one"),
        (
            "INSERT INTO journal SELECT 10, at, actor, cycle, type, body, prev, hash"
            " FROM journal WHERE seq = 2",
            "not the hash of the last entry",
        ),
        ("UPDATE payload SET body = x'00'", "bodies are never changed"),
        ("DELETE FROM payload", "only after its erasure is recorded"),
        (
            "INSERT OR REPLACE INTO payload SELECT digest, key_id, CAST('x' AS BLOB) FROM payload",
            "one body for ever",
        ),
    ],
)
@pytest.mark.parametrize("recursive", [True, False])
def test_the_triggers_refuse(told: Path, statement: str, message: str, recursive: bool) -> None:
    with closing(writing(told)()) as db:
        db.execute(f"PRAGMA recursive_triggers = {recursive}")
        with pytest.raises(sqlite3.IntegrityError, match=message):
            db.execute(statement)
    assert problems(told) == ()


def test_an_erasure_is_for_ever(told: Path) -> None:
    with closing(writing(told)()) as db:
        db.execute("INSERT INTO payload_erasure VALUES (x'00', '2025-01-01', 'ann', 'asked')")
        for statement in ("UPDATE payload_erasure SET by = 'x'", "DELETE FROM payload_erasure"):
            with pytest.raises(sqlite3.IntegrityError, match="an erasure is never"):
                db.execute(statement)


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("UPDATE journal SET at = '2020' WHERE seq = 4", "entry 4 was changed"),
        ("UPDATE journal SET type = 'Linked' WHERE seq = 2", "entry 2 was changed"),
        (
            "UPDATE journal SET body = CAST(replace(body, 'ann', 'bob') AS BLOB) WHERE seq = 9",
            "entry 9 was",
        ),
        ("DELETE FROM journal WHERE seq = 5", "entry 5 is missing: entry 6 follows 4"),
        ("UPDATE journal SET prev = zeroblob(32) WHERE seq = 6", "entry 6 does not follow entry 5"),
        ("UPDATE journal SET hash = zeroblob(32) WHERE seq = 6", "entry 6 was changed"),
        (
            "DELETE FROM payload WHERE digest = (SELECT payload FROM head)",
            "entry 1 (Observed) names",
        ),
        (
            "UPDATE payload SET body = CAST(body || ' ' AS BLOB)",
            "was changed: it no longer gives its digest",
        ),
        ("UPDATE payload SET key_id = 'other'", "were digested with key other"),
        ("UPDATE head SET version = '7' WHERE object = 2", "table head, row object 2: version is"),
        ("DELETE FROM link WHERE object = 3", "table link, row object 3: is missing"),
        ("UPDATE operation SET state = 'approved'", "row operation 'op-1': state is 'approved'"),
        ("INSERT INTO standing VALUES ('x', 'y', 1)", "row name 'x': is there, the journal knows"),
        ("UPDATE baseline SET mapping_version = 9", "mapping_version is 9, the journal says 1"),
        ("DELETE FROM hold", "table hold, row record "),
    ],
)
def test_what_was_tampered_with_is_named(told: Path, statement: str, first: str) -> None:
    assert problems(told) == ()
    tamper(told, statement)
    assert first in problems(told)[0]


def test_a_byte_changed_in_the_file_is_found(told: Path) -> None:
    content = told.read_bytes()
    at = content.rindex(b'"ann"') + 1
    told.write_bytes(content[:at] + b"b" + content[at + 1 :])
    assert "entry 9 was changed" in problems(told)[0]


@pytest.mark.parametrize("page", [2, 3, 5, 8, 13])
def test_a_page_of_rubbish_is_a_problem_and_no_crash(told: Path, page: int) -> None:
    with told.open("r+b") as file:
        file.seek((page - 1) * 16384)
        file.write(b"\xa5" * 16384)
    try:
        found = problems(told)
    except LedgerDamaged as error:  # so bad that not even its format can be read
        found = (str(error),)
    assert found


async def test_what_is_no_ledger_is_named_by_every_tool(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"remember the milk " * 1000)
    for use in (
        lambda: verify_file(path, key=KEY),
        lambda: rebuild(path, key=KEY, now=Ticking()),
        lambda: backup_file(path, tmp_path / "b.db", now=BEGIN),
        lambda: restore(path, tmp_path / "l.db", key=KEY, by="ann", now=Ticking()),
    ):
        with pytest.raises(LedgerDamaged, match="cannot be read"):
            use()
    assert not (tmp_path / "b.db").exists()


def test_an_erased_body_is_counted_and_not_missed(told: Path) -> None:
    with closing(writing(told)()) as db:
        erased = "SELECT payload FROM head WHERE object = 3"
        db.execute(f"INSERT INTO payload_erasure VALUES (({erased}), '2025-01-01', 'ann', 'asked')")
        db.execute(f"DELETE FROM payload WHERE digest = ({erased})")
    report = verify_file(told, key=KEY)
    assert (report.problems, report.erased, report.bodies) == ((), 1, 5)
    assert rebuild(told, key=KEY, now=Ticking()).differences == ()


async def test_a_rewritten_chain_has_another_head(told: Path) -> None:
    """Who rewrites everything, hashes and tables too, is caught by the head noted elsewhere."""
    noted = verify_file(told, key=KEY).head
    told.unlink()
    ledger = await Ledger.open(told, now=Ticking(), key=KEY)
    draft = ledger.draft()
    see(draft, ledger, item_ref(DEAR, 1), item("Bolt"))
    await ledger.append(draft)
    report = await ledger.verify()
    await ledger.close()
    assert report.is_sound
    assert report.head != noted


def test_rebuild_mends_the_tables_and_says_what_was_wrong(told: Path) -> None:
    tamper(
        told,
        "UPDATE head SET version = '7'",
        "DELETE FROM link WHERE object = 3",
        "INSERT INTO seen VALUES (1, 'sweep-1'), (99, 'sweep-1')",
        "INSERT INTO cursor VALUES ('qbo', 'item', 't1', 0)",
        "DELETE FROM dirty",
    )
    report = rebuild(told, key=KEY, now=Ticking())
    assert report.entries == 9
    assert len(report.differences) == 4
    assert problems(told) == ()
    with closing(reading(told)()) as db:
        assert db.execute("SELECT * FROM seen").fetchall() == [(1, "sweep-1")]
        assert db.execute("SELECT token FROM cursor").fetchall() == [("t1",)]
        marked = db.execute("SELECT record, seq FROM dirty").fetchall()
    assert len(marked) == 2
    assert {seq for _, seq in marked} == {9}
    assert rebuild(told, key=KEY, now=Ticking()).differences == ()


def test_rebuild_leaves_the_tables_that_are_right_as_they_are(told: Path) -> None:
    tamper(told, "DELETE FROM link WHERE object = 3")
    with closing(sqlite3.connect(told)) as db:
        for table in set(FOLDED) - {"link"}:
            db.execute(
                f"CREATE TRIGGER {table}_stays BEFORE DELETE ON {table}"
                " BEGIN SELECT RAISE(ABORT, 'touched'); END"
            )
    assert len(rebuild(told, key=KEY, now=Ticking()).differences) == 1
    assert problems(told) == ()
    tamper(told, "UPDATE head SET version = '7'")
    assert len(rebuild(told, key=KEY, now=Ticking()).differences) == 3


def test_rebuild_touches_nothing_when_the_journal_is_broken(told: Path) -> None:
    tamper(told, "UPDATE journal SET actor = 'x' WHERE seq = 4", "UPDATE head SET version = '7'")
    with pytest.raises(LedgerDamaged, match="entry 4 was changed"):
        rebuild(told, key=KEY, now=Ticking())
    assert any("version is '7'" in problem for problem in problems(told))


def test_a_rebuild_proves_what_verify_proves(told: Path) -> None:
    verified, rebuilt = verify_file(told, key=KEY), rebuild(told, key=KEY, now=Ticking())
    assert (rebuilt.entries, rebuilt.head, rebuilt.bodies) == (
        verified.entries,
        verified.head,
        verified.bodies,
    )
    assert rebuilt.problems == ()


def test_rebuild_touches_nothing_when_a_body_that_no_entry_names_was_changed(told: Path) -> None:
    digest = "a" * 64
    tamper(
        told,
        f"INSERT INTO payload SELECT x'{digest}', key_id, body FROM payload LIMIT 1",
        "UPDATE head SET version = '7'",
    )
    with pytest.raises(LedgerDamaged, match=f"body {digest} was changed"):
        rebuild(told, key=KEY, now=Ticking())
    assert any("version is '7'" in problem for problem in problems(told))


def test_a_torn_index_is_told_by_verify_and_by_rebuild(told: Path) -> None:
    tamper(
        told,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = 'CREATE INDEX journal_by_type ON journal (actor, seq)'"
        " WHERE name = 'journal_by_type'",
    )
    assert any("missing from index journal_by_type" in problem for problem in problems(told))
    report = rebuild(told, key=KEY, now=Ticking())
    assert report.differences == ()
    assert any("missing from index journal_by_type" in problem for problem in report.problems)


async def test_tables_folded_by_another_version_are_folded_again_at_open(told: Path) -> None:
    tamper(told, "UPDATE runtime SET value = x'30' WHERE key = 'ledger.fold_version'")
    tamper(told, "UPDATE key SET value = 'folded otherwise' WHERE name = 'normal_name'")
    assert any("folded otherwise" in problem for problem in problems(told))
    ledger = await Ledger.open(told, now=Ticking(), key=KEY)
    dirty = await ledger.read(Views.dirty_count)
    await ledger.close()
    assert dirty == 2
    assert problems(told) == ()
    tamper(told, "DELETE FROM dirty")
    ledger = await Ledger.open(told, now=Ticking(), key=KEY)  # once is enough
    assert await ledger.read(Views.dirty_count) == 0
    await ledger.close()


async def test_rebuild_needs_the_lock(ledger: Ledger, path: Path, tmp_path: Path) -> None:
    with pytest.raises(LedgerLocked):
        rebuild(path, key=KEY, now=Ticking())
    with pytest.raises(LedgerMissing):
        rebuild(tmp_path / "nowhere.db", key=KEY, now=Ticking())


def everything(views: Views) -> tuple[list[RecordView], list[KindCount], list[object]]:
    records = [RecordId(row[0]) for row in views._db.execute("SELECT record FROM link")]
    work = views.operations(
        states=["planned", "waiting", "approved", "intended", "confirmed", "rejected", "withdrawn"]
    )
    return views.views(records), views.counts(), [*work, *views.holds(), *views.open_intents()]


COUNTED = """
SELECT o.system, o.kind, h.state AS state, count(*)
FROM head AS h JOIN object AS o ON o.id = h.object GROUP BY o.system, o.kind, h.state
UNION ALL
SELECT o.system, o.kind, 'linked', count(*)
FROM link AS l JOIN object AS o ON o.id = l.object
WHERE EXISTS (SELECT 1 FROM link WHERE record = l.record AND system <> l.system)
GROUP BY o.system, o.kind
ORDER BY 1, 2, 3"""


async def tell_and_check(path: Path, story: list[list[Step]]) -> None:
    ledger = await Ledger.open(path, now=Ticking(), key=KEY, executor=inline)
    try:
        await play(ledger, story)
        assert (await ledger.verify()).problems == ()
        before = await ledger.read(everything)
        counted = await ledger.read(lambda views: views._db.execute(COUNTED).fetchall())
        kept = await ledger.read(
            lambda views: views._db.execute(
                "SELECT * FROM tally WHERE count <> 0 ORDER BY system, kind, state"
            ).fetchall()
        )
        assert kept == counted
        lost = await ledger.read(
            lambda views: views._db.execute(
                "SELECT record FROM dirty WHERE record NOT IN (SELECT record FROM link)"
            ).fetchall()
        )
        assert lost == []
        found = await ledger.read(lambda views: views.find(QBO, Kind.ITEM, "name", "bolt"))
        assert len(found) == len(set(found))
    finally:
        await ledger.close()
    assert rebuild(path, key=KEY, now=Ticking()).differences == ()
    again = await Ledger.open(path, now=Ticking(), key=KEY, executor=inline)
    try:
        assert await again.read(everything) == before
        assert len(await again.read(lambda views: views.dirty(1000))) == len(before[0])
    finally:
        await again.close()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
@given(story=stories)
def test_any_story_rebuilds_to_what_was_kept(story: list[list[Step]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(tell_and_check(Path(folder) / "ledger.db", story))
