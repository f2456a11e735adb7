"""The units of systemd as they are installed, against those of this version.

Pure: which files there are is told from outside. ``trueup service install`` writes them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from daemon.doctor.check import Check, ok, skipped, warn

NAME = "systemd units"


class Installed(msgspec.Struct, frozen=True):
    """One file of the service."""

    path: Path
    is_there: bool
    is_current: bool
    is_edited: bool


def check_units(files: Sequence[Installed]) -> Iterator[Check]:
    """Nothing installed is nothing wrong."""
    there = [one for one in files if one.is_there]
    if not there:
        yield skipped(NAME, "trueup is not installed as a service here", "trueup service install")
        return
    cure = "trueup service install --dry-run shows every line that differs"
    missing = [one.path for one in files if not one.is_there]
    edited = [one.path for one in there if one.is_edited]
    older = [one.path for one in there if not one.is_current and not one.is_edited]
    for paths, words in (
        (missing, "not there"),
        (older, "from another version of trueup"),
        (edited, "edited here: put changes of your own into drop-ins (systemctl edit)"),
    ):
        if paths:
            yield warn(NAME, f"{', '.join(map(str, paths))}: {words}", cure)
    if not (missing or edited or older):
        yield ok(NAME, f"{len(there)} files, as this version ships them")
