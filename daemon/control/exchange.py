"""One request over the daemon's socket and its answer; transport errors become ours.

Must not know what is asked: ``client`` does.
"""

import asyncio
import grp
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import aiohttp
from pydantic import BaseModel, TypeAdapter, ValidationError

from daemon.control.protocol import Code, Declined, Refusal
from daemon.control.protocol_live import Event
from ledger.model.errors import TrueupError

MAX_ANSWER = 256 * 1024 * 1024
MAX_EVENT = 256 * 1024

_Answer = TypeVar("_Answer", bound=BaseModel)


class DaemonAbsent(TrueupError):
    """No daemon is listening."""


class NoAnswer(TrueupError):
    """The daemon took the request and did not answer in time."""


class Exchange:
    """One request, whose transport errors become ours at every point where they can appear."""

    def __init__(self, request: "aiohttp.client._RequestContextManager", socket: Path) -> None:
        self._request = request
        self._socket = socket

    async def __aenter__(self) -> aiohttp.ClientResponse:
        try:
            return await self._request.__aenter__()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._ours(error) from error

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        await self._request.__aexit__(None, None, None)
        if isinstance(error, aiohttp.ClientError | TimeoutError | OSError):
            raise self._ours(error) from error

    def _ours(self, error: BaseException) -> TrueupError:
        if isinstance(error, asyncio.TimeoutError):
            return NoAnswer(
                "the daemon did not answer in time",
                cure="see its log; the request may still be carried out",
            )
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        if isinstance(cause, PermissionError):
            return Declined(
                Code.NOT_PERMITTED,
                f"you may not use the daemon's socket {self._socket}",
                cure=_who_may(self._socket),
            )
        if isinstance(error, aiohttp.ClientConnectorError):
            return DaemonAbsent(
                f"no daemon is listening on {self._socket}",
                cure="start it with: trueup run --config FILE",
            )
        return NoAnswer("the daemon closed the connection", cure="see its log, then try again")


async def parsed(reply: aiohttp.ClientResponse, answer: type[_Answer]) -> _Answer:
    data = await _body(reply)
    try:
        if reply.status == 200:
            return answer.model_validate_json(data)
        refusal = Refusal.model_validate_json(data)
    except ValidationError as error:
        if reply.status >= 500:
            raise NoAnswer(
                f"the daemon failed inside while it answered ({reply.status})",
                cure="its log has the reason; nothing is lost, the next cycle goes on by itself",
            ) from error
        raise NoAnswer(
            f"the daemon answered {reply.status} in words this version does not know",
            cure="use the same version of trueup for both (trueup version); see the daemon's log",
        ) from error
    raise Declined(refusal.code, refusal.message, cure=refusal.cure)


async def _body(reply: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in reply.content.iter_chunked(64 * 1024):
        data += chunk
        if len(data) > MAX_ANSWER:
            raise NoAnswer("the daemon's answer has no end", cure="report this")
    return bytes(data)


async def lines(reply: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Whole lines, as they come; one that has no end is refused."""
    rest = b""
    async for chunk in reply.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > MAX_EVENT:
            raise NoAnswer("the daemon sent an event that has no end", cure="report this")


def event_in(line: bytes) -> Event:
    try:
        return _events().validate_json(line)
    except ValidationError as error:
        raise NoAnswer(
            "the daemon sent an event that this version does not know",
            cure="use the same version of trueup for both (trueup version)",
        ) from error


def _who_may(path: Path) -> str:
    """Who may open that socket, as far as its file tells."""
    cure = "run this as the user that the daemon runs as"
    try:
        told = path.stat()
        if told.st_mode & 0o020:
            group = grp.getgrgid(told.st_gid).gr_name
            return f"{cure}, or ask to be added to the group {group} and log in again"
    except (OSError, KeyError):
        return cure
    return cure


@cache
def _events() -> TypeAdapter[Event]:
    # Not at import: commands that ask one thing should not wait for it.
    return TypeAdapter(Event)
