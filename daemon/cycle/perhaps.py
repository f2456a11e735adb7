"""What a lost create may have become, in words for the person who has to look before it goes again.

Only words. Must not look anything up; ``recover`` does.
"""

from collections.abc import Iterable

from ledger.model.capabilities import KindRule
from ledger.model.ids import ExternalRef
from ledger.model.outcomes import (
    PERHAPS_MADE,
    PERHAPS_RENAMED,
    RefusalKind,
    Rejected,
    Write,
)


def perhaps_renamed(write: Write, strangers: Iterable[ExternalRef]) -> Rejected:
    """Something new without a counterpart appeared since."""
    named = ", ".join(map(str, strangers))
    return Rejected(
        b_id=write.b_id,
        refusal=RefusalKind.DUPLICATE,
        code=PERHAPS_RENAMED,
        message=f"the answer was lost and the record cannot be found, but {named} appeared since "
        "and may be it under another name",
        cure="if it is, join them with trueup link; if not, send the create again with trueup "
        "retry",
    )


def perhaps_made(write: Write, rule: KindRule) -> Rejected:
    """It has no key by which it could be looked for."""
    noun = _noun(write)
    key = rule.recovery_key.replace("_", " ")
    return Rejected(
        b_id=write.b_id,
        refusal=RefusalKind.DUPLICATE,
        code=PERHAPS_MADE,
        message=f"the answer was lost, and without {f'a {key}' if key else 'a key'} the {noun} "
        "that may have been made cannot be looked for",
        field=rule.recovery_key,
        cure="look for it there: if it was made, join the two with trueup link; if not, send the "
        "create again with trueup retry",
    )


def perhaps_deleted(write: Write) -> Rejected:
    """What went with it in one request was done, and it is not there: documents can be deleted."""
    noun = _noun(write)
    return Rejected(
        b_id=write.b_id,
        refusal=RefusalKind.DUPLICATE,
        code=PERHAPS_MADE,
        message=f"the answer was lost, what left with the {noun} was done, and the {noun} is not "
        "there: it was made and deleted since, or refused",
        cure=f"look for it in the audit log there: if somebody deleted it, void the {noun} in the "
        "source as well; if not, send the create again with trueup retry",
    )


def _noun(write: Write) -> str:
    return write.kind.value.replace("_", " ")
