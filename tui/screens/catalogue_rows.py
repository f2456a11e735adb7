"""The lists of the catalogue screen: questions of a plan, and its products. Read page by page."""

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.control.protocol_catalogue import (
    CatalogueJobShown,
    CataloguePlanShown,
    CatalogueRowShown,
)
from tui.link import Link
from tui.screens.cataloguing import Question, of_clash, of_stranger
from tui.widgets.rows import Rows


@dataclass(frozen=True)
class Entry:
    """A line of the list: a question of the plan, or a product of it."""

    key: str
    label: str
    name: str
    what: str
    ref: str
    why: str
    question: Question | None = None


def asked(question: Question) -> Entry:
    told = question.answer or f"? {question.kind}"
    why = f"{question.answer}: {question.why}" if question.answer else question.why
    return Entry(question.item, question.label, question.name, told, question.ref, why, question)


def planned(row: CatalogueRowShown) -> Entry:
    what = (row.outcome or row.act).replace("_", " ")
    glyph = {"failed": "x", "left": "=", "skip": "=", "clash": "?"}.get(what, "+")
    why = row.why or row.standing.replace("_", " ")
    return Entry(row.record, row.sku, row.name, f"{glyph} {what}", row.new or row.old, why)


class Questions:
    """What is still asked: unknown items first, then names that clash, with answers given."""

    def __init__(self, link: Link, job: CatalogueJobShown, plan: CataloguePlanShown) -> None:
        self._link = link
        self._job = job
        self._strangers = plan.strangers
        self._clashes = plan.acts.get("clash", 0)

    async def page(self, offset: int, limit: int) -> tuple[Sequence[Entry], int]:
        rows = [asked(of_stranger(one)) for one in self._strangers[offset : offset + limit]]
        room = limit - len(rows)
        if room and self._clashes:
            first = max(0, offset - len(self._strangers))
            report = await self._link.ask(
                lambda daemon: daemon.catalogue_report(limit=room, offset=first, act="clash")
            )
            rows += [asked(of_clash(row, self._job)) for row in report.rows]
        return rows, len(self._strangers) + self._clashes


class Products:
    """The rows of the plan, or of the report."""

    def __init__(self, link: Link, plan: CataloguePlanShown) -> None:
        self._link = link
        self._total = sum(plan.acts.values())

    async def page(self, offset: int, limit: int) -> tuple[Sequence[Entry], int]:
        report = await self._link.ask(
            lambda daemon: daemon.catalogue_report(limit=limit, offset=offset)
        )
        return [planned(row) for row in report.rows], self._total


class JobRows(Rows[Entry]):
    """Enter is the job's next step, also where there is no row."""

    def action_open(self) -> None:
        self.post_message(self.Opened(self.any, self.selected()))
