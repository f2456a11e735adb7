"""The part of the control protocol by which ``trueup doctor`` has the systems looked at closely.

Carries names of accounts and the like, which a configuration holds anyway; never a secret.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from daemon.control.frame import Answer, Part, Request
from daemon.control.protocol_connect import ConnectionShown

State: TypeAlias = Literal["ok", "warn", "bad", "skipped"]
Text = Annotated[str, Meta(max_length=500)]


class NameAsked(Part, frozen=True, kw_only=True):
    """One name in a configuration, and where it has to be found."""

    system: Text
    key: Text
    book: Text
    name: Text
    types: Annotated[tuple[Text, ...], Meta(max_length=20)] = ()
    exact: bool = False


class ExamineRequest(Request, frozen=True, kw_only=True):
    """Ask every system how it stands, and whether it has what these names mean."""

    names: Annotated[tuple[NameAsked, ...], Meta(max_length=2_000)] = ()


class VerdictShown(Part, frozen=True, kw_only=True):
    name: str
    state: State
    found: str
    cure: str = ""


class SystemExamined(Part, frozen=True, kw_only=True):
    """What was found out about one system."""

    connection: ConnectionShown
    verdicts: tuple[VerdictShown, ...] = ()
    closed_until: str = ""
    """Last closed day, or empty."""
    clock_ahead_s: int | None = None
    """How far this machine's clock is before the system's."""
    calls: int = 0
    """How many this took; others of the daemon in the same moment are counted with them."""


class ExamineAnswer(Answer, frozen=True, kw_only=True):
    systems: tuple[SystemExamined, ...]
