"""Work that a screen leaves to a worker: handed over, and not begun.

A worker may be cancelled before it begins. A coroutine that is made beforehand is then never
awaited, and Python complains about it in the middle of something else.
"""

from collections.abc import Awaitable, Callable
from functools import partial


def later(run: Callable[..., Awaitable[None]], *args: object) -> Callable[[], Awaitable[None]]:
    """For ``run_worker``: ``run(*args)``, called when its turn has come."""
    return partial(run, *args)
