"""The re-export of the product catalogue as steps: where it stands, what it asks, what is next.

Everything shown is the daemon's: the job lives in its ledger and goes on whether or not anybody
looks. The acts are in ``catalogue_acts`` and ``catalogue_settling``, the words in ``cataloguing``.
"""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult

from daemon.control.catalogue_words import options_text
from daemon.control.protocol_catalogue import (
    CatalogueOptions,
    CataloguePlanRequest,
    CataloguePlanShown,
)
from daemon.control.protocol_live import WorkShown
from daemon.control.text import ELLIPSIS, clip, plural
from ledger.model.errors import TrueupError
from tui.keys import Key, standard
from tui.screens.catalogue_rows import Entry, JobRows, Products, Questions
from tui.screens.catalogue_settling import CatalogueSettling
from tui.screens.cataloguing import (
    INTRODUCTION,
    OVER,
    PLANNING,
    UNDER_WAY,
    WRITING,
    nothing_missing,
    plan_lines,
    progress_text,
    step_lines,
    steps,
    warnings,
)
from tui.state import State
from tui.widgets.columns import Cell, Column
from tui.widgets.rows import Rows
from tui.widgets.safe import Line, Lines
from tui.work import later

HIGH = 30
"""Lines of a terminal from which every step has its own."""
LOOK_AGAIN_S = 60.0
MOST_LOOKED_AT = 20_000
"""Items up to which it is looked up unasked whether anything is missing."""


class CatalogueScreen(CatalogueSettling):
    view = "catalogue"
    heading = "Catalogue"
    FIRST_FOCUS: ClassVar[str] = "JobRows"
    DEFAULT_CSS = """
    CatalogueScreen #steps, CatalogueScreen #warnings, CatalogueScreen #now {
        height: auto; text-wrap: nowrap; text-overflow: ellipsis;
    }
    CatalogueScreen #job { text-style: bold; height: 1; }
    .-low CatalogueScreen #now-title { margin-top: 0; }
    .-plain CatalogueScreen Lines { text-overflow: clip; }
    """
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key(
            "enter",
            "Next step",
            "step",
            act="catalogue",
            when="no_step",
            cli="trueup catalogue plan / settle / approve / run / resume",
            help="do the next step of the job, after a question; S and O are the other ways",
        ),
        Key(
            "d",
            "Dry run",
            "dry_run",
            act="catalogue",
            cli="trueup catalogue plan --dry-run",
            help="what a plan would be by what the ledger knows now; nothing is done",
        ),
        standard("export", when="nothing_to_export", cli="trueup catalogue report --csv"),
        Key(
            "P",
            "Pause",
            "pause_job",
            act="catalogue",
            when="not_under_way",
            cli="trueup catalogue pause / resume",
            help="pause the job, or go on with it",
        ),
        Key(
            "A",
            "Abort",
            "abort",
            act="catalogue",
            when="no_open_job",
            cli="trueup catalogue abort",
            help="end the job and let items flow again; what was created stays",
        ),
        Key(
            "S",
            "Settle many",
            "settle_many",
            act="catalogue",
            when="nothing_to_settle",
            cli="trueup catalogue settle --all --keep --expect-count N",
            help="one answer for the marked questions, or for all of their sort",
        ),
        Key(
            "O",
            "Options",
            "plan_anew",
            act="catalogue",
            when="plan_is_fixed",
            cli="trueup catalogue plan --missing-only --only SKU ...",
            help="choose options and plan (anew)",
        ),
        Key("f", "Full row", "full", when="no_row", help="all of the row under the cursor"),
        Key(
            "X",
            "Export JSON",
            "export_json",
            when="nothing_to_export",
            cli="trueup catalogue report --json",
            footer=False,
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[object, ...] = ()
        self._would: CataloguePlanShown | None = None
        self._looked = ("no look yet", 0.0, -1)
        """After which job it was looked up what is missing, when, and at which change."""

    def body(self) -> ComposeResult:
        yield Line("", id="job")
        yield Lines(id="steps")
        yield Line("", id="progress")
        yield Lines(id="warnings")
        yield Line("", id="now-title", classes="section")
        yield Lines(id="now")
        yield JobRows(
            (
                Column("WHAT", lambda entry: Cell(entry.what, "bold"), width=14),
                Column("SKU", lambda entry: entry.label, width=16),
                Column("NAME", lambda entry: entry.name, width=16, flex=1, drop=2),
                Column("ITEM", lambda entry: entry.ref, width=14, drop=1),
                Column("WHY", lambda entry: entry.why, width=16, flex=2),
            ),
            key=lambda entry: entry.key,
            plain=self.front.plain,
        )

    @property
    def rows(self) -> Rows[Entry]:
        return self.query_one(JobRows)

    # -- reading ---------------------------------------------------------------------------

    async def load(self) -> None:
        self.answer = await self.front.link.ask(lambda daemon: daemon.catalogue())
        job = self.job
        if job is not None and job.state == "running":
            self.pace.note(self.front.clock.monotonic(), job.done)
        else:
            self.pace.forget()
        self._show_rows()
        self.show_state(self.state)
        if self.open_job is None and self._is_old():
            work = later(self._look)
            self.run_worker(work, group="would", exclusive=True, exit_on_error=False)

    def _is_old(self) -> bool:
        """Whether to look up once more what is missing; marks it as looked up. What was so
        before a job is not so after it."""
        now, changes = self.front.clock.monotonic(), self.state.changes
        job = f"{self.job.job} {self.job.state}" if self.job is not None else ""
        before, looked_at, seen = self._looked
        if job == before and (changes == seen or now - looked_at < LOOK_AGAIN_S):
            return False
        if job != before:
            self._would = None
        self._looked = job, now, changes
        return True

    async def _look(self) -> None:
        """Whether anything is missing at all, where that is cheap and allowed to be asked."""
        if self.refusal("catalogue"):
            return
        try:
            status = await self.front.link.ask(lambda daemon: daemon.status())
            items = sum(one.live for one in status.counts if one.kind == "item")
            if items > MOST_LOOKED_AT:
                return
            request = CataloguePlanRequest(options=CatalogueOptions(), dry_run=True)
            answer = await self.front.link.ask(lambda daemon: daemon.catalogue_plan(request))
        except TrueupError:
            return  # it was not asked for: d says what is in the way
        self._would = answer.plan
        self.show_state(self.state)

    def _show_rows(self) -> None:
        """The list is read anew only when the job moved on, not with every item that is done."""
        job = self.job
        plan = job.plan if job is not None else None
        if job is None or plan is None:
            self.rows.display, self._shown = False, ()
            return
        shown = (job.job, job.state in OVER, self.asks, plan.id, len(job.answers), plan.unknown)
        self.rows.display = bool(sum(plan.acts.values()) or plan.strangers)
        if shown == self._shown:
            return
        same = self._shown[:4] == shown[:4]
        self._shown = shown
        self.rows.markable = self.asks
        if not self.asks:
            self.rows.unmark()
        link = self.front.link
        source = Questions(link, job, plan) if self.asks else Products(link, plan)
        self.rows.show(source, keep_position=same)
        if self.focused is None:
            self.rows.focus()

    # -- drawing ---------------------------------------------------------------------------

    def on_resize(self, _event: events.Resize) -> None:
        self.show_state(self.state)

    def show_state(self, state: State) -> None:
        if not self.query("#job"):
            return
        job, width = self.job, max(40, self.size.width - 1)
        brief = self.size.height < HIGH
        plan = job.plan if job is not None and job.state not in OVER else None
        self.query_one("#job", Line).say(self._head())
        told = steps(job, reading=bool(self.planning or self.being_read))
        self._say_lines("#steps", step_lines(told, width, brief=brief))
        running = job is not None and job.state in UNDER_WAY
        self._say("#progress", f" {progress_text(job, self.pace)}" if job and running else "")
        warned = [clip(f" {text}", width) for text in warnings(plan)] if plan is not None else []
        if job is not None and job.waits and running:
            warned.insert(0, f" ! waits: {job.waits}")
        if job is not None and job.note:
            warned.insert(0, f" = noted: {job.note}")
        self._say_lines("#warnings", warned[: 2 if brief else len(warned)])
        self.query_one("#now-title", Line).say(self._title())
        self._say_lines("#now", [f" {line}" if line else "" for line in self._now(state)])

    def _say(self, name: str, text: str) -> None:
        line = self.query_one(name, Line)
        line.say(text)
        line.display = bool(text)

    def _say_lines(self, name: str, told: list[str]) -> None:
        lines = self.query_one(name, Lines)
        plain = self.front.plain
        lines.say([line.replace(ELLIPSIS, "~") for line in told] if plain else told)
        lines.display = bool(told)

    def _head(self) -> str:
        job = self.job
        if job is None:
            return " CATALOGUE RE-EXPORT   no job"
        told = f" CATALOGUE RE-EXPORT   {job.job}   {job.state.upper()}"
        if job.state not in OVER:
            told += "   survives restart, resumes here"
        return f"{told}   {options_text(job.options)}"

    def _title(self) -> str:
        job = self.job
        if job is None:
            return "What this is for"
        if self.planning or self.being_read:
            return "Now: reading and planning"
        plan = job.plan
        match job.state:
            case "sorted" | "settled" if plan is not None:
                left = plan.unknown + plan.clashes
                told = f"{plural(left, 'question')} left: enter answers the one under the cursor"
                return told if left else "Every question is answered: enter plans anew"
            case "planned":
                return "The plan, product by product: enter approves"
            case "approved":
                return "Approved: enter runs it"
            case "running" if self.expired:
                return "The approval has expired and the job waits: enter approves it again"
            case "running":
                return "It runs by itself: P pauses, A aborts"
            case "paused":
                return "Paused: enter goes on, A aborts"
            case "verifying":
                return "Reading both catalogues once more: nothing to do"
            case "done":
                return "Report: what became of each product"
            case "aborted":
                return "Aborted: items flow again, what was created stays; enter begins anew"
            case _:
                return "Frozen, not planned yet: enter reads both catalogues and plans"

    def _now(self, state: State) -> list[str]:
        """What stands there beside the list, or instead of it."""
        job, work = self.job, state.pulse.work if state.pulse is not None else None
        if self.planning or self.being_read:
            return [self.planning or PLANNING, _work_text(work)]
        if job is None:
            return [*INTRODUCTION, "", *self._missing()]
        plan = job.plan
        if job.ended is not None and job.state == "done":
            told = [f"! more than one active item has the {text}" for text in job.ended.doubled[:5]]
            failed = job.ended.outcomes.get("failed", 0)
            if failed:
                told.append(f"x {plural(failed, 'product')} failed: WHY says what was in the way")
            return [*told, *self._missing()]
        if plan is not None and not self.asks and nothing_missing(plan):
            return ["Nothing is missing: every active product of the source has its item.", *AWAY]
        return []

    def _missing(self) -> list[str]:
        would = self._would
        if would is None:
            return []
        if nothing_missing(would):
            return ["Nothing is missing, as of the last reading: every product has its item."]
        count = sum(would.acts.get(act, 0) for act in (*WRITING, "clash"))
        told = plural(count, "product has", "products have")
        return [f"{told} no active item in the books, by the last reading: d tells more."]

    def lines(self) -> list[str]:
        job = self.job
        told = [self._head(), *step_lines(steps(job), 160, brief=False)]
        told += [self.query_one("#progress", Line).said, self._title(), *self._now(self.state)]
        if job is not None and job.plan is not None:
            told += ["", *plan_lines(job.plan), "", *self.rows.text_lines(160)]
        return told

    def copied(self) -> str:
        row = self.rows.selected()
        return row.label if row is not None else self.job.job if self.job else self.view

    def on_rows_opened(self) -> None:
        self.action_press("enter")

    def on_rows_failed(self, event: Rows.Failed) -> None:
        self.note = str(event.error)
        self.draw()

    def marks(self) -> int:
        return len(self.rows.marked()) if self.is_mounted else 0


AWAY = ("A ends this job and lets items flow again.",)


def _work_text(work: WorkShown | None) -> str:
    """What the daemon is doing this moment, of the pulse."""
    if work is None or work.step == "idle":
        return "It goes on if you leave this view, or quit."
    told = f" {work.done:,} of {work.of:,}" if work.of else ""
    return f"The daemon is {work.step}{told}. It goes on if you leave this view, or quit."
