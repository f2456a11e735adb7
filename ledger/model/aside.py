"""What a skip is about: one operation, or one reason to hold. Decides nothing.

An operation is told by its digest alone. A record may have several in one system (a change, and
making it inactive), and each is set aside by itself.
"""

from .ids import Digest
from .plans import Operation

OPERATION = "operation:"
"""Beginning of the subject of a skip that is about an operation."""


def operation_subject(operation: Operation) -> str:
    """``Skipped.subject`` for an operation. In older journals it ends with the system."""
    return f"{OPERATION}{operation.system}:{operation.digest}"


def is_operation(subject: str) -> bool:
    return subject.startswith(OPERATION)


def aside_key(subject: str, digest: Digest | str) -> tuple[str, str]:
    """By what a skip and the thing that it is about find each other, within one record."""
    return ("" if is_operation(subject) else subject, str(digest))
