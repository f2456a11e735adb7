"""``trueup config``."""

import json
from pathlib import Path

import pytest

from tests.daemon.cli.conftest import call

FILES = Path(__file__).parents[1] / "config" / "files"
BAD = FILES / "bad" / "five_mistakes.yaml"
GOOD = FILES / "good" / "smallest.yaml"


def test_a_good_file_is_ok() -> None:
    assert call("config", "check", str(GOOD)).out == f"{GOOD}: ok\n"


def test_five_mistakes_are_told_together_on_stderr() -> None:
    said = call("config", "check", str(BAD))
    assert (said.code, said.out) == (78, "")
    expected = BAD.with_suffix(".expected").read_text().splitlines()
    assert said.err.splitlines() == [f"{BAD}:{line}" for line in expected]


def test_the_same_as_json() -> None:
    said = call("config", "check", str(BAD), "--json")
    shown = json.loads(said.out)
    assert (said.code, shown["ok"], len(shown["problems"])) == (78, False, 5)


def test_the_file_may_be_named_before_the_command() -> None:
    assert call("--config", str(GOOD), "config", "check").code == 0


def test_the_file_may_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_CONFIG", str(GOOD))
    assert call("config", "check").code == 0


def test_without_a_file_the_places_looked_at_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TRUEUP_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    said = call("config", "check")
    assert said.code == 78
    assert "--config FILE" in said.err


def test_secrets_are_proved_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLIENT_ID", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    said = call("config", "check", str(GOOD), "--secrets")
    assert said.code == 78
    for key in ("qbo.client_id", "qbo.client_secret", "dear.application_key"):
        assert f"{GOOD}: {key}: " in said.err


def test_show_fills_in_defaults_and_shows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENT_ID", "hush-hush")
    said = call("config", "show", "--config", str(GOOD))
    assert said.code == 0
    assert '  poll: "1m"' in said.out
    assert 'env: "CLIENT_ID"' in said.out
    assert "hush-hush" not in said.out


def test_what_is_shown_can_be_loaded_again(tmp_path: Path) -> None:
    said = call("config", "show", "--config", str(GOOD))
    again = tmp_path / "again.yaml"
    again.write_text(said.out)
    assert call("config", "show", "--config", str(again)).out == said.out


def test_the_schema_is_json() -> None:
    schema = json.loads(call("config", "schema").out)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["company"]


def test_what_is_probably_not_meant_is_a_warning_and_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "trueup.yaml"
    path.write_text(GOOD.read_text() + "kinds: {invoice: {since: 2999-01-01}}\n")
    said = call("config", "check", str(path))
    assert said.code == 0
    assert "warning: kinds.invoice.since: 2999-01-01 is still to come" in said.err
    shown = json.loads(call("config", "check", str(path), "--json").out)
    assert (shown["ok"], len(shown["warnings"])) == (True, 1)
