"""One message to one receiver: posted, or handed to a command. One attempt, told apart from none.

Must not log an address, which may hold a secret, nor pass this process's environment on.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import aiohttp
import msgspec

from daemon.clock import Clock
from daemon.connectors.governor import Governor
from daemon.connectors.http import Http
from daemon.observe.telling import Message
from ledger.model.errors import ConfigProblem, OutcomeIsUnknown, Transient

PATIENCE_S = 30.0
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "HOME")
"""Of the environment; the rest may hold secrets."""


class Receiver(Protocol):
    async def deliver(self, message: Message) -> None:
        """``Transient`` when it is not known to have arrived: try again later."""
        ...


class Webhook:
    """Posts to an address that is looked up anew each time, so that a changed secret is used."""

    def __init__(
        self,
        address: Callable[[], str],
        clock: Clock,
        *,
        transport: aiohttp.BaseConnector | None = None,
    ) -> None:
        self._address = address
        self._clock = clock
        self._transport = transport
        self._governor = Governor(clock, per_second=1, per_minute=10, in_flight=1)

    async def deliver(self, message: Message) -> None:
        try:
            address = self._address()
        except ConfigProblem as problem:
            raise Transient(problem.problems[0]) from problem
        http = Http(
            address,
            clock=self._clock,
            governor=self._governor,
            timeout_s=PATIENCE_S,
            transport=self._transport,
            max_bytes=1024 * 1024,
        )
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.id}
        try:
            reply = await http.send("POST", "", body=body(message), headers=headers, what="notice")
        except OutcomeIsUnknown as error:
            raise Transient(str(error)) from error
        finally:
            await http.close()
        if not 200 <= reply.status < 300:
            raise Transient(f"the receiver answered {reply.status}")


class Command:
    """Runs a command, without a shell, with the message on its standard input."""

    def __init__(self, words: Sequence[str], *, patience_s: float = PATIENCE_S) -> None:
        self._words = tuple(words)
        self._patience_s = patience_s

    async def deliver(self, message: Message) -> None:
        given = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        given |= {"TRUEUP_INSTANCE": message.instance, "TRUEUP_NOTICE": message.id}
        try:
            running = await asyncio.create_subprocess_exec(
                *self._words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=given,
                start_new_session=True,
            )
        except OSError as error:
            raise Transient(f"the command cannot be run: {error.strerror}") from error
        try:
            async with asyncio.timeout(self._patience_s):
                await running.communicate(body(message))
        except TimeoutError:
            raise Transient(f"the command did not end within {self._patience_s:.0f} s") from None
        finally:
            if running.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(running.pid, signal.SIGKILL)
                await running.wait()
        if running.returncode:
            raise Transient(f"the command ended with {running.returncode}")


def body(message: Message) -> bytes:
    """A message as it leaves."""
    return msgspec.json.encode(message)
