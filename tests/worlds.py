"""Sample worlds, each made once: they are frozen, and a company under test only reads them."""

from functools import cache, lru_cache

from daemon.sandbox.world import empty_world as _make_empty
from daemon.sandbox.world import make_world as _make

make_world = cache(_make)
empty_world = lru_cache(maxsize=16)(_make_empty)  # simulated lives ask for one of every seed
