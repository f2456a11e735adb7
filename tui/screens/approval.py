"""The question before an approval: exactly what it covers, and whether it asks for more than enter.

Pure. Big sets and everything that ends or removes something ask for the company's name, typed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from daemon.control.protocol import STOPPED, OperationShown, StatusAnswer
from daemon.control.protocol_drift import DriftRow
from daemon.control.slugs import noun, wait_words
from daemon.control.text import plural
from tui.questions import Question

BIG = 25
"""Changes that are never waved through by one key: as many as ``limits.mass_change_min`` lets pass
where nobody set it. A set that is over a limit that somebody did set tells so by its reason."""
OVER_A_LIMIT = frozenset({"mass_change", "too_many", "too_much_money", "inactivates", "removes"})
REMOVING = frozenset({"inactivate", "void", "delete", "close"})
MOST_NAMED = 4
SHORT = 12
"""Characters of a digest that are shown: enough to approve it by on the command line."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is about to say yes to."""

    records: int
    left_out: int = 0
    """Records of those chosen of which nothing waits for an approval."""
    digests: tuple[str, ...]
    acts: Mapping[str, int]
    """``update item in qbo`` -> how many."""
    targets: Mapping[str, int]
    """System -> how many records of it are written to."""
    removals: int = 0
    sums: str = ""
    reasons: frozenset[str] = frozenset()
    about: str = ""
    """The record, where it is one."""


def of_rows(
    rows: Sequence[DriftRow], operations: Mapping[str, OperationShown] | None, sums: str
) -> Chosen:
    """Of rows of the drift list. ``operations``, by digest, say precisely what is done; without
    them the rows' classes say it."""
    waiting = [row for row in rows if to_approve(row)]
    digests = tuple(dict.fromkeys(digest for row in waiting for digest in row.digests))
    if operations is None:
        acts = Counter(
            f"{row.class_} {noun(row.kind)} -> {', '.join(row.targets)}" for row in waiting
        )
        removals = sum(row.class_ == "gone" for row in waiting)
    else:
        known = [operations[digest] for digest in digests if digest in operations]
        acts = Counter(map(act_text, known))
        removals = sum(operation.action in REMOVING for operation in known)
    return Chosen(
        records=len(waiting),
        left_out=len(rows) - len(waiting),
        digests=digests,
        acts=acts,
        targets=Counter(target for row in waiting for target in row.targets),
        removals=removals,
        sums=sums,
        reasons=frozenset(row.reason for row in waiting),
        about=waiting[0].title if len(waiting) == 1 else "",
    )


def of_operations(title: str, operations: Iterable[OperationShown]) -> Chosen:
    """Of one record."""
    waiting = [one for one in operations if waits(one)]
    return Chosen(
        records=1,
        digests=tuple(one.digest for one in waiting),
        acts=Counter(map(act_text, waiting)),
        targets=Counter({one.system for one in waiting}),
        removals=sum(one.action in REMOVING for one in waiting),
        reasons=frozenset(one.reason for one in waiting),
        about=title,
    )


def to_approve(row: DriftRow) -> bool:
    return bool(row.digests) and row.state != "skipped"


def waits(operation: OperationShown) -> bool:
    """For a person; what was set aside waits for a retry and not for a yes."""
    return operation.state == "waiting" and operation.reason != "skipped"


def act_text(operation: OperationShown) -> str:
    return f"{noun(operation.action)} {noun(operation.kind)} in {operation.system}"


def question(chosen: Chosen, status: StatusAnswer | None, environment: str) -> Question:
    """The dialog's words. ``typed`` is set where one key must not be enough."""
    company = status.company if status is not None else ""
    count = len(chosen.digests)
    facts = [("Company", f"{company} {environment}".strip())]
    if chosen.about:
        facts.append(("Record", chosen.about))
    else:
        rest = f"; {chosen.left_out:,} of those chosen wait for no yes" if chosen.left_out else ""
        facts.append(("Records", f"{chosen.records:,}{rest}"))
    acts = ", ".join(f"{number:,} {act}" for act, number in _most(chosen.acts))
    facts.append(("Changes", f"{count:,}: {acts}"))
    if chosen.sums:
        facts.append(("Sum", chosen.sums))
    targets = ", ".join(f"{name} ({number:,})" for name, number in sorted(chosen.targets.items()))
    facts.append(("Writes to", targets))
    facts.append(("Digests", digests_text(chosen.digests)))
    facts += [("Effect", text) for text in _effects(chosen, status)]
    big = count > BIG or chosen.removals > 0 or bool(chosen.reasons & OVER_A_LIMIT)
    return Question(
        f"Approve {plural(count, 'change')}?",
        f"Approve {count:,}",
        facts,
        reason="optional",
        typed=company if big else "",
    )


def _most(acts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(acts.items(), key=lambda one: (-one[1], one[0]))


def digests_text(digests: Sequence[str]) -> str:
    """The digest, or the first few and one that stands for exactly this set."""
    short = [digest[:SHORT] for digest in digests[:MOST_NAMED]]
    if len(digests) <= 1:
        return "".join(short)
    import hashlib  # only for who approves

    whole = hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()[:SHORT]
    more = f" and {len(digests) - len(short):,} more" if len(digests) > len(short) else ""
    return f"set {whole} of {len(digests):,}: {', '.join(short)}{more}"


def _effects(chosen: Chosen, status: StatusAnswer | None) -> Iterable[str]:
    yield "the daemon sends exactly these; what differs by then waits again. u takes the yes back"
    if chosen.removals:
        ends = "is ended or made inactive" if chosen.removals == 1 else "are ended or made inactive"
        yield f"{plural(chosen.removals, 'record')} {ends}: a later undo is a change of its own"
    if status is not None and not status.first_plan_approved:
        yield (
            f"the first plan has {status.to_approve:,} changes to approve: these go, "
            "the rest waits on"
        )
    for reason in sorted(chosen.reasons & frozenset(STOPPED)):
        yield f"some wait for something else besides ({wait_words(reason)}) and go after that"
