"""Which record QuickBooks means when it says that "something" on a document was made inactive.

Asked only after such a refusal. Must not decide anything: it names what a person looks for.
"""

from collections.abc import Iterator
from typing import Final

from daemon.connectors.qbo.client import QboClient, objects
from daemon.connectors.qbo.mapping.table import ENTITIES
from daemon.connectors.qbo.mapping.wire import given_name
from daemon.connectors.qbo.statements import escape
from ledger.model.ids import Kind
from ledger.model.outcomes import Write
from ledger.model.values import Lines, Reference

MOST_NAMED: Final = 3
_ON_LINES: Final = ("item", "account", "reporting_class", "customer")
_CAN_REST: Final = frozenset(
    {Kind.VENDOR, Kind.CUSTOMER, Kind.ITEM, Kind.ACCOUNT, Kind.CLASS, Kind.TERM}
)


async def find_inactive(client: QboClient, write: Write) -> tuple[str, str]:
    """Our name of the field, and a sentence; both ``""`` where nothing inactive is found.

    Raises what a read raises.
    """
    wanted: dict[Kind, list[tuple[str, str, str]]] = {}
    for field, place, reference in _pointers(write):
        if reference.kind in _CAN_REST and reference.id:
            wanted.setdefault(reference.kind, []).append((field, place, reference.id))
    field, found = "", []
    for kind, uses in wanted.items():
        resting = await _inactive(client, kind, {record_id for _, _, record_id in uses})
        for used_by, place, record_id in uses:
            if record_id in resting:
                field = field or used_by
                noun = kind.value.replace("_", " ")
                found.append(f'{place}{noun} "{resting[record_id]}" is inactive')
    return field, "; ".join(found[:MOST_NAMED])


def _pointers(write: Write) -> Iterator[tuple[str, str, Reference]]:
    """Field, where on the document (as words), and what it points to."""
    for field, value in write.fields.items():
        if isinstance(value, Reference):
            yield field, "", value
        elif isinstance(value, Lines):
            for place, line in enumerate(value.lines, start=1):
                for part in _ON_LINES:
                    pointer = getattr(line, part)
                    if isinstance(pointer, Reference):
                        yield field, f"line {place}: ", pointer


async def _inactive(client: QboClient, kind: Kind, ids: set[str]) -> dict[str, str]:
    """Those of these records that are inactive, with their names."""
    entity = ENTITIES[kind]
    listed = ",".join(f"'{escape(one)}'" for one in sorted(ids))
    rows = await client.query(
        f"SELECT * FROM {entity.name} WHERE Id IN ({listed}) AND Active = false MAXRESULTS 1000",
        entity.name,
    )
    raws = objects(rows)
    return {str(raw.get("Id")): given_name(raw, entity.name_property) or "" for raw in raws}
