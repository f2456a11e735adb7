"""Serving a twin over real TCP on the loopback address, and the wire faults all twins share.

``serve`` runs an application; ``wire`` is the outermost middleware of every twin: it plays the
faults that need no knowledge of a system and writes the request log. Faults that only the system
itself can phrase are handed to the twin. Nothing here knows QBO or DEAR.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from daemon.clock import Clock
from daemon.sandbox.faults import Fault, FaultScript
from daemon.sandbox.requestlog import Exchange, RequestLog

MAX_BODY: Final = 32 * 1024 * 1024
HTML_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>Page not found</title></head><body></body></html>"
)
CONTROL: Final = "/_sandbox/"
"""Prefix of the control plane; its requests are neither logged nor faulted."""


@dataclass(slots=True)
class Trace:
    """What a twin tells about the request at hand; ``wire`` turns it into a log row."""

    fault: Fault | None = None
    """The scripted fault of this request; the twin plays those that ``wire`` does not."""
    summary: str = ""
    request_id: str = ""
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    secrets: frozenset[str] = frozenset({"code", "token"})
    """Query parameters whose values stay out of the log."""


TRACE: Final = web.RequestKey("trace", Trace)
"""``request[TRACE]`` inside any handler behind ``wire``."""

Flavoured: TypeAlias = Callable[[web.Request, Fault], web.Response | None]
"""A twin's own answer to a fault, or None when its handlers play the fault themselves."""


def wire(
    system: str,
    *,
    faults: FaultScript,
    log: RequestLog,
    clock: Clock,
    flavoured: Flavoured,
) -> Middleware:
    """The outermost middleware of a twin: request log and scripted faults.

    Played here: ``lost_request``, ``lost_reply``, ``status``, ``html_200``, ``slow`` and
    ``truncated_body``. For every other kind ``flavoured`` is asked for the answer; when it
    returns None the request goes on with ``request[TRACE].fault`` set.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(CONTROL):
            return await handler(request)
        fault = faults.take(system, request.method, request.path, query=request.query_string)
        trace = Trace(fault=fault)
        request[TRACE] = trace
        status = 0
        try:
            response = await _play(request, trace.fault, handler)
            status = _status(response, trace.fault)
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            log.add(_exchange(system, request, trace, status))

    async def _play(
        request: web.Request, fault: Fault | None, handler: Handler
    ) -> web.StreamResponse:
        if fault is None:
            return await handler(request)
        match fault.kind:
            case "lost_request":
                return drop(request)
            case "lost_reply":
                await handler(request)
                return drop(request)
            case "status":
                return web.Response(
                    status=fault.status, body=fault.body.encode(), headers=fault.headers
                )
            case "html_200":
                return web.Response(text=HTML_PAGE, content_type="text/html")
            case "slow":
                await clock.sleep(fault.seconds)
                return await handler(request)
            case "truncated_body":
                return await truncate(request, await handler(request))
            case _:
                answer = flavoured(request, fault)
                return answer if answer is not None else await handler(request)

    return middleware


def _exchange(system: str, request: web.Request, trace: Trace, status: int) -> Exchange:
    return Exchange(
        system=system,
        method=request.method,
        path=request.path,
        query=_shown_query(request, trace.secrets),
        summary=trace.summary,
        status=status,
        request_id=trace.request_id,
        fault=trace.fault.kind if trace.fault else "",
        created=trace.created,
        changed=trace.changed,
    )


def _status(response: web.StreamResponse, fault: Fault | None) -> int:
    if fault is not None and fault.kind in ("lost_request", "lost_reply"):
        return 0
    return response.status


def _shown_query(request: web.Request, secrets: frozenset[str]) -> str:
    pairs = request.rel_url.query.items()
    return "&".join(f"{name}={'...' if name in secrets else value}" for name, value in pairs)


def drop(request: web.Request) -> web.Response:
    """Close the connection at once; the client sees it end without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def truncate(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    """Send the head and half of the body of ``whole``, then close the connection."""
    body = whole.body if isinstance(whole, web.Response) else b""
    data = body if isinstance(body, bytes | bytearray) else b""
    partial = web.StreamResponse(status=whole.status, headers=whole.headers)
    partial.content_length = max(2, len(data))
    await partial.prepare(request)
    await partial.write(bytes(data[: len(data) // 2]) or b"{")
    if request.transport is not None:
        request.transport.close()
    return partial


def control_routes(*, faults: FaultScript, log: RequestLog) -> list[web.RouteDef]:
    """The part of the control plane that every twin has.

    ``GET /_sandbox/log[?after=n&system=qbo&limit=m]`` answers the rows of the request log;
    ``POST /_sandbox/faults`` appends a list of rules, 400 with every problem when one is wrong;
    ``DELETE /_sandbox/faults`` forgets them.
    """

    async def get_log(request: web.Request) -> web.Response:
        try:
            after = int(request.query.get("after", "0"))
            limit = int(request.query.get("limit", "1000"))
        except ValueError:
            return web.json_response({"error": "after and limit are whole numbers"}, status=400)
        return web.json_response(
            log.since(after, system=request.query.get("system", ""), limit=limit)
        )

    async def add_faults(request: web.Request) -> web.Response:
        try:
            rules = await request.json()
            if not isinstance(rules, list):
                raise ValueError("a fault script is a list of rules")
            faults.extend(rules)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"pending": faults.pending})

    async def clear_faults(_: web.Request) -> web.Response:
        faults.clear()
        return web.json_response({"pending": 0})

    return [
        web.get(CONTROL + "log", get_log),
        web.post(CONTROL + "faults", add_faults),
        web.delete(CONTROL + "faults", clear_faults),
    ]


@asynccontextmanager
async def serve(app: web.Application, port: int = 0) -> AsyncIterator[str]:
    """Serve ``app`` on 127.0.0.1 and yield its base URL without a trailing slash.

    Port 0 takes a free port. Raises ``OSError`` when the port is taken. On leaving, open
    connections are closed and the port is free again.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        host, bound = runner.addresses[0][:2]
        yield f"http://{host}:{bound}"
    finally:
        await runner.cleanup()
