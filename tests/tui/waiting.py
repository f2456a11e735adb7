"""Waiting for a condition that a test names, while the front end goes on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

PATIENCE_S = 60.0
LOOK_S = 0.01


async def until(
    pilot: Pilot[Any], condition: Callable[[], object], seen: Callable[[], str]
) -> None:
    """Until ``condition`` holds; fails with what ``seen`` says."""
    never = asyncio.Event()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await pilot.pause()
                try:
                    await asyncio.wait_for(never.wait(), LOOK_S)
                except TimeoutError:
                    continue
    except TimeoutError:
        pytest.fail(f"this never came true; on the screen:\n{seen()}")
