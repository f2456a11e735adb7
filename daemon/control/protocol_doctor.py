"""The part of the control protocol by which ``trueup doctor`` has the systems looked at closely.

Carries names of accounts and the like, which a configuration holds anyway; never a secret.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from daemon.control.frame import Answer, Part, Request
from daemon.control.protocol_connect import ConnectionShown

State: TypeAlias = Literal["ok", "warn", "bad", "skipped"]
Text = Annotated[str, Field(max_length=500)]


class NameAsked(Part):
    """One name in a configuration, and where it has to be found."""

    system: Text
    key: Text
    book: Text
    name: Text
    types: Annotated[tuple[Text, ...], Field(max_length=20)] = ()
    exact: bool = False


class ExamineRequest(Request):
    """Ask every system how it stands, and whether it has what these names mean."""

    names: Annotated[tuple[NameAsked, ...], Field(max_length=2_000)] = ()


class VerdictShown(Part):
    name: str
    state: State
    found: str
    cure: str = ""


class SystemExamined(Part):
    """What was found out about one system."""

    connection: ConnectionShown
    verdicts: tuple[VerdictShown, ...] = ()
    closed_until: str = ""
    """Last closed day, or empty."""
    clock_ahead_s: int | None = None
    """How far this machine's clock is before the system's."""
    calls: int = 0
    """How many this took; others of the daemon in the same moment are counted with them."""


class ExamineAnswer(Answer):
    systems: tuple[SystemExamined, ...]
