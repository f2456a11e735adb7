"""The doorbells as front ends see them. Pure."""

from collections.abc import Iterable, Sequence

from daemon.control.protocol import SystemShown
from daemon.control.protocol_live import WebhooksShown
from daemon.control.shapes import shown_problem
from daemon.webhooks.tally import Tally


def with_notices(
    systems: Iterable[SystemShown], tallies: Sequence[Tally]
) -> tuple[SystemShown, ...]:
    """The systems, each with a warning where changes come without notices."""
    warnings = {str(one.system): one.warning for one in tallies if one.warning is not None}
    return tuple(
        one.model_copy(update={"warnings": (*one.warnings, shown_problem(warnings[one.system]))})
        if one.system in warnings
        else one
        for one in systems
    )


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
