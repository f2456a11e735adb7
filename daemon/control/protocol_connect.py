"""The part of the control protocol by which a person gives access to a system, and ends it.

A code travels in a request of a front end, never in an answer; tokens never travel at all.
"""

from typing import Annotated

from msgspec import Meta

from daemon.control.frame import Answer, Part, Request
from daemon.control.protocol_live import TokenShown
from daemon.control.protocol_state import ProblemShown
from daemon.control.protocol_valves import Reason

LONGEST_ANSWER = 8_000


class ConnectRequest(Request, frozen=True, kw_only=True):
    """What is a person to open?"""

    system: Annotated[str, Meta(max_length=100)] = "qbo"
    reconnect: bool = False
    """Also where a login is in force."""
    port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    """Of this machine, in place of the configured one."""


class ConnectAnswer(Answer, frozen=True, kw_only=True):
    system: str
    url: str
    """The page on which a person gives access."""
    redirect_uri: str
    """Where the answer goes."""
    state: str
    """What an answer to this question has to carry."""
    expires_at: str


class ConnectFinishRequest(Request, frozen=True, kw_only=True):
    """The answer as the browser brought it: an address, or the part behind its ``?``."""

    system: Annotated[str, Meta(max_length=100)] = "qbo"
    answer: Annotated[str, Meta(min_length=1, max_length=LONGEST_ANSWER)]


class ConnectCheckRequest(Request, frozen=True, kw_only=True):
    """Ask every system how it stands, now."""


class ConnectionShown(Part, frozen=True, kw_only=True):
    """How one system stands, asked just now."""

    system: str
    connected: bool
    company_name: str = ""
    company_id: str = ""
    """Its last four digits."""
    environment: str = ""
    home_currency: str = ""
    plan: str = ""
    login: TokenShown | None = None
    warnings: tuple[ProblemShown, ...] = ()
    problem: str = ""
    """Why nothing is read or written as things stand; empty when it is."""
    cure: str = ""


class ConnectionsAnswer(Answer, frozen=True, kw_only=True):
    systems: tuple[ConnectionShown, ...]


class DisconnectRequest(Request, frozen=True, kw_only=True):
    """End the login there and forget it here."""

    system: Annotated[str, Meta(max_length=100)] = "qbo"
    reason: Reason
    force: bool = False
    """Forget it also when the other side cannot be told."""
    dry_run: bool = False
