"""The files of the service as they ship, as they would be installed, and as they stand there.

Never writes without being told to, and never over an edit: every file that was written carries a
checksum of its own, so that an older version of ours and somebody's change can be told apart.
"""

import difflib
import hashlib
import os
import re
from collections.abc import Iterator
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

import msgspec

import daemon
from ledger.model.errors import ConfigProblem

SHIPPED_EXECUTABLE = "/opt/trueup/bin/trueup"
"""Stands in the shipped units where the real one goes."""
HIDDEN = {
    "/home": "ProtectHome hides it from the service",
    "/root": "ProtectHome hides it from the service",
    "/run/user": "ProtectHome hides it from the service",
    "/tmp": "PrivateTmp hides it from the service",
    "/var/tmp": "PrivateTmp hides it from the service",
}
CURE = (
    "install trueup under /opt, with its own interpreter outside of any home: "
    "docs/administration.md, As a service"
)
_STAMP = re.compile(r"# trueup \S+ sha256:([0-9a-f]{64})\b")


class State(StrEnum):
    NEW = "new"
    SAME = "unchanged"
    OLDER = "from another version of trueup"
    EDITED = "edited here"


class UnitFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file to be written."""

    path: Path
    text: str
    """With its stamp."""
    present: str | None
    """What stands there now."""

    @property
    def state(self) -> State:
        if self.present is None:
            return State.NEW
        if self.present == self.text:
            return State.SAME
        return State.OLDER if is_ours(self.present) else State.EDITED

    def diff(self) -> Iterator[str]:
        """From what is there to what would be."""
        before = "/dev/null" if self.present is None else str(self.path)
        old = (self.present or "").splitlines()
        yield from difflib.unified_diff(
            old, self.text.splitlines(), before, f"{self.path} (new)", lineterm=""
        )

    def write(self) -> None:
        """Replace the file in one step."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.new")
        beside.write_text(self.text, encoding="utf-8")
        beside.chmod(0o644)
        beside.replace(self.path)


def shipped() -> Path:
    """The folder ``deploy`` of this installation: in the package, or in the checkout."""
    package = Path(daemon.__path__[0])
    for folder in (package.parent / "deploy", package / "_deploy"):
        if (folder / "systemd" / "trueup@.service").is_file():
            return folder
    raise ConfigProblem([f"{package}: the unit files are missing: install trueup again"])


def planned(prefix: Path, executable: Path, drop_ins: tuple[str, ...] = ()) -> list[UnitFile]:
    """Every file of the service, for units in ``prefix`` (such as /etc/systemd/system)."""
    if prefix.parts[-2:] != ("systemd", "system"):
        raise ConfigProblem([f"--prefix {prefix}: must be a folder .../systemd/system"])
    source, root = shipped(), prefix.parents[1]
    found = [(one, prefix / one.name) for one in sorted((source / "systemd").glob("trueup*"))]
    for folder in ("sysusers.d", "tmpfiles.d"):
        found.append((source / folder / "trueup.conf", root / folder / "trueup.conf"))
    for name in drop_ins:
        place = prefix / "trueup@.service.d" / f"{name}.conf"
        found.append((source / "systemd" / "drop-ins" / f"{name}.conf", place))
    return [_planned(one, path, executable) for one, path in found]


def drop_in_names() -> list[str]:
    return sorted(one.stem for one in (shipped() / "systemd" / "drop-ins").glob("*.conf"))


def _planned(source: Path, path: Path, executable: Path) -> UnitFile:
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".service":
        text = text.replace(SHIPPED_EXECUTABLE, str(executable))
    try:
        present = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        present = None
    return UnitFile(path=path, text=stamped(text), present=present)


def stamped(text: str) -> str:
    """``text`` under a line that says whose it is, and what it was when we wrote it."""
    return f"# trueup {version('trueup')} sha256:{_checksum(text)}\n{text}"


def is_ours(text: str) -> bool:
    """Whether a file is still as some version of ``trueup service install`` wrote it."""
    head, _, rest = text.partition("\n")
    found = _STAMP.match(head)
    return found is not None and found[1] == _checksum(rest)


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def check_executable(executable: Path) -> None:
    """``ConfigProblem`` when the service could not run it: hidden, unreachable or not there."""
    if not executable.is_absolute() or not os.access(executable, os.X_OK):
        raise ConfigProblem([f"{executable}: is not the whole path of a program: {CURE}"])
    # What the path leads to counts too: a tool's program is a link, its interpreter another.
    for place in (executable, executable.resolve(), *_interpreter(executable)):
        for folder, why in HIDDEN.items():
            if place.is_relative_to(folder):
                raise ConfigProblem([f"{executable}: needs {place}, and {why}: {CURE}"])
        for above in place.parents:
            if not above.stat().st_mode & 0o001:
                raise ConfigProblem(
                    [f"{executable}: the user trueup may not enter {above}: chmod o+x {above}"]
                )


def _interpreter(executable: Path) -> Iterator[Path]:
    """What a script's first line names, and what that leads to."""
    with executable.open("rb") as stream:
        head = stream.readline(1000)
    if head.startswith(b"#!") and (words := head[2:].decode(errors="replace").split()):
        yield Path(words[0])
        yield Path(words[0]).resolve()
