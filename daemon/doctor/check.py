"""One thing that was looked at, and what came of it.

Values only. Must not hold a secret, a token or the content of a file.
"""

from collections.abc import Iterable

import msgspec

from daemon.control.protocol_doctor import State

WORST: tuple[State, ...] = ("bad", "warn", "ok", "skipped")


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and what to do about it."""

    name: str
    state: State
    found: str
    cure: str = ""
    """Empty where there is nothing to do."""


def ok(name: str, found: str) -> Check:
    return Check(name=name, state="ok", found=found)


def warn(name: str, found: str, cure: str) -> Check:
    return Check(name=name, state="warn", found=found, cure=cure)


def bad(name: str, found: str, cure: str) -> Check:
    return Check(name=name, state="bad", found=found, cure=cure)


def skipped(name: str, why: str, cure: str = "") -> Check:
    return Check(name=name, state="skipped", found=why, cure=cure)


def worst(checks: Iterable[Check]) -> State:
    """``bad`` when anything is, then ``warn``; else ``ok``."""
    states = {check.state for check in checks}
    return next((state for state in WORST[:2] if state in states), "ok")
