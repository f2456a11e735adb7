"""Operations as values: their digest, their derived id, and what a refusal means for them.

The digest is what a person approves: the record, the changes, and what both sides showed when the
change was computed. No vendor id and no version token goes into it. Must not decide what to write.
"""

import hashlib
from collections.abc import Sequence

from ledger.model.encoding import comparable_form, encode
from ledger.model.facts import Hold, HoldCode, RecordView, Rejection
from ledger.model.ids import Digest, OperationId, RecordId, SystemName, derive
from ledger.model.outcomes import PERHAPS_THERE
from ledger.model.plans import Action, FieldChange, Operation

from .explain import thing
from .names import givers, keys_of
from .world import World


def make_operation(
    view: RecordView,
    system: SystemName,
    action: Action,
    changes: Sequence[FieldChange],
    *,
    needs: Sequence[RecordId] = (),
    relies_on: tuple[RecordId, ...] = (),
    why: str,
    world: World,
) -> Operation:
    """The operation with its digest and id; its wave is given when the plan is put in order."""
    sides = sorted(view.sides.items()) if len(view.sides) > 1 else view.sides.items()
    computed_from = {s: side.comparable for s, side in sides}
    digest = _digest(view, system, action, changes, computed_from, world.policy.mapping_version)
    seqs = [f"{s}:{side.seq}" for s, side in sides]
    past = [f"{s}:{base.seq}" for s, base in sorted(view.baselines.items())]
    side = view.sides.get(system)
    return Operation(
        id=OperationId(
            derive("op", view.record, system, str(action), digest, *seqs, "since", *past)
        ),
        digest=digest,
        record=view.record,
        kind=view.kind,
        label=view.label,
        system=system,
        action=action,
        ref=side.ref if side else None,
        changes=tuple(changes),
        wave=0,
        needs=tuple(sorted(set(needs))) if needs else (),
        relies_on=relies_on,
        computed_from=computed_from,
        why=why,
    )


def _digest(
    view: RecordView,
    system: SystemName,
    action: Action,
    changes: Sequence[FieldChange],
    computed_from: dict[SystemName, Digest],
    mapping_version: int,
) -> Digest:
    said = [
        [
            c.field,
            None if c.before is None else comparable_form(c.before),
            after if type(after := c.after) is str else comparable_form(after),
        ]
        for c in changes
    ]
    body = [view.record, system, action, said, computed_from, mapping_version]
    return Digest(hashlib.sha256(encode(body)).hexdigest())


def _is_of(rejection: Rejection, operation: Operation) -> bool:
    if rejection.operation_digest == operation.digest:
        return True
    is_asked = rejection.code in PERHAPS_THERE and rejection.system == operation.system
    return is_asked and operation.action is Action.CREATE


def refused(view: RecordView, operation: Operation, world: World) -> Hold | None:
    """The hold of an operation that was sent just like this before and got a definite no, and of
    any create while a person is asked whether an earlier one has made the record after all."""
    rejection = next((r for r in view.rejections if _is_of(r, operation)), None)
    if rejection is None:
        return None
    title = world.policy.title(rejection.system)
    code = f" (code {rejection.code})" if rejection.code else ""
    lost = rejection.code == HoldCode.LOST_UPDATE.value
    return Hold(
        record=view.record,
        code=HoldCode.LOST_UPDATE if lost else HoldCode.REJECTED,
        text=(
            f"{title} refused to {operation.action.value} {thing(view.kind, view.label)}: "
            f"{rejection.message}{code}"
        ),
        cure=rejection.cure.replace("trueup retry RECORD", f"trueup retry {view.record}")
        or "Correct the record in either system; it is tried again as soon as it changes.",
        field=rejection.field,
        system=rejection.system,
        waits_for=tuple(sorted(givers(operation, world))),
        waits_for_keys=keys_of(operation, world),
    )
