"""The answers that the sandboxes give to one first reading: what examples are made from."""

from collections.abc import Sequence
from typing import Any

import msgspec

from daemon.connectors.base import Connector
from daemon.connectors.dear.documents.lists import LISTS, DocumentList
from daemon.connectors.dear.mapping.family import FAMILIES, Family
from daemon.connectors.qbo.mapping.table import ENTITIES
from ledger.model.facts import Cursor
from ledger.model.ids import Kind
from tests.fuzz.spoiling import tree, written
from tests.fuzz.wires import Answer, Wires

FEW = 3
"""Rows kept of a list: in a small answer each change counts."""
DEAR_LISTS: Sequence[Family | DocumentList] = (*FAMILIES.values(), *LISTS)


class Recording(msgspec.Struct, frozen=True):
    """Bodies by what they are answers to."""

    dear_pages: dict[str, bytes]
    """One page of each list, by path."""
    dear_details: dict[str, list[bytes]]
    """Purchases and sales, by the path of their list."""
    qbo_pages: dict[Kind, bytes]
    """A query's answer for each kind."""
    qbo_changes: bytes
    """Of the change feed, with all kinds in it."""
    dear_me: bytes
    qbo_company: bytes
    qbo_preferences: bytes

    def qbo_rows(self, kind: Kind) -> list[bytes]:
        """The objects of a page."""
        found: Any = tree(self.qbo_pages[kind])["QueryResponse"][ENTITIES[kind].name]
        return [written(row) for row in found]


async def record(wires: Wires) -> Recording:
    """Read everything once."""
    heard: list[Answer] = []

    def listen(answer: Answer) -> None:
        if answer.status == 200:
            heard.append(answer)

    wires.change = listen
    try:
        for connector in (wires.open_dear(), wires.open_qbo()):
            await read_all(connector)
            await connector.close()
    finally:
        wires.change = None
    return Recording(
        dear_pages={one.path: _few(_page(heard, one.path), one.list_key) for one in DEAR_LISTS},
        dear_details={one.path: _details(heard, one) for one in LISTS},
        qbo_pages={kind: _query(heard, ENTITIES[kind].name) for kind in ENTITIES},
        qbo_changes=next(one.body for one in heard if one.path.endswith("/cdc")),
        dear_me=_page(heard, "/me"),
        qbo_company=next(one.body for one in heard if "/companyinfo/" in one.path),
        qbo_preferences=next(one.body for one in heard if one.path.endswith("/preferences")),
    )


async def read_all(connector: Connector) -> int:
    """As the first cycle does: what was shown, in all."""
    shown = 0
    await connector.check()
    cursors: dict[Kind, Cursor] = {}
    for kind in connector.capabilities.kinds:
        async for page in connector.sweep(kind, cursors.get(kind)):
            shown += len(page.observations) + len(page.unreadable) + len(page.tombstones)
            if page.cursor is not None:
                cursors[page.kind] = page.cursor
    async for page in connector.changes(cursors):
        shown += len(page.observations) + len(page.unreadable) + len(page.tombstones)
    return shown


def _page(heard: Sequence[Answer], path: str) -> bytes:
    return next(one.body for one in heard if one.system == "dear" and one.path.endswith(path))


def _few(body: bytes, key: str) -> bytes:
    page = tree(body)
    page[key] = page[key][:FEW]
    return written(page)


def _details(heard: Sequence[Answer], one: DocumentList) -> list[bytes]:
    return [a.body for a in heard if a.system == "dear" and a.path.endswith(one.detail_path)]


def _query(heard: Sequence[Answer], entity: str) -> bytes:
    queries = [one.body for one in heard if one.path.endswith("/query")]
    body = next(body for body in queries if f'"{entity}":['.encode() in body)
    page = tree(body)
    page["QueryResponse"][entity] = page["QueryResponse"][entity][:FEW]
    return written(page)
