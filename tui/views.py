"""The one table of views: a line each. Number keys, tabs, ``:`` and the palette follow from it."""

from collections.abc import Callable
from dataclasses import dataclass

from tui.screens.base import BaseScreen
from tui.screens.catalogue import CatalogueScreen
from tui.screens.conflicts import ConflictsScreen
from tui.screens.drift import DriftScreen
from tui.screens.health import HealthScreen
from tui.screens.ledger import LedgerScreen
from tui.screens.overview import OverviewScreen
from tui.screens.queue import QueueScreen
from tui.screens.record import RecordScreen
from tui.state import Counts


@dataclass(frozen=True)
class View:
    """One screen and how one gets there."""

    screen: type[BaseScreen]
    number: int = 0
    """Its number key; 0: only by name."""
    count: Callable[[Counts], int | None] = lambda _counts: None
    """What stands beside its title in the strip."""
    cli: str = ""
    """The same on the command line."""

    @property
    def name(self) -> str:
        return self.screen.view

    @property
    def title(self) -> str:
        return self.screen.heading


VIEWS: tuple[View, ...] = (
    View(OverviewScreen, 1, cli="trueup status"),
    View(DriftScreen, 2, count=lambda counts: counts.drift, cli="trueup drift"),
    View(QueueScreen, 3, count=lambda counts: counts.queue, cli="trueup queue"),
    View(
        ConflictsScreen,
        4,
        count=lambda counts: counts.conflicts,
        cli="trueup conflict list",
    ),
    View(CatalogueScreen, 5, cli="trueup catalogue status"),
    View(LedgerScreen, 6, cli="trueup ledger list"),
    View(HealthScreen, 7, cli="trueup status"),
    View(RecordScreen, cli="trueup drift show RECORD"),
)
"""Numbers: 1 Overview, 2 Drift, 3 Queue, 4 Conflicts, 5 Catalogue, 6 Ledger, 7 Health. Counts:
``lambda counts: counts.drift`` and so on."""


def view_named(name: str) -> View | None:
    return next((view for view in VIEWS if view.name == name), None)
