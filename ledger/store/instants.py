"""Instants as the ledger writes them: RFC 3339, UTC, microseconds, so that text order is time."""

from datetime import UTC, datetime


def instant(at: datetime) -> str:
    """``2025-03-01T09:30:00.000000Z``; ``ValueError`` for an instant without zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no zone")
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def same_instant(text: str) -> str:
    """Any RFC 3339 text in the ledger's own form."""
    return instant(datetime.fromisoformat(text))
