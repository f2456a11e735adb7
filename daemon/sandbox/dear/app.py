"""The DEAR twin: one company's external API v2 over HTTP, strict, with faults and switches.

From the outside in: request log and wire faults, the HTML page for unknown paths, credentials,
the call limit, the verb, the endpoint. What the real system has and this twin does not imitate is
refused by name; nothing is said yes to by default.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from daemon.clock import Clock
from daemon.sandbox.dear import (
    accounts,
    books,
    control,
    notices,
    parties,
    payments,
    postings,
    products,
    purchaseparts,
    purchases,
    purchaseshow,
    salebills,
    salefulfil,
    sales,
    saleshow,
)
from daemon.sandbox.dear.errors import LIMIT_TEXT, DearRefusal, Flaw, not_simulated
from daemon.sandbox.dear.paging import Call, Query
from daemon.sandbox.dear.seed import seed
from daemon.sandbox.dear.state import DearState, Row
from daemon.sandbox.dear.switches import DearSwitches, flipped
from daemon.sandbox.dear.unsimulated import is_known
from daemon.sandbox.dear.wire import answer, body_object, html, refusal
from daemon.sandbox.faults import Fault, FaultScript
from daemon.sandbox.postman import Letter, Post, Postman
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.server import CONTROL, TRACE, control_routes, wire
from daemon.sandbox.world import World

BASE: Final = "/externalapi/v2/"
WINDOW: Final = 60.0
"""Seconds over which calls are counted."""

PAGE_FAULTS: Final = ("drop_page", "repeat_page", "shift_page")

ROUTES: Final[books.Routes] = {
    **books.ROUTES,
    **accounts.ROUTES,
    **parties.ROUTES,
    **products.ROUTES,
    **purchases.ROUTES,
    **purchaseparts.ROUTES,
    **purchaseshow.ROUTES,
    **sales.ROUTES,
    **salefulfil.ROUTES,
    **salebills.ROUTES,
    **saleshow.ROUTES,
    **payments.ROUTES,
    **postings.ROUTES,
}


class DearTwin:
    """One simulated company. ``app`` is served; ``state`` and ``switches`` are for tests."""

    def __init__(
        self,
        world: World,
        *,
        clock: Clock,
        faults: FaultScript,
        log: RequestLog,
        switches: DearSwitches | None = None,
    ) -> None:
        self._clock = clock
        self.switches = switches or DearSwitches()
        """May be replaced while serving."""
        self.interfere: Callable[[str, str], None] | None = None
        """Called with verb and path (below the base, lower case) just before an endpoint acts:
        the place where a test plays the person who saves at the worst moment."""
        self.state = DearState(clock, seed=world.seed)
        seed(self.state, world)
        self.postman = Postman(clock, self._post, self._letters, notices.RETRIES)
        self.state.tell = self._happened
        self._account = world.company.dear_account_id
        self._keys = [world.company.dear_application_key]
        self._calls: dict[str, deque[float]] = {}
        self.app = web.Application(
            middlewares=[
                wire("dear", faults=faults, log=log, clock=clock, flavoured=self._flavoured),
                self._refusals(),
            ],
            client_max_size=32 * 1024 * 1024,
        )
        self.app.cleanup_ctx.append(self.postman.work)
        self.app.router.add_get(CONTROL + "notices", self._notices)
        self.app.add_routes(control_routes(faults=faults, log=log))
        self.app.add_routes(control.routes(self.state, self._flip, lambda: self.switches))
        self.app.router.add_route("*", "/{tail:.*}", self._handle)

    @property
    def credentials(self) -> dict[str, str]:
        """What a client sends in its two headers."""
        return {"account_id": self._account, "application_key": self._keys[0]}

    @property
    def path(self) -> str:
        """Base path of the API, to be added to the URL that the twin is served at."""
        return "/ExternalApi/v2/"

    def add_application(self) -> str:
        """Another API application of the same company: its key; limits count for each alone."""
        self._keys.append(self.state.new_id())
        return self._keys[-1]

    def _flip(self, given: Mapping[str, object]) -> Mapping[str, object]:
        self.switches = flipped(self.switches, given)
        if "webhook_url" in given:
            self.postman.switch_on()
        return asdict(self.switches)

    def _happened(self, kind: str, row: Row, is_new: bool) -> None:
        if self.switches.webhook_url and notices.raises_notice(kind, is_new=is_new):
            self.postman.tell(notices.Event(kind, row.id, row.fields, is_new))

    def _post(self) -> Post:
        switches = self.switches
        return Post(switches.webhook_url, switches.webhook_delay_seconds, switches.webhook_fate)

    def _letters(self, events: Sequence[notices.Event]) -> Sequence[Letter]:
        return notices.letters(events, self.switches)

    async def _notices(self, _: web.Request) -> web.Response:
        return web.json_response(self.postman.shown)

    def _refusals(self) -> Middleware:
        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                return await handler(request)
            except DearRefusal as error:
                return refusal(error, self.switches)

        return middleware

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith(CONTROL):
            raise web.HTTPNotFound(text="no such control path")
        path = request.path.lower()
        tail = path.removeprefix(BASE).rstrip("/")
        verbs = ROUTES.get(tail) if path.startswith(BASE) else None
        if verbs is None and not (path.startswith(BASE) and is_known(tail)):
            return self._unknown(request)
        request[TRACE].summary = f"{request.method.lower()} {tail}"
        self._authorise(request)
        limited = self._limited(request)
        if limited is not None:
            return limited
        if verbs is None:
            raise not_simulated(request.method, request.path)
        return await self._call(request, tail, verbs)

    async def _call(
        self, request: web.Request, tail: str, verbs: Mapping[str, books.Handler]
    ) -> web.StreamResponse:
        handler = verbs.get(request.method)
        if handler is None:
            raise DearRefusal(405, [Flaw(f"The method {request.method} is not allowed", 405)])
        trace = request[TRACE]
        body = {}
        if request.method in ("POST", "PUT"):
            body = dict(body_object(await request.read()))
        fault = trace.fault.kind if trace.fault else ""
        call = Call(
            state=self.state,
            switches=self.switches,
            query=Query(request.query),
            body=body,
            page_fault=fault if fault in PAGE_FAULTS else "",
            created=trace.created,
            changed=trace.changed,
        )
        if self.interfere is not None:
            self.interfere(request.method, tail)
        return answer(handler(call), self.switches)

    def _unknown(self, request: web.Request) -> web.Response:
        page = "/Error/PageNotFound"
        if self.switches.unknown_path == "direct" or request.path == page:
            return html()
        if request.method != "GET":
            # Seen on the wire: anything but a read goes in circles.
            return web.Response(status=302, headers={"Location": request.path})
        return web.Response(status=302, headers={"Location": page})

    def _authorise(self, request: web.Request) -> None:
        account = request.headers.get("api-auth-accountid", "").lower()
        key = request.headers.get("api-auth-applicationkey", "").lower()
        if account != self._account or key not in self._keys:
            raise DearRefusal(403, [Flaw("Incorrect credentials!", 403)])

    def _limited(self, request: web.Request) -> web.Response | None:
        """The refusal of a call beyond the limit, or None, having counted it."""
        per_key = self.switches.limit_per == "application"
        key = request.headers["api-auth-applicationkey"].lower() if per_key else ""
        calls = self._calls.setdefault(key, deque())
        now = self._clock.monotonic()
        while calls and calls[0] <= now - WINDOW:
            calls.popleft()
        if len(calls) >= self.switches.calls_per_minute:
            return self._throttled(self.switches.throttle)
        calls.append(now)
        return None

    def _throttled(self, flavour: str) -> web.Response:
        match flavour:
            case "429_bare":
                return web.Response(status=429)
            case "503_bare":
                return web.Response(status=503)
            case "400_model":
                return refusal(DearRefusal(400, [Flaw(LIMIT_TEXT)]), self.switches)
            case _:
                error = DearRefusal(429, [Flaw(LIMIT_TEXT, 429)])
                response = refusal(error, self.switches)
                response.headers["Retry-After"] = "60 Seconds"
                return response

    def _flavoured(self, _: web.Request, fault: Fault) -> web.Response | None:
        """Scripted faults that only this system can phrase."""
        if fault.kind == "throttle":
            return self._throttled(fault.flavour or self.switches.throttle)
        if fault.kind == "fault_200":
            if fault.body.startswith(("[", "{")):
                return web.Response(body=fault.body.encode(), content_type="application/json")
            rows = [{"ErrorCode": 400, "Exception": fault.body or "Something went wrong"}]
            return answer(rows, self.switches)
        if fault.kind in PAGE_FAULTS:
            return None
        text = f"fault script: DEAR knows no '{fault.kind}'"
        return refusal(DearRefusal(501, [Flaw(text, 501)]), self.switches)
