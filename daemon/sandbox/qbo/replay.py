"""Request ids: the first answer of a write is stored and given again for the same id."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.switches import QboSwitches

MAX_STORED: Final = 100_000
MAX_ID: Final = 50
MAX_BATCH_ID: Final = 36


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer, byte for byte."""

    fingerprint: str
    status: int
    body: bytes
    content_type: str


def fingerprint(method: str, path: str, body: bytes) -> str:
    """Tells a repeated request from another one under the same id."""
    return hashlib.sha256(f"{method} {path}\n".encode() + body).hexdigest()


class Replay:
    """The answers of one company by request id."""

    def __init__(self, switches: QboSwitches) -> None:
        self._switches = switches
        self._answers: OrderedDict[str, Answer] = OrderedDict()

    def find(self, request_id: str, mark: str, *, batch: bool) -> Answer | None:
        """The stored answer to give again, or None to carry the request out.

        Raises 2130 for an id that is too long, 600 where the switches refuse.
        """
        if len(request_id) > (MAX_BATCH_ID if batch else MAX_ID):
            raise faultbodies.request_id_format()
        answer = self._answers.get(request_id)
        if answer is None:
            return None
        if answer.fingerprint != mark and self._switches.changed_body == "refuse":
            raise faultbodies.duplicate_request_id()
        if batch and self._switches.batch_replay == "refuse":
            raise faultbodies.duplicate_request_id()
        if batch and self._switches.batch_replay == "execute_again":
            return None
        return answer

    def store(self, request_id: str, answer: Answer) -> None:
        """Keep an answer; faults only where the switches say so."""
        if answer.status != 200 and not self._switches.replay_faults:
            return
        self._answers[request_id] = answer
        while len(self._answers) > MAX_STORED:
            self._answers.popitem(last=False)
