"""What a cursor of documents remembers. Opaque to everyone else; unreadable ones begin anew.

Documents are opened in the order of their stamps. A document that is changed meanwhile gets a
later stamp, so that "everything up to here was opened" stays true whatever people do.
"""

from collections.abc import Iterable

import msgspec

from daemon.connectors.dear.tokens import later
from ledger.model.facts import Cursor

VERSION = 1


class Mark(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """A place in the order of reading: by stamp, then by id."""

    stamp: str = ""
    """``LastUpdatedDate`` or ``Updated``: an instant of DEAR's, in one spelling."""
    id: str = ""


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far one list was read."""

    v: int = VERSION
    since: str = ""
    """Every document stamped up to here was opened."""
    done: Mark | None = None
    """While a list is being read out: the last document of it that was opened."""
    floor: str = ""
    """What ``since`` becomes when that list is read out: its newest stamp when it was begun."""
    sweep: str = ""
    """The id of the first reading, while that lasts."""
    owed: tuple[str, ...] = ()
    """Documents that DEAR would not show; asked for at every look until it does."""
    shape: str = ""
    """Of the settings and the mapping that documents were read with."""
    read_from: str = ""
    """The first day that was asked for then; ``""`` = all."""
    redo: Mark | None = None
    """While all is opened again because those settings changed: how far."""


def read(cursor: Cursor | None) -> Position:
    """The position of a cursor; the beginning when there is none or it is of another make."""
    if cursor is None:
        return Position()
    try:
        position = msgspec.json.decode(cursor.token.encode(), type=Position)
    except msgspec.DecodeError:
        return Position()
    return position if position.v == VERSION else Position()


def text(position: Position) -> str:
    return msgspec.json.encode(position).decode()


def earliest(cursors: Iterable[Cursor]) -> Position:
    """The position from which nothing is missed by any of several cursors of one list."""
    found = [read(cursor) for cursor in cursors]
    return min(found, key=lambda one: (one.since, one.done or Mark())) if found else Position()


def newest(stamps: Iterable[str]) -> str:
    """The latest of some stamps; ``""`` for none."""
    latest = ""
    for stamp in stamps:
        latest = later(latest, stamp)
    return latest
