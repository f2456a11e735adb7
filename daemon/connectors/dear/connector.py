"""DEAR (Cin7 Core) as one connected system: the five methods, glued from the parts beside it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from msgspec.structs import replace

from daemon.clock import Clock
from daemon.connectors.base import Budget, Health, Limit, LoginLife
from daemon.connectors.calls import Call, CallTally
from daemon.connectors.dear.capabilities import DEAR, capabilities
from daemon.connectors.dear.client import DearClient
from daemon.connectors.dear.config import DearConfig, is_loopback
from daemon.connectors.dear.documents.lookups import DocumentLookups
from daemon.connectors.dear.documents.reader import DocumentReader
from daemon.connectors.dear.examine import DearExamination
from daemon.connectors.dear.lookups import DearLookups
from daemon.connectors.dear.mapping.fields import day
from daemon.connectors.dear.preflight import missing_names
from daemon.connectors.dear.reader import DearReader
from daemon.connectors.dear.writer import DearWriter
from ledger.model.capabilities import Capabilities
from ledger.model.errors import Transient
from ledger.model.facts import Cursor, Observation, Page, Problem, Tombstone
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind, SystemName
from ledger.model.outcomes import Outcome, WriteRequest

_HOUR_S = 3600.0


class DearConnector:
    """One DEAR company. Fulfils ``daemon.connectors.base.Connector``."""

    def __init__(
        self,
        config: DearConfig,
        *,
        clock: Clock,
        transport: aiohttp.BaseConnector | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._capabilities = capabilities(config)
        self._client = DearClient(config, clock=clock, transport=transport)
        self._reader = DearReader(self._client, config, clock)
        self._documents = DocumentReader(self._client, config, clock)
        self._document_lookups = DocumentLookups(self._client, config, clock)
        self._lookups = DearLookups(self._client, config, clock)
        self._writer = DearWriter(self._client, self._lookups, config, self._capabilities)
        self._health: tuple[float, Health] | None = None

    @classmethod
    def open(
        cls,
        config: DearConfig,
        *,
        clock: Clock,
        transport: aiohttp.BaseConnector | None = None,
    ) -> "DearConnector":
        """A connector that has not yet said a word; ``close`` ends it."""
        return cls(config, clock=clock, transport=transport)

    @property
    def name(self) -> SystemName:
        return DEAR

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def budget(self) -> Budget:
        return self._client.budget

    @property
    def calls(self) -> Sequence[Call]:
        return self._client.calls

    @property
    def tally(self) -> CallTally:
        return self._client.tally

    @property
    def limits(self) -> tuple[Limit, ...]:
        return self._client.limits

    @property
    def login_life(self) -> LoginLife | None:
        return None  # a key, which does not end by itself

    async def check(self, *, anew: bool = False) -> Health:
        """Settings of the company, at most every ``check_every_hours``; warnings are always new."""
        now = self._clock.monotonic()
        good_for_s = 0.0 if anew else self._config.check_every_hours * _HOUR_S
        if self._health is None or now - self._health[0] >= good_for_s:
            me = await self._client.value("/me", {})
            health = _health(me, self._config)
            missing = await missing_names(self._client, self._config)
            self._health = (now, replace(health, warnings=health.warnings + missing))
        health = self._health[1]
        noticed = self._reader.warnings + self._documents.warnings
        return replace(health, warnings=health.warnings + noticed)

    def examination(self) -> DearExamination:
        """A closer look; nothing of it is remembered."""
        return DearExamination(self._client, self._config)

    @property
    def clock_ahead_s(self) -> int | None:
        return self._client.clock_ahead_s

    async def changes(self, cursors: Mapping[Kind, Cursor]) -> AsyncIterator[Page]:
        # What documents point at comes first.
        async for page in self._reader.changes(cursors):
            yield page
        async for page in self._documents.changes(cursors):
            yield page

    def sweep(self, kind: Kind, cursor: Cursor | None) -> AsyncIterator[Page]:
        """A sweep of purchase orders is one of bills too: one purchase shows both."""
        reader = self._documents if kind in DOCUMENT_KINDS else self._reader
        return reader.sweep(kind, cursor)

    async def read(self, ref: ExternalRef) -> Observation | Tombstone:
        if ref.kind in DOCUMENT_KINDS:
            return await self._document_lookups.read(ref)
        return await self._lookups.read(ref)

    async def find(self, kind: Kind, key: str, value: str) -> Sequence[Observation]:
        if kind in DOCUMENT_KINDS:
            return await self._document_lookups.find(kind, key, value)
        return await self._lookups.find(kind, key, value)

    async def write(self, request: WriteRequest) -> tuple[Outcome, ...]:
        return await self._writer.write(request)

    def stop(self) -> None:
        self._client.stop()

    async def close(self) -> None:
        await self._client.close()


def _health(me: Any, config: DearConfig) -> Health:
    company = me.get("Company") if isinstance(me, Mapping) else None
    currency = me.get("Currency") if isinstance(me, Mapping) else None
    if not isinstance(company, str) or not isinstance(currency, str) or not currency:
        raise Transient(
            "DEAR's answer about the company lacks its name or its currency",
            cure="open Settings > General in DEAR, and check that the company is set up",
        )
    closed_until, warnings = _lock_date(me.get("LockDate"))
    if config.native_link == "connected":
        warnings += (
            Problem(
                code="native_link",
                message="DEAR's own accounting link is connected: accounts and tax rules are only "
                "read, and no documents will be posted",
                cure="disconnect it in DEAR and set dear.native_link to none, or leave it so",
            ),
        )
    host = urlsplit(config.base_url).hostname or ""
    return Health(
        company_id=config.account_id.lower(),
        company_name=company,
        home_currency=currency,
        environment="sandbox" if is_loopback(host) else "production",
        warnings=warnings,
        closed_until=closed_until,
    )


def _lock_date(value: object) -> tuple[str, tuple[Problem, ...]]:
    """The last closed day. DEAR does not say whether the lock date itself is still open: it is
    taken as closed. It may come in the tenant's own date format, which is then not guessed at."""
    if not value:
        return "", ()
    try:
        return day(str(value)).isoformat(), ()
    except ValueError:
        return "", (
            Problem(
                code="lock_date",
                message=f"DEAR's lock date {str(value)[:40]!r} is in a format that is not known",
                field="LockDate",
                cure="choose the date format yyyy-MM-dd in DEAR's general settings",
            ),
        )
