"""Nothing is written that must not be: no draft, nothing from before ``since``, no kind that is
off, nothing of a document to DEAR, and nothing is ended that its owner stands by."""

from tests.simulation.evidence import Asked, Evidence
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
        if event.direct:
            problems += _mistakes(filing, event)
    return problems


def _mistakes(filing: Filing, event: PaperEvent) -> list[str]:
    evidence = filing.evidence
    asked = evidence.asked(event)
    shown = [
        paper
        for label in _behind(filing, event, asked)
        for paper in evidence.witness.trail.history.get(label, [])
    ]
    if not shown:
        return [f"no document of DEAR stands behind {event}"]
    policies = [evidence.policies[event.era]]
    if asked is not None and asked.times > 1:
        # It was lost and goes out again as it was, probed and not decided anew, whatever the
        # rules say by then.
        policies = list(evidence.policies[: event.era + 1])
    problems = []
    if not any(flows(policy, paper) for policy in policies for paper in shown):
        problems.append(f"none of {[str(p) for p in shown]} is to flow: {event}")
    if not _is_end(event):
        if not any(paper.stands for paper in shown):
            problems.append(f"the document was never authorised: {event}")
        return problems
    if not any(paper.status == "voided" for paper in shown):
        problems.append(f"nobody voided the document: {event}")
    return problems


def _behind(filing: Filing, event: PaperEvent, asked: Asked | None) -> list[str]:
    """The documents of DEAR for which it was written: those of the record that the request named
    when it left, whether or not its answer was ever heard."""
    if asked is None:
        return filing.partners(event.label, "dear")
    refs = filing.evidence.partners.get(asked.record, set())
    return sorted(ref for ref in refs if ref.startswith("dear/"))


def _is_end(event: PaperEvent) -> bool:
    return event.after is None or _became(event, "voided") or _is_closing(event)


def _is_closing(event: PaperEvent) -> bool:
    before, after = event.before, event.after
    return after is not None and after.by_hand and not (before is not None and before.by_hand)


def _became(event: PaperEvent, status: str) -> bool:
    before: Paper | None = event.before
    after = event.after
    return after is not None and after.status == status != (before.status if before else "")
