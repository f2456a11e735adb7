"""Who changed what in the sandboxes, seen from inside them: the record against which all is held.

Wraps the memories of both sandboxes. Whatever is not announced by an actor was the daemon.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from daemon.sandbox.dear.state import Row
from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.state import Stored
from tests.simulation.faces import (
    ENTITIES,
    KIND_OF_ENTITY,
    KIND_OF_TABLE,
    TABLES,
    Face,
    dear_face,
    faces,
    qbo_face,
    qbo_rows,
)
from tests.simulation.trail import Trail
from tests.town import Town

DAEMON = "daemon"


@dataclass(frozen=True, slots=True)
class Event:
    """One change of one record."""

    n: int
    at: datetime
    author: str
    what: str
    """``created`` | ``changed`` | ``removed``"""
    system: str
    kind: str
    id: str
    before: Face
    after: Face
    twins: tuple[str, ...] = ()
    """Live records of the same name or SKU that stood there when this one was created."""
    rows: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None
    """Where the daemon changed something: the whole record in the system's own words, before and
    after."""
    after_row: int = 0
    """Row of the request log that was the newest when it happened."""

    @property
    def moved(self) -> dict[str, tuple[str, str]]:
        """The fields that changed: before, after."""
        return {
            field: (self.before.get(field, ""), value)
            for field, value in self.after.items()
            if value != self.before.get(field, "")
        }

    @property
    def label(self) -> str:
        return f"{self.system}/{self.kind}/{self.id}"

    def __str__(self) -> str:
        moved = ", ".join(f"{f}: {b!r} -> {a!r}" for f, (b, a) in self.moved.items())
        return f"#{self.n} {self.author} {self.what} {self.label} {{{moved}}}"


class Witness:
    """Keeps every event, and every value that was ever shown."""

    def __init__(self, one: Town) -> None:
        self._one = one
        self._author = DAEMON
        self.events: list[Event] = []
        self.shown: dict[tuple[str, str, str], dict[str, dict[str, int]]] = {}
        """(system, kind, id) -> field -> every value that it ever showed, and the number of the
        event that first brought it; -1 for what was there."""
        for kind in ENTITIES:
            for (system, record_id), face in faces(one.qbo, one.dear, kind).items():
                self._show(system, kind, record_id, face, since=-1)
        self._watch_qbo()
        self._watch_dear()
        self.trail = Trail(one, lambda: self._author)

    @contextmanager
    def by(self, author: str) -> Iterator[None]:
        """What happens inside was done by this person or program."""
        self.trail.catch_up()
        self._author = author
        try:
            yield
        finally:
            self.trail.catch_up()
            self.trail.look_at_dear()
            self._author = DAEMON

    def of_daemon(self) -> list[Event]:
        return [event for event in self.events if event.author == DAEMON]

    def _show(self, system: str, kind: str, record_id: str, face: Face, *, since: int) -> None:
        fields = self.shown.setdefault((system, kind, record_id), {})
        for field, value in face.items():
            fields.setdefault(field, {}).setdefault(value, since)

    def _row(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """A copy, where it is the daemon that acts: what people do is not looked at so closely."""
        return deepcopy(dict(fields)) if self._author == DAEMON else {}

    def _note(
        self,
        what: str,
        system: str,
        kind: str,
        record_id: str,
        before: Face,
        after: Face,
        rows: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None,
    ) -> None:
        twins = self._twins(system, kind, record_id, after) if what == "created" else ()
        event = Event(
            n=len(self.events),
            at=self._one.clock.now(),
            author=self._author,
            what=what,
            system=system,
            kind=kind,
            id=record_id,
            before=before,
            after=after,
            twins=twins,
            rows=rows if self._author == DAEMON else None,
            after_row=self._one.log.last,
        )
        self.events.append(event)
        self._show(system, kind, record_id, after, since=event.n)

    def _twins(self, system: str, kind: str, record_id: str, face: Face) -> tuple[str, ...]:
        found = faces(self._one.qbo, self._one.dear, kind)
        key = "sku" if kind == "item" else "name"
        wanted = face[key].casefold()
        return tuple(
            other_id
            for (where, other_id), other in found.items()
            if where == system
            and other_id != record_id
            and other["active"] == "yes"
            and wanted
            and other[key].casefold() == wanted
        )

    def _watch_qbo(self) -> None:
        books, twin = self._one.qbo.state, self._one.qbo
        insert, change = books.insert, books.change

        def inserted(spec: Spec, record_id: str, fields: Any, at: datetime) -> Stored:
            stored = insert(spec, record_id, fields, at)
            kind = KIND_OF_ENTITY.get(spec.name)
            if kind:
                self._note("created", "qbo", kind, record_id, {}, qbo_face(twin, spec.name, fields))
            return stored

        def changed(stored: Stored, fields: Any) -> None:
            name = stored.spec.name
            before = qbo_face(twin, name, stored.fields) if name in KIND_OF_ENTITY else {}
            row = self._row(stored.fields)
            change(stored, fields)
            if name in KIND_OF_ENTITY:
                after = qbo_face(twin, name, stored.fields)
                both = (row, self._row(stored.fields))
                self._note("changed", "qbo", KIND_OF_ENTITY[name], stored.id, before, after, both)

        books.insert = inserted  # type: ignore[method-assign]
        books.change = changed  # type: ignore[method-assign]

    def _watch_dear(self) -> None:
        state = self._one.dear.state
        add, change, remove = state.add, state.change, state.remove

        def added(table: str, fields: Any, **options: Any) -> Row:
            row = add(table, fields, **options)
            if table in KIND_OF_TABLE:
                after = dear_face(table, row.fields)
                self._note("created", "dear", KIND_OF_TABLE[table], row.id, {}, after)
            return row

        def changed(table: str, row: Row, fields: Any, **options: Any) -> bool:
            before = dear_face(table, row.fields) if table in KIND_OF_TABLE else {}
            old = self._row(row.fields)
            moved = change(table, row, fields, **options)
            if moved and table in KIND_OF_TABLE:
                after = dear_face(table, row.fields)
                both = (old, self._row(row.fields))
                self._note("changed", "dear", KIND_OF_TABLE[table], row.id, before, after, both)
            return moved

        def removed(table: str, row: Row) -> None:
            before = dear_face(table, row.fields) if table in KIND_OF_TABLE else {}
            remove(table, row)
            if table in KIND_OF_TABLE:
                self._note("removed", "dear", KIND_OF_TABLE[table], row.id, before, {})

        state.add = added  # type: ignore[method-assign, assignment]
        state.change = changed  # type: ignore[method-assign, assignment]
        state.remove = removed  # type: ignore[method-assign, assignment]

    def ids(self, system: str, kind: str) -> list[str]:
        """Ids of all records there are, oldest first."""
        if system == "qbo":
            return [row.id for row in qbo_rows(self._one.qbo, kind)]
        rows = sorted(self._one.dear.state[TABLES[kind]], key=lambda row: row.order)
        return [row.id for row in rows]
