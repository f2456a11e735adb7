"""``trueup service install``: shown first, written once told to, edits never lost."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from daemon.cli.units import SHIPPED_EXECUTABLE, check_executable, is_ours, shipped, stamped
from ledger.model.errors import ConfigProblem
from tests.daemon.cli.conftest import Said, call

PROGRAM = "/usr/bin/env"
"""Stands for an installed trueup: some program that a service can reach."""
NAMES = {
    "systemd/system/trueup@.service",
    "systemd/system/trueup@.socket",
    "systemd/system/trueup.target",
    "systemd/system/trueup-failed@.service",
    "sysusers.d/trueup.conf",
    "tmpfiles.d/trueup.conf",
}


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    return tmp_path / "etc"


def install(etc: Path, *args: str) -> Said:
    prefix = etc / "systemd" / "system"
    return call("service", "install", "--prefix", str(prefix), "--executable", PROGRAM, *args)


def written(etc: Path) -> set[str]:
    return {path.relative_to(etc).as_posix() for path in etc.rglob("*") if path.is_file()}


def test_a_dry_run_shows_every_line_and_writes_nothing(etc: Path) -> None:
    said = install(etc, "--dry-run")
    assert (said.code, written(etc)) == (0, set())
    assert f"+ExecStart={PROGRAM} run --config /etc/trueup/%i.yaml --instance %i" in said.out
    assert all(name in said.out for name in NAMES)
    assert "6 files would be written" in said.err


def test_with_nobody_to_ask_nothing_is_written(etc: Path) -> None:
    said = install(etc)
    assert (said.code, written(etc)) == (7, set())
    assert "--yes" in said.err


def test_it_writes_the_program_and_says_what_comes_next(etc: Path) -> None:
    said = install(etc, "--yes", "--instance", "acme")
    assert (said.code, written(etc)) == (0, NAMES)
    unit = etc / "systemd/system/trueup@.service"
    assert SHIPPED_EXECUTABLE not in unit.read_text()
    assert unit.stat().st_mode & 0o777 == 0o644
    commands = [line.strip() for line in said.err.splitlines()]
    assert "systemctl daemon-reload" in commands
    assert "systemctl enable --now trueup@acme.socket trueup@acme.service" in commands
    again = install(etc, "--yes")
    assert again.code == 0
    assert "written" not in again.out


def test_as_json_it_says_the_same(etc: Path) -> None:
    answer = json.loads(install(etc, "--yes", "--json").out)
    assert answer["schema"] == "trueup.service/1"
    assert [(one["state"], one["written"]) for one in answer["files"]] == [("new", True)] * 6
    again = json.loads(install(etc, "--dry-run", "--json").out)
    assert {one["state"] for one in again["files"]} == {"unchanged"}
    assert "systemctl daemon-reload" in again["next"]


def test_a_file_of_another_version_is_replaced_and_an_edited_one_kept(etc: Path) -> None:
    install(etc, "--yes")
    older = etc / "systemd/system/trueup.target"
    older.write_text(stamped("[Unit]\nDescription=as it was\n").replace("trueup 0", "trueup 9"))
    edited = etc / "systemd/system/trueup@.socket"
    edited.write_text(edited.read_text().replace("SocketMode=0660", "SocketMode=0600"))
    assert is_ours(older.read_text())
    assert not is_ours(edited.read_text())

    said = install(etc, "--yes")
    assert said.code == 5
    assert "-SocketMode=0600" in said.out, "the difference is shown all the same"
    assert "was edited here and is kept" in said.err
    assert "SocketMode=0600" in edited.read_text()
    assert "as it was" not in older.read_text()

    assert install(etc, "--yes", "--replace-edited").code == 0
    assert "SocketMode=0660" in edited.read_text()


def test_a_drop_in_is_brought_only_by_name(etc: Path) -> None:
    assert install(etc, "--yes", "--drop-in", "no-mdwe").code == 0
    assert (etc / "systemd/system/trueup@.service.d/no-mdwe.conf").is_file()
    said = install(etc, "--yes", "--drop-in", "no-such")
    assert said.code == 64
    assert "no-mdwe" in said.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--prefix", "/etc"), "must be a folder .../systemd/system"),
        (("--executable", "trueup"), "not the whole path of a program"),
        (("--executable", "/no/such/trueup"), "install trueup under /opt"),
    ],
)
def test_what_cannot_work_is_refused_with_its_cure(
    args: tuple[str, str], words: str, etc: Path
) -> None:
    said = install(etc, "--yes", *args)
    assert said.code == 78
    assert words in said.err
    assert written(etc) == set()


def test_a_program_whose_interpreter_is_hidden_is_refused() -> None:
    """As ``uv tool install`` leaves it without UV_PYTHON_INSTALL_DIR. Below /tmp nothing can be
    installed either."""
    with tempfile.TemporaryDirectory(prefix="trueup-", dir="/tmp") as folder:
        script = Path(folder, "trueup")
        script.write_text("#!/bin/sh\n")
        script.chmod(0o755)
        with pytest.raises(ConfigProblem, match="hides it from the service"):
            check_executable(script)


def test_the_units_come_with_the_package() -> None:
    folder = shipped()
    assert {path.name for path in (folder / "systemd").glob("trueup*")} == {
        name.rpartition("/")[2] for name in NAMES if name.startswith("systemd/")
    }
    assert os.access(shutil.which("env") or "", os.X_OK)
