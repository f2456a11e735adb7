"""A plan as a file: what was looked at, digest by digest, and whether it is still what waits.

An approval by file covers exactly the changes in it. If one of them is no longer the change that
waits, nothing is approved at all.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from daemon.cli.words import noun
from daemon.control.protocol import MAX_PAGE, Code, Declined
from daemon.control.text import clean

if TYPE_CHECKING:
    from daemon.control.client import ControlClient
    from daemon.control.protocol import OperationShown

SCHEMA: Final = "trueup.plan/1"
ATTEMPTS = 5
MOST_TOLD = 30


class Entry(msgspec.Struct, frozen=True):
    """One change of the plan: enough to name it when it is no longer the same."""

    digest: str
    record: str
    kind: str
    label: str
    system: str
    action: str


class PlanFile(msgspec.Struct, frozen=True, kw_only=True):
    schema: str
    instance: str
    company: str
    as_of: str
    head: int
    operations: tuple[Entry, ...]


class Moved(msgspec.Struct, frozen=True):
    """A change of the file that does not wait any more, and what became of it."""

    entry: Entry
    now: str
    """Digest of the change that waits for the same record and system; empty: none does."""


async def made(daemon: "ControlClient") -> PlanFile:
    """The plan as it is at one moment: everything that waits, but for what was set aside."""
    status = await daemon.status(counts=False)
    head, as_of, operations = await _pending(daemon)
    return PlanFile(
        schema=SCHEMA,
        instance=status.instance,
        company=status.company,
        as_of=as_of,
        head=head,
        operations=tuple(
            Entry(
                digest=one.digest,
                record=one.record,
                kind=one.kind,
                label=one.title or one.label,
                system=one.system,
                action=one.action,
            )
            for one in operations
            if one.reason != "skipped"
        ),
    )


async def _pending(daemon: "ControlClient") -> "tuple[int, str, list[OperationShown]]":
    """Every operation that is not sent yet, all pages from one state of the ledger."""
    for _ in range(ATTEMPTS):
        page = await daemon.plan(limit=MAX_PAGE)
        head, found = page.head, list(page.operations)
        while page.operations and len(found) < page.totals.operations and page.head == head:
            page = await daemon.plan(limit=MAX_PAGE, offset=len(found))
            found += page.operations
        if page.head == head:
            return head, page.as_of.isoformat(), found
    raise Declined(
        Code.BUSY, "the plan changes while it is read", cure="wait for the cycle to end (status)"
    )


async def moved(daemon: "ControlClient", plan: PlanFile) -> list[Moved]:
    """What of ``plan`` is no longer what waits. Raises ``Declined`` for another company's plan."""
    status = await daemon.status(counts=False)
    if (status.instance, status.company) != (plan.instance, plan.company):
        raise Declined(
            Code.BAD_REQUEST,
            f"the plan is of {plan.instance} ({plan.company}), and the daemon works for "
            f"{status.instance} ({status.company})",
            cure="name the right daemon with --config or --socket",
        )
    _, _, operations = await _pending(daemon)
    current = {one.digest for one in operations}
    latest = {(one.record, one.system): one.digest for one in operations}
    return [
        Moved(entry, latest.get((entry.record, entry.system), ""))
        for entry in plan.operations
        if entry.digest not in current
    ]


def moved_lines(found: list[Moved], of: int) -> Iterator[str]:
    """Which changes of the file are stale, and how."""
    yield f"{len(found):,} of {of:,} changes of the plan are no longer what waits:"
    for one in found[:MOST_TOLD]:
        entry = one.entry
        what = f"{entry.action} {noun(entry.kind)} {clean(entry.label)} in {entry.system}"
        now = f"another change now, {one.now[:12]}" if one.now else "gone: sent, held or settled"
        yield f"  {entry.digest[:12]}  {what}  {entry.record}"
        yield f"      {now}"
    if len(found) > MOST_TOLD:
        yield f"  ... and {len(found) - MOST_TOLD:,} more"


def read(path: Path) -> PlanFile:
    """Raises ``Declined`` (bad input) when the file is not a plan of a version known here."""
    try:
        values: Any = json.loads(path.read_bytes())
        plan = msgspec.convert(values, PlanFile)
    except (ValueError, msgspec.ValidationError) as error:
        raise _not_a_plan(path, str(error)) from error
    if plan.schema != SCHEMA:
        raise _not_a_plan(path, f"its schema is {plan.schema!r}, not {SCHEMA!r}")
    return plan


def _not_a_plan(path: Path, why: str) -> Declined:
    return Declined(
        Code.BAD_REQUEST,
        f"{path} is not a plan that this version can read: {why}",
        cure=f"make one with: trueup plan -o {path.name}",
    )


def write(plan: PlanFile, path: Path) -> None:
    """Readable by its owner only: it holds names."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(msgspec.to_builtins(plan), indent=2, ensure_ascii=False) + "\n")
