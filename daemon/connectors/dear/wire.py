"""What an answer of DEAR means. Pure: bytes and a status in, one of six meanings out.

DEAR: errors are an array of ``{"ErrorCode", "Exception"}`` or one such object, with any HTTP
status, 200 included; a wrong path is answered by a web page with 200; "too many calls" comes as
429, as 503, or as an error whose text says so. Must not raise, wait or send.
"""

import re
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from daemon.connectors.http import Reply
from daemon.connectors.jsontext import decode, shaped

PAUSE_S = 15.0
"""How long to leave DEAR alone when it does not say."""
LONGEST_PAUSE_S = 3600.0

_LIMIT = re.compile(r"\b60\s+calls\s+per\s+(?:minute|60\s*seconds)", re.IGNORECASE)
_FIRST_NUMBER = re.compile(r"\d+")
LONGEST_NOTICE = 4096
"""Bytes of a page that are searched for what it says."""
MAX_TEXT = 300
"""Characters of a refusal that are kept."""


class Flaw(msgspec.Struct, frozen=True):
    """One thing that DEAR says is wrong."""

    code: str
    text: str


class Good(msgspec.Struct, frozen=True):
    """A JSON answer that is no error."""

    body: bytes


class Busy(msgspec.Struct, frozen=True):
    """Too many calls; nothing was done."""

    seconds: float


class Denied(msgspec.Struct, frozen=True):
    """The account id or the key is not accepted."""

    text: str


class Wrong(msgspec.Struct, frozen=True):
    """DEAR understood the request and refuses it."""

    flaws: tuple[Flaw, ...]
    failed: bool = False
    """DEAR itself failed (HTTP 5xx with a proper error body): the request ended, but whether it
    acted has to be looked up."""

    @property
    def text(self) -> str:
        return "; ".join(flaw.text for flaw in self.flaws)[:MAX_TEXT]


class NoApi(msgspec.Struct, frozen=True):
    """Something answered that is not the API: a web page, a redirect, an empty body."""

    status: int
    sent_elsewhere: bool = False
    """A redirect: the request was not carried out here."""


class Down(msgspec.Struct, frozen=True):
    """The server or something before it failed; whether the request acted is not known."""

    status: int


Meaning: TypeAlias = Good | Busy | Denied | Wrong | NoApi | Down


def classify(reply: Reply) -> Meaning:
    """What the answer means, whatever its status pretends."""
    flaws = _flaws(reply.body)
    is_proper = not flaws and is_json(reply.body)
    # Only what is not JSON is searched: a product's description may well speak of "60 calls per
    # minute".
    page = b"" if flaws or is_proper else reply.body[:LONGEST_NOTICE]
    text = " ".join(flaw.text for flaw in flaws) or page.decode("utf-8", "replace")
    if reply.status in (429, 503) or _LIMIT.search(text):
        return Busy(_pause(reply.headers))
    if reply.status in (401, 403) or any(flaw.code in ("401", "403") for flaw in flaws):
        return Denied(text[:MAX_TEXT])
    if 300 <= reply.status < 400:
        return NoApi(reply.status, sent_elsewhere=True)
    if flaws:
        return Wrong(flaws, failed=reply.status >= 500)
    if reply.status >= 500:
        return Down(reply.status)
    if not is_proper:
        return NoApi(reply.status)
    if reply.status >= 400:
        return Wrong((Flaw(str(reply.status), f"HTTP {reply.status} without an explanation"),))
    return Good(reply.body)


def is_json(body: bytes) -> bool:
    """Whether the body is one whole JSON array or object."""
    if body.lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        shaped(body, msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return True


def _flaws(body: bytes) -> tuple[Flaw, ...]:
    if b'"ErrorCode"' not in body:
        return ()  # spares decoding of every good page
    try:
        content = decode(body)
    except msgspec.DecodeError:
        return ()
    if isinstance(content, Mapping) and "ErrorCode" not in content:
        content = content.get("Errors")  # "done, but": a later step of the request failed
    listed = content if isinstance(content, list) else [content]
    if not listed or not all(isinstance(one, Mapping) and "ErrorCode" in one for one in listed):
        return ()
    return tuple(
        Flaw(str(one["ErrorCode"]), str(one.get("Exception") or "no explanation")) for one in listed
    )


def _pause(headers: Mapping[str, str]) -> float:
    """Seconds of ``Retry-After``. DEAR: the value may be text such as ``60 Seconds``."""
    found = _FIRST_NUMBER.search(headers.get("Retry-After", ""))
    return min(float(found.group()), LONGEST_PAUSE_S) if found else PAUSE_S
