"""The daemon as an object: typed calls over its unix socket. All that front ends may use of it.

Must not import the daemon's insides: it loads in a terminal that only wants to ask.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Self, TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from daemon.control.protocol import (
    DEFAULT_PAGE,
    ApproveAnswer,
    ApproveRequest,
    Code,
    CycleAnswer,
    CycleRequest,
    Declined,
    DoneAnswer,
    HistoryAnswer,
    LinkRequest,
    PlanAnswer,
    Refusal,
    ResolveRequest,
    RetryRequest,
    SendRequest,
    StatusAnswer,
)
from daemon.control.protocol_catalogue import (
    CatalogueAnswer,
    CatalogueApproveRequest,
    CataloguePlanRequest,
    CatalogueReportAnswer,
    CatalogueRequest,
    CatalogueSettleRequest,
)
from daemon.control.protocol_ledger import BackupAnswer, BackupRequest, VerifyAnswer
from daemon.control.protocol_totals import TotalsAnswer, TotalsRequest
from daemon.control.protocol_valves import (
    AcceptAbsenceRequest,
    DeskAnswer,
    PauseRequest,
    RemapRequest,
    RemapsAnswer,
    ResumeRequest,
    RetryPatternRequest,
    SkipRequest,
    SkipsAnswer,
)
from ledger.model.errors import TrueupError

QUICK_S = 30.0
"""An answer from memory and disk takes less; longer means that something is stuck."""
REPORT_S = 600.0
"""A report reads every document there is."""
LONG_S = 4 * 3600.0
"""A first cycle over a large company, or a backup, may take hours."""
MAX_ANSWER = 256 * 1024 * 1024

_Answer = TypeVar("_Answer", bound=BaseModel)


class DaemonAbsent(TrueupError):
    """No daemon is listening."""


class NoAnswer(TrueupError):
    """The daemon took the request and did not answer in time."""


class ControlClient:
    """``async with ControlClient(path) as daemon: await daemon.status()``"""

    def __init__(self, path: Path, *, quick_s: float = QUICK_S) -> None:
        self._path = path
        self._quick_s = quick_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.UnixConnector(path=str(self._path))
        self._session = aiohttp.ClientSession(connector=connector)
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def status(self, *, counts: bool = True) -> StatusAnswer:
        """``counts=False`` leaves out the numbers of records: cheap enough to ask every second."""
        return await self._get("/v1/status", StatusAnswer, counts="1" if counts else "0")

    async def plan(
        self,
        *,
        limit: int = DEFAULT_PAGE,
        offset: int = 0,
        code: str = "",
        record: str = "",
        digest: str = "",
    ) -> PlanAnswer:
        """With ``code`` only what is held for that reason, and no operations; with ``record`` (our
        id, a reference, a SKU, code, name or number) all that is planned and held of that one;
        with ``digest`` (any unique beginning) that one operation."""
        page = {"limit": str(limit), "offset": str(offset)}
        part = {"code": code, "record": record, "digest": digest}
        return await self._get("/v1/plan", PlanAnswer, **page, **part)

    async def approve(
        self,
        digests: Sequence[str] = (),
        *,
        everything: bool = False,
        expect_count: int | None = None,
        note: str = "",
        dry_run: bool = False,
    ) -> ApproveAnswer:
        """Raises ``Declined`` (stale) when a digest waits no longer or the count is another."""
        request = ApproveRequest(
            digests=tuple(digests),
            all=everything,
            expect_count=expect_count,
            note=note,
            dry_run=dry_run,
        )
        return await self._post("/v1/approve", request, ApproveAnswer)

    async def cycle(self, reason: str = "operator") -> CycleAnswer:
        """Run a cycle now and wait for its end."""
        return await self._post("/v1/cycle", CycleRequest(reason=reason), CycleAnswer, LONG_S)

    async def send(self, kind: str, ref: str) -> CycleAnswer:
        """Send one record through the gate and wait for the end of that cycle."""
        return await self._post("/v1/send", SendRequest(kind=kind, ref=ref), CycleAnswer, LONG_S)

    async def history(self, record: str) -> HistoryAnswer:
        return await self._get("/v1/history", HistoryAnswer, record=record)

    async def totals(self, request: TotalsRequest) -> TotalsAnswer:
        """Both sides' totals; takes ten seconds or so per 100,000 documents."""
        return await self._post("/v1/totals", request, TotalsAnswer, REPORT_S)

    async def resolve(self, request: ResolveRequest) -> DoneAnswer:
        return await self._post("/v1/resolve", request, DoneAnswer)

    async def retry(self, request: RetryRequest) -> DoneAnswer:
        return await self._post("/v1/retry", request, DoneAnswer)

    async def link(self, request: LinkRequest) -> DoneAnswer:
        return await self._post("/v1/link", request, DoneAnswer)

    async def pause(self, request: PauseRequest) -> DoneAnswer:
        return await self._post("/v1/pause", request, DoneAnswer)

    async def resume(self, request: ResumeRequest) -> DoneAnswer:
        return await self._post("/v1/resume", request, DoneAnswer)

    async def skip(self, request: SkipRequest) -> DoneAnswer:
        return await self._post("/v1/skip", request, DoneAnswer)

    async def skips(self, *, limit: int = DEFAULT_PAGE) -> SkipsAnswer:
        return await self._get("/v1/skips", SkipsAnswer, limit=str(limit))

    async def retry_pattern(self, request: RetryPatternRequest) -> DoneAnswer:
        return await self._post("/v1/retry-pattern", request, DoneAnswer)

    async def desk(
        self, *, pattern: str = "", limit: int = DEFAULT_PAGE, offset: int = 0
    ) -> DeskAnswer:
        """What does not flow; with ``pattern`` (or a code) what is held for that alone."""
        page = {"limit": str(limit), "offset": str(offset)}
        return await self._get("/v1/desk", DeskAnswer, pattern=pattern, **page)

    async def accept_absence(self, request: AcceptAbsenceRequest) -> DoneAnswer:
        return await self._post("/v1/accept-absence", request, DoneAnswer)

    async def remap(self, request: RemapRequest) -> DoneAnswer:
        return await self._post("/v1/remap", request, DoneAnswer)

    async def remaps(self) -> RemapsAnswer:
        return await self._get("/v1/remaps", RemapsAnswer)

    async def catalogue(self) -> CatalogueAnswer:
        """Where the catalogue job stands."""
        return await self._get("/v1/catalogue", CatalogueAnswer)

    async def catalogue_plan(self, request: CataloguePlanRequest) -> CatalogueAnswer:
        """Open a job, freeze items, read both catalogues whole and plan; takes as long as that."""
        return await self._post("/v1/catalogue/plan", request, CatalogueAnswer, LONG_S)

    async def catalogue_settle(self, request: CatalogueSettleRequest) -> CatalogueAnswer:
        return await self._post("/v1/catalogue/settle", request, CatalogueAnswer)

    async def catalogue_approve(self, request: CatalogueApproveRequest) -> CatalogueAnswer:
        return await self._post("/v1/catalogue/approve", request, CatalogueAnswer, REPORT_S)

    async def catalogue_act(self, act: str, reason: str = "") -> CatalogueAnswer:
        """``run``, ``pause``, ``resume`` or ``abort``."""
        request = CatalogueRequest(reason=reason)
        return await self._post(f"/v1/catalogue/{act}", request, CatalogueAnswer, REPORT_S)

    async def catalogue_report(
        self, *, limit: int = DEFAULT_PAGE, offset: int = 0
    ) -> CatalogueReportAnswer:
        """A page of the plan, or of what became of it once the job is over."""
        page = {"limit": str(limit), "offset": str(offset)}
        return await self._get("/v1/catalogue/report", CatalogueReportAnswer, **page)

    async def verify(self) -> VerifyAnswer:
        """Walk the whole journal; takes a second or so per 100,000 entries."""
        async with self._send("GET", "/v1/ledger/verify", limit_s=LONG_S) as reply:
            return await _parsed(reply, VerifyAnswer)

    async def backup(self, path: str = "") -> BackupAnswer:
        return await self._post("/v1/ledger/backup", BackupRequest(path=path), BackupAnswer, LONG_S)

    async def export(self, *, bodies: bool = False) -> AsyncIterator[bytes]:
        """JSON lines of the whole journal, in chunks that end anywhere."""
        params = {"bodies": "1" if bodies else "0"}
        async with self._send("GET", "/v1/ledger/export", params=params, limit_s=LONG_S) as reply:
            if reply.status != 200:
                await _parsed(reply, VerifyAnswer)
            async for chunk in reply.content.iter_chunked(64 * 1024):
                yield chunk

    async def _get(self, path: str, answer: type[_Answer], **params: str) -> _Answer:
        async with self._send("GET", path, params=params) as reply:
            return await _parsed(reply, answer)

    async def _post(
        self,
        path: str,
        request: BaseModel,
        answer: type[_Answer],
        limit_s: float | None = None,
    ) -> _Answer:
        body = request.model_dump_json().encode()
        async with self._send("POST", path, body=body, limit_s=limit_s) as reply:
            return await _parsed(reply, answer)

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: bytes | None = None,
        limit_s: float | None = None,
    ) -> "_Exchange":
        assert self._session is not None, "use the client as a context manager"
        request = self._session.request(
            method,
            f"http://trueup{path}",
            params=params,
            data=body,
            headers={"Content-Type": "application/json"} if body is not None else {},
            timeout=aiohttp.ClientTimeout(total=limit_s or self._quick_s),
        )
        return _Exchange(request, self._path)


class _Exchange:
    """One request, whose transport errors become ours at every point where they can appear."""

    def __init__(self, request: "aiohttp.client._RequestContextManager", socket: Path) -> None:
        self._request = request
        self._socket = socket

    async def __aenter__(self) -> aiohttp.ClientResponse:
        try:
            return await self._request.__aenter__()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._ours(error) from error

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        await self._request.__aexit__(None, None, None)
        if isinstance(error, aiohttp.ClientError | TimeoutError | OSError):
            raise self._ours(error) from error

    def _ours(self, error: BaseException) -> TrueupError:
        if isinstance(error, asyncio.TimeoutError):
            return NoAnswer(
                "the daemon did not answer in time",
                cure="see its log; the request may still be carried out",
            )
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        if isinstance(cause, PermissionError):
            return Declined(
                Code.NOT_PERMITTED,
                f"you may not use the daemon's socket {self._socket}",
                cure="run this as the user that the daemon runs as",
            )
        if isinstance(error, aiohttp.ClientConnectorError):
            return DaemonAbsent(
                f"no daemon is listening on {self._socket}",
                cure="start it with: trueup run --config FILE",
            )
        return NoAnswer("the daemon closed the connection", cure="see its log, then try again")


async def _parsed(reply: aiohttp.ClientResponse, answer: type[_Answer]) -> _Answer:
    data = await _body(reply)
    try:
        if reply.status == 200:
            return answer.model_validate_json(data)
        refusal = Refusal.model_validate_json(data)
    except ValidationError as error:
        if reply.status >= 500:
            raise NoAnswer(
                f"the daemon failed inside while it answered ({reply.status})",
                cure="its log has the reason; nothing is lost, the next cycle goes on by itself",
            ) from error
        raise NoAnswer(
            f"the daemon answered {reply.status} in words this version does not know",
            cure="use the same version of trueup for both (trueup version); see the daemon's log",
        ) from error
    raise Declined(refusal.code, refusal.message, cure=refusal.cure)


async def _body(reply: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in reply.content.iter_chunked(64 * 1024):
        data += chunk
        if len(data) > MAX_ANSWER:
            raise NoAnswer("the daemon's answer has no end", cure="report this")
    return bytes(data)
