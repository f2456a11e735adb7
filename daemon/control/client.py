"""The daemon as an object: typed calls over its unix socket. All that front ends may use of it.

Must not import the daemon's insides: it loads in a terminal that only wants to ask.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Self, TypeVar

import aiohttp
from pydantic import BaseModel

from daemon.control.exchange import DaemonAbsent, Exchange, NoAnswer, event_in, lines, parsed
from daemon.control.protocol import (
    DEFAULT_PAGE,
    ApproveAnswer,
    ApproveRequest,
    CycleAnswer,
    CycleRequest,
    DoneAnswer,
    HistoryAnswer,
    LinkRequest,
    PlanAnswer,
    ResolveRequest,
    RetryRequest,
    SendRequest,
    StatusAnswer,
    WithdrawRequest,
)
from daemon.control.protocol_catalogue import (
    CatalogueAnswer,
    CatalogueApproveRequest,
    CataloguePlanRequest,
    CatalogueReportAnswer,
    CatalogueRequest,
    CatalogueSettleAllRequest,
    CatalogueSettleRequest,
)
from daemon.control.protocol_connect import (
    ConnectAnswer,
    ConnectCheckRequest,
    ConnectFinishRequest,
    ConnectionsAnswer,
    ConnectRequest,
    DisconnectRequest,
)
from daemon.control.protocol_doctor import ExamineAnswer, ExamineRequest
from daemon.control.protocol_drift import (
    DriftAnswer,
    DriftHistoryAnswer,
    DriftQuery,
    QueueAnswer,
    QueueQuery,
    RecordAnswer,
    RequestAnswer,
    TimelineAnswer,
    TimelineQuery,
)
from daemon.control.protocol_ledger import BackupAnswer, BackupRequest, VerifyAnswer
from daemon.control.protocol_live import Event, HealthAnswer, WhoAnswer
from daemon.control.protocol_reload import ReloadAnswer, ReloadRequest
from daemon.control.protocol_report import ReportRequest
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

__all__ = ["ControlClient", "DaemonAbsent", "NoAnswer"]

QUICK_S = 30.0
"""An answer from memory and disk takes less; longer means that something is stuck."""
REPORT_S = 600.0
"""A report reads every document there is."""
LONG_S = 4 * 3600.0
"""A first cycle over a large company, or a backup, may take hours."""
CONNECT_S = 600.0
"""A system that is asked how it stands may be slow, or make us wait for its limits."""
SILENT_S = 15.0
"""Three times as long as an event stream is ever silent."""

_Answer = TypeVar("_Answer", bound=BaseModel)


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

    async def who(self) -> WhoAnswer:
        """Who the daemon takes this user for, and what is allowed."""
        return await self._get("/v1/who", WhoAnswer)

    async def health(self) -> HealthAnswer:
        """Connections, budgets and the process; costs no call to any system."""
        return await self._get("/v1/health", HealthAnswer)

    async def events(self, run: str = "", after: int = 0) -> AsyncIterator[Event]:
        """What happens from now on, until the caller stops asking or the daemon ends.

        With ``run`` and ``after`` of the last event seen: what was missed since, or one ``resync``.
        Raises ``NoAnswer`` when the stream falls silent, ``Declined`` (busy) when too many listen.
        """
        params = {"run": run, "after": str(after)}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._quick_s, sock_read=SILENT_S)
        async with self._send("GET", "/v1/events", params=params, timeout=timeout) as reply:
            if reply.status != 200:
                await parsed(reply, WhoAnswer)
            async for line in lines(reply):
                yield event_in(line)

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

    async def drift(self, query: DriftQuery) -> DriftAnswer:
        """One page of the records on which the systems differ."""
        return await self._post("/v1/drift", query, DriftAnswer)

    async def drift_history(self) -> DriftHistoryAnswer:
        return await self._get("/v1/drift/history", DriftHistoryAnswer)

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

    async def withdraw(self, request: WithdrawRequest) -> DoneAnswer:
        """Take back the yes to exactly these digests."""
        return await self._post("/v1/withdraw", request, DoneAnswer)

    async def cycle(self, reason: str = "operator") -> CycleAnswer:
        """Run a cycle now and wait for its end."""
        return await self._post("/v1/cycle", CycleRequest(reason=reason), CycleAnswer, LONG_S)

    async def send(self, kind: str, ref: str, reason: str = "") -> CycleAnswer:
        """Send one record through the gate and wait for the end of that cycle."""
        request = SendRequest(kind=kind, ref=ref, reason=reason)
        return await self._post("/v1/send", request, CycleAnswer, LONG_S)

    async def history(self, record: str) -> HistoryAnswer:
        return await self._get("/v1/history", HistoryAnswer, record=record)

    async def record(self, record: str) -> RecordAnswer:
        """One record whole: three-way diff, what will be written, what holds it, its life."""
        return await self._get("/v1/record", RecordAnswer, record=record)

    async def request(self, digest: str) -> RequestAnswer:
        """The request that one operation would leave as, if it left now."""
        return await self._get("/v1/operation/request", RequestAnswer, digest=digest)

    async def queue(self, query: QueueQuery) -> QueueAnswer:
        """Operations of any state, and how fast writes go."""
        return await self._post("/v1/queue", query, QueueAnswer)

    async def timeline(self, query: TimelineQuery) -> TimelineAnswer:
        """Entries of the ledger, newest first; ``next_before`` says where to go on."""
        return await self._post("/v1/ledger/entries", query, TimelineAnswer)

    async def totals(self, request: TotalsRequest) -> TotalsAnswer:
        """Both sides' totals; takes ten seconds or so per 100,000 documents."""
        return await self._post("/v1/totals", request, TotalsAnswer, REPORT_S)

    async def report(self, request: ReportRequest) -> AsyncIterator[bytes]:
        """The reconciliation report as JSON lines, in chunks that end anywhere: a
        ``ReportSummary``, then a ``RecordShown`` for each record."""
        body = request.model_dump_json().encode()
        async with self._send("POST", "/v1/report", body=body, limit_s=REPORT_S) as reply:
            if reply.status != 200:
                await parsed(reply, TotalsAnswer)
            async for chunk in reply.content.iter_chunked(64 * 1024):
                yield chunk

    async def resolve(self, request: ResolveRequest) -> DoneAnswer:
        return await self._post("/v1/resolve", request, DoneAnswer)

    async def retry(self, request: RetryRequest) -> DoneAnswer:
        return await self._post("/v1/retry", request, DoneAnswer)

    async def link(self, request: LinkRequest) -> DoneAnswer:
        return await self._post("/v1/link", request, DoneAnswer)

    async def connect(self, request: ConnectRequest) -> ConnectAnswer:
        """Where a person gives access to a system."""
        return await self._post("/v1/connect", request, ConnectAnswer, CONNECT_S)

    async def connect_finish(self, request: ConnectFinishRequest) -> ConnectionsAnswer:
        """Bring the answer; the new login is in force when this returns."""
        return await self._post("/v1/connect/finish", request, ConnectionsAnswer, CONNECT_S)

    async def connect_check(self) -> ConnectionsAnswer:
        """How every system stands, asked of it now."""
        request = ConnectCheckRequest()
        return await self._post("/v1/connect/check", request, ConnectionsAnswer, CONNECT_S)

    async def examine(self, request: ExamineRequest) -> ExamineAnswer:
        """How every system stands, looked at closely; only reads."""
        return await self._post("/v1/examine", request, ExamineAnswer, CONNECT_S)

    async def disconnect(self, request: DisconnectRequest) -> DoneAnswer:
        return await self._post("/v1/disconnect", request, DoneAnswer, CONNECT_S)

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

    async def reload(
        self, *, wait: bool = False, dry_run: bool = False, content: str | None = None
    ) -> ReloadAnswer:
        """Read the configuration again; ``ok`` is False when the former one stays in force."""
        request = ReloadRequest(wait=wait, dry_run=dry_run, content=content)
        return await self._post("/v1/reload", request, ReloadAnswer)

    async def catalogue(self) -> CatalogueAnswer:
        """Where the catalogue job stands."""
        return await self._get("/v1/catalogue", CatalogueAnswer)

    async def catalogue_plan(self, request: CataloguePlanRequest) -> CatalogueAnswer:
        """Open a job, freeze items, read both catalogues whole and plan; takes as long as that."""
        return await self._post("/v1/catalogue/plan", request, CatalogueAnswer, LONG_S)

    async def catalogue_settle(self, request: CatalogueSettleRequest) -> CatalogueAnswer:
        return await self._post("/v1/catalogue/settle", request, CatalogueAnswer)

    async def catalogue_settle_all(self, request: CatalogueSettleAllRequest) -> CatalogueAnswer:
        return await self._post("/v1/catalogue/settle-all", request, CatalogueAnswer)

    async def catalogue_approve(self, request: CatalogueApproveRequest) -> CatalogueAnswer:
        return await self._post("/v1/catalogue/approve", request, CatalogueAnswer, REPORT_S)

    async def catalogue_act(
        self, act: str, reason: str = "", *, dry_run: bool = False
    ) -> CatalogueAnswer:
        """``run``, ``pause``, ``resume`` or ``abort``."""
        request = CatalogueRequest(reason=reason, dry_run=dry_run)
        return await self._post(f"/v1/catalogue/{act}", request, CatalogueAnswer, REPORT_S)

    async def catalogue_report(
        self, *, limit: int = DEFAULT_PAGE, offset: int = 0, act: str = ""
    ) -> CatalogueReportAnswer:
        """A page of the plan, or of what became of it once the job is over; with ``act``
        (``clash``, ``create`` ...) only of those rows, and no documents."""
        page = {"limit": str(limit), "offset": str(offset), "act": act}
        return await self._get("/v1/catalogue/report", CatalogueReportAnswer, **page)

    async def verify(self) -> VerifyAnswer:
        """Walk the whole journal; takes a second or so per 100,000 entries."""
        async with self._send("GET", "/v1/ledger/verify", limit_s=LONG_S) as reply:
            return await parsed(reply, VerifyAnswer)

    async def backup(self, path: str = "") -> BackupAnswer:
        return await self._post("/v1/ledger/backup", BackupRequest(path=path), BackupAnswer, LONG_S)

    async def export(self, *, bodies: bool = False) -> AsyncIterator[bytes]:
        """JSON lines of the whole journal, in chunks that end anywhere."""
        params = {"bodies": "1" if bodies else "0"}
        async with self._send("GET", "/v1/ledger/export", params=params, limit_s=LONG_S) as reply:
            if reply.status != 200:
                await parsed(reply, VerifyAnswer)
            async for chunk in reply.content.iter_chunked(64 * 1024):
                yield chunk

    async def _get(self, path: str, answer: type[_Answer], **params: str) -> _Answer:
        async with self._send("GET", path, params=params) as reply:
            return await parsed(reply, answer)

    async def _post(
        self,
        path: str,
        request: BaseModel,
        answer: type[_Answer],
        limit_s: float | None = None,
    ) -> _Answer:
        body = request.model_dump_json().encode()
        async with self._send("POST", path, body=body, limit_s=limit_s) as reply:
            return await parsed(reply, answer)

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: bytes | None = None,
        limit_s: float | None = None,
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> Exchange:
        assert self._session is not None, "use the client as a context manager"
        request = self._session.request(
            method,
            f"http://trueup{path}",
            params=params,
            data=body,
            headers={"Content-Type": "application/json"} if body is not None else {},
            timeout=timeout or aiohttp.ClientTimeout(total=limit_s or self._quick_s),
        )
        return Exchange(request, self._path)
