"""The words of a catalogue job that command line and terminal share: options, counts, warnings.

Pure; knows the protocol and nothing of the daemon behind it.
"""

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.control.protocol_catalogue import (
        CatalogueOptions,
        CataloguePlanShown,
        CatalogueRowShown,
        KeepingShown,
    )

MOST_SKUS_TOLD = 3
STANDINGS = {
    "alive": "ours, active on both sides",
    "inactive": "ours, inactive in the books",
    "gone": "ours, removed from the books",
    "missing": "not in the books",
    "resting": "not active in the source",
    "unknown": "in the books alone, active",
    "unknown_inactive": "in the books alone, inactive",
    "out_of_scope": "categories, bundles and the like: no products",
    "unreadable": "cannot be read",
}
"""In the order in which they are told."""


def standings_in_order(counted: dict[str, int]) -> list[tuple[str, int]]:
    """Words and counts, always in one order; words that are not known come last."""
    order = {word: place for place, word in enumerate(STANDINGS)}
    told = sorted(counted.items(), key=lambda pair: order.get(pair[0], len(order)))
    return [(STANDINGS.get(word, word), count) for word, count in told]


def options_text(options: "CatalogueOptions") -> str:
    """The options in words; ``everything that is gone or inactive`` without any."""
    told = []
    if options.missing_only:
        told.append("missing only")
    if options.only:
        left = len(options.only) - MOST_SKUS_TOLD
        more = f" and {left} more" if left > 0 else ""
        told.append(f"only {', '.join(options.only[:MOST_SKUS_TOLD])}{more}")
    if options.as_type:
        told.append(f"tracked ones alone, as {options.as_type}")
    if options.reactivate:
        told.append("reactivate inactive ones")
    if options.clashes != "ask":
        told.append(f"clashes: {options.clashes}")
    return ", ".join(told) or "everything that is gone or inactive"


def plan_command(options: "CatalogueOptions", *, most: int = MOST_SKUS_TOLD) -> str:
    """The same plan on the command line, with at most so many SKUs."""
    told = "trueup catalogue plan"
    told += " --missing-only" if options.missing_only else ""
    told += "".join(f" --only {shlex.quote(sku)}" for sku in options.only[:most])
    told += " ..." if len(options.only) > most else ""
    told += f" --as-type {options.as_type}" if options.as_type else ""
    told += " --reactivate" if options.reactivate else ""
    return told + (f" --clashes {options.clashes}" if options.clashes != "ask" else "")


def on_hand(plan: "CataloguePlanShown") -> str:
    """What follows where tracked items have a quantity."""
    if plan.acts.get("retire"):
        return (
            "QuickBooks may post an adjustment to zero when they are made inactive, or leave "
            "quantity and value with the old items: ask the accountant before you approve"
        )
    return (
        "it stays with the old item, and a new tracked one would post a starting value to "
        "opening balance equity: ask the accountant"
    )


CSV = (
    *("sku", "name", "standing", "act", "outcome", "old", "new", "quantity", "why"),
    *("document", "number", "date"),
)
"""Columns of a report; a document that keeps old items has the last three, and their SKUs."""


def csv_row(row: "CatalogueRowShown") -> tuple[str, ...]:
    """One product of a report under ``CSV``, not yet safe for a spreadsheet."""
    told = (row.sku, row.name, row.standing, row.act, row.outcome, row.old, row.new)
    return (*told, row.quantity, row.why, "", "", "")


def csv_document(one: "KeepingShown") -> tuple[str, ...]:
    """The same of a document that keeps old items."""
    return (", ".join(one.items), "", "", "keeps", *[""] * 5, one.ref, one.number, one.date)
