"""The log in the real journal: a journald of its own in private namespaces, asked by journalctl."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.journald import message_id

ROOT = Path(__file__).parents[2]
JOURNALD = Path("/lib/systemd/systemd-journald")
LONG = 900_000
MACHINE = f"""
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
mount -t proc proc /proc
NOTIFY_SOCKET= {JOURNALD} & JOURNAL=$!
"$1" -c '
import os
while not os.path.exists("/run/systemd/journal/socket"):
    os.sched_yield()
'
"$1" - "$2" 2>/run/stderr <<'PROGRAM'
import os, sys
status = os.fstat(2)
os.environ["JOURNAL_STREAM"] = f"{{status.st_dev}}:{{status.st_ino}}"
sys.path.insert(0, sys.argv[1])
from daemon.log import Log, setup
setup("info", "auto", instance="acme")
Log("daemon.test").warning("write refused", cycle="c-1", request="r-7", intuit_tid="1-abc")
Log("daemon.test").info("long", text="x" * {LONG})
PROGRAM
cat /run/stderr >&2
journalctl --sync
journalctl -D /run/log/journal/* COMPANY=acme -o json --all --no-pager
kill $JOURNAL
"""


def why_not() -> str:
    if sys.platform != "linux" or os.geteuid() != 0:
        return "needs root on Linux: journald gets a /run of its own"
    if not JOURNALD.exists() or not shutil.which("journalctl"):
        return f"needs {JOURNALD} and journalctl (package systemd)"
    tried = subprocess.run(
        ["unshare", "--fork", "--pid", "--mount", "--ipc", "true"],
        capture_output=True,
        check=False,
    )
    return "" if tried.returncode == 0 else "unshare may not make namespaces here"


@pytest.mark.skipif(bool(why_not()), reason=why_not() or "can be had")
def test_the_journal_has_the_fields_of_a_line_however_long() -> None:
    spaces = ["unshare", "--fork", "--kill-child", "--pid", "--mount", "--ipc"]
    done = subprocess.run(
        [*spaces, "bash", "-c", MACHINE, "bash", sys.executable, str(ROOT)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    refused, long = map(json.loads, done.stdout.splitlines())
    told = {name: refused[name] for name in refused if not name.startswith("_")}
    assert told == {
        "MESSAGE": "write refused cycle=c-1 request=r-7 intuit_tid=1-abc",
        "MESSAGE_ID": message_id("write refused"),
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "trueup",
        "LOGGER": "daemon.test",
        "TRUEUP_EVENT": "write refused",
        "COMPANY": "acme",
        "INSTANCE": "acme",
        "CYCLE": "c-1",
        "REQUEST": "r-7",
        "INTUIT_TID": "1-abc",
    }
    assert refused["_TRANSPORT"] == "journal"
    assert len(long["TEXT"]) == LONG
