"""Setting aside from any list: one question, and what the daemon is asked for. Decides nothing."""

from collections.abc import Sequence

from daemon.control.protocol_valves import SkipRequest
from tui.dialogs import Question, Said


def question(title: str, facts: Sequence[tuple[str, str]]) -> Question:
    """Why, and until when if somebody knows."""
    return Question(title, "Set aside", facts, reason="required", ends=True)


def request(record: str, said: Said) -> SkipRequest:
    return SkipRequest(record=record, reason=said.reason, until=said.until)


def end_text(until: str) -> str:
    """`` until 2026-12-01T06:00Z``; empty where it does not end by itself."""
    return f" until {until[:16]}Z" if until else ""
