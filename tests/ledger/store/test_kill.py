"""A real process, really killed in the middle of appending: what it was told is durable stays."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.store.ledger import Ledger
from tests.ledger.store.support import KEY, Ticking

APPENDER = """
import asyncio, sys
from pathlib import Path
from ledger.store.ledger import Ledger
from tests.ledger.store.support import KEY, QBO, Ticking, item_ref, see

async def main():
    ledger = await Ledger.open(Path(sys.argv[1]), now=Ticking(), key=KEY)

    async def one(name):
        for number in range(100_000):
            draft = ledger.draft()
            see(draft, ledger, item_ref(QBO, f"{name}-{number}"))
            see(draft, ledger, item_ref(QBO, f"{name}-{number}-too"))
            print((await ledger.append(draft))[-1], flush=True)

    await asyncio.gather(*(one(name) for name in range(5)))

asyncio.run(main())
"""


@pytest.mark.parametrize("acknowledged", [1, 40, 200])
async def test_a_killed_writer_loses_nothing_it_acknowledged(path: Path, acknowledged: int) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", APPENDER, str(path)),
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    try:
        assert process.stdout is not None
        told = [int(await process.stdout.readline()) for _ in range(acknowledged)]
    finally:
        process.kill()
        rest, _ = await process.communicate()
    told += [int(line) for line in rest.split(b"\n")[:-1]]
    ledger = await Ledger.open(path, now=Ticking(), key=KEY)
    try:
        assert ledger.head >= max(told)
        assert ledger.head % 2 == 0  # drafts are whole
        assert (await ledger.verify()).problems == ()
    finally:
        await ledger.close()
