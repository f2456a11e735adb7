"""``trueup ledger``: proof, life of a record, export, copies. Works with and without a daemon.

What only reads runs beside a daemon; ``rebuild`` and ``restore`` change the file and need its
lock, so they are refused while a daemon has it.
"""

import shlex
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click
import msgspec

from daemon.cli.completing import records
from daemon.cli.destroying import destroy_key
from daemon.cli.exits import Exit
from daemon.cli.offline import (
    compared,
    exported,
    key_if_there,
    life_of,
    opened_key,
    told_by_daemon,
)
from daemon.cli.out import answer, answer_values, may_ask, note, say
from daemon.cli.person import this_person
from daemon.cli.progress import bar
from daemon.cli.settings import json_option, settings, shared_options
from daemon.cli.timeline import list_entries, show_entry
from daemon.cli.words import short
from daemon.cli.writes import writes
from daemon.clock import SystemClock
from daemon.control.text import clean, plural

if TYPE_CHECKING:
    from daemon.config.places import Places
    from daemon.control.protocol import HistoryAnswer


DAMAGED = (
    "next: keep this file, and with the daemon stopped put back the last backup that verifies: "
    "trueup ledger restore FILE (where only tables differ from the journal, trueup ledger rebuild "
    "is enough)"
)


MOST_COPIES = 3
"""Backups that are named where the ledger is damaged."""

CUT_OR_REBUILT = (
    "next: stop the daemon, keep this file and the anchors, and find out who could write it; then "
    "put back the last backup whose manifest has a head that was anchored: trueup ledger restore "
    "FILE"
)


@click.group()
@shared_options
def ledger() -> None:
    """The append-only memory: its entries, proof, history, export, backup, restore, rebuild."""


ledger.add_command(list_entries)
ledger.add_command(show_entry)
ledger.add_command(writes)
ledger.add_command(destroy_key)


@ledger.command()
@click.option("--head", "heads", multiple=True, metavar="HASH", help="A head noted elsewhere.")
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of heads noted elsewhere (ledger.anchor).",
)
@json_option
@shared_options
def verify(*, heads: tuple[str, ...], anchors: tuple[Path, ...], as_json: bool) -> int:
    """Prove the chain, the bodies, and every table made from them. Changes nothing.

    With --head or --anchor also that the chain is still the one of which that head was noted:
    neither cut short, nor rebuilt, nor another ledger.
    """
    from ledger.store.verify import verify_file

    places = settings().places()
    key = key_if_there(places)
    outside = compared(places, anchors, heads)
    with bar("verifying") as progress:
        report = verify_file(places.ledger, key=key, progress=progress)
    problems = (*outside.problems, *report.problems)
    ok = not problems
    if as_json:
        answer_values(
            "trueup.ledger-verify/1",
            as_of=_now(),
            file=str(places.ledger),
            ok=ok,
            entries=report.entries,
            head_hash=report.head,
            bodies=report.bodies,
            erased=report.erased,
            destroyed=report.destroyed,
            problems=list(problems),
            anchors=msgspec.to_builtins(outside),
        )
    else:
        for problem in problems:
            say(problem)
        for known in outside.notes:
            note(f"{known}; if nobody you know did that, keep both files and ask")
        verdict = "sound" if ok else "DAMAGED"
        erased = f", {report.erased:,} erased by retention" if report.erased else ""
        say(
            f"{verdict}: {plural(report.entries, 'entry', 'entries')}, {report.bodies:,} bodies"
            f"{erased}"
        )
        if report.destroyed:
            say(f"its key was destroyed on {clean(report.destroyed)}; no body can be read")
        say(f"head {report.head}")
        if outside.compared and not outside.problems:
            noted = plural(outside.compared, "head")
            say(f"{noted} noted elsewhere agree, the newest with entry {outside.agreed:,}")
        if outside.problems:
            note(CUT_OR_REBUILT)
        elif not report.is_sound:
            note(DAMAGED)
        for copy in _newest_copies(places) if not ok else ():
            note(f"  trueup ledger restore {shlex.quote(str(copy))}")
    return Exit.DONE if ok else Exit.IO


def _newest_copies(places: "Places") -> list[Path]:
    """The daemon's own backups, the newest first; `restore` proves a copy before it counts."""
    if places.backups is None:
        return []
    found = sorted(places.backups.glob(f"{places.ledger.stem}-*Z.backup"), reverse=True)
    return found[:MOST_COPIES]


@ledger.command()
@json_option
@shared_options
def rebuild(*, as_json: bool) -> int:
    """Make every derived table again from the journal, proving all that verify proves on the way.
    Needs the daemon to be stopped."""
    from ledger.store.rebuild import rebuild as rebuild_file

    places = settings().places()
    with bar("rebuilding") as progress:
        report = rebuild_file(
            places.ledger, key=opened_key(places), now=SystemClock().now, progress=progress
        )
    if as_json:
        answer_values(
            "trueup.ledger-rebuild/1",
            as_of=_now(),
            file=str(places.ledger),
            entries=report.entries,
            head_hash=report.head,
            bodies=report.bodies,
            differences=list(report.differences),
            problems=list(report.problems),
        )
        return Exit.IO if report.problems else Exit.DONE
    for difference in report.differences:
        say(f"was wrong: {difference}")
    found = plural(len(report.differences), "difference")
    entries = plural(report.entries, "entry", "entries")
    say(f"rebuilt from {entries} and {report.bodies:,} bodies; {found} to what was kept")
    say(f"head {report.head}")
    for problem in report.problems:
        say(problem)
    if report.problems:
        note(DAMAGED)
        return Exit.IO
    return Exit.DONE


@ledger.command()
@click.argument("record", shell_complete=records)
@json_option
@shared_options
def history(*, record: str, as_json: bool) -> int:
    """The life of RECORD: a record id, system/kind/id, SKU, code, name or number."""
    shown = told_by_daemon(lambda daemon: daemon.history(record)) or life_of(record)
    if as_json:
        answer(shown)
    else:
        _print_history(shown)
    return Exit.DONE


def _print_history(shown: "HistoryAnswer") -> None:
    say(f"{clean(shown.label)}  {shown.record}  {'  '.join(map(clean, shown.refs))}")
    for row in shown.rows:
        text = clean(short(row.text, shown.refs))
        say(f"{row.seq:>8}  {row.at[:19]}Z  {clean(row.actor)}  {text}")


@ledger.command()
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="A file.")
@click.option("--bodies", is_flag=True, help="With the records themselves (business data).")
@shared_options
def export(*, output: Path | None, bodies: bool) -> int:
    """The whole journal as JSON lines on stdout: header, entries in order, footer with hash."""
    if output is None:
        exported(sys.stdout.buffer, bodies=bodies)
        return Exit.DONE
    with closing(_new_file(output)) as file:
        exported(file, bodies=bodies)
    note(f"written: {output}")
    return Exit.DONE


def _new_file(path: Path) -> BinaryIO:
    """Readable by its owner only: with bodies it holds the company's data."""
    path.touch(mode=0o600, exist_ok=False)
    return path.open("wb")


@ledger.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@json_option
@shared_options
def backup(*, file: Path | None, as_json: bool) -> int:
    """Copy the ledger to FILE while it is in use; proved before it counts.

    Without FILE: a new file in ledger.backup.folder. The copy is sealed: without the ledger's key
    (ledger.key in the state directory) nobody can read or restore it, so keep a copy of that apart.
    """
    from ledger.store.backup import backup_file

    places = settings().places()
    now = SystemClock().now()
    key = opened_key(places)
    if file is None and places.backups is None:
        raise click.UsageError("name a FILE, or set ledger.backup.folder in the configuration")
    folder = places.backups or Path()
    target = (file or folder / f"{places.ledger.stem}-{now:%Y%m%dT%H%M%SZ}.backup").absolute()
    with bar("copying") as progress:
        made = backup_file(places.ledger, target, now=now, key=key, progress=progress)
    if as_json:
        answer_values(
            "trueup.ledger-backup/1",
            as_of=now.isoformat(),
            file=str(target),
            entries=made.entries,
            bytes=made.bytes,
            sha256=made.sha256,
            head_hash=made.head,
        )
    else:
        say(f"{target}: {plural(made.entries, 'entry', 'entries')}, {made.bytes:,} bytes")
        note(f"keep a copy of {places.key} apart from it: without that key it cannot be used")
    return Exit.DONE


@ledger.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@shared_options
def restore(*, file: Path, yes: bool, as_json: bool) -> int:
    """Put the backup FILE in the place of the ledger. Needs the daemon to be stopped.

    The ledger in place is kept under another name. Afterwards the daemon only observes until
    both systems were read whole and the plan was approved again.
    """
    from ledger.store.backup import restore as restore_file

    places = settings().places()
    key = opened_key(places)
    if not yes:
        _confirm(f"Put {file} in the place of {places.ledger}?")
    report = restore_file(file, places.ledger, key=key, by=this_person(), now=SystemClock().now)
    if as_json:
        answer_values(
            "trueup.ledger-restore/1",
            as_of=_now(),
            file=str(places.ledger),
            entries=report.entries,
            head_hash=report.head,
            replaced=report.replaced,
        )
        return Exit.DONE
    say(f"restored {plural(report.entries, 'entry', 'entries')} to {places.ledger}")
    if report.replaced:
        say(f"the former ledger is kept as {report.replaced}")
    note("next: trueup run; it observes until the plan is approved: trueup plan, trueup approve")
    return Exit.DONE


def _confirm(question: str) -> None:
    if not may_ask():
        raise click.UsageError("nobody can be asked here: give --yes")
    click.confirm(question, abort=True, err=True)


def _now() -> str:
    return SystemClock().now().isoformat()
