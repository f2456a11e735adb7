"""Change data capture: what changed since an instant, deleted transactions as stubs."""

from bisect import bisect_left
from datetime import datetime, timedelta
from operator import attrgetter, itemgetter
from typing import Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.render import show, show_stub
from daemon.sandbox.qbo.state import Books, Stored, Stub
from daemon.sandbox.qbo.times import envelope_stamp, parse
from daemon.sandbox.qbo.txnentities import BY_PATH, NOT_SIMULATED
from daemon.sandbox.qbo.wire import Wire

LOOK_BACK: Final = timedelta(days=30)
MAX_OBJECTS: Final = 1000
"""Over all entities of one answer; nothing says that more was left out."""


def run(books: Books, entities: str, changed_since: str) -> Wire:
    """The whole answer. Raises 500 for what change data capture does not cover, 2020, 2060."""
    if not entities.strip():
        raise faultbodies.required("entities")
    if not changed_since:
        raise faultbodies.required("changedSince")
    since = _since(books, changed_since)
    specs = [_entity(name.strip()) for name in entities.split(",") if name.strip()]
    groups: list[Wire] = []
    room = MAX_OBJECTS
    for spec in specs:
        group = _group(books, spec, since, room)
        room -= int(group.get("maxResults", 0))
        groups.append(group)
    return {
        "CDCResponse": [{"QueryResponse": groups}],
        "time": envelope_stamp(books.exact_now()),
    }


def _since(books: Books, changed_since: str) -> datetime:
    try:
        since = parse(changed_since)
    except ValueError as error:
        wrong = faultbodies.bad_value("changedSince", changed_since, code="2060")
        raise faultbodies.QboFault([wrong]) from error
    if since < books.exact_now() - LOOK_BACK:
        raise faultbodies.unsupported(
            f"cdc with changedSince date {changed_since} which is older than fixed days"
        )
    return since


def _entity(name: str) -> Spec:
    spec = BY_PATH.get(name.lower())
    if spec is not None and spec.cdc:
        return spec
    if spec is None and name.lower() in NOT_SIMULATED:
        raise faultbodies.not_simulated(f"change data capture of {name}")
    raise faultbodies.unsupported(f"cdc for entity {name}")


def _group(books: Books, spec: Spec, since: datetime, room: int) -> Wire:
    as_stub = books.switches.cdc_inactive == "deleted"
    found: list[tuple[datetime, Stored | Stub]] = []
    for row in books.indexes[spec.name].since(since):
        gone = as_stub and not row.active
        found.append((row.updated, Stub(spec.name, row.id, row.updated) if gone else row))
    first = bisect_left(books.stubs, since, key=attrgetter("at"))
    found += [(stub.at, stub) for stub in books.stubs[first:] if stub.entity == spec.name]
    found.sort(key=itemgetter(0), reverse=True)
    found = found[: max(0, room)]
    if not found:
        return {}
    shown = [
        show_stub(one) if isinstance(one, Stub) else show(books, one, "query") for _, one in found
    ]
    group: Wire = {spec.name: shown}
    if not all(isinstance(one, Stub) for _, one in found):
        group["startPosition"] = 1
    return {**group, "maxResults": len(found), "totalCount": len(found)}
