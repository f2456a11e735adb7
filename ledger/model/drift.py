"""What it means that a record is in drift: the words for it, and how they follow from what is open.

Pure: the same for the list that the ledger keeps and for anything that tells of one record.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from .codes import DECISIONS as DECISIONS
from .codes import URGENCY as URGENCY
from .codes import DriftClass as DriftClass
from .codes import HoldCode
from .money import quantise
from .plans import REMOVALS, Action

SCALE = 4
"""Decimal places of the whole numbers that amounts are sorted and summed by."""
_LARGEST = 2**63 - 1
_STATES = {"waiting": 0, "planned": 1, "approved": 2, "intended": 3}
UNFINISHED = tuple(_STATES)
"""States of an operation whose end is still to come; what a person can still decide is first."""


class OpenWork(msgspec.Struct, frozen=True, kw_only=True):
    """An unfinished operation, as much as the list needs."""

    operation: str
    system: str
    action: str
    """An ``Action``; ``""`` where its body was erased."""
    state: str
    reason: str
    since: str
    is_skipped: bool = False


class OpenHold(msgspec.Struct, frozen=True, kw_only=True):
    """A hold, as much as the list needs."""

    subject: str
    code: HoldCode
    since: str
    is_skipped: bool = False


class DriftState(msgspec.Struct, frozen=True, kw_only=True):
    """How a record in drift stands."""

    drift: DriftClass
    state: str
    """``waiting``, ``planned``, ``approved``, ``sending``, ``held``, ``skipped``"""
    reason: str
    """The most pressing hold's code, or why the operation waits."""
    since: str
    targets: tuple[str, ...]
    leading: OpenWork | None
    """The operation that tells of the record where there are several."""


def drift_state(work: Sequence[OpenWork], holds: Sequence[OpenHold]) -> DriftState | None:
    """None for a record that is in no drift."""
    if not work and not holds:
        return None
    live_work = [one for one in work if not one.is_skipped]
    live_holds = [one for one in holds if not one.is_skipped]
    leading = min(live_work or work, key=_work_order, default=None)
    pressing = min(live_holds or holds, key=_hold_order, default=None)
    if live_holds and pressing is not None:
        asks = pressing.code in DECISIONS
        drift, state = (DriftClass.CONFLICT if asks else DriftClass.HELD), "held"
    elif live_work and leading is not None:
        pressing = None
        drift = _class_of(live_work)
        state = "sending" if leading.state == "intended" else leading.state
    else:
        drift, state = DriftClass.SKIPPED, "skipped"
    return DriftState(
        drift=drift,
        state=state,
        reason=pressing.code.value if pressing else leading.reason if leading else "",
        since=min([*(one.since for one in work), *(one.since for one in holds)]),
        targets=tuple(sorted({one.system for one in work if one.system})),
        leading=leading,
    )


def _work_order(work: OpenWork) -> tuple[int, str, str]:
    return (_STATES[work.state], work.system, work.operation)


def _hold_order(hold: OpenHold) -> tuple[int, str]:
    return (URGENCY[hold.code], hold.subject)


def _class_of(work: Sequence[OpenWork]) -> DriftClass:
    actions = {one.action for one in work}
    if actions & {Action.INACTIVATE, *REMOVALS}:
        return DriftClass.GONE
    return DriftClass.MISSING if Action.CREATE in actions else DriftClass.CHANGED


def total_after(
    action: Action, *, before: Decimal | None, wanted: Decimal | None
) -> Decimal | None:
    """What a document comes to in the system written to, once an operation is done; ``wanted`` is
    what the system that owns it shows."""
    match action:
        case Action.CREATE | Action.UPDATE:
            return wanted
        case Action.VOID | Action.DELETE:
            return Decimal("0.00")
        case Action.CLOSE | Action.INACTIVATE | Action.REACTIVATE:
            return before


def scaled(amount: Decimal | None) -> int | None:
    """An amount as a whole number of ten-thousandths; None also for one that no books can hold."""
    if amount is None or not amount.is_finite() or amount.adjusted() > 18:
        return None
    whole = int(quantise(amount, SCALE).scaleb(SCALE))
    return whole if abs(whole) <= _LARGEST else None


def unscaled(whole: int) -> Decimal:
    """The amount again, with at least two decimal places."""
    exact = Decimal(whole).scaleb(-SCALE)
    cents = quantise(exact, 2)
    return cents if cents == exact else exact.normalize()
