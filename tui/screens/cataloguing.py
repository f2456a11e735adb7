"""The words of the catalogue job: its steps, warnings, questions and rows. Pure."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from daemon.control.catalogue_words import csv_document, csv_row, on_hand, standings_in_order
from daemon.control.protocol_catalogue import (
    CatalogueJobShown,
    CataloguePlanShown,
    CatalogueRowShown,
    KeepingShown,
    StrangerShown,
)
from daemon.control.text import cell, clip, plural

OVER = frozenset({"done", "aborted"})
UNDER_WAY = frozenset({"running", "paused", "verifying"})
PLANNING = "Both catalogues are read to the end, every item is sorted, and a plan is made."
EXPIRED = "approval has expired"
"""What a job says that waits for a fresh yes to its plan."""
WRITING = ("create", "reactivate", "retire", "rename", "suffix", "adopt")
"""Acts of a plan after which something is another than before."""
ACTS = {
    "create": "created anew",
    "reactivate": "made active again",
    "retire": "retired and created anew, untracked",
    "rename": "created anew; the old item gives its name up first",
    "suffix": "created anew under its name with a number",
    "adopt": "linked with an item that is there",
    "clash": "names still held by an old item",
    "skip": "left alone",
}
FOR_UNKNOWN = (
    ("keep", "leave it as it is; after the job it syncs like any new item"),
    ("ignore", "it stays in the books alone: a skip, which a retry takes back"),
    ("link", "it is a product of the source, whose old item is unlinked"),
)
FOR_CLASHES = (
    ("reactivate", "the old item is made active again and keeps its history"),
    ("rename", "the old item becomes NAME (deleted), the new one gets NAME"),
    ("suffix", "the old item keeps the name, the new one becomes NAME (2)"),
    ("skip", "nothing is done; the product is listed in the report"),
)
UNFIT = "Answers here:"
"""What the plan says of a clash whose answer does not fit."""
BESIDE_CLASHES = frozenset({"suffix", "skip"})
"""What can be answered where an item of another product, or an unlinked one, has the name."""
INTRODUCTION = (
    "Products deleted in QuickBooks, or wanted as untracked ones? This creates them",
    "again from the source as one guarded job: items are frozen, both catalogues",
    "read to the end, and an exact plan shown. Nothing is written before you approve",
    "and run it; P pauses, A aborts at any moment. enter begins, d is a dry run.",
)

WIDE = 100
"""Columns from which what is known of the steps stands in a column of its own."""
Mark = Literal["done", "open", "doing", "paused", "to come", "aborted"]
GLYPHS: dict[Mark, str] = {
    "done": "+",
    "open": ">",
    "doing": "~",
    "paused": "=",
    "to come": "-",
    "aborted": "x",
}
TITLES = (
    "Freeze items in both directions",
    "Read both catalogues to the end",
    "Sort every item of the books",
    "Settle unknown items and clashes",
    "Plan",
    "Approve: the company's name typed",
    "Run: unlink, create, one batch after another",
    "Verify: read both catalogues again",
    "Thaw: items flow again",
    "Report",
)
PLACE = {
    "opened": 0,
    "frozen": 1,
    "read": 2,
    "sorted": 3,
    "settled": 4,
    "planned": 5,
    "approved": 6,
    "running": 6,
    "paused": 6,
    "verifying": 7,
    "done": 10,
}
"""State -> the step that is next or under way."""


@dataclass(frozen=True)
class Step:
    number: int
    mark: Mark
    title: str
    detail: str = ""

    def text(self, width: int) -> str:
        title = f"{self.title:<44}" if width >= WIDE else f"{self.title} "
        told = f" {GLYPHS[self.mark]} {self.number:>2} {self.mark:<8} {title} {self.detail}"
        return clip(told.rstrip(), width)


@dataclass(frozen=True)
class Question:
    """One thing that a plan asks of a person."""

    kind: Literal["unknown", "clash"]
    item: str
    """What ``settle`` takes: a record id."""
    ref: str
    label: str
    name: str
    why: str
    answer: str = ""

    @property
    def ways(self) -> tuple[tuple[str, str], ...]:
        """The answers that it has, each with what it means."""
        if self.kind == "unknown":
            return FOR_UNKNOWN
        if self.ref:
            return FOR_CLASHES
        return tuple(way for way in FOR_CLASHES if way[0] in BESIDE_CLASHES)


def of_stranger(one: StrangerShown) -> Question:
    held = f", {one.quantity} on hand" if one.quantity else ""
    tracked = ", tracked" if one.tracked else ""
    why = f"active in the books, unknown to the source{tracked}{held}"
    return Question("unknown", one.record, one.ref, one.label, one.name, why)


def of_clash(row: CatalogueRowShown, job: CatalogueJobShown) -> Question:
    given = job.answers.get(row.record)
    unfit = UNFIT in row.why  # it was tried: the answer is none to this one
    answer = given.what if given is not None and not unfit else ""
    return Question("clash", row.record, row.old, row.sku, row.name, row.why, answer)


def steps(job: CatalogueJobShown | None, *, reading: bool = False) -> tuple[Step, ...]:
    """All of them, each with how it stands. ``reading``: a plan is being made this moment."""
    state = job.state if job is not None else ""
    at = _aborted_at(job) if job is not None and state == "aborted" else PLACE.get(state, 0)
    found = []
    for place, title in enumerate(TITLES):
        mark: Mark = "done" if place < at else "to come"
        if place == at and state:
            mark = _mark(state, reading=reading)
        if place == 3 and job is not None and at > 3 and job.plan is not None and not job.answers:
            title = "Settle unknown items and clashes: none"
        found.append(Step(place + 1, mark, title, _detail(job, place)))
    if state == "aborted":
        found[8] = Step(9, "done", TITLES[8], "thawed by the abort")
    return tuple(found)


def _aborted_at(job: CatalogueJobShown) -> int:
    """How far an aborted job had come, by what it knows."""
    if job.plan is None:
        return 1 if job.proof is None else 2
    return 5


def _mark(state: str, *, reading: bool) -> Mark:
    if state == "aborted":
        return "aborted"
    if state == "paused":
        return "paused"
    return "doing" if state in {"running", "verifying"} or reading else "open"


def _detail(job: CatalogueJobShown | None, place: int) -> str:
    """What is known of one step."""
    if job is None:
        return ""
    plan, proof = job.plan, job.proof
    match place:
        case 0:
            return f"by {job.opened_by}"
        case 1 if proof is not None:
            return ", ".join(f"{name} {count:,}" for name, count in proof.items.items())
        case 2 if plan is not None:
            return _counts(plan.standings)
        case 3 if plan is not None and (plan.unknown or plan.clashes):
            return f"{plan.unknown:,} unknown, {plural(plan.clashes, 'clash', 'clashes')}"
        case 4 if plan is not None:
            return f"{plan.id[:8]}: {sizes(plan)}"
        case 5 if plan is not None:
            given = ", ".join(yes.by for yes in job.approvals)
            return f"{len(job.approvals)} of {job.people}{f': {given}' if given else ''}"
        case 6 if job.rows:
            return f"{job.done:,} of {job.rows:,} have their item"
        case 9 if job.ended is not None:
            return _counts(job.ended.outcomes)
        case _:
            return ""


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {word.replace('_', ' ')}" for word, count in counted.items())


def sizes(plan: CataloguePlanShown) -> str:
    """``3,072 products, 103 calls, about 3 minutes``"""
    products = plural(sum(plan.acts.get(act, 0) for act in WRITING), "product")
    return f"{products}, {plural(plan.calls, 'call')}, about {plural(plan.minutes, 'minute')}"


def step_lines(told: Sequence[Step], width: int, *, brief: bool) -> list[str]:
    """One line a step; ``brief`` puts together what is done and what is to come."""
    lines = [step.text(width) for step in told]
    if not brief:
        return lines
    here = next((i for i, step in enumerate(told) if step.mark not in {"done", "to come"}), None)
    if here is None:
        here = len(told) - 1 if told[-1].mark == "done" else 0
    shown = []
    if here:
        shown.append(clip(f" + 1-{here} done: {_short(told[:here])}", width))
    shown.append(lines[here])
    if here + 1 < len(told):
        rest = told[here + 1 :]
        shown.append(clip(f" - {here + 2}-{len(told)} to come: {_short(rest)}", width))
    return shown


def _short(told: Iterable[Step]) -> str:
    return ", ".join(step.title.split(":")[0].split(" ")[0].lower() for step in told)


def nothing_missing(plan: CataloguePlanShown) -> bool:
    """No product needs an item, and nothing is asked."""
    return not any(plan.acts.get(act) for act in (*WRITING, "clash"))


def warnings(plan: CataloguePlanShown) -> Iterator[str]:
    """What a person has to know before a yes; glyph first."""
    if plan.unknown:
        told = plural(plan.unknown, "item")
        yield f"? {told} of the books unknown to the source: each is kept, ignored or linked"
    if plan.clashes:
        told = plural(plan.clashes, "new item needs", "new items need")
        yield f"? {told} a name that an old one still holds: reactivate, rename, suffix or skip"
    if plan.with_quantity:
        told = plural(plan.with_quantity, "tracked item has", "tracked items have")
        yield f"! {told} a quantity on hand: {on_hand(plan)}"
    if plan.accounts_change:
        told = plural(plan.accounts_change, "item")
        yield f"! {told} would post to another income account than before"
    if plan.conflicts:
        told = plural(plan.conflicts, "new item takes", "new items take")
        yield f"! {told} the source's side of an open conflict: WHY names the fields"
    if plan.documents:
        told = plural(plan.documents, "open document keeps", "open documents keep")
        yield f"! {told} the old item: listed in the export (x)"


def plan_lines(plan: CataloguePlanShown) -> Iterator[str]:
    """A plan in words, the whole of it."""
    yield f"{plan.id}: {sizes(plan)}"
    if nothing_missing(plan):
        yield "Nothing is missing: every active product of the source has its item in the books."
    yield ""
    yield "Items, as they stand"
    for words, count in standings_in_order(plan.standings):
        yield f"  {count:>9,}  {words}"
    yield ""
    yield "Products, and what becomes of them"
    for word, count in plan.acts.items():
        yield f"  {count:>9,}  {ACTS.get(word, word)}"
    for why, count in plan.skipped.items():
        yield f"             {count:,} x {why}"
    told = list(warnings(plan))
    if told:
        yield ""
        yield from told
    for one in plan.strangers:
        yield f"    {one.ref}  {one.label}  {one.name}{f'  {one.quantity}' if one.quantity else ''}"


@dataclass(frozen=True)
class Sample:
    at: float
    done: int


class Pace:
    """How fast a job goes, from what was seen of it in the last minutes."""

    WINDOW_S = 180.0

    def __init__(self) -> None:
        self._seen: deque[Sample] = deque()

    def note(self, at: float, done: int) -> None:
        if self._seen and done < self._seen[-1].done:
            self._seen.clear()  # another job, or links put back
        self._seen.append(Sample(at, done))
        while self._seen[0].at < at - self.WINDOW_S and len(self._seen) > 2:
            self._seen.popleft()

    def forget(self) -> None:
        """It stood still on purpose: what was before says nothing of what comes."""
        self._seen.clear()

    def per_minute(self) -> float:
        """Products a minute; 0 where nothing can be told yet."""
        if len(self._seen) < 2:
            return 0.0
        first, last = self._seen[0], self._seen[-1]
        passed = last.at - first.at
        return (last.done - first.done) * 60 / passed if passed > 0 else 0.0


def progress_text(job: CatalogueJobShown, pace: Pace, width: int = 24) -> str:
    """``[####----] 1,204 of 3,072  39%  31 a minute, about 60 minutes left``"""
    if not job.rows:
        return ""
    full = job.done * width // job.rows
    told = f"[{'#' * full}{'-' * (width - full)}] {job.done:,} of {job.rows:,}"
    told += f"  {job.done * 100 // job.rows}%"
    left = job.rows - job.done
    speed = pace.per_minute()
    if job.state != "running" or not left:
        return told
    if speed >= 0.1:
        minutes = plural(max(1, round(left / speed)), "minute")
        return f"{told}  {speed:,.0f} a minute, about {minutes} left"
    planned = job.plan.minutes if job.plan is not None else 0
    minutes = plural(max(1, planned * left // job.rows), "minute")
    return f"{told}  about {minutes} by the limits of the connection"


def exported(row: CatalogueRowShown) -> tuple[str, ...]:
    """A row for a spreadsheet."""
    return tuple(map(cell, csv_row(row)))


def exported_document(one: KeepingShown) -> tuple[str, ...]:
    """The same of a document that keeps old items."""
    return tuple(map(cell, csv_document(one)))
