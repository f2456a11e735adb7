"""What must be true of every simulated life. One promise a file; each answers what is wrong."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from tests.simulation.checkers import (
    chain,
    conflicts,
    doubled,
    invented,
    journalled,
    lost,
    pairs,
    quiet,
    woken,
)
from tests.simulation.evidence import Evidence

Checker = Callable[[Evidence], Coroutine[Any, Any, list[str]]]

CHECKERS: Final[tuple[Checker, ...]] = (
    doubled.check,
    lost.check,
    invented.check,
    conflicts.check,
    journalled.check,
    chain.check,
    pairs.check,
    woken.check,
    quiet.check,
)
"""``quiet`` comes last: it lets another cycle run."""
