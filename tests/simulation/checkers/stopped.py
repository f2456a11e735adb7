"""While a scope is paused, or the hours are shut, nothing of it leaves: not one request of it is in
the sandboxes' own log, whether it was carried out or lost."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from tests.simulation.evidence import Evidence
from tests.simulation.valving import Hours, Stop

_OF_PATH: Final = {
    **{
        "item": "item",
        "vendor": "vendor",
        "customer": "customer",
        "purchaseorder": "purchase_order",
    },
    **{"bill": "bill", "invoice": "invoice", "term": "term", "product": "item"},
    **{"supplier": "vendor", "account": "account", "tax": "tax_code", "paymentterm": "term"},
    **{"taxservice": "tax_code", "taxcode": "tax_code"},
}
_AT_ONCE: Final = {"qbo": 4, "dear": 1}
"""Requests that may be under way when somebody pauses, and end."""
_UNDER_WAY: Final = timedelta(minutes=6)
"""A request that began in time may answer this much later: it waited for its turn or was slow."""


async def check(evidence: Evidence) -> list[str]:
    rows = [row for row in evidence.one.log.rows if _is_write(row)]
    problems = []
    for stop in evidence.stops:
        problems += _leaks(stop, rows)
    for hours in evidence.hours:
        problems += _at_night(hours, rows)
    return problems


def _is_write(row: Mapping[str, Any]) -> bool:
    path = row["path"].lower()
    return (
        row["method"] in ("POST", "PUT", "DELETE")
        and "/oauth2/" not in path
        and "/_sandbox/" not in path
        and not path.endswith("/query")
    )


def _kinds(row: Mapping[str, Any]) -> set[str]:
    """What the request was about, as far as the log tells."""
    named = {label.split("/")[0] for label in row["created"]}
    tail = row["path"].lower().split("?")[0].rstrip("/").rsplit("/", 1)[-1]
    return {_OF_PATH.get(kind, kind) for kind in named} | (
        {_OF_PATH[tail]} if tail in _OF_PATH else set()
    )


def _leaks(stop: Stop, rows: list[Any]) -> list[str]:
    problems = []
    seen: Counter[str] = Counter()
    for row in rows:
        if not stop.covers(row["n"]) or stop.system not in ("", row["system"]):
            continue
        if stop.kind and stop.kind not in _kinds(row):
            continue
        seen[row["system"]] += 1
        if not stop.midway or seen[row["system"]] > _AT_ONCE[row["system"]]:
            problems.append(f"left while {stop.system or 'all'} {stop.kind} was paused: {row}")
    return problems


def _at_night(hours: Hours, rows: list[Any]) -> list[str]:
    problems = []
    for row in rows:
        at = datetime.fromisoformat(row["time"])
        if at <= hours.since + _UNDER_WAY or (hours.until is not None and at > hours.until):
            continue
        if hours.calendar.windows and not any(
            window.is_open(at) or window.is_open(at - _UNDER_WAY)
            for window in hours.calendar.windows
        ):
            problems.append(f"left outside the hours of writing: {row}")
    return problems
