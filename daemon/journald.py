"""systemd's journal, spoken to in its own protocol, so that every field can be searched for.

``journalctl TRUEUP_EVENT="cycle ended" COMPANY=acme``. Falls back to lines on the stream when the
journal takes nothing. Must not decide what is said, nor add anything about a record.
"""

import array
import errno
import fcntl
import hashlib
import logging
import os
import re
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

SOCKET = Path("/run/systemd/journal/socket")
IDENTIFIER = "trueup"
_RESERVED = frozenset({"MESSAGE", "MESSAGE_ID", "PRIORITY", "COMPANY", "INSTANCE", "LOGGER"})
_NOT_A_NAME = re.compile(r"[^A-Z0-9_]")
_TOO_LONG = frozenset({errno.EMSGSIZE, errno.ENOBUFS})
_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}


def message_id(event: str) -> str:
    """The journal's id of a sort of event: the same for ever, however its words are set."""
    return hashlib.sha256(f"trueup event: {event}".encode()).hexdigest()[:32]


def priority(level: int) -> int:
    """syslog's number for one of Python's levels."""
    return _PRIORITY.get(level, 3)


def serialised(fields: Mapping[str, str]) -> bytes:
    """Fields as the journal reads them: ``KEY=value``, or with its length when it has lines."""
    parts: list[bytes] = []
    for key, value in fields.items():
        data = value.encode("utf-8", "backslashreplace")
        if b"\n" in data:
            parts.append(key.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n")
        else:
            parts.append(key.encode() + b"=" + data + b"\n")
    return b"".join(parts)


def field_name(name: str) -> str:
    """``request`` is ``REQUEST``; a name that the journal or we need gets ``TRUEUP_`` before."""
    upper = _NOT_A_NAME.sub("_", name.upper())[:56].lstrip("_0123456789") or "FIELD"
    return f"TRUEUP_{upper}" if upper in _RESERVED else upper


class JournalHandler(logging.Handler):
    """Sends each record as one datagram."""

    def __init__(
        self,
        told: logging.Formatter,
        parts: Callable[[logging.LogRecord], tuple[str, Mapping[str, object]]],
        *,
        instance: str,
        fallback: logging.Handler,
        path: Path,
    ) -> None:
        """``told`` makes the sentence for people, ``parts`` the event and its fields.
        ``fallback`` gets what the journal does not take."""
        super().__init__()
        self.setFormatter(told)
        self._parts = parts
        self._instance = instance
        self._fallback = fallback
        self._path = path
        self._socket: socket.socket | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(serialised(self._fields(record)))
        except OSError:
            self._drop()
            self._fallback.handle(record)

    def close(self) -> None:
        self._drop()
        super().close()

    def _fields(self, record: logging.LogRecord) -> dict[str, str]:
        event, given = self._parts(record)
        fields = {
            "MESSAGE": self.format(record),
            "MESSAGE_ID": message_id(event),
            "PRIORITY": str(priority(record.levelno)),
            "SYSLOG_IDENTIFIER": IDENTIFIER,
            "LOGGER": record.name,
            "TRUEUP_EVENT": event,
        }
        if self._instance:
            fields |= {"COMPANY": self._instance, "INSTANCE": self._instance}
        for name, value in given.items():
            if value is not None:
                fields[field_name(name)] = str(value)
        return fields

    def _send(self, data: bytes) -> None:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.connect(str(self._path))
        try:
            self._socket.send(data)
        except OSError as error:
            if error.errno not in _TOO_LONG or not sys.platform.startswith("linux"):
                raise
            _send_as_file(self._socket, data)

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _send_as_file(sock: socket.socket, data: bytes) -> None:
    """More than fits a datagram goes as a sealed file in memory."""
    fd = os.memfd_create("trueup-log", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(data)
        _seal(fd)
        passed = array.array("i", [fd])
        sock.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
    finally:
        os.close(fd)


def _seal(fd: int) -> None:
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
