"""What passes between the daemon and the simulators, seen from their side: when to kill, and when
somebody may edit DEAR.

Between its look and its write DEAR offers no protection at all, a known weakness; people of a soak
therefore wait for that moment to pass, as they do in the simulations.
"""

from collections.abc import Callable
from typing import Final

from daemon.sandbox.requestlog import Exchange, LogRow, RequestLog
from tests.town import Wire

_WRITTEN: Final = ("product", "supplier", "customer")
"""Paths of what the daemon writes to DEAR after a look at the one record."""


class Traffic:
    """Counts requests and answers; tells of each write before it is carried out."""

    def __init__(self, wire: Wire, log: RequestLog) -> None:
        self.requests = 0
        self.answers = 0
        self.unanswered = 0
        """Requests whose connection was closed without an answer."""
        self.throttled = 0
        self.renewals = 0
        """Logins that were renewed."""
        self.on_request: Callable[[bool], None] | None = None
        """Called as each request comes in, with whether it writes."""
        self._looked = False
        self._wrote = False
        self._writing = 0
        self._add = log.add
        wire.on_request = self._came
        log.add = self._went  # type: ignore[method-assign]

    @property
    def may_edit_dear(self) -> bool:
        return not self._looked and not self._writing

    def died(self) -> None:
        """Nobody writes any more what he had looked at."""
        self._looked = False

    def _came(self, system: str, method: str, path: str) -> None:
        self.requests += 1
        writes = method != "GET" and "/oauth2/" not in path and not path.endswith("/query")
        self._writing += system == "dear" and writes
        if self.on_request is not None:
            self.on_request(writes)

    def _went(self, seen: Exchange) -> LogRow:
        self.answers += 1
        self.unanswered += seen.status == 0
        self.throttled += "throttle" in seen.fault
        self.renewals += "/tokens" in seen.path and seen.status == 200
        if seen.system == "dear":
            writes = seen.method != "GET"
            self._writing -= writes
            thing = seen.path.rstrip("/").rsplit("/", 1)[-1].lower()
            looks = not writes and thing in _WRITTEN and "id=" in seen.query.lower()
            # The look right after a write is the last one at that record.
            self._looked, self._wrote = looks and not self._wrote, writes
        return self._add(seen)
