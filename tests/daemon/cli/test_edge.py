"""Every error ends as a sentence, a cure and an exit code."""

import asyncio
import errno

import click
import pytest

from daemon.cli.edge import Edge, report
from daemon.cli.exits import Exit
from daemon.control.client import DaemonAbsent, NoAnswer
from daemon.control.protocol import Code, Declined
from ledger.model.errors import (
    Broken,
    ConfigProblem,
    LedgerDamaged,
    Throttled,
    Transient,
    TrueupError,
    Unauthorised,
)
from ledger.store.errors import LedgerLocked, LedgerUnavailable, WrongKey

ENDS: list[tuple[BaseException, int]] = [
    (click.UsageError("no such option"), 64),
    (click.ClickException("failed"), 1),
    (click.Abort(), 130),
    (KeyboardInterrupt(), 130),
    (asyncio.CancelledError(), 130),
    (ConfigProblem(["c.yaml:1:1: wrong"]), 78),
    (DaemonAbsent("nobody"), 3),
    (NoAnswer("silence"), 75),
    (LedgerLocked("in use"), 75),
    (LedgerUnavailable("disk full"), 74),
    (LedgerDamaged("entry 7"), 74),
    (WrongKey("other key"), 74),
    (Transient("down"), 75),
    (Throttled("slow down"), 75),
    (Unauthorised("revoked"), 69),
    (TrueupError("other"), 1),
    (Declined(Code.STALE, "moved on"), 6),
    (Declined(Code.GUARDED, "a limit"), 7),
    (Declined(Code.NOT_FOUND, "nobody"), 66),
    (Declined(Code.BAD_REQUEST, "what"), 65),
    (Declined(Code.NOT_PERMITTED, "no"), 77),
    (Declined(Code.BUSY, "later"), 75),
    (Declined(Code.IO, "disk"), 74),
    (PermissionError(errno.EACCES, "denied", "/x"), 77),
    (OSError(errno.ENOSPC, "no space", "/x"), 74),
    (ExceptionGroup("tasks", [Transient("down")]), 75),
    (Broken("impossible"), 70),
    (ZeroDivisionError("secret 12.40"), 70),
]


@pytest.mark.parametrize(("error", "code"), ENDS, ids=lambda v: getattr(type(v), "__name__", ""))
def test_every_error_has_its_exit_code(error: BaseException, code: int) -> None:
    with Edge() as edge:
        raise error
    assert edge.code == code


def test_every_refusal_has_an_exit_code_of_its_own() -> None:
    for code in Code:
        assert report(Declined(code, "no")) != Exit.FAILED, code


def test_the_cure_is_told_and_stdout_stays_clean(capsys: pytest.CaptureFixture[str]) -> None:
    report(DaemonAbsent("nobody listens", cure="start it"))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error: nobody listens\n  start it\n"


def test_hostile_text_in_an_error_is_shown_as_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    report(Declined(Code.NOT_FOUND, "no vendor \x1b[2J"))
    assert capsys.readouterr().err == "error: no vendor \\e[2J\n"


def test_a_bug_shows_an_incident_and_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        with Edge():
            raise ZeroDivisionError("secret 12.40")

    fails()
    first = capsys.readouterr().err
    fails()
    assert capsys.readouterr().err == first
    assert "internal error" in first
    assert "test_edge.py" in first
    assert "12.40" not in first


def test_the_whole_error_is_shown_on_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUEUP_DEBUG", "1")
    with Edge():
        raise ZeroDivisionError("details")
    assert "details" in capsys.readouterr().err
