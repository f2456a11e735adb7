"""Asking DEAR and believing the answer only when it proves itself. No mapping, no decisions.

Reads are repeated where that is safe; a write is exactly one request. Must not follow redirects
(they would carry the key elsewhere) and must not put names, ids or keys into an error.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import aiohttp
import msgspec

from daemon.clock import Clock
from daemon.connectors.base import Budget, Limit
from daemon.connectors.calls import Call, CallLog, CallTally, kind_of_thing
from daemon.connectors.dear import paging
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.paging import Listing, Row
from daemon.connectors.dear.wire import (
    Busy,
    Denied,
    Down,
    Good,
    Meaning,
    NoApi,
    Wrong,
    classify,
)
from daemon.connectors.governor import Governor
from daemon.connectors.http import Http, Reply, Retries
from daemon.connectors.jsontext import decode, shaped
from ledger.model.encoding import encode
from ledger.model.errors import ConfigProblem, Refused, Throttled, Transient, Unauthorised
from ledger.model.ids import derive

BUSY_TRIES = 3
"""How often a read that DEAR puts off is asked again before the caller hears of it."""
PATIENCE_S = 120.0
"""A longer pause than this is not waited for inside one read."""
SHORT_LIST = 200_000
"""Most rows held in memory at once: books, and answers to a filter."""


class Listed(Protocol):
    """Something that DEAR lists in pages."""

    @property
    def path(self) -> str: ...

    @property
    def list_key(self) -> str:
        """Name of the array in answers."""
        ...

    @property
    def id_key(self) -> str: ...

    def params(self, config: DearConfig) -> Mapping[str, str]:
        """Parameters of every read."""
        ...


class DearClient:
    """One company's API."""

    def __init__(
        self,
        config: DearConfig,
        *,
        clock: Clock,
        transport: aiohttp.BaseConnector | None = None,
    ) -> None:
        rate = config.rate
        self._config = config
        self._governor = Governor(
            clock, per_second=rate.burst, per_minute=rate.per_minute, in_flight=rate.in_flight
        )
        self._calls = CallLog()
        self._http = Http(
            config.base_url,
            clock=clock,
            governor=self._governor,
            timeout_s=config.timeout_s,
            transport=transport,
            # 503 is left out: from DEAR it means "too many calls" and asks for a longer pause.
            retries=Retries(statuses=frozenset({500, 502, 504})),
            calls=self._calls,
            private=config.allow_private_network,
        )

    @property
    def budget(self) -> Budget:
        return self._governor.budget

    @property
    def limits(self) -> tuple[Limit, ...]:
        return self._governor.limits

    @property
    def calls(self) -> Sequence[Call]:
        return self._calls.calls

    @property
    def tally(self) -> CallTally:
        return self._calls.tally

    @property
    def clock_ahead_s(self) -> int | None:
        return self._http.clock_ahead_s

    def stop(self) -> None:
        self._governor.stop()

    async def close(self) -> None:
        await self._http.close()

    async def get(self, path: str, params: Mapping[str, str]) -> bytes:
        """The JSON of a read that surely answered.

        Raises ``Transient``, ``Throttled``, ``Unauthorised``, or ``Refused`` when DEAR says that
        the request is wrong.
        """
        pause = 0.0
        for _ in range(BUSY_TRIES):
            reply = await self._http.read(
                path, params=params, headers=self._headers(), what=_what(path)
            )
            meaning = self._meaning(reply)
            if not isinstance(meaning, Busy):
                return _content(path, meaning)
            pause = meaning.seconds
            self._governor.pause(pause)
            if pause > PATIENCE_S:
                break
        raise _busy(pause)

    async def value(self, path: str, params: Mapping[str, str]) -> Any:
        """The decoded answer of such a read. Raises as ``get`` does."""
        try:
            return decode(await self.get(path, params))
        except msgspec.DecodeError as error:
            raise Transient(f"DEAR {path} answered with what cannot be read: {error}") from None

    async def write(
        self, method: str, path: str, body: Mapping[str, object]
    ) -> Good | Wrong | Down:
        """One request that changes something; ``Down`` means that nobody knows whether it did.

        Raises ``Transient``, ``Throttled`` and ``Unauthorised`` when nothing was done, and
        ``OutcomeIsUnknown`` when no whole answer came.
        """
        reply = await self._http.send(
            method, path, body=encode(body), headers=self._headers(), what=_what(path)
        )
        match meaning := self._meaning(reply):
            case Good() | Wrong() | Down():
                return meaning
            case Busy(seconds=seconds):
                self._governor.pause(seconds)
                raise _busy(seconds)
            case Denied():
                raise _denied()
            case NoApi(status=status, sent_elsewhere=sent_elsewhere):
                if sent_elsewhere:
                    raise Transient(f"DEAR {path} answered with a redirect", cure=_CHECK_ADDRESS)
                return Down(status)

    def _meaning(self, reply: Reply) -> Meaning:
        meaning = classify(reply)
        match meaning:
            case Good():
                pass
            case Wrong(flaws=flaws):
                self._calls.remark(reply.call, f"refused: {flaws[0].code[:20]}")
            case Busy(seconds=seconds):
                self._calls.remark(reply.call, f"too many calls: {seconds:.0f} s pause")
            case Denied() | NoApi() | Down():
                self._calls.remark(reply.call, type(meaning).__name__.lower())
        return meaning

    async def page(self, listed: Listed, params: Mapping[str, str], number: int) -> Listing:
        """One page of a list, whatever its completeness."""
        asked = {
            **listed.params(self._config),
            **params,
            "Page": str(number),
            "Limit": str(self._config.page_size),
        }
        body = await self.get(listed.path, asked)
        try:
            return listing(listed, body)
        except ValueError as error:
            raise Transient(f"DEAR {listed.path} answered with no proper list: {error}") from None

    async def whole(self, listed: Listed, params: Mapping[str, str]) -> tuple[Row, ...]:
        """Every row that a filter lets through, proved complete; rows still need a second look,
        because DEAR ignores filters that it does not know."""

        async def fetch(number: int) -> Listing:
            return await self.page(listed, params, number)

        return await paging.whole(fetch, what=f"DEAR {listed.path}", limit=SHORT_LIST)

    def _headers(self) -> dict[str, str]:
        # DEAR wants Content-Type on GET too. The key is read anew: it may have been replaced.
        try:
            key = self._config.application_key.resolve()
        except ConfigProblem as problem:
            raise Unauthorised(
                f"the application key of DEAR cannot be had: {problem}",
                state="bad_credentials",
                cure="put the key where dear.application_key says, or correct that setting",
            ) from problem
        return {
            "api-auth-accountid": self._config.account_id,
            "api-auth-applicationkey": key,
            "Content-Type": "application/json",
            "Accept": "application/json",
        }


_CHECK_ADDRESS = (
    "check dear.base_url; something other than DEAR's API answers there (a login page, a proxy, a "
    "wrong path)"
)


def listing(listed: Listed, body: bytes) -> Listing:
    """The list in an answer, to reads and writes alike. Raises ``ValueError``."""
    parts = shaped(body, dict[str, msgspec.Raw])
    if listed.list_key not in parts:
        raise ValueError(f"{listed.list_key} is missing")
    total = decode(parts["Total"]) if "Total" in parts else None
    if total is not None and (isinstance(total, bool) or not isinstance(total, int) or total < 0):
        raise ValueError("Total is not a count")
    rows = shaped(parts[listed.list_key], list[msgspec.Raw])
    return Listing(tuple(_row(listed, bytes(raw)) for raw in rows), total)


def _row(listed: Listed, raw: bytes) -> Row:
    try:
        data = decode(raw)
    except msgspec.DecodeError:
        data = None  # mapping refuses it by name; the rows beside it are read
    found = data.get(listed.id_key) if isinstance(data, Mapping) else None
    if isinstance(found, str) and found.strip():
        return Row(found if listed.id_key == "Code" else found.lower(), data, raw)
    # Without an id a row can only be told apart by its content; mapping will refuse it by name.
    return Row(
        f"{paging.WITHOUT_ID}{derive('dear', listed.path, raw.decode(errors='replace'))}", data, raw
    )


def _content(path: str, meaning: Good | Denied | Wrong | NoApi | Down) -> bytes:
    match meaning:
        case Good(body=body):
            return body
        case Denied():
            raise _denied()
        case Wrong(failed=True) as wrong:
            raise Transient(f"DEAR {path} failed: {wrong.text}")
        case Wrong() as wrong:
            raise Refused(f"DEAR refused {path}: {wrong.text}", code=wrong.flaws[0].code)
        case NoApi(status=status):
            # A login page, a gateway's notice, a wrong path: never "nothing found".
            raise Transient(
                f"DEAR {path} answered HTTP {status} with something that is not JSON",
                cure=_CHECK_ADDRESS,
            )
        case Down(status=status):
            raise Transient(f"DEAR {path} answered HTTP {status}")


def _denied() -> Unauthorised:
    return Unauthorised(
        "DEAR does not accept the account id or the application key",
        state="bad_credentials",
        cure="compare dear.account_id and dear.application_key with Integrations > API in DEAR",
    )


def _busy(seconds: float) -> Throttled:
    return Throttled(
        "DEAR says that its limit of calls is reached",
        retry_after=seconds,
        cure="give trueup an API application of its own, or lower dear.rate.per_minute",
    )


def _what(path: str) -> str:
    return kind_of_thing(path, words=2)
