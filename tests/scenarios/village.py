"""A very small company for scenarios: a few ordinary records, all on both sides, none awkward.

A scenario adds its own awkward record and can be sure that whatever is then held, planned or
written is about that one.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from daemon.control.desk import Actor, Desk, Facts
from daemon.control.keeping import Keeper
from daemon.cycle.report import CycleReport
from daemon.sandbox.dear.switches import DearSwitches
from daemon.sandbox.mint import Mint
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.world import PartyFace, ProductFace, Thing, World
from ledger.model.facts import HoldCode
from ledger.store.rows import HeldRow, OperationRow
from tests.town import KEY, Town, town
from tests.worlds import empty_world

ACCOUNTS = ("1", "20", "33", "35", "79", "80", "81", "84", "90")
TAX_CODES = ("TAX", "NON", "CustomSalesTax", "california", "exempt")
TERMS = ("Net 15", "Net 30", "Net 60")

VENDORS = ("Alder Paper", "Birch Metals", "Cedar Tools")
CUSTOMERS = ("Delta Cafe", "Elm Street Garden", "Fern Hotel")
ITEMS = ("Anvil", "Bolt", "Clamp", "Drill")

BOOKKEEPER = Actor(uid=1000, name="bookkeeper")


def village(
    *,
    seed: int = 1,
    vendors: Sequence[Thing[PartyFace]] = (),
    customers: Sequence[Thing[PartyFace]] = (),
    products: Sequence[Thing[ProductFace]] = (),
    items: Sequence[str] = ITEMS,
    step: int = 0,
    closed_until: str = "",
) -> World:
    """A world of the ordinary records above; what is given comes on top.

    Items cost 10.00, and each ``step`` more than the one before.
    """
    whole = empty_world(seed, "small")
    mint = Mint(seed)
    return replace(
        whole,
        company=replace(whole.company, closed_until=closed_until),
        accounts=tuple(t for t in whole.accounts if t.key.removeprefix("account-") in ACCOUNTS),
        tax_codes=tuple(t for t in whole.tax_codes if t.key in TAX_CODES),
        terms=tuple(t for t in whole.terms if t.key in TERMS),
        classes=whole.classes[:1],
        payment_methods=whole.payment_methods[:1],
        vendors=(*(_party(mint, "vendor", name) for name in VENDORS), *vendors),
        customers=(*(_party(mint, "customer", name) for name in CUSTOMERS), *customers),
        products=(
            *(_product(mint, name, Decimal(10 + n * step)) for n, name in enumerate(items)),
            *products,
        ),
    )


def _party(mint: Mint, kind: str, name: str) -> Thing[PartyFace]:
    face = replace(mint.named_party(kind, name), terms="Net 30")
    return Thing(name, qbo=mint.qbo_party(face), dear=mint.dear_party(kind, face))


def _product(mint: Mint, name: str, price: Decimal) -> Thing[ProductFace]:
    face = replace(
        mint.named_product(name),
        sku=name.upper(),
        type="Stock",
        unit="Item",
        category="Hardware",
        sales_price=price,
        purchase_cost=Decimal("6.00"),
        purchase_description="",
    )
    return Thing(name, qbo=mint.qbo_product(face), dear=mint.dear_product(face))


@asynccontextmanager
async def settled(
    folder: Path,
    *,
    world: World | None = None,
    qbo: QboSwitches | None = None,
    dear: DearSwitches | None = None,
    **policy: Any,
) -> AsyncIterator[Town]:
    """A village in agreement, its first plan approved, nothing left to do."""
    async with town(folder, world=world or village(), qbo=qbo, dear=dear, **policy) as one:
        await one.agree()
        yield one


def books(one: Town, entity: str, name: str) -> dict[str, Any]:
    """The one record of QuickBooks' own state with that name, inactive ones included."""
    found = [s for s in one.qbo.state.all(entity) if s.name == name]
    assert len(found) == 1, f"{len(found)} {entity} records are called {name!r}"
    return {"Id": found[0].id, **found[0].fields}


def source(one: Town, kind: str, name: str) -> dict[str, Any]:
    """The one record of DEAR's own state with that name."""
    found = [row for row in one.dear.state.dump(kind) if row["Name"] == name]
    assert len(found) == 1, f"{len(found)} {kind} records are called {name!r}"
    return found[0]


def summaries(one: Town, system: str, since: int = 0) -> list[str]:
    """What the daemon asked for, in the sandbox's own words, after row ``since`` of its log."""
    return [row["summary"] for row in one.log.since(since, system=system)]


def written(one: Town, since: int = 0) -> list[Mapping[str, Any]]:
    """Rows of both logs in which the daemon changed or created something."""
    return [row for row in one.log.since(since) if row["created"] or row["changed"]]


def desk(one: Town) -> Desk:
    """The control interface of the running daemon, as ``trueup status`` and ``plan`` see it."""
    return Desk(
        keeper=Keeper(ledger=one.ledger, key=KEY, clock=one.clock),
        scheduler=one.scheduler,
        clock=one.clock,
        facts=Facts(
            instance="village",
            company="Village",
            version="0",
            approvals_expire_after=timedelta(days=7),
        ),
    )


async def held(one: Town, code: HoldCode) -> list[HeldRow]:
    """Everything that is held for this reason."""
    return [row for row in await one.holds() if row.hold.code is code]


async def the_hold(one: Town, code: HoldCode) -> HeldRow:
    """The one hold of this kind, which names what to do about it."""
    rows = await held(one, code)
    assert len(rows) == 1, [(row.label, row.hold.code, row.hold.text) for row in await one.holds()]
    assert rows[0].hold.text
    assert rows[0].hold.cure
    return rows[0]


async def pending(one: Town) -> list[OperationRow]:
    """Operations that are neither done nor refused."""
    return await one.operations("planned", "waiting", "approved", "intended")


def problem(report: CycleReport, code: str) -> str:
    """The text of the one problem of a cycle, which must be this one and say its cure."""
    assert [p.code for p in report.problems] == [code], report.problems
    assert report.problems[0].cure
    return report.problems[0].message
