"""Folding many entries together gives the very rows that folding them one by one gives."""

import asyncio
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.model.encoding import comparable_bytes, encode
from ledger.model.entries import (
    BaselineAdvanced,
    Confirmed,
    GateHeld,
    Held,
    Linked,
    Observed,
    Planned,
    Released,
    Remapped,
    Withdrawn,
)
from ledger.model.facts import Hold, HoldCode, Observation
from ledger.model.ids import Digest, ExternalRef, Kind, RequestId, record_id
from ledger.model.plans import Operation
from ledger.model.records import Item
from ledger.store.draft import Draft
from ledger.store.engine import writing
from ledger.store.errors import DraftRefused
from ledger.store.fold.confirmations import confirmed
from ledger.store.fold.context import Tables, Touched
from ledger.store.fold.runs import FEWEST, Step, runs
from ledger.store.ledger import Ledger
from ledger.store.payloads import pack
from ledger.store.shadow import FOLDED, WAITS
from tests.ledger.store.support import BEGIN, DEAR, KEY, QBO, intend, item_ref, operation

Does = tuple[Any, ...]
NUMBERS = st.integers(0, 7)
SYSTEMS = st.sampled_from([QBO, DEAR])
SIGHTS = st.tuples(
    st.just("see"), SYSTEMS, NUMBERS, st.sampled_from("abc"), st.booleans(), st.booleans()
)
LINKS = st.tuples(st.just("link"), NUMBERS, NUMBERS)
REMAPS = st.tuples(st.just("remap"), SYSTEMS, NUMBERS, NUMBERS)
AGREEMENTS = st.tuples(st.just("agree"), NUMBERS, st.sampled_from("abc"))
HOLDS = st.tuples(st.just("hold"), SYSTEMS, NUMBERS, NUMBERS, st.sampled_from("abc"))
RELEASES = st.tuples(st.just("release"), SYSTEMS, NUMBERS)
PLANS = st.tuples(st.just("plan"), NUMBERS, NUMBERS, st.sampled_from("abc"))
GATES = st.tuples(st.just("gate"), NUMBERS, st.sampled_from(["mass_change", "approval"]))
WITHDRAWALS = st.tuples(st.just("withdraw"), NUMBERS)
INTENTS = st.tuples(st.just("intend"), st.integers(0, 1), st.lists(NUMBERS, min_size=1, max_size=8))
CONFIRMATIONS = st.tuples(
    st.just("confirm"), st.integers(0, 1), NUMBERS, NUMBERS, st.sampled_from(["a", "b", ""])
)
EXPORTS = st.tuples(st.just("export"), st.integers(0, 1), st.sampled_from("abc"))
STORIES = st.lists(
    st.one_of(
        st.lists(PLANS, min_size=1, max_size=10),
        st.lists(GATES, min_size=1, max_size=6),
        st.lists(WITHDRAWALS, min_size=1, max_size=6),
        st.lists(RELEASES, min_size=1, max_size=6),
        st.lists(INTENTS, min_size=1, max_size=3),
        st.lists(CONFIRMATIONS, min_size=FEWEST, max_size=8),
        EXPORTS.map(lambda one: [("confirm", one[1], n, n, one[2]) for n in range(8)]),
        st.lists(SIGHTS, min_size=FEWEST, max_size=14),
        st.lists(LINKS, min_size=1, max_size=8),
        st.lists(REMAPS, min_size=1, max_size=2),
        st.lists(AGREEMENTS, min_size=FEWEST, max_size=8),
        st.lists(HOLDS, min_size=1, max_size=6),
    ),
    max_size=9,
)
ALL_SEEN: list[Does] = [("see", "dear", n, "a", False, False) for n in range(8)]
ALL_PLANNED: list[Does] = [("plan", n, (n + 1) % 8, "b") for n in range(8)]
ALL_HELD: list[Does] = [("hold", "dear", n, (n + 1) % 8, "a") for n in range(8)]
ALL_RELEASED: list[Does] = [("release", "dear", n) for n in range(8)]
ALL_CONFIRMED: list[Does] = [("confirm", 0, n, n, "b") for n in range(8)]
SENT: list[list[Does]] = [
    ALL_SEEN,
    ALL_PLANNED,
    [("gate", n, "approval") for n in range(8)],
    [("intend", 0, list(range(8)))],
]
"""The story of a batch until its answer."""
OTHERS: list[Does] = [
    ("see", "qbo", 20, "x", False, False),
    ("see", "qbo", 21, "x", False, False),
    ("hold", "qbo", 20, 3, "x"),
    ("hold", "qbo", 21, 20, "b"),
]


def add(draft: Draft, ledger: Ledger, does: Does) -> None:
    match does:
        case ("see", system, number, name, active, watched):
            _see(draft, ledger, item_ref(system, number), name, active=active, watched=watched)
        case ("link", dear, qbo):
            record = record_id(item_ref(DEAR, dear))
            draft.add(Linked(record=record, ref=item_ref(QBO, qbo), how="sku", evidence="same"))
        case ("remap", system, old, new):
            old, new = (record_id(item_ref(system, number)) for number in (old, new))
            draft.add(Remapped(system=QBO, old=old, new=new, reason="renumbered", by="ann"))
        case ("agree", number, text):
            images = {system: draft.body(encode({"name": text})) for system in (QBO, DEAR)}
            record = record_id(item_ref(DEAR, number))
            draft.add(BaselineAdvanced(record=record, images=images, mapping_version=1))
        case ("hold", system, number, other, name):
            hold = Hold(
                record=record_id(item_ref(system, number)),
                code=HoldCode.NAME_TAKEN,
                text="taken",
                cure="rename",
                waits_for=(record_id(item_ref(DEAR, other)),),
                waits_for_keys=((QBO, Kind.ITEM.value, "name", name),),
            )
            payload = draft.body(encode(hold))
            draft.add(
                Held(record=hold.record, subject=hold.subject, code=hold.code, payload=payload)
            )
        case ("release", system, number):
            record, subject = record_id(item_ref(system, number)), f"{HoldCode.NAME_TAKEN.value}::"
            draft.add(Released(record=record, subject=subject, reason="free"))
        case ("plan", number, other, name):
            needs = (record_id(item_ref(DEAR, other)),)
            watches = ((QBO, Kind.ITEM.value, "name", name),)
            todo = msgspec.structs.replace(work(number), needs=needs, watches=watches)
            draft.add(
                Planned(
                    operation=todo.id,
                    record=todo.record,
                    digest=Digest(f"{todo.digest} {name}"),
                    payload=draft.body(encode(todo)),
                )
            )
        case ("gate", number, reason):
            todo = work(number)
            named = (todo.id, todo.record, todo.digest)
            draft.add(GateHeld(*named, reason=reason, text=f"{number} of 100"))
        case ("withdraw", number):
            todo = work(number)
            draft.add(Withdrawn(operation=todo.id, record=todo.record, reason="moved"))
        case ("intend", request, numbers):
            intend(draft, f"r{request}", [work(number) for number in numbers])
        case ("confirm", request, number, shown, name):
            _confirm(draft, ledger, f"r{request}", work(number), item_ref(QBO, shown), name)
        case _:
            raise AssertionError(does)


def work(number: int) -> Operation:
    return operation(record_id(item_ref(DEAR, number)), f"op-{number}")


def _confirm(
    draft: Draft, ledger: Ledger, request: str, done: Operation, ref: ExternalRef, name: str
) -> None:
    """Without a name: by a removal, which shows nothing."""
    item = Item(name=name, sku=f"{name} {ref.id}", sales_price=Decimal(1), active=True)
    comparable = payload = Digest("")
    if name:
        comparable = ledger.digest(comparable_bytes(item))
        payload = draft.body(pack(Observation(ref=ref, version="2", record=item)))
    draft.add(
        Confirmed(
            request=RequestId(request),
            operation=done.id,
            record=done.record,
            ref=ref,
            version="2",
            comparable=comparable,
            payload=payload,
        )
    )


def _see(
    draft: Draft, ledger: Ledger, ref: ExternalRef, name: str, *, active: bool, watched: bool
) -> None:
    item = Item(name=name, sku=f"{name} {ref.id}", sales_price=Decimal(1), active=active)
    shown = Observation(ref=ref, version="1", record=item)
    draft.add(
        Observed(
            ref=ref,
            version="1",
            comparable=ledger.digest(comparable_bytes(item)),
            payload=draft.body(pack(shown)),
            via="sweep",
            out_of_scope="category" if watched else "",
        )
    )


async def told(
    path: Path, parts: list[list[Does]], *, at_once: bool = False
) -> tuple[dict[str, list[Any]], list[bool]]:
    """The tables after each part was appended as one draft; and which parts were refused.
    ``at_once``: none waits for the one before, so that they share transactions."""
    ledger = await Ledger.open(path, now=lambda: BEGIN, key=KEY)
    ends: list[object] = []
    drafts = []
    for part in parts:
        draft = ledger.draft()
        for does in part:
            add(draft, ledger, does)
        drafts.append(draft)
    if at_once:
        appends = (ledger.append(draft) for draft in drafts)
        ends += await asyncio.gather(*appends, return_exceptions=True)
    else:
        for draft in drafts:
            ends += await asyncio.gather(ledger.append(draft), return_exceptions=True)
    await ledger.close()
    refused = [isinstance(end, DraftRefused) for end in ends]
    assert all(
        is_refused or isinstance(end, tuple) for is_refused, end in zip(refused, ends, strict=True)
    )
    with closing(sqlite3.connect(path)) as db:
        tables = (*FOLDED, *WAITS, "dirty", "journal")
        return {t: db.execute(f"SELECT * FROM {t} ORDER BY 1, 2").fetchall() for t in tables}, (
            refused
        )


@settings(max_examples=40, deadline=None)
@given(story=STORIES)
@example(story=[*SENT, ALL_CONFIRMED]).via("writes of a batch wait for each other and for names")
@example(story=[*SENT, OTHERS, ALL_CONFIRMED]).via("others wait for their records and names")
@example(story=[*SENT, ALL_CONFIRMED, ALL_CONFIRMED]).via("an answer that comes twice")
@example(story=[*SENT[:2], [("withdraw", n // 2) for n in range(8)]]).via("withdrawn twice")
@example(
    story=[
        ALL_SEEN,
        [("see", "qbo", n, "a", False, False) for n in range(8)],
        [("remap", "qbo", 0, 1)],
        [("link", n, n) for n in range(8)],
    ]
).via("what was mapped to or from a record that is joined with another")
@example(story=[ALL_SEEN, ALL_HELD]).via("what is held together waits for each other")
@example(story=[ALL_SEEN, ALL_HELD, ALL_RELEASED]).via("what is released together did so")
@example(
    story=[
        [("see", "qbo", 0, "a", False, False)] * 4,
        [("link", 0, 0)],
        [("hold", "qbo", 1, 0, "a")],
        [("see", "qbo", n, "a", False, False) for n in range(4)],
    ]
).via("a record first shown in a run is woken by a key that is shown later in the run")
async def test_together_and_one_by_one_are_the_same(
    story: list[list[Does]], tmp_path_factory: Any
) -> None:
    folder = tmp_path_factory.mktemp("runs")
    # What a draft may not say is left out first: it would take its neighbours along.
    sayable: list[list[Does]] = []
    alone = [[does] for part in story for does in part]
    one_by_one, refused = await told(folder / "first.db", alone)
    assert await told(folder / "group.db", alone, at_once=True) == (one_by_one, refused)
    said = iter(refused)
    for part in story:
        sayable.append([does for does in part if not next(said)])
    together, whole = await told(folder / "together.db", sayable)
    single, _ = await told(folder / "single.db", [[does] for part in sayable for does in part])
    assert not any(whole)
    assert together == single


async def test_usual_writes_are_confirmed_together(path: Path) -> None:
    ledger = await Ledger.open(path, now=lambda: BEGIN, key=KEY)
    for part in SENT:
        draft = ledger.draft()
        for does in part:
            add(draft, ledger, does)
        await ledger.append(draft)
    answers = ledger.draft()
    for does in ALL_CONFIRMED:
        add(answers, ledger, does)
    await ledger.close()
    said = [
        (seq, BEGIN.isoformat(), entry)
        for seq, entry in enumerate(answers.entries, ledger.head + 1)
        if isinstance(entry, Confirmed)
    ]
    with closing(writing(path)()) as db:
        db.execute("BEGIN")
        assert confirmed(Tables(db, answers.bodies.get, Touched()), said)
        states = db.execute("SELECT state, count(*) FROM operation GROUP BY state").fetchall()
        assert states == [("confirmed", 8)]


def test_a_reference_shown_twice_ends_a_run() -> None:
    def step(seq: int, number: int) -> Step:
        digest = Digest(KEY.hex())
        ref = item_ref(QBO, number)
        entry = Observed(ref=ref, version="1", comparable=digest, payload=digest, via="sweep")
        return Step(seq, "", entry)

    found = runs([step(1, 1), step(2, 2), step(3, 1), step(4, 3)])
    assert [[s.seq for s in run] for run in found] == [[1, 2], [3, 4]]
