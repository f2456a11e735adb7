"""What is said to be sent is what QuickBooks receives, byte for byte."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from daemon.control.protocol import Code, Declined
from daemon.control.protocol_drift import RequestAnswer
from daemon.control.rendering import request_of
from daemon.sandbox.server import serve
from ledger.model.entries import Paused, Resumed
from tests.daemon.cycle.test_documents import PURCHASE, buy, do, flowing, sell
from tests.scenarios.support import qbo_rows
from tests.town import Town


class Wiretap:
    """Stands between the daemon and QuickBooks, passes everything on and keeps what is written."""

    def __init__(self, behind: str) -> None:
        self.app = web.Application()
        self.app.router.add_route("*", "/{path:.*}", self._pass_on)
        self.written: list[tuple[str, str, str]] = []
        """Method, path with its query but for the request id, and body."""
        self._behind = behind

    async def _pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        if request.method == "POST" and "/v3/company/" in request.path:
            query = sorted((k, v) for k, v in request.query.items() if k != "requestid")
            said = "&".join(f"{name}={value}" for name, value in query)
            self.written.append((request.method, f"{request.path}?{said}", body.decode()))
        headers = {k: v for k, v in request.headers.items() if k.lower() != "host"}
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(
                request.method, f"{self._behind}{request.path_qs}", data=body, headers=headers
            ) as answer,
        ):
            kept = {
                k: v
                for k, v in answer.headers.items()
                if k.lower() not in {"transfer-encoding", "content-length"}
            }
            return web.Response(body=await answer.read(), status=answer.status, headers=kept)


@asynccontextmanager
async def overheard(folder: Path) -> AsyncIterator[tuple[Town, Wiretap]]:
    async with flowing(folder) as company:
        tap = Wiretap(company.urls["qbo"])
        async with serve(tap.app) as url:
            direct, company.urls["qbo"] = company.urls["qbo"], url
            await company.restart()
            await company.cycle()
            company.urls["qbo"] = direct  # the test's own edits go straight there
            yield company, tap


async def told(company: Town) -> list[RequestAnswer]:
    """What every operation that waits says it would send."""
    rows = await company.operations("waiting", "planned", "approved")
    now = company.clock.now()
    return [
        await request_of(company.scheduler.company, row.operation.digest, as_of=now) for row in rows
    ]


async def foretold(company: Town) -> list[RequestAnswer]:
    """What waits after a cycle in which nothing may be written."""
    await note(company, Paused(reason="look first", by="test"))
    await company.cycle()
    shown = await told(company)
    await note(company, Resumed(reason="looked", by="test"))
    return shown


async def note(company: Town, entry: Paused | Resumed) -> None:
    draft = company.ledger.draft(actor="test")
    draft.add(entry)
    await company.ledger.append(draft)


async def comes_true(company: Town, tap: Wiretap) -> RequestAnswer:
    """The one request that was foretold, and that was then received."""
    (shown,) = await foretold(company)
    assert tap.written == []
    await company.cycle()
    assert tap.written == [(shown.method, shown.path, shown.body)]
    tap.written.clear()
    return shown


async def test_an_item_is_updated_as_it_was_said(tmp_path: Path) -> None:
    async with overheard(tmp_path) as (company, tap):
        await company.edit("dear", {"kind": "product", "sku": "BR-1", "set": {"PriceTier1": 7.25}})
        shown = await comes_true(company, tap)
        assert (shown.system, shown.batched) == ("qbo", True)
        assert '"UnitPrice":7.25' in shown.body
        assert '"sparse":true' in shown.body


async def test_documents_are_made_and_changed_as_it_was_said(tmp_path: Path) -> None:
    async with overheard(tmp_path) as (company, tap):
        await sell(company)
        invoice = await comes_true(company, tap)
        assert "/invoice?" in invoice.path
        await buy(company, billed=False)
        (order,) = await foretold(company)
        assert (order.method, order.body) == ("", "")
        assert "has not been asked" in order.text
        await company.cycle()  # which account it owes to is known from now on
        tap.written.clear()
        await do(company, "purchase", PURCHASE, "invoice")
        bill = await comes_true(company, tap)
        assert "/bill?" in bill.path
        assert '"LinkedTxn"' in bill.body


async def test_what_goes_to_dear_is_laid_over_a_look(tmp_path: Path) -> None:
    async with overheard(tmp_path) as (company, tap):
        (item,) = [row for row in qbo_rows(company, "item") if row.get("Sku") == "BR-1"]
        await company.edit("qbo", {"kind": "item", "id": item["Id"], "set": {"UnitPrice": 9}})
        (shown,) = await foretold(company)
        assert (shown.system, shown.body) == ("dear", "")
        assert "right before each write" in shown.text
        assert tap.written == []


async def test_a_digest_that_nothing_has_is_refused(tmp_path: Path) -> None:
    async with overheard(tmp_path) as (company, _):
        for digest, code in (("", Code.BAD_REQUEST), ("abc", Code.STALE)):
            with pytest.raises(Declined) as refused:
                await request_of(company.scheduler.company, digest, as_of=company.clock.now())
            assert refused.value.code is code
