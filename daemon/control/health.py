"""How the connections, the budgets and the process are: from memory and two small files.

Costs no call to any system. Must not show a secret, a body, an id or a name of a record.
"""

import calendar
import resource
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from daemon.clock import Clock, SystemClock
from daemon.connectors.base import Limit, LoginLife, Watched
from daemon.connectors.calls import KEPT
from daemon.control.desk import Desk
from daemon.control.keeping import BACKUP_KEY, VERIFIED_KEY
from daemon.control.noticing import shown_tallies
from daemon.control.protocol_live import BudgetShown, CallShown, HealthAnswer, TokenShown
from daemon.control.text import clean
from ledger.model.ids import SystemName

LOOKS_PER_S = 4
LAG_WINDOW_S = 60.0
TIGHT = 0.8
"""From this part of a month's reads on, the forecast says what can be done."""


class Lag:
    """How long the daemon's loop stood still, looked at four times a second."""

    def __init__(self, clock: Clock | None = None) -> None:
        # Real seconds, however fast the company's clock runs.
        self._clock = clock or SystemClock()
        self._late: deque[float] = deque(maxlen=round(LAG_WINDOW_S * LOOKS_PER_S))

    @property
    def worst_ms(self) -> float:
        """Of the last minute."""
        return round(max(self._late, default=0.0) * 1000, 1)

    async def run(self) -> None:
        """Look until cancelled."""
        pause = 1.0 / LOOKS_PER_S
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(pause)
            self._late.append(max(0.0, self._clock.monotonic() - before - pause))


async def health(desk: Desk, lag: Lag) -> HealthAnswer:
    """Everything of the answer, as of now."""
    ledger = desk.ledger
    backup, verified = await ledger.ask(
        lambda views: (views.runtime(BACKUP_KEY), views.runtime(VERIFIED_KEY))
    )
    connectors = desk.scheduler.company.connectors
    watched: dict[SystemName, Watched] = {}
    for name, connector in connectors.items():
        if isinstance(connector, Watched):
            watched[name] = connector
    now = desk.now()
    facts = desk.facts
    return HealthAnswer(
        as_of=now,
        tokens=tuple(
            shown_life(name, life)
            for name, one in watched.items()
            if (life := one.login_life) is not None
        ),
        budgets=tuple(
            budget(name, limit, now) for name, one in watched.items() for limit in one.limits
        ),
        calls=tuple(_calls(watched)),
        started_at=facts.started_at,
        config_path=facts.config_path,
        config_read_at=facts.config_read_at,
        ledger_bytes=size_of_files(ledger.path),
        ledger_entries=ledger.head,
        backup_at=(backup or b"").decode(),
        backup_problem=desk.keeper.backup_problem,
        anchor_problems=desk.keeper.anchor_problems,
        verified_at=(verified or b"").decode(),
        loop_lag_ms=lag.worst_ms,
        rss_bytes=memory_in_use(),
        webhooks=shown_tallies(desk.notices()),
    )


def budget(system: str, limit: Limit, now: datetime) -> BudgetShown:
    """One limit as it is shown; a month's with what it comes to by its end."""
    shown = BudgetShown(system=system, name=limit.name, used=limit.used, limit=limit.limit)
    if not limit.month:
        return shown
    forecast = _by_end_of_month(limit.used, now)
    days = calendar.monthrange(now.year, now.month)[1]
    end = f"{now:%Y-%m}-{days:02d}"
    key = f"{system}.rates.metered_reads_per_month"
    if not limit.limit:
        told = f"at the pace of this month so far {forecast:,} by {end}; {key} sets no limit"
        return msgspec.structs.replace(shown, forecast=forecast, text=told)
    told = f"at the pace of this month so far {forecast:,} of {limit.limit:,} by {end}"
    if forecast > limit.limit:
        told += (
            f": they will not last. Poll less often (schedule.poll), or raise {key} if the plan "
            "includes more"
        )
    elif forecast > limit.limit * TIGHT:
        told += ": tight"
    return msgspec.structs.replace(shown, forecast=forecast, text=told)


def _by_end_of_month(used: int, now: datetime) -> int:
    """What was used, and the same pace for what is left of the month."""
    begun = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    days = calendar.monthrange(now.year, now.month)[1]
    # A first hour is no pace: what the first load took would be multiplied by hundreds.
    past = max(1.0, (now - begun).total_seconds() / 86_400)
    return round(used + used / past * max(0.0, days - past))


def shown_life(system: SystemName, life: LoginLife) -> TokenShown:
    """When a login ends, as it is shown."""
    return TokenShown(
        system=system,
        access_until=_instant(life.access_until),
        refresh_until=_instant(life.refresh_until),
        refresh_hard_until=_instant(life.hard_until),
    )


def _calls(watched: dict[SystemName, Watched]) -> Iterable[CallShown]:
    told = [(call, name) for name, one in watched.items() for call in one.calls]
    told.sort(key=lambda pair: pair[0].at, reverse=True)
    for call, system in told[:KEPT]:
        yield CallShown(
            at=_instant(call.at),
            system=system,
            method=call.method,
            path=clean(call.what),
            status=call.status,
            ms=call.ms,
            tid=clean(call.tid),
            note=clean(call.note),
        )


def _instant(at: datetime | None) -> str:
    if at is None:
        return ""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def size_of_files(path: Path) -> int:
    """Bytes of a ledger and of what lies beside it while it is in use."""
    return _size(path) + _size(path.with_name(f"{path.name}-wal"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def memory_in_use() -> int:
    """Memory of this process that is in use; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * resource.getpagesize()
