"""The section ``ledger``: where the memory lies, its copies, its anchors, and the room it needs."""

import re
from typing import Annotated, Self

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    StrictBool,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from daemon.config.types import Duration, FilePath, Section

_SIZE = re.compile(r"(\d{1,9})(KiB|MiB|GiB)")
_UNITS = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def _parse_size(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _SIZE.fullmatch(value.replace(" ", "")) if isinstance(value, str) else None
    if match is None:
        raise PydanticCustomError(
            "size", "not a size: write a number with its unit, such as 64MiB or 2GiB"
        )
    return int(match[1]) * _UNITS[match[2]]


def size_text(value: int) -> str:
    """The shortest text that is read back as the same number of bytes."""
    for unit, size in reversed(_UNITS.items()):
        if value % size == 0 and value:
            return f"{value // size}{unit}"
    return f"{value // 1024}KiB"


Size = Annotated[
    int,
    BeforeValidator(_parse_size),
    PlainSerializer(size_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+ ?(KiB|MiB|GiB)$", "examples": ["64MiB"]}),
]
"""Bytes, written with their unit."""


class BackupConfig(Section):
    """Copies of the ledger, made while it is in use and proved before they count."""

    folder: FilePath | None = None
    """Where copies go. Without it ``trueup ledger backup`` must be given a file. Put it on
    another disk."""
    every: Duration = "24h"  # type: ignore[assignment]
    """How often the daemon makes one by itself (only with ``folder``)."""
    keep: Annotated[int, Field(ge=1, le=10_000)] = 35
    """How many of its own copies stay; the oldest go first."""
    keep_for: Duration | None = None
    """Copies older than this go as well, but never the newest. Default: only ``keep`` counts."""


class AnchorConfig(Section):
    """One place outside the ledger where its newest hash is noted. Give exactly one key."""

    file: FilePath | None = None
    """A file that lines are added to; on another machine's disk, or made append-only for the
    daemon (``chattr +a``)."""
    journal: StrictBool | None = None
    """``true``: the daemon's own log, as the event ``ledger head``."""
    exec: Annotated[tuple[str, ...], Field(min_length=1, max_length=50)] | None = None
    """Run this command without a shell, the anchor as JSON on its standard input. The first word
    is a whole path."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = (self.file is not None, bool(self.journal), self.exec is not None)
        if sum(given) != 1:
            raise PydanticCustomError("anchor", "give exactly one of: file, journal: true, exec")
        if self.exec is not None and not self.exec[0].startswith("/"):
            raise PydanticCustomError("anchor", "exec: the first word is a path that begins with /")
        return self


class LedgerConfig(Section):
    """The append-only memory of the daemon."""

    path: FilePath | None = None
    """The database file. Default: ``ledger.db`` in ``state_dir``."""
    key: FilePath | None = None
    """The key of everything that both systems said. Default: ``ledger.key`` in ``state_dir``, made
    at the first start. On another volume, whoever gets hold of the ledger's cannot read it."""
    min_free: Size = "64MiB"  # type: ignore[assignment]
    """Nothing is written to any system while the ledger's disk has less room than this: what
    comes back must find room. Reading and comparing go on while they can."""
    backup: BackupConfig = BackupConfig()
    """Copies."""
    anchor: tuple[AnchorConfig, ...] = ()
    """Where the newest hash of the ledger is noted after each backup, once a day, at start and at
    stop: {file: PATH}, {journal: true} or {exec: [/PATH, ...]}. ``trueup ledger verify --anchor
    FILE`` then finds a ledger that was cut short or rebuilt."""
