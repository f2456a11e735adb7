"""The catalogue job over the control interface: requests to the conductor, its job as an answer."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from daemon.catalogue.conduct import Conductor, Person
from daemon.catalogue.job import Job, load
from daemon.catalogue.outcome import NOT_DONE
from daemon.catalogue.words import (
    CHUNK,
    UNDER_WAY,
    Act,
    Finished,
    JobRefused,
    Keeping,
    Options,
    Row,
    State,
)
from daemon.control.catalogue_words import plan_command
from daemon.control.finding import the_record
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_catalogue import (
    CatalogueAnswer,
    CatalogueApproveRequest,
    CatalogueJobShown,
    CatalogueOptions,
    CataloguePlanRequest,
    CataloguePlanShown,
    CatalogueReportAnswer,
    CatalogueRequest,
    CatalogueRowShown,
    CatalogueSettleAllRequest,
    CatalogueSettleRequest,
    KeepingShown,
)
from ledger.model.ids import ExternalRef, Kind

if TYPE_CHECKING:
    from daemon.control.desk import Actor, Desk

_Rehearsable = (
    CatalogueSettleRequest | CatalogueSettleAllRequest | CatalogueApproveRequest | CatalogueRequest
)
Handling = Callable[["Desk", Conductor, "Actor", Any], Awaitable[CatalogueAnswer]]

_NEXT = {
    State.FROZEN: "trueup catalogue plan",
    State.READ: "trueup catalogue plan",
    State.SORTED: "answer what is asked (trueup catalogue settle), then: trueup catalogue plan",
    State.SETTLED: "trueup catalogue plan",
    State.PLANNED: 'trueup catalogue approve --company "NAME"',
    State.APPROVED: "trueup catalogue run",
    State.RUNNING: "trueup catalogue status",
    State.PAUSED: "trueup catalogue resume",
    State.VERIFYING: "trueup catalogue status",
    State.DONE: "trueup catalogue report",
    State.ABORTED: "trueup catalogue report",
}
_ABORT = "trueup catalogue abort"
MOST_DOCUMENT_CHUNKS = 200
MOST_TOLD = 20
"""SKUs in a command that is named."""
OUTCOMES = ("created", "reactivated", "adopted", "left", "failed", NOT_DONE)


async def status(desk: "Desk", conductor: Conductor) -> CatalogueAnswer:
    job = await conductor.current()
    if job is None:
        return CatalogueAnswer(
            as_of=desk.now(), text="no catalogue job was ever opened", next="trueup catalogue plan"
        )
    return await _answer(desk, conductor, job, f"{job.id} is {job.state.value}")


async def plan(
    desk: "Desk", conductor: Conductor, actor: "Actor", request: CataloguePlanRequest
) -> CatalogueAnswer:
    options = _options(request.options)
    if request.dry_run:
        summary = await _kept(conductor.dry_run(options or Options()))
        return CatalogueAnswer(
            as_of=desk.now(),
            text="nothing was opened, read or written",
            plan=_shown(CataloguePlanShown, summary),
            next=plan_command(request.options or CatalogueOptions(), most=MOST_TOLD),
        )
    job = await _kept(conductor.plan(_person(actor), options, request.reason))
    return await _answer(desk, conductor, job, f"{job.id} is {job.state.value}; items are frozen")


async def settle(
    desk: "Desk", conductor: Conductor, actor: "Actor", request: CatalogueSettleRequest
) -> CatalogueAnswer:
    systems = desk.systems
    view, to = await desk.ledger.ask(
        lambda views: (
            the_record(views, request.item, systems=systems, kind=Kind.ITEM),
            the_record(views, request.to, systems=systems, kind=Kind.ITEM) if request.to else None,
        )
    )
    target = to.record if to is not None else None
    acting = _acting(conductor, request)
    job = await _kept(
        acting.settle(_person(actor), view.record, request.what, target, request.reason)
    )
    text = f"{view.label!r}: {request.what}{f' to {to.label!r}' if to is not None else ''}"
    return await _done(desk, conductor, job, text, request)


async def settle_all(
    desk: "Desk", conductor: Conductor, actor: "Actor", request: CatalogueSettleAllRequest
) -> CatalogueAnswer:
    acting = _acting(conductor, request)
    job = await _kept(
        acting.settle_all(_person(actor), request.what, request.expect_count, request.reason)
    )
    left = job.memo.plan.unknown if job.memo.plan is not None else 0
    text = f"{request.expect_count - left} unknown items: {request.what}"
    if left:
        text += f"; trueup catalogue plan names the other {left}"
    return await _done(desk, conductor, job, text, request)


async def approve(
    desk: "Desk", conductor: Conductor, actor: "Actor", request: CatalogueApproveRequest
) -> CatalogueAnswer:
    acting = _acting(conductor, request)
    job = await _kept(acting.approve(_person(actor), request.company, request.plan, request.reason))
    given, needed = len(job.memo.approvals), conductor.setting.people
    text = f"approved by {given} of {needed}" if given < needed else "approved"
    return await _done(desk, conductor, job, f"{job.id}: {text}", request)


async def run(
    desk: "Desk", conductor: Conductor, actor: "Actor", request: CatalogueRequest
) -> CatalogueAnswer:
    job = await _kept(_acting(conductor, request).run(_person(actor), request.reason))
    return await _done(desk, conductor, job, f"{job.id} runs; it survives a restart", request)


async def pause(
    desk: "Desk", conductor: Conductor, actor: "Actor", request: CatalogueRequest
) -> CatalogueAnswer:
    job = await _kept(_acting(conductor, request).pause(_person(actor), request.reason))
    text = f"{job.id} is paused; requests under way still end"
    return await _done(desk, conductor, job, text, request)


async def resume(
    desk: "Desk", conductor: Conductor, actor: "Actor", request: CatalogueRequest
) -> CatalogueAnswer:
    job = await _kept(_acting(conductor, request).resume(_person(actor), request.reason))
    return await _done(desk, conductor, job, f"{job.id} goes on", request)


async def abort(
    desk: "Desk", conductor: Conductor, actor: "Actor", request: CatalogueRequest
) -> CatalogueAnswer:
    # Aborting links old items again in entries of their own, so there is nothing to rehearse.
    work = (
        conductor.open_job() if request.dry_run else conductor.abort(_person(actor), request.reason)
    )
    job = await _kept(work)
    text = f"{job.id} is aborted and items flow again; what was created stays"
    left = job.memo.ended.outcomes.get(NOT_DONE, 0) if job.memo.ended is not None else 0
    if left and not request.dry_run:
        text += f". {left} products are not done: trueup catalogue plan takes them up again"
    return await _done(desk, conductor, job, text, request)


ROUTES: dict[str, tuple[type[Any], Handling]] = {
    "/v1/catalogue/plan": (CataloguePlanRequest, plan),
    "/v1/catalogue/settle": (CatalogueSettleRequest, settle),
    "/v1/catalogue/settle-all": (CatalogueSettleAllRequest, settle_all),
    "/v1/catalogue/approve": (CatalogueApproveRequest, approve),
    "/v1/catalogue/run": (CatalogueRequest, run),
    "/v1/catalogue/pause": (CatalogueRequest, pause),
    "/v1/catalogue/resume": (CatalogueRequest, resume),
    "/v1/catalogue/abort": (CatalogueRequest, abort),
}


async def report(
    desk: "Desk", conductor: Conductor, *, limit: int, offset: int, act: str = ""
) -> CatalogueReportAnswer:
    """A page of the plan's rows; of what became of them, once the job is over. With ``act``, which
    may be an outcome too, only of those."""
    if act and act not in {*Act, *OUTCOMES}:
        known = ", ".join([*Act, *OUTCOMES])
        raise Declined(Code.BAD_REQUEST, f"{act!r} is no act of a plan", cure=f"known: {known}")
    job = await conductor.current()
    if job is None or job.memo.plan is None:
        raise Declined(Code.NOT_FOUND, "there is no plan", cure="trueup catalogue plan")
    ended = job.memo.ended
    chunks = ended.chunks if ended is not None else job.memo.plan.chunks
    sort: type[Finished] | type[Row] = Finished if ended is not None else Row
    rows: list[Finished | Row] = []
    # Rows of one act may lie anywhere; those of all acts lie where their number says.
    first = 0 if act else offset // CHUNK
    last = len(chunks) if act else first + limit // CHUNK + 2
    skipped = offset if act else offset % CHUNK
    for chunk in chunks[first:last]:
        loaded: list[Finished | Row] = await _kept(load(desk.ledger, chunk, sort))
        rows += [row for row in loaded if not act or act in _words_of(row)]
        if act and len(rows) > skipped + limit:
            break
    page = rows[skipped:][:limit]
    documents: list[Keeping] = []
    if offset == 0 and not act:
        for chunk in job.memo.plan.document_chunks[:MOST_DOCUMENT_CHUNKS]:
            documents += await _kept(load(desk.ledger, chunk, Keeping))
        documents.sort(key=lambda one: (one.date, one.number))
    return CatalogueReportAnswer(
        as_of=desk.now(),
        job=await shown_job(conductor, job),
        rows=tuple(map(_row, page)),
        documents=tuple(
            KeepingShown(ref=str(d.ref), number=d.number, date=d.date, items=d.items)
            for d in documents
        ),
        offset=offset,
        more=skipped + limit < len(rows) or (not act and last < len(chunks)),
    )


def _words_of(row: Finished | Row) -> tuple[str, ...]:
    """What a row can be asked for by: what was to become of it, and what did."""
    return (row.act.value,) if isinstance(row, Row) else (row.act.value, row.outcome)


def _row(row: Finished | Row) -> CatalogueRowShown:
    shown = CatalogueRowShown(
        sku=row.label,
        name=row.name,
        record=row.record,
        act=row.act.value,
        old=str(row.old) if row.old is not None else "",
        quantity=row.quantity,
        why=row.why,
    )
    if isinstance(row, Row):
        return msgspec.structs.replace(shown, standing=row.standing)
    new = str(row.new) if row.new is not None else ""
    return msgspec.structs.replace(shown, outcome=row.outcome, new=new)


async def shown_job(conductor: Conductor, job: Job) -> CatalogueJobShown:
    """The job with how far it is."""
    memo = job.memo
    done = rows = 0
    waits = ""
    if job.state in UNDER_WAY:
        progress = await conductor.running.progress(job)
        done, rows, waits = progress.done, progress.rows, progress.waits
    told = msgspec.to_builtins(memo, enc_hook=_text)
    shown: dict[str, Any] = {
        **told,
        "state": job.state.value,
        "since": job.since,
        "people": conductor.setting.people,
        "done": done,
        "rows": rows,
        "waits": waits,
        "plan": _plan(memo.plan),
    }
    return msgspec.convert(shown, CatalogueJobShown)


def _plan(plan: msgspec.Struct | None) -> CataloguePlanShown | None:
    return None if plan is None else _shown(CataloguePlanShown, plan)


def _shown(model: type[CataloguePlanShown], plan: msgspec.Struct) -> CataloguePlanShown:
    told = msgspec.to_builtins(plan)
    for stranger in told.get("strangers", ()):
        stranger["ref"] = str(ExternalRef(**stranger["ref"] | {"kind": Kind.ITEM}))
    return msgspec.convert(told, model)


def _text(value: object) -> str:
    return str(value)


def _acting(conductor: Conductor, request: _Rehearsable) -> Conductor:
    return conductor.rehearsal() if request.dry_run else conductor


async def _done(
    desk: "Desk", conductor: Conductor, job: Job, text: str, request: _Rehearsable
) -> CatalogueAnswer:
    """What was done; of a dry run, what would be, beside the job as it stands."""
    if not request.dry_run:
        return await _answer(desk, conductor, job, text)
    standing = await _kept(conductor.open_job())
    shown = await shown_job(conductor, standing)
    return CatalogueAnswer(
        as_of=desk.now(), text=f"nothing was done; it would be: {text}", job=shown
    )


async def _answer(desk: "Desk", conductor: Conductor, job: Job, text: str) -> CatalogueAnswer:
    back = "" if job.is_over else _ABORT
    if job.state is State.RUNNING:
        back = f"trueup catalogue pause  # or: {_ABORT}"
    return CatalogueAnswer(
        as_of=desk.now(),
        text=text,
        job=await shown_job(conductor, job),
        seq=job.seq,
        next=_NEXT.get(job.state, "") if job.memo.plan or not job.is_over else "",
        back=back,
    )


def _options(asked: CatalogueOptions | None) -> Options | None:
    return None if asked is None else Options(**msgspec.structs.asdict(asked))


def _person(actor: "Actor") -> Person:
    return Person(name=str(actor), uid=actor.uid)


async def _kept(work: Awaitable[Any]) -> Any:
    """The job's refusals in the words of the protocol."""
    try:
        return await work
    except JobRefused as error:
        raise Declined(Code(error.sort), str(error), cure=error.cure) from error
