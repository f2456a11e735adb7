"""DEAR under the behaviour suite of all connectors, in two readings of its wire."""

from collections.abc import AsyncIterator

import pytest

from daemon.sandbox.dear.switches import DearSwitches
from tests.daemon.connectors.contract import Bench, ConnectorContract
from tests.daemon.connectors.dear.bench import open_bench


class TestDear(ConnectorContract):
    @pytest.fixture
    async def bench(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
        async with open_bench(monkeypatch, page_size=4, history=8) as bench:
            yield bench


class TestDearReadTheOtherWay(ConnectorContract):
    @pytest.fixture
    async def bench(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
        switches = DearSwitches(
            throttle="400_model",
            error_shape="object",
            refusal_status=200,
            unknown_path="redirect",
            unknown_id="refuse",
            stamps="mixed",
            guid_case="mixed",
            noop_put="silent",
            null_on_put="clears",
            empty_text="blank",
            numbers="places",
            status_words="upper",
            party_rows="replace",
            supplier_names="unique",
            product_filter="starting",
            write_echo="gated",
            page_cap=7,
            totals=False,
            order="created",
        )
        async with open_bench(monkeypatch, switches=switches, history=8) as bench:
            # Without a Total an empty or shifted page shows only where another page follows.
            bench.page_faults = ()
            yield bench
