"""``trueup ledger destroy-key``: end the life of one company's data, and keep a provable chain."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.decide import reason_option
from daemon.cli.exits import Exit
from daemon.cli.out import answer_values, may_ask, note, say
from daemon.cli.person import this_person
from daemon.cli.settings import json_option, settings, shared_options
from daemon.clock import SystemClock
from daemon.control.text import plural

if TYPE_CHECKING:
    from daemon.config.places import Places


@click.command("destroy-key")
@click.option("--name", default="", metavar="NAME", help="The instance's name, typed.")
@reason_option
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
@json_option
@shared_options
def destroy_key(*, name: str, reason: str, dry_run: bool, as_json: bool) -> int:
    """Make everything that the ledger holds of the company unreadable, for ever.

    Needs the daemon to be stopped. The chain stays and verifies, with who did it, when and why as
    its last entry. Backups made by this version become unreadable with it: nobody can restore
    them, unless a copy of the key exists. The name of the instance has to be typed.
    """
    from ledger.store.destroy import destroy_key as destroy
    from ledger.store.destroy import what_is_left

    places = settings().places()
    _require_name(places, name, dry_run=dry_run)
    clear = _in_the_clear(places)
    now = SystemClock().now
    if dry_run:
        done = what_is_left(places.ledger)
    else:
        done = destroy(places.ledger, places.key, by=this_person(), reason=reason, now=now)
    if as_json:
        answer_values(
            "trueup.ledger-destroy-key/1",
            as_of=now().isoformat(),
            file=str(places.ledger),
            dry_run=dry_run,
            entries=done.entries,
            head_hash=done.head,
            unreadable_bodies=done.bodies,
            still_readable=[str(one) for one in clear],
        )
        return Exit.DONE
    bodies = plural(done.bodies, "body", "bodies")
    entries = plural(done.entries, "entry", "entries")
    if dry_run:
        say(f"would destroy the key {places.key}: nothing was done")
        say(f"{bodies} in {places.ledger} could not be read any more")
        say(f"{entries}, and one more that tells of it, would go on verifying")
    else:
        say(f"destroyed the key {places.key}")
        say(f"{bodies} in {places.ledger} cannot be read any more")
        say(f"{entries} still verify: trueup ledger verify")
    say(f"head {done.head}")
    for path in clear:
        note(f"not sealed, remove it by hand: {path}")
    note("the login is another thing: trueup disconnect, or remove the folder vault")
    note("copies of the key that you kept elsewhere still open the backups: remove them too")
    return Exit.DONE


def _require_name(places: "Places", name: str, *, dry_run: bool) -> None:
    expected = places.instance or places.state_dir.name
    if dry_run and not name:
        return
    if not name and may_ask():
        note(f"This makes {places.ledger} and its backups unreadable. There is no way back.")
        name = click.prompt(f"Type the name of the instance ({expected})", err=True)
    if name != expected:
        raise click.UsageError(
            f"--name has to be the name of the instance, {expected!r}: nothing was done"
        )


def _in_the_clear(places: "Places") -> list[Path]:
    """Files that an earlier version wrote before bodies were sealed, or a restore set aside."""
    folders = {places.ledger.parent} | ({places.backups} if places.backups else set())
    patterns = (f"{places.ledger.name}.replaced-*", f"{places.ledger.stem}.format-*.backup")
    found = (path for folder in folders for pattern in patterns for path in folder.glob(pattern))
    return sorted(path for path in found if not path.name.endswith((".json", "-wal", "-shm")))
