"""Single records of DEAR: by id, and by a key that a person knows. Nothing is written here.

Nothing is called absent on any other ground than a proper, complete list that is without it.
"""

from collections.abc import Mapping
from datetime import timedelta

from daemon.clock import Clock
from daemon.connectors.dear.client import DearClient
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.mapping.family import FAMILIES, Family
from daemon.connectors.dear.observing import observation_of
from daemon.connectors.dear.paging import Row
from ledger.model.errors import Refused
from ledger.model.facts import Observation, Tombstone, Unreadable
from ledger.model.ids import ExternalRef, Kind
from ledger.model.keys import fold

MEMORY = timedelta(minutes=10)
"""How long a complete list is believed when DEAR refuses to be asked for single ids."""


class DearLookups:
    """Looks into one company."""

    def __init__(self, client: DearClient, config: DearConfig, clock: Clock) -> None:
        self._client = client
        self._config = config
        self._clock = clock
        self._lists: dict[Kind, tuple[float, dict[str, Row]]] = {}

    async def read(self, ref: ExternalRef) -> Observation | Tombstone:
        """Raises ``Refused`` when the record is there and cannot be understood."""
        row = await self.row(ref)
        if row is None:
            return Tombstone(ref=ref, evidence="a complete answer to a direct read is without it")
        return self.observe(FAMILIES[ref.kind], row)

    async def row(self, ref: ExternalRef) -> Row | None:
        """One record as it stands on the wire now; None when it is proved absent."""
        family = FAMILIES[ref.kind]
        # DEAR refuses to be asked for an account code that does not exist: the whole chart is
        # read instead, a single page for most companies.
        params = {family.id_filter: ref.id} if family.id_filter else {}
        try:
            rows = await self._client.whole(family, params)
        except Refused:
            if not params:
                raise
            # Where unknown ids are refused too: a refusal proves nothing, a whole list does.
            return (await self._everything(family)).get(ref.id)
        return next((row for row in rows if row.id == ref.id), None)

    async def find(self, kind: Kind, key: str, value: str) -> list[Observation]:
        """Records whose ``key`` equals ``value``, ignoring case and outer blanks as DEAR does.

        Raises ``Refused`` when one of them cannot be understood: it is there all the same.
        """
        family = FAMILIES.get(kind)
        wanted = fold(value.strip())
        if family is None or not wanted:
            return []
        filters = family.key_filters
        params = {filters[key]: value.strip()} if key in filters else {}
        # DEAR's filters mean "contains" or "starts with", and unknown ones let everything pass.
        rows = await self._client.whole(family, params)
        return [
            self.observe(family, row)
            for row in rows
            if fold(self._key(family, row, key).strip()) == wanted
        ]

    def observe(self, family: Family, row: Row) -> Observation:
        """The record that a row shows. Raises ``Refused`` naming the field."""
        observed = observation_of(family, row, self._config)
        if isinstance(observed, Unreadable):
            problem = observed.problem
            raise Refused(
                problem.message, code=problem.code, field=problem.field, cure=problem.cure
            )
        return observed

    def _key(self, family: Family, row: Row, key: str) -> str:
        if key in family.wire_names:
            shown = row.data.get(family.wire_names[key]) if isinstance(row.data, Mapping) else None
        else:
            seen = observation_of(family, row, self._config)
            shown = getattr(seen.record, key, None) if isinstance(seen, Observation) else None
        return shown if isinstance(shown, str) else ""

    async def _everything(self, family: Family) -> dict[str, Row]:
        now = self._clock.monotonic()
        read_at, rows = self._lists.get(family.kind, (None, {}))
        if read_at is None or now - read_at > MEMORY.total_seconds():
            rows = {row.id: row for row in await self._client.whole(family, {})}
            self._lists[family.kind] = (now, rows)
        return rows
