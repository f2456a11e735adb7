"""The catalogue wizard against a live daemon: the job as its twin's items tell it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button, Input

from daemon.catalogue.conduct import Conductor, Person, Setting
from daemon.control.catalogue_words import CSV
from daemon.control.server import ControlServer
from tests.daemon.catalogue.support import (
    active,
    catalogue,
    delete_in_qbo,
    finish,
    inactivate_and_keep_name,
    sku,
)
from tests.scenarios.support import create_in_qbo, qbo_rows
from tests.tui.conftest import COMPANY, NARROW, SIZES, WIDE, Front, Living, fronting, living
from tui.dialogs import ConfirmDialog, TextDialog
from tui.screens.choosing import AnswerDialog, OptionsDialog


class Office(Living):
    """A daemon that has a conductor, as the real one."""

    conductor: Conductor

    async def open(self) -> None:
        self.conductor = Conductor(self.town.scheduler, Setting(company=COMPANY))
        await self.rise()

    async def rise(self) -> None:
        self.server = ControlServer(self.desk, self.socket, self.conductor)
        await self.server.start()

    async def work(self) -> None:
        """What the daemon does by itself while a job runs."""
        await finish(self.town, self.conductor)


@asynccontextmanager
async def office(folder: Path, **options: Any) -> AsyncIterator[Office]:
    """Six products that both sides agree on."""
    options.setdefault("world", catalogue(6))
    async with living(folder, **options) as live:
        await live.agree()
        await live.die()
        one = Office(live.town)
        await one.open()
        try:
            yield one
        finally:
            await one.die()


async def answer(front: Front, kind: type[Any], *, typed: str = "", reason: str = "") -> None:
    """Say yes to the question that is asked."""
    await front.until(lambda: isinstance(front.app.screen, kind), f"asks by {kind.__name__}")
    dialog = front.app.screen
    assert dialog.query_one("#cancel", Button).has_focus
    if typed:
        dialog.query_one("#typed", Input).value = typed
    if reason:
        dialog.query_one("#reason", Input).value = reason
    dialog.query_one("#yes", Button).press()
    await front.until(lambda: front.app.screen is not dialog, "it was answered")


async def choose(front: Front, way: str) -> None:
    await front.until(lambda: isinstance(front.app.screen, AnswerDialog), "asks for an answer")
    dialog = front.app.screen
    dialog.query_one(f"#way-{way}", Button).press()
    await front.until(lambda: front.app.screen is front.view, "it was answered")


async def plan(front: Front) -> None:
    await front.press("enter")
    await answer(front, OptionsDialog)
    await answer(front, ConfirmDialog)


def says(front: Front, text: str) -> bool:
    return any(text in told for told in front.app.told)


@pytest.mark.parametrize("size", SIZES)
async def test_from_deleted_products_to_a_report(tmp_path: Path, size: tuple[int, int]) -> None:
    async with office(tmp_path) as one:
        old = {row["Sku"]: row["Id"] for row in active(one.town)}
        await delete_in_qbo(one.town, *old)
        await one.town.settle()
        async with fronting(one.socket, size=size, start="catalogue") as front:
            await front.shows(
                "[5 Catalogue]", "What this is for", "nothing is written".capitalize()
            )
            await front.shows("6 products have no active item")
            await plan(front)
            await front.shows("PLANNED", "enter approves", "BR-000", "+ create")
            assert active(one.town) == []
            await front.press("enter")
            await front.until(lambda: isinstance(front.app.screen, ConfirmDialog), "approve?")
            await front.shows("6 created anew", "Acme [REV B] Fasteners")
            wrong = front.app.screen
            wrong.query_one("#typed", Input).value = "Acme"
            wrong.query_one("#yes", Button).press()
            await front.shows("type exactly: Acme [REV B] Fasteners")
            await front.press("escape")
            await front.until(lambda: front.app.screen is front.view, "closed")
            await front.press("enter")
            await answer(front, ConfirmDialog, typed=COMPANY)
            await front.shows("APPROVED", "enter runs it")
            await front.press("enter")
            await answer(front, ConfirmDialog)
            await front.shows("RUNNING", "0 of 6", "It runs by itself")
            await one.work()
            await front.shows("DONE", "Report: what became", "created")
            await front.shows("Nothing is missing")
        new = {row["Sku"]: row["Id"] for row in active(one.town)}
        assert sorted(new) == sorted(old)
        assert not set(new.values()) & set(old.values())


async def test_where_nothing_is_missing_it_says_so(tmp_path: Path) -> None:
    async with office(tmp_path) as one, fronting(one.socket, start="catalogue") as front:
        await front.shows("no job", "Nothing is missing, as of the last reading")
        await front.press("d")
        await answer(front, OptionsDialog)
        await front.until(lambda: isinstance(front.app.screen, TextDialog), "the dry run")
        await front.shows("nothing was opened, read or written", "ours, active on both sides")
        await front.press("escape")
        assert await one.conductor.current() is None


@pytest.mark.parametrize("size", SIZES)
async def test_unknown_items_and_clashes_are_settled(tmp_path: Path, size: tuple[int, int]) -> None:
    async with office(tmp_path, world=catalogue(3)) as one:
        for number in (0, 1):
            inactivate_and_keep_name(one.town, sku(number))
        for name in ("Stray [x", "Stray [/]B"):
            told = {"Type": "NonInventory", "IncomeAccountRef": {"value": "79"}, "Active": True}
            create_in_qbo(one.town, "item", Name=name, **told)
        async with fronting(one.socket, size=size, start="catalogue") as front:
            await plan(front)
            await front.shows("SORTED", "4 questions left", "? unknown", "? clash", "Stray [/]B")
            await front.press("g", "enter")
            await front.shows("leave it as it is; after the job")
            await choose(front, "keep")
            await front.shows("3 questions left")
            await front.press("g", "S")
            await choose(front, "ignore")
            await front.shows("2 questions left")
            await front.press("g", "S")
            await front.shows("the old item becomes NAME (deleted)")
            await choose(front, "rename")
            await front.shows("PLANNED", "+ rename")
            await front.press("A")
            await answer(front, ConfirmDialog, typed=COMPANY, reason="only looked")
            await front.shows("ABORTED", "items flow again")
        assert (await one.desk.status()).pauses == ()


async def test_a_running_job_is_there_after_a_restart_of_either_side(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        await delete_in_qbo(one.town, *(sku(n) for n in range(6)))
        await one.town.settle()
        async with fronting(one.socket, size=NARROW, start="catalogue") as front:
            await plan(front)
            await front.shows("PLANNED")
            await front.press("enter")
            await answer(front, ConfirmDialog, typed=COMPANY)
            await front.shows("APPROVED")
            await front.press("enter")
            await answer(front, ConfirmDialog)
            await front.shows("RUNNING")
            await front.press("P")
            await answer(front, ConfirmDialog, reason="lunch [b")
            await front.shows("PAUSED", "lunch [b")
        async with fronting(one.socket, size=WIDE, start="catalogue") as front:
            await front.shows("PAUSED", "0 of 6", "paused   Run")
            await one.die()
            await front.shows("DAEMON LOST")
            assert front.view.refusal("catalogue")
            one.conductor = Conductor(one.town.scheduler, Setting(company=COMPANY))
            await one.rise()
            await front.until(lambda: not front.view.refusal("catalogue"), "it is back")
            await front.press("P")
            await answer(front, ConfirmDialog)
            await front.shows("RUNNING")
            await one.work()
            await front.shows("DONE")
            await front.press("x")
            await front.until(lambda: says(front, "written to"), "the report is exported")
        (path,) = tmp_path.glob("trueup-catalogue-*.csv")
        table = path.read_text(encoding="utf-8").splitlines()
        assert table[0] == ",".join(CSV), "the same columns as on the command line"
        assert sum(",created," in line for line in table) == 6
        assert len([row for row in qbo_rows(one.town, "item") if row["Active"]]) == 6


async def test_two_people_approve_and_one_of_them_twice_is_told(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        one.conductor.setting = Setting(company=COMPANY, people=2)
        await delete_in_qbo(one.town, *(sku(n) for n in range(6)))
        async with fronting(one.socket, size=NARROW, start="catalogue", plain=True) as front:
            await plan(front)
            await front.shows("PLANNED", "0 of 2")
            await front.press("enter")
            await answer(front, ConfirmDialog, typed=COMPANY)
            await front.shows("PLANNED", "1 of 2: root")
            await front.press("enter")
            await answer(front, ConfirmDialog, typed=COMPANY)
            await front.until(lambda: says(front, "2 people have to"), "a second person has to")
            assert front.text().isascii()
            second = Person(name="jon", uid=1007)
            await one.conductor.approve(second, COMPANY)
            await front.shows("APPROVED", "enter runs it")


async def test_an_approval_that_ran_out_is_renewed_where_the_job_waits(tmp_path: Path) -> None:
    async with office(tmp_path) as one:
        one.conductor.setting = Setting(company=COMPANY, expire_after=timedelta(minutes=5))
        await delete_in_qbo(one.town, *(sku(n) for n in range(6)))
        async with fronting(one.socket, start="catalogue") as front:
            await plan(front)
            await front.shows("PLANNED")
            await front.press("enter")
            await answer(front, ConfirmDialog, typed=COMPANY)
            await front.shows("APPROVED")
            await front.press("enter")
            await answer(front, ConfirmDialog)
            await front.shows("RUNNING")
            one.town.clock.advance(600)
            await one.conductor.running.step()
            await front.press("R")
            await front.shows("The approval has expired", "! waits: the approval has expired")
            await front.press("enter")
            await answer(front, ConfirmDialog, typed=COMPANY)
            await one.work()
            await front.shows("DONE", "6 created")
