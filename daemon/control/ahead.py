"""Questions that are put before anybody can wait for their answers.

A front end knows what it will ask long before it has loaded what it takes to show the answer. What
is asked ahead is written to a connection of its own at once; whoever asks the same later takes that
connection and finds the answer there. Must not wait for anything: what cannot be written at once is
not asked ahead, and is asked in its turn.
"""

import socket as sockets
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

if TYPE_CHECKING:
    from daemon.control.protocol_drift import DriftQuery


class Asking(msgspec.Struct, frozen=True):
    """What is sent."""

    method: str
    target: str
    body: bytes | None = None

    @property
    def wire(self) -> bytes:
        """The same in HTTP/1.1, for a connection that serves nothing else."""
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: trueup", "Connection: close"]
        if self.body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode("ascii") + (self.body or b"")


def asking(
    method: str, path: str, params: dict[str, str] | None = None, body: bytes | None = None
) -> Asking:
    return Asking(method, f"{path}?{urlencode(params)}" if params else path, body)


class Ahead:
    """Where the daemon listens, and what it was asked there already."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._asked: dict[Asking, sockets.socket] = {}

    def standing(self) -> None:
        """What every front end asks first: ``who`` and ``status`` without its counts."""
        self._ask(asking("GET", "/v1/who"))
        self._ask(asking("GET", "/v1/status", {"counts": "0"}))

    def drift(self, query: "DriftQuery") -> None:
        self._ask(asking("POST", "/v1/drift", body=msgspec.json.encode(query)))

    def _ask(self, asking: Asking) -> None:
        # Only for what changes nothing: the answer may never be wanted.
        if asking in self._asked:
            return
        connection = sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
        connection.setblocking(False)
        try:
            connection.connect(str(self.socket))
            whole = connection.send(asking.wire) == len(asking.wire)
        except OSError:
            whole = False  # whoever asks in its turn is told why
        if whole:
            self._asked[asking] = connection
        else:
            connection.close()

    def take(self, asking: Asking) -> sockets.socket | None:
        return self._asked.pop(asking, None)

    def drop(self) -> None:
        """What nobody asked again is not wanted."""
        for connection in self._asked.values():
            connection.close()
        self._asked.clear()
