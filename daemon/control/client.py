"""The daemon as an object: typed calls over its unix socket. All that front ends may use of it.

Must not import the daemon's insides: it loads in a terminal that only wants to ask. The words of
rarer questions are imported by the calls that need them: a status should not wait for them.
"""

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from daemon.control.calls import Calls
from daemon.control.exchange import (
    DaemonAbsent,
    NoAnswer,
    event_in,
    lines,
    parsed,
)
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
from daemon.control.protocol_live import Event, HealthAnswer, WhoAnswer

if TYPE_CHECKING:
    from daemon.control.protocol_catalogue import (
        CatalogueAnswer,
        CatalogueApproveRequest,
        CataloguePlanRequest,
        CatalogueReportAnswer,
        CatalogueSettleAllRequest,
        CatalogueSettleRequest,
    )
    from daemon.control.protocol_connect import (
        ConnectAnswer,
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
    from daemon.control.protocol_ledger import BackupAnswer, VerifyAnswer
    from daemon.control.protocol_past import PastAnswer, PastRequest
    from daemon.control.protocol_reload import ReloadAnswer
    from daemon.control.protocol_report import ReportRequest
    from daemon.control.protocol_support import SupportAnswer
    from daemon.control.protocol_totals import TotalsAnswer, TotalsRequest
    from daemon.control.protocol_valves import (
        AcceptAbsenceRequest,
        DeskAnswer,
        PauseRequest,
        RemapRequest,
        RemapsAnswer,
        ResolvePatternRequest,
        ResumeRequest,
        RetryPatternRequest,
        SkipRequest,
        SkipsAnswer,
    )

__all__ = ["ControlClient", "DaemonAbsent", "NoAnswer"]

REPORT_S = 600.0
"""A report reads every document there is."""
LONG_S = 4 * 3600.0
"""A first cycle over a large company, or a backup, may take hours."""
CONNECT_S = 600.0
"""A system that is asked how it stands may be slow, or make us wait for its limits."""
SILENT_S = 15.0
"""Three times as long as an event stream is ever silent."""


class ControlClient(Calls):
    """``async with ControlClient(path) as daemon: await daemon.status()``"""

    async def who(self) -> WhoAnswer:
        """Who the daemon takes this user for, and what is allowed."""
        return await self._get("/v1/who", WhoAnswer)

    async def health(self) -> HealthAnswer:
        """Connections, budgets and the process; costs no call to any system."""
        return await self._get("/v1/health", HealthAnswer)

    async def support(self) -> "SupportAnswer":
        """What a support bundle may know: counts, codes, our own words."""
        from daemon.control.protocol_support import SupportAnswer

        async with self._send("GET", "/v1/support", limit_s=REPORT_S) as reply:
            return await parsed(reply, SupportAnswer)

    async def events(self, run: str = "", after: int = 0) -> AsyncIterator[Event]:
        """What happens from now on, until the caller stops asking or the daemon ends.

        With ``run`` and ``after`` of the last event seen: what was missed since, or one ``resync``.
        Raises ``NoAnswer`` when the stream falls silent, ``Declined`` (busy) when too many listen.
        """
        params = {"run": run, "after": str(after)}
        listening = self._send("GET", "/v1/events", params=params, limit_s=SILENT_S, lasts=True)
        async with listening as reply:
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

    async def drift(self, query: "DriftQuery") -> "DriftAnswer":
        """One page of the records on which the systems differ."""
        from daemon.control.protocol_drift import DriftAnswer

        return await self._post("/v1/drift", query, DriftAnswer)

    async def drift_history(self) -> "DriftHistoryAnswer":
        from daemon.control.protocol_drift import DriftHistoryAnswer

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

    async def send(self, kind: str, ref: str, reason: str = "", seen: int = 0) -> CycleAnswer:
        """Send one record through the gate and wait for the end of that cycle."""
        request = SendRequest(kind=kind, ref=ref, reason=reason, seen=seen)
        return await self._post("/v1/send", request, CycleAnswer, LONG_S)

    async def history(self, record: str) -> HistoryAnswer:
        return await self._get("/v1/history", HistoryAnswer, record=record)

    async def record(self, record: str) -> "RecordAnswer":
        """One record whole: three-way diff, what will be written, what holds it, its life."""
        from daemon.control.protocol_drift import RecordAnswer

        return await self._get("/v1/record", RecordAnswer, record=record)

    async def request(self, digest: str) -> "RequestAnswer":
        """The request that one operation would leave as, if it left now."""
        from daemon.control.protocol_drift import RequestAnswer

        return await self._get("/v1/operation/request", RequestAnswer, digest=digest)

    async def queue(self, query: "QueueQuery") -> "QueueAnswer":
        """Operations of any state, and how fast writes go."""
        from daemon.control.protocol_drift import QueueAnswer

        return await self._post("/v1/queue", query, QueueAnswer)

    async def timeline(self, query: "TimelineQuery") -> "TimelineAnswer":
        """Entries of the ledger, newest first; ``next_before`` says where to go on."""
        from daemon.control.protocol_drift import TimelineAnswer

        return await self._post("/v1/ledger/entries", query, TimelineAnswer)

    async def past(self, request: "PastRequest") -> "PastAnswer":
        """How things stood at a moment; takes as long as folding the ledger up to there."""
        from daemon.control.protocol_past import PastAnswer

        return await self._post("/v1/past", request, PastAnswer, REPORT_S)

    async def totals(self, request: "TotalsRequest") -> "TotalsAnswer":
        """Both sides' totals; takes ten seconds or so per 100,000 documents."""
        from daemon.control.protocol_totals import TotalsAnswer

        return await self._post("/v1/totals", request, TotalsAnswer, REPORT_S)

    async def report(self, request: "ReportRequest") -> AsyncIterator[bytes]:
        """The reconciliation report as JSON lines, in chunks that end anywhere: a
        ``ReportSummary``, then a ``RecordShown`` for each record."""
        from daemon.control.protocol_totals import TotalsAnswer

        body = msgspec.json.encode(request)
        async with self._send("POST", "/v1/report", body=body, limit_s=REPORT_S) as reply:
            if reply.status != 200:
                await parsed(reply, TotalsAnswer)
            async for chunk in reply.chunks():
                yield chunk

    async def resolve(self, request: ResolveRequest) -> DoneAnswer:
        return await self._post("/v1/resolve", request, DoneAnswer)

    async def retry(self, request: RetryRequest) -> DoneAnswer:
        return await self._post("/v1/retry", request, DoneAnswer)

    async def link(self, request: LinkRequest) -> DoneAnswer:
        return await self._post("/v1/link", request, DoneAnswer)

    async def connect(self, request: "ConnectRequest") -> "ConnectAnswer":
        """Where a person gives access to a system."""
        from daemon.control.protocol_connect import ConnectAnswer

        return await self._post("/v1/connect", request, ConnectAnswer, CONNECT_S)

    async def connect_finish(self, request: "ConnectFinishRequest") -> "ConnectionsAnswer":
        """Bring the answer; the new login is in force when this returns."""
        from daemon.control.protocol_connect import ConnectionsAnswer

        return await self._post("/v1/connect/finish", request, ConnectionsAnswer, CONNECT_S)

    async def connect_check(self) -> "ConnectionsAnswer":
        """How every system stands, asked of it now."""
        from daemon.control.protocol_connect import ConnectCheckRequest, ConnectionsAnswer

        request = ConnectCheckRequest()
        return await self._post("/v1/connect/check", request, ConnectionsAnswer, CONNECT_S)

    async def examine(self, request: "ExamineRequest") -> "ExamineAnswer":
        """How every system stands, looked at closely; only reads."""
        from daemon.control.protocol_doctor import ExamineAnswer

        return await self._post("/v1/examine", request, ExamineAnswer, CONNECT_S)

    async def disconnect(self, request: "DisconnectRequest") -> DoneAnswer:
        return await self._post("/v1/disconnect", request, DoneAnswer, CONNECT_S)

    async def pause(self, request: "PauseRequest") -> DoneAnswer:
        return await self._post("/v1/pause", request, DoneAnswer)

    async def resume(self, request: "ResumeRequest") -> DoneAnswer:
        return await self._post("/v1/resume", request, DoneAnswer)

    async def skip(self, request: "SkipRequest") -> DoneAnswer:
        return await self._post("/v1/skip", request, DoneAnswer)

    async def skips(self, *, limit: int = DEFAULT_PAGE) -> "SkipsAnswer":
        from daemon.control.protocol_valves import SkipsAnswer

        return await self._get("/v1/skips", SkipsAnswer, limit=str(limit))

    async def resolve_pattern(self, request: "ResolvePatternRequest") -> DoneAnswer:
        return await self._post("/v1/resolve-pattern", request, DoneAnswer)

    async def retry_pattern(self, request: "RetryPatternRequest") -> DoneAnswer:
        return await self._post("/v1/retry-pattern", request, DoneAnswer)

    async def desk(
        self, *, pattern: str = "", limit: int = DEFAULT_PAGE, offset: int = 0
    ) -> "DeskAnswer":
        """What does not flow; with ``pattern`` (or a code) what is held for that alone."""
        from daemon.control.protocol_valves import DeskAnswer

        page = {"limit": str(limit), "offset": str(offset)}
        return await self._get("/v1/desk", DeskAnswer, pattern=pattern, **page)

    async def accept_absence(self, request: "AcceptAbsenceRequest") -> DoneAnswer:
        return await self._post("/v1/accept-absence", request, DoneAnswer)

    async def remap(self, request: "RemapRequest") -> DoneAnswer:
        return await self._post("/v1/remap", request, DoneAnswer)

    async def remaps(self) -> "RemapsAnswer":
        from daemon.control.protocol_valves import RemapsAnswer

        return await self._get("/v1/remaps", RemapsAnswer)

    async def reload(
        self, *, wait: bool = False, dry_run: bool = False, content: str | None = None
    ) -> "ReloadAnswer":
        """Read the configuration again; ``ok`` is False when the former one stays in force."""
        from daemon.control.protocol_reload import ReloadAnswer, ReloadRequest

        request = ReloadRequest(wait=wait, dry_run=dry_run, content=content)
        return await self._post("/v1/reload", request, ReloadAnswer)

    async def catalogue(self) -> "CatalogueAnswer":
        """Where the catalogue job stands."""
        from daemon.control.protocol_catalogue import CatalogueAnswer

        return await self._get("/v1/catalogue", CatalogueAnswer)

    async def catalogue_plan(self, request: "CataloguePlanRequest") -> "CatalogueAnswer":
        """Open a job, freeze items, read both catalogues whole and plan; takes as long as that."""
        from daemon.control.protocol_catalogue import CatalogueAnswer

        return await self._post("/v1/catalogue/plan", request, CatalogueAnswer, LONG_S)

    async def catalogue_settle(self, request: "CatalogueSettleRequest") -> "CatalogueAnswer":
        from daemon.control.protocol_catalogue import CatalogueAnswer

        return await self._post("/v1/catalogue/settle", request, CatalogueAnswer)

    async def catalogue_settle_all(self, request: "CatalogueSettleAllRequest") -> "CatalogueAnswer":
        from daemon.control.protocol_catalogue import CatalogueAnswer

        return await self._post("/v1/catalogue/settle-all", request, CatalogueAnswer)

    async def catalogue_approve(self, request: "CatalogueApproveRequest") -> "CatalogueAnswer":
        from daemon.control.protocol_catalogue import CatalogueAnswer

        return await self._post("/v1/catalogue/approve", request, CatalogueAnswer, REPORT_S)

    async def catalogue_act(
        self, act: str, reason: str = "", *, dry_run: bool = False
    ) -> "CatalogueAnswer":
        """``run``, ``pause``, ``resume`` or ``abort``."""
        from daemon.control.protocol_catalogue import CatalogueAnswer, CatalogueRequest

        request = CatalogueRequest(reason=reason, dry_run=dry_run)
        return await self._post(f"/v1/catalogue/{act}", request, CatalogueAnswer, REPORT_S)

    async def catalogue_report(
        self, *, limit: int = DEFAULT_PAGE, offset: int = 0, act: str = ""
    ) -> "CatalogueReportAnswer":
        """A page of the plan, or of what became of it once the job is over; with ``act``
        (``clash``, ``create``, ``failed`` ...) only of those rows, and no documents."""
        from daemon.control.protocol_catalogue import CatalogueReportAnswer

        page = {"limit": str(limit), "offset": str(offset), "act": act}
        return await self._get("/v1/catalogue/report", CatalogueReportAnswer, **page)

    async def verify(self) -> "VerifyAnswer":
        """Walk the whole journal; takes a second or so per 100,000 entries."""
        from daemon.control.protocol_ledger import VerifyAnswer

        async with self._send("GET", "/v1/ledger/verify", limit_s=LONG_S) as reply:
            return await parsed(reply, VerifyAnswer)

    async def backup(self, path: str = "") -> "BackupAnswer":
        from daemon.control.protocol_ledger import BackupAnswer, BackupRequest

        return await self._post("/v1/ledger/backup", BackupRequest(path=path), BackupAnswer, LONG_S)

    async def export(self, *, bodies: bool = False) -> AsyncIterator[bytes]:
        """JSON lines of the whole journal, in chunks that end anywhere."""
        from daemon.control.protocol_ledger import VerifyAnswer

        params = {"bodies": "1" if bodies else "0"}
        async with self._send("GET", "/v1/ledger/export", params=params, limit_s=LONG_S) as reply:
            if reply.status != 200:
                await parsed(reply, VerifyAnswer)
            async for chunk in reply.chunks():
                yield chunk
