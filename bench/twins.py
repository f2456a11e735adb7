"""The simulators in a process of their own, and real connectors that speak to them.

Both follow the vendors' limits on a clock that runs faster, so the calls are the true ones and the
wall time is not.
"""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

from bench.sample import DEAR, QBO
from daemon.clock import Clock, SystemClock
from daemon.connectors.base import Connector
from daemon.connectors.dear.config import DearConfig
from daemon.connectors.dear.connector import DearConnector
from daemon.connectors.qbo.config import QboConfig
from daemon.connectors.qbo.connector import QboConnector
from daemon.connectors.vault import FileVault
from daemon.reconcile.policy import Policy
from ledger.model.capabilities import Capabilities
from ledger.model.ids import SystemName
from tests.sampledefaults import DEAR_DEFAULTS

Twins: TypeAlias = dict[str, Any]
"""What ``trueup sandbox`` tells about itself."""

CLOCK_SCALE = 60.0
NOWHERE: Twins = {
    "clock_scale": 1.0,
    "qbo": {
        "base_url": "http://127.0.0.1:1",
        "token_url": "http://127.0.0.1:1/token",
        "realm_id": "1",
        "client_id": "-",
        "client_secret": "-",
        "refresh_token": "-",
    },
    "dear": {
        "base_url": "http://127.0.0.1:1",
        "account_id": "00000000-0000-0000-0000-000000000001",
        "application_key": "-",
    },
}


@asynccontextmanager
async def served(size: str, *, scale: float = 1.0) -> AsyncIterator[Twins]:
    """``trueup sandbox`` until the block ends; with a ``scale`` so many times its ``large``."""
    words = ["daemon", "sandbox", "--size", size]
    if scale != 1.0:
        words = ["bench.serving", "--scale", str(scale)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", *words, "--clock-scale", str(CLOCK_SCALE)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield json.loads(await process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


def clock_of(twins: Twins) -> SystemClock:
    return SystemClock(twins["clock_scale"])


def connectors_of(
    twins: Twins | None, folder: Path, clock: Clock | None = None
) -> dict[SystemName, Connector]:
    """Connectors to the simulators; without any they still know what their systems can do."""
    twins = NOWHERE if twins is None else twins
    clock = clock or clock_of(twins)
    qbo, dear = twins["qbo"], twins["dear"]
    qbo_config = QboConfig.model_validate(
        {
            "environment": "sandbox",
            "base_url": qbo["base_url"],
            "token_url": qbo["token_url"],
            "realm_id": qbo["realm_id"],
            **{
                name: _secret(folder, name, qbo[name])
                for name in ("client_id", "client_secret", "refresh_token")
            },
            "new_items": {
                "income_account": "Sales of Product Income",
                "expense_account": "Cost of Goods Sold",
            },
        }
    )
    dear_config = DearConfig.model_validate(
        {
            "type": "dear",
            "native_link": "none",
            "expense_account": "cogs",
            "home_country": ["USA"],
            "base_url": dear["base_url"],
            "account_id": dear["account_id"],
            "application_key": _secret(folder, "application_key", dear["application_key"]),
            "defaults": DEAR_DEFAULTS,
        }
    )
    vault = FileVault(folder / "vault", system="qbo", realm=qbo["realm_id"])
    return {
        QBO: QboConnector.open(qbo_config, clock=clock, tokens=vault),
        DEAR: DearConnector.open(dear_config, clock=clock),
    }


def _secret(folder: Path, name: str, value: str) -> dict[str, str]:
    path = folder / "secrets" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(value, encoding="utf-8")
    return {"file": str(path)}


def policy_of(able: Mapping[SystemName, Capabilities]) -> Policy:
    return Policy(systems=(DEAR, QBO), capabilities=dict(able))


def calls(connectors: Mapping[SystemName, Connector]) -> dict[SystemName, int]:
    return {name: connector.budget.calls for name, connector in connectors.items()}
