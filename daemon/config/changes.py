"""What differs between two configurations, key by key, and what it takes to put it in force.

Names keys and never values: an answer may be read by people who may not read the file.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from daemon.config.model import Config
from daemon.config.policy import DECIDING

LIVE_SECTIONS = (
    *("schedule", "kinds", "mapping", "names", "limits", "approvals", "roles", "log"),
    *("webhooks", "observe", "notify"),
)
"""Sections that take effect while the daemon runs, at the latest between two cycles; a change of
any other needs a restart."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Changed keys, dotted, by what they need."""

    live: tuple[str, ...] = ()
    """In force between two cycles."""
    restart: tuple[str, ...] = ()
    deciding: tuple[str, ...] = ()
    """Those of ``live`` by which decisions are made: every record is looked at anew, and an
    approval of something that now comes out otherwise is void."""


def changes(old: Config, new: Config) -> Changes:
    """Every key whose value differs."""
    keys = changed_keys(old, new)
    live = tuple(key for key in keys if section_of(key) in LIVE_SECTIONS)
    return Changes(
        live=live,
        restart=tuple(key for key in keys if section_of(key) not in LIVE_SECTIONS),
        deciding=tuple(key for key in live if section_of(key) in DECIDING),
    )


def changed_keys(old: Config, new: Config) -> tuple[str, ...]:
    """Dotted keys whose values differ, in the order of the model. Secrets are references."""
    before, after = (one.model_dump(mode="json", by_alias=True) for one in (old, new))
    return tuple(".".join(where) for where in _differing(before, after, ()))


def section_of(key: str) -> str:
    """The top-level section of a dotted key."""
    return key.partition(".")[0]


def _differing(old: Any, new: Any, where: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if old == new:
        return
    if not (isinstance(old, dict) and isinstance(new, dict)):
        yield where
        return
    for key in dict.fromkeys((*old, *new)):
        if key not in old or key not in new:
            yield (*where, key)
        else:
            yield from _differing(old[key], new[key], (*where, key))
