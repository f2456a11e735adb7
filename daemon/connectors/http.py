"""One HTTP session of one connection: paced, bounded, exactly one attempt unless told to read.

Tells apart what the rest of the program needs to know: *nothing left this machine* (``Transient``),
*something left and no whole answer came* (``OutcomeIsUnknown``), *an answer* (``Reply``, whatever
its status). Must not follow redirects, interpret bodies, or put a path, a query string, a header
or a body into a log or an error: those carry names, tokens and company ids.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import TypeAlias
from urllib.parse import quote

import aiohttp
import msgspec
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    retry_if_result,
    stop_after_attempt,
)
from yarl import URL

from daemon.clock import Clock
from daemon.connectors.addresses import Forbidden, judge_host
from daemon.connectors.calls import SLOW_START_S, Call, CallLog
from daemon.connectors.governor import Governor
from daemon.connectors.reach import Detour, Resolver, detour
from daemon.log import Log
from ledger.model.errors import OutcomeIsUnknown, Transient

_log = Log(__name__)
MIB = 1024 * 1024
CONNECT_TIMEOUT_S = 15.0
CHUNK = 256 * 1024


class Reply(msgspec.Struct, frozen=True):
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    """Looked up without regard to case."""
    body: bytes
    call: int = 0
    """Its number in the log of calls; 0 = it is not in one."""

    @property
    def tid(self) -> str:
        """Intuit's id of the exchange; ``""`` where there is none that can be shown."""
        return _printable(self.headers.get("intuit_tid", ""))


_End: TypeAlias = Reply | Transient | OutcomeIsUnknown
"""How an attempt ended."""


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how patiently a read is repeated."""

    attempts: int = 4
    first_s: float = 0.5
    most_s: float = 8.0
    statuses: frozenset[int] = frozenset({500, 502, 503, 504})
    """Answers that are worth another attempt; the last one is returned as it is."""


class _Lost(Exception):
    """The connection broke while a request was on it."""


async def _never_repeat(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a PUT by itself when a kept-alive connection turns out dead."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Lost(type(error).__name__) from error


class Http:
    """Sends requests below one base URL, each in a slot of the governor."""

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        governor: Governor,
        timeout_s: float,
        transport: aiohttp.BaseConnector | None = None,
        max_bytes: int = 64 * MIB,
        retries: Retries | None = None,
        calls: CallLog | None = None,
        private: bool = False,
    ) -> None:
        """A ``transport`` that is given stays the property of the giver and is not closed here;
        every attempt is noted in ``calls``. ``private``: the host may be in a private network."""
        self._base_url = base_url.rstrip("/")
        self._host = URL(self._base_url).host or "the server"
        self._private = private
        self._detour: Detour | None = None
        self._clock = clock
        self._governor = governor
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s)
        )
        self._transport = transport
        self._max_bytes = max_bytes
        self._retries = retries or Retries()
        self._calls = calls or CallLog()
        self._random = random.Random("http")
        self._session: aiohttp.ClientSession | None = None
        self.clock_ahead_s: int | None = None
        """How far our clock was before the other side's at its last answer; None = not told."""

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        lane: str = "",
        metered: bool = False,
        what: str = "",
    ) -> Reply:
        """One attempt. ``path`` is joined to the base URL as it is; ``params`` are encoded here.
        ``what``: the kind of thing asked for, in a word that may be shown.

        Raises ``Transient`` when nothing can have left, ``OutcomeIsUnknown`` when no whole answer
        came back (for reads too: see ``read``), ``Throttled`` when the metered reads are spent.
        """
        url = URL(self._base_url + path + _query(params), encoded=True)
        asked = self._clock.monotonic()
        async with self._governor.slot(lane, metered=metered):
            waited = self._clock.monotonic() - asked
            return await self._noted(method, url, body, headers, what=what, waited=waited)

    async def read(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        lane: str = "",
        metered: bool = False,
        what: str = "",
    ) -> Reply:
        """A request that changes nothing (GET, or POST with a ``body``), repeated when it fails.

        Raises ``Transient`` when no attempt brought a whole answer.
        """
        attempt = partial(
            self.send,
            "GET" if body is None else "POST",
            path,
            params=params,
            body=body,
            headers=headers,
            lane=lane,
            metered=metered,
            what=what,
        )
        try:
            first: _End = await attempt()
        except (Transient, OutcomeIsUnknown) as error:
            first = error
        if isinstance(first, Reply) and not self._is_worth_repeating(first):
            return first  # nearly always; what repeats takes longer to set up than a request
        return await self._repeated(first, attempt)

    async def _repeated(self, first: _End, attempt: Callable[[], Awaitable[Reply]]) -> Reply:
        """What comes of it after an attempt that ended so."""
        ended = iter((first,))

        async def again() -> Reply:
            end = next(ended, None)
            if isinstance(end, Exception):
                raise end
            return end or await attempt()

        attempts = AsyncRetrying(
            sleep=self._governor.rest,
            stop=stop_after_attempt(self._retries.attempts),
            wait=self._backoff,
            retry=(
                retry_if_exception_type((Transient, OutcomeIsUnknown))
                | retry_if_result(self._is_worth_repeating)
            ),
            retry_error_callback=_last_result,
        )
        try:
            reply: Reply = await attempts(again)
        except OutcomeIsUnknown as error:
            raise Transient(str(error)) from error
        return reply

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _noted(
        self,
        method: str,
        url: URL,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        *,
        what: str,
        waited: float,
    ) -> Reply:
        """One attempt, and a line about it whatever its end."""
        number, at, begun = self._calls.next_number(), self._clock.now(), self._clock.monotonic()
        note = f"waited {waited:.0f} s for the limit" if waited >= SLOW_START_S else ""
        status, tid = 0, ""
        try:
            reply = await self._attempt(method, url, body, headers)
            status, tid = reply.status, reply.tid
        except (Transient, OutcomeIsUnknown) as error:
            end = "not sent" if isinstance(error, Transient) else "no whole answer"
            note = f"{note}, {end}" if note else end
            raise
        finally:
            took = round((self._clock.monotonic() - begun) * 1000)
            tell = _log.debug if 0 < status < 400 else _log.info
            tell(
                "call" if 0 < status < 400 else "call failed",
                host=self._host,
                what=what,
                status=status,
                ms=took,
                intuit_tid=tid or None,
            )
            self._calls.add(
                Call(
                    number=number,
                    at=at,
                    method=method,
                    what=what,
                    status=status,
                    ms=took,
                    tid=tid,
                    note=note,
                )
            )
        return msgspec.structs.replace(reply, call=number)

    async def _attempt(
        self, method: str, url: URL, body: bytes | None, headers: Mapping[str, str] | None
    ) -> Reply:
        # Errors name the host and the sort of failure only, and are not chained: the text of
        # aiohttp's own errors may hold the whole address.
        try:
            session = self._open_session()
            async with session.request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                proxy=self._detour.url if self._detour else None,
                proxy_auth=self._detour.auth if self._detour else None,
            ) as response:
                content = await self._content(response)
                self._compare_clocks(response.headers.get("Date", ""))
                return Reply(response.status, response.headers, content)
        except Forbidden as why:
            raise Transient(
                f"{self._host} is {why}: it is not asked",
                cure="correct the address in the configuration, the name service or HTTPS_PROXY",
            ) from None
        except aiohttp.InvalidURL:
            raise Transient(
                f"{self._host} is no name of a host", cure="correct the address"
            ) from None
        except aiohttp.ClientSSLError as error:
            raise Transient(
                f"{self._host}: no secure connection could be made{_flaw(error)}",
                cure="check the clock of this machine and its CA certificates (SSL_CERT_FILE)",
            ) from None
        except aiohttp.ClientProxyConnectionError as error:
            raise Transient(
                f"the proxy before {self._host} cannot be reached ({_sort(error)})",
                cure="check HTTPS_PROXY in the environment of the daemon",
            ) from None
        except aiohttp.ClientHttpProxyError as error:
            raise Transient(  # it never came to a connection with the host behind it
                f"the proxy before {self._host} refused to connect ({error.status})",
                cure="let the proxy pass this host, or check the user in HTTPS_PROXY",
            ) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Transient(f"{self._host} cannot be reached ({_sort(error)})") from None
        except TimeoutError:
            raise OutcomeIsUnknown(f"{self._host} did not answer in time") from None
        except (aiohttp.ClientError, _Lost, OSError) as error:
            raise OutcomeIsUnknown(
                f"{self._host}: the connection broke before a whole answer came ({_sort(error)})"
            ) from None

    async def _content(self, response: aiohttp.ClientResponse) -> bytes:
        parts = bytearray()
        async for chunk in response.content.iter_chunked(CHUNK):
            parts += chunk
            if len(parts) > self._max_bytes:
                response.close()
                raise OutcomeIsUnknown(f"{self._host}: the answer is larger than allowed")
        return bytes(parts)

    def _compare_clocks(self, date: str) -> None:
        theirs = _instant(date)
        if theirs is not None:
            self.clock_ahead_s = round((self._clock.now() - theirs).total_seconds())

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=self._transport or self._connector(),
                connector_owner=self._transport is None,
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                middlewares=(_never_repeat,),
            )
        return self._session

    def _connector(self) -> aiohttp.TCPConnector:
        judge_host(self._host, private=self._private)
        self._detour = detour(URL(self._base_url))
        proxy = self._detour.host if self._detour else ""
        return aiohttp.TCPConnector(resolver=Resolver(private=self._private, proxy=proxy))

    def _is_worth_repeating(self, reply: Reply) -> bool:
        return reply.status in self._retries.statuses

    def _backoff(self, state: RetryCallState) -> float:
        most = min(self._retries.most_s, self._retries.first_s * 2.0 ** (state.attempt_number - 1))
        return most * (0.5 + self._random.random() / 2)


def _query(params: Mapping[str, str] | None) -> str:
    # Space becomes %20 and + becomes %2B: a bare + in a time offset would be read as a space.
    told = [f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in (params or {}).items()]
    return f"?{'&'.join(told)}" if told else ""


@lru_cache(maxsize=8)
def _instant(date: str) -> datetime | None:
    """What a ``Date`` says, if it says its zone too; answers of one second share it."""
    try:
        found = parsedate_to_datetime(date)
    except ValueError:
        return None
    return None if found.tzinfo is None else found


def _printable(text: str) -> str:
    """A short token as it is; anything else is not shown."""
    return text if len(text) <= 80 and text.isascii() and text.isprintable() else ""


def _flaw(error: aiohttp.ClientSSLError) -> str:
    """What is wrong with a certificate, in a few words of our own."""
    found = getattr(error, "certificate_error", None)
    words = _FLAWS.get(getattr(found, "verify_code", 0), "")
    return f" (its certificate {words})" if words else ""


_FLAWS = {
    9: "is not valid yet",
    10: "has expired",
    18: "is signed by itself",
    19: "is signed by nobody that this machine trusts",
    20: "is signed by nobody that this machine trusts",
    62: "is for another name",
    64: "is for another address",
}
"""By OpenSSL's X509_V_ERR codes."""


def _sort(error: BaseException) -> str:
    return str(error) if isinstance(error, _Lost) else type(error).__name__


def _last_result(state: RetryCallState) -> Reply:
    assert state.outcome is not None
    result = state.outcome.result()
    assert isinstance(result, Reply)
    return result
