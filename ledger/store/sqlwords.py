"""The functions that statements read sealed things through: ``sealed``, ``unsealed``, ``told``."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from ledger.store.sealing import Seal, Torn, seal_of
from ledger.store.sentences import told


def register(db: sqlite3.Connection, key: bytes | None) -> None:
    """Teach a connection ``sealed`` and ``unsealed``; without a key they exist and fail."""
    seal = None if key is None else seal_of(key)
    closing = _without_a_key if seal is None else seal.close
    opening = _without_a_key if seal is None else seal.in_sql
    db.create_function("told", 1, _telling(seal), deterministic=True)
    db.create_function("sealed", 2, closing, deterministic=True)
    db.create_function("unsealed", 2, opening, deterministic=True)


def _without_a_key(_digest: bytes, _body: bytes) -> bytes:
    raise Torn("this connection has no key")


def _telling(seal: Seal | None) -> Callable[[bytes], bytes]:
    return (lambda body: body) if seal is None else partial(told, seal=seal)


@contextmanager
def torn_passed_over(db: sqlite3.Connection, key: bytes) -> Iterator[None]:
    """Statements take bodies that cannot be opened for missing ones meanwhile."""
    db.create_function("unsealed", 2, seal_of(key).if_whole, deterministic=True)
    try:
        yield
    finally:
        register(db, key)
