"""QuickBooks Online under the behaviour suite of all connectors."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.sandbox.qbo.switches import QboSwitches
from tests.daemon.connectors.contract import Bench, ConnectorContract
from tests.daemon.connectors.qbo.bench import open_bench


class TestQbo(ConnectorContract):
    @pytest.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[Bench]:
        async with open_bench(tmp_path) as bench:
            yield bench


class TestQboThatKeepsTheNamesOfInactiveRecords(ConnectorContract):
    @pytest.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[Bench]:
        switches = QboSwitches(rename_on_inactivate=False, id_order="text", cdc_inactive="deleted")
        async with open_bench(tmp_path, switches=switches) as bench:
            yield bench
