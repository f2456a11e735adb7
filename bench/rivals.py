"""The same work by what one would pick instead: calls, bytes, minutes, and what a lost reply does.

Beside the daemon stand ``python-quickbooks`` (one ``save`` after the other, and its own batches),
and the way of a Singer tap: a query for every entity at every look, with and without a bookmark.
All of them run against the same simulator. Bytes are those of bodies, before compression. The
rivals know no limits, so the simulator keeps none for them, and their minutes are worked out from
Intuit's limits and from answers that take 6 s for a batch and 0.6 s for anything else.

    python -m bench.rivals --items 600 --invoices 100 --lost 10
"""

import asyncio
import math
import os
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from unittest.mock import patch

from bench.export import BATCH, BATCHES, PER_MINUTE, PER_SECOND, Sent, export, limits_alone
from bench.figures import arguments, table, verdict
from daemon.clock import SystemClock
from daemon.connectors.http import Http
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.switches import QboSwitches
from daemon.sandbox.server import serve
from daemon.sandbox.world import make_world
from ledger.store.engine import inline
from tests.town import town
from tests.virtualtime import LoopClock, run

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from intuitlib.client import AuthClient
    from quickbooks import QuickBooks
    from quickbooks.batch import batch_create
    from quickbooks.objects.base import Ref
    from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
    from quickbooks.objects.invoice import Invoice
    from quickbooks.objects.item import Item
    from requests.exceptions import ConnectionError as Broken

T = TypeVar("T")

BATCH_S, SINGLE_S = 6.0, 0.6
ENTITIES = (
    "Account",
    "TaxCode",
    "Term",
    "Class",
    "PaymentMethod",
    "Vendor",
    "Customer",
    "Item",
)
"""What the daemon watches without documents; a tap has some twenty streams more."""
PAGE = 1000
BOOKMARK = "2037-01-01T00:00:00-08:00"
"""As after a look a moment ago: nothing is newer."""
LOOKS_A_MONTH = 60 * 24 * 30


class Traffic:
    """Calls and bytes of bodies."""

    def __init__(self) -> None:
        self.calls = self.sent = self.received = 0

    def add(self, sent: int, received: int) -> None:
        self.calls += 1
        self.sent += sent
        self.received += received

    def forget(self) -> None:
        self.calls = self.sent = self.received = 0

    @property
    def cells(self) -> list[str]:
        return [f"{self.calls:,}", f"{self.sent / 1e6:.2f} MB", f"{self.received / 1e6:.2f} MB"]


class Rival:
    """``python-quickbooks``, set up as its manual says, its traffic counted."""

    def __init__(self, twin: QboTwin, url: str) -> None:
        given = twin.credentials
        self.twin = twin
        self.auth = AuthClient(
            client_id=given["client_id"],
            client_secret=given["client_secret"],
            redirect_uri="http://localhost:8047/callback",
            environment=twin.addresses(url)["discovery_url"],
            refresh_token=given["refresh_token"],
        )
        self.qb = QuickBooks(
            auth_client=self.auth,
            refresh_token=given["refresh_token"],
            company_id=given["realm_id"],
            minorversion=75,
        )
        self.traffic = Traffic()
        self.qb.session.hooks["response"].append(self._answered)

    def _answered(self, response: Any, **_: Any) -> None:
        self.traffic.add(len(response.request.body or b""), len(response.content))

    def fresh(self) -> Traffic:
        self.traffic = Traffic()
        return self.traffic

    def close(self) -> None:
        self.auth.close()
        self.qb.session.close()


@asynccontextmanager
async def simulator(size: Any) -> AsyncIterator[tuple[QboTwin, str]]:
    """QuickBooks without limits, over real sockets."""
    switches = QboSwitches(throttling=False)
    world = make_world(1, size)
    twin = QboTwin(world, clock=SystemClock(), faults=FaultScript(), switches=switches)
    async with serve(twin.app) as url:
        yield twin, url


def with_rival(size: str, story: Callable[[Rival], T]) -> T:
    """Runs the rival, which is synchronous, in a thread beside the simulator."""

    async def told() -> T:
        async with simulator(size) as (twin, url):
            with (
                patch.object(QuickBooks, "api_url_v3", f"{url}/v3"),
                patch.object(QuickBooks, "sandbox_api_url_v3", f"{url}/v3"),
                patch.dict(os.environ, {"OAUTHLIB_INSECURE_TRANSPORT": "1"}),
            ):
                return await asyncio.to_thread(_story, twin, url, story)

    return asyncio.run(told())


def _story(twin: QboTwin, url: str, story: Callable[[Rival], T]) -> T:
    rival = Rival(twin, url)
    try:
        return story(rival)
    finally:
        rival.close()


def ref(value: str) -> Any:
    found = Ref()
    found.value = value
    return found


def item(number: int) -> Any:
    """With about the fields that the daemon sends."""
    found = Item()
    found.Name = f"Bracket BR-{number:06d}"
    found.Sku = f"BR-{number:06d}"
    found.Type = "NonInventory"
    found.UnitPrice = 8.5
    found.IncomeAccountRef = ref("79")
    found.ExpenseAccountRef = ref("80")
    return found


def invoice(number: int) -> Any:
    line = SalesItemLine()
    line.Amount = 100
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = ref("5")
    found = Invoice()
    found.CustomerRef = ref("1")
    found.PrivateNote = f"order {number}"
    found.Line.append(line)
    return found


class Export(NamedTuple):
    name: str
    traffic: Traffic
    by_limits: float
    """Minutes that Intuit's limits impose on these calls."""
    by_answers: float
    """Minutes when answers take their time, one after the other for the rivals."""


def exports(items: int) -> list[Export]:
    def one_by_one(rival: Rival) -> Traffic:
        traffic = rival.fresh()
        for number in range(items):
            item(number).save(qb=rival.qb)
        return traffic

    def in_batches(rival: Rival) -> Traffic:
        traffic = rival.fresh()
        batch_create([item(number) for number in range(items)], qb=rival.qb)
        return traffic

    single = with_rival("small", one_by_one)
    batched = with_rival("small", in_batches)
    ours, at_once, slow = our_export(items)
    return [
        Export("python-quickbooks, save", single, minutes(items, 0), items * SINGLE_S / 60),
        Export(
            "python-quickbooks, batch_create",
            batched,
            minutes(items, BATCHES),
            math.ceil(items / BATCH) * BATCH_S / 60,
        ),
        Export("trueup", ours, at_once.minutes, slow.minutes),
    ]


def minutes(items: int, batches: int) -> float:
    per_minute = batches or PER_MINUTE
    return limits_alone(items, batches=batches, per_minute=per_minute, per_second=PER_SECOND)[1]


@asynccontextmanager
async def counted() -> AsyncIterator[Traffic]:
    """What the daemon's own connectors send to QuickBooks and hear from it."""
    traffic = Traffic()
    attempt = Http._attempt

    async def watched(self: Http, method: str, url: Any, body: Any, headers: Any) -> Any:
        reply = await attempt(self, method, url, body, headers)
        if url.path.startswith("/v3/"):
            traffic.add(len(body or b""), len(reply.body))
        return reply

    with patch.object(Http, "_attempt", watched):
        yield traffic


def our_export(items: int) -> tuple[Traffic, Sent, Sent]:
    async def told() -> tuple[Traffic, Sent]:
        async with counted() as traffic:
            sent = await export(items, 0.0, {}, begun=traffic.forget)
        return traffic, sent

    traffic, at_once = run(told())
    return traffic, at_once, run(export(items, BATCH_S, {}))


def looks(size: str) -> list[tuple[str, Traffic]]:
    """One look in which nothing has changed."""

    def tap(rival: Rival, where: str) -> Traffic:
        traffic = rival.fresh()
        for entity in ENTITIES:
            position = 1
            while True:
                select = f"SELECT * FROM {entity}{where} STARTPOSITION {position} MAXRESULTS {PAGE}"
                found = rival.qb.query(select)["QueryResponse"].get(entity, [])
                position += len(found)
                if len(found) < PAGE:
                    break
        return traffic

    since = f" WHERE MetaData.LastUpdatedTime > '{BOOKMARK}'"
    return [
        ("a query for every entity, whole", with_rival(size, lambda one: tap(one, ""))),
        ("the same with a bookmark", with_rival(size, lambda one: tap(one, since))),
        ("trueup", run(our_look(size))),
    ]


async def our_look(size: Any) -> Traffic:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        async with (
            counted() as traffic,
            town(Path(name), size=size, executor=inline, in_memory=True, clock=LoopClock()) as one,
        ):
            while not (await one.cycle("rest")).learned_nothing:
                pass
            traffic.forget()
            await one.cycle("look")
            return traffic


def lost_invoices(count: int, lost: int) -> int:
    """How many invoices stand in the books when a loop tries again after a broken connection."""

    def story(rival: Rival) -> int:
        before = len(list(rival.twin.state.all("Invoice")))
        rival.twin.faults.extend(
            {"system": "qbo", "kind": "lost_reply", "path": "*/invoice", "after": n * count // lost}
            for n in range(lost)
        )
        for number in range(count):
            while True:
                try:
                    invoice(number).save(qb=rival.qb)
                    break
                except Broken:
                    continue
        return len(list(rival.twin.state.all("Invoice"))) - before

    return with_rival("small", story)


def show(options: Any) -> None:
    found = exports(options.items)
    table(
        f"{options.items:,} new items",
        ["by", "calls", "sent", "received", "minutes by limits", "minutes by answers"],
        [
            [one.name, *one.traffic.cells, f"{one.by_limits:.1f}", f"{one.by_answers:.1f}"]
            for one in found
        ],
    )
    seen = looks(options.size)
    table(
        f"One look in which nothing changed, company {options.size}, {len(ENTITIES)} entities",
        ["by", "calls", "sent", "received", "metered reads a month at one look a minute"],
        [[name, *one.cells, f"{one.calls * LOOKS_A_MONTH:,}"] for name, one in seen],
    )
    made = lost_invoices(options.invoices, options.lost)
    again = run(export(options.items, 0.0, {}, lost=options.lost))
    wanted = f"{options.invoices:,} invoices, {options.lost} replies lost"
    ours = f"{options.items:,} items, {options.lost} replies lost"
    table(
        "When a reply is lost after QuickBooks acted",
        ["by", "wanted", "in the books", "doubled"],
        [
            ["python-quickbooks, tried again", wanted, f"{made:,}", f"{made - options.invoices:,}"],
            ["trueup", ours, f"{again.there:,}", f"{again.there - options.items:,}"],
        ],
    )
    verdict(
        f"records doubled by {options.lost} lost replies",
        "0",
        f"{again.there - options.items}",
        met=again.there == options.items,
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--items", type=int, default=600)
    parser.add_argument("--invoices", type=int, default=100)
    parser.add_argument("--lost", type=int, default=10)
    parser.add_argument("--size", default="large", choices=["small", "medium", "large"])
    show(parser.parse_args())


if __name__ == "__main__":
    main()
