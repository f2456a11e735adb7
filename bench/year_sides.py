"""What both simulators themselves say of a year's documents, and whether it comes to the same.

Sums are taken from the simulators' own memory, not through connectors or ledger; parties are paired
by their names alone. The ledger is asked for two things only: which documents it takes for one, and
what it says of those that differ.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.dear.documents import LIVE
from daemon.sandbox.dear.fields import Fields
from daemon.sandbox.dear.money import Totals, manner
from daemon.sandbox.dear.purchasestatus import part_totals
from daemon.sandbox.dear.state import Row
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.state import Stored
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName
from ledger.store.ledger import Ledger
from ledger.store.rows import HeldRow
from ledger.store.views import Views

QBO = SystemName("qbo")
DEAR = SystemName("dear")
NOTHING = Decimal(0)
CENT = Decimal("0.01")
PART = 2000
"""Documents or holds looked up in one question to the ledger."""
MOST = 10_000_000
ENTITIES = {
    Kind.PURCHASE_ORDER: "PurchaseOrder",
    Kind.BILL: "Bill",
    Kind.INVOICE: "Invoice",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """One document that counts, as its own system has it."""

    kind: Kind
    id: str
    number: str
    party: str
    """Letters and digits of the name alone: what sanitising and spelling leave alike."""
    day: str
    net: Decimal
    total: Decimal

    @property
    def cell(self) -> "Cell":
        return (self.kind, self.party, self.day[:7])


Cell = tuple[Kind, str, str]
"""Kind, party and month."""


@dataclass(slots=True)
class Finding:
    """One document that stands differently, and the reason."""

    kind: Kind
    number: str
    party: str
    day: str
    dear: Decimal | None
    qbo: Decimal | None
    reason: str
    """Code and sentence of the hold, ``variance``, or ``""``: nothing explains it."""
    cells: tuple[Cell, ...] = ()

    @property
    def difference(self) -> Decimal:
        return (self.qbo or NOTHING) - (self.dear or NOTHING)


@dataclass(slots=True)
class Comparison:
    """Everything that was compared."""

    counts: dict[Kind, tuple[int, Decimal, int, Decimal]] = field(default_factory=dict)
    """Per kind: documents and sum of DEAR, documents and sum of QBO."""
    cells: int = 0
    equal_cells: int = 0
    findings: list[Finding] = field(default_factory=list)
    lopsided: list[tuple[Cell, Decimal, Decimal]] = field(default_factory=list)
    """Cells whose difference is not what their findings add up to."""

    @property
    def unexplained(self) -> list[Finding]:
        return [one for one in self.findings if not one.reason]

    def reasons(self) -> Counter[tuple[Kind, str]]:
        return Counter((one.kind, one.reason.partition(":")[0]) for one in self.findings)


def letters(name: str) -> str:
    kept = "".join(c for c in name.casefold() if c.isalnum())
    return kept.removesuffix("deleted")


def dear_papers(twin: DearTwin) -> Iterator[Paper]:
    """What stands authorised in DEAR: orders, purchase invoices, sale invoices."""
    state = twin.state
    for row in state["purchase"]:
        name = letters(state["supplier"].rows[row.fields["SupplierID"]].fields["Name"])
        fields = row.fields
        if fields["Order"]["Status"] == "AUTHORISED" and not fields["Voided"]:
            sums = _sums(twin, row, fields["Order"])
            number, day = fields["OrderNumber"], fields["OrderDate"]
            yield _paper(Kind.PURCHASE_ORDER, row.id, number, name, day, sums)
        yield from _bills(twin, row, "Invoice", Kind.BILL, name)
    for row in state["sale"]:
        name = letters(state["customer"].rows[row.fields["CustomerID"]].fields["Name"])
        yield from _bills(twin, row, "Invoices", Kind.INVOICE, name)


def _bills(twin: DearTwin, row: Row, array: str, kind: Kind, party: str) -> Iterator[Paper]:
    for part in row.fields[array]:
        if part["Status"] in LIVE:
            sums = _sums(twin, row, part)
            number, day = part["InvoiceNumber"], part["InvoiceDate"]
            # The ledger's id of it: a simple purchase and its invoice share one TaskID.
            yield _paper(kind, f"{row.id}/{part['TaskID']}", number, party, day, sums)


def _sums(twin: DearTwin, row: Row, part: Fields) -> Totals:
    return part_totals(part, manner(twin.state.me, row.fields, twin.switches))


def _paper(kind: Kind, key: str, number: str, party: str, day: str, sums: Totals) -> Paper:
    return Paper(kind, key, number, party, day[:10], sums.before_tax, sums.total)


def qbo_papers(twin: QboTwin) -> Iterator[Paper]:
    """What stands in the books and is not void."""
    for kind, entity in ENTITIES.items():
        for stored in twin.state.all(entity):
            if not stored.derived.get("Void"):
                total = stored.derived["TotalAmt"]
                net = total - stored.derived.get("TotalTax", NOTHING)
                number, day = stored.number, str(stored.fields["TxnDate"])
                yield Paper(kind, stored.id, number, _party(twin, stored), day, net, total)


def _party(twin: QboTwin, stored: Stored) -> str:
    for entity in ("Vendor", "Customer"):
        pointer = stored.fields.get(f"{entity}Ref")
        if pointer is not None:
            party = twin.state.get(entity, str(pointer["value"]))
            return letters(party.name) if party is not None else "?"
    return "?"


async def compare(dear: DearTwin, qbo: QboTwin, ledger: Ledger, since: str) -> Comparison:
    """Both sides per kind, party and month to the cent; every difference with its reason.

    What is dated before ``since`` is matched and never posted: that is a reason of its own.
    """
    ours, theirs = list(dear_papers(dear)), {(p.kind, p.id): p for p in qbo_papers(qbo)}
    result = Comparison()
    for kind in ENTITIES:
        mine = [one.total for one in ours if one.kind is kind]
        books = [one.total for one in theirs.values() if one.kind is kind]
        total = sum(mine, NOTHING), sum(books, NOTHING)
        result.counts[kind] = (len(mine), total[0], len(books), total[1])
    pairs, records = await _pairs(ledger, ours)
    reasons = await _reasons(ledger)
    taken: Counter[tuple[Kind, str]] = Counter()
    for paper in ours:
        record = records.get((paper.kind, paper.id))
        key = (paper.kind, pairs.get((paper.kind, paper.id), ""))
        taken[key] += 1
        found = theirs.get(key)
        why = reasons.get(record, "") if record is not None else ""
        if found is None and paper.day < since:
            why = why or "before_since"
        if finding := _judge(paper, found, why, doubled=found is not None and taken[key] > 1):
            result.findings.append(finding)
    result.findings += [_stray(paper) for key, paper in theirs.items() if not taken[key]]
    _cells(result, ours, theirs.values())
    return result


def _judge(paper: Paper, found: Paper | None, why: str, *, doubled: bool) -> Finding | None:
    same = found is not None and found.total == paper.total and found.cell == paper.cell
    if same and not doubled:
        return None
    cells = (paper.cell, *([found.cell] if found is not None else []))
    tax_only = found is not None and found.net == paper.net and found.cell == paper.cell
    if doubled:
        why = ""  # one document for two is never right, whatever is held
    elif not why and tax_only and found is not None and abs(found.total - paper.total) <= CENT:
        why = "variance"
    seen = found.total if found is not None else None
    return Finding(paper.kind, paper.number, paper.party, paper.day, paper.total, seen, why, cells)


def _stray(paper: Paper) -> Finding:
    """In the books and in DEAR not, or no longer."""
    cells = (paper.cell,)
    return Finding(paper.kind, paper.number, paper.party, paper.day, None, paper.total, "", cells)


async def _pairs(
    ledger: Ledger, papers: list[Paper]
) -> tuple[dict[tuple[Kind, str], str], dict[tuple[Kind, str], RecordId]]:
    """For each document of DEAR the id of the one that the ledger takes for it, and its record."""
    pairs: dict[tuple[Kind, str], str] = {}
    records: dict[tuple[Kind, str], RecordId] = {}
    for first in range(0, len(papers), PART):
        found = await ledger.read(partial(_records, papers=papers[first : first + PART]))
        for paper, record, ref in found:
            records[paper.kind, paper.id] = record
            if ref is not None:
                pairs[paper.kind, paper.id] = ref.id
    return pairs, records


async def _reasons(ledger: Ledger) -> dict[RecordId, str]:
    """What each held record waits for, in words."""
    found: dict[RecordId, str] = {}
    for offset in range(0, MOST, PART):
        rows = await ledger.read(partial(_holds, offset=offset))
        for row in rows:
            found.setdefault(row.record, f"{row.hold.code.value}: {row.hold.text}")
        if len(rows) < PART:
            break
    return found


def _records(views: Views, papers: list[Paper]) -> list[tuple[Paper, RecordId, ExternalRef | None]]:
    known = [(p, views.record_of(ExternalRef(DEAR, p.kind, p.id))) for p in papers]
    return [(p, record, views.ref_of(record, QBO)) for p, record in known if record is not None]


def _holds(views: Views, offset: int) -> list[HeldRow]:
    return views.holds(limit=PART, offset=offset)


def _cells(result: Comparison, ours: Iterable[Paper], theirs: Iterable[Paper]) -> None:
    """Sums per kind, party and month, and whether the findings account for what differs."""
    sums: dict[Cell, list[Decimal]] = defaultdict(lambda: [NOTHING, NOTHING])
    for side, papers in enumerate((ours, theirs)):
        for paper in papers:
            sums[paper.cell][side] += paper.total
    told: dict[Cell, Decimal] = defaultdict(Decimal)
    for one in result.findings:
        if one.reason and len(set(one.cells)) == 1:
            told[one.cells[0]] += one.difference
    result.cells = len(sums)
    for cell, (dear, qbo) in sums.items():
        if dear == qbo:
            result.equal_cells += 1
        if qbo - dear != told.get(cell, NOTHING):
            result.lopsided.append((cell, dear, qbo))
