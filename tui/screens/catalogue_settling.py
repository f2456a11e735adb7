"""Answers to the questions of a catalogue plan, one by one or many at once; its rows as files.

An answer is chosen among those that the question has, each with what it means. The daemon decides.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import msgspec

from daemon.control.catalogue_words import CSV
from daemon.control.client import ControlClient
from daemon.control.protocol_catalogue import (
    MOST_ROWS,
    CatalogueAnswer,
    CatalogueJobShown,
    CataloguePlanRequest,
    CataloguePlanShown,
    CatalogueRowShown,
    CatalogueSettleAllRequest,
    CatalogueSettleRequest,
    KeepingShown,
)
from daemon.control.text import plural
from tui.export import csv_text, json_text
from tui.screens.catalogue_acts import CatalogueActs
from tui.screens.cataloguing import (
    FOR_UNKNOWN,
    Question,
    exported,
    exported_document,
    of_stranger,
)
from tui.screens.choosing import AnswerDialog, LineDialog


class CatalogueSettling(CatalogueActs):
    """The answers and the files; ``CatalogueScreen`` shows."""

    # -- questions of the plan -------------------------------------------------------------

    async def settle_one(self) -> None:
        question = self._question()
        if question is None:
            return
        what = await self._answer_to(f"Settle {question.label}", [question])
        if what is None:
            return
        to = await self._linked(question) if what == "link" else ""
        if to is None:
            return
        request = _settled(question, what, to)
        await self.carry_out(
            "catalogue", lambda daemon: daemon.catalogue_settle(request), lambda _answer: ""
        )

    async def settle_many(self) -> None:
        """One answer for the marked questions, or for all of the sort under the cursor."""
        here = self._question()
        if here is None:
            return
        marked = [row.question for row in self.rows.marked_rows() if row.question is not None]
        chosen = [one for one in marked if one.kind == here.kind]
        job = self.open_job
        if not chosen and here.kind == "clash" and job is not None:
            await self._all_clashes(job)
            return
        if not chosen and job is not None and job.plan is not None:
            await self._all_unknown(job.plan)
            return
        many = plural(len(chosen), "question")
        what = await self._answer_to(f"One answer for {many}", chosen, link=False)
        if what is None:
            return
        requests = [_settled(one, what) for one in chosen]
        work = self.carry_out(
            "catalogue", _all_of(requests), lambda _answer: f"{many} answered with {what}"
        )
        await self.waiting(f"{many} are answered with {what}, one by one.", work)
        self.rows.unmark()

    async def _all_unknown(self, plan: CataloguePlanShown) -> None:
        """All that the plan found, if they are still as many."""
        named = [of_stranger(one) for one in plan.strangers]
        title = f"One answer for all {plural(plan.unknown, 'unknown item')}"
        what = await self._answer_to(title, named, link=False)
        if what is None:
            return
        request = msgspec.convert(
            {"what": what, "expect_count": plan.unknown}, CatalogueSettleAllRequest
        )
        await self.carry_out(
            "catalogue", lambda daemon: daemon.catalogue_settle_all(request), lambda _answer: ""
        )

    async def _all_clashes(self, job: CatalogueJobShown) -> None:
        count = job.plan.clashes if job.plan is not None else 0
        first = self._question()
        ways = [first] if first is not None else []
        what = await self._answer_to(f"One answer for all {count:,} clashes", ways)
        if what is None:
            return
        options = msgspec.structs.replace(job.options, clashes=what)
        await self.plan(CataloguePlanRequest(options=options))

    def _question(self) -> Question | None:
        row = self.rows.selected()
        return cast("Question | None", row.question) if row is not None else None

    async def _answer_to(
        self, title: str, questions: Sequence[Question], *, link: bool = True
    ) -> str | None:
        """One of the answers that all of them have; each says what it means."""
        if not questions:
            return None
        first = questions[0]
        common = [w for w in first.ways if all(w in one.ways for one in questions)]
        ways = [way for way in common if link or way[0] != FOR_UNKNOWN[-1][0]]
        named = ", ".join(one.label for one in questions[:4])
        more = f" and {len(questions) - 4:,} more" if len(questions) > 4 else ""
        facts = [("Items", f"{named}{more}")]
        if len(questions) == 1:
            facts = [("Item", f"{first.ref} {first.name}".strip()), ("Why", first.why)]
        facts.append(("Effect", "noted in the ledger; nothing is written, and a plan follows"))
        return await self.front.push_screen_wait(AnswerDialog(title, facts, ways))

    async def _linked(self, question: Question) -> str | None:
        told = [f"{question.label} of the books is which product of the source?"]
        told.append("Its SKU, name or record id:")
        return await self.front.push_screen_wait(LineDialog("Link", told)) or None

    # -- looking closer, and files ---------------------------------------------------------

    async def full(self) -> None:
        row = self.rows.selected()
        if row is not None:
            question: Question | None = row.question
            told = [f"{name:<8} {text}" for name, text in _facts(row)]
            if question is not None:
                told += ["", "Answers", *(f"  {way:<11} {text}" for way, text in question.ways)]
            await self.read_text(row.label, told)

    async def export(self) -> None:
        """The key ``x``: every row of the plan or report, and the documents, as a table."""
        rows, documents = await self._collected()
        cells = [*map(exported, rows), *map(exported_document, documents)]
        await self._save("csv", await asyncio.to_thread(csv_text, CSV, cells))

    async def export_json(self) -> None:
        rows, documents = await self._collected()
        told: dict[str, object] = {
            "job": msgspec.to_builtins(self.job) if self.job is not None else None,
            "rows": [msgspec.to_builtins(row) for row in rows],
            "documents": [msgspec.to_builtins(one) for one in documents],
        }
        await self._save("json", await asyncio.to_thread(json_text, told))

    async def _collected(self) -> tuple[list[CatalogueRowShown], tuple[KeepingShown, ...]]:
        rows: list[CatalogueRowShown] = []
        documents: tuple[KeepingShown, ...] = ()
        more = True
        while more:
            first = len(rows)
            page = await self.front.link.ask(
                lambda daemon, at=first: daemon.catalogue_report(limit=MOST_ROWS, offset=at)  # type: ignore[misc]
            )
            documents = documents or page.documents
            rows += page.rows
            more = page.more and bool(page.rows)
        return rows, documents

    async def _save(self, ending: str, text: str) -> None:
        name = f"trueup-catalogue-{self.front.clock.now():%Y%m%dT%H%M%SZ}.{ending}"
        await self.front.save(name, text)


def _facts(row: Any) -> list[tuple[str, str]]:
    told = [("SKU", row.label), ("Name", row.name), ("What", row.what), ("Item", row.ref)]
    return [*told, ("Record", row.key), ("Why", row.why)]


def _settled(question: Question, what: str, to: str = "") -> CatalogueSettleRequest:
    return msgspec.convert({"item": question.item, "what": what, "to": to}, CatalogueSettleRequest)


def _all_of(
    requests: Sequence[CatalogueSettleRequest],
) -> Callable[[ControlClient], Awaitable[CatalogueAnswer]]:
    """Answer one after the other; the first refusal ends it, what was answered stays."""

    async def settle(daemon: ControlClient) -> CatalogueAnswer:
        for request in requests[:-1]:
            await daemon.catalogue_settle(request)
        return await daemon.catalogue_settle(requests[-1])

    return settle
