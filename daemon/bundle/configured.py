"""A configuration without what is the company's own: which keys are given, numbers, our words.

Pure. Goes by sorts of values: texts pass only where they are words of the program itself.
"""

import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel

from daemon.connectors.secrets import SecretRef

HIDDEN = "hidden"
OUR_WORDS = frozenset(
    {
        *("auto", "manual", "off", "ask", "never", "follow", "ignore", "recreate", "restore"),
        *("hold", "accept", "both", "qbo", "dear", "none", "connected", "sandbox", "production"),
        *("debug", "info", "warning", "error", "text", "json", "sanitise", "unlinked", "close"),
        *("delete", "detect", "FIFO", "mon-fri", "NonInventory", "Inventory", "Service"),
    }
)
_PRIVATE = re.compile(r"money|price|amount|account|realm|(?:^|[._])id$")
"""Keys whose numbers are the company's."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key of the configuration."""

    key: str
    given: bool
    """It stands in the file; otherwise this is the default."""
    sort: str
    """``number``, ``word``, ``text``, ``secret``, ``path``, ``list``, ``table``, ``nothing``"""
    value: str = HIDDEN
    """``hidden``, or how many there are of a list or a table."""


def classified(config: BaseModel) -> list[Key]:
    """Every key in the order of the model."""
    return list(_walk(config, ()))


def _walk(model: BaseModel, where: tuple[str, ...], given: bool = True) -> Iterator[Key]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        is_given = given and name in model.model_fields_set
        path = (*where, field.alias or name)
        if isinstance(value, BaseModel) and not isinstance(value, SecretRef):
            yield from _walk(value, path, is_given)
        else:
            sort, told = _told(".".join(path), value)
            yield Key(key=".".join(path), given=is_given, sort=sort, value=told)


def _told(key: str, value: Any) -> tuple[str, str]:
    match value:
        case None:
            return "nothing", ""
        case SecretRef():
            return "secret", next(n for n in ("credential", "file", "env") if getattr(value, n))
        case Path():
            return "path", HIDDEN
        case dict():
            return "table", str(len(value))
        case list() | tuple() | set() | frozenset():
            return "list", str(len(value))
        case bool():
            return "word", "true" if value else "false"
        case int() | Decimal() | timedelta() | time() | date():
            return "number", HIDDEN if _PRIVATE.search(key) else str(value)
        case str() if value in OUR_WORDS:
            return "word", str(value)
        case _:
            return "text", HIDDEN
