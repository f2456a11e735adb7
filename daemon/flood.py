"""Keeps one repeated line from filling the log: some a minute, then how many more there were.

Must not drop a line without counting it, and must not hold on to what a line says.
"""

import logging
from collections.abc import Mapping

SAME = 10
"""Lines a minute of one event about the same thing."""
EVENT = 600
"""Lines a minute of one event, whatever they are about."""
WINDOW_S = 60.0
NEVER_THE_SAME = frozenset({"intuit_tid"})
"""Fields that tell no two lines apart, because they differ in all."""
MOST_KEPT = 2_000
"""Things that are counted at once; the oldest are forgotten."""

_Key = tuple[str, int, str, str]


class _Count:
    __slots__ = ("began", "dropped", "seen")

    def __init__(self, began: float) -> None:
        self.began = began
        self.seen = 0
        self.dropped = 0


class Flood(logging.Filter):
    """Lets the first lines of each minute pass and counts the others.

    What was counted is told as ``more lines like it`` when the next line comes after the minute.
    """

    def __init__(self, *, same: int = SAME, event: int = EVENT) -> None:
        super().__init__()
        self._same = same
        self._event = event
        self._counts: dict[_Key, _Count] = {}
        self._tells_at = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "of_flood", False):
            return True
        if record.created >= self._tells_at:
            self._tells_at = record.created + WINDOW_S
            self._tell(record.created)
        event = (record.name, record.levelno, record.getMessage(), "")
        about = _about(record)
        fits = self._take((*event[:3], about or "-"), record.created, self._same)
        return fits and self._take(event, record.created, self._event)

    def _take(self, key: _Key, now: float, most: int) -> bool:
        count = self._counts.get(key)
        if count is None or now - count.began >= WINDOW_S:
            self._tell_one(key, count)
            self._counts.pop(key, None)
            count = self._counts[key] = _Count(now)
            if len(self._counts) > MOST_KEPT:
                oldest = next(iter(self._counts))
                self._tell_one(oldest, self._counts.pop(oldest))
        count.seen += 1
        if count.seen <= most:
            return True
        count.dropped += 1
        return False

    def _tell(self, now: float) -> None:
        """Say what was left out in minutes that are over."""
        for key in [k for k, c in self._counts.items() if now - c.began >= WINDOW_S]:
            self._tell_one(key, self._counts.pop(key))

    def _tell_one(self, key: _Key, count: _Count | None) -> None:
        if count is None or not count.dropped:
            return
        name, level, event, _ = key
        logging.getLogger(name).log(
            level,
            "more lines like it",
            extra={"fields": {"event": event, "left_out": count.dropped}, "of_flood": True},
        )


def _about(record: logging.LogRecord) -> str:
    """What tells this line from others of its event: its words, not its numbers."""
    fields = getattr(record, "fields", None)
    if not isinstance(fields, Mapping):
        return ""
    return "\x1f".join(
        f"{k}={v}" for k, v in fields.items() if isinstance(v, str) and k not in NEVER_THE_SAME
    )
