"""Setting aside from any list: one question, and what the daemon is asked for. Decides nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.questions import Question, Said

if TYPE_CHECKING:
    from daemon.control.protocol_valves import SkipRequest


def question(title: str, facts: Sequence[tuple[str, str]]) -> Question:
    """Why, and until when if somebody knows."""
    return Question(title, "Set aside", facts, reason="required", ends=True)


def request(record: str, said: Said, seen: int) -> "SkipRequest":
    from daemon.control.protocol_valves import SkipRequest

    return SkipRequest(record=record, reason=said.reason, until=said.until, seen=seen)


def end_text(until: str) -> str:
    """`` until 2026-12-01T06:00Z``; empty where it does not end by itself."""
    return f" until {until[:16]}Z" if until else ""
