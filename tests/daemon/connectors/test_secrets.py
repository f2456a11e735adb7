"""Secrets by reference: where they may lie, and what is said when they cannot be had."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from daemon.connectors.secrets import SecretRef
from ledger.model.errors import ConfigProblem


def test_a_file_must_be_private(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("s3cret\n")
    path.chmod(0o640)
    with pytest.raises(ConfigProblem, match="chmod 600"):
        SecretRef(file=path).resolve()
    path.chmod(0o600)
    assert SecretRef(file=path).resolve() == "s3cret"


def test_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET", "s3cret")
    assert SecretRef(env="MY_SECRET").resolve() == "s3cret"
    monkeypatch.delenv("MY_SECRET")
    with pytest.raises(ConfigProblem, match="MY_SECRET is missing or empty"):
        SecretRef(env="MY_SECRET").resolve()


def test_a_systemd_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigProblem, match="LoadCredential=qbo-secret"):
        SecretRef(credential="qbo-secret").resolve()
    (tmp_path / "qbo-secret").write_text("s3cret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert SecretRef(credential="qbo-secret").resolve() == "s3cret"


@pytest.mark.parametrize(
    "given",
    [{}, {"env": "A", "file": "/x"}, {"value": "s3cret"}, {"credential": "../up"}, {"env": "1x"}],
)
def test_exactly_one_place_is_named(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SecretRef.model_validate(given)


def test_the_value_never_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET", "s3cret")
    reference = SecretRef(env="MY_SECRET")
    reference.resolve()
    shown = f"{reference!r} {reference} {reference.model_dump_json()}"
    assert "s3cret" not in shown
    assert "MY_SECRET" in shown


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_what_is_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(0o400)
    with pytest.raises(ConfigProblem):
        SecretRef(file=path).resolve()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match="No such file"):
        SecretRef(file=tmp_path / "nothing").resolve()
