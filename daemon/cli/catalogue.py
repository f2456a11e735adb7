"""``trueup catalogue``: export the product catalogue anew, as a guarded job in steps."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click
import msgspec

from daemon.cli.exits import Exit
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
from daemon.control.text import clean, columns, plural

if TYPE_CHECKING:
    from daemon.control.protocol_catalogue import (
        CatalogueAnswer,
        CatalogueJobShown,
        CataloguePlanShown,
        CatalogueReportAnswer,
        CatalogueRowShown,
    )

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a cell."""
MOST_SHOWN = 20
OVER = ("done", "aborted")
STANDINGS = {
    "alive": "ours, and active on both sides",
    "inactive": "ours, inactive in the books",
    "gone": "ours, removed from the books",
    "missing": "not in the books",
    "resting": "not active in the source",
    "unknown": "in the books alone, active",
    "unknown_inactive": "in the books alone, inactive",
    "out_of_scope": "no products",
    "unreadable": "cannot be read",
}
ACTS = {
    "create": "created anew",
    "reactivate": "made active again",
    "retire": "retired and created anew",
    "rename": "created anew; the old item is renamed first",
    "suffix": "created anew under a name with a number",
    "adopt": "linked with an item that is there",
    "clash": "wait: the old item still has the name",
    "skip": "left alone",
}


reason_option = click.option("--reason", default="", help="Kept in the ledger.")
dry_option = click.option("--dry-run", is_flag=True, help="Only say whether it could be done now.")


@click.group()
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
@click.option("--as-type", default="", metavar="NonInventory", help="Retire tracked items too.")
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
        for line in _lines(shown.job):
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
@click.option("--limit", type=click.IntRange(1, MOST_ROWS), default=500, show_default=True)
@click.option("--offset", type=click.IntRange(0), default=0, help="Skip so many rows.")
@json_option
@shared_options
def report(*, as_csv: bool, limit: int, offset: int, as_json: bool) -> int:
    """Every product of the plan and what became of it, and the open documents that keep old items.

    With --csv all rows, whatever the limit.
    """
    shown = ask(lambda daemon: daemon.catalogue_report(limit=limit, offset=offset))
    if as_json:
        answer(shown)
    elif as_csv:
        _csv(shown)
    else:
        _report(shown)
    ended = shown.job.ended
    return Exit.PARTLY if ended is not None and ended.outcomes.get("failed") else Exit.DONE


def _report(shown: "CatalogueReportAnswer") -> None:
    for line in _lines(shown.job):
        say(line)
    rows = [(r.sku, r.outcome or r.act, r.old, r.new, r.why) for r in shown.rows]
    for line in columns([("SKU", "WHAT", "OLD", "NEW", "WHY"), *rows]):
        say(f"  {line}")
    if shown.more:
        note(f"there is more: use --offset {shown.offset + len(shown.rows)}, or --csv for all")
    if shown.documents:
        say(f"{plural(len(shown.documents), 'open document')} that keep an old item:")
        for one in shown.documents[:MOST_SHOWN]:
            say(f"  {one.ref}  {clean(one.number)}  {one.date}  {clean(', '.join(one.items))}")
        if len(shown.documents) > MOST_SHOWN:
            note("trueup catalogue report --json lists all of them")


def _csv(first: "CatalogueReportAnswer") -> None:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["sku", "name", "standing", "act", "outcome", "old", "new", "why"])
    shown = first
    while True:
        for row in shown.rows:
            table.writerow([safe(cell) for cell in _cells(row)])
        if not shown.more or not shown.rows:
            break
        offset = shown.offset + len(shown.rows)
        shown = ask(lambda daemon, o=offset: daemon.catalogue_report(limit=MOST_ROWS, offset=o))  # type: ignore[misc]
    for one in first.documents:
        cells = (one.number, ", ".join(one.items), "", "keeps", "", one.ref, "", one.date)
        table.writerow([safe(cell) for cell in cells])
    click.echo(out.getvalue(), nl=False)


def _cells(row: "CatalogueRowShown") -> tuple[str, ...]:
    return (row.sku, row.name, row.standing, row.act, row.outcome, row.old, row.new, row.why)


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    cell = clean(cell)
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _told(shown: "CatalogueAnswer", as_json: bool) -> int:
    if as_json:
        answer(shown)
        return Exit.DONE
    say(clean(shown.text))
    for line in _lines(shown.job):
        say(line)
    if shown.plan is not None:
        for line in _plan_lines(shown.plan):
            say(line)
    if shown.seq:
        say(f"ledger entry {shown.seq}")
    if shown.next:
        note(f"next: {shown.next}")
    if shown.back:
        note(f"the way back: {shown.back}")
    return Exit.DONE


def _lines(job: "CatalogueJobShown | None") -> Iterator[str]:
    if job is None:
        return
    yield f"job {job.job}: {job.state}{f' ({clean(job.note)})' if job.note else ''}"
    yield f"  opened {job.opened_at[:16]} by {clean(job.opened_by)}"
    if job.proof is not None:
        read = ", ".join(f"{name} {count:,}" for name, count in job.proof.items.items())
        yield f"  both catalogues read to the end at {job.proof.at[:16]}: {read} items"
    if job.plan is not None:
        yield from _plan_lines(job.plan, asks=job.state not in OVER)
    for yes in job.approvals:
        yield f"  approved by {clean(yes.by)} at {yes.at[:16]} (plan {yes.plan})"
    if job.approvals and len(job.approvals) < job.people:
        yield f"  {len(job.approvals)} of {job.people} people have approved it"
    if job.rows:
        yield f"  {job.done:,} of {job.rows:,} products have their item"
    if job.waits:
        yield f"  waits: {clean(job.waits)}"
    if job.ended is not None:
        ends = ", ".join(f"{count:,} {word}" for word, count in sorted(job.ended.outcomes.items()))
        yield f"  re-read at {job.ended.at[:16]}: {ends}"
        for text in job.ended.doubled[:MOST_SHOWN]:
            yield f"  ! more than one active item has the {clean(text)}"


def _plan_lines(plan: "CataloguePlanShown", *, asks: bool = True) -> Iterator[str]:
    for word, count in plan.standings.items():
        yield f"  {count:>7,}  {STANDINGS.get(word, word)}"
    yield f"  plan {plan.id}: {plural(plan.calls, 'call')}, about {plural(plan.minutes, 'minute')}"
    for word, count in plan.acts.items():
        yield f"  {count:>7,}  {ACTS.get(word, word)}"
    for why, count in plan.skipped.items():
        yield f"           {count:,} x {clean(why)}"
    if plan.with_quantity:
        yield (
            f"  ! tracked, with a quantity on hand: {plan.with_quantity:,}. It stays with "
            "the old item, and a new tracked one would post a starting value to opening balance "
            "equity; ask the accountant"
        )
    if plan.accounts_change:
        yield f"  ! {plan.accounts_change:,} would post to another income account than before"
    if plan.documents:
        yield f"  ! {plural(plan.documents, 'open document')} will keep the old item (see report)"
    if not asks:
        return
    if plan.unknown:
        yield f"  ? {plural(plan.unknown, 'item')} of the books unknown to the source: settle each,"
        yield f"    or all: trueup catalogue settle --all --keep --expect-count {plan.unknown}"
        for one in plan.strangers[:MOST_SHOWN]:
            on_hand = f", {one.quantity} on hand" if one.quantity else ""
            yield f"      {one.ref}  {clean(one.label)}  {clean(one.name)}{on_hand}"
    if plan.clashes:
        held = f"  ? {plural(plan.clashes, 'name')} still held by an old item"
        yield f"{held} (trueup catalogue report names them): settle each,"
        yield "    or all: trueup catalogue plan --clashes reactivate|rename|suffix|skip"
