"""Where the suite keeps its files, how it starts processes, and which examples it tries.

Nothing that a test writes has to outlive it, and half of the time of the suite went into waiting
for the disk: so everything goes to memory where there is room. Say ``TMPDIR=/tmp`` for a disk.

A run that is red by chance costs a day. So Hypothesis tries the same examples in every run and
takes as long as the machine does; ``--hypothesis-profile=search`` looks for new ones.
"""

import os
import sys
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3
"""Far more than a run has at one time: the folder of a test that passed is removed at once."""


def _is_roomy(folder: Path) -> bool:
    """Whether there is a folder in memory with room, from which programs may be started."""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return False
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize >= ROOM and not disk.f_flag & os.ST_NOEXEC


if "TMPDIR" not in os.environ and _is_roomy(MEMORY):
    os.environ["TMPDIR"] = str(MEMORY)  # processes that are started follow
    tempfile.tempdir = None  # whoever asked before asks again

# Hundreds of processes are started. Each would compile the whole program anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile(
    "suite",
    derandomize=True,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("search", settings.get_profile("suite"), derandomize=False)
settings.load_profile("suite")
