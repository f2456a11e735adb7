"""Which company of a system a ledger belongs to: the first one seen, and none other ever after."""

from daemon.cycle.report import Link
from ledger.model.entries import Pinned
from ledger.model.errors import Unauthorised
from ledger.model.ids import Digest, SystemName
from ledger.store.ledger import Ledger


def fingerprint(ledger: Ledger, system: SystemName, company_id: str) -> Digest:
    """What stands for a company in the ledger: keyed, so that it cannot be guessed back."""
    return ledger.digest(f"{system}:{company_id}".encode())


async def pin(ledger: Ledger, system: SystemName, company_id: str, environment: str) -> None:
    """Refuse a company that this ledger does not belong to; pin the first one seen."""
    if await is_pinned(ledger, system, company_id, environment):
        return
    draft = ledger.draft(actor="daemon")
    found = fingerprint(ledger, system, company_id)
    draft.add(Pinned(system=system, fingerprint=found, environment=environment))
    await ledger.append(draft)


async def is_pinned(ledger: Ledger, system: SystemName, company_id: str, environment: str) -> bool:
    """Whether the ledger belongs to this company already; ``Unauthorised`` when to another."""
    pinned = (await ledger.read(lambda views: views.pins())).get(system)
    if pinned is None:
        return False
    found = fingerprint(ledger, system, company_id)
    if (pinned.fingerprint, pinned.environment) != (found, environment):
        raise Unauthorised(
            f"{system} now answers for another company or environment than this ledger's",
            state=Link.WRONG_COMPANY.value,
            cure=f"reconnect {system} to the company this ledger was opened for, or set up a "
            "separate instance with its own state directory for the other one",
        )
    return True
