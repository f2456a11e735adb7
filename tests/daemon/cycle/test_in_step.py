"""Records in step are passed over, and the short way says what the long one would."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.cycle.company import Company, Pace
from daemon.cycle.passing import pass_over
from daemon.cycle.planning import plan_dirty
from daemon.cycle.report import CycleReport
from daemon.reconcile.instep import KINDS, rules_of
from daemon.reconcile.policy import Limits, Policy
from ledger.model.capabilities import Access
from ledger.model.entries import ConfigApplied, Entry, Remapped, Tombstoned, Unlinked
from ledger.model.facts import Cursor
from ledger.model.ids import Digest, ExternalRef, Kind, RecordId
from ledger.model.records import Record
from ledger.model.values import Reference
from ledger.store.engine import inline
from ledger.store.ledger import Ledger
from tests.daemon.cycle.stepping import in_step, judged
from tests.daemon.reconcile.alphabet import (
    NET30,
    NET45,
    RENT,
    SALES,
    TO_RENT,
    TO_SALES,
    dear_item,
    qbo_item,
    vendor,
)
from tests.daemon.reconcile.worlds import DEAR, QBO, change_kind, change_rule, policy
from tests.jumpclock import JumpClock
from tests.ledger.store.support import KEY, Ticking, see

BOOKS: tuple[Record, ...] = (SALES, RENT, NET30, NET45)
ITEMS = 3


class Ruled(Company):
    """A company whose systems are not connected: what they can do stands in its policy."""

    def rules(self) -> Policy:
        return self.policy


class Shop:
    """A ledger with accounts, terms, items and a vendor that both systems show."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.shown: dict[ExternalRef, Record] = {}
        self.company = Ruled(
            ledger=ledger,
            connectors={},
            policy=policy(),
            clock=JumpClock(),
            pace=Pace(slice_records=1),
        )

    @classmethod
    async def open(cls, path: Path) -> "Shop":
        shop = cls(await Ledger.open(path, now=Ticking(), key=KEY, executor=inline))
        draft = shop.ledger.draft()
        for system in (QBO, DEAR):
            for kind in Kind:
                draft.cursor(Cursor(system=system, kind=kind, token="{}", complete=True))
        await shop.ledger.append(draft)
        for number, record in enumerate(BOOKS):
            await shop.show(f"b{number}", record, record)
        for number in range(ITEMS):
            same = {"name": f"Widget {number}", "sku": f"W-{number}"}
            await shop.show(f"i{number}", qbo_item(**same), dear_item(**same))
        await shop.show("v", vendor(), vendor())
        await shop.plan()
        return shop

    async def show(self, number: str, qbo: Record | None, dear: Record | None) -> None:
        for system, record in ((QBO, qbo), (DEAR, dear)):
            if record is None:
                continue
            ref = ExternalRef(system, record.KIND, number)
            if self.shown.get(ref) != record:
                self.shown[ref] = record
                draft = self.ledger.draft()
                see(draft, self.ledger, ref, record)
                await self.ledger.append(draft)

    async def add(self, entry: Entry) -> None:
        draft = self.ledger.draft(actor="ann")
        draft.add(entry)
        await self.ledger.append(draft)

    async def plan(self) -> None:
        await plan_dirty(self.company, CycleReport(cycle="c", reason="test", started_at=""))

    async def mark_all(self) -> None:
        await self.add(ConfigApplied(config=Digest("c" * 64), mapping_version=1))

    async def record(self, ref: ExternalRef) -> RecordId:
        found = await self.ledger.read(lambda views: views.record_of(ref))
        assert found is not None
        return found

    def judged(self) -> tuple[list[RecordId], list[str]]:
        return judged(self.ledger.path, self.company)


def item(number: int = 0) -> ExternalRef:
    return ExternalRef(DEAR, Kind.ITEM, f"i{number}")


async def test_what_agrees_is_in_step_and_is_passed_over(tmp_path: Path) -> None:
    shop = await Shop.open(tmp_path / "ledger.db")
    await shop.mark_all()
    before = shop.ledger.head

    await pass_over(shop.company, CycleReport(cycle="c", reason="t", started_at=""), lambda: False)

    left = await shop.ledger.read(lambda views: views.dirty(100))
    found, news = shop.judged()
    assert left == []
    assert len(found) == len(BOOKS) + ITEMS + 1, "passed over, they stay in step"
    assert news == []
    assert shop.ledger.head == before
    await shop.ledger.close()


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(policy(authority={Kind.ITEM: {"name": "books"}}), id="owner"),
        pytest.param(policy(on_foreign_edit={Kind.ITEM: {"*": "hold"}}), id="foreign edits"),
        pytest.param(policy(flows={Kind.ITEM: "off"}), id="flow"),
        pytest.param(policy(flows={Kind.ACCOUNT: "off"}), id="flow of what it points to"),
        pytest.param(policy(mapping_version=2), id="mapping"),
        pytest.param(change_rule(policy(), QBO, Kind.ITEM, "name", max_length=4), id="field"),
        pytest.param(change_kind(policy(), QBO, Kind.ACCOUNT, disabled="no"), id="feature"),
    ],
)
async def test_other_rules_of_a_kind_call_for_a_look(tmp_path: Path, rules: Policy) -> None:
    shop = await Shop.open(tmp_path / "ledger.db")
    shop.company.policy = rules
    await shop.mark_all()
    found = await shop.ledger.read(lambda views: in_step(views, shop.company))
    assert await shop.record(item()) not in found
    await shop.ledger.close()


async def test_rules_that_concern_no_pair_call_for_none(tmp_path: Path) -> None:
    shop = await Shop.open(tmp_path / "ledger.db")
    shop.company.policy = policy(limits=Limits(min_count=1), names="hold")
    found, news = shop.judged()
    assert len(found) == len(BOOKS) + ITEMS + 1
    assert news == []
    await shop.ledger.close()


async def test_a_renumbered_account_calls_for_a_look_at_what_points_to_it(tmp_path: Path) -> None:
    shop = await Shop.open(tmp_path / "ledger.db")
    moved = msgspec.structs.replace(SALES, code="4400")
    await shop.show("b0", moved, None)
    found, _ = shop.judged()
    assert await shop.record(item()) not in found
    await shop.plan()
    await shop.ledger.close()


async def test_a_standing_answer_calls_for_a_look(tmp_path: Path) -> None:
    shop = await Shop.open(tmp_path / "ledger.db")
    old, new = [await shop.record(ExternalRef(QBO, Kind.ACCOUNT, f"b{n}")) for n in (0, 1)]
    await shop.add(Remapped(system=QBO, old=old, new=new, reason="merged", by="ann"))
    await shop.mark_all()
    found = await shop.ledger.read(lambda views: in_step(views, shop.company))
    assert await shop.record(item()) not in found
    await shop.ledger.close()


async def test_an_unread_edit_an_end_and_a_parting_are_never_passed_over(tmp_path: Path) -> None:
    shop = await Shop.open(tmp_path / "ledger.db")
    edited, gone, parted = [await shop.record(item(number)) for number in range(ITEMS)]
    await shop.show("i0", qbo_item(name="Widget 0", sku="W-0", description="Other"), None)
    await shop.add(Tombstoned(ref=item(1), evidence="read answered 404"))
    await shop.add(Unlinked(record=parted, ref=ExternalRef(QBO, Kind.ITEM, "i2"), reason="wrong"))
    await shop.mark_all()
    found = await shop.ledger.read(lambda views: in_step(views, shop.company))
    assert not {edited, gone, parted} & set(found)
    await shop.ledger.close()


def test_what_a_digest_of_rules_covers_can_be_digested_for_every_kind() -> None:
    digests = {rules_of(kind, policy(), {}) for kind in KINDS}
    assert len(digests) == len(KINDS)


SHOWN: dict[str, tuple[Any, ...]] = {
    "name": ("Widget 0", "Widget 1", "wid:get", "Widget 0 (deleted)"),
    "sku": ("W-0", "W-1", "w-0 "),
    "sales_price": (None, Decimal("1"), Decimal("2.12345"), Decimal("2.1235")),
    "description": ("A widget", None, " A widget "),
    "income_account": (
        TO_SALES,
        TO_RENT,
        Reference(kind=Kind.ACCOUNT, key="Rent"),
        Reference(kind=Kind.ACCOUNT, id="b0"),
        Reference(kind=Kind.ACCOUNT, key="none"),
    ),
    "active": (True, False),
}
POLICIES = (
    policy(),
    policy(authority={Kind.ITEM: {"name": "source", "description": "books"}}),
    policy(on_foreign_edit={Kind.ITEM: {"*": "accept"}}),
    policy(on_foreign_edit={Kind.ITEM: {"*": "hold"}}),
    policy(flows={Kind.ACCOUNT: "off"}),
    policy(mapping_version=2),
    policy(names="hold", limits=Limits(min_count=1)),
    change_rule(policy(), QBO, Kind.ITEM, "sales_price", places=2),
    change_rule(policy(), QBO, Kind.ITEM, "description", access=Access.READ),
    change_kind(policy(), DEAR, Kind.ITEM, can_update=False),
)
Step = tuple[str, Any]
items = st.integers(0, ITEMS - 1)
systems = st.sampled_from((QBO, DEAR))
edits = st.sampled_from(sorted(SHOWN)).flatmap(
    lambda field: st.tuples(st.just(field), st.sampled_from(SHOWN[field]))
)
steps = st.one_of(
    st.tuples(st.just("edit"), st.tuples(systems, items, edits)),
    st.tuples(st.just("edit both"), st.tuples(items, edits)),
    st.tuples(
        st.just("account"),
        st.tuples(systems, st.sampled_from((0, 1)), st.sampled_from(("4000", "6000", "7000"))),
    ),
    st.tuples(st.just("remap"), st.sampled_from((True, False))),
    st.tuples(st.just("gone"), st.tuples(systems, items)),
    st.tuples(st.just("part"), items),
    st.tuples(st.just("rules"), st.sampled_from(POLICIES)),
    st.tuples(st.just("mark all"), st.none()),
    st.tuples(st.just("plan"), st.none()),
    st.tuples(st.just("plan"), st.none()),
)


async def take(shop: Shop, step: Step) -> None:
    name, said = step
    match name:
        case "edit" | "edit both":
            here = (said[0],) if name == "edit" else (QBO, DEAR)
            number, (field, value) = said[-2:]
            for system in here:
                was = shop.shown[ExternalRef(system, Kind.ITEM, f"i{number}")]
                now = msgspec.structs.replace(was, **{field: value})
                await shop.show(f"i{number}", *((now, None) if system == QBO else (None, now)))
        case "account":
            system, number, code = said
            now = msgspec.structs.replace(BOOKS[number], code=code)
            await shop.show(f"b{number}", *((now, None) if system == QBO else (None, now)))
        case "remap":
            old, new = [
                await shop.record(ExternalRef(QBO, Kind.ACCOUNT, f"b{number}")) for number in (0, 1)
            ]
            await shop.add(
                Remapped(system=QBO, old=old, new=new if said else None, reason="r", by="ann")
            )
        case "gone":
            ref = ExternalRef(said[0], Kind.ITEM, f"i{said[1]}")
            await shop.add(Tombstoned(ref=ref, evidence="read answered 404"))
            shop.shown.pop(ref)
            shop.shown[ref] = dear_item() if ref.system == DEAR else qbo_item()
        case "part":
            ref = ExternalRef(QBO, Kind.ITEM, f"i{said}")
            record, partner = await shop.record(ref), await shop.record(item(said))
            if record == partner:
                await shop.add(Unlinked(record=record, ref=ref, reason="wrong"))
        case "rules":
            shop.company.policy = said
        case "mark all":
            await shop.mark_all()
        case _:
            await shop.plan()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=14))
def test_the_short_way_says_what_the_long_one_says(story: Sequence[Step]) -> None:
    async def told() -> None:
        with TemporaryDirectory() as folder:
            shop = await Shop.open(Path(folder) / "ledger.db")
            try:
                for step in story:
                    await take(shop, step)
                    assert shop.judged()[1] == [], step
            finally:
                await shop.ledger.close()

    asyncio.run(told())
