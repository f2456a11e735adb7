"""QuickBooks Online as one connected system: the methods of ``base.Connector``, glued together."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

import aiohttp
import msgspec

from daemon.clock import Clock
from daemon.connectors.base import Budget, Health, Limit, LoginLife, Rendered
from daemon.connectors.calls import Call, CallLog, CallTally
from daemon.connectors.consent import Asked
from daemon.connectors.governor import Governor, Meter
from daemon.connectors.http import Http
from daemon.connectors.oauth import OAuth, Phase
from daemon.connectors.qbo import company
from daemon.connectors.qbo.capabilities import capabilities
from daemon.connectors.qbo.client import BATCH, QboClient
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.consent import QboConsent
from daemon.connectors.qbo.cures import PERIOD_CLOSED
from daemon.connectors.qbo.examine import QboExamination
from daemon.connectors.qbo.features import Features
from daemon.connectors.qbo.mapping.table import QBO
from daemon.connectors.qbo.profile import Profile
from daemon.connectors.qbo.reading import Reader
from daemon.connectors.qbo.statements import EVERYTHING
from daemon.connectors.qbo.writing import Writer
from daemon.connectors.vault import TokenStore
from ledger.model.capabilities import Capabilities
from ledger.model.errors import ConfigProblem, Unauthorised
from ledger.model.facts import Cursor, Observation, Page, Problem, Tombstone
from ledger.model.ids import ExternalRef, Kind, SystemName
from ledger.model.outcomes import Outcome, Rejected, Write, WriteRequest

CHECK_EVERY = timedelta(hours=4)
"""CompanyInfo and Preferences are metered reads, and hardly ever change."""

FOR_READS = 2
"""Of the calls that may be in flight, so many are never taken by writes."""


class QboConnector:
    """One company in QuickBooks Online."""

    def __init__(
        self,
        config: QboConfig,
        *,
        clock: Clock,
        http: Http,
        oauth: OAuth,
        governor: Governor,
        calls: CallLog,
    ) -> None:
        self._config = config
        self._clock = clock
        self._http = http
        self._oauth = oauth
        self._governor = governor
        self._calls = calls
        self._consent = QboConsent(config, oauth, clock)
        self._client = QboClient(
            http,
            oauth,
            governor,
            calls=calls,
            realm=config.realm_id,
            minor_version=config.minor_version,
        )
        self._profile = Profile(self._client, config)
        self._reader = Reader(
            self._client, clock, self._profile, ids_as_numbers=config.ids_compare_as_numbers
        )
        self._writer = Writer(self._client, self._reader, self._profile, config)
        self._capabilities = capabilities(config, Features())
        self._health: Health | None = None
        self._checked_at: datetime | None = None

    @classmethod
    def open(
        cls,
        config: QboConfig,
        *,
        clock: Clock,
        tokens: TokenStore,
        transport: aiohttp.BaseConnector | None = None,
    ) -> "QboConnector":
        """Connects lazily: nothing leaves this machine before the first call.

        A ``transport`` that is given is not closed by ``close``.
        """
        rates = config.rates
        governor = Governor(
            clock,
            per_second=rates.per_second,
            per_minute=rates.per_minute,
            in_flight=rates.in_flight,
            lanes={BATCH: rates.batches_per_minute},
            metered_per_month=rates.metered_reads_per_month,
        )
        calls = CallLog()
        http = Http(
            config.api_url,
            clock=clock,
            governor=governor,
            timeout_s=config.timeout_s,
            transport=transport,
            calls=calls,
            private=True,  # one of Intuit's own names, or this machine
        )
        first = config.refresh_token
        oauth = OAuth(
            system=QBO,
            clock=clock,
            store=tokens,
            credentials=lambda: _credentials(config),
            bootstrap=lambda: first.resolve() if first is not None else "",
            token_url=config.login_url,
            discovery_url=config.discovery_url,
            pages_url=config.pages_url,
            transport=transport,
            calls=calls,
        )
        return cls(config, clock=clock, http=http, oauth=oauth, governor=governor, calls=calls)

    @property
    def name(self) -> SystemName:
        return QBO

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @property
    def budget(self) -> Budget:
        return self._governor.budget

    @property
    def calls(self) -> Sequence[Call]:
        return self._calls.calls

    @property
    def tally(self) -> CallTally:
        return self._calls.tally

    @property
    def limits(self) -> tuple[Limit, ...]:
        return self._governor.limits

    @property
    def login_life(self) -> LoginLife | None:
        return self._oauth.life

    def login_phase(self) -> Phase:
        """Where the login stands, without a call."""
        return self._oauth.phase

    @property
    def company_id(self) -> str:
        return self._config.realm_id

    @property
    def environment(self) -> str:
        return self._config.environment

    async def ask_consent(self, *, port: int | None = None) -> Asked:
        return await self._consent.ask(port=port)

    async def take_answer(self, text: str) -> None:
        await self._consent.take(text)
        self._health = None

    async def end_login(self, *, even_unheard: bool = False) -> bool:
        was_known = await self._oauth.end(even_unheard=even_unheard)
        self._health = None
        return was_known

    def examination(self) -> QboExamination:
        """A closer look; nothing of it is remembered."""
        return QboExamination(self._client, self._profile, self._config)

    @property
    def clock_ahead_s(self) -> int | None:
        return self._http.clock_ahead_s

    def export_meter(self) -> bytes:
        """What to store, so that the month's metered reads are counted on after a restart."""
        return msgspec.json.encode(self._governor.meter)

    def import_meter(self, data: bytes) -> None:
        """Go on counting from what ``export_meter`` gave; anything else counts from zero."""
        try:
            self._governor.restore(msgspec.json.decode(data, type=Meter))
        except msgspec.MsgspecError:
            return

    async def check(self, *, anew: bool = False) -> Health:
        now = self._clock.now()
        if (
            anew
            or self._health is None
            or self._checked_at is None
            or abs(now - self._checked_at) > CHECK_EVERY
        ):
            self._health = await self._ask_company()
            self._checked_at = now
        later = [
            *company.login_warnings(self._oauth.tokens, now),
            *company.stranger_warnings(self._reader.strangers),
        ]
        return msgspec.structs.replace(self._health, warnings=(*self._health.warnings, *later))

    def changes(self, cursors: Mapping[Kind, Cursor]) -> AsyncIterator[Page]:
        return self._reader.changes(cursors)

    def sweep(self, kind: Kind, cursor: Cursor | None) -> AsyncIterator[Page]:
        return self._reader.sweep(kind, cursor)

    async def read(self, ref: ExternalRef) -> Observation | Tombstone:
        return await self._reader.read(ref)

    async def find(self, kind: Kind, key: str, value: str) -> Sequence[Observation]:
        return await self._reader.find(kind, key, value)

    def render(self, write: Write) -> Rendered:
        """The request of one write as it would leave by itself, without any call."""
        entity, wire, operation = self._writer.render(write)
        return self._client.rendered(entity, wire, operation=operation)

    async def write(self, request: WriteRequest) -> tuple[Outcome, ...]:
        outcomes = await self._writer.write(request)
        if any(isinstance(one, Rejected) and one.code in PERIOD_CLOSED for one in outcomes):
            self._health = None  # what is believed of the closing date is old
        return outcomes

    @property
    def writes_at_once(self) -> int:
        return max(1, self._config.rates.in_flight - FOR_READS)

    def place(self, writes: int) -> AbstractAsyncContextManager[None]:
        return self._governor.place(BATCH if writes > 1 else "")

    def stop(self) -> None:
        self._governor.stop()
        self._oauth.stop()

    async def close(self) -> None:
        await self._oauth.close()
        await self._http.close()

    async def _ask_company(self) -> Health:
        info, preferences, found = await self._profile.refresh()
        self._capabilities = capabilities(self._config, found)
        tracked = await self._client.count("Item", f" WHERE Type = 'Inventory' AND {EVERYTHING}")
        warnings: list[Problem] = [
            *company.plan_warnings(info, found),
            *company.closing_warnings(preferences),
            *company.document_warnings(found, self._config),
            *company.tracked_items_warning(tracked.total or 0),
        ]
        return Health(
            company_id=self._config.realm_id,
            company_name=str(info.get("CompanyName") or ""),
            home_currency=company.home_currency(preferences),
            environment=self._config.environment,
            warnings=tuple(warnings),
            closed_until=company.closed_until(preferences),
            plan=company.name_values(info).get("OfferingSku", ""),
        )


def _credentials(config: QboConfig) -> tuple[str, str]:
    """Client id and secret, read anew each time: they may have been replaced."""
    try:
        return config.client_id.resolve(), config.client_secret.resolve()
    except ConfigProblem as problem:
        raise Unauthorised(
            f"the client id or secret for QuickBooks cannot be had: {problem}",
            state="bad_credentials",
            cure="put them where qbo.client_id and qbo.client_secret point",
        ) from problem
