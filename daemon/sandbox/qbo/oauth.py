"""The token server: discovery, consent, code and refresh grants, revocation, user info."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from daemon.clock import Clock
from daemon.sandbox.qbo import consentpage, faultbodies
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.server import TRACE
from daemon.sandbox.world import World

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ROTATE_AFTER: Final = timedelta(hours=24)
_GRACE: Final = timedelta(hours=1)
_CODE_LIFE: Final = timedelta(minutes=10)
_SHORTEST: Final = 20
_LONGEST: Final = 4096
_NOT_KEPT: Final = {"Cache-Control": "no-cache, no-store"}
ACCOUNTING: Final = "com.intuit.quickbooks.accounting"
TOKEN_PATH: Final = "/oauth2/v1/tokens/bearer"


@dataclass(slots=True)
class _Grant:
    """One consent: a line of refresh tokens, and the access tokens made from it."""

    scope: str
    company: str = ""
    """Realm that it is for; empty: the one that is simulated."""
    refresh_token: str = ""
    rotated_at: datetime = _NEVER
    expires_at: datetime = _NEVER
    previous: str = ""
    previous_until: datetime = _NEVER
    revoked: bool = False
    access: dict[str, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class _Code:
    redirect_uri: str
    scope: str
    expires_at: datetime
    company: str


class TokenServer:
    """Issues and checks tokens. Values follow from the world's seed, so runs are repeatable."""

    def __init__(self, world: World, clock: Clock, switches: QboSwitches) -> None:
        self._seed = world.seed
        self.realm_id = world.company.realm_id
        self._clock = clock
        self._switches = switches
        self._count = 0
        self._grants: list[_Grant] = []
        self._codes: dict[str, _Code] = {}
        self.other_realm_id = f"9{int(self._secret('other company')[:12], 16) % 10**15:015d}"
        """Another company that the person on the consent page may choose by mistake."""
        self.client_id = f"AB{self._secret('client')[:38]}"
        self.client_secret = self._secret("secret")[:40]
        first = _Grant(scope=ACCOUNTING)
        self._grants.append(first)
        answer = self._issue(first)
        self.refresh_token = str(answer["refresh_token"])
        """The refresh token of the connection that exists from the start."""
        self.access_token = str(answer["access_token"])

    def check(self, authorization: str) -> None:
        """Accept a bearer token or raise the gateway's 401."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not _SHORTEST <= len(token) <= _LONGEST:
            raise faultbodies.malformed_token()
        for grant in self._grants:
            if token not in grant.access:
                continue
            if grant.revoked:
                raise faultbodies.token_revoked()
            if grant.access[token] <= self._clock.now():
                raise faultbodies.token_expired(token)
            if grant.company not in {"", self.realm_id}:
                raise faultbodies.wrong_realm()
            return
        raise faultbodies.token_revoked()

    def expire_access_tokens(self) -> None:
        """Let every access token expire now."""
        for grant in self._grants:
            grant.access = dict.fromkeys(grant.access, self._clock.now())

    def routes(self) -> list[web.RouteDef]:
        """All addresses of the token server."""
        return [
            web.get("/.well-known/openid_configuration", self._discovery),
            web.get("/.well-known/openid_configuration/", self._discovery),
            web.get("/.well-known/openid_sandbox_configuration", self._discovery),
            web.get("/.well-known/openid_sandbox_configuration/", self._discovery),
            web.get("/connect/oauth2", self._authorize),
            web.post("/connect/oauth2", self._decided),
            web.post(TOKEN_PATH, self._token),
            web.post("/v2/oauth2/tokens/revoke", self._revoke),
            web.get("/v1/openid_connect/userinfo", self._user_info),
            web.get("/op/v1/jwks", self._keys),
        ]

    async def _discovery(self, request: web.Request) -> web.Response:
        origin = str(request.url.origin())
        return web.json_response(
            {
                "issuer": "https://oauth.platform.intuit.com/op/v1",
                "authorization_endpoint": f"{origin}/connect/oauth2",
                "token_endpoint": f"{origin}{TOKEN_PATH}",
                "userinfo_endpoint": f"{origin}/v1/openid_connect/userinfo",
                "revocation_endpoint": f"{origin}/v2/oauth2/tokens/revoke",
                "jwks_uri": f"{origin}/op/v1/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "email", "profile", "address", "phone"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "client_secret_basic",
                ],
                "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
            }
        )

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": []})

    async def _authorize(self, request: web.Request) -> web.Response:
        """The page on which a person gives or denies access; or, by switch, the answer to it."""
        request[TRACE].summary = "authorize"
        problem = self._wrong(request.query)
        if problem:
            # Not told to the redirect URI: it may be anybody's.
            return web.Response(status=400, text=problem)
        if self._switches.consent == "page":
            page = consentpage.page(request.query, self.realm_id, self.other_realm_id)
            return web.Response(text=page, content_type="text/html", headers=_NOT_KEPT)
        company = self.realm_id if self._switches.consent == "given" else ""
        return self._sent_back(request.query, company)

    async def _decided(self, request: web.Request) -> web.Response:
        """A button of the page was pressed."""
        request[TRACE].summary = "consent"
        form = {name: str(value) for name, value in (await request.post()).items()}
        problem = self._wrong(form)
        company = form.get("company", "")
        if problem or company not in {"", self.realm_id, self.other_realm_id}:
            return web.Response(status=400, text=problem or "no such company")
        return self._sent_back(form, company)

    def _wrong(self, asked: Mapping[str, str]) -> str:
        if asked.get("client_id") != self.client_id or asked.get("response_type") != "code":
            return "unknown client or response type"
        if asked.get("redirect_uri", "") not in self._switches.redirect_uris:
            return "the redirect_uri is not among those that are registered for this app"
        if not asked.get("scope"):
            return "scope is required"
        return ""

    def _sent_back(self, asked: Mapping[str, str], company: str) -> web.Response:
        """The browser goes back with code, state and realm; without a company with an error."""
        target, state = asked["redirect_uri"], asked.get("state", "")
        if company:
            code = self._new("code")
            until = self._clock.now() + _CODE_LIFE
            self._codes[code] = _Code(target, asked["scope"], until, company)
            values = {"code": code, "state": state, "realmId": company}
        else:
            values = {"error": "access_denied", "state": state}
        joint = "&" if "?" in target else "?"
        location = target + joint + urlencode(values)
        return web.Response(status=302, headers={"Location": location, **_NOT_KEPT})

    async def _token(self, request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            return _refusal(400, "invalid_request")
        form = {name: str(value) for name, value in (await request.post()).items()}
        if not self._is_client(request, form):
            return _refusal(401, "invalid_client")
        grant_type = form.get("grant_type", "")
        request[TRACE].summary = f"token {grant_type}"
        hard = request.headers.get("x-include-refresh-token-hard-expires-in") == "true"
        fault = request[TRACE].fault
        if fault is not None and fault.kind == "invalid_grant":
            return _refusal(400, "invalid_grant", "Incorrect or invalid refresh token")
        match grant_type:
            case "authorization_code":
                code = self._codes.pop(form.get("code", ""), None)
                now = self._clock.now()
                if (
                    code is None
                    or code.expires_at <= now
                    or code.redirect_uri != form.get("redirect_uri")
                ):
                    return _refusal(400, "invalid_grant", "Token invalid")
                grant = _Grant(scope=code.scope, company=code.company)
                self._grants.append(grant)
                return _answer(self._issue(grant, hard=hard))
            case "refresh_token":
                found = self._find(form.get("refresh_token", ""))
                if found is None:
                    text = "Incorrect or invalid refresh token"
                    return _refusal(400, "invalid_grant", text)
                return _answer(self._issue(found, hard=hard))
            case _:
                return _refusal(400, "unsupported_grant_type")

    def _find(self, refresh_token: str) -> _Grant | None:
        now = self._clock.now()
        for grant in self._grants:
            if grant.revoked or grant.expires_at <= now or not refresh_token:
                continue
            grace = self._switches.previous_refresh_token == "grace"
            if refresh_token == grant.refresh_token or (
                grace and refresh_token == grant.previous and now < grant.previous_until
            ):
                return grant
        return None

    def _issue(self, grant: _Grant, *, hard: bool = False) -> dict[str, object]:
        """A new access token, and the refresh token, changed when its time has come."""
        now = self._clock.now()
        always = self._switches.refresh_rotation == "always"
        if not grant.refresh_token or always or now - grant.rotated_at >= _ROTATE_AFTER:
            grant.previous, grant.previous_until = grant.refresh_token, now + _GRACE
            grant.refresh_token = f"RT1-{self._new('refresh')[:44]}"
            grant.rotated_at = now
        life = self._switches.refresh_token_seconds
        grant.expires_at = now + timedelta(seconds=life)
        token = "eyJlbmMi" + self._new("access") * 4
        grant.access[token] = now + timedelta(seconds=self._switches.access_token_seconds)
        answer: dict[str, object] = {
            "token_type": "bearer",
            "access_token": token,
            "expires_in": self._switches.access_token_seconds,
            "refresh_token": grant.refresh_token,
            "x_refresh_token_expires_in": life,
        }
        if hard:
            answer["x_refresh_token_hard_expires_in"] = 156_032_154
        return answer

    async def _revoke(self, request: web.Request) -> web.Response:
        request[TRACE].summary = "revoke"
        if not self._is_client(request):
            return _refusal(401, "invalid_client")
        try:
            token = str((await request.json())["token"])
        except (ValueError, KeyError, TypeError):
            return _refusal(400, "invalid_request")
        for grant in self._grants:
            if not grant.revoked and (token == grant.refresh_token or token in grant.access):
                grant.revoked = True
                return web.Response(status=200)
        return _refusal(400, "invalid_request")

    async def _user_info(self, request: web.Request) -> web.Response:
        request[TRACE].summary = "userinfo"
        self.check(request.headers.get("Authorization", ""))
        return web.json_response(
            {"sub": "sandbox-user", "email": "user@sample.example", "emailVerified": True}
        )

    def _is_client(self, request: web.Request, form: Mapping[str, str] | None = None) -> bool:
        """By header, or by two fields of the form, as the discovery document offers."""
        if "Authorization" not in request.headers:
            given = form or {}
            pair = f"{given.get('client_id', '')}:{given.get('client_secret', '')}"
            return hmac.compare_digest(
                pair.encode(), f"{self.client_id}:{self.client_secret}".encode()
            )
        scheme, _, encoded = request.headers["Authorization"].partition(" ")
        try:
            pair = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return scheme.lower() == "basic" and pair == f"{self.client_id}:{self.client_secret}"

    def _new(self, purpose: str) -> str:
        self._count += 1
        return self._secret(f"{purpose} {self._count}")

    def _secret(self, purpose: str) -> str:
        return hashlib.sha256(f"{self._seed}/{self.realm_id}/{purpose}".encode()).hexdigest()


def _answer(body: dict[str, object]) -> web.Response:
    return web.json_response(body, headers=_NOT_KEPT)


def _refusal(status: int, error: str, description: str = "") -> web.Response:
    body = {"error": error}
    if description:
        body["error_description"] = description
    return web.json_response(body, status=status, headers=_NOT_KEPT)
