"""What a person joined or parted while the end of a request was open does not go again.

Its record has a part in that system by now, or the part that it would write to is a record of its
own. Must not settle anything; ``recover`` does.
"""

from collections.abc import Sequence

from daemon.cycle.company import Company
from ledger.model.ids import SystemName
from ledger.model.outcomes import IntentItem
from ledger.model.plans import Action
from ledger.store.views import Views


async def is_parted(company: Company, system: SystemName, items: Sequence[IntentItem]) -> bool:
    """Whether one of these writes no longer goes between the sides that it was planned for."""

    def ask(views: Views) -> bool:
        return any(_is_parted(views, system, item) for item in items)

    return await company.ledger.read(ask)


def _is_parted(views: Views, system: SystemName, item: IntentItem) -> bool:
    row, view = views.operation(item.operation), views.view(item.record)
    if row is None or view is None:
        return False
    if item.action is Action.CREATE:
        return system in view.sides
    return not row.operation.computed_from.keys() <= view.sides.keys()
