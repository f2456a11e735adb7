"""Hands a text to a command of the administrator's: no shell, no secrets of ours, an end in time.

Must not log the command or the text, and must not leave anything running.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "HOME")
"""Of the environment; the rest may hold secrets."""


async def hand_over(
    words: Sequence[str],
    text: bytes,
    *,
    patience_s: float,
    told: Mapping[str, str] | None = None,
) -> None:
    """Run the command with ``text`` on its standard input and ``told`` in its environment.

    ``OSError`` when it cannot be run, fails, or has not ended in time; then it and all that it
    started are ended.
    """
    running = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={n: os.environ[n] for n in PASSED_ON if n in os.environ} | dict(told or {}),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(patience_s):
            await running.communicate(text)
    except TimeoutError:
        raise OSError(f"the command did not end within {patience_s:.0f} s") from None
    finally:
        if running.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            await running.wait()
    if running.returncode:
        raise OSError(f"the command ended with {running.returncode}")
