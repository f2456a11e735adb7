"""Where one installation keeps its things. Light: reads six keys and validates nothing else.

Commands that only need the socket or the ledger must work while the rest of the file is wrong.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.config.glance import glance
from ledger.model.errors import ConfigProblem


@dataclass(frozen=True)
class Places:
    """The files of one installation."""

    state_dir: Path
    ledger: Path
    key: Path
    """The ledger's own key: nothing in it can be read without, so it is backed up apart."""
    socket: Path
    backups: Path | None = None
    instance: str = ""


def places(
    state_dir: Path,
    *,
    ledger: Path | None = None,
    key: Path | None = None,
    socket: Path | None = None,
    backups: Path | None = None,
    instance: str = "",
) -> Places:
    """The places, with the defaults that follow from ``state_dir``."""
    return Places(
        state_dir=state_dir,
        ledger=ledger or state_dir / "ledger.db",
        key=key or state_dir / "ledger.key",
        socket=socket or state_dir / "control.sock",
        backups=backups,
        instance=instance,
    )


def locate(path: Path) -> Places:
    """The places that the file at ``path`` names. ``ConfigProblem`` when it names none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigProblem([f"{path}: cannot be read: {error}"]) from error
    seen = glance(text)
    if seen is not None and "state_dir" in seen:
        return _places_in(seen, path.resolve().parent, Path(seen["state_dir"]))
    return _parsed(text, path)


def _parsed(text: str, path: Path) -> Places:
    from daemon.config.tree import read_tree  # the parser takes longer to load than most answers

    tree = read_tree(text)
    folder = path.resolve().parent
    state_dir = _path(tree.value, folder, "state_dir")
    if state_dir is None:
        problems = [f"{path}:{f.spot.line}:{f.spot.column}: {f.message}" for f in tree.findings]
        raise ConfigProblem(problems or [f"{path}:1:1: state_dir: missing: this key is required"])
    return _places_in(tree.value, folder, state_dir)


def _places_in(value: Any, folder: Path, state_dir: Path) -> Places:
    return places(
        folder / state_dir.expanduser(),
        ledger=_path(value, folder, "ledger", "path"),
        key=_path(value, folder, "ledger", "key"),
        socket=_path(value, folder, "control", "socket"),
        backups=_path(value, folder, "ledger", "backup", "folder"),
        instance=_text(value, "instance"),
    )


def _path(value: Any, folder: Path, *keys: str) -> Path | None:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return folder / Path(value).expanduser() if isinstance(value, str) and value else None


def _text(value: Any, key: str) -> str:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""
