"""When a record need not be looked at again: it is *in step*, and on what that verdict stands.

All systems that keep its kind show it, every field is agreed or rightly different, and nobody has
answered anything about it. Then what follows from it depends on four things alone: what its sides
show, what was agreed, what its pointers mean, and the part of the rules that ``rules_of`` digests.
The ledger knows the seq of the first three (``views_instep``), so as long as none of them is newer
than the verdict and the digest is the same, the verdict stands unread. Documents are never in
step: what follows from one depends on other documents. Must not decide; ``decide`` does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from ledger.model.encoding import encode
from ledger.model.facts import RecordView
from ledger.model.ids import MASTER_KINDS, REFERENCE_KINDS, Kind, RecordId, SystemName
from ledger.model.records import comparable_fields

from .authority import owner
from .merge import Agreed, FieldMerge, Left
from .policy import Policy
from .world import Party, reference_kind

KINDS: Final = (*REFERENCE_KINDS, *MASTER_KINDS)
"""What can be in step: their pointers lead to reference data only."""
DECIDING: Final = 3
"""Rises whenever ``merge`` or what it calls decides otherwise by the same rules; for ``render``
there is ``MAPPING_VERSION``."""
_SETTLED = (Agreed, Left)


def is_in_step(
    view: RecordView,
    parties: tuple[Party, ...],
    merged: Sequence[FieldMerge],
    policy: Policy,
) -> bool:
    """Whether nothing follows from the record, and nothing else of the ledger was asked for that:
    no candidate, no name, no answer of a person."""
    return (
        view.kind in KINDS
        and not view.resolutions
        and len(parties) == len(view.sides) == len(policy.keepers(view.kind)) > 1
        and all(isinstance(one, _SETTLED) for one in merged)
        and not any(party.marked for party in parties)
    )


def rules_of(
    kind: Kind, policy: Policy, remaps: Mapping[SystemName, Mapping[RecordId, RecordId]]
) -> str:
    """Digest of all that the verdict on a record in step follows from beside the record itself."""
    systems = policy.keepers(kind)
    pointed = sorted(
        {to for field in comparable_fields(kind) if (to := reference_kind(kind, field))}
    )
    assert set(pointed) <= set(REFERENCE_KINDS), f"{kind.value} points to what is not known by seq"
    body = [
        [DECIDING, policy.mapping_version, kind.value, policy.flow(kind), policy.books],
        [sorted(policy.systems), systems, [policy.rule(system, kind) for system in systems]],
        [
            [field, owner(kind, field, policy), policy.foreign_edit(kind, field)]
            for field in comparable_fields(kind)
        ],
        [
            [to.value, policy.flow(to), [_serves(system, to, policy) for system in systems]]
            for to in pointed
        ],
        [sorted(remaps.get(system, {}).items()) for system in systems],
    ]
    return hashlib.sha256(encode(body)).hexdigest()


def _serves(system: SystemName, kind: Kind, policy: Policy) -> bool:
    rule = policy.rule(system, kind)
    return rule is not None and not rule.disabled
