"""``trueup support-bundle``: what somebody who helps needs, and nothing of the company.

Tells what is in it before it writes, and sends nothing anywhere.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit
from daemon.cli.out import answer_values, may_ask, note, say, table
from daemon.cli.settings import json_option, settings, shared_options
from daemon.clock import SystemClock
from ledger.model.errors import ConfigProblem, TrueupError

if TYPE_CHECKING:
    from daemon.bundle.packing import Part

SCHEMA = "trueup.support-bundle/1"
_NAME = re.compile(r"[a-z0-9_. -]{1,60}")


@click.command("support-bundle")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to make."
)
@click.option("--list", "is_list", is_flag=True, help="Only tell what would be in it.")
@click.option("--show", metavar="NAME", default="", help="Print one part of it, exactly as it is.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@shared_options
def support_bundle(
    *, output: Path | None, is_list: bool, show: str, yes: bool, as_json: bool
) -> int:
    """Put together what somebody who helps needs to know, in one file. It is sent nowhere.

    Versions, settings by sort, the doctor's findings by name, counts, states, metrics, errors by
    code, lines of the log. No token, name, amount, e-mail address, host, number of a document or id
    of a record. Most of it needs a running daemon; without one there is less.
    """
    parts = asyncio.run(_gathered())
    if show:
        return _shown(parts, show)
    path = output or Path(f"trueup-support-{SystemClock().now():%Y%m%dT%H%M%SZ}.tar.gz")
    writes = not is_list
    if not as_json:
        _tell(parts)
    if writes and not yes:
        if not may_ask():
            raise click.UsageError("nobody can be asked here: give --yes, or --list to look only")
        click.confirm(f"Write this to {path}?", abort=True, err=True)
    if writes:
        from daemon.bundle.packing import packed, write

        try:
            write(path, packed(parts))
        except FileExistsError:
            note(f"{path} is there already: name another file with -o")
            return Exit.FAILED
    if as_json:
        answer_values(
            SCHEMA,
            as_of=SystemClock().now().isoformat(),
            file=str(path) if writes else "",
            parts=[{"name": p.name, "about": p.about, "bytes": len(p.content)} for p in parts],
        )
    elif writes:
        say(f"written to {path}")
        note("look into it before you send it: tar -xzf FILE; nothing was sent anywhere")
    return Exit.DONE


def _tell(parts: "list[Part]") -> None:
    rows = [(part.name, f"{len(part.content):,}", part.about) for part in parts]
    table(("part", "bytes", "what it tells"), rows, right=frozenset({1}))
    if not any(part.name == "status.json" for part in parts):
        note("no daemon answers: its states and metrics are not in it; its log is the journal's")
    note("one of them whole: trueup support-bundle --show NAME")


def _shown(parts: "list[Part]", name: str) -> int:
    for part in parts:
        if part.name == name:
            click.echo(part.content.decode(), nl=False)
            return Exit.DONE
    named = ", ".join(part.name for part in parts)
    raise click.UsageError(f"there is no part {name!r}: {named}")


async def _gathered() -> "list[Part]":
    from daemon.control.client import ControlClient, DaemonAbsent

    parts = list(await _of_this_machine())
    try:
        async with ControlClient(settings().socket_path()) as daemon:
            from daemon.bundle.parts import from_daemon, from_ledger

            support = await daemon.support()
            parts += from_ledger(support.errors, support.store)
            parts += from_daemon(await daemon.status(), await daemon.health(), support)
    except (DaemonAbsent, ConfigProblem):
        parts += await _of_the_file()
    return parts


async def _of_this_machine() -> "Iterator[Part]":
    from daemon.bundle.configured import classified
    from daemon.bundle.machine import files, versions
    from daemon.bundle.parts import from_machine
    from daemon.cli.doctor import looked_at
    from daemon.config.load import load

    try:
        keys = classified(load(settings().config_path()).config)
    except ConfigProblem:
        keys = None
    try:
        present = files(settings().places())
    except ConfigProblem:
        present = {}
    checks = [
        (one.name if _NAME.fullmatch(one.name) else "other", one.state)
        for one in await looked_at(online=False)
    ]
    return from_machine(versions=versions(), files=present, keys=keys, checks=checks)


async def _of_the_file() -> "list[Part]":
    """What the ledger's file and the journal tell where nobody serves it; nothing of what cannot
    be read."""
    from daemon.bundle.journal import newest
    from daemon.bundle.parts import from_ledger, from_log
    from daemon.cli.offline import reading
    from daemon.control.supporting import errors_of, store_of

    parts: list[Part] = []
    with suppress(TrueupError):
        async with reading() as ledger:
            told = await ledger.read(lambda views: (errors_of(views), store_of(views)))
        parts += from_ledger(*told)
    with suppress(ConfigProblem):
        parts += from_log(newest(settings().places().instance))
    return parts
