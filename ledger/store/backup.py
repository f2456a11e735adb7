"""Copies of a running ledger that are proved before they count, and the way back. A copy holds the
chain and the sealed bodies; the tables made from them, which are in the clear, are left out.

A restore never overwrites a ledger in use, keeps what it replaces, and appends ``Restored``: the
world went on after the backup, so nothing is written before everything was read again.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec

from ledger.model.entries import Restored
from ledger.model.ids import Digest
from ledger.store.copying import copy_to
from ledger.store.draft import Draft
from ledger.store.engine import make_private, reading, trouble_named, writing
from ledger.store.errors import LedgerDamaged, LedgerMissing
from ledger.store.journal import Journal
from ledger.store.key import keyed_digest
from ledger.store.lock import Lock
from ledger.store.migrate import file_version, known_version
from ledger.store.opening import look, prepare
from ledger.store.rebuild import is_folded
from ledger.store.shadow import Progress
from ledger.store.verify import prove_chain, verify_file

SCHEMA = "trueup.ledger.backup/1"
PART = ".part"
MANIFEST = ".manifest.json"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds; lies beside it as ``<backup>.manifest.json``."""

    schema: str = SCHEMA
    entries: int
    head: str
    """Hash of the last entry, hex text."""
    bytes: int
    sha256: str
    """Of the backup file."""
    made_at: str
    proved: bool = False
    """The copy was opened and read whole: every entry follows the one before, every body gives its
    digest."""


class RestoreReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was put in place, and where that which it replaced lies now."""

    entries: int
    """Of the backup; the restored ledger has one more."""
    head: str
    replaced: str = ""
    """Path of the former ledger; ``""`` when there was none."""


def manifest_path(backup: Path) -> Path:
    return backup.with_name(backup.name + MANIFEST)


def backup_file(
    path: Path,
    target: Path,
    *,
    now: datetime,
    key: bytes | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Back up the ledger in a file, whether or not a daemon has it open."""
    with trouble_named(path), closing(reading(path)()) as db:
        return backup(db, target, now=now, key=key, progress=progress)


def backup(
    db: sqlite3.Connection,
    target: Path,
    *,
    now: datetime,
    key: bytes | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Copy over an open connection that is in no transaction; nothing is at ``target`` until
    the copy has passed its integrity check and, with the ledger's ``key``, was opened and proved
    from its first entry to its last. An existing file there is not overwritten."""
    if target.exists():
        raise FileExistsError(f"{target} exists; a backup never overwrites another one")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(target.name + PART)
    written = manifest_path(target)
    _remove(part)
    make_private(part)
    try:
        entries, head = copy_to(db, part, progress)
        if key is not None:
            _prove(part, (entries, head), key=key, progress=progress)
        _sync(part)
        manifest = Manifest(
            entries=entries,
            head=head,
            bytes=part.stat().st_size,
            sha256=_sha256(part),
            made_at=now.isoformat(),
            proved=key is not None,
        )
        _note(manifest, written)
        part.rename(target)
        _sync(target.parent)
    except BaseException:
        written.unlink(missing_ok=True)  # without its copy it would describe nothing
        raise
    finally:
        _remove(part)
    return manifest


def _note(manifest: Manifest, written: Path) -> None:
    make_private(written)
    written.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    _sync(written)


def _prove(part: Path, expected: tuple[int, str], *, key: bytes, progress: Progress | None) -> None:
    """What lies on the disk now can be opened and is the chain that was copied."""
    with trouble_named(part), closing(reading(part)()) as db:
        proof = prove_chain(db, key=key, progress=progress)
    problems = list(proof.problems)
    if not problems and (proof.entries, proof.head) != expected:
        problems = [f"it ends at entry {proof.entries}, and {expected[0]} was copied"]
    if problems:
        raise LedgerDamaged(
            f"the copy does not verify: {problems[0]}",
            cure="No copy was kept. Run: trueup ledger verify.",
        )


def leftovers(folder: Path, name: str) -> list[Path]:
    """What a backup of that name that was killed left in ``folder``: half copies, and manifests
    without a copy. One that is being made looks the same; only its age tells."""
    halves = list(folder.glob(f"{name}{PART}*"))
    manifests = folder.glob(f"{name}{MANIFEST}")
    return halves + [
        one for one in manifests if not one.with_name(one.name.removesuffix(MANIFEST)).exists()
    ]


def restore(
    backup: Path, target: Path, *, key: bytes, by: str, now: Callable[[], datetime]
) -> RestoreReport:
    """Put a backup in the place of a ledger that nobody has open.

    Raises ``LedgerLocked`` for a ledger in use and ``LedgerDamaged`` for a backup that does not
    verify; the former ledger is untouched then.
    """
    if not backup.exists():
        raise LedgerMissing(f"there is no backup at {backup}")
    _check_manifest(backup)
    target.parent.mkdir(parents=True, exist_ok=True)
    lock = Lock.take(target, now=now())
    part = target.with_name(target.name + ".restoring")
    try:
        _remove(part)
        make_private(part)
        shutil.copyfile(backup, part)
        _bring_up(part, backup, key=key, now=now)
        with trouble_named(backup), closing(reading(part)()) as db:
            look(db, key=key)
        report = verify_file(part, key=key)
        if not report.is_sound:
            raise LedgerDamaged(
                f"the backup {backup} does not verify: {report.problems[0]}",
                cure="Take an older backup; the ledger in place was left as it is.",
            )
        _append_restored(part, (report.entries, report.head), key=key, by=by, now=now)
        replaced = _keep(target, now())
        part.rename(target)
        _sync(target.parent)
    finally:
        _remove(part)
        lock.release()
    return RestoreReport(entries=report.entries, head=report.head, replaced=replaced)


def _check_manifest(backup: Path) -> None:
    """A manifest is not needed, but one that lies there must be right."""
    path = manifest_path(backup)
    if not path.exists():
        return
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise LedgerDamaged(f"{path} is no manifest of a backup: {error}") from error
    if manifest.sha256 != _sha256(backup):
        raise LedgerDamaged(
            f"{backup} is not the file that its manifest describes: it was changed or cut short",
            cure="Copy the backup again from where it was kept, or take another one.",
        )


def _bring_up(part: Path, backup: Path, *, key: bytes, now: Callable[[], datetime]) -> None:
    """The copy gets the shape of this version, and its tables; the backup stays as it is."""
    with trouble_named(backup), closing(reading(part)()) as db:
        is_ready = file_version(db) == known_version() and is_folded(db)
    if not is_ready:
        with trouble_named(backup), closing(writing(part, key=key)()) as db:
            prepare(db, key=key, journal=Journal(key=key, now=now), now=now())
            db.execute("PRAGMA journal_mode = DELETE")


def _append_restored(
    part: Path,
    backed_up: tuple[int, str],
    *,
    key: bytes,
    by: str,
    now: Callable[[], datetime],
) -> None:
    def digest(body: bytes) -> Digest:
        return keyed_digest(key, body)

    journal = Journal(key=key, now=now)
    draft = Draft(digest, actor=by, cycle="")
    draft.add(Restored(backup_seq=backed_up[0], backup_hash=backed_up[1], by=by))
    with closing(writing(part, key=key)()) as db:
        prepare(db, key=key, journal=journal, now=now())
        (result,) = journal.commit(db, [draft])
        if isinstance(result, BaseException):
            raise result
        db.execute("PRAGMA journal_mode = DELETE")


def _keep(target: Path, now: datetime) -> str:
    """Move the former ledger aside, with the files that SQLite keeps beside it."""
    if not target.exists():
        return ""
    kept = target.with_name(f"{target.name}.replaced-{now:%Y%m%dT%H%M%S}")
    number = 1
    while kept.exists():
        kept = kept.with_name(f"{target.name}.replaced-{now:%Y%m%dT%H%M%S}-{number}")
        number += 1
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = DELETE")  # all of it into the one file
    except sqlite3.DatabaseError:
        pass  # too damaged to be tidied up; it is kept as it lies
    for suffix in ("", "-wal", "-shm"):
        beside = target.with_name(target.name + suffix)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + suffix))
    return str(kept)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
