"""The lines of a reconciliation in the words of an accountant. Pure."""

from daemon.control.protocol_report import LineShown, RecordShown
from daemon.control.slugs import hold_words, noun, wait_words

TITLES = {
    "agreed": "Agreed",
    "timing": "Timing difference",
    "pending": "Pending",
    "held": "Held",
    "discrepant": "Posted with another total",
    "skipped": "Set aside",
    "variance": "Tax variance",
    "accepted": "Accepted",
    "only_in_books": "Only in the books",
    "foreign_currency": "Foreign currency",
    "before_since": "Before the first day",
    "out_of_scope": "Out of scope",
    "off": "Switched off",
    "unexplained": "Unexplained",
    "early": "Before the first day on both sides",
    "not_counted": "Cannot be counted",
}
MEANINGS = {
    "agreed": "Both systems show the same total in this period and currency.",
    "timing": "One system dates the document in the period, the other outside it.",
    "pending": "A change that would bring both sides together is planned, waits or is being sent.",
    "held": "trueup waits for a decision or for its cause to go.",
    "discrepant": "It is posted, and the books show another total than was sent.",
    "skipped": "A person set it aside; it stays a difference.",
    "variance": "The tax differs by no more than the tolerance in the configuration.",
    "accepted": "A person, or the configuration, let the books keep what they show.",
    "only_in_books": "Entered in the books and nowhere else.",
    "foreign_currency": "Not in the home currency: compared, and entered by hand.",
    "before_since": "One system dates it before the first day of its kind, the other does not.",
    "out_of_scope": "The source's document is not for the books.",
    "off": "This kind is switched off in the configuration.",
    "unexplained": "Nothing that the ledger knows explains it. Look at each before you sign.",
    "early": "Matched, never written, and no part of the totals above.",
    "not_counted": "It cannot be read or has no date, so that no total above contains it.",
}
STATES = {
    "planned": "planned",
    "waiting": "waiting for approval",
    "approved": "approved",
    "intended": "being sent",
    "not_planned": "changed and not looked at yet",
}
BUCKETS = {"90+": "more than 90 days", "unknown": "not known"}


def detail_words(line: LineShown | RecordShown) -> str:
    """What tells a line from others of its section: ``total would differ``, ``first plan``."""
    match line.section:
        case "pending":
            state = STATES.get(line.detail, noun(line.detail))
            return f"{state}: {wait_words(line.reason)}" if line.reason else state
        case "timing":
            why = TITLES.get(_section_of(line.detail), noun(line.detail)).lower()
            if line.detail == "held":
                return f"{why}: {hold_words(line.reason)}"
            return f"{why}: {STATES.get(line.reason, noun(line.reason))}" if line.reason else why
        case _:
            return hold_words(line.detail) if line.detail else ""


def line_title(line: LineShown | RecordShown) -> str:
    """``Held: total would differ``."""
    detail = detail_words(line)
    title = TITLES.get(line.section, noun(line.section))
    return f"{title}: {detail}" if detail else title


def bucket_words(bucket: str) -> str:
    return BUCKETS.get(bucket) or f"{bucket} days"


def _section_of(reason: str) -> str:
    return "pending" if reason == "waiting" else reason
