"""Nothing is written that must not be: no draft, nothing from before ``since``, no kind that is
off, nothing of a document to DEAR, and nothing is ended that its owner stands by."""

from datetime import datetime

from tests.simulation.evidence import Evidence
from tests.simulation.filing import Filing, file, flows
from tests.simulation.papers import Paper
from tests.simulation.trail import PaperEvent

_WRITES = ("POST", "PUT", "DELETE")


async def check(evidence: Evidence) -> list[str]:
    filing = file(evidence)
    problems = [
        f"a write to a document in DEAR: {row['method']} {row['path']}"
        for row in evidence.one.log.rows
        if row["system"] == "dear"
        and row["method"] in _WRITES
        and "/_sandbox/" not in row["path"]
        and ("purchase" in row["path"].lower() or "sale" in row["path"].lower())
    ]
    for event in evidence.witness.trail.by_daemon():
        if event.direct and not filing.is_forgotten(event.label):
            problems += _mistakes(filing, event)
    return problems


def _mistakes(filing: Filing, event: PaperEvent) -> list[str]:
    shown = [
        paper
        for label in filing.partners(event.label, "dear")
        for paper in filing.evidence.witness.trail.history.get(label, [])
    ]
    if not shown:
        if _is_theirs(filing.evidence, event):
            return []
        return [f"no document of DEAR stands behind {event}"]
    policies = [filing.evidence.policies[event.era]]
    if _is_sent_again(filing.evidence, event):
        policies = list(filing.evidence.policies[: event.era + 1])
    problems = []
    if not any(flows(policy, paper) for policy in policies for paper in shown):
        problems.append(f"none of {[str(p) for p in shown]} is to flow: {event}")
    if not _is_end(event):
        if not any(paper.stands for paper in shown):
            problems.append(f"the document was never authorised: {event}")
        return problems
    if not any(paper.status == "voided" for paper in shown):
        problems.append(f"nobody voided the document: {event}")
    if event.before is not None and event.before.settled and not _is_closing(event):
        problems.append(f"payments stood against the document: {event}")
    return problems


def _is_theirs(evidence: Evidence, event: PaperEvent) -> bool:
    """Whether somebody changed the document before the daemon, which had died, heard of it again:
    then it may be anybody's."""
    rows = [row for row in evidence.journal if str(getattr(row.entry, "ref", "")) == event.label]
    first = min((datetime.fromisoformat(row.at) for row in rows), default=None)
    return any(
        e.label == event.label and e.author != "daemon" and (first is None or e.at <= first)
        for e in evidence.witness.trail.events
    )


def _is_sent_again(evidence: Evidence, event: PaperEvent) -> bool:
    """Whether a request did it that had been sent before and lost: it goes out again as it was,
    probed and not decided anew, whatever the rules say by then."""
    kind = event.label.split("/")[1]
    sent = [
        one.entry.request
        for one in evidence.sent
        if one.at <= event.at and any(write.kind.value == kind for write in one.request.writes)
    ]
    return bool(sent) and any(sent.count(request) > 1 for request in sent[-3:])


def _is_end(event: PaperEvent) -> bool:
    return event.after is None or _became(event, "voided") or _is_closing(event)


def _is_closing(event: PaperEvent) -> bool:
    before, after = event.before, event.after
    return after is not None and after.by_hand and not (before is not None and before.by_hand)


def _became(event: PaperEvent, status: str) -> bool:
    before: Paper | None = event.before
    after = event.after
    return after is not None and after.status == status != (before.status if before else "")
