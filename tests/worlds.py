"""Sample worlds, each made once: they are frozen, and a company under test only reads them."""

from functools import cache

from daemon.sandbox.world import make_world as _make

make_world = cache(_make)
