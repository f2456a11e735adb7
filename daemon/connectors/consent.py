"""A person gives a connector access in a browser: what was asked, and whether the answer fits it.

Neutral of the system. Must not keep a code, or put one into an error: an answer is read once.
"""

import base64
import hmac
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable
from urllib.parse import parse_qs, urlsplit

import msgspec

from daemon.clock import Clock
from daemon.connectors.oauth import Phase
from ledger.model.errors import TrueupError

ANSWER_WITHIN = timedelta(minutes=30)
"""A person has to log in, with a second factor perhaps, and to choose a company."""
STATE_BYTES = 32
MOST_PENDING = 8
"""Two people may begin at once; an endless row of beginnings makes the oldest void."""
LONGEST = 8_000
"""Characters of an answer; what is longer was not pasted from an address bar."""
AGAIN = "begin again: trueup connect --reconnect"


class Why(StrEnum):
    """Why an answer gives no access."""

    MALFORMED = "malformed"
    STALE = "stale"
    """Nothing like it was asked, or too long ago, or it was answered before."""
    DENIED = "denied"
    COMPANY = "company"
    """It is for another company."""
    REDIRECT = "redirect"
    """There is no address to come back to."""


class NoConsent(TrueupError):
    """No access was given, and nothing was stored."""

    def __init__(self, why: Why, message: str, *, cure: str = AGAIN) -> None:
        super().__init__(message, cure=cure)
        self.why = why


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is to open, and where the answer goes."""

    url: str
    redirect_uri: str
    state: str
    expires_at: datetime


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that belongs to a question of ours."""

    code: str
    company_id: str
    redirect_uri: str

    def __repr__(self) -> str:
        return "Given(secrets hidden)"

    __str__ = __repr__


@runtime_checkable
class Authorises(Protocol):
    """A connector to which a person gives access in a browser."""

    @property
    def company_id(self) -> str:
        """As configured; nothing is asked."""
        ...

    @property
    def environment(self) -> str: ...

    def login_phase(self) -> Phase:
        """``Unauthorised`` when what is stored cannot be opened."""
        ...

    async def ask_consent(self, *, port: int | None = None) -> Asked:
        """``port``: of this machine, in place of the one that is configured."""
        ...

    async def take_answer(self, text: str) -> None:
        """The login is that of this answer from now on. ``NoConsent`` when it is none."""
        ...

    async def end_login(self, *, even_unheard: bool = False) -> bool:
        """False when it was over on the other side already."""
        ...


class Questions:
    """The questions that are open: each is answered once, in time, or never."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, tuple[str, datetime]] = {}

    def new(self, redirect_uri: str) -> tuple[str, datetime]:
        """The ``state`` of a new question, and until when it may be answered."""
        while len(self._open) >= MOST_PENDING:
            del self._open[next(iter(self._open))]
        state = base64.urlsafe_b64encode(os.urandom(STATE_BYTES)).rstrip(b"=").decode()
        expires = self._clock.now() + ANSWER_WITHIN
        self._open[state] = (redirect_uri, expires)
        return state, expires

    def answered(self, text: str, *, company_key: str) -> Given:
        """The answer in an address (or the part behind its ``?``), checked against its question.

        A question that was named is closed, whatever becomes of the answer.
        """
        told = _parameters(text)
        redirect_uri = self._close(told.get("state", ""))
        if told.get("error"):
            word = told["error"] if told["error"].isidentifier() else "an error"
            raise NoConsent(
                Why.DENIED,
                f"no access was given ({word[:60]}): nothing was stored",
                cure="choose Connect on Intuit's page, as an administrator of the company; "
                + AGAIN,
            )
        code, company = told.get("code", ""), told.get(company_key, "")
        if not code or not company:
            raise NoConsent(
                Why.MALFORMED,
                f"the answer lacks its code or its {company_key}: nothing was stored",
                cure="copy the whole address, from https:// to its end; " + AGAIN,
            )
        return Given(code=code, company_id=company, redirect_uri=redirect_uri)

    def _close(self, state: str) -> str:
        found = ""
        for one in self._open:  # all of them: how long it takes tells nothing
            if hmac.compare_digest(one.encode(), state.encode()):
                found = one
        redirect_uri, expires = self._open.pop(found, ("", self._clock.now()))
        if not found:
            raise NoConsent(
                Why.STALE,
                "this answer belongs to no question that is open (its state is not known, or it "
                "was given before): nothing was stored",
            )
        if expires <= self._clock.now():
            raise NoConsent(Why.STALE, "this answer came too late: nothing was stored")
        return redirect_uri


def _parameters(text: str) -> Mapping[str, str]:
    """What stands behind the ``?`` of an address that was pasted; each name once."""
    address = "".join(text.split()).strip("'\"<>")
    query = address.partition("?")[2] if "?" in address else address
    if len(text) > LONGEST or "=" not in query:
        raise NoConsent(
            Why.MALFORMED,
            "that is no answer: an address with code=, state= and realmId= is expected",
            cure="copy the whole address that the browser shows after you chose Connect; " + AGAIN,
        )
    found = parse_qs(urlsplit(f"?{query}").query, keep_blank_values=True)
    return {name: values[0] if len(values) == 1 else "" for name, values in found.items()}


def ends_in(company_id: str) -> str:
    """A company's id as it may be shown: its last four digits."""
    return f"...{company_id[-4:]}" if len(company_id) > 4 else company_id
