"""Collections of garbage while much is read and planned at once. Must not collect by itself."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 200_000
"""Objects made between two collections of garbage while a whole company is read or planned."""
RARELY = 50
"""Collections of the young before the older are looked at as well, and of those before all are."""
_USUALLY = gc.get_threshold()


@contextmanager
def few_collections() -> Iterator[None]:
    """What is made for a page or a slice dies with it; looking for circles in it again and again
    costs a sixth of the time. Where two do so at once, the end of either ends it for both."""
    gc.set_threshold(SELDOM, RARELY, RARELY)
    try:
        yield
    finally:
        gc.set_threshold(*_USUALLY)
