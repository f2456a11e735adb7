"""The configuration file: can it be read, is it valid, can its secrets be had.

Reads secrets once and forgets them; shows only where they lie.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from daemon.config.documents import doubts
from daemon.config.load import Loaded, load, secret_references
from daemon.config.policy import document_sections
from daemon.doctor.check import Check, bad, ok, warn
from ledger.model.errors import ConfigProblem


def check_configuration(path: Path, today: date) -> tuple[Loaded | None, list[Check]]:
    """The configuration when it is valid, and one check for every problem."""
    try:
        loaded = load(path)
    except ConfigProblem as problem:
        cure = "correct the line; trueup config check tells when it is right"
        return None, [bad("configuration", text, cure) for text in problem.problems]
    doubtful = doubts(document_sections(loaded.config), today)
    found: list[Check] = [ok("configuration", f"{path} is valid")]
    found += [warn("configuration", text, "look whether that is meant") for text in doubtful]
    return loaded, found


def check_secrets(loaded: Loaded) -> Iterator[Check]:
    """Every secret that the configuration points to, as this process may read it."""
    for key, reference in secret_references(loaded.config):
        try:
            reference.resolve()
        except ConfigProblem as problem:
            under_systemd = reference.credential is not None
            yield (_elsewhere if under_systemd else _missing)(key, problem.problems)
        else:
            yield ok(f"secret {key}", f"is where it should be ({reference})")


def _missing(key: str, problems: Sequence[str]) -> Check:
    return bad(f"secret {key}", "; ".join(problems), f"put it there, or correct {key}")


def _elsewhere(key: str, problems: Sequence[str]) -> Check:
    """Credentials are given to the service alone, so a shell proves nothing about them."""
    return Check(
        name=f"secret {key}",
        state="skipped",
        found="; ".join(problems),
        cure="systemd gives it to the service only: systemctl status trueup@INSTANCE tells whether "
        "that went well",
    )
