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
    mine_only = _lines(filing, paper) - _lines(filing, there)
    theirs_only = _lines(filing, there) - _lines(filing, paper)
    untold = _untold(filing) if paper.kind == "bill" else frozenset()
    if any(item not in untold for item, _, _ in mine_only) or _amounts(mine_only) != _amounts(
        theirs_only
    ):
        problems.append(f"{paper}: {_lines(filing, paper)} is {_lines(filing, there)} there")
    return problems


def _untold(filing: Filing) -> frozenset[str]:
    """Products of charges that another product ever had the name of: DEAR shows a charge under its
    name alone, so that nobody can tell which it is, and a bill may post it to its account."""
    shown = filing.evidence.witness.shown
    named: dict[str, set[str]] = {}
    for system, kind, record_id in shown:
        if (system, kind) == ("dear", "item"):
            for name in shown[system, kind, record_id]["name"]:
                named.setdefault(name.casefold(), set()).add(record_id)
    shared = {one for ids in named.values() if len(ids) > 1 for one in ids}
    services = {
        row.id
        for row in filing.evidence.one.dear.state["product"]
        if row.fields["Type"] == "Service"
    }
    return frozenset(str(filing.item(f"dear/item/{one}")) for one in shared & services)


def _amounts(lines: Counter[Any]) -> Counter[Decimal]:
    return Counter(amount for _, _, amount in lines.elements())


def _lines(filing: Filing, paper: Paper) -> Counter[Any]:
    return Counter(
        (filing.item(f"{paper.system}/item/{line.subject}"), line.quantity, line.amount)
        for line in paper.lines
        if line.subject
    )
