"""A machine of its own for tests: the host's systemd as process 1 in private namespaces.

Only its process number reaches it from outside. Whatever a test does, the end kills all of it.
"""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
SYSTEMD = Path("/lib/systemd/systemd")
TOOLS = ("unshare", "nsenter", "setpriv", "systemctl")
OLDEST = 252
START_S = 60.0
LOOK_EVERY_S = 0.05
COMMAND_S = 60.0


def why_not() -> str:
    """Why no such machine can be had here; ``""`` when it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux: process 1 of a private pid namespace mounts its own folders"
    if missing := [name for name in TOOLS if not shutil.which(name)]:
        return f"needs {', '.join(missing)}"
    if not SYSTEMD.exists():
        return f"needs {SYSTEMD} (package systemd)"
    told = subprocess.run(["systemctl", "--version"], capture_output=True, text=True, check=True)
    version = int(told.stdout.split()[1].partition(".")[0])
    if version < OLDEST:
        return f"needs systemd {OLDEST} or newer, here is {version}"
    if _cgroups() is None:
        return "needs a writable cgroup2 hierarchy"
    tried = subprocess.run(
        ["unshare", "--fork", "--pid", "--mount", "--cgroup", "--ipc", "--uts", "true"],
        capture_output=True,
        check=False,
    )
    return "" if tried.returncode == 0 else "unshare may not make namespaces here"


def until(condition: Callable[[], object], what: str, limit_s: float = START_S) -> None:
    """Wait for a named condition."""
    ticks = threading.Event()
    for _ in range(round(limit_s / LOOK_EVERY_S)):
        if condition():
            return
        ticks.wait(LOOK_EVERY_S)
    raise AssertionError(f"not within {limit_s:.0f} s: {what}")


class Machine:
    """One booted machine. Commands run inside; ``root`` is its view of the files."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.root = Path(f"/proc/{pid}/root")

    def run(
        self, *args: str, stdin: str | None = None, uid: int | None = None, ok: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """A command inside; with ``ok`` one that has to succeed."""
        inside = ["nsenter", "--target", str(self.pid), "--all"]
        if uid is not None:
            inside += ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--init-groups"]
        done = subprocess.run(
            [*inside, *args],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
        )
        assert not ok or done.returncode == 0, (args, done.stdout, done.stderr)
        return done

    def trueup(
        self, *args: str, uid: int | None = None, ok: bool = False
    ) -> subprocess.CompletedProcess[str]:
        return self.run("/opt/trueup/bin/trueup", *args, uid=uid, ok=ok)

    def systemctl(self, *args: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("systemctl", *args, ok=ok)

    def shown(self, unit: str, name: str) -> str:
        """One property of a unit."""
        return self.systemctl("show", "--value", f"--property={name}", unit).stdout.strip()

    def main_pid(self, unit: str) -> str:
        return self.shown(unit, "MainPID")

    def path(self, inside: str) -> Path:
        return self.root / inside.lstrip("/")

    def write(self, inside: str, text: str, mode: int = 0o644) -> None:
        place = self.path(inside)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        place.chmod(mode)

    def uid_of(self, name: str) -> int:
        return int(self.run("id", "-u", name, ok=True).stdout)


@contextmanager
def booted(folder: Path) -> Iterator[Machine]:
    """A machine until the end of the body, and nothing of it afterwards."""
    above = _cgroups()
    assert above is not None
    group = above / f"trueup-test-{os.getpid()}-{folder.name}"
    group.mkdir()
    console = folder / "console"
    stage = folder / "stage"
    stage.mkdir()
    places = (str(stage), str(CHECKOUT), sys.base_prefix, sysconfig.get_path("purelib"))
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    script = f'echo $$ > {group}/cgroup.procs; exec unshare --fork --kill-child --pid --mount \
--cgroup --ipc --uts sh {HERE / "boot.sh"} "$@"'
    with console.open("wb") as out:
        outer = subprocess.Popen(
            # Whatever becomes of the test: when it is gone, so is the machine.
            ["setpriv", "--pdeathsig", "KILL", "sh", "-c", script, "sh", *places, python],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        until(lambda: outer.poll() is not None or _child(outer.pid), "unshare began")
        machine = Machine(_child(outer.pid) or 0)
        until(
            lambda: outer.poll() is not None or machine.path("/run/systemd/private").exists(),
            f"systemd is up; its words are in {console}",
        )
        assert outer.poll() is None, console.read_text(errors="replace")
        yield machine
    finally:
        _end(group, outer)


def _end(group: Path, outer: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError):
        (group / "cgroup.kill").write_text("1")
    with suppress(ProcessLookupError):
        os.killpg(outer.pid, signal.SIGKILL)
    outer.wait(START_S)
    until(lambda: not _procs(group), "every process of the machine is gone")
    for place, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):
            os.rmdir(place)


def _procs(group: Path) -> list[str]:
    found = []
    for place, _, _ in os.walk(group):
        with suppress(OSError):
            found += Path(place, "cgroup.procs").read_text().split()
    return found


def _child(pid: int) -> int | None:
    try:
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    return int(told[0]) if told else None


def _cgroups() -> Path | None:
    """The mounted cgroup2 hierarchy, if one can be written to."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2" and os.access(place, os.W_OK):
            return Path(place)
    return None
