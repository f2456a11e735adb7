"""The one table of views: a line each. Number keys, tabs, ``:`` and the palette follow from it.

The module of a view is imported when the view is first opened: nobody waits for seven others.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec

from tui.state import Counts

if TYPE_CHECKING:
    from tui.screens.base import BaseScreen


class View(msgspec.Struct, frozen=True):
    """One screen and how one gets there."""

    name: str
    """Its name in addresses; the same as the screen's ``view``."""
    title: str
    """The same as the screen's ``heading``."""
    made_by: str
    """``module:class`` of its screen."""
    number: int = 0
    """Its number key; 0: only by name."""
    count: Callable[[Counts], int | None] = lambda _counts: None
    """What stands beside its title in the strip."""
    cli: str = ""
    """The same on the command line."""

    @property
    def screen(self) -> "type[BaseScreen]":
        """Its class, imported when somebody first asks for it."""
        module, _, name = self.made_by.partition(":")
        found: type[BaseScreen] = getattr(import_module(module), name)
        return found


VIEWS: tuple[View, ...] = (
    View("overview", "Overview", "tui.screens.overview:OverviewScreen", 1, cli="trueup status"),
    View(
        "drift",
        "Drift",
        "tui.screens.drift:DriftScreen",
        2,
        count=lambda counts: counts.drift,
        cli="trueup drift",
    ),
    View(
        "queue",
        "Queue",
        "tui.screens.queue:QueueScreen",
        3,
        count=lambda counts: counts.queue,
        cli="trueup queue",
    ),
    View(
        "conflicts",
        "Conflicts",
        "tui.screens.conflicts:ConflictsScreen",
        4,
        count=lambda counts: counts.conflicts,
        cli="trueup conflict list",
    ),
    View(
        "catalogue",
        "Catalogue",
        "tui.screens.catalogue:CatalogueScreen",
        5,
        cli="trueup catalogue status",
    ),
    View("ledger", "Ledger", "tui.screens.ledger:LedgerScreen", 6, cli="trueup ledger list"),
    View("health", "Health", "tui.screens.health:HealthScreen", 7, cli="trueup status"),
    View("record", "Record", "tui.screens.record:RecordScreen", cli="trueup drift show RECORD"),
)
"""Numbers: 1 Overview, 2 Drift, 3 Queue, 4 Conflicts, 5 Catalogue, 6 Ledger, 7 Health. Counts:
``lambda counts: counts.drift`` and so on."""


def view_named(name: str) -> View | None:
    return next((view for view in VIEWS if view.name == name), None)
