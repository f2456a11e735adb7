"""``trueup report``: reports that are made to be kept and signed."""

import asyncio
import getpass
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from daemon.cli.exits import Exit
from daemon.cli.out import is_terminal, note, say
from daemon.cli.settings import settings, shared_options
from daemon.control.periods import FORMS, parse_period

if TYPE_CHECKING:
    from daemon.control.protocol_report import ReportRequest
    from daemon.report.collect import Collected
    from daemon.report.writing import Form, Writing

DEFAULT_WIDTH = 100
PRIVATE = 0o600


def _period(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return parse_period(value).text
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.group()
@shared_options
def report() -> None:
    """Reports that are made to be kept: with what they were made from, and every record."""


@report.command()
@click.option("--period", required=True, callback=_period, metavar="PERIOD", help=f"{FORMS}.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "html"]),
    default="table",
    show_default=True,
)
@click.option("--out", type=click.Path(path_type=Path), help="Write to this file.")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only these; may be repeated.")
@click.option(
    "--limit",
    type=click.IntRange(1, 100_000),
    default=250,
    show_default=True,
    help="Records listed of one line, the largest first (table, html).",
)
@click.option("--bom", is_flag=True, help="Begin the CSV file with a byte order mark, for Excel.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@click.option("--exit-code", is_flag=True, help="2 if a difference is not explained.")
@shared_options
def reconciliation(
    *,
    period: str,
    form: "Form",
    out: Path | None,
    kinds: tuple[str, ...],
    limit: int,
    bom: bool,
    force: bool,
    exit_code: bool,
) -> int:
    """Both sides' documents of a period, and every difference to the cent.

    Source total + differences = books total, for each kind and currency. What nothing explains is a
    line of its own, with its records. csv and json list every record; table and html the largest of
    each line. Works with and without a daemon.
    """
    from daemon.control.protocol_report import ReportRequest

    if bom and form != "csv":
        raise click.UsageError("--bom is for --format csv")
    if out is not None:
        _check(out, form, force=force)
    request = ReportRequest(period=period, kinds=kinds, agreed=form in ("csv", "json"))
    made = _made(request, form, out, limit=limit, bom=bom)
    summary = made.summary
    if out is not None:
        note(f"written: {out}")
        if form == "csv":
            note(f"written: {_manifest(out)}")
    if form != "table" or out is not None:
        from daemon.report.terminal import cautions, verdict

        for line in (*cautions(summary), *verdict(summary)):
            note(line)
    return Exit.DRIFT if exit_code and summary.unexplained else Exit.DONE


def _check(out: Path, form: str, *, force: bool) -> None:
    for path in (out, _manifest(out)) if form == "csv" else (out,):
        if path.exists() and not force:
            raise click.UsageError(f"{path} is there already: choose another name, or --force")


def _manifest(out: Path) -> Path:
    return out.with_name(f"{out.name}.manifest.json")


def _made(
    request: "ReportRequest", form: "Form", out: Path | None, *, limit: int, bom: bool
) -> "Collected":
    """Gather the report into a file beside its place, prove it, and only then show it."""
    from daemon.report.writing import Writing

    with tempfile.TemporaryFile() as whole, Writing(whole, form, keep=limit, bom=bom) as writer:
        asyncio.run(_receive(request, writer))
        collected = writer.close(out.name if out is not None else "")
        whole.seek(0)
        if out is None:
            _show(whole, collected, form)
        else:
            _put(whole, out)
            if form == "csv":
                _put_text(json.dumps(writer.manifest, indent=2) + "\n", _manifest(out))
    return collected


def _show(whole: BinaryIO, collected: "Collected", form: str) -> None:
    if form == "table":
        from daemon.report.terminal import lines

        for line in lines(collected, width=_width()):
            say(line)
        return
    stream = sys.stdout.buffer
    shutil.copyfileobj(whole, stream)
    stream.flush()


def _width() -> int:
    return shutil.get_terminal_size().columns if is_terminal(sys.stdout) else DEFAULT_WIDTH


def _put(whole: BinaryIO, out: Path) -> None:
    """The file appears whole or not at all, and only its owner can read it."""
    part = out.with_name(f".{out.name}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, PRIVATE)
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(whole, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise click.FileError(str(out), error.strerror or str(error)) from error


def _put_text(text: str, out: Path) -> None:
    with tempfile.TemporaryFile() as whole:
        whole.write(text.encode())
        whole.seek(0)
        _put(whole, out)


async def _receive(request: "ReportRequest", writer: "Writing") -> None:
    from daemon.control.client import ControlClient, DaemonAbsent
    from daemon.report.collect import Lines

    lines = Lines()
    try:
        async with ControlClient(settings().socket_path()) as daemon:
            async for chunk in daemon.report(request):
                for line in lines.feed(chunk):
                    writer.take(line)
    except DaemonAbsent:
        async with aclosing(_from_file(request)) as chunks:
            async for chunk in chunks:
                for line in lines.feed(chunk):
                    writer.take(line)


async def _from_file(request: "ReportRequest") -> AsyncGenerator[bytes, None]:
    """The report read from the ledger's file, with the configuration as it is on disk."""
    from daemon.cli.offline import reading
    from daemon.clock import SystemClock
    from daemon.config.load import load
    from daemon.config.policy import make_policy
    from daemon.control.reporting import Origin
    from daemon.control.reporting import report as lines_of

    config = load(settings().config_path()).config
    origin = Origin(
        company=config.company.display_name,
        instance=config.instance,
        version=version("trueup"),
        made_by=f"{getpass.getuser()} (uid {os.getuid()}), without a daemon",
        timezone=config.company.timezone,
        as_of=SystemClock().now(),
    )
    policy = make_policy(config)
    async with reading() as ledger, aclosing(lines_of(ledger, policy, request, origin)) as chunks:
        async for chunk in chunks:
            yield chunk
