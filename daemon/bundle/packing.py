"""Parts of a bundle, and the archive that they become: the same parts give the same bytes."""

import gzip
import io
import os
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

FOLDER = "trueup-support"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the bundle."""

    name: str
    about: str
    """What it tells, in a few words."""
    content: bytes

    @property
    def lines(self) -> int:
        return self.content.count(b"\n")


def as_json(name: str, about: str, value: Any) -> Part:
    """A part that is one JSON value, made for people to read as well."""
    text = msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2)
    return Part(name=name, about=about, content=text + b"\n")


def as_lines(name: str, about: str, values: Sequence[Any]) -> Part:
    """A part that is JSON lines."""
    lines = [msgspec.json.encode(value, order="deterministic") + b"\n" for value in values]
    return Part(name=name, about=about, content=b"".join(lines))


def packed(parts: Sequence[Part]) -> bytes:
    """A ``tar.gz`` with the parts in their order and nothing of this machine: no owner, no time."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for part in parts:
            entry = tarfile.TarInfo(f"{FOLDER}/{part.name}")
            entry.size = len(part.content)
            entry.mode = 0o600
            archive.addfile(entry, io.BytesIO(part.content))
    return gzip.compress(tar.getvalue(), mtime=0)


def write(path: Path, content: bytes) -> None:
    """Make a new file that only its owner may read. ``FileExistsError`` when there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
