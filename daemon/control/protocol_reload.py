"""The part of the control protocol that is about reading the configuration anew."""

from typing import Annotated

from msgspec import Meta

from daemon.control.frame import Answer, Request

MOST_CONTENT = 256 * 1024
"""Characters of a configuration that is sent."""


class ReloadRequest(Request, frozen=True, kw_only=True):
    """Read the configuration file again."""

    wait: bool = False
    """Answer when it is in force and, where rules changed, what waits is planned anew."""
    dry_run: bool = False
    """Only say what would become of the file."""
    content: Annotated[str, Meta(max_length=MOST_CONTENT)] | None = None
    """With ``dry_run``: of this text in place of the file's. Relative paths in it begin where
    those of the daemon's own file do."""

    def __post_init__(self) -> None:
        if self.content is not None and not self.dry_run:
            raise ValueError("content is only looked at: with dry_run")


class ReloadAnswer(Answer, frozen=True, kw_only=True):
    """What became of the file. Names keys, never their values."""

    ok: bool
    """False: the file has problems, and the former configuration stays in force."""
    file: str
    applied: tuple[str, ...] = ()
    """Changed keys that are in force now, or after the cycle under way."""
    restart: tuple[str, ...] = ()
    """Keys that differ from what is in force and need a restart."""
    in_force: bool = True
    """False: a cycle is under way, and what is applied counts from its end."""
    approved: int = 0
    """Approved changes that were not sent yet, where the rules changed: each is planned anew."""
    void: tuple[str, ...] = ()
    """Of those, what came out otherwise and waits again (with ``wait``, at most 100)."""
    void_count: int | None = None
    """How many; None while that is not known yet."""
    problems: tuple[str, ...] = ()
    dry_run: bool = False
