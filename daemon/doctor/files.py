"""The files of one installation: whose they are, and who else may read or change them.

Looks at modes and owners only; opens nothing.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from daemon.config.places import Places
from daemon.connectors.vault import KEY_FILE
from daemon.doctor.check import Check, bad, ok, skipped, warn

OTHERS_WRITE = 0o022
OTHERS = 0o077
EVERYBODY = 0o007


def check_configuration_mode(path: Path) -> Check:
    """Whoever may write it decides where the daemon writes."""
    name = "mode of the configuration"
    mode = _mode(path)
    if mode is None:
        return skipped(name, f"{path} cannot be looked at")
    if mode & OTHERS_WRITE:
        return bad(name, f"{path} may be changed by others ({mode:04o})", f"chmod go-w {path}")
    return ok(name, f"{path} ({mode:04o})")


def check_files(places: Places) -> Iterator[Check]:
    """The state directory and everything in it."""
    folder = places.state_dir
    mode = _mode(folder)
    if mode is None:
        yield skipped(
            "state_dir",
            f"{folder} is not there yet, or may not be looked at by this user",
            "the daemon makes it at its first start; else run this as its owner",
        )
        return
    if mode & OTHERS_WRITE:
        yield bad("state_dir", f"others may write to {folder} ({mode:04o})", f"chmod 700 {folder}")
    elif mode & OTHERS:
        yield warn("state_dir", f"others may enter {folder} ({mode:04o})", f"chmod 700 {folder}")
    else:
        yield ok("state_dir", f"{folder} ({mode:04o})")
    yield _private("ledger file", places.ledger, "chmod 600")
    yield _key(places)
    yield _vault(folder / "vault")
    yield _vault_key(folder / "vault")
    yield _owners(places)
    yield _socket(places.socket)


def _private(name: str, path: Path, command: str) -> Check:
    mode = _mode(path)
    if mode is None:
        return skipped(name, f"{path} is not there")
    if mode & OTHERS:
        return bad(name, f"{path} is open to others ({mode:04o})", f"{command} {path}")
    return ok(name, f"{path} ({mode:04o})")


def _key(places: Places) -> Check:
    name, mode = "ledger key", _mode(places.key)
    if mode is None and places.ledger.exists():
        return bad(
            name,
            f"{places.key} is not there, and the ledger cannot be compared with without it",
            "put it back from where you keep it apart; a new key does not fit",
        )
    if mode is not None and mode & EVERYBODY:
        return bad(
            name, f"{places.key}: everybody may use it ({mode:04o})", f"chmod 400 {places.key}"
        )
    return _private(name, places.key, "chmod 400")


def _vault(folder: Path) -> Check:
    name = "stored login"
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except FileNotFoundError:
        return skipped(name, "none is stored yet", "trueup connect")
    except PermissionError:
        return skipped(name, f"{folder} may not be entered by this user", "run this as its owner")
    open_to_others = [p for p in (folder, *files) if (_mode(p) or 0) & OTHERS]
    if open_to_others:
        paths = " ".join(map(str, open_to_others))
        return bad(name, f"open to others: {paths}", f"chmod go-rwx {paths}")
    return ok(name, f"{len(files)} files in {folder}, for their owner only")


def _vault_key(folder: Path) -> Check:
    """A key that lies beside what it seals protects nothing that is copied together with it."""
    name, key = "key of the login", folder / KEY_FILE
    try:
        is_beside, is_sealed = key.exists(), any(folder.glob("*.tokens"))
    except PermissionError:
        return skipped(name, f"{folder} may not be entered by this user", "run this as its owner")
    if not is_sealed:
        return skipped(name, "no login is stored yet", "trueup connect")
    if not is_beside:
        return ok(name, "it lies apart from the login")
    return warn(
        name,
        f"{key} lies beside the login that it seals: whoever has a copy of state_dir has both",
        f"od -An -v -tx1 {key} | tr -d ' \\n' | systemd-creds encrypt --name=vault-key-INSTANCE - "
        "/etc/credstore.encrypted/vault-key-INSTANCE; in the configuration vault: {key: "
        "{credential: vault-key}}; start the daemon anew, then remove the file",
    )


def _owners(places: Places) -> Check:
    """Started once as root, the daemon leaves files that its own user cannot write any more."""
    name = "owner of the files"
    try:
        owner = places.state_dir.stat().st_uid
        beside = [*places.state_dir.iterdir(), *places.state_dir.glob("vault/*")]
        strange = [path for path in beside if path.lstat().st_uid != owner]
    except OSError:
        return skipped(name, f"{places.state_dir} may not be entered by this user")
    if strange:
        paths = " ".join(map(str, sorted(strange)))
        return bad(name, f"not of the owner of state_dir: {paths}", f"chown {owner} {paths}")
    return ok(name, f"user {owner}" + (", this user" if owner == os.geteuid() else ""))


def _socket(path: Path) -> Check:
    name = "control socket"
    try:
        found = path.lstat()
    except FileNotFoundError:
        return ok(name, f"{path} is not there: no daemon has it open")
    except OSError as error:
        return skipped(name, f"{path}: {error.strerror}", "run this as a member of its group")
    if not stat.S_ISSOCK(found.st_mode):
        return bad(name, f"{path} is there and is no socket", "move it away, or set control.socket")
    mode = stat.S_IMODE(found.st_mode)
    if mode & EVERYBODY and (_mode(path.parent) or 0) & EVERYBODY:
        return bad(name, f"everybody may open {path} ({mode:04o})", f"chmod o-rwx {path}")
    return ok(name, f"{path} ({mode:04o})")


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
