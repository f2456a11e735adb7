"""One message to one receiver: posted, or handed to a command. One attempt, told apart from none.

Must not log an address, which may hold a secret, nor pass this process's environment on.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import aiohttp
import msgspec

from daemon.clock import Clock
from daemon.connectors.governor import Governor
from daemon.connectors.http import Http
from daemon.handover import hand_over
from daemon.observe.telling import Message
from ledger.model.errors import ConfigProblem, OutcomeIsUnknown, Transient

PATIENCE_S = 30.0


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
            private=True,  # the chat server of the house
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
        told = {"TRUEUP_INSTANCE": message.instance, "TRUEUP_NOTICE": message.id}
        try:
            await hand_over(self._words, body(message), patience_s=self._patience_s, told=told)
        except OSError as error:
            # The words of a failed start name the command, whose arguments may be secrets.
            why = (
                str(error)
                if error.errno is None
                else f"the command cannot be run: {error.strerror}"
            )
            raise Transient(why) from error


def body(message: Message) -> bytes:
    """A message as it leaves."""
    return msgspec.json.encode(message)
