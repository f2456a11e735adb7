"""What a support bundle may know of the ledger and of the process: counts, codes, our own words.

Goes by lists of what may pass, never by lists of what may not. Reads only.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from daemon.control.protocol_support import (
    ErrorShown,
    LineShown,
    StoreShown,
    SupportAnswer,
    WorkedShown,
)
from daemon.control.trouble import Trouble, troubles
from daemon.cycle.report import CycleReport
from daemon.log import LATELY, Field, Line
from ledger.store.fold.entry import FOLD_VERSION
from ledger.store.migrate import known_version
from ledger.store.views import Views

if TYPE_CHECKING:
    from daemon.control.desk import Desk

LOGGED = frozenset(
    {
        *("attempt", "bytes", "complete", "confirmed", "count", "entries", "error", "failures"),
        *("incident", "kind", "matters", "ms", "part", "places", "planned", "rejected", "sent"),
        *("seq", "signal", "sort", "state", "status", "step", "system", "trace", "unknown"),
        *("waiting", "what", "writes"),
    }
)
"""Fields of log lines that are numbers or words of the program itself."""
COUNTED = (
    *("linked", "agreed", "planned", "withdrawn", "held", "released", "waiting", "halted"),
    *("sent", "confirmed", "rejected", "unknown", "settled_intents", "open_intents", "rounds"),
)
LEFT_OUT = "[left out]"
_OURS = re.compile(r"[A-Za-z0-9_.,:;<>/ -]{0,600}")
_WORD = re.compile(r"[A-Za-z0-9_.-]{0,40}")
_REFUSAL = re.compile(r"\(code ([A-Za-z0-9_.-]{1,40})\)")


async def support(desk: "Desk") -> SupportAnswer:
    """Everything of the answer, as of now."""
    errors, store = await desk.ledger.ask(lambda views: (errors_of(views), store_of(views)))
    figures = await desk.figures() if desk.figures is not None else b""
    return SupportAnswer(
        as_of=desk.now(),
        errors=errors,
        store=store,
        cycles=tuple(map(_worked, desk.scheduler.ended)),
        log=tuple(map(line_shown, LATELY.lines)),
        metrics=figures.decode(),
    )


def errors_of(views: Views) -> tuple[ErrorShown, ...]:
    """What holds records, by pattern, the most common first."""
    groups: dict[str, list[Trouble]] = {}
    for trouble in troubles(views):
        groups.setdefault(trouble.pattern, []).append(trouble)
    shown = [_error(pattern, group) for pattern, group in groups.items()]
    return tuple(sorted(shown, key=lambda one: (-one.records, one.pattern)))


def _error(pattern: str, group: list[Trouble]) -> ErrorShown:
    hold = group[0].row.hold
    refusal = _REFUSAL.search(hold.text)
    return ErrorShown(
        pattern=pattern,
        code=hold.code.value,
        system=_word(hold.system),
        field=_word(hold.field),
        refusal=refusal[1] if refusal else "",
        records=len({trouble.row.record for trouble in group}),
        skipped=len({trouble.row.record for trouble in group if trouble.skipped}),
        oldest=min(trouble.row.since for trouble in group),
    )


def store_of(views: Views) -> StoreShown:
    return StoreShown(
        schema_version=known_version(),
        fold_version=FOLD_VERSION,
        head=views.head()[0],
        entries=views.entry_types(),
    )


def _worked(report: CycleReport) -> WorkedShown:
    return WorkedShown(
        started_at=report.started_at,
        ended_at=report.ended_at,
        complete=report.complete,
        counts={name: getattr(report, name) for name in COUNTED},
        problems=tuple(problem.code for problem in report.problems),
    )


def line_shown(line: Line) -> LineShown:
    """A line with what of its fields may pass."""
    return LineShown(
        at=line.at,
        level=line.level,
        logger=_word(line.logger),
        event=line.event if _OURS.fullmatch(line.event) else LEFT_OUT,
        fields=dict(_told(line.fields.items())),
    )


def _told(fields: Iterable[tuple[str, Field]]) -> Iterator[tuple[str, Field]]:
    for name, value in fields:
        is_text = isinstance(value, str)
        passes = name in LOGGED and (not is_text or _OURS.fullmatch(str(value)))
        yield name, value if passes else LEFT_OUT


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else LEFT_OUT
