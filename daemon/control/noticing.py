"""What is noticed of the systems between looks, as front ends see it: doorbells, clocks.

Asks nobody anything.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from daemon.clock import SystemClock
from daemon.connectors.examining import Examines
from daemon.control.protocol import SystemShown
from daemon.control.protocol_live import WebhooksShown
from daemon.control.protocol_state import ProblemShown
from daemon.control.shapes import shown_problem
from daemon.cycle.company import Company
from daemon.webhooks.tally import Tally
from ledger.model.facts import Problem

CLOCK_DOUBTFUL_S = 30
"""From so many seconds on the difference of two clocks is told."""


def with_notices(
    systems: Iterable[SystemShown], tallies: Sequence[Tally]
) -> tuple[SystemShown, ...]:
    """The systems, each with a warning where changes come without notices."""
    warnings = {str(one.system): one.warning for one in tallies if one.warning is not None}
    return tuple(
        msgspec.structs.replace(one, warnings=(*one.warnings, shown_problem(warnings[one.system])))
        if one.system in warnings
        else one
        for one in systems
    )


def with_clocks(
    systems: Iterable[SystemShown], ahead: Mapping[str, int]
) -> tuple[SystemShown, ...]:
    """The systems, each with a warning where our clock and theirs are far apart. ``ahead``:
    seconds that ours is before theirs."""
    return tuple(
        msgspec.structs.replace(one, warnings=(*one.warnings, _clock(one.system, found)))
        if abs(found := ahead.get(one.system, 0)) >= CLOCK_DOUBTFUL_S
        else one
        for one in systems
    )


def _clock(system: str, ahead: int) -> ProblemShown:
    way = "ahead of" if ahead > 0 else "behind"
    return shown_problem(
        Problem(
            code="clock",
            message=f"this machine's clock is {abs(ahead)} s {way} {system}",
            cure="set the clock: timedatectl set-ntp true; approvals, logins and hours of writing "
            "go by it until then",
        )
    )


def clocks_ahead(company: Company) -> dict[str, int]:
    """System -> seconds that this machine's clock is before its own, by its last answer. None of
    a system that told no time, and none at all while our time is not the machine's."""
    if not (isinstance(company.clock, SystemClock) and company.clock.is_real):
        return {}
    return {
        name: ahead
        for name, connector in company.connectors.items()
        if isinstance(connector, Examines) and (ahead := connector.clock_ahead_s) is not None
    }


def shown_tallies(tallies: Sequence[Tally]) -> tuple[WebhooksShown, ...]:
    return tuple(map(_shown, tallies))


def _shown(tally: Tally) -> WebhooksShown:
    warning, last = tally.warning, tally.last_at
    return WebhooksShown(
        system=tally.system,
        received={result.value: count for result, count in tally.received.items()},
        good=tally.good,
        refused=tally.refused,
        by_secret=tally.by_secret,
        ignored=tally.ignored,
        elsewhere=tally.elsewhere,
        expected=tally.expected,
        missed=tally.missed,
        last_at=last.isoformat(timespec="seconds").replace("+00:00", "Z") if last else "",
        text=warning.message if warning is not None else "",
        cure=warning.cure if warning is not None else "",
    )
