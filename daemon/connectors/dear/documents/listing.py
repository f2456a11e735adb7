"""Listing purchases and sales: which of them were changed, as little of each row as is needed.

Every look at a list is proved complete before anything is opened. Must not open documents.
"""

from collections.abc import Mapping
from datetime import date, timedelta

from daemon.connectors.dear.client import DearClient
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.documents.lists import DocumentList
from daemon.connectors.dear.documents.memo import Stub
from daemon.connectors.dear.mapping.fields import Malformed, Raw, day, instant, text
from daemon.connectors.dear.paging import Listing, Row, walk
from daemon.connectors.dear.tokens import wire_instant
from ledger.model.facts import Problem


class DocumentLister:
    """Looks at the lists of one company."""

    def __init__(self, client: DearClient, config: DearConfig) -> None:
        self._client = client
        self._config = config
        self.warnings: dict[tuple[str, ...], Problem] = {}

    async def changed(self, listed: DocumentList, since: str, *, back: timedelta) -> list[Stub]:
        """Rows stamped after ``since`` less ``back``, all of them; all there are where it is
        ``""``. Raises ``Transient`` when the list cannot be proved complete."""
        lower = instant(since) - back if since else None
        params = {"UpdatedSince": wire_instant(lower)} if lower else {}

        async def fetch(number: int) -> Listing:
            return await self._client.page(listed, params, number)

        found: dict[str, Stub] = {}
        look = 0
        async for piece in walk(fetch, what=f"DEAR {listed.path}"):
            if piece.look != look:
                look, found = piece.look, {}
            found |= {row.id: self._stub(listed, row) for row in piece.rows}
        if lower is None:
            return list(found.values())
        passed = [s for s in found.values() if not s.stamp or instant(s.stamp) >= lower]
        # Strictly or not: the row at the very instant may be left out. A millisecond is cut off.
        if any(instant(s.stamp) < lower - timedelta(seconds=1) for s in found.values() if s.stamp):
            self.warnings["filter", listed.path] = Problem(
                code="filter_ignored",
                message=f"DEAR {listed.path} did not heed UpdatedSince: every look for changes "
                "reads the whole list",
                cure="nothing is wrong with the data; report it to DEAR's support",
            )
        return passed

    def _stub(self, listed: DocumentList, row: Row) -> Stub:
        data: Raw = row.data if isinstance(row.data, Mapping) else {}
        stamp = _stamp(data, listed.stamp_key)
        return Stub(
            id=row.id,
            stamp=stamp,
            content=hash(row.raw),
            is_old=self._is_old(listed, data, stamp),
        )

    def _is_old(self, listed: DocumentList, data: Raw, stamp: str) -> bool:
        """Whether nothing of it can be dated on or after the first day that is read.

        DEAR: the row shows the date of one invoice; where there may be several, only a document
        that nobody has touched since that day cannot have got another.
        """
        first = self._config.documents.read_from
        if first is None:
            return False
        ordered, invoiced = _day(data, "OrderDate"), _day(data, "InvoiceDate")
        if ordered is None or invoiced is None or max(ordered, invoiced) >= first:
            return False
        has_one = str(data.get("Type", "")).casefold() == listed.simple_type.casefold()
        return has_one or (bool(stamp) and instant(stamp).date() < first)


def _stamp(data: Raw, key: str) -> str:
    try:
        shown = text(data, key)
        if not isinstance(shown, str):
            return ""
        return instant(shown).isoformat(timespec="microseconds")
    except (Malformed, ValueError):
        return ""  # it is opened whenever it is listed


def _day(data: Raw, key: str) -> date | None:
    try:
        shown = text(data, key)
        return day(shown) if isinstance(shown, str) else None
    except (Malformed, ValueError):
        return None
