"""What a fault of QuickBooks means: read in every shape it comes in, sorted by what happens next.

A code alone does not decide: the same 500 says "not supported" or "try again", the same 610 "gone"
or "inactive". Must not send anything, and must keep company data out of what it composes itself;
QuickBooks' own sentence is kept, for a person needs it.
"""

import html
import math
import re
from enum import StrEnum
from typing import Any

import msgspec

from daemon.connectors.http import Reply
from daemon.connectors.jsontext import decode, shaped
from daemon.connectors.oauth import RECONNECT
from daemon.connectors.qbo.cures import CURES, cure_of
from ledger.model.errors import OutcomeIsUnknown, Throttled, TrueupError, Unauthorised
from ledger.model.errors import Refused as RefusedError
from ledger.model.errors import Transient as TransientError

THROTTLE_S = 60.0
"""Intuit's documented advice after "too many requests"; Retry-After cannot be relied upon."""
MOST_WAIT_S = 900.0
LONGEST_TEXT = 500
_QUOTED_TOKEN = re.compile(r"(token (?:expired|revoked))\b:?\s*\S*", re.IGNORECASE)
"""The gateway repeats the beginning of the access token after these words."""


class Next(StrEnum):
    """What happens after a fault."""

    RETRY = "retry"
    """Nothing was done, and later it may work."""
    SLOW_DOWN = "slow_down"
    LOGIN = "login"
    """The access token is not accepted: renew it, once."""
    NO_ACCESS = "no_access"
    """The company is not open to this login: a person is needed."""
    STALE = "stale"
    DUPLICATE = "duplicate"
    GONE = "gone"
    """The object, or something that it points to, is removed or inactive."""
    UNSURE = "unsure"
    """The system failed while it worked: it may have acted."""
    INVALID = "invalid"


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    message: str
    detail: str
    element: str = ""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that says no."""

    status: int
    sort: str
    """QuickBooks' own type word: ``ValidationFault``, ``AUTHENTICATION`` ..."""
    details: tuple[Detail, ...]
    trace: str = ""
    """``intuit_tid``: what Intuit's support asks for."""
    retry_after: float = THROTTLE_S

    @property
    def first(self) -> Detail:
        return self.details[0]

    @property
    def text(self) -> str:
        """QuickBooks' own words, cut, with the trace id and without the token they may quote."""
        said = "; ".join(one.detail or one.message for one in self.details)[:LONGEST_TEXT]
        said = _QUOTED_TOKEN.sub(r"\1", said)
        trace = f" (intuit_tid {self.trace})" if self.trace else ""
        return f"{said}{trace}"

    @property
    def next(self) -> Next:
        return _next(self.status, self.first, self.sort)

    @property
    def cure(self) -> str:
        return cure_of(self.first.code)


_BY_CODE = {
    "130": Next.RETRY,
    "140": Next.RETRY,
    "150": Next.RETRY,
    "3001": Next.SLOW_DOWN,
    "100": Next.LOGIN,
    "110": Next.LOGIN,
    "3200": Next.LOGIN,
    "3201": Next.LOGIN,
    "3202": Next.LOGIN,
    "120": Next.NO_ACCESS,
    "3100": Next.NO_ACCESS,
    "5010": Next.STALE,
    "6140": Next.DUPLICATE,
    "6240": Next.DUPLICATE,
    "610": Next.GONE,
    "600": Next.UNSURE,
    "10000": Next.UNSURE,
    "10200": Next.RETRY,
}
_BY_SORT = {"AUTHENTICATION": Next.LOGIN, "AUTHORIZATION": Next.NO_ACCESS}
_BY_STATUS = {401: Next.LOGIN, 403: Next.NO_ACCESS, 429: Next.SLOW_DOWN}


def _next(status: int, detail: Detail, sort: str) -> Next:
    # The text is asked first: gateway codes come with leading zeros, or not at all.
    said = f"{detail.message} {detail.detail}".lower()
    if "throttleexceeded" in said or status == 429:
        return Next.SLOW_DOWN
    if "could not find resource" in said:
        return Next.INVALID  # an address that does not exist did nothing, though it says 10000
    known = _BY_CODE.get(detail.code)
    if known is not None:
        return known
    if detail.code == "500" and "not supported" in said:
        return Next.INVALID
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if not detail.code and sort in _BY_SORT:
        return _BY_SORT[sort]
    is_plain_no = 400 <= status < 500 or (status == 200 and bool(detail.code))
    if not is_plain_no or status == 408 or sort.lower() in {"systemfault", "service"}:
        return Next.UNSURE
    return Next.INVALID


def fault_in(
    value: Any, *, status: int, trace: str = "", retry_after: float = THROTTLE_S
) -> Fault | None:
    """The fault in a decoded object (business or gateway spelling), or None."""
    if not isinstance(value, dict):
        return None
    found = value.get("Fault") or value.get("fault")
    if not isinstance(found, dict):
        return None
    errors = found.get("Error") or found.get("error")
    listed = errors if isinstance(errors, list) else [errors]
    details = tuple(_detail(one) for one in listed if isinstance(one, dict))
    if not details:
        details = (Detail(code="", message="a fault without a reason", detail=""),)
    return Fault(
        status=status,
        sort=str(found.get("type") or ""),
        details=details,
        trace=trace,
        retry_after=retry_after,
    )


def _detail(error: dict[str, Any]) -> Detail:
    lower = {key.lower(): value for key, value in error.items()}
    message = str(lower.get("message") or "")
    code = str(lower.get("code") or "")
    if not code and (found := re.search(r"errorCode=(\d+)", message)):
        code = found[1]
    return Detail(
        code=code.lstrip("0"),
        message=message,
        detail=str(lower.get("detail") or ""),
        element=str(lower.get("element") or ""),
    )


def fault_of(reply: Reply) -> Fault | None:
    """The fault in an answer, whatever its status; None for an answer that says yes."""
    trace = reply.headers.get("intuit_tid", "")
    retry_after = _retry_after(reply.headers.get("Retry-After", ""))
    try:
        value = _tops(reply.body)
    except msgspec.MsgspecError:
        value = _from_xml(reply.body)
    found = fault_in(value, status=reply.status, trace=trace, retry_after=retry_after)
    if found is not None:
        return found
    if reply.status == 200:
        return None
    return Fault(
        status=reply.status,
        sort="",
        details=(
            Detail(
                code="", message=f"QuickBooks answered {reply.status} with no reason", detail=""
            ),
        ),
        trace=trace,
        retry_after=retry_after,
    )


def _tops(body: bytes) -> Any:
    """Only the fault of an answer is decoded: pages are large, and faults are rare."""
    parts = shaped(body, dict[str, msgspec.Raw])
    return {key: decode(parts[key]) for key in ("Fault", "fault") if key in parts}


def error_of(fault: Fault) -> TrueupError:
    """The error to raise for a whole request that met this fault."""
    match fault.next:
        case Next.SLOW_DOWN:
            return Throttled("QuickBooks asks to slow down", retry_after=fault.retry_after)
        case Next.LOGIN:
            return Unauthorised(
                f"QuickBooks does not accept the login: {fault.text}",
                state="reauth_needed",
                cure=RECONNECT,
            )
        case Next.NO_ACCESS:
            return Unauthorised(
                f"QuickBooks does not open the company to this login: {fault.text}",
                state="access_revoked",
                cure=CURES.get(fault.first.code, CURES["3100"]),
            )
        case Next.RETRY:
            return TransientError(f"QuickBooks cannot work just now: {fault.text}")
        case Next.UNSURE:
            return OutcomeIsUnknown(f"QuickBooks failed: {fault.text}")
        case Next.STALE | Next.DUPLICATE | Next.GONE | Next.INVALID:
            return RefusedError(
                fault.text, code=fault.first.code, field=fault.first.element, cure=fault.cure
            )


def _retry_after(text: str) -> float:
    try:
        asked = float(text)
    except ValueError:
        return THROTTLE_S
    return THROTTLE_S if math.isnan(asked) else min(max(asked, 1.0), MOST_WAIT_S)


_XML_ERROR = re.compile(r"<Error\b([^>]*)>(.*?)</Error>", re.DOTALL)


def _from_xml(body: bytes) -> Any:
    """A fault that came as XML, which happens when the Accept header was lost on the way."""
    text = body[: 64 * 1024].decode("utf-8", "replace")
    sort = re.search(r"<Fault\b[^>]*\btype=\"([^\"]*)\"", text)
    errors = []
    for attributes, inner in _XML_ERROR.findall(text):
        error = dict(re.findall(r"\b(code|element)=\"([^\"]*)\"", attributes))
        for part in ("Message", "Detail"):
            found = re.search(rf"<{part}>(.*?)</{part}>", inner, re.DOTALL)
            error[part] = html.unescape(found[1]) if found else ""
        errors.append(error)
    if not errors:
        return None
    return {"Fault": {"Error": errors, "type": sort[1] if sort else ""}}
