"""Queries over the books: what may be filtered and sorted, default orders, pages, counts."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cmp_to_key
from typing import Any, Final

from daemon.sandbox.qbo import faultbodies
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.querytext import Condition, Statement, parse
from daemon.sandbox.qbo.render import show, value_of
from daemon.sandbox.qbo.state import Books, Stored
from daemon.sandbox.qbo.times import parse as parse_time
from daemon.sandbox.qbo.txnentities import BY_PATH, NOT_SIMULATED
from daemon.sandbox.qbo.wire import Wire

MAX_PAGE: Final = 1000
_WITH_TOTAL: Final = frozenset({"Bill", "BillPayment", "Invoice", "PurchaseOrder"})
"""Entities whose answers carry ``totalCount``."""
_META: Final = {"Id", "MetaData.CreateTime", "MetaData.LastUpdatedTime"}


def run(books: Books, text: str, *, page_fault: str = "") -> tuple[str, Wire]:
    """Carry out a statement: the entity asked for, and the ``QueryResponse`` object.

    ``page_fault``: ``drop_page``, ``repeat_page`` or ``shift_page`` spoil the page asked for.
    Raises 4000 and 4001.
    """
    statement = parse(text)
    spec = _entity(statement.entity)
    _check_page(books, statement)
    conditions = [_condition(books, spec, c) for c in statement.conditions]
    rows = list(_order(books, spec, statement, _select(books, spec, statement, conditions)))
    if statement.count:
        return spec.name, {"totalCount": len(rows)}
    projected = [_known(spec, name) for name in statement.fields]
    start, size = max(1, statement.start), min(statement.size, MAX_PAGE)
    match page_fault:
        case "drop_page":
            rows = []
        case "repeat_page":
            start = max(1, start - size)
        case "shift_page":
            start += 1
        case _:
            pass
    page = rows[start - 1 : start - 1 + size]
    if not page:
        return spec.name, {}
    shown = [_project(books, show(books, row, "query"), statement, projected) for row in page]
    answer: Wire = {
        spec.name: shown,
        "startPosition": max(1, statement.start),
        "maxResults": len(page),
    }
    if spec.name in _WITH_TOTAL:
        answer["totalCount"] = len(page)
    return spec.name, answer


def _entity(name: str) -> Spec:
    spec = BY_PATH.get(name.lower())
    if spec is not None:
        return spec
    if name.lower() in NOT_SIMULATED:
        raise faultbodies.not_simulated(f"query of {name}")
    raise faultbodies.invalid_query(f"Invalid context declaration: {name}")


def _check_page(books: Books, statement: Statement) -> None:
    least = "is too small. Min allowed value is 1"
    if statement.size < 1:
        raise faultbodies.invalid_query(f"value {statement.size} {least}")
    if statement.start < 1 and books.switches.start_position_zero == "fault":
        raise faultbodies.invalid_query(f"value {statement.start} {least}")
    if statement.size > MAX_PAGE and books.switches.oversized_page == "fault":
        text = f"value {statement.size} is too large. Max allowed value is {MAX_PAGE}"
        raise faultbodies.invalid_query(text)


def _select(
    books: Books,
    spec: Spec,
    statement: Statement,
    conditions: Sequence[Callable[[Stored], bool]],
) -> list[Stored]:
    asks_active = any(c.field.lower() == "active" for c in statement.conditions)
    return [
        row
        for row in books.all(spec.name)
        if (asks_active or row.active) and all(condition(row) for condition in conditions)
    ]


def _known(spec: Spec, name: str) -> str:
    """The property in its own spelling; raises 4001 when the entity has none of that name."""
    for known in (*_META, *spec.fields, "SyncToken", "MetaData", "domain"):
        if known.lower() == name.lower():
            return known
    raise faultbodies.invalid_query(f"Property {name} not found for Entity {spec.name}")


def _allowed(spec: Spec, name: str, allowed: frozenset[str]) -> str:
    known = _known(spec, name)
    if known not in allowed:
        raise faultbodies.invalid_query(f"property '{name}' is not queryable")
    return known


def _condition(books: Books, spec: Spec, condition: Condition) -> Callable[[Stored], bool]:
    path = _allowed(spec, condition.field, spec.filters)
    wanted = [_operand(books, spec, path, value) for value in condition.values]

    def shown(row: Stored) -> Any:
        return _comparable(books, spec, path, value_of(books, row, path))

    match condition.op:
        case "in":
            return lambda row: shown(row) in wanted
        case "like":
            pattern = re.compile(
                ".*".join(re.escape(part) for part in condition.values[0].casefold().split("%")),
                re.DOTALL,
            )
            return lambda row: bool(pattern.fullmatch(str(shown(row) or "")))
        case "=":
            return lambda row: bool(shown(row) == wanted[0])
        case op:
            return lambda row: _inequality(op, shown(row), wanted[0])


def _inequality(op: str, left: Any, right: Any) -> bool:
    if left is None:
        return False
    match op:
        case "<":
            return bool(left < right)
        case ">":
            return bool(left > right)
        case "<=":
            return bool(left <= right)
        case _:
            return bool(left >= right)


def _kind(books: Books, spec: Spec, path: str) -> str:
    if path.startswith("MetaData."):
        return "time"
    if path == "Id":
        return "id" if books.switches.id_order == "numeric" else "text"
    if path in ("Active", "Job", "SubAccount"):
        return "flag"
    if path in ("Balance", "TotalAmt", "CurrentBalance", "QtyOnHand", "UnitPrice"):
        return "number"
    return "ref" if path.endswith("Ref") else "text"


def _operand(books: Books, spec: Spec, path: str, value: str) -> Any:
    """A literal of the statement, ready for comparison. Raises 4001."""
    wrong = faultbodies.invalid_query(f"value {value} is not valid for property {path}")
    try:
        match _kind(books, spec, path):
            case "time":
                return parse_time(value)
            case "flag":
                if value.lower() not in ("true", "false"):
                    raise wrong
                return value.lower() == "true"
            case "number":
                return Decimal(value)
            case "id":
                return _id_key(value)
            case _:
                return value.casefold()
    except (ValueError, InvalidOperation) as error:
        raise wrong from error


def _comparable(books: Books, spec: Spec, path: str, value: Any) -> Any:
    match _kind(books, spec, path):
        case "id":
            return _id_key(str(value))
        case "time" | "flag" | "number":
            return value
        case _:
            return str(value).casefold() if value is not None else None


def _id_key(value: str) -> tuple[int, int, str]:
    return (0, int(value), "") if value.isdecimal() else (1, 0, value)


def _order(books: Books, spec: Spec, statement: Statement, rows: list[Stored]) -> Sequence[Stored]:
    order = [(_allowed(spec, name, spec.sorts), down) for name, down in statement.order]

    def key(path: str, row: Stored) -> Any:
        value = value_of(books, row, path)
        if _kind(books, spec, path) == "id":
            value = _id_key(str(value))
        if isinstance(value, datetime | Decimal | tuple | bool | int):
            return value
        return "" if value is None else str(value)

    def compare(left: Stored, right: Stored) -> int:
        for path, down in order or [spec.order]:
            a, b = key(path, left), key(path, right)
            if type(a) is not type(b):
                a, b = str(a), str(b)
            if a != b:
                return (1 if a > b else -1) * (-1 if down else 1)
        a, b = _id_key(left.id), _id_key(right.id)
        return (a > b) - (a < b)

    return sorted(rows, key=cmp_to_key(compare))


def _project(books: Books, shown: Wire, statement: Statement, fields: list[str]) -> Wire:
    if statement.star:
        return shown
    result: Wire = {}
    for name in fields:
        top, _, inner = name.partition(".")
        if top not in shown:
            continue
        if inner:
            result.setdefault(top, {})[inner] = shown[top].get(inner)
        else:
            result[name] = shown[name]
    return {**result, "domain": "QBO", "sparse": books.switches.projection_sparse}
