"""The simulator as a web application: addresses, authentication, replay, answers.

``QboTwin`` is all that other code needs. Everything is held in memory and starts from a world.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from daemon.clock import Clock
from daemon.sandbox.faults import Fault, FaultScript
from daemon.sandbox.postman import Letter, Post, Postman
from daemon.sandbox.qbo import (
    batch,
    cdc,
    control,
    crud,
    faultbodies,
    notices,
    posting,
    query,
    seed,
    taxservice,
)
from daemon.sandbox.qbo.crud import Options, Written
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.faultbodies import GatewayFault, QboFault
from daemon.sandbox.qbo.limits import Limits
from daemon.sandbox.qbo.oauth import TOKEN_PATH, TokenServer
from daemon.sandbox.qbo.render import envelope, show
from daemon.sandbox.qbo.replay import Answer, Replay, fingerprint
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.switches import QboSwitches, flip
from daemon.sandbox.qbo.times import envelope_stamp
from daemon.sandbox.qbo.txnentities import BY_PATH, NOT_SIMULATED
from daemon.sandbox.qbo.wire import Wire, decode, encode, to_xml
from daemon.sandbox.requestlog import RequestLog
from daemon.sandbox.server import CONTROL, HTML_PAGE, MAX_BODY, TRACE, control_routes, wire
from daemon.sandbox.world import World

SYSTEM: Final = "qbo"
_COMPRESS_FROM: Final = 2048
_PAGE_FAULTS: Final = frozenset({"drop_page", "repeat_page", "shift_page"})
_ELSEWHERE: Final = frozenset({"reports", "upload", "download"})


class QboTwin:
    """A strict QuickBooks Online company with its token server.

    ``app`` is served as it is; ``state`` (the books), ``limits``, ``tokens`` and ``switches`` are
    open to tests; ``credentials`` is what a client needs besides the addresses.
    """

    def __init__(
        self,
        world: World,
        *,
        clock: Clock,
        faults: FaultScript | None = None,
        log: RequestLog | None = None,
        switches: QboSwitches | None = None,
    ) -> None:
        self.switches = switches if switches is not None else QboSwitches()
        self.faults = faults if faults is not None else FaultScript()
        self.log = log if log is not None else RequestLog(clock)
        self.state = Books(world.company, clock, self.switches)
        self.tokens = TokenServer(world, clock, self.switches)
        self.limits = Limits(clock, self.switches)
        self.postman = Postman(clock, self._post, self._letters, notices.RETRIES)
        self._replay = Replay(self.switches)
        self._answered = 0
        seed.fill(self.state, world)
        self.state.tell = self._happened
        outer = wire(
            SYSTEM, faults=self.faults, log=self.log, clock=clock, flavoured=self._flavoured
        )
        self.app = web.Application(
            middlewares=[outer, self._faults_to_answers()], client_max_size=MAX_BODY
        )
        self.app.cleanup_ctx.append(self.postman.work)
        self.app.add_routes(self.tokens.routes())
        self.app.add_routes(control_routes(faults=self.faults, log=self.log))
        self.app.router.add_post(CONTROL + "edit", self._edit)
        self.app.router.add_get(CONTROL + "state/{kind}", self._dump)
        self.app.router.add_get(CONTROL + "notices", self._notices)
        self.app.router.add_get(CONTROL + "switches", self._switches)
        self.app.router.add_post(CONTROL + "switches", self._switches)
        self.app.router.add_route("*", "/v3/company/{realm}/{tail:.*}", self._company)

    @property
    def credentials(self) -> dict[str, str]:
        """Realm, client and tokens of the connection that exists from the start."""
        return {
            "realm_id": self.state.company.realm_id,
            "client_id": self.tokens.client_id,
            "client_secret": self.tokens.client_secret,
            "refresh_token": self.tokens.refresh_token,
            "access_token": self.tokens.access_token,
        }

    @staticmethod
    def addresses(url: str) -> dict[str, str]:
        """What a client needs to know when ``app`` is served at ``url``."""
        return {
            "base_url": url,
            "token_url": url + TOKEN_PATH,
            "discovery_url": f"{url}/.well-known/openid_sandbox_configuration",
            "control_url": url,
        }

    def _happened(self, stored: Stored, what: notices.Operation, loser: str) -> None:
        if self.switches.webhook_url and notices.raises_notice(stored.spec.name, what):
            at = self.state.exact_now()
            self.postman.tell(notices.Event(stored.spec.name, stored.id, what, at, loser))

    def _post(self) -> Post:
        switches = self.switches
        return Post(switches.webhook_url, switches.webhook_delay_seconds, switches.webhook_fate)

    def _letters(self, events: Sequence[notices.Event]) -> Sequence[Letter]:
        return notices.letters(events, self.state.company.realm_id, self.switches)

    def _faults_to_answers(self) -> Any:
        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                return await handler(request)
            except QboFault as fault:
                return self._refusal(request, fault)

        return middleware

    def _flavoured(self, request: web.Request, fault: Fault) -> web.Response | None:
        """Answers to scripted faults that only QBO phrases this way."""
        match fault.kind:
            case "throttle" if fault.flavour == "html":
                return web.Response(status=429, text=HTML_PAGE, content_type="text/html")
            case "throttle":
                answer = self._refusal(request, faultbodies.throttled(fault.flavour))
                answer.headers.update(fault.headers)
                return answer
            case "stale":
                return self._refusal(request, faultbodies.stale())
            case "fault_200":
                refusal = faultbodies.application_error("scripted fault", status=200)
                return self._refusal(request, refusal)
            case "expire_token" if request.path != TOKEN_PATH:
                token = request.headers.get("Authorization", "").removeprefix("Bearer ")
                return self._refusal(request, faultbodies.token_expired(token))
            case _:
                return None

    async def _company(self, request: web.Request) -> web.Response:
        self.tokens.check(request.headers.get("Authorization", ""))
        if request.match_info["realm"] != self.state.company.realm_id:
            raise faultbodies.wrong_realm()
        path = request.match_info["tail"].split("/")
        self.limits.admit(batch=path == ["batch"])
        version = request.query.get("minorversion", "")
        if version and not version.isdecimal():
            wrong = faultbodies.bad_value("minorversion", version, code="2090")
            raise QboFault([wrong])
        match request.method, path:
            case ("GET", ["query"]) | ("POST", ["query"]):
                return await self._query(request)
            case "GET", ["cdc"]:
                return self._cdc(request)
            case "GET", ["preferences"]:
                return self._read(request, BY_PATH["preferences"], "1")
            case "GET", ["companyinfo", realm]:
                known = realm == self.state.company.realm_id
                return self._read(request, BY_PATH["companyinfo"], "1" if known else realm)
            case "GET", [segment, record_id] if segment in BY_PATH:
                return self._read(request, BY_PATH[segment], record_id)
            case "POST", ["batch"] | ["taxservice", "taxcode"] | [_]:
                return await self._write(request, path)
            case _:
                raise self._unknown(path)

    def _unknown(self, path: list[str]) -> QboFault:
        head = path[0]
        if head in BY_PATH or head in NOT_SIMULATED or head in _ELSEWHERE:
            return faultbodies.not_simulated("/".join(path))
        return faultbodies.unsupported(head)

    async def _query(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            if request.content_type not in ("application/text", "text/plain"):
                raise faultbodies.content_type(request.content_type)
            text = (await request.read()).decode("utf-8", "replace")
        else:
            text = request.query.get("query", "")
        trace = request[TRACE]
        trace.summary = "query"
        self.limits.meter()
        spoiled = trace.fault.kind if trace.fault and trace.fault.kind in _PAGE_FAULTS else ""
        entity, answer = query.run(self.state, text, page_fault=spoiled)
        trace.summary = f"query {entity}"
        return self._answer(request, envelope(self.state, "QueryResponse", answer))

    def _cdc(self, request: web.Request) -> web.Response:
        entities = request.query.get("entities", "")
        request[TRACE].summary = f"cdc {entities}"
        self.limits.meter()
        since = request.query.get("changedSince", "")
        return self._answer(request, cdc.run(self.state, entities, since))

    def _read(self, request: web.Request, spec: Spec, record_id: str) -> web.Response:
        request[TRACE].summary = f"read {control.kind_of(spec)} {record_id}"
        self.limits.meter()
        stored = crud.read(self.state, spec, record_id)
        return self._answer(request, envelope(self.state, spec.name, show(self.state, stored)))

    async def _write(self, request: web.Request, path: list[str]) -> web.Response:
        """Every POST that changes something, with its request id."""
        if request.content_type != "application/json":
            raise faultbodies.content_type(request.content_type)
        data = await request.read()
        request_id = request.query.get("requestid", "")
        request[TRACE].request_id = request_id
        if not request_id:
            return self._carry_out(request, path, data)
        is_batch = path == ["batch"]
        mark = fingerprint(request.method, request.path, data)
        known = self._replay.find(request_id, mark, batch=is_batch)
        if known is not None:
            request[TRACE].summary = f"replay {'/'.join(path)}"
            return self._raw(known.status, known.body, known.content_type)
        try:
            answer = self._carry_out(request, path, data)
        except QboFault as fault:
            answer = self._refusal(request, fault)
        body = answer.body if isinstance(answer.body, bytes) else b""
        self._replay.store(request_id, Answer(mark, answer.status, body, answer.content_type))
        return answer

    def _carry_out(self, request: web.Request, path: list[str], data: bytes) -> web.Response:
        try:
            body = decode(data)
        except ValueError as error:
            raise faultbodies.unknown_property("(body)") from error
        trace = request[TRACE]
        match path:
            case ["batch"]:
                items = batch.items_of(body, short_ids=bool(trace.request_id))
                trace.summary = f"batch {len(items)}"
                answer = batch.run(
                    self.state,
                    items,
                    written=lambda result: self._note(request, result),
                    metered_read=self.limits.meter,
                )
                return self._answer(request, answer)
            case ["taxservice", "taxcode"]:
                trace.summary = "create tax_code"
                answer = taxservice.create(self.state, body)
                trace.created.append(f"tax_code/{answer['TaxCodeId']}")
                return self._answer(request, answer)
            case [segment, *_]:
                spec = BY_PATH.get(segment)
                if spec is None:
                    raise self._unknown(path)
                return self._answer(request, self._write_one(request, spec, body))
            case _:
                raise self._unknown(path)

    def _write_one(self, request: web.Request, spec: Spec, body: Any) -> Wire:
        include = request.query.get("include", "").lower()
        operation = request.query.get("operation", "").lower()
        known = {"", "allowduplicatedocnum", "invoicelink", "donotupdateaccountontxns", "void"}
        if include not in known:
            raise faultbodies.not_simulated(f"include={include}")
        has_id = isinstance(body, dict) and body.get("Id")
        verb = operation or ("update" if has_id else "create")
        verb = "void" if include == "void" else verb
        suffix = f" {body['Id']}" if has_id else ""
        request[TRACE].summary = f"{verb} {control.kind_of(spec)}{suffix}"
        options = Options(
            operation=operation,
            allow_duplicate=include == "allowduplicatedocnum",
            include_void=include == "void",
        )
        result = crud.write(self.state, spec, body, options)
        self._note(request, result)
        return envelope(self.state, spec.name, result.shown(self.state))

    def _note(self, request: web.Request, result: Written) -> None:
        name = f"{control.kind_of(result.stored.spec)}/{result.stored.id}"
        if result.view == "created":
            request[TRACE].created.append(name)
        elif result.changed:
            request[TRACE].changed.append(name)

    async def _edit(self, request: web.Request) -> web.Response:
        try:
            return self._raw(200, encode(control.edit(self.state, decode(await request.read()))))
        except QboFault as fault:
            return self._raw(400, encode({"Fault": fault.fault()}))
        except ValueError as error:
            return self._raw(400, encode({"error": str(error)}))

    async def _switches(self, request: web.Request) -> web.Response:
        """All switches; a POST sets some of them first."""
        try:
            if request.method == "POST":
                given = decode(await request.read())
                if not isinstance(given, dict):
                    raise ValueError("switches are an object: name and value")
                flip(self.switches, given)
                if "webhook_url" in given:
                    self.postman.switch_on()
        except ValueError as error:
            return self._raw(400, encode({"error": str(error)}))
        return self._raw(200, encode(asdict(self.switches)))

    async def _notices(self, _: web.Request) -> web.Response:
        return self._raw(200, encode(self.postman.shown))

    async def _dump(self, request: web.Request) -> web.Response:
        if request.match_info["kind"] == "posting":
            return self._raw(200, encode(posting.dump(self.state)))
        spec = control.spec_of(request.match_info["kind"])
        if spec is None:
            known = ", ".join(control.KINDS)
            return self._raw(404, encode({"error": f"unknown kind (one of: {known})"}))
        return self._raw(200, encode(control.dump(self.state, spec)))

    def _answer(self, request: web.Request, body: Wire, status: int = 200) -> web.Response:
        asks_json = "json" in request.headers.get("Accept", "")
        if (
            asks_json
            or request.query.get("format") == "json"
            or self.switches.without_accept == "json"
        ):
            return self._raw(status, encode(body))
        return self._raw(status, to_xml(body), "application/xml")

    def _refusal(self, request: web.Request, fault: QboFault) -> web.Response:
        if isinstance(fault, GatewayFault):
            epoch = int(self.state.exact_now().timestamp() * 1000)
            return self._answer(request, fault.body(epoch), fault.status)
        time = envelope_stamp(self.state.exact_now())
        return self._answer(request, {"Fault": fault.fault(), "time": time}, fault.status)

    def _raw(
        self, status: int, body: bytes, content_type: str = "application/json"
    ) -> web.Response:
        self._answered += 1
        answer = web.Response(
            status=status,
            body=body,
            content_type=content_type,
            charset="utf-8",
            zlib_executor_size=len(body),  # never in a thread, which would answer when it likes
            headers={
                "intuit_tid": f"1-sandbox-{self._answered:08x}",
                "QBO-Version": "sandbox",
                "Cache-Control": "no-cache, no-store",
            },
        )
        if len(body) >= _COMPRESS_FROM:
            answer.enable_compression()
        return answer
