"""A product goes by another name in one system, because a person said so: ``NAME (2)``.

The answer stands in the ledger as a resolution of the field ``called:SYSTEM:SUFFIX``, bound to the
name that the answering side showed. While that side shows the name, the mapping of the name knows
the suffix: the other spelling is no edit, and nothing goes to and fro. Once the product is renamed
the answer is void and the new name goes over as it is. Must not choose a suffix.
"""

import hashlib
from collections.abc import Mapping, Sequence

from ledger.model.encoding import encode
from ledger.model.facts import Resolution
from ledger.model.ids import Digest, SystemName
from ledger.model.values import Value

CALLED = "called:"
SUFFIX = "suffix"
"""The mapping's name in a trace: ``dear.name via suffix``."""
NOT_SAID = Digest("")
"""In place of a digest: the answer was taken back."""


def called(name: str, suffix: str, *, of: SystemName, there: SystemName) -> Resolution:
    """The answer: what ``of`` calls ``name`` is called ``name`` and ``suffix`` in ``there``."""
    return Resolution(field=f"{CALLED}{there}:{suffix}", take=of, value_digest=_bound(of, name))


def suffixes(
    resolutions: Sequence[Resolution], system: SystemName, name: Value
) -> Mapping[SystemName, str]:
    """System -> what the name of ``system`` ends in there."""
    found: dict[SystemName, str] = {}
    for said in resolutions:
        if not said.field.startswith(CALLED) or said.take != system or not isinstance(name, str):
            continue
        if said.value_digest == _bound(system, name):
            there, _, suffix = said.field.removeprefix(CALLED).partition(":")
            found[SystemName(there)] = suffix
    return found


def with_suffix(name: str, suffix: str, longest: int | None) -> str:
    """The name as it is called there; what is too long gives way before the suffix does."""
    room = len(name) if longest is None else max(0, longest - len(suffix) - 1)
    return f"{name[:room].rstrip()} {suffix}"


def _bound(system: SystemName, name: str) -> Digest:
    return Digest(hashlib.sha256(encode([CALLED, system, name.strip()])).hexdigest())
