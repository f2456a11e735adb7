"""A field in conflict is never written while the conflict stands."""

from ledger.model.encoding import decode
from ledger.model.entries import Held, Intended, Released
from ledger.model.facts import HoldCode
from ledger.model.ids import RecordId
from ledger.model.plans import Conflict
from tests.simulation.evidence import Evidence


async def check(evidence: Evidence) -> list[str]:
    held = [row for row in evidence.journal if _is_conflict(row.entry)]
    digests = [row.entry.payload for row in held if isinstance(row.entry, Held)]
    bodies = await evidence.one.ledger.read(lambda views: [views.body(d) for d in digests])
    known = {
        row.seq: decode(body, Conflict) for row, body in zip(held, bodies, strict=True) if body
    }
    standing: dict[RecordId, set[str]] = {}
    problems = []
    sent_before: set[str] = set()
    for row in evidence.journal:
        match row.entry:
            case Held(record=record) if row.seq in known:
                standing[record] = {field.field for field in known[row.seq].fields}
            case Released(record=record, subject=subject) if subject.startswith("conflict:"):
                standing.pop(record, None)
            case Intended(items=items) as entry:
                # A request sent before and lost goes out again as it was: probed, not decided anew.
                again = entry.request in sent_before
                sent_before.add(entry.request)
                for item in items if not again else ():
                    changes = evidence.operations[item.operation].changes
                    fields = {change.field for change in changes}
                    if fields & standing.get(item.record, set()):
                        problems.append(f"{item.record}: {fields} written while in conflict")
            case _:
                pass
    return problems


def _is_conflict(entry: object) -> bool:
    return isinstance(entry, Held) and entry.code is HoldCode.CONFLICT
