"""Words alone: why a record waits, and what is the matter with one that differs.

Apart from what they are said of, so that a front end has them without the records.
"""

from enum import StrEnum


class HoldCode(StrEnum):
    """Why a record waits. The words appear in the ledger, the CLI and the TUI."""

    CONFLICT = "conflict"
    AMBIGUOUS_MATCH = "ambiguous_match"
    PROPOSED_MATCH = "proposed_match"
    MISSING_REFERENCE = "missing_reference"
    MISSING_VALUE = "missing_value"
    NAME_TAKEN = "name_taken"
    NOT_REPRESENTABLE = "not_representable"
    CREATE_POLICY = "create_policy"
    CATALOGUE_INCOMPLETE = "catalogue_incomplete"
    REMOVED = "removed"
    EDITED_AND_REMOVED = "edited_and_removed"
    FOREIGN_EDIT = "foreign_edit"
    OSCILLATION = "oscillation"
    REJECTED = "rejected"
    LOST_UPDATE = "lost_update"
    OPEN_INTENT = "open_intent"
    UNREADABLE = "unreadable"
    DISABLED = "disabled"
    NOT_AUTOMATIC = "not_automatic"
    TOTALS_DIFFER = "totals_differ"
    """The books would compute another total than the source; nothing was sent."""
    DISCREPANT = "discrepant"
    """Posted, and the books show something else than was sent."""
    REOPENED = "reopened"
    """The source took an authorised document back to draft after it was posted."""
    CLOSED_PERIOD = "closed_period"
    FOREIGN_CURRENCY = "foreign_currency"
    TAX_INCLUSIVE = "tax_inclusive"
    SETTLED = "settled"
    """Payments or credits stand against a document that is to be removed."""
    BELOW_PAID = "below_paid"
    """A change would take a document below what is paid on it."""
    BEFORE_START = "before_start"
    """Dated before the books track the quantity of one of its items."""
    BEFORE_ORDER = "before_order"
    """A bill dated before the order that it bills."""
    AMBIGUOUS_LINES = "ambiguous_lines"
    INACTIVE_REFERENCE = "inactive_reference"
    VOIDED = "voided"
    """Voided or deleted in the books while the source still stands by it."""


DECISIONS = (
    HoldCode.CONFLICT,
    HoldCode.EDITED_AND_REMOVED,
    HoldCode.FOREIGN_EDIT,
    HoldCode.LOST_UPDATE,
    HoldCode.OSCILLATION,
    HoldCode.REJECTED,
    HoldCode.AMBIGUOUS_MATCH,
    HoldCode.PROPOSED_MATCH,
    HoldCode.NAME_TAKEN,
    HoldCode.DISCREPANT,
    HoldCode.VOIDED,
    HoldCode.REOPENED,
    HoldCode.SETTLED,
    HoldCode.BELOW_PAID,
    HoldCode.AMBIGUOUS_LINES,
)
"""Reasons that ask for a decision about this one record, the most pressing first; all others
follow in their own order."""
URGENCY = {
    code: place
    for place, code in enumerate([*DECISIONS, *(c for c in HoldCode if c not in DECISIONS)])
}


class DriftClass(StrEnum):
    """What is the matter with a record, the most pressing first."""

    CONFLICT = "conflict"
    """A decision about this one record is asked for."""
    HELD = "held"
    """It waits for something else: a setting, another record, a system."""
    GONE = "gone"
    """It ended on one side: the other is to be inactivated, voided, deleted or closed."""
    MISSING = "missing"
    """It exists on one side only and is to be created on the other."""
    CHANGED = "changed"
    SKIPPED = "skipped"
    """A person set aside all there is; it stays a difference."""
