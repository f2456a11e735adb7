"""No document is posted twice: not for one of DEAR, not under one number of one party."""

from collections import Counter

from tests.simulation.evidence import Evidence
from tests.simulation.filing import Filing, file
from tests.simulation.papers import Paper


async def check(evidence: Evidence) -> list[str]:
    filing = file(evidence)
    problems = []
    for label, event in filing.born.items():
        if filing.record(label) is None and not filing.is_forgotten(label):
            problems.append(f"{event} is unknown to the journal")
    standing = [paper for label, paper in filing.qbo.items() if label in filing.born]
    standing = [paper for paper in standing if paper.stands]
    theirs = _renumbered(filing)
    keys = Counter(_key(paper) for paper in standing if paper.label not in theirs)
    problems += [f"{key} was posted {count} times" for key, count in keys.items() if count > 1]
    records = Counter(filing.record(paper.label) for paper in standing)
    problems += [
        f"{record} was posted {count} times" for record, count in records.items() if count > 1
    ]
    return problems + _beside_another(filing)


def _renumbered(filing: Filing) -> set[str]:
    """Documents that somebody gave another number in QuickBooks: it may be that of another one."""
    return {
        event.label
        for event in filing.evidence.witness.trail.events
        if event.author != "daemon" and event.before is not None and event.after is not None
        if event.before.number != event.after.number
    }


def _beside_another(filing: Filing) -> list[str]:
    """Documents that were posted while one of the same number and party stood there."""
    shown: dict[str, Paper] = {}
    problems = []
    for event in filing.evidence.witness.trail.events:
        if event.after is None:
            shown.pop(event.label, None)
            continue
        if event.what == "created" and event.author == "daemon":
            rivals = [
                label
                for label, paper in shown.items()
                if _key(paper) == _key(event.after)
                and paper.stands
                and (label in filing.born or _was_known(filing, label, event.label))
            ]
            if rivals:
                problems.append(f"{event} although {rivals} stood there")
        shown[event.label] = event.after
    return problems


def _key(paper: Paper) -> tuple[str, str, str]:
    return paper.kind, paper.number, paper.party


def _was_known(filing: Filing, label: str, created: str) -> bool:
    """Whether the ledger had seen the other one when the create left, and nobody had said that the
    two are different things."""
    evidence = filing.evidence
    if {filing.record(label), filing.record(created)} & filing.answered:
        return False
    seen = [row.seq for row in evidence.journal if str(getattr(row.entry, "ref", "")) == label]
    left = [
        sent.seq
        for sent in evidence.sent
        for write, item in zip(sent.request.writes, sent.entry.items, strict=True)
        if write.ref is None and item.record == filing.record(created)
    ]
    return bool(seen and left) and min(seen) < min(left)
