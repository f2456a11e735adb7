"""Bill lines are linked to the line of their own order that has the same item."""

from tests.simulation.evidence import Evidence
from tests.simulation.filing import Filing, file
from tests.simulation.papers import Paper, PaperLine


async def check(evidence: Evidence) -> list[str]:
    filing = file(evidence)
    orders = {p.id: p for p in filing.qbo.values() if p.kind == "purchase_order"}
    problems = []
    for label, paper in filing.qbo.items():
        if paper.kind == "bill" and label in filing.born:
            problems += _links(filing, paper, orders)
            problems += _missing(filing, paper, orders)
    return problems


def _links(filing: Filing, paper: Paper, orders: dict[str, Paper]) -> list[str]:
    problems = []
    wanted = _order_of(filing, paper)
    for line in paper.lines:
        if not line.order:
            continue
        order = orders.get(line.order)
        rows = {row.id: row for row in order.lines} if order is not None else {}
        row = rows.get(line.order_line)
        if order is None or row is None:
            problems.append(f"line {line.id} of {paper} bills what is not there")
        elif (
            _item(filing, row) != _item(filing, line)
            and not filing.is_held(paper)
            and not _touched(filing, paper, order)
        ):
            problems.append(f"line {line.id} of {paper} bills another item of {order}")
        if order is not None and wanted and order.label not in wanted:
            problems.append(f"line {line.id} of {paper} bills {order}, not {wanted}")
    return problems


def _item(filing: Filing, line: PaperLine) -> str:
    """What a line is about, whichever item of a re-exported product it shows."""
    return filing.item(f"qbo/item/{line.subject}") or line.subject


def _touched(filing: Filing, *papers: Paper) -> bool:
    """Whether people changed one of them in the books, where a link stays whatever happens."""
    labels = {paper.label for paper in papers}
    events = filing.evidence.witness.trail.events
    return any(e.label in labels and e.direct and e.author != "daemon" for e in events)


def _was_closed(filing: Filing, order: Paper, bill: Paper) -> bool:
    """Whether the order was fully billed when the bill came: that then stands without a link."""
    created = filing.born[bill.label].n
    trail = filing.evidence.witness.trail
    shown = [e.after for e in trail.events if e.label == order.label and e.n < created]
    return bool(shown) and shown[-1] is not None and shown[-1].status == "closed"


def _order_of(filing: Filing, paper: Paper) -> list[str]:
    """Labels of the order of the same purchase in the books."""
    return [
        ref
        for label in filing.partners(paper.label, "dear")
        if label in filing.dear
        for ref in filing.partners(f"dear/purchase_order/{filing.dear[label].master}", "qbo")
    ]


def _missing(filing: Filing, paper: Paper, orders: dict[str, Paper]) -> list[str]:
    """A bill without any link to its order, which is still open and has the same items."""
    record = filing.record(paper.label)
    if any(line.order for line in paper.lines) or record in filing.held | filing.answered:
        return []
    subjects = {_item(filing, line) for line in paper.lines if line.subject}
    policies = filing.evidence.policies
    found = []
    for order in orders.values():
        if order.label not in _order_of(filing, paper) or order.status != "open":
            continue
        is_plain = order.label in filing.born and not _touched(filing, paper, order)
        is_plain = is_plain and not _was_closed(filing, order, paper)
        # Deleted, and posted anew on somebody's word: its bill stood there before it.
        is_plain = is_plain and filing.born[order.label].n < filing.born[paper.label].n
        if (
            is_plain
            and order.date <= paper.date
            and subjects & {_item(filing, row) for row in order.lines}
        ):
            found.append(f"{paper} is not linked to {order}, and nothing says why")
    return found if len(policies) == 1 else []
