"""No document is lost: what stands in DEAR is in the books to the cent, or says why it is not."""

from collections import Counter
from decimal import Decimal
from typing import Any

from daemon.reconcile.policy import Policy
from ledger.model.ids import Kind
from tests.simulation.evidence import Evidence
from tests.simulation.filing import Filing, file
from tests.simulation.papers import Paper

_VARIANCE = Decimal("0.01")


async def check(evidence: Evidence) -> list[str]:
    filing = file(evidence)
    problems = []
    for paper in filing.dear.values():
        if not paper.stands or not filing.is_due(paper) or filing.is_held(paper):
            continue
        if filing.record(paper.label) is None:
            problems.append(f"{paper} was never seen")
            continue
        there = filing.counterparts(paper)
        if len(there) != 1:
            problems.append(f"{paper} is in the books {len(there)} times, and nothing says why")
        elif not _may_differ(filing, paper):
            problems += _differences(filing, paper, there[0])
    return problems


def _may_differ(filing: Filing, paper: Paper) -> bool:
    """Whether somebody said so, or some rules in the course of this life accepted it."""
    kind = Kind(paper.kind)
    return filing.record(paper.label) in filing.answered or any(
        _accepts(policy, kind) for policy in filing.evidence.policies
    )


def _accepts(policy: Policy, kind: Kind) -> bool:
    return "accept" in policy.on_foreign_edit.get(kind, {}).values()


def _differences(filing: Filing, paper: Paper, there: Paper) -> list[str]:
    problems = []
    if not there.stands:
        problems.append(f"{paper} is {there.status} in the books, and nothing says why")
    difference = there.total - paper.total
    if difference and (abs(difference) > _VARIANCE or difference != there.tax - paper.tax):
        problems.append(f"{paper} costs {there.total} in the books, and nothing says why")
    if paper.date != there.date:
        problems.append(f"{paper} is dated {there.date} in the books")
    table = "customer" if paper.kind == "invoice" else "vendor"
    mine, theirs = f"dear/{table}/{paper.party}", f"qbo/{table}/{there.party}"
    if filing.record(mine) != filing.record(theirs):
        problems.append(f"{paper} is about {mine}, in the books about {theirs}")
    if _lines(filing, paper) != _lines(filing, there):
        problems.append(f"{paper}: {_lines(filing, paper)} is {_lines(filing, there)} there")
    return problems


def _lines(filing: Filing, paper: Paper) -> Counter[Any]:
    return Counter(
        (filing.item(f"{paper.system}/item/{line.subject}"), line.quantity, line.amount)
        for line in paper.lines
        if line.subject
    )
