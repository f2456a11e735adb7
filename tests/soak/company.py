"""The company of a soak: both simulators on loopback, and the files of a daemon that is a process.

The process under test never meets this one but through sockets and files. When it rests, its state
directory is opened here as the daemon itself opens it, so that the checkers of the simulations can
look at it.
"""

import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon.app import opened
from daemon.clock import SystemClock
from daemon.config.load import load
from daemon.config.policy import make_policy
from daemon.reconcile.policy import Policy
from daemon.sandbox.world import World
from ledger.store.key import load_or_create
from tests.daemon.catalogue.support import COMPANY
from tests.jumpclock import JumpClock
from tests.sampledefaults import DEAR_DEFAULTS
from tests.town import Town

BEGIN: Final = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""When the story starts, by the clock that everybody in it has."""
RULES: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"item": {"authority": {"sales_price": "qbo", "name": "dear"}}},
    {"vendor": {"authority": {"email": "dear"}}, "customer": {"authority": {"phone": "none"}}},
    {"customer": {"flow": "manual"}},
    {"item": {"create": {"qbo": "ask"}}, "vendor": {"create": {"dear": "never"}}},
    {"item": {"on_foreign_edit": {"*": "hold"}}, "vendor": {"on_foreign_edit": {"*": "accept"}}},
)
"""Sections of ``kinds`` that somebody writes into the configuration; documents always flow."""
_DOCUMENTS: Final = ("purchase_order", "bill", "invoice")
_SINCE: Final = "2026-01-01"


class SoakClock(JumpClock):
    """Real time, many times faster, that every process of a soak agrees on.

    ``advance`` is for the checkers alone, while no daemon runs: the next one is told of it by
    another ``start``.
    """

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale
        real = SystemClock().now()
        self._first = real + (real - BEGIN) / (scale - 1)
        self._clock = SystemClock(scale, self._first)
        self._ahead = timedelta()

    @property
    def start(self) -> datetime:
        """Where scaled and real time are one (see ``SystemClock``)."""
        return self._first - self._ahead / (self.scale - 1)

    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        return self._clock.monotonic() + self._ahead.total_seconds()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


class SoakTown(Town):
    """One company whose daemon is a process; ``start_daemon`` opens its files here instead."""

    def __init__(self, folder: Path, world: World, clock: SoakClock) -> None:
        super().__init__(folder, world, clock)
        self.pace = clock
        self.config = folder / "config.yaml"
        self.socket = folder / "state" / "control.sock"

    async def start_daemon(self) -> None:
        stack = self._running = AsyncExitStack()
        app = await stack.enter_async_context(opened(load(self.config), self.clock))
        self.ledger, self.scheduler = app.ledger, app.scheduler
        self.key = load_or_create(self.folder / "state" / "ledger.key")
        self.scheduler.company.policy = self.scheduler.company.rules()

    def write_config(self, rules: dict[str, Any]) -> None:
        """The configuration as somebody would save it, with these rules among it."""
        kinds: dict[str, Any] = {kind: {"since": _SINCE} for kind in _DOCUMENTS}
        config = {
            "version": 1,
            "instance": "soak",
            "state_dir": str(self.folder / "state"),
            "company": {
                "display_name": COMPANY,
                "timezone": "America/Los_Angeles",
                "home_currency": "USD",
            },
            "schedule": {"poll": "60s", "full_sweep": "12:00"},
            "qbo": self._qbo_section(),
            "dear": self._dear_section(),
            "kinds": kinds | rules,
            "ledger": {"backup": {"folder": str(self.folder / "backups"), "every": "2h"}},
            "log": {"format": "json"},
        }
        draft = self.config.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(config, indent=1), encoding="utf-8")
        draft.replace(self.config)

    def policy_of_config(self) -> Policy:
        """The rules that the file on disk stands for."""
        capabilities = self.scheduler.company.policy.capabilities
        policy = make_policy(load(self.config).config)
        return msgspec.structs.replace(policy, capabilities=capabilities)

    def _qbo_section(self) -> dict[str, Any]:
        given = self.qbo.credentials
        secrets = {
            name: self._secret(name, given[name])
            for name in ("client_id", "client_secret", "refresh_token")
        }
        return {
            "environment": "sandbox",
            "base_url": self.urls["qbo"],
            "token_url": self.qbo.addresses(self.urls["qbo"])["token_url"],
            "realm_id": given["realm_id"],
            **secrets,
            "new_items": {
                "income_account": "Sales of Product Income",
                "expense_account": "Cost of Goods Sold",
            },
            **self.qbo_settings,
        }

    def _dear_section(self) -> dict[str, Any]:
        given = self.dear.credentials
        return {
            "native_link": "none",
            "expense_account": "cogs",
            "home_country": ["USA"],
            "base_url": self.urls["dear"] + self.dear.path.rstrip("/"),
            "account_id": given["account_id"],
            "application_key": self._secret("application_key", given["application_key"]),
            "defaults": DEAR_DEFAULTS,
            **self.dear_settings,
        }
