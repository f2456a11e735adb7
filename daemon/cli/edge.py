"""Where every error of a command ends: a sentence, a cure and an exit code; never a traceback.

The one place of the command line that meets errors it does not know. Those are bugs: they get an
incident id that is the same for the same bug, and the places in the code, but none of the data
that the error may quote. ``TRUEUP_DEBUG=1`` shows everything.
"""

import asyncio
import errno
import os
import sys
import traceback
from types import TracebackType

import click

from daemon.cli.exits import Exit
from daemon.control.text import clean
from ledger.model.errors import (
    Broken,
    ConfigProblem,
    LedgerDamaged,
    Throttled,
    Transient,
    TrueupError,
    Unauthorised,
)

DISK = frozenset({errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT, errno.ENOENT, errno.ENOTDIR})


class Edge:
    """``with Edge() as edge: ...`` - afterwards ``edge.code`` is how the process should end."""

    def __init__(self) -> None:
        self.code: int = Exit.DONE

    def __enter__(self) -> "Edge":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None:
            self.code = _flushed(self.code)
            return True
        from daemon.incident import only  # rarely needed: most commands end well

        error = only(error)
        if isinstance(error, SystemExit):
            return False
        if os.environ.get("TRUEUP_DEBUG"):
            traceback.print_exception(error)
        self.code = report(error)
        return True


def report(error: BaseException) -> int:
    """Say on stderr what went wrong; the exit code that goes with it."""
    match error:
        case BrokenPipeError():
            return _reader_left()
        case KeyboardInterrupt() | click.Abort() | asyncio.CancelledError():
            _words("interrupted")
            return Exit.INTERRUPTED
        case click.exceptions.Exit(exit_code=code):
            return code
        case click.UsageError():
            error.show(file=sys.stderr)
            return Exit.USAGE
        case click.ClickException(exit_code=code):
            error.show(file=sys.stderr)
            return code
        case ConfigProblem(problems=problems):
            for problem in problems:
                _words(problem)
            return Exit.CONFIG
        case Broken():
            return _bug(error)
        case TrueupError():
            _words(f"error: {error}")
            if error.cure:
                _words(f"  {error.cure}")
            return exit_for(error)
        case PermissionError():
            _words(f"error: {error.filename or ''}: not permitted")
            return Exit.NOT_PERMITTED
        case OSError():
            place = f"{error.filename}: " if error.filename else ""
            _words(f"error: {place}{error.strerror or error}")
            return Exit.IO if error.errno in DISK else Exit.FAILED
        case _:
            return _bug(error)


def exit_for(error: TrueupError) -> Exit:
    """The exit code of an error that has a name."""
    match error:
        case LedgerDamaged():
            return Exit.IO
        case Transient() | Throttled():
            return Exit.TEMPORARY
        case Unauthorised():
            return Exit.UNAVAILABLE
        case _:
            return _by_name(error)


def _by_name(error: TrueupError) -> Exit:
    # By name, so that asking the daemon something does not load the ledger, nor the reverse.
    names = {cls.__name__ for cls in type(error).__mro__}
    if "Declined" in names:
        return _DECLINED.get(str(getattr(error, "code", "")), Exit.FAILED)
    return next((code for name, code in _BY_NAME.items() if name in names), Exit.FAILED)


_BY_NAME = {
    "DaemonAbsent": Exit.NO_DAEMON,
    "NoAnswer": Exit.TEMPORARY,
    "LedgerLocked": Exit.TEMPORARY,
    "LedgerUnavailable": Exit.IO,
    "LedgerMissing": Exit.IO,
    "LedgerTooNew": Exit.IO,
    "LedgerTooOld": Exit.IO,
    "WrongKey": Exit.IO,
    "KeyWasDestroyed": Exit.IO,
}
_DECLINED = {
    "bad_request": Exit.BAD_INPUT,
    "not_found": Exit.NOT_FOUND,
    "ambiguous": Exit.BAD_INPUT,
    "stale": Exit.STALE,
    "guarded": Exit.GUARDED,
    "not_ready": Exit.TEMPORARY,
    "not_permitted": Exit.NOT_PERMITTED,
    "busy": Exit.TEMPORARY,
    "too_large": Exit.BAD_INPUT,
    "unavailable": Exit.UNAVAILABLE,
    "io": Exit.IO,
    "internal": Exit.INTERNAL,
}


def _words(text: str) -> None:
    for line in text.splitlines():
        click.echo(clean(line), err=True)


def _bug(error: BaseException) -> int:
    from daemon.incident import SHOWN, incident_of

    found = incident_of(error)
    _words(f"internal error {found.id}: {found.error}. This is a bug; please report it:")
    for place in found.places[-SHOWN:]:
        _words(f"  {place}")
    _words("  (TRUEUP_DEBUG=1 shows the whole error; look through it before you pass it on)")
    return Exit.INTERNAL


def _flushed(code: int) -> int:
    try:
        if sys.stdout is not None:  # None: the process was started without one
            sys.stdout.flush()
    except BrokenPipeError:
        return _reader_left()
    return code


def _reader_left() -> int:
    """``trueup plan | head``: who reads has seen enough. Nothing more may be written there."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return Exit.DONE
