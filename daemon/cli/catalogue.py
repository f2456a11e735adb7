"""``trueup catalogue``: export the product catalogue anew, as a guarded job in steps."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click
import msgspec

from daemon.cli.catalogue_text import (
    MOST_SHOWN,
    OVER,
    csv_text,
    document_lines,
    job_lines,
    plan_lines,
    row_lines,
)
from daemon.cli.exits import Exit
from daemon.cli.lists import StandingGroup
from daemon.cli.out import answer, may_ask, note, say
from daemon.cli.settings import ask, json_option, shared_options
from daemon.control.protocol_catalogue import (
    MOST_ROWS,
    CatalogueApproveRequest,
    CatalogueOptions,
    CataloguePlanRequest,
    CatalogueSettleAllRequest,
    CatalogueSettleRequest,
)
from daemon.control.text import clean

if TYPE_CHECKING:
    from daemon.control.protocol_catalogue import (
        CatalogueAnswer,
        CatalogueReportAnswer,
        CatalogueRowShown,
    )


reason_option = click.option("--reason", default="", help="Kept in the ledger.")
dry_option = click.option("--dry-run", is_flag=True, help="Only say whether it could be done now.")


@click.group(cls=StandingGroup)
@shared_options
def catalogue() -> None:
    """Export the product catalogue to the books anew: plan, approve, run, report.

    Items are frozen in both directions from the plan until the end. Nothing is written before
    `run`, everything survives a restart, and `abort` thaws at any time.
    """


@catalogue.command()
@json_option
@shared_options
def status(*, as_json: bool) -> int:
    """Where the job stands, what it asks, and the next command."""
    return _told(ask(lambda daemon: daemon.catalogue()), as_json)


@catalogue.command()
@click.option("--missing-only", is_flag=True, help="Only what the books do not have at all.")
@click.option("--only", multiple=True, metavar="SKU", help="Only this product; repeat for more.")
@click.option(
    "--as-type", default="", metavar="NonInventory", help="Tracked items alone: retire them."
)
@click.option(
    "--clashes",
    type=click.Choice(["ask", "reactivate", "rename", "suffix", "skip"]),
    default=None,
    help="Where the old item still has the name.",
)
@click.option("--reactivate", is_flag=True, help="Reactivate inactive items, create the rest.")
@click.option("--reason", default="", help="Kept with the job in the ledger.")
@click.option("--dry-run", is_flag=True, help="Only what the plan would be; freezes nothing.")
@json_option
@shared_options
def plan(
    *,
    missing_only: bool,
    only: tuple[str, ...],
    as_type: str,
    clashes: str | None,
    reactivate: bool,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Freeze items, read both catalogues to the end, sort every item and plan. Writes nothing.

    A job that is open keeps the options that are not given.
    """
    options = _options(
        {
            "missing_only": missing_only,
            "only": only,
            "as_type": as_type,
            "clashes": clashes,
            "reactivate": reactivate,
        }
    )
    request = CataloguePlanRequest(options=options, reason=reason, dry_run=dry_run)
    return _told(ask(lambda daemon: daemon.catalogue_plan(request)), as_json)


def _options(said: Mapping[str, object]) -> CatalogueOptions | None:
    """What was asked for, over what the open job was asked for already."""
    given = {name: value for name, value in said.items() if value}
    if not given:
        return None
    job = ask(lambda daemon: daemon.catalogue()).job
    before = msgspec.to_builtins(job.options) if job is not None and job.state not in OVER else {}
    return msgspec.convert(before | given, CatalogueOptions)


@catalogue.command()
@click.argument("item", default="")
@click.option("--all", "every", is_flag=True, help="All unknown items; with --keep or --ignore.")
@click.option("--expect-count", type=click.IntRange(1), help="With --all: how many you saw.")
@click.option("--keep", "what", flag_value="keep", help="Leave it alone; it syncs after the job.")
@click.option("--ignore", "what", flag_value="ignore", help="It stays in the books alone.")
@click.option("--link", "to", default="", metavar="REF", help="It is this product.")
@click.option("--reactivate", "what", flag_value="reactivate", help="Of a clash: keep the old one.")
@click.option("--rename", "what", flag_value="rename", help="Of a clash: rename the old one.")
@click.option("--suffix", "what", flag_value="suffix", help="Of a clash: number the new one.")
@click.option("--skip", "what", flag_value="skip", help="Of a clash: do nothing.")
@reason_option
@dry_option
@json_option
@shared_options
def settle(
    *,
    item: str,
    every: bool,
    expect_count: int | None,
    what: str | None,
    to: str,
    **how: Any,
) -> int:
    """Answer a question of the plan about ITEM: one that the source does not know, or a clash.

    With --all one answer for all that the source does not know. Of all clashes: trueup catalogue
    plan --clashes WAY.
    """
    if every == bool(item):
        raise click.UsageError("give ITEM, or --all --expect-count N")
    as_json = how.pop("as_json")
    if every:
        if what not in ("keep", "ignore") or to or expect_count is None:
            raise click.UsageError("--all goes with --expect-count N and with --keep or --ignore")
        asked = msgspec.convert(
            {"what": what, "expect_count": expect_count, **how}, CatalogueSettleAllRequest
        )
        return _told(ask(lambda daemon: daemon.catalogue_settle_all(asked)), as_json)
    if bool(to) == bool(what):
        ways = "--reactivate, --rename, --suffix, --skip"
        raise click.UsageError(f"give one of --keep, --ignore, --link REF, {ways}")
    request = msgspec.convert(
        {"item": item, "what": what or "link", "to": to, **how}, CatalogueSettleRequest
    )
    return _told(ask(lambda daemon: daemon.catalogue_settle(request)), as_json)


@catalogue.command()
@click.option("--company", default="", metavar="NAME", help="The name of the company, typed.")
@click.option("--plan", "plan_id", default="", metavar="ID", help="Refuse any other plan.")
@reason_option
@dry_option
@json_option
@shared_options
def approve(*, company: str, plan_id: str, reason: str, dry_run: bool, as_json: bool) -> int:
    """Say yes to exactly this plan. The name of the company has to be typed."""
    if not company:
        if not may_ask():
            raise click.UsageError("--company NAME is needed (trueup status shows it)")
        shown = ask(lambda daemon: daemon.catalogue())
        for line in job_lines(shown.job):
            note(line)
        if not plan_id and shown.job is not None and shown.job.plan is not None:
            plan_id = shown.job.plan.id
        company = click.prompt("Type the name of the company to approve this", err=True)
    request = CatalogueApproveRequest(company=company, plan=plan_id, reason=reason, dry_run=dry_run)
    return _told(ask(lambda daemon: daemon.catalogue_approve(request)), as_json)


@catalogue.command()
@reason_option
@dry_option
@json_option
@shared_options
def run(*, reason: str, dry_run: bool, as_json: bool) -> int:
    """Start the approved job. It goes on by itself, after a restart of the daemon too."""
    return _told(ask(lambda daemon: daemon.catalogue_act("run", reason, dry_run=dry_run)), as_json)


@catalogue.command()
@reason_option
@dry_option
@json_option
@shared_options
def pause(*, reason: str, dry_run: bool, as_json: bool) -> int:
    """Stop after the requests under way; items stay frozen."""
    return _told(
        ask(lambda daemon: daemon.catalogue_act("pause", reason, dry_run=dry_run)), as_json
    )


@catalogue.command()
@reason_option
@dry_option
@json_option
@shared_options
def resume(*, reason: str, dry_run: bool, as_json: bool) -> int:
    """Go on after a pause."""
    return _told(
        ask(lambda daemon: daemon.catalogue_act("resume", reason, dry_run=dry_run)), as_json
    )


@catalogue.command()
@reason_option
@dry_option
@json_option
@shared_options
def abort(*, reason: str, dry_run: bool, as_json: bool) -> int:
    """End the job and thaw. What was created stays; the other old items are linked again."""
    return _told(
        ask(lambda daemon: daemon.catalogue_act("abort", reason, dry_run=dry_run)), as_json
    )


@catalogue.command()
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated, safe for spreadsheets.")
@click.option(
    "--what",
    default="",
    metavar="WORD",
    help="Only rows of which WHAT is this: clash, skip, create, failed ...",
)
@click.option("--limit", type=click.IntRange(1, MOST_ROWS), default=500, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0, help="Skip so many rows.")
@json_option
@shared_options
def report(*, as_csv: bool, what: str, limit: int, offset: int, as_json: bool) -> int:
    """Every product of the plan and what became of it, and the open documents that keep old items.

    With --csv all rows, whatever the limit.
    """
    what = what.replace(" ", "_")
    shown = ask(lambda daemon: daemon.catalogue_report(limit=limit, offset=offset, act=what))
    if as_json:
        answer(shown)
    elif as_csv:
        for line in csv_text(_all_rows(shown, what), shown.documents):
            click.echo(line, nl=False)
    else:
        _report(shown)
    ended = shown.job.ended
    return Exit.PARTLY if ended is not None and ended.outcomes.get("failed") else Exit.DONE


def _report(shown: "CatalogueReportAnswer") -> None:
    for line in job_lines(shown.job):
        say(line)
    for line in row_lines(shown.rows):
        say(line)
    if shown.more:
        note(f"there is more: use --offset {shown.offset + len(shown.rows)}, or --csv for all")
    for line in document_lines(shown.documents):
        say(line)
    if len(shown.documents) > MOST_SHOWN:
        note("trueup catalogue report --json or --csv lists all of them")


def _all_rows(shown: "CatalogueReportAnswer", what: str) -> "Iterator[CatalogueRowShown]":
    """From the first page that was asked for to the end."""
    while True:
        yield from shown.rows
        if not shown.more or not shown.rows:
            return
        offset = shown.offset + len(shown.rows)
        shown = ask(
            lambda daemon, o=offset: daemon.catalogue_report(limit=MOST_ROWS, offset=o, act=what)  # type: ignore[misc]
        )


def _told(shown: "CatalogueAnswer", as_json: bool) -> int:
    if as_json:
        answer(shown)
        return Exit.DONE
    say(clean(shown.text))
    for line in job_lines(shown.job):
        say(line)
    if shown.plan is not None:
        for line in plan_lines(shown.plan):
            say(line)
    if shown.seq:
        say(f"ledger entry {shown.seq}")
    if shown.next:
        note(f"next: {shown.next}")
    if shown.back:
        note(f"the way back: {shown.back}")
    return Exit.DONE
