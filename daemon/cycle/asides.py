"""What was set aside until an instant, and that instant has come: it is taken up again.

Folds know no clock, so the end of a skip is an entry like its beginning. What the system refused
stays refused: it is a question again, and only a person's retry sends it once more.
"""

from daemon.cycle.company import Company
from daemon.cycle.report import CycleReport
from ledger.model.entries import SkipEnded

AT_ONCE = 5_000


async def end_due(company: Company, report: CycleReport) -> int:
    """Append the end of every skip that is over; how many there were."""
    now, ended = company.clock.now(), 0
    while due := await company.ledger.read(lambda views: views.skips_due(now, limit=AT_ONCE)):
        draft = company.ledger.draft(actor="daemon", cycle=report.cycle)
        for row in due:
            draft.add(SkipEnded(record=row.record, subject=row.subject, until=row.until))
        await company.ledger.append(draft)
        ended += len(due)
    return ended
