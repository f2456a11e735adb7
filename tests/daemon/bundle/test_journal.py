"""What a bundle takes from systemd's journal when no daemon is left to be asked."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from daemon.bundle.journal import newest

LINE: dict[str, Any] = {
    "__REALTIME_TIMESTAMP": "1772463600123456",
    "_HOSTNAME": "books.acme.example",
    "_CMDLINE": "/opt/trueup/bin/trueup run --config /etc/trueup/acme.yaml",
    "COMPANY": "acme",
    "MESSAGE": 'internal error part="Amber Freight"',
    "PRIORITY": "3",
    "LOGGER": "daemon.incident",
    "TRUEUP_EVENT": "internal error",
    "INCIDENT": "k3v7abq2lm",
    "ERROR": "KeyError",
    "PLACES": "execute.py:12 attempt < cycle.py:3 run",
    "PART": "Amber Freight & Söhne",
    "REQUEST": "aohimlpf47xy5up3tpxgsn26ytzhxie2",
}


def journal(folder: Path, monkeypatch: pytest.MonkeyPatch, *rows: bytes) -> None:
    """A ``journalctl`` that notes how it was called and says these rows."""
    (folder / "rows").write_bytes(b"\n".join(rows))
    program = folder / "journalctl"
    program.write_text(f'#!/bin/sh\necho "$@" > {folder}/asked\ncat {folder}/rows\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_events_and_our_fields_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal(tmp_path, monkeypatch, json.dumps(LINE).encode())
    (line,) = newest("acme")
    assert "COMPANY=acme" in (tmp_path / "asked").read_text()
    assert (line.at, line.level) == ("2026-03-02T15:00:00.123Z", "error")
    assert (line.logger, line.event) == ("daemon.incident", "internal error")
    assert line.fields == {
        "error": "KeyError",
        "incident": "k3v7abq2lm",
        "part": "[left out]",
        "places": "execute.py:12 attempt < cycle.py:3 run",
    }


def test_rows_that_say_nothing_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = {**LINE, "TRUEUP_EVENT": [1, 2, 255], "LOGGER": "x y\u202e"}
    journal(tmp_path, monkeypatch, b"-- No entries --", b"{}", b"[1]", json.dumps(binary).encode())
    (line,) = newest("acme")
    assert (line.event, line.logger) == ("", "[left out]")


def test_without_a_journal_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert newest("acme") == []
