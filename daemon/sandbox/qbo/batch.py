"""Batches: up to thirty operations in sequence, each with its own outcome, answered with 200."""

from collections.abc import Callable
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies, query
from daemon.sandbox.qbo.crud import Options, Written, write
from daemon.sandbox.qbo.faultbodies import QboFault
from daemon.sandbox.qbo.render import envelope
from daemon.sandbox.qbo.state import Books
from daemon.sandbox.qbo.txnentities import BY_PATH, NOT_SIMULATED
from daemon.sandbox.qbo.wire import Wire

MAX_ITEMS: Final = 30
MAX_SHORT_ID: Final = 10
"""Characters of a ``bId`` when the batch carries a request id."""
_OWN_KEYS: Final = frozenset({"bId", "operation", "optionsData"})


def items_of(body: Any, *, short_ids: bool) -> list[Wire]:
    """The items of a batch request. Raises 2010, 2020, 1040, 2130 before anything is done."""
    if not isinstance(body, dict) or set(body) != {"BatchItemRequest"}:
        raise faultbodies.unknown_property("BatchItemRequest")
    items = body["BatchItemRequest"]
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise faultbodies.unknown_property("BatchItemRequest")
    if not items:
        raise faultbodies.required("BatchItemRequest")
    if len(items) > MAX_ITEMS:
        raise faultbodies.too_many_in_batch()
    ids = [str(item.get("bId") or "") for item in items]
    if "" in ids:
        raise faultbodies.required("bId")
    if short_ids and any(len(batch_id) > MAX_SHORT_ID for batch_id in ids):
        raise faultbodies.request_id_format()
    return items


def run(
    books: Books,
    items: list[Wire],
    *,
    written: Callable[[Written], None],
    metered_read: Callable[[], None],
) -> Wire:
    """Carry out the items; ``written`` and ``metered_read`` hear of each that succeeded."""
    answers: list[Wire] = []
    for item in items:
        batch_id = {"bId": str(item["bId"])}
        try:
            answers.append({**batch_id, **_one(books, item, written, metered_read)})
        except QboFault as fault:
            answers.append({**batch_id, "Fault": fault.fault()})
    return envelope(books, "BatchItemResponse", {}) | {"BatchItemResponse": answers}


def _one(
    books: Books,
    item: Wire,
    written: Callable[[Written], None],
    metered_read: Callable[[], None],
) -> Wire:
    keys = [key for key in item if key not in _OWN_KEYS]
    if len(keys) != 1:
        raise faultbodies.unknown_property(keys[1] if len(keys) > 1 else "BatchItemRequest")
    key = keys[0]
    if key == "Query":
        metered_read()
        _, answer = query.run(books, str(item[key]))
        return {"QueryResponse": answer}
    spec = BY_PATH.get(key.lower())
    if spec is None or spec.name != key:
        if key.lower() in NOT_SIMULATED or key in ("CDCQuery", "ReportQuery"):
            raise faultbodies.not_simulated(f"{key} in a batch")
        raise faultbodies.unknown_property(key)
    operation = str(item.get("operation") or "")
    option = str(item.get("optionsData") or "")
    if option and (option != "void" or operation != "update"):
        raise faultbodies.not_simulated(f"batch option {option} with {operation or '(none)'}")
    if operation not in ("create", "update", "delete", "void"):
        raise faultbodies.not_simulated(f"batch operation {operation or '(none)'}")
    body = item[key]
    if operation == "create" and isinstance(body, dict) and body.get("Id"):
        raise faultbodies.QboFault([faultbodies.bad_value("Id", body["Id"], code="2030")])
    if operation == "update" and isinstance(body, dict) and not body.get("Id"):
        raise faultbodies.required("Id")
    options = Options(operation=operation, include_void=option == "void")
    result = write(books, spec, body, options)
    written(result)
    return {key: result.shown(books)}
