"""An open ledger over a real file, closed again whatever the test does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.store.ledger import Ledger
from tests.ledger.store.support import KEY, Ticking


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[Ledger]:
    opened = await Ledger.open(path, now=Ticking(), key=KEY)
    yield opened
    await opened.close()
