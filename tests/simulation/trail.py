"""Who changed which document, and what every document in DEAR ever showed.

QuickBooks works out lines and sums after it stored a record, so a document is looked at again
when the next write begins, when an actor comes or goes, or when somebody asks. When it was changed,
and by which request, is written down at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from daemon.sandbox.qbo.entities import Spec
from daemon.sandbox.qbo.state import Stored
from tests.simulation.papers import KIND_OF_PAPER, Paper, dear_papers, qbo_paper, qbo_papers
from tests.town import Town

PAYMENTS: Final = ("Payment", "BillPayment")


@dataclass(frozen=True, slots=True)
class PaperEvent:
    """One change of one document or payment in QuickBooks."""

    n: int
    at: datetime
    after_row: int
    """Number of the last row that the request log had then: that of its own request comes later."""
    author: str
    era: int
    """Which of the rules of this life were in force."""
    closed_until: str
    label: str
    before: Paper | None
    after: Paper | None
    direct: bool = True
    """False when only another document's change moved it (an order that was billed)."""

    @property
    def what(self) -> str:
        if self.before is None:
            return "created"
        return "removed" if self.after is None else "changed"

    def __str__(self) -> str:
        return f"#{self.n} {self.author} {self.what} {self.label}: {self.before} -> {self.after}"


@dataclass(frozen=True, slots=True)
class _Touch:
    """A document that was changed, of which nobody has looked yet how it came out."""

    stored: Stored
    at: datetime
    after_row: int
    author: str
    era: int
    closed_until: str
    direct: bool


class Trail:
    """Keeps every change of every document."""

    def __init__(self, one: Town, author: Callable[[], str]) -> None:
        self._one = one
        self._author = author
        self.era = 0
        self.events: list[PaperEvent] = []
        self.daemon_on_payments: list[str] = []
        """What the daemon itself wrote to payments: nothing, that is."""
        self.history: dict[str, list[Paper]] = {}
        """Label of a document in DEAR -> everything that it ever showed, oldest first."""
        self._known = qbo_papers(one.qbo)
        self._touched: dict[str, _Touch] = {}
        self.look_at_dear()
        self._watch()

    def born(self) -> dict[str, PaperEvent]:
        """Creation of every document that came into being during this life, by label."""
        return {e.label: e for e in self.events if e.what == "created"}

    def by_daemon(self) -> list[PaperEvent]:
        return [event for event in self.events if event.author == "daemon"]

    def look_at_dear(self) -> None:
        for label, paper in dear_papers(self._one.dear).items():
            shown = self.history.setdefault(label, [])
            if not shown or shown[-1] != paper:
                shown.append(paper)

    def catch_up(self) -> None:
        """Write down what the documents touched since the last time show now."""
        touched, self._touched = self._touched, {}
        for label, touch in touched.items():
            stored, before, after = touch.stored, self._known.pop(label, None), None
            if self._one.qbo.state.get(stored.spec.name, stored.id) is not None:
                after = self._known[label] = qbo_paper(self._one.qbo, stored)
            if before != after:
                event = PaperEvent(
                    n=len(self.events),
                    at=touch.at,
                    after_row=touch.after_row,
                    author=touch.author,
                    era=touch.era,
                    closed_until=touch.closed_until,
                    label=label,
                    before=before,
                    after=after,
                    direct=touch.direct,
                )
                self.events.append(event)

    def _touch(self, stored: Stored, *, direct: bool) -> None:
        name = stored.spec.name
        if name in PAYMENTS and direct and self._author() == "daemon":
            self.daemon_on_payments.append(f"{name}/{stored.id}")
        if name not in KIND_OF_PAPER:
            return
        label = f"qbo/{KIND_OF_PAPER[name]}/{stored.id}"
        known = self._touched.get(label)
        if known is not None and known.direct:
            return  # the same request moves it once more, over something that it is linked to
        self._touched[label] = _Touch(
            stored=stored,
            at=self._one.clock.now(),
            after_row=self._one.log.last,
            author=self._author(),
            era=self.era,
            closed_until=self._one.qbo.state.company.closed_until,
            direct=direct,
        )

    def _watch(self) -> None:
        books = self._one.qbo.state
        insert, change, bump, remove = books.insert, books.change, books.bump, books.remove

        def inserted(spec: Spec, record_id: str, fields: Any, at: datetime) -> Stored:
            self.catch_up()
            stored = insert(spec, record_id, fields, at)
            self._touch(stored, direct=True)
            return stored

        def changed(stored: Stored, fields: Any) -> None:
            self.catch_up()
            change(stored, fields)
            self._touch(stored, direct=True)

        def bumped(stored: Stored) -> None:
            bump(stored)
            self._touch(stored, direct=False)

        def removed(stored: Stored) -> None:
            remove(stored)
            self._touch(stored, direct=True)

        books.insert = inserted  # type: ignore[method-assign]
        books.change = changed  # type: ignore[method-assign]
        books.bump = bumped  # type: ignore[method-assign]
        books.remove = removed  # type: ignore[method-assign]
