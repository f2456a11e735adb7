"""A plain HTTP client of the DEAR twin: it knows nothing but URLs, headers and JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec

from daemon.sandbox.dear.app import DearTwin
from daemon.sandbox.faults import FaultScript
from daemon.sandbox.requestlog import RequestLog
from tests.jumpclock import JumpClock

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass
class Reply:
    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return _decoder.decode(self.text)

    @property
    def errors(self) -> list[str]:
        """Texts of an error body; fails when the body is anything else."""
        return [row["Exception"] for row in self.json]


@dataclass
class Dear:
    """One twin being served, and a session with the right headers."""

    twin: DearTwin
    url: str
    session: aiohttp.ClientSession
    clock: JumpClock
    faults: FaultScript
    log: RequestLog
    headers: dict[str, str] = field(default_factory=dict)

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Reply:
        where = path if path.startswith("/") else f"/ExternalApi/v2/{path}"
        data = raw if raw is not None else None if body is None else _encoder.encode(body)
        async with self.session.request(
            method,
            self.url + where,
            params=params or {},
            data=data,
            headers=self.headers if headers is None else headers,
            allow_redirects=False,
        ) as reply:
            return Reply(reply.status, await reply.text(), dict(reply.headers))

    async def get(self, path: str, **params: str) -> Reply:
        return await self.send("GET", path, params=params)

    async def rows(self, path: str, **params: str) -> list[dict[str, Any]]:
        """The rows of a list that is answered with 200."""
        reply = await self.get(path, **params)
        assert reply.status == 200, reply.text
        lists = [value for value in reply.json.values() if isinstance(value, list)]
        assert len(lists) == 1
        return list(lists[0])

    async def post(self, path: str, body: Any) -> Reply:
        return await self.send("POST", path, body)

    async def put(self, path: str, body: Any) -> Reply:
        return await self.send("PUT", path, body)

    async def delete(self, path: str, **params: str) -> Reply:
        return await self.send("DELETE", path, params=params)

    async def made(self, path: str, body: Any) -> dict[str, Any]:
        """The record that a POST made."""
        return _only(await self.post(path, body))

    async def changed(self, path: str, body: Any) -> dict[str, Any]:
        """The record that a PUT changed, as the answer shows it."""
        return _only(await self.put(path, body))

    async def edit(self, order: Any) -> Reply:
        """Do something as a person on DEAR's screens would."""
        return await self.send("POST", "/_sandbox/edit", order)


def _only(reply: Reply) -> dict[str, Any]:
    assert reply.status == 200, reply.text
    whole: dict[str, Any] = reply.json
    lists = [value for key, value in whole.items() if key not in ("Total", "Page")]
    if isinstance(lists[0], list) and "Total" in whole:
        assert whole["Total"] == 1
        assert len(lists[0]) == 1
        return dict(lists[0][0])
    return whole


PRODUCT = {
    "SKU": "TST-1",
    "Name": "Test bracket",
    "Category": "Hardware",
    "Type": "Stock",
    "CostingMethod": "FIFO",
    "UOM": "Item",
    "Status": "Active",
    "PriceTier1": Decimal("12.34"),
}
SUPPLIER = {
    "Name": "Test Supplier",
    "Currency": "USD",
    "PaymentTerm": "Net 30",
    "AccountPayable": "Q33",
    "TaxRule": "Tax Exempt",
    "Status": "Active",
}
CUSTOMER = {
    "Name": "Test Customer",
    "Currency": "USD",
    "PaymentTerm": "Net 30",
    "AccountReceivable": "Q84",
    "RevenueAccount": "Q79",
    "TaxRule": "California",
    "Status": "Active",
}
