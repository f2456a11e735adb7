"""What is asked of an OAuth 2 login service: its pages, tokens for a code, new tokens, an end.

One attempt each unless said otherwise. Must not keep a token, or put one, a code or an address
with either into a log or an error.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
from yarl import URL

from daemon.clock import Clock
from daemon.connectors.addresses import LOOPBACK
from daemon.connectors.calls import CallLog
from daemon.connectors.governor import Governor
from daemon.connectors.http import Http, Reply
from daemon.connectors.jsontext import shaped
from ledger.model.errors import OutcomeIsUnknown, Throttled, Transient, Unauthorised

TIMEOUT_S = 60.0
ASKS_PER_TOKEN = 2
"""A reply that is lost is asked for once more with the same token, at once."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens, as the server gives them."""

    access_token: str
    refresh_token: str = ""
    expires_in: int = 3600
    x_refresh_token_expires_in: int | None = None
    x_refresh_token_hard_expires_in: int | None = None

    def __repr__(self) -> str:
        return "Grant(secrets hidden)"

    __str__ = __repr__


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    """``invalid_grant``: this code or token gives nothing."""

    error: str
    error_description: str = ""


class LoginServer:
    """Speaks to the login service of one system, for one application."""

    def __init__(
        self,
        *,
        system: str,
        clock: Clock,
        credentials: Callable[[], tuple[str, str]],
        token_url: str,
        discovery_url: str = "",
        pages_url: str = "",
        transport: aiohttp.BaseConnector | None = None,
        calls: CallLog | None = None,
    ) -> None:
        """``discovery_url`` names a document that may overrule ``token_url``; ``pages_url`` the
        one that names the pages for people, where that is another."""
        self._system = system
        self._clock = clock
        self._credentials = credentials
        self._token_url = token_url
        self._discovery_url = discovery_url
        self._pages_url = pages_url or discovery_url
        self._transport = transport
        self._calls = calls or CallLog()
        self._governor = Governor(clock, per_second=2, per_minute=30, in_flight=1)

    def stop(self) -> None:
        """Let no further call begin."""
        self._governor.stop()

    async def consent_url(self, *, redirect_uri: str, scope: str, state: str) -> str:
        """The address at which a person gives access, with what it has to be asked."""
        page = await self._page("authorization_endpoint")
        query = {
            "client_id": self._credentials()[0],
            "response_type": "code",
            "scope": scope,
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{page}?{urlencode(query)}"

    async def redeem(self, code: str, redirect_uri: str) -> Grant | Denial:
        """Tokens for a code that a person brought; a code works once."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return await self._tokens(form, asks=1)

    async def renew(self, refresh_token: str) -> Grant | Denial:
        """New tokens; a lost reply is asked for again at once."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return await self._tokens(form, asks=ASKS_PER_TOKEN)

    async def revoke(self, token: str) -> bool:
        """End the login that a token belongs to; False when the server knows no such login."""
        body = msgspec.json.encode({"token": token})
        url = await self._page("revocation_endpoint")
        try:
            reply = await self._post(url, body, "application/json")
        except OutcomeIsUnknown as error:
            raise Transient(str(error), cure="try again: a login ends but once") from error
        match reply.status:
            case 200:
                return True
            case 400:
                return False
            case 429:
                raise Throttled(f"the login service of {self._system} is throttled")
            case 401:
                raise self._bad_application("invalid_client")
            case _:
                raise Transient(f"the login service of {self._system} answered {reply.status}")

    async def _tokens(self, form: Mapping[str, str], *, asks: int) -> Grant | Denial:
        url = await self._token_address()
        for _ in range(asks):
            try:
                reply = await self._post(
                    url, urlencode(form).encode(), "application/x-www-form-urlencoded"
                )
            except OutcomeIsUnknown:
                continue
            if reply.status < 500:
                return self._understand(reply)
        raise Transient(f"the login service of {self._system} does not answer")

    async def _post(self, url: str, body: bytes, content_type: str) -> Reply:
        client_id, client_secret = self._credentials()
        basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        headers = {
            "Authorization": f"Basic {basic}",
            "Accept": "application/json",
            "Content-Type": content_type,
            # Opt-in: without it the day of the hard end is not told.
            "x-include-refresh-token-hard-expires-in": "true",
        }
        http = self._http(url)
        try:
            return await http.send("POST", "", body=body, headers=headers, what="login")
        finally:
            await http.close()

    def _understand(self, reply: Reply) -> Grant | Denial:
        if reply.status == 429:
            raise Throttled(f"the login service of {self._system} is throttled")
        if reply.status == 200:
            try:
                return shaped(reply.body, Grant)
            except msgspec.MsgspecError:
                raise Transient(
                    f"the login service of {self._system} sent something else than a token"
                ) from None
        try:
            denial = shaped(reply.body, Denial)
        except msgspec.MsgspecError:
            raise Transient(
                f"the login service of {self._system} answered {reply.status} without a reason"
            ) from None
        if denial.error == "invalid_grant":
            return denial
        raise self._bad_application(denial.error)

    def _bad_application(self, error: str) -> Unauthorised:
        return Unauthorised(
            f"the login service of {self._system} refused this application ({error[:40]})",
            state="bad_credentials",
            cure="check client_id and client_secret: both must belong to the same app and to the "
            "configured environment",
        )

    async def _token_address(self) -> str:
        """The token address, by the discovery document where one is named and can be had."""
        if not self._discovery_url:
            return self._token_url
        try:
            document = await self._document(self._discovery_url)
        except (Transient, OutcomeIsUnknown):
            return self._token_url
        named = document.get("token_endpoint")
        if isinstance(named, str) and may_receive_secrets(named, self._token_url):
            self._token_url = named
            self._discovery_url = ""
        return self._token_url

    async def _page(self, name: str) -> str:
        """An address that the discovery document names. ``Transient`` when it cannot be had."""
        try:
            document = await self._document(self._pages_url)
        except OutcomeIsUnknown as error:
            raise Transient(str(error)) from error
        named = document.get(name)
        if not isinstance(named, str) or not may_receive_secrets(named, self._token_url):
            raise Transient(f"the login service of {self._system} names no {name} of its own")
        return named

    async def _document(self, url: str) -> dict[str, Any]:
        http = self._http(url)
        try:
            headers = {"Accept": "application/json"}
            reply = await http.send("GET", "", headers=headers, what="discovery")
            return shaped(reply.body, dict[str, Any])
        except msgspec.MsgspecError:
            raise Transient(
                f"the login service of {self._system} sent no discovery document"
            ) from None
        finally:
            await http.close()

    def _http(self, url: str) -> Http:
        return Http(
            url,
            clock=self._clock,
            governor=self._governor,
            timeout_s=TIMEOUT_S,
            transport=self._transport,
            max_bytes=1024 * 1024,
            calls=self._calls,
            # What a system publishes of itself is its own affair; one that was configured is not.
            private=bool(self._discovery_url),
        )


def may_receive_secrets(url: str, known: str) -> bool:
    """Whether a discovered address is on the same site as the one that we know."""
    try:
        found, ours = URL(url), URL(known)
    except ValueError:
        return False
    if ours.host in LOOPBACK:
        return (found.scheme, found.host, found.port) == (ours.scheme, ours.host, ours.port)
    site = ".".join((ours.host or "").split(".")[-2:])
    host = found.host or ""
    return found.scheme == "https" and (host == site or host.endswith(f".{site}"))
