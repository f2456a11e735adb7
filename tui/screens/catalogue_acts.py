"""What a person does with a catalogue job: each act behind a question that says what happens.

The questions' words follow from what was read last; the daemon decides. Draws nothing itself.
"""

from collections.abc import Awaitable
from typing import Any

from daemon.control.catalogue_words import options_text, plan_command
from daemon.control.protocol_catalogue import (
    CatalogueAnswer,
    CatalogueApproveRequest,
    CatalogueJobShown,
    CatalogueOptions,
    CataloguePlanRequest,
)
from daemon.control.text import plural
from tui.dialogs import Question as Confirm
from tui.screens.base import BaseScreen
from tui.screens.cataloguing import (
    ACTS,
    EXPIRED,
    OVER,
    PLANNING,
    WRITING,
    Pace,
    nothing_missing,
    plan_lines,
    sizes,
    warnings,
)
from tui.screens.choosing import OptionsDialog
from tui.widgets.rows import Rows

FIXED = frozenset({"running", "paused", "verifying"})
"""States in which a plan stays as it is."""


class CatalogueActs(BaseScreen):
    """The acts; ``CatalogueScreen`` shows."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: CatalogueAnswer | None = None
        self.pace = Pace()
        self.planning = ""
        """What is being waited for while a plan is made, or many answers are given."""

    @property
    def job(self) -> CatalogueJobShown | None:
        return self.answer.job if self.answer is not None else None

    @property
    def open_job(self) -> CatalogueJobShown | None:
        job = self.job
        return job if job is not None and job.state not in OVER else None

    @property
    def expired(self) -> bool:
        """Whether a running job waits for a fresh yes to its plan."""
        job = self.job
        return job is not None and job.state == "running" and EXPIRED in job.waits

    @property
    def being_read(self) -> bool:
        """Whether both catalogues are read this moment, at whosever wish: it outlives its asker."""
        job, pulse = self.open_job, self.state.pulse
        if job is None or pulse is None or job.state not in {"frozen", "read"}:
            return False
        return pulse.work.step != "idle" and pulse.work.reason.startswith(job.job)

    @property
    def asks(self) -> bool:
        """Whether the job waits for answers: the list is one of questions then."""
        return self.job is not None and self.job.state in {"sorted", "settled"}

    @property
    def rows(self) -> Rows[Any]:
        raise NotImplementedError

    async def settle_one(self) -> None:
        """Answer the question under the cursor."""
        raise NotImplementedError

    @property
    def company(self) -> str:
        status = self.state.status
        return status.company if status is not None else ""

    # -- why not now -----------------------------------------------------------------------

    def no_step(self) -> str:
        if self.planning:
            return "the plan is being made"
        if self.answer is None:
            return "where the job stands was not read yet"
        if self.being_read:
            return "both catalogues are being read: it goes on by itself"
        job = self.job
        if job is not None and job.state in {"running", "verifying"} and not self.expired:
            return "it goes on by itself: P pauses it, A aborts"
        return ""

    def no_open_job(self) -> str:
        return "" if self.open_job is not None else "no job is open"

    def not_under_way(self) -> str:
        job = self.open_job
        under_way = job is not None and job.state in {"running", "paused"}
        return "" if under_way else "the job does not run"

    def plan_is_fixed(self) -> str:
        if self.planning:
            return "the plan is being made"
        job = self.open_job
        if job is not None and job.state in FIXED:
            return f"the job is {job.state}: its plan is fixed until it ends"
        return ""

    def nothing_to_settle(self) -> str:
        row = self.rows.selected() if self.is_mounted and self.asks else None
        return "" if row is not None else "nothing is asked now"

    def nothing_to_export(self) -> str:
        plan = self.job.plan if self.job is not None else None
        return "" if plan is not None else "there is no plan and no report"

    def no_row(self) -> str:
        return "" if self.is_mounted and self.rows.selected() else "no row is under the cursor"

    # -- the next step ---------------------------------------------------------------------

    async def step(self) -> None:
        """Whatever comes next, by the state of the job."""
        job = self.open_job
        match job.state if job is not None else "":
            case "":
                await self.plan_anew()
            case "sorted":
                await self.settle_one()
            case "planned" | "running":
                await self._approve()
            case "approved":
                await self._act(
                    "run",
                    "Run the job?",
                    "Run",
                    "old items are unlinked and new ones created, 300 at a time, until all are "
                    "done; it goes on after a restart. P pauses, A aborts",
                )
            case "paused":
                await self._resume()
            case _:
                await self._plan_again()

    async def plan_anew(self) -> None:
        """Choose options, then open a job or plan the open one anew."""
        job = self.open_job
        before = job.options if job is not None else CatalogueOptions()
        title = "Plan the re-export anew" if job is not None else "Re-export the product catalogue"
        options = await self.front.push_screen_wait(OptionsDialog(title, "Go on", before))
        if options is None:
            return
        effect = "items are frozen in both directions from now on, until the job ends or is aborted"
        if job is not None:
            effect = "the plan is made anew from what was read; earlier approvals are void"
        facts = [
            ("Company", self.company),
            ("Products", options_text(options)),
            ("Effect", effect),
            ("Then", "both catalogues are read to the end and an exact plan is shown"),
            ("Writes", "nothing is written to any system before you approve and run it"),
            ("Same as", plan_command(options)),
        ]
        said = await self.confirm(Confirm("Freeze, read and plan?", "Plan", facts, "optional"))
        if said is not None:
            await self.plan(CataloguePlanRequest(options=options, reason=said.reason))

    async def _plan_again(self) -> None:
        """With the answers and options there are."""
        job = self.open_job
        facts = [("Company", self.company)]
        if job is not None:
            given = plural(len(job.answers), "answer")
            facts.append(("Products", f"{options_text(job.options)}; {given} given"))
        facts.append(("Effect", "the plan is made anew; nothing is written"))
        if await self.confirm(Confirm("Plan now?", "Plan", facts)) is not None:
            await self.plan(CataloguePlanRequest())

    async def plan(self, request: CataloguePlanRequest) -> None:
        work = self.carry_out(
            "catalogue",
            lambda daemon: daemon.catalogue_plan(request),
            lambda answer: "" if self.is_current else _told_of_plan(answer),
        )
        await self.waiting(PLANNING, work)

    async def waiting(self, why: str, work: Awaitable[CatalogueAnswer | None]) -> None:
        self.planning = why
        self.show_state(self.state)
        self.draw()
        try:
            await work
        finally:
            self.planning = ""
            self.reload()

    async def dry_run(self) -> None:
        """What a plan would be; opens, freezes and writes nothing."""
        before = self.open_job.options if self.open_job is not None else CatalogueOptions()
        dialog = OptionsDialog("Dry run: what would the plan be?", "Dry run", before)
        options = await self.front.push_screen_wait(dialog)
        if options is None:
            return
        self.front.tell("looking through what the ledger knows")
        request = CataloguePlanRequest(options=options, dry_run=True)
        answer = await self.ask(lambda daemon: daemon.catalogue_plan(request))
        if answer is not None and answer.plan is not None:
            told = [
                "By what the ledger knows now; nothing was opened, read or written.",
                f"Products: {options_text(options)}",
                "",
                *plan_lines(answer.plan),
            ]
            await self.read_text("Dry run", told)

    async def _approve(self) -> None:
        job = self.open_job
        if job is None or job.plan is None:
            return
        plan = job.plan
        if nothing_missing(plan):
            self.front.tell("the plan changes nothing: A ends the job and items flow again")
            return
        acts = [f"{count:,} {ACTS[act]}" for act in WRITING if (count := plan.acts.get(act, 0)) > 0]
        left = plan.acts.get("skip", 0)
        facts = [
            ("Company", self.company),
            ("Plan", f"{plan.id}: {sizes(plan)}"),
            ("Changes", ", ".join(acts) + (f"; {left:,} left alone" if left else "")),
            *(("Warning", text) for text in warnings(plan)),
            ("Approved", f"by {len(job.approvals)} of {job.people}"),
            ("Effect", "exactly this plan may run; nothing runs yet"),
            ("Undo", "a created item can be made inactive later, not undone"),
        ]
        question = Confirm(
            "Approve this plan?", "Approve", facts, reason="optional", typed=self.company
        )
        said = await self.confirm(question)
        if said is not None:
            request = CatalogueApproveRequest(
                company=self.company, plan=plan.id, reason=said.reason
            )
            await self.carry_out(
                "catalogue", lambda daemon: daemon.catalogue_approve(request), _nothing
            )

    # -- pause, abort ----------------------------------------------------------------------

    async def pause_job(self) -> None:
        job = self.open_job
        if job is not None and job.state == "paused":
            await self._resume()
        else:
            effect = "it stops after the requests under way; items stay frozen, P goes on"
            await self._act("pause", "Pause the job?", "Pause", effect)

    async def _resume(self) -> None:
        effect = "the approved plan goes on where it stopped"
        await self._act("resume", "Go on with the job?", "Go on", effect)

    async def _act(self, act: str, title: str, yes: str, effect: str) -> None:
        job = self.open_job
        if job is None:
            return
        plan = [("Plan", f"{job.plan.id}: {sizes(job.plan)}")] if job.plan is not None else []
        done = [("Done", f"{job.done:,} of {job.rows:,}")] if job.rows else []
        facts = [("Company", self.company), ("Job", job.job), *plan, *done, ("Effect", effect)]
        said = await self.confirm(Confirm(title, yes, facts, reason="optional"))
        if said is not None:
            await self.carry_out(
                "catalogue", lambda daemon: daemon.catalogue_act(act, said.reason), _nothing
            )

    async def abort(self) -> None:
        job = self.open_job
        if job is None:
            return
        done = f"{job.done:,} of {job.rows:,} products have their item; those stay"
        facts = [
            ("Company", self.company),
            ("Job", f"{job.job}, {job.state}"),
            ("Done", done if job.rows else "nothing was written"),
            ("Effect", "old items are linked again to products that got no new one"),
            ("", "the approval is taken back, and items flow again in both directions"),
        ]
        question = Confirm(
            "Abort the job and thaw?", "Abort", facts, reason="required", typed=self.company
        )
        said = await self.confirm(question)
        if said is not None:
            await self.waiting(
                "What is under way ends, links are put back, and items thaw.",
                self.carry_out(
                    "catalogue", lambda daemon: daemon.catalogue_act("abort", said.reason)
                ),
            )


def _nothing(_answer: CatalogueAnswer) -> str:
    """The steps themselves say how it went; a word in passing would only cover them."""
    return ""


def _told_of_plan(answer: CatalogueAnswer) -> str:
    job = answer.job
    if job is None or job.plan is None:
        return answer.text
    return f"{answer.text}: {sizes(job.plan)}"
