"""Change data capture: what changed since an instant, deleted transactions as stubs."""

from datetime import datetime, timedelta
from typing import Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.render import show, show_stub
from daemon.sandbox.qbo.state import Books, Stub
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
    found: list[tuple[datetime, Wire, bool]] = []
    for row in books.all(spec.name):
        if row.updated < since:
            continue
        if as_stub and not row.active:
            found.append((row.updated, show_stub(Stub(spec.name, row.id, row.updated)), True))
        else:
            found.append((row.updated, show(books, row, "query"), False))
    for stub in books.stubs:
        if stub.entity == spec.name and stub.at >= since:
            found.append((stub.at, show_stub(stub), True))
    found.sort(key=lambda entry: entry[0], reverse=True)
    found = found[: max(0, room)]
    if not found:
        return {}
    group: Wire = {spec.name: [shown for _, shown, _ in found]}
    if not all(is_stub for _, _, is_stub in found):
        group["startPosition"] = 1
    return {**group, "maxResults": len(found), "totalCount": len(found)}
