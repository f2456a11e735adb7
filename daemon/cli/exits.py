"""Exit codes: what a script may rely on. Codes of ``sysexits.h`` where one fits."""

from enum import IntEnum


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    DRIFT = 2
    """Something would change; only with ``--exit-code``."""
    NO_DAEMON = 3
    NEEDS_PERSON = 4
    """Something waits for a person; only with ``status --exit-code``."""
    PARTLY = 5
    STALE = 6
    """Refused: the plan or digest is not the current one."""
    GUARDED = 7
    """Refused: a limit, or an approval that is missing."""
    USAGE = 64
    BAD_INPUT = 65
    NOT_FOUND = 66
    UNAVAILABLE = 69
    INTERNAL = 70
    IO = 74
    TEMPORARY = 75
    NOT_PERMITTED = 77
    CONFIG = 78
    INTERRUPTED = 130
