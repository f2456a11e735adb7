"""What a view asks first, asked before the front end has loaded what it takes to show anything.

Must not import Textual: that is what the daemon's answers are not to wait for.
"""

from collections.abc import Mapping
from pathlib import Path

from daemon.control.ahead import Ahead
from daemon.control.protocol_drift import MAX_FILTER, DriftQuery, DriftSort
from tui.address import Address
from tui.widgets.pages import PAGE


def ask_ahead(socket: Path, start: Address) -> Ahead:
    """How the daemon stands, and the first page of the list that ``start`` opens."""
    ahead = Ahead(socket)
    ahead.standing()
    if start.view == "drift":
        ahead.drift(drift_query(start.query))
    return ahead


def drift_query(query: Mapping[str, str], offset: int = 0, limit: int = PAGE) -> DriftQuery:
    """A page of the drift list under the filter and in the order of an address."""
    text = query.get("filter", "")[:MAX_FILTER]
    return DriftQuery(filter=text, sort=drift_sort(query), limit=limit, offset=offset)


def drift_sort(query: Mapping[str, str]) -> DriftSort:
    asked = query.get("sort", "")
    return DriftSort(asked) if asked in set(DriftSort) else DriftSort.OLDEST
