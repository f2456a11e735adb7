"""The sandboxes of a whole session: they are read from, and nothing in them changes."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from typing import Any, TypeVar

import pytest

from tests.fuzz.answers import Recording, record
from tests.fuzz.wires import Wires, wired

T = TypeVar("T")


class Running:
    """The wires, and the loop that they live in: examples are run in it one after the other."""

    def __init__(self, runner: asyncio.Runner, wires: Wires) -> None:
        self._runner = runner
        self.wires = wires

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(coroutine)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        folder = tmp_path_factory.mktemp("wires")
        wires = runner.run(stack.enter_async_context(wired(folder)))
        try:
            yield Running(runner, wires)
        finally:
            runner.run(stack.aclose())


@pytest.fixture(scope="session")
def recording(running: Running) -> Recording:
    """What the sandboxes answer to a first reading."""
    return running.run(record(running.wires))
