"""The daemon's lines in systemd's journal, for when there is no daemon left that could be asked.

Takes events and the fields that may pass; whatever else the journal knows (messages, hosts, command
lines) is not looked at.
"""

import subprocess
from datetime import UTC, datetime, timedelta

import msgspec

from daemon.control.protocol_support import LineShown
from daemon.control.supporting import LOGGED, line_shown
from daemon.journald import IDENTIFIER, field_name
from daemon.log import Line

PROGRAM = "journalctl"
LIMIT_S = 20.0
MOST = 500
_LEVELS = {"7": "debug", "6": "info", "4": "warning", "3": "error"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS = {field_name(name): name for name in sorted(LOGGED)}


def newest(instance: str) -> list[LineShown]:
    """The newest lines of an instance, oldest first; none where there is no journal to read."""
    asked = ["-t", IDENTIFIER, f"COMPANY={instance}", "-n", str(MOST), "-o", "json", "--no-pager"]
    try:
        done = subprocess.run([PROGRAM, *asked], capture_output=True, timeout=LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [one for row in done.stdout.splitlines() if (one := _shown(row)) is not None]


def _shown(row: bytes) -> LineShown | None:
    try:
        told = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
        known = {name: msgspec.json.decode(told[name]) for name in _wanted(told)}
        at = _EPOCH + timedelta(microseconds=int(known["__REALTIME_TIMESTAMP"]))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, OverflowError):
        return None
    event = known.get("TRUEUP_EVENT")
    return line_shown(
        Line(
            at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            _LEVELS.get(str(known.get("PRIORITY")), ""),
            str(known.get("LOGGER", "")),
            event if isinstance(event, str) else "",
            {ours: str(known[name]) for name, ours in _FIELDS.items() if name in known},
        )
    )


def _wanted(told: dict[str, msgspec.Raw]) -> list[str]:
    marks = ("__REALTIME_TIMESTAMP", "PRIORITY", "LOGGER", "TRUEUP_EVENT")
    return [name for name in (*marks, *_FIELDS) if name in told]
