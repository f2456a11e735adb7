"""Books with parties, accounts and items, and a connector that writes documents there."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from ledger.model.facts import Observation
from ledger.model.ids import Kind
from ledger.model.outcomes import Rejected
from ledger.model.values import Line
from tests.daemon.connectors.qbo.bench import QboBench, open_bench
from tests.daemon.connectors.qbo.papers import FOUNTAIN, PUMP, Office, goods

ORDER, BILL, INVOICE = Kind.PURCHASE_ORDER, Kind.BILL, Kind.INVOICE
ALL = (ORDER, BILL, INVOICE)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[QboBench]:
    async with open_bench(tmp_path) as found:
        yield found


@pytest.fixture
def office(bench: QboBench) -> Office:
    return Office(bench)


def refused(outcome: object) -> Rejected:
    assert isinstance(outcome, Rejected), outcome
    assert outcome.field
    assert outcome.cure
    return outcome


async def party(office: Office, kind: Kind) -> str:
    return await (office.customer() if kind is INVOICE else office.vendor())


def replaced(line: Line, **changes: str) -> Line:
    """As the core gives a line: owned fields, and nothing of the bookkeeper's."""
    amounts = {name: Decimal(text) for name, text in changes.items()}
    return msgspec.structs.replace(
        line, **amounts, reporting_class=None, customer=None, billable=""
    )


async def an_order(office: Office, vendor: str) -> Observation:
    rows = (goods(PUMP, "10", "3", "30"), goods(FOUNTAIN, "2", "50", "100"))
    return await office.create(ORDER, vendor, *rows, number="PO-1")
