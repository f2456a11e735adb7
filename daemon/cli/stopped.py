"""What is paused or frozen, in words. Loads nothing that only an exchange with the daemon needs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.control.text import clean

if TYPE_CHECKING:
    from daemon.control.protocol import StatusAnswer

_WORDS = {
    "skipped": "set aside",
    "window": "outside the hours of writing",
    "asked_about": "may be a lost create",
}


def stops_lines(shown: "StatusAnswer") -> Iterator[str]:
    """What is paused or frozen now: what, since when, by whom, and why."""
    for row in shown.pauses:
        name = row.kind.replace("_", " ")
        what = f"{name}{'es' if name.endswith('s') else 's'}" if name else "everything"
        where = row.system or "every system"
        who = f"the job {row.job}" if row.job else row.by
        verb = "frozen" if row.job else "paused"
        yield (
            f"{verb}: {what} to {where}, since {row.since[:19]}Z by {clean(who)}: "
            f"{clean(row.reason)}{' (trueup catalogue status)' if row.job else ''}"
        )
    if shown.closed is not None:
        opens = f" Opens {shown.closed.opens_at}." if shown.closed.opens_at else ""
        yield f"{clean(shown.closed.text).rstrip('.')}.{opens}"


def why_stopped(shown: "StatusAnswer") -> str:
    """Why changes wait that no approval lets go."""
    return ", ".join(_WORDS.get(reason, reason) for reason in shown.stopped_by)
