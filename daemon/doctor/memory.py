"""The ledger: who holds it, can it be read, when was it proved and copied last.

Opens it for reading only, beside its writer. Proving it whole is ``trueup ledger verify``.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from daemon.config.places import Places
from daemon.control.keeping import BACKUP_KEY, DAMAGED_KEY, VERIFIED_KEY
from daemon.doctor.check import Check, bad, ok, skipped, warn
from ledger.model.errors import ConfigProblem, TrueupError
from ledger.store.destroyed import refuse_destroyed_file
from ledger.store.key import load_or_create
from ledger.store.ledger import Ledger
from ledger.store.lock import held_by
from ledger.store.migrate import known_version

LATE = 2
"""Copies that should have been made since the last one."""
PROVED_WITHIN = timedelta(days=35)
KEYS = (BACKUP_KEY, VERIFIED_KEY, DAMAGED_KEY)


def check_holder(places: Places, *, instance: str, answering: str | None) -> Check:
    """``answering``: the instance that answers at the socket; None when nobody does."""
    name = "one daemon"
    try:
        holder = held_by(places.ledger)
    except OSError as error:
        return skipped(name, f"{places.ledger}: {error.strerror}", "run this as its owner")
    if answering is not None and instance and answering != instance:
        return bad(
            name,
            f"the daemon at {places.socket} is {answering}, this configuration is {instance}",
            "name the right file with --config, or give each instance a control.socket of its own",
        )
    if holder is None:
        if answering is not None:
            return bad(
                name,
                f"a daemon answers at {places.socket} and does not hold {places.ledger}",
                "its configuration names another ledger.path or state_dir: restart it, or correct "
                "this file",
            )
        return ok(name, "none is running, and nobody else holds the ledger")
    if answering is None:
        return bad(
            name,
            f"{places.ledger} is held by {holder}, and nobody answers at {places.socket}",
            "another configuration names the same ledger, or it is still starting: look at that "
            "process, and stop it if it should not be there",
        )
    return ok(name, f"{answering} holds the ledger: {holder}")


async def check_ledger(
    places: Places, *, now: datetime, backup_every: timedelta | None
) -> tuple[Check, ...]:
    """Its format, its last proof, its last copy; ``backup_every`` None = not known."""
    if not places.ledger.exists():
        return (skipped("ledger", f"{places.ledger} is not there yet", "trueup run"),)
    try:
        if not places.key.exists():
            refuse_destroyed_file(places.ledger)
            raise ConfigProblem([f"{places.key} is not there"])
        key = load_or_create(places.key)
        ledger = await Ledger.open(places.ledger, now=lambda: now, key=key, read_only=True)
    except PermissionError:
        return (skipped("ledger", "may not be read by this user", "run this as its owner"),)
    except TrueupError as error:
        return (bad("ledger", str(error), error.cure or "trueup ledger verify"),)
    try:
        noted = await ledger.read(
            lambda views: {key: (views.runtime(key) or b"").decode() for key in KEYS}
        )
        entries, _ = await ledger.read(lambda views: views.head())
    finally:
        await ledger.close()
    return (
        ok("ledger", f"format {known_version()}, {entries} entries"),
        _proved(noted, now),
        *_copied(places, noted[BACKUP_KEY], now, backup_every),
    )


def _proved(noted: dict[str, str], now: datetime) -> Check:
    name, cure = "proof of the ledger", "trueup ledger verify"
    if damaged := noted[DAMAGED_KEY]:
        return bad(
            name,
            f"the journal was found damaged on {damaged[:10]}",
            "restore the last backup that verifies: docs/administration.md, Restore",
        )
    if not noted[VERIFIED_KEY]:
        return warn(name, "it was never proved here", cure)
    age = now - datetime.fromisoformat(noted[VERIFIED_KEY])
    found = f"found sound {_days(age)}"
    return ok(name, found) if age <= PROVED_WITHIN else warn(name, found, cure)


def _copied(places: Places, noted: str, now: datetime, every: timedelta | None) -> Iterator[Check]:
    name = "backup"
    found = [datetime.fromisoformat(noted)] if noted else []
    if places.backups is not None:
        copies = places.backups.glob(f"{places.ledger.stem}-*Z.backup")
        found += [datetime.fromtimestamp(one.stat().st_mtime, now.tzinfo) for one in copies]
    cure = "trueup ledger backup"
    if not found and places.backups is None:
        told = "ledger.backup.folder is not set, so none is made by itself"
        cure = (
            "set ledger.backup.folder; a copy made by hand (trueup ledger backup FILE) is not known"
        )
        yield warn(name, told, cure)
        return
    if not found:
        yield warn(name, f"none lies in {places.backups}", cure)
        return
    age = now - max(found)
    told = f"the newest is {_days(age)}"
    if every is not None and age > LATE * every:
        yield bad(name, f"{told}; one is due every {_span(every)}", cure)
    else:
        yield ok(name, told)


def _days(age: timedelta) -> str:
    return f"{_span(age)} old" if age >= timedelta(hours=1) else "less than an hour old"


def _span(length: timedelta) -> str:
    hours = round(length.total_seconds() / 3600)
    return f"{hours} h" if hours < 72 else f"{hours // 24} days"
