"""What the scenarios share: a company small enough to look at whole, and portraits of its state.

Every count and portrait is taken from the sandboxes themselves, never from what we say of them.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

from daemon.sandbox.dear import control as dear_control
from daemon.sandbox.mint import Mint
from daemon.sandbox.qbo import control as qbo_control
from daemon.sandbox.requestlog import LogRow
from daemon.sandbox.world import PartyFace, ProductFace, TaxFace, Thing, World
from ledger.model.ids import Kind, RecordId
from ledger.store.ledger import Draft
from tests.town import DEAR, QBO, Town, town
from tests.worlds import make_world

T = TypeVar("T")

ACCOUNTS = frozenset({"1", "20", "33", "79", "80", "81", "84", "90"})
"""QBO ids of the accounts of the small chart; all of them are in DEAR too."""

QBO_PARTS = ("account", "term", "vendor", "customer", "item")
DEAR_PARTS = ("account", "paymentterm", "supplier", "customer", "product")


def tiny(
    *,
    vendors: tuple[Thing[PartyFace], ...] = (),
    customers: tuple[Thing[PartyFace], ...] = (),
    products: tuple[Thing[ProductFace], ...] = (),
    terms: frozenset[str] = frozenset({"Net 15", "Net 30"}),
) -> World:
    """A company whose books are in order: what is given, over a short chart that both share."""
    whole = make_world(7, "small")
    taxes = {"TAX", "NON", "california", "exempt"}
    return replace(
        whole,
        accounts=tuple(t for t in whole.accounts if t.qbo is not None and t.qbo.id in ACCOUNTS),
        tax_codes=tuple(_for_sales_only(t) for t in whole.tax_codes if t.key in taxes),
        terms=tuple(t for t in whole.terms if t.key in terms),
        classes=(),
        payment_methods=(),
        vendors=vendors,
        customers=customers,
        products=products,
    )


def _for_sales_only(thing: Thing[TaxFace]) -> Thing[TaxFace]:
    """As the books say it, so that the first plan of a world of equal pairs is empty."""
    if thing.key != "california" or thing.dear is None:
        return thing
    return replace(thing, dear=replace(thing.dear, for_purchases=False))


class Goods:
    """Makes things with names that a test chooses, on one side or on both."""

    def __init__(self) -> None:
        self._mint = Mint(7)

    def vendor(self, name: str, *, qbo: bool = True, dear: bool = True) -> Thing[PartyFace]:
        return self._party("vendor", name, qbo=qbo, dear=dear)

    def customer(self, name: str, *, qbo: bool = True, dear: bool = True) -> Thing[PartyFace]:
        return self._party("customer", name, qbo=qbo, dear=dear)

    def item(
        self, sku: str, *, qbo: bool = True, dear: bool = True, price: str = "8.5"
    ) -> Thing[ProductFace]:
        face = replace(
            self._mint.named_product(f"Bracket {sku}"),
            sku=sku,
            type="Stock",
            unit="Item",
            sales_price=Decimal(price),
        )
        return Thing(
            sku,
            qbo=self._mint.qbo_product(face) if qbo else None,
            dear=self._mint.dear_product(face) if dear else None,
        )

    def _party(self, kind: str, name: str, *, qbo: bool, dear: bool) -> Thing[PartyFace]:
        face = replace(self._mint.named_party(kind, name), terms="Net 30")
        return Thing(
            name,
            qbo=self._mint.qbo_party(face) if qbo else None,
            dear=self._mint.dear_party(kind, face) if dear else None,
        )


@asynccontextmanager
async def village(folder: Path, world: World | None = None, **options: Any) -> AsyncIterator[Town]:
    """A town over a tiny world, with one pair of each kind unless told otherwise."""
    async with town(folder, world=world or pairs(), **options) as one:
        yield one


def pairs() -> World:
    """One vendor, one customer and two items, each on both sides and equal."""
    goods = Goods()
    return tiny(
        vendors=(goods.vendor("Amber Freight"),),
        customers=(goods.customer("Birch Gardens"),),
        products=(goods.item("BR-1"), goods.item("BR-2")),
    )


# -- what the sandboxes hold --------------------------------------------------------------------


def qbo_rows(one: Town, kind: str) -> list[dict[str, Any]]:
    """Every record of a kind in QBO as a read would show it, inactive ones included."""
    spec = qbo_control.spec_of(kind)
    assert spec is not None
    return qbo_control.dump(one.qbo.state, spec)


def dear_rows(one: Town, kind: str) -> list[dict[str, Any]]:
    """Every record of a kind in DEAR, deprecated ones included."""
    return one.dear.state.dump(dear_control.KIND_NAMES.get(kind, kind))


def qbo_row(one: Town, kind: str, name: str) -> dict[str, Any]:
    """The one record of QBO that has this name or SKU."""
    found = [row for row in qbo_rows(one, kind) if name in _names(row)]
    assert len(found) == 1, f"{len(found)} records of kind {kind} are called {name!r} in QBO"
    return found[0]


def dear_row(one: Town, kind: str, name: str) -> dict[str, Any]:
    """The one record of DEAR that has this name or SKU."""
    found = [row for row in dear_rows(one, kind) if name in _names(row)]
    assert len(found) == 1, f"{len(found)} records of kind {kind} are called {name!r} in DEAR"
    return found[0]


def _names(row: dict[str, Any]) -> set[Any]:
    return {row.get(key) for key in ("Name", "DisplayName", "Sku", "SKU")} - {None}


def save_in_qbo(one: Town, kind: str, name: str, **fields: Any) -> None:
    """What a person does on QBO's screen, at once: for use inside a hook."""
    order = {"kind": kind, "id": qbo_row(one, kind, name)["Id"], "set": fields}
    qbo_control.edit(one.qbo.state, order)


def create_in_qbo(one: Town, kind: str, **fields: Any) -> None:
    """A new record on QBO's screen, at once."""
    qbo_control.edit(one.qbo.state, {"kind": kind, "create": fields})


def save_in_dear(one: Town, kind: str, name: str, **fields: Any) -> None:
    """What a person does on DEAR's screen, at once: for use inside a hook."""
    order = {"kind": kind, "id": dear_row(one, kind, name)["_id"], "set": fields}
    dear_control.edit(one.dear.state, order)


def sent(one: Town, system: str, method: str, tail: str, *, after: int = 0) -> list[LogRow]:
    """The requests that a sandbox saw, whether it carried them out or not, oldest first."""
    return [
        row
        for row in one.log.since(after, system=system, limit=1_000_000)
        if row["method"] == method and row["path"].lower().endswith(f"/{tail}")
    ]


def request_ids(rows: list[LogRow]) -> list[str]:
    """The request ids that QBO requests carried, lost ones included."""
    return [value for row in rows for value in parse_qs(row["query"]).get("requestid", [""])]


def nothing_doubled(one: Town) -> None:
    """No name and no SKU stands twice in either system, ``(deleted)`` marks apart."""
    for kind in QBO_PARTS:
        rows = qbo_rows(one, kind)
        for key in ("Name", "DisplayName", "Sku"):
            _all_once([r[key] for r in rows if r.get(key)], f"QBO {kind} {key}")
    for kind in DEAR_PARTS:
        rows = dear_rows(one, kind)
        for key in ("Name", "SKU"):
            _all_once([r[key] for r in rows if r.get(key)], f"DEAR {kind} {key}")


def _all_once(values: list[str], what: str) -> None:
    folded = Counter(value.casefold().strip() for value in values)
    doubled = [value for value, count in folded.items() if count > 1]
    assert not doubled, f"{what} stands more than once: {doubled}"


# -- portraits: equal for equal worlds, whatever ids were given ---------------------------------


def portrait(one: Town) -> dict[str, list[str]]:
    """Both sandboxes, record by record, without ids and times. QBO's versions are kept: they
    count the writes that changed something."""
    shown: dict[str, list[str]] = {}
    for kind in QBO_PARTS:
        shown[f"qbo {kind}"] = sorted(repr(_plain(row)) for row in qbo_rows(one, kind))
    for kind in DEAR_PARTS:
        shown[f"dear {kind}"] = sorted(repr(_plain(row)) for row in dear_rows(one, kind))
    return shown


_PASSING = frozenset(
    {"Id", "ID", "_id", "_modified", "MetaData", "value", "LastModifiedOn", "V4IDPseudonym"}
)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(value[key]) for key in sorted(value) if key not in _PASSING}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value


async def pairs_linked(one: Town) -> set[tuple[str, str, str]]:
    """Every linked record as (kind, name in QBO, name in DEAR)."""
    counts = await one.ledger.read(lambda views: views.counts())
    found: set[tuple[str, str, str]] = set()
    for kind in {count.kind for count in counts}:
        names = {DEAR: _dear_names(one, kind), QBO: _qbo_names(one, kind)}
        records: dict[RecordId, dict[str, str]] = {}
        for system, ids in names.items():
            for ref_id, name in ids.items():
                records.setdefault(await one.record_of(system, kind, ref_id), {})[system] = name
        found |= {(kind.value, n[QBO], n[DEAR]) for n in records.values() if len(n) == 2}
    return found


def _qbo_names(one: Town, kind: Kind) -> dict[str, str]:
    return {r["Id"]: r.get("DisplayName") or r["Name"] for r in qbo_rows(one, kind.value)}


def _dear_names(one: Town, kind: Kind) -> dict[str, str]:
    if kind in (Kind.CLASS, Kind.PAYMENT_METHOD):
        return {}
    return {r["_id"]: r["Name"] for r in dear_rows(one, kind.value)}


async def require_sound(one: Town) -> None:
    """The journal verifies, and all views are what a fold from nothing gives."""
    report = await one.ledger.verify()
    assert report.problems == ()


# -- killing the daemon -------------------------------------------------------------------------


async def killed(one: Town, life: Coroutine[Any, Any, T], arm: Callable[["Axe"], None]) -> bool:
    """Run a life of the daemon until the axe falls, then start the next daemon over what is left.

    False when the life came to its natural end first.
    """
    task = asyncio.ensure_future(life)
    axe = Axe(one, task)
    arm(axe)
    await asyncio.wait({task})
    axe.lift()
    if not task.cancelled():
        task.result()
        return False
    await one.restart()
    return True


class Axe:
    """Ends a daemon's life at a chosen append to its ledger or at a chosen request."""

    def __init__(self, one: Town, task: "asyncio.Future[Any]") -> None:
        self._one = one
        self._task = task
        self._appends = 0
        self._requests = 0

    def fall(self) -> None:
        """Now."""
        self._task.cancel()

    def before_append(self, number: int) -> None:
        """The ``number``-th append never becomes durable."""
        self._at_append(number, keep=False)

    def after_append(self, number: int) -> None:
        """The ``number``-th append is durable, and nobody hears of it."""
        self._at_append(number, keep=True)

    def after_answer(self, number: int) -> None:
        """A sandbox carried out the ``number``-th request, and its answer is never read."""
        add = self._one.log.add

        def counted(seen: Any) -> Any:
            row = add(seen)
            self._requests += 1
            if self._requests == number:
                self._task.cancel()
            return row

        self._one.log.add = counted  # type: ignore[method-assign]

    def after_answer_to(self, method: str, tail: str) -> None:
        """A sandbox carried out the first request of this sort, and its answer is never read."""
        add = self._one.log.add

        def watched(seen: Any) -> Any:
            row = add(seen)
            if row["method"] == method and row["path"].lower().endswith(f"/{tail}"):
                self._task.cancel()
            return row

        self._one.log.add = watched  # type: ignore[method-assign]

    def _at_append(self, number: int, *, keep: bool) -> None:
        append = self._one.ledger.append

        async def counted(draft: Draft) -> tuple[int, ...]:
            self._appends += 1
            if self._appends < number:
                return await append(draft)
            if self._appends == number and keep:
                await append(draft)
            self._task.cancel()
            await asyncio.Event().wait()  # nothing is heard of this daemon any more
            raise AssertionError("unreachable")

        self._one.ledger.append = counted  # type: ignore[method-assign]

    def lift(self) -> None:
        """Take the hooks away again."""
        for owner, name in ((self._one.ledger, "append"), (self._one.log, "add")):
            owner.__dict__.pop(name, None)
