"""Any story that entries can tell: a Hypothesis strategy of steps, and the hand that plays them."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from hypothesis import strategies as st

from ledger.model.encoding import encode
from ledger.model.entries import (
    Approved,
    BaselineAdvanced,
    ConfigApplied,
    ConflictResolved,
    FirstPlanApproved,
    OutcomeUnknown,
    Pinned,
    Quarantined,
    Rejected,
    Released,
    Restored,
    Retried,
    SkipEnded,
    Skipped,
    Swept,
    Tombstoned,
    Unlinked,
    VersionMoved,
    Withdrawn,
)
from ledger.model.facts import Cursor, Hold, HoldCode, Observation, Problem
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId, RequestId, record_id
from ledger.model.outcomes import RefusalKind
from ledger.model.plans import Operation
from ledger.model.values import Value
from ledger.store.errors import DraftRefused
from ledger.store.ledger import Draft, Ledger
from ledger.store.payloads import pack
from tests.ledger.store.support import (
    DEAR,
    QBO,
    confirm,
    gate,
    hold,
    intend,
    item,
    item_ref,
    join,
    operation,
    plan,
    see,
)

REFS = tuple(item_ref(system, number) for system in (QBO, DEAR) for number in range(3))
NAMES = ("Bolt", "Nut", "BOLT", "Straße")
ENDS = ("", "2030-01-01T00:00:00.000000Z")
"""Of what is set aside: without an end, and with one."""


class Step(NamedTuple):
    """One thing that happens: what, to which reference, with which other one and content."""

    what: str
    ref: ExternalRef
    other: ExternalRef
    number: int


class Scene(NamedTuple):
    """What a step is played with."""

    ledger: Ledger
    draft: Draft
    step: Step
    record: RecordId
    """The record of the step's reference as the ledger knows it."""
    other: RecordId

    @property
    def todo(self) -> Operation:
        number = self.step.number % 2
        return operation(self.record, f"op-{self.record}-{number}", ref=self.step.ref)

    @property
    def request(self) -> str:
        return f"r-{self.todo.id}"


def _moved(s: Scene) -> None:
    shown = Observation(ref=s.step.ref, version="9", record=item(NAMES[s.step.number]))
    s.draft.add(VersionMoved(ref=s.step.ref, version="9", payload=s.draft.body(pack(shown))))


def _baseline(s: Scene) -> None:
    image: dict[str, Value] = {"name": NAMES[s.step.number], "sales_price": Decimal("1.50")}
    images = {
        system: s.draft.body(encode(image)) for system in (QBO, DEAR)[: 1 + s.step.number % 2]
    }
    s.draft.add(BaselineAdvanced(record=s.record, images=images, mapping_version=s.step.number))


def _hold(s: Scene) -> Hold:
    return Hold(
        record=s.record,
        code=(HoldCode.MISSING_REFERENCE, HoldCode.FOREIGN_EDIT)[s.step.number // 2],
        text="It waits.",
        cure="Make it.",
        field=str(s.step.number % 2),
        waits_for=(s.other,),
        waits_for_keys=(
            (QBO, "item", "name", NAMES[s.step.number].casefold()),
            (s.step.other.system, "item", "moved", s.step.other.id),
        ),
    )


def _skipped(s: Scene) -> None:
    held = _hold(s)
    subject, digest = held.subject, s.ledger.digest(encode(held))
    if s.step.ref.system == DEAR:
        subject, digest = f"operation:{s.todo.system}", s.todo.digest
    until = ENDS[s.step.number % len(ENDS)]
    s.draft.add(
        Skipped(
            record=s.record, subject=subject, digest=digest, reason="not now", by="ann", until=until
        )
    )


def _skip_ended(s: Scene) -> None:
    subject = _hold(s).subject if s.step.number % 2 else f"operation:{s.todo.system}"
    s.draft.add(SkipEnded(record=s.record, subject=subject, until=ENDS[1]))


def _rejected(s: Scene) -> None:
    s.draft.add(
        Rejected(
            request=RequestId(s.request),
            operation=s.todo.id,
            record=s.record,
            refusal=tuple(RefusalKind)[s.step.number],
            code="6240",
            message="no",
        )
    )


def _looked(s: Scene) -> None:
    s.draft.cursor(Cursor(system=QBO, kind=Kind.ITEM, token=str(s.step.number)))
    s.draft.seen(f"sweep-{s.step.number}", [s.step.ref, s.step.other])
    s.draft.decided([s.record], as_of=s.ledger.head)


PLAY: dict[str, Callable[[Scene], object]] = {
    "observed": lambda s: see(
        s.draft, s.ledger, s.step.ref, item(NAMES[s.step.number], active=s.step.number != 1)
    ),
    "moved": _moved,
    "tombstoned": lambda s: s.draft.add(Tombstoned(ref=s.step.ref, evidence="cdc stub")),
    "quarantined": lambda s: s.draft.add(
        Quarantined(ref=s.step.ref, problem=Problem(code="malformed", message="no name"))
    ),
    "swept": lambda s: s.draft.add(
        Swept(system=QBO, kind=Kind.ITEM, sweep="s", seen=s.step.number, absent=0)
    ),
    "linked": lambda s: join(s.draft, s.record, s.step.other),
    "unlinked": lambda s: s.draft.add(Unlinked(record=s.record, ref=s.step.ref, reason="")),
    "baseline": _baseline,
    "planned": lambda s: plan(s.draft, s.todo),
    "gated": lambda s: gate(s.draft, s.todo),
    "approved": lambda s: s.draft.add(
        Approved(digests=(s.todo.digest,), by="ann", expires_at="2030-01-01T00:00:00Z")
    ),
    "withdrawn": lambda s: s.draft.add(
        Withdrawn(operation=s.todo.id, record=s.record, reason="moved")
    ),
    "intended": lambda s: intend(s.draft, s.request, [s.todo]),
    "unknown": lambda s: s.draft.add(OutcomeUnknown(request=RequestId(s.request), reason="lost")),
    "confirmed": lambda s: confirm(
        s.draft, s.ledger, s.request, s.todo, s.step.other, item(NAMES[s.step.number])
    ),
    "rejected": _rejected,
    "held": lambda s: hold(s.draft, _hold(s)),
    "released": lambda s: s.draft.add(
        Released(record=s.record, subject=_hold(s).subject, reason="")
    ),
    "skipped": _skipped,
    "skip_ended": _skip_ended,
    "resolved": lambda s: s.draft.add(
        ConflictResolved(
            record=s.record, field="name", take=QBO, value_digest=Digest("v"), by="a", reason=""
        )
    ),
    "retried": lambda s: s.draft.add(Retried(record=s.record, by="ann", reason="")),
    "configured": lambda s: s.draft.add(
        ConfigApplied(config=Digest("c"), mapping_version=s.step.number)
    ),
    "pinned": lambda s: s.draft.add(
        Pinned(system=QBO, fingerprint=Digest(str(s.step.number)), environment="sandbox")
    ),
    "restored": lambda s: s.draft.add(Restored(backup_seq=0, backup_hash="", by="ann")),
    "first plan": lambda s: s.draft.add(FirstPlanApproved(by="ann")),
    "looked": _looked,
}

LIKELY = ("observed", "linked", "planned", "intended", "confirmed", "unlinked", "held")

steps = st.builds(
    Step,
    what=st.sampled_from(LIKELY) | st.sampled_from(sorted(PLAY)),
    ref=st.sampled_from(REFS),
    other=st.sampled_from(REFS),
    number=st.integers(0, 3),
)
first_looks = st.sets(st.sampled_from(REFS)).map(
    lambda refs: [Step("observed", ref, ref, 0) for ref in sorted(refs)]
)
stories = st.builds(
    lambda look, rest: [look, *rest],
    first_looks,
    st.lists(st.lists(steps, min_size=1, max_size=3), min_size=8, max_size=25),
)
"""A first look at some references, then drafts of one to three steps each."""


async def play(ledger: Ledger, story: list[list[Step]]) -> int:
    """Append a story; drafts that cannot be are refused and left out. Returns how many stayed."""
    kept = 0
    for chapter in story:
        draft = ledger.draft(actor="daemon", cycle=f"c{kept}")
        for step in chapter:
            record = await _record(ledger, step.ref)
            other = await _record(ledger, step.other)
            PLAY[step.what](Scene(ledger, draft, step, record, other))
        try:
            await ledger.append(draft)
        except DraftRefused:
            continue
        kept += 1
    return kept


async def _record(ledger: Ledger, ref: ExternalRef) -> RecordId:
    return await ledger.read(lambda views: views.record_of(ref)) or record_id(ref)
