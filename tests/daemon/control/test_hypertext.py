"""Reading an answer of the daemon: what ends it, and what is none."""

import asyncio

import pytest

from daemon.control.hypertext import Garbled, body_of, head_of

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


async def read(wire: bytes, piece: int = 7) -> tuple[int, bytes]:
    """Status and body of what comes in small pieces and then ends."""
    stream = asyncio.StreamReader(limit=4096)
    for place in range(0, len(wire), piece):
        stream.feed_data(wire[place : place + piece])
    stream.feed_eof()
    status, headers = await head_of(stream)
    return status, b"".join([part async for part in body_of(stream, headers)])


@pytest.mark.parametrize(
    ("wire", "status", "body"),
    [
        (HEAD + b"Content-Length: 5\r\n\r\nhello", 200, b"hello"),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n", 404, b""),
        (HEAD + b"CONTENT-LENGTH: 2\r\nDate: now: or later\r\n\r\nok and no more", 200, b"ok"),
        (CHUNKED + b"5\r\nhello\r\n1;name=value\r\n!\r\n0\r\n\r\n", 200, b"hello!"),
        (CHUNKED + b"1A\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n", 200, b"x" * 26),
        (CHUNKED + b"2\r\n\r\n\r\n0\r\n\r\n", 200, b"\r\n"),
    ],
)
async def test_an_answer_ends_where_it_says(wire: bytes, status: int, body: bytes) -> None:
    for piece in (1, 7, len(wire)):
        assert await read(wire, piece) == (status, body)


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        b"SSH-2.0-other\r\n\r\n",
        b"HTTP/1.1 20x OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        HEAD + b"\r\nuntil it closes",
        HEAD + b"Content-Length: five\r\n\r\nhello",
        HEAD + b"Content-Length: -1\r\n\r\nhello",
        HEAD + b"Content-Length: 6\r\n\r\nhello",
        HEAD + b"X: " + b"y" * 5000 + b"\r\n\r\n",
        CHUNKED + b"5\r\nhel",
        CHUNKED + b"5\r\nhello\r\n",
        CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"\r\nhello\r\n0\r\n\r\n",
    ],
)
async def test_what_is_no_whole_answer_is_refused(wire: bytes) -> None:
    with pytest.raises(Garbled):
        await read(wire)
