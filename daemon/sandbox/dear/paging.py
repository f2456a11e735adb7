"""Query strings and lists: case-insensitive parameters, filters, pages and their envelope."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, TypeVar

from daemon.sandbox.dear.errors import Invalid, malformed
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.state import DearState, Row, fold
from daemon.sandbox.dear.switches import DearSwitches

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
MAX_PAGE: Final = 1_000_000

Answer: TypeAlias = Mapping[str, Any] | Sequence[Any]
Shown = TypeVar("Shown")


class Query:
    """The query string. Names are case-insensitive; unknown names are never looked at."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs.items():
            self._values.setdefault(name.lower(), value)

    def text(self, name: str) -> str:
        """The value, or ``""`` when it is absent or empty (an empty filter filters nothing)."""
        return self._values.get(name.lower(), "")

    def flag(self, name: str) -> bool | None:
        """True or false as given in any usual spelling, None when absent."""
        value = self.text(name).lower()
        if value in ("true", "1"):
            return True
        if value in ("false", "0"):
            return False
        if value:
            raise Invalid(malformed(name, "true or false"))
        return None

    def whole(self, name: str, default: int, high: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= high:
            raise Invalid(malformed(name, f"a whole number from 1 to {high}"))
        return int(value)

    def guid(self, name: str) -> str:
        """An id in lower case, ``""`` when absent."""
        value = self.text(name)
        if not value:
            return ""
        try:
            return str(uuid.UUID(value))
        except ValueError as error:
            raise Invalid(malformed(name, "a GUID")) from error

    def instant(self, name: str) -> datetime | None:
        """An ISO 8601 instant; without a zone it is UTC."""
        value = self.text(name)
        if not value:
            return None
        try:
            found = datetime.fromisoformat(value)
        except ValueError as error:
            raise Invalid(malformed(name, "a date in ISO 8601 format")) from error
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


@dataclass(slots=True)
class Call:
    """One request as an endpoint sees it."""

    state: DearState
    switches: DearSwitches
    query: Query
    body: Mapping[str, Any] = field(default_factory=dict)
    page_fault: str = ""
    """``drop_page``, ``repeat_page`` or ``shift_page`` when a fault script asks for it."""
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    silent: bool = False
    """Nobody looks at the answer: a write need not make one."""

    def instant(self, row: Row) -> str:
        """LastModifiedOn: UTC with up to three decimals, without trailing zeros."""
        text = row.modified.replace(tzinfo=None).isoformat(timespec="milliseconds")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        bare = self.switches.stamps == "bare"
        if self.switches.stamps == "mixed":
            bare = row.order % 2 == 0
        return text if bare else text + "Z"

    def shown_id(self, row: Row) -> str:
        """The id as this answer writes it."""
        in_capitals = self.switches.guid_case == "mixed" and bool(self.body)
        return row.id.upper() if in_capitals else row.id

    def record_id(self) -> str:
        """The ID that a PUT names, in lower case. Raises when there is none."""
        value = self.body.get("ID")
        try:
            return str(uuid.UUID(value)) if isinstance(value, str) else _no_id()
        except ValueError as error:
            raise Invalid(malformed("ID", "a GUID")) from error


def _no_id() -> str:
    raise Invalid("Required attribute 'ID' not provided")


def listed(call: Call, kind: str, key: str) -> list[Row]:
    """All rows of a kind in the order of lists."""
    return call.state[kind].ordered(key if call.switches.order == "key" else "")


def listed_since(call: Call, kind: str, key: str, since: datetime | None) -> list[Row]:
    """Rows stamped at or after an instant, in the order of lists: few are found without a look at
    the others."""
    if since is None:
        return listed(call, kind, key)
    found = call.state[kind].since(since)
    if len(found) * 4 > len(call.state[kind].rows):
        return [row for row in listed(call, kind, key) if row.modified >= since]
    name = key if call.switches.order == "key" else ""
    return sorted(found, key=lambda row: (fold(str(row.fields.get(name) or "")), row.order))


def starts_with(row: Row, name: str, wanted: str) -> bool:
    """Whether a text field starts with the filter's value; an empty filter lets all pass."""
    return fold(str(row.fields.get(name) or "")).startswith(wanted.casefold())


def equals(row: Row, name: str, wanted: str) -> bool:
    return not wanted or fold(str(row.fields.get(name) or "")) == fold(wanted)


def modified_after(call: Call, row: Row, since: datetime | None) -> bool:
    """ModifiedSince: strictly after, or from that instant on."""
    if since is None:
        return True
    if call.switches.modified_since == "inclusive":
        return row.modified >= since
    return row.modified > since


def listing(
    call: Call, key: str, rows: Sequence[Shown], show: Callable[[Shown], Mapping[str, Any]]
) -> Answer:
    """``{"Total", "Page", key: [...]}`` with the page asked for, scripted page faults included."""
    number = call.query.whole("Page", 1, MAX_PAGE)
    high = MAX_LIMIT if call.switches.excess_limit == "refuse" else MAX_PAGE
    limit = min(call.query.whole("Limit", DEFAULT_LIMIT, high), MAX_LIMIT, call.switches.page_cap)
    first = (number - 1) * limit
    match call.page_fault:
        case "drop_page":
            first = len(rows)
        case "repeat_page":
            first = max(0, first - limit)
        case "shift_page":
            first += 1
        case _:
            pass
    head: dict[str, Any] = {"Total": len(rows)} if call.switches.totals else {}
    return {**head, "Page": number, key: [show(row) for row in rows[first : first + limit]]}


def single(key: str, shown: Fields) -> Answer:
    """The answer to a write: a list of one."""
    return {"Total": 1, "Page": 1, key: [shown]}
