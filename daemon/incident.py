"""A bug, told by its id: the sort of error and the places in the code, never what it says.

The text of an error may quote a record, a token or an address, so it is kept nowhere. The id is
the same for the same bug, wherever it is told: in an answer, on a terminal, in the log.
"""

import asyncio
import os
import traceback
from types import TracebackType
from typing import Any

import msgspec

from daemon.log import Log
from ledger.model.ids import derive

SHOWN = 8
"""Innermost places that are told."""

_log = Log(__name__)


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One error that nobody expected."""

    id: str
    error: str
    """Name of its class."""
    places: tuple[str, ...]
    """``file.py:12 function``, outermost first."""


def incident_of(error: BaseException) -> Incident:
    """The incident that an error is."""
    kind = type(error).__name__
    # Not extract_tb: that reads the source, and nobody looks at it here.
    places = tuple(
        f"{os.path.basename(frame.f_code.co_filename)}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    )
    return Incident(id=derive(kind, *places, length=10), error=kind, places=places)


def note(error: BaseException, where: str, event: str = "internal error") -> Incident:
    """Log an error that nobody expected; what was logged. ``where``: the part it came out of."""
    found = incident_of(only(error))
    _log.error(
        event,
        incident=found.id,
        part=where,
        error=found.error,
        places=" < ".join(reversed(found.places[-SHOWN:])),
    )
    return found


def only(error: BaseException) -> BaseException:
    """The one error inside a group of one."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


class Guarded:
    """``with Guarded("part") as guard: ...`` - afterwards ``guard.incident`` is what went wrong
    there, noted in the log, or None. Cancellation, the end of the process and what is ``meant``
    pass."""

    def __init__(self, where: str, meant: tuple[type[Exception], ...] = ()) -> None:
        self._where = where
        self._meant = meant
        self.incident: Incident | None = None

    def __enter__(self) -> "Guarded":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, self._meant):
            return False
        self.incident = note(error, self._where)
        return True


def watch_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Let errors that nobody awaited be told like any other: asyncio's own words quote them."""

    def told(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            note(error, "event loop")
        else:
            _log.warning("the event loop complained", sort=type(context.get("handle")).__name__)

    loop.set_exception_handler(told)
