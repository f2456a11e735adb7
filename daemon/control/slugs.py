"""Slugs of the daemon in the words of a person: reasons to hold, reasons to wait, kinds."""

HOLDS = {
    "totals_differ": "total would differ",
    "discrepant": "posted with another total",
    "reopened": "back to draft in the source",
    "closed_period": "closed period",
    "foreign_currency": "foreign currency",
    "tax_inclusive": "prices include tax",
    "settled": "paid or credited already",
    "before_start": "before the item's start date",
    "before_order": "dated before its order",
    "ambiguous_lines": "lines cannot be told apart",
    "inactive_reference": "points to something inactive",
    "voided": "voided in the books",
}
WAITS = {
    "first_plan": "first plan",
    "mass_change": "many at once",
    "inactivates": "makes a record inactive",
    "removes": "ends a document",
    "manual_flow": "sent by hand",
    "create_policy": "creation is asked for",
    "too_many": "too many at once",
    "too_much_money": "too much money at once",
    "rules_changed": "the rules changed",
    "window": "outside the hours of writing",
    "skipped": "set aside",
    "withdrawn": "its approval was taken back",
}


def hold_words(code: str) -> str:
    """Why a record is held, in a few words; the code itself is what filters take."""
    return HOLDS.get(code, noun(code))


def wait_words(reason: str) -> str:
    """Why a change waits for a person."""
    return WAITS.get(reason, noun(reason))


def noun(slug: str) -> str:
    """``purchase_order`` as ``purchase order``."""
    return slug.replace("_", " ")


def nouns(kind: str) -> str:
    """Several of a kind: ``purchase orders``, ``classes``."""
    name = noun(kind)
    return f"{name}es" if name.endswith("s") else f"{name}s"
