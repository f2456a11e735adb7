"""The life of an OAuth 2 login with rotating refresh tokens.

One exchange at a time; what comes back is stored durably before it is used; an exchange that has
begun is finished even when its caller is cancelled. Must not log or show a token, and must not run
in two processes for one login: only the daemon refreshes.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

import aiohttp

from daemon.clock import Clock
from daemon.connectors.base import LoginLife
from daemon.connectors.calls import CallLog
from daemon.connectors.loginserver import Grant, LoginServer
from daemon.connectors.vault import Tokens, TokenStore
from ledger.model.errors import ConfigProblem, Throttled, Transient, Unauthorised

LONGEST_LIFE_S = 100 * 366 * 86_400
EARLY = timedelta(minutes=5)
"""An access token this close to its end is renewed before it is used."""
RECONNECT = "authorise trueup again: trueup connect --reconnect"


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
    DISCONNECTED = "disconnected"
    """A person ended the login."""


NEEDS_PERSON = frozenset({Phase.MISSING, Phase.EXPIRED, Phase.REAUTH_NEEDED, Phase.DISCONNECTED})


def phase(tokens: Tokens | None, now: datetime, *, refused: bool = False) -> Phase:
    """The phase that tokens are in, from what the server said about their ends."""
    if tokens is not None and tokens.disconnected_at is not None:
        return Phase.DISCONNECTED
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
        pages_url: str = "",
        transport: aiohttp.BaseConnector | None = None,
        calls: CallLog | None = None,
    ) -> None:
        """``credentials`` gives client id and secret, ``bootstrap`` the first refresh token (or
        ``""``); the addresses are those of ``LoginServer``."""
        self._system = system
        self._clock = clock
        self._store = store
        self._bootstrap = bootstrap
        self.server = LoginServer(
            system=system,
            clock=clock,
            credentials=credentials,
            token_url=token_url,
            discovery_url=discovery_url,
            pages_url=pages_url,
            transport=transport,
            calls=calls,
        )
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
        if tokens is None or now in NEEDS_PERSON:
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

    def stop(self) -> None:
        """Begin no further call; an exchange under way is waited for by ``close``."""
        self.server.stop()

    async def adopt(self, grant: Grant) -> None:
        """A person authorised anew: these tokens are the login from now on.

        Durable on return; ``Transient`` when they cannot be stored.
        """
        if not grant.refresh_token:
            raise Transient(f"the login service of {self._system} gave no refresh token")
        await self._settled()
        self._is_loaded = True
        self._refused = ""
        before = Tokens(refresh_token="", origin=self._origin(self._first()))
        self._save(self._granted(before, "", grant))

    async def end(self, *, even_unheard: bool = False) -> bool:
        """Revoke the login there, then forget it here; False when it was over there already.

        Nothing is forgotten when the server cannot be asked, unless ``even_unheard``.
        """
        await self._settled()
        was_known = False
        try:
            tokens = self._load()
            if tokens is not None and tokens.refresh_token:
                was_known = await self.server.revoke(tokens.refresh_token)
        except (Transient, Throttled, Unauthorised):
            if not even_unheard:
                raise
        await self._settled()
        origin = self._origin(self._first())
        self._is_loaded = True
        self._refused = ""
        self._save(Tokens(refresh_token="", origin=origin, disconnected_at=self._clock.now()))
        return was_known

    async def close(self) -> None:
        """Wait for an exchange under way."""
        await self._settled()

    async def _settled(self) -> None:
        while self._exchange is not None and not self._exchange.done():
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
        try:
            first = self._bootstrap()
        except ConfigProblem as problem:
            # It is used once: whoever took the file away afterwards did nothing wrong.
            if stored is None:
                raise Unauthorised(
                    f"{self._system}: nobody has authorised trueup yet, and the first refresh "
                    f"token cannot be had: {problem}",
                    state="reauth_needed",
                    cure=RECONNECT,
                ) from problem
            first = ""
        origin = self._origin(first)
        if first and (stored is None or stored.origin != origin):
            # A person put a new first token into the configuration: it overrules the old chain.
            stored = Tokens(refresh_token=first, origin=origin)
        self._tokens = stored
        self._is_loaded = True
        return stored

    def _first(self) -> str:
        try:
            return self._bootstrap()
        except ConfigProblem:
            return ""

    @staticmethod
    def _origin(first: str) -> str:
        return hashlib.sha256(first.encode()).hexdigest()[:16] if first else ""

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
        refusal = ""
        for candidate in (tokens.refresh_token, tokens.former_refresh_token):
            if not candidate:
                continue
            answer = await self.server.renew(candidate)
            if isinstance(answer, Grant):
                renewed = self._granted(tokens, candidate, answer)
                self._save(renewed)
                return renewed
            refusal = answer.error
        self._refused = refusal
        raise self._reauth(Phase.REAUTH_NEEDED)

    def _granted(self, before: Tokens, used: str, grant: Grant) -> Tokens:
        now = self._clock.now()
        refresh = grant.refresh_token or used
        hard = grant.x_refresh_token_hard_expires_in
        window = grant.x_refresh_token_expires_in
        return Tokens(
            refresh_token=refresh,
            former_refresh_token=used if refresh != used else "",
            access_token=grant.access_token,
            access_expires_at=now + _life(grant.expires_in),
            refresh_expires_at=None if window is None else now + _life(window),
            hard_expires_at=before.hard_expires_at if hard is None else now + _life(hard),
            origin=before.origin,
        )

    def _reauth(self, now: Phase) -> Unauthorised:
        reason = {
            Phase.MISSING: "nobody has authorised trueup yet",
            Phase.EXPIRED: "the login has expired",
            Phase.DISCONNECTED: "the login was ended here by a person (trueup disconnect)",
        }.get(now, "the login was refused: it expired, was revoked, or was renewed elsewhere")
        state = "disconnected" if now is Phase.DISCONNECTED else "reauth_needed"
        return Unauthorised(f"{self._system}: {reason}", state=state, cure=RECONNECT)


def _life(seconds: int) -> timedelta:
    """How long something is good for; no login outlives the calendar, whatever is said of it."""
    return timedelta(seconds=min(max(seconds, 0), LONGEST_LIFE_S))


def _look_at(exchange: "asyncio.Future[Tokens]") -> None:
    # Every waiter may have been cancelled; an error that nobody awaited is then seen here.
    if not exchange.cancelled():
        exchange.exception()
