"""Parts of query statements: text in quotes, and conditions that leave nothing out."""

from daemon.connectors.qbo.mapping.wire import Entity

EVERYTHING = "Active IN (true,false)"
"""Queries hide inactive records unless they are asked for."""


def escape(text: str) -> str:
    """Text inside the quotes of a query: a backslash goes before both special characters."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def where_all(entity: Entity, *conditions: str) -> str:
    """The condition of a query that leaves nothing out; ``""`` where there is none."""
    # Documents know no Active, and a query that names it is refused.
    whole = conditions if entity.is_document else (*conditions, EVERYTHING)
    return f" WHERE {' AND '.join(whole)}" if whole else ""


def changed_since(entity: Entity, stamp: str) -> str:
    """What was touched since an instant (RFC 3339)."""
    return where_all(entity, f"MetaData.LastUpdatedTime >= '{stamp}'")
