"""Queries over the books: what may be filtered and sorted, default orders, pages, counts."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import islice
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
    start, size = max(1, statement.start), min(statement.size, MAX_PAGE)
    most = None if statement.count or page_fault else start - 1 + size
    rows = _rows(books, spec, statement, conditions, most)
    if statement.count:
        return spec.name, {"totalCount": len(rows)}
    projected = [_known(spec, name) for name in statement.fields]
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


def _rows(
    books: Books,
    spec: Spec,
    statement: Statement,
    conditions: Sequence[Callable[[Stored], bool]],
    most: int | None,
) -> list[Stored]:
    """What the conditions let pass, sorted; ``most``: how many rows are of interest at all."""
    asks_active = any(c.field.lower() == "active" for c in statement.conditions)

    def wanted(row: Stored) -> bool:
        return (asks_active or row.active) and all(condition(row) for condition in conditions)

    by_id = [(name.lower(), down) for name, down in statement.order] == [("id", False)]
    if by_id and books.switches.id_order == "numeric":
        _allowed(spec, "Id", spec.sorts)
        rows = books.indexes[spec.name].by_id(_lowest_id(statement))
        if rows is not None:
            return list(islice(filter(wanted, rows), most))
    found = [row for row in _candidates(books, spec, statement) if wanted(row)]
    if statement.count and not statement.order:
        return found
    return _order(books, spec, statement, found)


def _lowest_id(statement: Statement) -> int | None:
    """The id below which nothing is asked for."""
    lowest = [
        int(condition.values[0])
        for condition in statement.conditions
        if condition.field.lower() == "id"
        and condition.op in (">", ">=")
        and condition.values[0].isdecimal()
    ]
    return max(lowest, default=None)


def _candidates(books: Books, spec: Spec, statement: Statement) -> Iterable[Stored]:
    """All rows, or the few that one of the conditions can be about."""
    indexes = books.indexes[spec.name]
    for condition in statement.conditions:
        match condition.field.lower(), condition.op:
            case "id", "=" | "in" if all(value.isdecimal() for value in condition.values):
                ids = {str(int(value)) for value in condition.values}
                return [row for one in sorted(ids) if (row := books.get(spec.name, one))]
            case "docnumber", "=" | "in" if spec.transaction:
                texts = {value.casefold() for value in condition.values}
                return [row for text in sorted(texts - {""}) for row in indexes.numbered(text)]
            case "metadata.lastupdatedtime", ">" | ">=":
                return indexes.since(parse_time(condition.values[0]))
            case _:
                pass
    return books.all(spec.name)


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


def _order(books: Books, spec: Spec, statement: Statement, rows: list[Stored]) -> list[Stored]:
    """Sorted as asked or as the entity goes by itself, then by id."""
    order = [(_allowed(spec, name, spec.sorts), down) for name, down in statement.order]

    def key(path: str, row: Stored) -> tuple[bool, Any]:
        value = value_of(books, row, path)
        if _kind(books, spec, path) == "id":
            value = _id_key(str(value))
        if isinstance(value, datetime | Decimal | tuple | bool | int):
            return (True, value)
        return (value not in (None, ""), "" if value is None else str(value))

    rows.sort(key=lambda row: _id_key(row.id))
    for path, down in reversed(order or [spec.order]):
        rows.sort(key=partial(key, path), reverse=down)
    return rows


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
