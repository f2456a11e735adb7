"""Secrets by reference: configuration names where a secret lies, never the secret itself.

Must not cache, log or show a value: it is read when it is needed and handed to the one caller.
"""

import os
import stat
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ledger.model.errors import ConfigProblem

MAX_BYTES = 64 * 1024
"""More than this is not a secret but the wrong file."""
INSTANCE_ENV = "TRUEUP_INSTANCE"
"""Set by the unit. A credential whose name ends with it is encrypted for this company alone."""


class SecretRef(BaseModel):
    """Where one secret lies: exactly one of ``credential``, ``file`` and ``env``."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    credential: str | None = Field(default=None, min_length=1, pattern=r"^[^/\x00]+$")
    """Name of a systemd credential (``LoadCredential=``), read from ``$CREDENTIALS_DIRECTORY``:
    NAME-INSTANCE where there is one, else NAME."""
    file: Path | None = None
    """A file that only its owner may read (mode 0400 or 0600); a final newline is dropped."""
    env: str | None = Field(default=None, min_length=1, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Name of an environment variable; convenient, but readable by everyone with this user id."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "SecretRef":
        given = [name for name in ("credential", "file", "env") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of: credential, file, env")
        return self

    def resolve(self) -> str:
        """The secret; ``ConfigProblem`` names the place and the cure when it cannot be had."""
        if self.env is not None:
            return _not_empty(os.environ.get(self.env, ""), f"environment variable {self.env}")
        if self.file is not None:
            return _not_empty(_read(self.file, private=True), f"file {self.file}")
        return _not_empty(_read_credential(self.credential or ""), f"credential {self.credential}")

    def __str__(self) -> str:
        return next(
            f"{name}: {getattr(self, name)}"
            for name in ("credential", "file", "env")
            if getattr(self, name) is not None
        )


def _not_empty(text: str, place: str) -> str:
    if not text:
        raise ConfigProblem([f"{place} is missing or empty: a secret is expected there"])
    return text


def _read_credential(name: str) -> str:
    directory = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not directory:
        raise ConfigProblem(
            [
                f"credential {name}: $CREDENTIALS_DIRECTORY is not set; run under systemd with "
                f"LoadCredential={name}:PATH, or use file: instead"
            ]
        )
    # systemd guards the directory itself; the mode of the file says nothing more here. A directory
    # without any credential may not even be entered.
    instance = os.environ.get(INSTANCE_ENV, "")
    own = Path(directory) / f"{name}-{instance}"
    return _read(own if instance and os.access(own, os.R_OK) else Path(directory) / name)


def _read(path: Path, *, private: bool = False) -> str:
    try:
        with open(path, "rb") as stream:
            if private:
                _require_private(path, os.fstat(stream.fileno()).st_mode)
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigProblem([f"file {path} cannot be read: {error.strerror}"]) from error
    if len(data) > MAX_BYTES:
        raise ConfigProblem([f"file {path} is too long for a secret"])
    try:
        return data.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ConfigProblem([f"file {path} is not text"]) from error


def _require_private(path: Path, mode: int) -> None:
    if mode & 0o077:
        raise ConfigProblem(
            [
                f"file {path} may be read or changed by others (mode {stat.S_IMODE(mode):04o}): "
                f"run: chmod 600 {path}"
            ]
        )
