"""What the daemon says: one line each, no secrets, news only."""

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.log import Format, Log, Turns, hide_secrets, setup

SECRETS = [
    "Authorization: Bearer eyJlbmMiOiJBMTI4.abc.def",
    "Basic QUJDREVGR0g6aGVsbG8=",
    'body {"refresh_token":"AB11698-token-xyz","expires_in":3600}',
    "POST /token?client_secret=s3cr3t-s3cr3t&x=1",
    "api-auth-applicationkey: 0f1e2d3c-hidden",
    "password = 'hunter2hunter2'",
]
PARTS = ("eyJlbmMi", "QUJDREVG", "AB11698", "s3cr3t", "0f1e2d3c", "hunter2")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = before
    root.setLevel(level)


def said(stream: io.StringIO, style: Format, level: str = "info") -> Log:
    setup(level, style, stream=stream)
    return Log("daemon.test")


@pytest.mark.parametrize("text", SECRETS)
def test_what_looks_like_a_credential_is_hidden(text: str) -> None:
    hidden = hide_secrets(text)
    assert "[hidden]" in hidden
    assert not any(part in hidden for part in PARTS)


def test_ordinary_words_stay() -> None:
    text = "request r-12 to qbo: 403 confirmed, token expires soon"
    assert hide_secrets(text) == text


@pytest.mark.parametrize("style", ["text", "json"])
def test_fields_with_secret_names_are_hidden(stream: io.StringIO, style: Format) -> None:
    said(stream, style).info("login", refresh_token="AB11698", realm="r-1")
    assert "AB11698" not in stream.getvalue()
    assert "r-1" in stream.getvalue()


def test_a_line_of_text(stream: io.StringIO) -> None:
    said(stream, "text").info("cycle ended", cycle="c-1", sent=3, ok=True, reason="two words")
    line = stream.getvalue()
    assert line.endswith(
        'Z info daemon.test: cycle ended cycle=c-1 sent=3 ok=true reason="two words"\n'
    )


def test_a_line_of_json(stream: io.StringIO) -> None:
    said(stream, "json").warning("down", what="qbo", event="mine")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["what"], line["level"]) == ("down", "qbo", "warning")


@pytest.mark.parametrize("style", ["text", "json"])
def test_nobody_can_forge_a_line(stream: io.StringIO, style: Format) -> None:
    log = said(stream, style)
    log.info("a\n2026 error daemon: forged", ref="x\n<0>forged \x1b[2J \u202e")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert "\u202e" not in stream.getvalue()


def test_an_error_shows_where_and_not_what(stream: io.StringIO) -> None:
    said(stream, "text")
    try:
        raise ValueError("Acme owes 12.40")
    except ValueError:
        logging.getLogger("other").exception("failed")
    line = stream.getvalue()
    assert "error=ValueError" in line
    assert "test_log.py" in line
    assert "Acme" not in line


def test_the_level_counts(stream: io.StringIO) -> None:
    log = said(stream, "text", "warning")
    log.info("quiet")
    log.error("loud")
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()


def test_down_is_said_once_and_back_once(stream: io.StringIO) -> None:
    turns = Turns(said(stream, "text"))
    assert [turns.down("qbo"), turns.down("qbo"), turns.down("dear")] == [True, False, True]
    assert [turns.back("qbo"), turns.back("qbo")] == [True, False]
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[-1].endswith("back what=qbo failures=2")


@pytest.mark.usefixtures("stream")
def test_the_journal_gets_priorities(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "stream"
    with path.open("w+", encoding="utf-8") as journal:
        status = os.fstat(journal.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        setup("info", "auto", stream=journal)
        Log("daemon.test").warning("down")
    assert path.read_text() == "<4>warning daemon.test: down\n"
