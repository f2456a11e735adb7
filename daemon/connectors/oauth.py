"""The life of an OAuth 2 login with rotating refresh tokens.

One exchange at a time; what comes back is stored durably before it is used; an exchange that has
begun is finished even when its caller is cancelled. Must not log or show a token, and must not run
in two processes for one login: only the daemon refreshes.
"""

import asyncio
import base64
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
from yarl import URL

from daemon.clock import Clock
from daemon.connectors.base import LoginLife
from daemon.connectors.calls import CallLog
from daemon.connectors.governor import Governor
from daemon.connectors.http import Http, Reply
from daemon.connectors.vault import Tokens, TokenStore
from ledger.model.errors import OutcomeIsUnknown, Throttled, Transient, Unauthorised

EARLY = timedelta(minutes=5)
"""An access token this close to its end is renewed before it is used."""
TIMEOUT_S = 60.0
ASKS_PER_TOKEN = 2
"""A reply that is lost is asked for once more with the same token, at once."""
RECONNECT = (
    "authorise the app again in QuickBooks and put the new refresh token where "
    "{system}.refresh_token of the configuration points, then start the daemon again"
)


class Phase(StrEnum):
    """Where a login stands in its life."""

    MISSING = "missing"
    """Nobody has authorised yet."""
    FRESH = "fresh"
    DUE = "due"
    """The access token is about to end, or has ended: renew before the next call."""
    EXPIRED = "expired"
    """The refresh token has surely ended: a person must authorise again."""
    REAUTH_NEEDED = "reauth_needed"
    """The server refused the refresh tokens: a person must authorise again."""


def phase(tokens: Tokens | None, now: datetime, *, refused: bool = False) -> Phase:
    """The phase that tokens are in, from what the server said about their ends."""
    if tokens is None or not tokens.refresh_token:
        return Phase.MISSING
    if refused:
        return Phase.REAUTH_NEEDED
    ends = tokens.access_expires_at
    if tokens.access_token and ends is not None and now < ends - EARLY:
        return Phase.FRESH
    if any(e is not None and e <= now for e in (tokens.refresh_expires_at, tokens.hard_expires_at)):
        return Phase.EXPIRED
    return Phase.DUE


class _Grant(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    refresh_token: str = ""
    expires_in: int = 3600
    x_refresh_token_expires_in: int | None = None
    x_refresh_token_hard_expires_in: int | None = None


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    error: str
    error_description: str = ""


class OAuth:
    """Gives out access tokens of one login, renewing them when it is time."""

    def __init__(
        self,
        *,
        system: str,
        clock: Clock,
        store: TokenStore,
        credentials: Callable[[], tuple[str, str]],
        bootstrap: Callable[[], str],
        token_url: str,
        discovery_url: str = "",
        transport: aiohttp.BaseConnector | None = None,
        calls: CallLog | None = None,
    ) -> None:
        """``credentials`` gives client id and secret, ``bootstrap`` the first refresh token (or
        ``""``); ``discovery_url`` names a document that may overrule ``token_url``."""
        self._system = system
        self._clock = clock
        self._store = store
        self._credentials = credentials
        self._bootstrap = bootstrap
        self._token_url = token_url
        self._discovery_url = discovery_url
        self._transport = transport
        self._calls = calls or CallLog()
        self._governor = Governor(clock, per_second=2, per_minute=30, in_flight=1)
        self._tokens: Tokens | None = None
        self._is_loaded = False
        self._is_unsaved = False
        self._refused = ""
        self._exchange: asyncio.Future[Tokens] | None = None

    @property
    def phase(self) -> Phase:
        return phase(self._load(), self._clock.now(), refused=bool(self._refused))

    @property
    def tokens(self) -> Tokens | None:
        """What is known of the login; for its dates. The secrets in it are for this module."""
        return self._load()

    @property
    def life(self) -> LoginLife:
        """When it ends, as far as known; looks nothing up."""
        known = self._tokens
        if known is None:
            return LoginLife()
        return LoginLife(
            access_until=known.access_expires_at,
            refresh_until=known.refresh_expires_at,
            hard_until=known.hard_expires_at,
        )

    async def access_token(self, *, rejected: str = "") -> str:
        """A token to call with. ``rejected``: the one that the system just answered 401 to.

        Raises ``Unauthorised`` when a person is needed, ``Transient`` when the login service
        cannot be reached.
        """
        tokens = self._load()
        now = phase(tokens, self._clock.now(), refused=bool(self._refused))
        if now is Phase.FRESH and tokens is not None and tokens.access_token != rejected:
            if self._is_unsaved:
                self._save(tokens)
            return tokens.access_token
        if tokens is None or now in {Phase.MISSING, Phase.EXPIRED, Phase.REAUTH_NEEDED}:
            raise self._reauth(now)
        if self._exchange is None or self._exchange.done():
            self._exchange = asyncio.ensure_future(self._renew(tokens))
            self._exchange.add_done_callback(_look_at)
        try:
            # A caller that is cancelled leaves; the exchange goes on, or its answer would be lost.
            return (await asyncio.shield(self._exchange)).access_token
        except (Transient, Throttled):
            if not self._is_unsaved and self._still_good(tokens, rejected):
                return tokens.access_token
            raise

    async def close(self) -> None:
        """Wait for an exchange under way."""
        if self._exchange is not None:
            await asyncio.wait({self._exchange})

    def _still_good(self, tokens: Tokens, rejected: str) -> bool:
        ends = tokens.access_expires_at
        return (
            tokens.access_token not in {"", rejected}
            and ends is not None
            and self._clock.now() < ends
        )

    def _load(self) -> Tokens | None:
        if self._is_loaded:
            return self._tokens
        stored = self._store.load()
        first = self._bootstrap()
        origin = hashlib.sha256(first.encode()).hexdigest()[:16] if first else ""
        if first and (stored is None or stored.origin != origin):
            # A person put a new first token into the configuration: it overrules the old chain.
            stored = Tokens(refresh_token=first, origin=origin)
        self._tokens = stored
        self._is_loaded = True
        return stored

    def _save(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._is_unsaved = True
        try:
            self._store.save(tokens)
        except OSError as error:
            raise Transient(
                f"the renewed login of {self._system} cannot be stored: {error.strerror}",
                cure="make room in the state directory; the login is kept in memory until then",
            ) from error
        self._is_unsaved = False

    async def _renew(self, tokens: Tokens) -> Tokens:
        for candidate in (tokens.refresh_token, tokens.former_refresh_token):
            if not candidate:
                continue
            answer = await self._ask(candidate)
            if isinstance(answer, _Grant):
                renewed = self._granted(tokens, candidate, answer)
                self._save(renewed)
                return renewed
            self._refused = answer.error
        raise self._reauth(Phase.REAUTH_NEEDED)

    async def _ask(self, refresh_token: str) -> _Grant | _Refusal:
        """What the server says to this token; a lost reply is asked for again at once."""
        client_id, client_secret = self._credentials()
        basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        form = urlencode({"grant_type": "refresh_token", "refresh_token": refresh_token})
        headers = {
            "Authorization": f"Basic {basic}",
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            # Opt-in: without it the day of the hard end is not told.
            "x-include-refresh-token-hard-expires-in": "true",
        }
        http = self._http(await self._endpoint())
        try:
            for _ in range(ASKS_PER_TOKEN):
                try:
                    reply = await http.send(
                        "POST", "", body=form.encode(), headers=headers, what="login"
                    )
                except OutcomeIsUnknown:
                    continue
                if reply.status < 500:
                    return self._understand(reply)
        finally:
            await http.close()
        raise Transient(f"the login service of {self._system} does not answer")

    def _understand(self, reply: Reply) -> _Grant | _Refusal:
        if reply.status == 429:
            raise Throttled(f"the login service of {self._system} is throttled")
        if reply.status == 200:
            try:
                return msgspec.json.decode(reply.body, type=_Grant)
            except msgspec.MsgspecError:
                raise Transient(
                    f"the login service of {self._system} sent something else than a token"
                ) from None
        try:
            refusal = msgspec.json.decode(reply.body, type=_Refusal)
        except msgspec.MsgspecError:
            raise Transient(
                f"the login service of {self._system} answered {reply.status} without a reason"
            ) from None
        if refusal.error == "invalid_grant":
            return refusal
        raise Unauthorised(
            f"the login service of {self._system} refused this application ({refusal.error})",
            state="bad_credentials",
            cure="check client_id and client_secret: both must belong to the same app and to the "
            "configured environment",
        )

    def _granted(self, before: Tokens, used: str, grant: _Grant) -> Tokens:
        now = self._clock.now()
        refresh = grant.refresh_token or used
        hard = grant.x_refresh_token_hard_expires_in
        window = grant.x_refresh_token_expires_in
        return Tokens(
            refresh_token=refresh,
            former_refresh_token=used if refresh != used else "",
            access_token=grant.access_token,
            access_expires_at=now + timedelta(seconds=grant.expires_in),
            refresh_expires_at=None if window is None else now + timedelta(seconds=window),
            hard_expires_at=(
                before.hard_expires_at if hard is None else now + timedelta(seconds=hard)
            ),
            origin=before.origin,
        )

    async def _endpoint(self) -> str:
        """The token address, by the discovery document where one is named and can be had."""
        if not self._discovery_url:
            return self._token_url
        http = self._http(self._discovery_url)
        try:
            headers = {"Accept": "application/json"}
            reply = await http.send("GET", "", headers=headers, what="discovery")
            document: dict[str, Any] = msgspec.json.decode(reply.body, type=dict[str, Any])
        except (Transient, OutcomeIsUnknown, msgspec.MsgspecError):
            return self._token_url
        finally:
            await http.close()
        named = document.get("token_endpoint")
        if isinstance(named, str) and _may_receive_secrets(named, self._token_url):
            self._token_url = named
            self._discovery_url = ""
        return self._token_url

    def _http(self, url: str) -> Http:
        return Http(
            url,
            clock=self._clock,
            governor=self._governor,
            timeout_s=TIMEOUT_S,
            transport=self._transport,
            max_bytes=1024 * 1024,
            calls=self._calls,
        )

    def _reauth(self, now: Phase) -> Unauthorised:
        reason = {
            Phase.MISSING: "nobody has authorised trueup yet",
            Phase.EXPIRED: "the login has expired",
        }.get(now, "the login was refused: it expired, was revoked, or was renewed elsewhere")
        return Unauthorised(
            f"{self._system}: {reason}",
            state="reauth_needed",
            cure=RECONNECT.format(system=self._system),
        )


def _may_receive_secrets(url: str, known: str) -> bool:
    """Whether a discovered address is on the same site as the one that we know."""
    found, ours = URL(url), URL(known)
    site = ".".join((ours.host or "").split(".")[-2:])
    host = found.host or ""
    return found.scheme == "https" and (host == site or host.endswith(f".{site}"))


def _look_at(exchange: "asyncio.Future[Tokens]") -> None:
    # Every waiter may have been cancelled; an error that nobody awaited is then seen here.
    if not exchange.cancelled():
        exchange.exception()
