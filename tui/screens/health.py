"""How the connections, budgets and the process are: what to look at when something is slow."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

import msgspec
from textual.app import ComposeResult

from daemon.control.protocol import SystemShown
from daemon.control.protocol_live import (
    BudgetShown,
    CallShown,
    HealthAnswer,
    TokenShown,
    WebhooksShown,
)
from tui.keys import Key, standard
from tui.screens import valves
from tui.screens.base import BaseScreen
from tui.state import State
from tui.times import since
from tui.widgets.columns import Column
from tui.widgets.rows import Rows
from tui.widgets.safe import Line, Lines


class Calls:
    """The calls as they were told, newest first."""

    def __init__(self, calls: tuple[CallShown, ...]) -> None:
        self.calls = calls

    async def page(self, offset: int, limit: int) -> tuple[tuple[CallShown, ...], int]:
        return self.calls[offset : offset + limit], len(self.calls)


class HealthScreen(BaseScreen):
    view = "health"
    heading = "Health"
    FIRST_FOCUS: ClassVar[str] = "Rows"
    KEYS: ClassVar[tuple[Key, ...]] = (
        standard("open", when="no_call", help="the whole call"),
        standard("compare"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.health: HealthAnswer | None = None
        self._calls: tuple[CallShown, ...] = ()

    def body(self) -> ComposeResult:
        yield Lines(id="facts")
        yield Line(
            "Calls, newest first; bodies are never shown or logged", id="calls", classes="section"
        )
        yield Rows(
            (
                Column("TIME", lambda call: self.front.when(call.at, short=True), width=14),
                Column("SYSTEM", lambda call: call.system, width=6),
                Column("METHOD", lambda call: call.method, width=6),
                Column("WHAT", lambda call: call.path, width=14, flex=1),
                Column("STATUS", lambda call: str(call.status or "none"), width=6, align="right"),
                Column("MS", lambda call: f"{call.ms:,}", width=6, align="right"),
                Column("ID", lambda call: call.tid, width=20, drop=2),
                Column("NOTE", lambda call: call.note, width=12, flex=2, drop=1),
            ),
            key=lambda call: f"{call.at} {call.system} {call.tid} {call.path}",
            markable=False,
            plain=self.front.plain,
        )

    async def load(self) -> None:
        try:
            self.health = await self.front.link.ask(lambda daemon: daemon.health())
        finally:
            self.show_state(self.state)

    def show_state(self, state: State) -> None:
        self.query_one("#facts", Lines).say(list(self._facts(state)))
        rows = self.query_one(Rows)
        empty = (
            "No call was made since the daemon started."
            if self.health is not None
            else "The daemon does not tell of its calls."
        )
        calls = self.health.calls if self.health is not None else ()
        if (calls, empty) != (self._calls, rows.empty) or not rows.loaded:
            self._calls, rows.empty = calls, empty
            rows.show(Calls(calls), keep_position=True)

    def _facts(self, state: State) -> Iterator[str]:
        if state.status is None:
            yield " Not connected yet."
            return
        health = self.health
        tokens = {token.system: token for token in health.tokens} if health is not None else {}
        for system in state.status.systems:
            yield from self._system(system, tokens.get(system.system))
        if health is None:
            return
        for budget in health.budgets:
            if budget.limit and budget.forecast is not None and budget.forecast > budget.limit:
                yield f" ! {budget.system} {budget.name}: {budget.text}"
        for webhooks in health.webhooks:
            if webhooks.system or webhooks.refused:
                yield _notices(webhooks, self.front.there())
        yield from self._process(health, state)

    def _system(self, system: SystemShown, token: TokenShown | None) -> Iterator[str]:
        now = self.front.there()
        company = f" as {system.company_name}" if system.company_name else ""
        look = f", last look {since(system.last_observed, now)}"
        yield f" {system.system:<9} {system.link.replace('_', ' ')}{company}{look}"
        if token is not None and (told := _token(token, now)):
            yield f"   token: {told}"
        budgets = self.health.budgets if self.health is not None else ()
        mine = [_budget(budget) for budget in budgets if budget.system == system.system]
        if mine:
            yield f"   used: {', '.join(mine)}"
        if system.text:
            yield f"   {system.text}{f' -> {system.cure}' if system.cure else ''}"
        if system.throttled:
            yield f"   throttled {system.throttled:,} times of {system.calls:,} calls"

    def _process(self, health: HealthAnswer, state: State) -> Iterator[str]:
        now, when = self.front.there(), self.front.when
        size = f"{health.ledger_bytes / 1_048_576:,.1f} MB, {health.ledger_entries:,} entries"
        backup = since(health.backup_at, now)
        yield f" Ledger    {size}   backup {backup}   verified {since(health.verified_at, now)}"
        if health.backup_problem:
            yield f"   the last backup failed: {health.backup_problem} -> trueup ledger backup FILE"
        for problem in health.anchor_problems:
            yield f"   {problem} -> see ledger.anchor in the configuration"
        problems = len(state.status.config_problems) if state.status is not None else 0
        config = f"read {when(health.config_read_at)}" if health.config_read_at else "read at start"
        yield f" Config    {health.config_path or '-'}, {config}, {problems} problems on disk"
        memory = f"{health.rss_bytes / 1_048_576:,.0f} MB"
        lag = f"loop stood still {health.loop_lag_ms:,.0f} ms at most in the last minute"
        yield f" Service   since {when(health.started_at)}, {memory}, {lag}"

    def no_call(self) -> str:
        row = self.query_one(Rows).selected() if self.is_mounted else None
        return "" if row is not None else "there is no call"

    async def open(self) -> None:
        call: CallShown | None = self.query_one(Rows).selected()
        if call is not None:
            told = [
                f"{name:<8} {value}" for name, value in msgspec.to_builtins(call).items() if value
            ]
            await self.read_text("One call", told)

    def on_rows_opened(self) -> None:
        self.action_press("enter")

    async def compare(self) -> None:
        """Run a cycle now."""
        await valves.compare(self)

    def lines(self) -> list[str]:
        rows = self.query_one(Rows)
        calls = self.health.calls if self.health is not None else ()
        return [*self.query_one("#facts", Lines).said, "", *rows.lines_of(calls, width=160)]

    def copied(self) -> str:
        call: CallShown | None = self.query_one(Rows).selected()
        return call.tid or call.path if call is not None else "health"


def _notices(webhooks: WebhooksShown, now: datetime) -> str:
    """What came of one system, and what is the matter with it."""
    refused = f"refused {webhooks.refused:,}"
    if not webhooks.system:
        return f" Webhooks  to no address of ours: {refused}"
    last = f"last {since(webhooks.last_at, now)}" if webhooks.last_at else "none yet"
    told = f" Webhooks  {webhooks.system} {last}, good {webhooks.good:,}, {refused}"
    missed = f", missed {webhooks.missed:,}" if webhooks.expected else ""
    return f"{told}{missed}{f' -> {webhooks.text}' if webhooks.text else ''}"


def _token(token: TokenShown, now: datetime) -> str:
    """``access ends in 58m, refresh in 100d (hard limit in 1805d)``; empty: nothing is known."""
    lives = (("access", token.access_until), ("refresh", token.refresh_until))
    known = [(name, since(until, now)) for name, until in lives if until]
    told = ", ".join(
        f"{name}{'' if place else ' ends' if ends.startswith('in ') else ' ended'} {ends}"
        for place, (name, ends) in enumerate(known)
    )
    hard = token.refresh_hard_until
    limit = f"hard limit {since(hard, now)}" if hard else ""
    return f"{told} ({limit})" if told and limit else told or limit


def _budget(budget: BudgetShown) -> str:
    of = f" of {budget.limit:,}" if budget.limit else ""
    return f"{budget.used:,}{of} {budget.name}"
