"""What must be true of every simulated life. One promise a file; each answers what is wrong."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from tests.simulation.checkers import (
    aimed,
    answered,
    beside,
    causes,
    chain,
    conflicts,
    doubled,
    grounds,
    invented,
    journalled,
    lost,
    pairs,
    papers_allowed,
    papers_closed,
    papers_ended,
    papers_linked,
    papers_once,
    papers_own,
    papers_paid,
    papers_posted,
    quiet,
    reexported,
    skipped,
    stepping,
    stopped,
    woken,
)
from tests.simulation.evidence import Evidence

Checker = Callable[[Evidence], Coroutine[Any, Any, list[str]]]

CHECKERS: Final[tuple[Checker, ...]] = (
    doubled.check,
    lost.check,
    invented.check,
    beside.check,
    aimed.check,
    conflicts.check,
    answered.check,
    journalled.check,
    chain.check,
    pairs.check,
    papers_once.check,
    papers_posted.check,
    papers_allowed.check,
    papers_paid.check,
    papers_own.check,
    papers_linked.check,
    papers_ended.check,
    papers_closed.check,
    stopped.check,
    skipped.check,
    grounds.check,
    reexported.check,
    woken.check,
    causes.check,
    stepping.check,
    quiet.check,
)
"""``quiet`` comes last: it lets another cycle run."""
