"""What ``trueup catalogue`` says: the job, its plan, its report as lines and as CSV.

Only words. Asks nobody; every text of another system is made safe before it is shown.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from daemon.control.catalogue_words import (
    CSV,
    csv_document,
    csv_row,
    on_hand,
    options_text,
    standings_in_order,
)
from daemon.control.text import cell, clean, columns, plural

if TYPE_CHECKING:
    from daemon.control.protocol_catalogue import (
        CatalogueEndShown,
        CatalogueJobShown,
        CataloguePlanShown,
        CatalogueRowShown,
        KeepingShown,
    )

MOST_SHOWN = 20
OVER = ("done", "aborted")
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
_HEADER = ("SKU", "WHAT", "OLD", "NEW", "ON HAND")


def job_lines(job: "CatalogueJobShown | None") -> Iterator[str]:
    """Where the job stands, the plan in numbers, who said yes, how it ended."""
    if job is None:
        return
    yield f"job {job.job}: {job.state}{f' ({clean(job.note)})' if job.note else ''}"
    why = f": {clean(job.reason)}" if job.reason else ""
    yield f"  opened {_minute(job.opened_at)} by {clean(job.opened_by)}{why}"
    yield f"  products: {clean(options_text(job.options))}"
    if job.proof is not None:
        read = ", ".join(f"{name} {count:,}" for name, count in job.proof.items.items())
        yield f"  both catalogues read to the end at {_minute(job.proof.at)}: {read} items"
    if job.plan is not None:
        yield from plan_lines(job.plan, asks=job.state not in OVER)
    for yes in job.approvals:
        yield f"  approved by {clean(yes.by)} at {_minute(yes.at)} (plan {yes.plan})"
    if job.approvals and len(job.approvals) < job.people:
        yield f"  {len(job.approvals)} of {job.people} people have approved it"
    if job.rows:
        yield f"  {job.done:,} of {job.rows:,} products have their item"
    if job.waits:
        yield f"  waits: {clean(job.waits)}"
    if job.ended is not None:
        yield from _end_lines(job, job.ended)


def _end_lines(job: "CatalogueJobShown", ended: "CatalogueEndShown") -> Iterator[str]:
    counts = sorted(ended.outcomes.items())
    ends = ", ".join(f"{count:,} {word.replace('_', ' ')}" for word, count in counts)
    when = "re-read at" if job.state == "done" else "as it stood at"
    yield f"  {when} {_minute(ended.at)}: {ends}"
    if ended.outcomes.get("failed"):
        yield "  ! what failed, and why: trueup catalogue report --what failed"
    for text in ended.doubled[:MOST_SHOWN]:
        yield f"  ! more than one active item has the {clean(text)}"


def _minute(instant: str) -> str:
    """Instants of a job are in UTC."""
    return f"{instant[:16]}Z"


def plan_lines(plan: "CataloguePlanShown", *, asks: bool = True) -> Iterator[str]:
    """A plan in numbers, what to know before a yes, and what it asks."""
    for words, count in standings_in_order(plan.standings):
        yield f"  {count:>7,}  {words}"
    yield f"  plan {plan.id}: {plural(plan.calls, 'call')}, about {plural(plan.minutes, 'minute')}"
    for word in sorted(plan.acts, key=lambda word: (*ACTS, word).index(word)):
        yield f"  {plan.acts[word]:>7,}  {ACTS.get(word, word)}"
        if word == "skip":
            reasons = sorted(plan.skipped.items(), key=lambda pair: (-pair[1], pair[0]))
            yield from (f"           {count:,} x {clean(why)}" for why, count in reasons)
    if not plan.acts:
        yield "  nothing to do for these products"
    yield from _warnings(plan)
    if asks:
        yield from _questions(plan)


def _warnings(plan: "CataloguePlanShown") -> Iterator[str]:
    if plan.with_quantity:
        yield f"  ! tracked, with a quantity on hand: {plan.with_quantity:,}. {on_hand(plan)}"
    if plan.accounts_change:
        yield f"  ! {plan.accounts_change:,} would post to another income account than before"
    if plan.conflicts:
        told = plural(plan.conflicts, "new item takes", "new items take")
        yield f"  ! {told} the source's side of an open conflict (see report)"
    if plan.documents:
        yield f"  ! {plural(plan.documents, 'open document')} will keep the old item (see report)"


def _questions(plan: "CataloguePlanShown") -> Iterator[str]:
    if plan.unknown:
        yield f"  ? {plural(plan.unknown, 'item')} of the books unknown to the source: settle each,"
        yield f"    or all: trueup catalogue settle --all --keep --expect-count {plan.unknown}"
        for one in plan.strangers[:MOST_SHOWN]:
            quantity = f", {one.quantity} on hand" if one.quantity else ""
            yield f"      {one.ref}  {clean(one.label)}  {clean(one.name)}{quantity}"
        if plan.unknown > MOST_SHOWN:
            yield f"      and {plan.unknown - MOST_SHOWN:,} more: trueup catalogue status --json"
    if plan.clashes:
        held = f"  ? {plural(plan.clashes, 'name')} still held by an old item"
        yield f"{held} (trueup catalogue report --what clash): settle each,"
        yield "    or all: trueup catalogue plan --clashes reactivate|rename|suffix|skip"


def row_lines(rows: "Iterable[CatalogueRowShown]") -> Iterator[str]:
    """The rows of a report; why something was not done stands whole below its row."""
    found = list(rows)
    cells = [
        (clean(r.sku), (r.outcome or r.act).replace("_", " "), r.old, r.new, r.quantity)
        for r in found
    ]
    heading, *lines = columns([_HEADER, *cells])
    yield f"  {heading}"
    for row, line in zip(found, lines, strict=True):
        yield f"  {line}"
        if row.why:
            yield f"      {clean(row.why)}"


def document_lines(documents: "tuple[KeepingShown, ...]") -> Iterator[str]:
    """Open documents that go on pointing to old items, oldest first."""
    if documents:
        told = plural(len(documents), "open document keeps", "open documents keep")
        yield f"{told} an old item:"
    for one in documents[:MOST_SHOWN]:
        yield f"  {one.ref}  {clean(one.number)}  {one.date}  {clean(', '.join(one.items))}"
    if len(documents) > MOST_SHOWN:
        yield f"  and {len(documents) - MOST_SHOWN:,} more: trueup catalogue report --csv"


def csv_text(
    rows: "Iterable[CatalogueRowShown]", documents: "Iterable[KeepingShown]"
) -> Iterator[str]:
    """One line for each product, then one for each open document that keeps old items."""
    yield _line(CSV)
    yield from (_line(csv_row(row)) for row in rows)
    yield from (_line(csv_document(one)) for one in documents)


def _line(row: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([cell(value) for value in row])
    return out.getvalue()
