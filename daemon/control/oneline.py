"""How the daemon is doing, in the one line that ``systemctl status`` shows.

Counts and instants only: whoever may ask systemd may read it. Decides nothing.
"""

from zoneinfo import ZoneInfo

from daemon.clock import Clock, SystemClock
from daemon.control.desk import Desk
from daemon.control.text import clean
from daemon.systemd import status
from ledger.model.drift import DriftClass
from ledger.store.errors import LedgerUnavailable
from ledger.store.views import Views

LOOK_EVERY_S = 2.0


async def one_line(desk: Desk) -> str:
    """Such as ``ok; drift 412, waiting 34, conflicts 3; last good cycle 09:40:55``."""
    told = [await desk.ledger.ask(lambda views: _counts(views))]
    last = desk.scheduler.last_good
    if last is not None:
        zone = ZoneInfo(desk.facts.timezone)
        told.append(f"last good cycle {last.astimezone(zone):%H:%M:%S}")
    else:
        told.append("no whole cycle yet")
    return "; ".join((_word(desk), *told))


async def tell(desk: Desk, clock: Clock | None = None) -> None:
    """Keep systemd's line current, until cancelled; told only when it is another one."""
    clock = clock or SystemClock()
    told = ""
    seen: tuple[object, ...] = ()
    while True:
        now = _mark(desk)
        if now != seen:
            try:
                line = clean(await one_line(desk))
            except LedgerUnavailable as error:
                line = clean(f"{_word(desk)}; {error}")
            if line != told:
                status(line)
            told, seen = line, now
        await clock.sleep(LOOK_EVERY_S)


def _mark(desk: Desk) -> tuple[object, ...]:
    """Changes whenever the line might, and costs nothing to look at."""
    return desk.ledger.head, desk.scheduler.last_good, _word(desk)


def _word(desk: Desk) -> str:
    """What matters most now, in a word or two."""
    if desk.config_problems:
        more = len(desk.config_problems) - 1
        others = f" (and {more} more)" if more else ""
        return f"configuration: {desk.config_problems[0]}{others}"
    last = desk.scheduler.last
    for problem in last.problems if last is not None else ():
        if problem.code == "ledger":
            return problem.message
    unheard = [
        f"{name} {one.link.value.replace('_', ' ')}"
        for name, one in desk.scheduler.health.items()
        if one.link.value not in {"connected", "untried"}
    ]
    return ", ".join(unheard) or "ok"


def _counts(views: Views) -> str:
    drift = views.drift_counts()
    waiting = views.operations_count().get("waiting", 0)
    conflicts = drift.by_class.get(DriftClass.CONFLICT, 0)
    told = f"drift {drift.records}, waiting {waiting}, conflicts {conflicts}"
    if views.pauses():
        told += ", paused"
    return told if views.first_plan_approved() else f"{told}, observing only"
