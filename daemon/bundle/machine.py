"""The machine and the files, in versions, sizes and modes: no name of host, user or folder."""

import platform
import re
import shutil
import stat
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from daemon.config.places import Places

DISTRIBUTIONS = (
    *("trueup", "aiohttp", "aiosqlite", "click", "cryptography", "msgspec", "pydantic", "rich"),
    *("ruamel.yaml", "tenacity", "textual", "watchfiles"),
)
OS_RELEASE = Path("/etc/os-release")
_RELEASE = re.compile(r'^(ID|VERSION_ID)="?([A-Za-z0-9._-]{1,30})"?$', re.MULTILINE)
_KERNEL = re.compile(r"\d+(?:\.\d+)*")


def versions() -> dict[str, str]:
    """Of the program, of what it runs on, and of the libraries that are installed."""
    found = {"python": platform.python_version(), **_system()}
    for name in DISTRIBUTIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _system() -> dict[str, str]:
    kernel = _KERNEL.match(platform.release())
    found = {
        "system": platform.system(),
        "kernel": kernel[0] if kernel else "",
        "machine": platform.machine(),
    }
    try:
        text = OS_RELEASE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return found
    return found | {f"os {name.lower()}": told for name, told in _RELEASE.findall(text)}


def files(places: Places) -> dict[str, dict[str, int | str]]:
    """Size and mode by what a file is for; absent: it is not there, or may not be looked at."""
    wanted = {
        "state_dir": places.state_dir,
        "ledger": places.ledger,
        "ledger log": places.ledger.with_name(f"{places.ledger.name}-wal"),
        "ledger key": places.key,
        "control socket": places.socket,
        "login": places.state_dir / "vault",
    }
    found: dict[str, dict[str, int | str]] = {}
    for name, path in wanted.items():
        try:
            status = path.stat()
        except OSError:
            continue
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        found[name] = {"bytes": status.st_size, "mode": mode}
    if places.backups is not None and places.backups.is_dir():
        copies = list(places.backups.glob(f"{places.ledger.stem}-*Z.backup"))
        found["backups"] = {"count": len(copies)}
    if places.ledger.parent.is_dir():
        found["disk of the ledger"] = {"free": shutil.disk_usage(places.ledger.parent).free}
    return found
