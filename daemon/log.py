"""What the daemon says while it works: structured lines on stderr, without secrets.

Log ids, counts and reasons; names and amounts of the company belong in the ledger and in the
command line's answers, never here. Redaction is the second net, not the first.
"""

import json
import logging
import os
import re
import sys
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple, TextIO, TypeAlias

from daemon.flood import Flood
from daemon.journald import SOCKET, JournalHandler, priority

Format: TypeAlias = Literal["auto", "json", "text"]
Field: TypeAlias = str | int | bool | None
HIDDEN = "[hidden]"
REMEMBERED = 500
OURS = ("daemon", "ledger", "tui")

_SECRET_NAMES = (
    r"(?:access_?token|refresh_?token|id_?token|client_?secret|authorization|password|secret"
    r"|api-auth-applicationkey|application_?key|verifier_?token|api_?key)"
)
_SECRET_NAME = re.compile(_SECRET_NAMES, re.IGNORECASE)
_SECRETS = (
    re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE),
    re.compile(rf"""({_SECRET_NAMES}["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s&,;}}]+)""", re.I),
    re.compile(r"\b(eyJ)[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)*"),
)
_PLAIN_WORD = re.compile(r"[A-Za-z0-9_./:@+#-]+")


class Log:
    """A logger whose messages carry named fields: ``log.info("cycle ended", cycle=id)``."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, /, **fields: Field) -> None:
        self._logger.debug(event, extra={"fields": fields})

    def info(self, event: str, /, **fields: Field) -> None:
        self._logger.info(event, extra={"fields": fields})

    def warning(self, event: str, /, **fields: Field) -> None:
        self._logger.warning(event, extra={"fields": fields})

    def error(self, event: str, /, **fields: Field) -> None:
        self._logger.error(event, extra={"fields": fields})


class Turns:
    """Says once that something went down and once that it is back, however often it is told."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._down: dict[str, int] = {}

    def down(self, what: str, /, **fields: Field) -> bool:
        """Note a failure of ``what``. True when it is news."""
        self._down[what] = self._down.get(what, 0) + 1
        if self._down[what] > 1:
            return False
        self._log.warning("down", what=what, **fields)
        return True

    def back(self, what: str, /, **fields: Field) -> bool:
        """Note a success of ``what``. True when it had been down."""
        failures = self._down.pop(what, 0)
        if failures:
            self._log.info("back", what=what, failures=failures, **fields)
        return failures > 0


def setup(
    level: str,
    style: Format,
    *,
    stream: TextIO | None = None,
    instance: str = "",
    journal: Path = SOCKET,
) -> None:
    """Send everything that is logged in this process to ``stream`` (stderr), in ``style``.

    Where ``stream`` is systemd's journal, ``auto`` speaks to it in fields at ``journal`` and
    ``text`` in lines with a priority; ``json`` stays JSON.
    """
    stream = stream or sys.stderr
    for_journal = style != "json" and _is_journal(stream)
    handler: logging.Handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines() if style == "json" else TextLines(priority=for_journal))
    if style == "auto" and for_journal:
        handler = JournalHandler(
            _Sentences(), parts_of, instance=instance, fallback=handler, path=journal
        )
    handler.addFilter(Flood())
    root = logging.getLogger()
    for old in root.handlers:
        if isinstance(old, JournalHandler):
            old.close()
    LATELY.filters[:] = [Flood()]
    root.handlers[:] = [handler, LATELY]
    for package in OURS:
        logging.getLogger(package).setLevel(level.upper())
    # Libraries quote what they work on: statements with their values, addresses, whole tasks.
    root.setLevel(max(logging.getLogger(OURS[0]).level, logging.WARNING))


class Line(NamedTuple):
    """What was logged once, without secrets."""

    at: str
    level: str
    logger: str
    event: str
    """``""`` of a library, whose words may quote what it works on."""
    fields: Mapping[str, Field]


class Lately(logging.Handler):
    """Remembers the newest lines, for whoever asks what went on. Writes nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[Line] = deque(maxlen=REMEMBERED)

    @property
    def lines(self) -> tuple[Line, ...]:
        """Oldest first."""
        return tuple(self._lines)

    def emit(self, record: logging.LogRecord) -> None:
        event, fields = parts_of(record)
        ours = record.name.partition(".")[0] in OURS and hasattr(record, "fields")
        self._lines.append(
            Line(
                _instant(record),
                record.levelname.lower(),
                record.name,
                event if ours else "",
                fields if ours else {},
            )
        )


LATELY = Lately()
"""Of this process, from ``setup`` on."""


class TextLines(logging.Formatter):
    """``2026-08-01T12:00:00.000Z info daemon.cycle: cycle ended cycle=c-12 sent=3``"""

    def __init__(self, *, priority: bool = False) -> None:
        super().__init__()
        self._priority = priority

    def format(self, record: logging.LogRecord) -> str:
        text = f"{record.levelname.lower()} {record.name}: {_sentence(record)}"
        if self._priority:
            return f"<{priority(record.levelno)}>{text}"
        return f"{_instant(record)} {text}"


class _Sentences(logging.Formatter):
    """``cycle ended cycle=c-12 sent=3``: level, time and logger have fields of their own."""

    def format(self, record: logging.LogRecord) -> str:
        return _sentence(record)


class JsonLines(logging.Formatter):
    """One JSON object per line: at, level, logger, event and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        message, fields = parts_of(record)
        head = {
            "at": _instant(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": message,
        }
        return json.dumps({**fields, **head})


def hide_secrets(text: str) -> str:
    """``text`` without what looks like a credential."""
    for pattern in _SECRETS:
        text = pattern.sub(lambda found: f"{found[1].rstrip()} {HIDDEN}", text)
    return text


def _sentence(record: logging.LogRecord) -> str:
    message, fields = parts_of(record)
    told = "".join(f" {name}={_word(value)}" for name, value in fields.items())
    return f"{_one_line(message)}{told}"


def parts_of(record: logging.LogRecord) -> tuple[str, dict[str, Field]]:
    """What a record says, and its fields, without secrets and without the text of an error."""
    given = getattr(record, "fields", None)
    fields: dict[str, Field] = {}
    if isinstance(given, Mapping):
        fields = {str(name): _shown(str(name), value) for name, value in given.items()}
    if record.exc_info:
        # The trace without the message of the error, which may quote a record.
        error = record.exc_info[1]
        fields["error"] = type(error).__name__
        fields["trace"] = " < ".join(_frames(record))
    return hide_secrets(record.getMessage()), fields


def _frames(record: logging.LogRecord) -> list[str]:
    trace = record.exc_info[2] if record.exc_info else None
    frames: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append(f"{os.path.basename(code.co_filename)}:{trace.tb_lineno}:{code.co_name}")
        trace = trace.tb_next
    return frames[::-1][:20]


def _shown(name: str, value: object) -> Field:
    if _SECRET_NAME.search(name):
        return HIDDEN
    if value is None or isinstance(value, (bool, int)):
        return value
    return hide_secrets(str(value))


def _word(value: Field) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return value if _PLAIN_WORD.fullmatch(value) else json.dumps(value)


def _one_line(text: str) -> str:
    """Text that cannot start a line of its own or speak to a terminal."""
    return text if text.isascii() and text.isprintable() else json.dumps(text)[1:-1]


def _instant(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_journal(stream: TextIO) -> bool:
    """Whether ``stream`` is what systemd connected to the journal (it says so by inode)."""
    told = os.environ.get("JOURNAL_STREAM", "")
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return told == f"{status.st_dev}:{status.st_ino}"
