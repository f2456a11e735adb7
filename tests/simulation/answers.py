"""The person who answers conflicts: with a side's value or one of their own, in time or too late,
also while the end of a request is not known.

What was answered is kept here as the person knows it, in the words of the sandboxes' own memories,
so that no mistake of the daemon's can hide itself in what it says of its answers.
"""

import random
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from daemon.control.protocol import (
    ApproveRequest,
    Code,
    Declined,
    LinkRequest,
    ResolveRequest,
)
from daemon.cycle.report import CycleReport
from ledger.model.facts import HoldCode
from ledger.model.ids import Kind, RecordId, SystemName
from ledger.model.values import Value
from tests.scenarios.support import Axe, killed
from tests.scenarios.village import BOOKKEEPER, desk
from tests.simulation.actors import edit_dear_field, edit_qbo_field
from tests.simulation.faces import ENTITIES, Face, faces, words
from tests.simulation.witness import Witness
from tests.town import DEAR, QBO, Town

Rng = random.Random
WHY: Final = "simulated"
PLAIN: Final = ("name", "email", "phone", "description", "sales_price", "active")
"""Fields whose values the face shows as the ledger does."""
OWN: Final[dict[str, tuple[str, ...]]] = {
    "name": ("Own name", "Own: name", "own NAME"),
    "email": ("own@person.example", ""),
    "phone": ("555 0199", ""),
    "description": ("as said on the phone", ""),
    "sales_price": ("7.77", "0", "123.456"),
    "purchase_cost": ("7.77", "0"),
    "active": ("yes", "no"),
    "billing_address": ('{"lines": ["1 Own Road"], "city": "Bergen"}',),
}
"""Values of one's own as a person types them. No side shows them by itself."""
_TORN_ITEM: Final = ("price", "price", "name", "description")
_TORN_PARTY: Final = ("email", "phone", "name", "terms", "address")
_ADDRESS: Final = "1 Own Road / Bergen"
_OFFERING: Final = (HoldCode.REMOVED, HoldCode.EDITED_AND_REMOVED)
"""Holds that offer what may have taken the place of something."""


@dataclass(frozen=True)
class Given:
    """One answer that was taken."""

    seq: int
    record: RecordId
    field: str
    value: str
    """As the sandboxes show it."""
    is_own: bool
    events: int
    """How many events the witness had seen by then."""
    policies: int
    """How many rules there had been."""
    knew: bool
    """Both sides showed what the question said of them."""


@dataclass(frozen=True)
class Question:
    record: RecordId
    field: str
    kind: str
    ids: dict[str, str]
    """The record's id in each system."""
    asked: Mapping[SystemName, Value]
    """What the ledger says that each side shows."""


@dataclass
class Answers:
    """What was answered, and what the daemon should have refused or taken."""

    one: Town
    witness: Witness
    started: Callable[[], None]
    """Gives each next daemon its configuration."""
    eras: Callable[[], int]
    """How many rules there have been."""
    given: list[Given] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    async def turn(self, rng: Rng, act: "Act | None" = None) -> str:
        """This act, or any. A refusal is told and changes nothing."""
        try:
            return await (act or rng.choice(_ACTS))(self, rng)
        except Declined as declined:
            return f"declined: {declined}"

    async def questions(self) -> list[Question]:
        found = []
        rows = [row for row in await self.one.holds() if row.conflict is not None]
        records = [row.record for row in rows if row.kind.value in ENTITIES]
        for view in await self.one.ledger.read(lambda views: views.views(records)):
            ids: dict[str, str] = {system: side.ref.id for system, side in view.sides.items()}
            asked = (c for row in rows if row.record == view.record if (c := row.conflict))
            found += [
                Question(view.record, one.field, view.kind.value, ids, one.values)
                for conflict in asked
                for one in conflict.fields
            ]
        return found

    async def question(self, rng: Rng) -> tuple[Question | None, str]:
        """One that stands, or one that two people give rise to; and what they did."""
        found, told = await self.questions(), ""
        if not found or rng.random() < 0.2:
            told = await self._torn(rng)
            found = await self.questions()
        return (rng.choice(found) if found else None), told

    async def _torn(self, rng: Rng) -> str:
        """Two people change one field of a linked pair, each in the system they know."""
        kind = rng.choice(("item", "item", "vendor", "customer"))
        every = await self.one.ledger.read(lambda views: views.views(views.records(Kind(kind))))
        both = [view for view in every if {QBO, DEAR} <= view.sides.keys()]
        if not both:
            return "no pair; "
        view = rng.choice(both)
        name = rng.choice(_TORN_ITEM if kind == "item" else _TORN_PARTY)
        told = ""
        for act, system in ((edit_qbo_field, QBO), (edit_dear_field, DEAR)):
            record_id = view.sides[system].ref.id
            told += act(self.one, self.witness, kind, record_id, rng, name) + "; "
        await self.one.cycle()
        return told

    def shown(self, question: Question) -> dict[str, Face]:
        """What each side's record shows in this very moment."""
        every = faces(self.one.qbo, self.one.dear, question.kind)
        return {s: every[s, i] for s, i in sorted(question.ids.items()) if (s, i) in every}

    async def answer(
        self, question: Question, *, text: str = "", take: str = "", seen: int = 0
    ) -> str:
        """A side's value where ``take`` names one, else the person's own."""
        now = {
            system: face.get(question.field, "") for system, face in self.shown(question).items()
        }
        request = ResolveRequest(
            record=question.record,
            field=question.field,
            take=take,
            value=None if take else text,
            reason=WHY,
            seen=seen,
        )
        done = await desk(self.one).resolve(BOOKKEEPER, request)
        self.given.append(
            Given(
                seq=done.seq,
                record=question.record,
                field=question.field,
                value=now.get(take, "") if take else self._face_of(question.field, text),
                is_own=not take,
                events=len(self.witness.events),
                policies=self.eras(),
                knew=question.field in PLAIN
                and all(
                    words(question.asked.get(SystemName(s))) == value for s, value in now.items()
                ),
            )
        )
        return done.text

    def own_value(self, question: Question, rng: Rng) -> str:
        if question.field == "terms":
            stored = rng.choice(sorted(self.one.qbo.state.all("Term"), key=lambda s: int(s.id)))
            return f"qbo/term/{stored.id}"
        return rng.choice(OWN.get(question.field, ("own",)))

    def _face_of(self, field: str, text: str) -> str:
        if field == "terms":
            stored = self.one.qbo.state.get("Term", text.rpartition("/")[2])
            return stored.name if stored is not None else text
        return _ADDRESS if field == "billing_address" else words(text)


Act = Callable[[Answers, Rng], Coroutine[Any, Any, str]]


async def _own(at: Answers, rng: Rng) -> str:
    question, told = await at.question(rng)
    if question is None:
        return f"{told}no conflict"
    return told + await at.answer(question, text=at.own_value(question, rng))


async def _take(at: Answers, rng: Rng) -> str:
    question, told = await at.question(rng)
    if question is None:
        return f"{told}no conflict"
    return told + await at.answer(question, take=rng.choice((QBO, DEAR)))


async def looked(at: Answers, rng: Rng) -> str:
    """Somebody looks, perhaps it moves meanwhile, and the answer says up to where was looked."""
    one = at.one
    question, told = await at.question(rng)
    before = await one.cycle(after_s=1.0)
    if question is None:
        return f"{told}no conflict"
    seen, then = one.ledger.head, at.shown(question)
    told += _edited(at, question, rng) if rng.random() < 0.6 else "nobody edits"
    after = await one.cycle(after_s=rng.choice((1.0, 200.0)))
    now = at.shown(question)
    moved = any(then[s].get(question.field) != now.get(s, {}).get(question.field) for s in then)
    sure = _is_clear(before) and _is_clear(after) and question.field in PLAIN
    what = f"{question.field} of {question.record}"
    try:
        if rng.random() < 0.5:
            text = await at.answer(question, text=at.own_value(question, rng), seen=seen)
        else:
            text = await at.answer(question, take=rng.choice((QBO, DEAR)), seen=seen)
    except Declined as declined:
        has_moved = declined.code is Code.STALE and "moved on since you looked" in str(declined)
        if sure and not moved and has_moved:
            at.wrong.append(f"{what} was refused as moved on, and nothing moved: {declined}")
        return f"{told}; declined: {declined}"
    if sure and moved:
        at.wrong.append(f"{what} was answered although it moved on since {seen}: {told}")
    return f"{told}; {text}"


def _edited(at: Answers, question: Question, rng: Rng) -> str:
    field, kind = question.field, question.kind
    known = field in ("purchase_cost", "billing_address", *PLAIN, "terms")
    name = {"billing_address": "address", "sales_price": "price", "purchase_cost": "cost"}
    act, system = rng.choice(((edit_qbo_field, "qbo"), (edit_dear_field, "dear")))
    if not known or system not in question.ids:
        return "nothing to edit"
    return act(at.one, at.witness, kind, question.ids[system], rng, name.get(field, field))


def _is_clear(report: CycleReport) -> bool:
    """Both sides were heard, and every request had an end that is known."""
    return report.complete and not report.unknown and not report.open_intents


async def _relink(at: Answers, rng: Rng) -> str:
    """What took the place of something that was removed or put to rest is linked in its stead."""
    offers = sorted(
        (row.record, str(candidate.ref))
        for row in await at.one.holds()
        if row.hold.code in _OFFERING
        for candidate in row.hold.candidates
    )
    if not offers:
        return "nothing to relink"
    record, ref = rng.choice(offers)
    request = msgspec.convert({"record": record, "ref": ref, "action": "link"}, LinkRequest)
    return (await desk(at.one).link(BOOKKEEPER, request)).text


async def _amid(at: Answers, rng: Rng) -> str:
    """The daemon dies somewhere among the writes of an answer; the next one is asked for more
    before it has looked what became of them."""
    told = await _in_words(_own(at, rng)) if rng.random() < 0.7 else ""
    how = rng.choice(("after_answer_to", "after_append", "before_append", "after_answer"))
    method, tail = rng.choice(
        (("PUT", "product"), ("POST", "item"), ("PUT", "supplier"), ("POST", "customer"))
    )
    number = rng.randint(1, 12)

    def arm(axe: Axe) -> None:
        if how == "after_answer_to":
            axe.after_answer_to(method, tail)
        else:
            getattr(axe, how)(number)

    fell = await killed(at.one, at.one.cycle(), arm)
    if fell:
        at.started()
    then = await _in_words(rng.choice((_own, _own, _take, _relink, _approve))(at, rng))
    return f"{told}; {how} {'killed' if fell else 'it lived'}; {then}"


async def _approve(at: Answers, rng: Rng) -> str:
    rows = await at.one.operations("waiting")
    digests = sorted({row.operation.digest for row in rows if row.reason != "skipped"})
    if not digests:
        return "nothing waits"
    answer = await desk(at.one).approve(BOOKKEEPER, ApproveRequest(digests=tuple(digests)))
    return f"approved {answer.approved}"


async def _in_words(act: Coroutine[Any, Any, str]) -> str:
    try:
        return await act
    except Declined as declined:
        return f"declined: {declined}"


_ACTS: Final[tuple[Act, ...]] = (
    _own,
    _own,
    _own,
    _take,
    looked,
    looked,
    _relink,
    _amid,
    _amid,
)
