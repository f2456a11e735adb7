"""Setting switches of a twin by name while it serves: what is given must exist and fit its type."""

from collections.abc import Mapping
from dataclasses import fields
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints


def fitting(kind: type, given: Mapping[str, object]) -> dict[str, Any]:
    """The switches that are given, lists as the tuples they are kept as.

    ``kind`` is the dataclass of all switches. Raises ``ValueError`` naming every mistake.
    """
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind)}
    problems: list[str] = []
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            problems.append(f"no switch {name!r}")
            continue
        hint = hints[name]
        kept = tuple(value) if isinstance(value, list) else value
        if get_origin(hint) is Literal:
            if kept not in get_args(hint):
                problems.append(f"{name} is one of {', '.join(map(str, get_args(hint)))}")
        elif not _fits(hint, kept):
            problems.append(f"{name} must be {_said(hint)}")
        found[name] = kept
    if problems:
        raise ValueError("; ".join(problems))
    return found


def _fits(hint: Any, value: object) -> bool:
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(isinstance(item, str) for item in value)
    return type(value) in (get_args(hint) or (hint,))


def _said(hint: Any) -> str:
    if get_origin(hint) is tuple:
        return "a list of texts"
    kinds = get_args(hint) or (hint,)
    return "of type " + " or ".join("null" if k is NoneType else k.__name__ for k in kinds)
