"""Which document of DEAR is which in QuickBooks at the end of a life, and who had a say in it.

The pairs are the ledger's; everything else is the sandboxes' own state.
"""

from dataclasses import dataclass, field

from daemon.reconcile.policy import Policy
from ledger.model.entries import ConflictResolved, Unlinked
from ledger.model.facts import REPLACED_BY
from ledger.model.ids import Kind, RecordId
from tests.simulation.evidence import Evidence
from tests.simulation.papers import Paper, dear_papers, qbo_papers
from tests.simulation.trail import PaperEvent


@dataclass
class Filing:
    """All documents at rest."""

    evidence: Evidence
    qbo: dict[str, Paper]
    dear: dict[str, Paper]
    held: set[RecordId]
    answered: set[RecordId]
    """Records of which a person said that they may differ, or what belongs together."""
    born: dict[str, PaperEvent] = field(default_factory=dict)
    """Documents that the daemon created, by label."""
    replaced: dict[RecordId, RecordId] = field(default_factory=dict)
    """Old item -> the product that documents with it mean, said by a re-export."""

    def item(self, label: str) -> RecordId | None:
        """What a line means that shows this item."""
        record = self.record(label)
        return record if record is None else self.replaced.get(record, record)

    def record(self, label: str) -> RecordId | None:
        return self.evidence.records.get(label)

    def partners(self, label: str, system: str) -> list[str]:
        """Labels that were ever part of the same thing in a system, parted or not."""
        things = [refs for refs in self.evidence.partners.values() if label in refs]
        return sorted({ref for refs in things for ref in refs if ref.startswith(f"{system}/")})

    def is_forgotten(self, label: str) -> bool:
        """Whether somebody deleted a document before the daemon could hear of it again."""
        return label not in self.qbo and self.record(label) is None

    def counterparts(self, paper: Paper) -> list[Paper]:
        """Documents of QuickBooks that are this one of DEAR now, deleted ones left out."""
        record = self.record(paper.label)
        refs = self.partners(paper.label, "qbo")
        return [self.qbo[r] for r in refs if r in self.qbo and self.record(r) == record]

    def is_due(self, paper: Paper) -> bool:
        """Whether the last rules of this life want the document in the books."""
        policy = self.evidence.policies[-1]
        return flows(policy, paper)

    def is_held(self, paper: Paper) -> bool:
        return self.record(paper.label) in self.held


def flows(policy: Policy, paper: Paper) -> bool:
    kind = Kind(paper.kind)
    return policy.flow(kind) != "off" and paper.date >= policy.document(kind).since


def file(evidence: Evidence) -> Filing:
    """Take everything out of the drawers."""
    trail = evidence.witness.trail
    trail.catch_up()
    answered: set[RecordId] = set()
    replaced: dict[RecordId, RecordId] = {}
    for row in evidence.journal:
        match row.entry:
            case ConflictResolved(record=record, field=said) if said.startswith(REPLACED_BY):
                if row.entry.value_digest:
                    replaced[record] = RecordId(said.removeprefix(REPLACED_BY))
            case ConflictResolved(record=record) | Unlinked(record=record):
                answered.add(record)
            case _:
                pass
    return Filing(
        evidence=evidence,
        qbo=qbo_papers(evidence.one.qbo),
        dear=dear_papers(evidence.one.dear),
        held={row.record for row in evidence.holds if row.hold.text and row.hold.cure}
        | evidence.aside,
        answered=answered,
        replaced=replaced,
        born={label: e for label, e in trail.born().items() if e.author == "daemon"},
    )
