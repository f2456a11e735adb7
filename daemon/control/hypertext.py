"""What HTTP/1.1 has to be read of our own daemon's answers: a head, then a length or chunks.

Only for the far end of the daemon's socket, where no proxy stands. Whatever does not look like an
answer of it is ``Garbled``: nothing is guessed.
"""

import asyncio
from collections.abc import AsyncIterator

_PIECE = 64 * 1024
_HEX = frozenset(b"0123456789abcdefABCDEF")
_SHORT = (asyncio.IncompleteReadError, asyncio.LimitOverrunError)


class Garbled(Exception):
    """No answer, or one that broke off."""


async def head_of(stream: asyncio.StreamReader) -> tuple[int, dict[bytes, bytes]]:
    """The status, and the headers by their names in small letters."""
    try:
        head = await stream.readuntil(b"\r\n\r\n")
    except _SHORT as error:
        raise Garbled("the head of the answer is not whole") from error
    first, *lines = head[:-4].split(b"\r\n")
    version, _, rest = first.partition(b" ")
    code = rest[:3]
    if version not in (b"HTTP/1.1", b"HTTP/1.0") or len(code) != 3 or not code.isdigit():
        raise Garbled("this is no answer in HTTP")
    pairs = (line.partition(b":") for line in lines)
    return int(code), {name.strip().lower(): value.strip() for name, _, value in pairs}


async def body_of(
    stream: asyncio.StreamReader, headers: dict[bytes, bytes]
) -> AsyncIterator[bytes]:
    """Piece by piece, to an end that was announced."""
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        while size := await _size(stream):
            async for piece in _pieces(stream, size):
                yield piece
            await _line(stream)  # each chunk ends with an empty one
        return
    length = headers.get(b"content-length", b"")
    if not length.isdigit():
        raise Garbled("the answer does not say where it ends")
    async for piece in _pieces(stream, int(length)):
        yield piece


async def _pieces(stream: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    while size:
        piece = await stream.read(min(size, _PIECE))
        if not piece:
            raise Garbled("the answer broke off")
        size -= len(piece)
        yield piece


async def _size(stream: asyncio.StreamReader) -> int:
    told = (await _line(stream)).partition(b";")[0].strip()
    if not told or not _HEX.issuperset(told):
        raise Garbled("a chunk does not say how long it is")
    return int(told, 16)


async def _line(stream: asyncio.StreamReader) -> bytes:
    try:
        return (await stream.readuntil(b"\r\n"))[:-2]
    except _SHORT as error:
        raise Garbled("the answer broke off") from error
