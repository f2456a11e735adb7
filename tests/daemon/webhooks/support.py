"""A listener on loopback, what it rang for, and letters as Intuit and DEAR write them."""

import asyncio
import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from daemon.webhooks.doors import DearDoor, QboDoor, Settings
from daemon.webhooks.listener import Listener
from daemon.webhooks.tally import ANYWHERE, Result, Tally
from ledger.model.ids import Kind, SystemName

QBO = SystemName("qbo")
DEAR = SystemName("dear")
REALM = "9341457021722202"
NEW, OLD = b"token-of-today", b"token-of-yesterday"
SECRET = b"a-long-random-secret"
SECRET_HEADER = "X-Trueup-Secret"
FOLLOWED = frozenset({Kind.CUSTOMER, Kind.VENDOR, Kind.ITEM, Kind.BILL, Kind.INVOICE})
AT = datetime(2026, 8, 14, 9, 0, tzinfo=UTC)


@dataclass
class Ringing:
    """One listener under test."""

    listener: Listener
    http: aiohttp.ClientSession
    rung: list[tuple[str, frozenset[Kind]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.port}"

    def tally(self, system: SystemName = QBO) -> Tally:
        return self.listener.registers[system].tally(AT)

    @property
    def counted(self) -> dict[str, int]:
        """Results that came, of all systems together."""
        found: dict[str, int] = {}
        for system in (ANYWHERE, QBO, DEAR):
            for result, count in self.tally(system).received.items():
                if count:
                    found[result.value] = found.get(result.value, 0) + count
        return found

    async def post(self, body: bytes, *, path: str = "/qbo", **headers: str) -> int:
        """Status of a POST; names of headers are written with underscores."""
        told = {"Content-Type": "application/json"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.post(self.url + path, data=body, headers=told) as answer:
            assert await answer.read() == b"", "nothing is ever given back"
            assert answer.headers["Server"] == "trueup"
            return answer.status

    async def ring(self, body: bytes, *, token: bytes = NEW) -> int:
        """A notice of QuickBooks, signed."""
        return await self.post(body, intuit_signature=signature(body, token))

    async def head_of(self, data: bytes) -> bytes:
        """Bytes on a connection of their own; the head of the answer, while it stays open."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.listener.port)
        try:
            writer.write(data)
            return await reader.readuntil(b"\r\n\r\n")
        finally:
            writer.close()
            await writer.wait_closed()

    async def send_raw(self, data: bytes) -> bytes:
        """Bytes on a connection of their own, then no more; everything that comes back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.listener.port)
        try:
            writer.write(data)
            writer.write_eof()
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def ringing(
    *, tokens: Sequence[bytes] = (NEW, OLD), max_body: int = 1024 * 1024
) -> AsyncIterator[Ringing]:
    doors = (
        QboDoor(path="/qbo", secrets=tuple(tokens), realm=REALM),
        DearDoor(path="/dear", secrets=(SECRET,), proof=SECRET_HEADER),
    )
    settings = Settings(host="127.0.0.1", port=0, doors=doors, max_body=max_body)
    rung: list[tuple[str, frozenset[Kind]]] = []
    listener = Listener(
        settings,
        now=lambda: AT,
        ring=lambda system, kinds: rung.append((system, kinds)),
        follows=lambda _system: FOLLOWED,
    )
    await listener.start()
    try:
        async with aiohttp.ClientSession() as http:
            yield Ringing(listener, http, rung)
    finally:
        await listener.close()


def signature(body: bytes, token: bytes = NEW) -> str:
    return b64encode(hmac.digest(token, body, hashlib.sha256)).decode()


def notification(*entities: str, realm: str = REALM, at: str = "2026-08-14T09:00:00Z") -> bytes:
    """The old format."""
    told = [{"name": n, "id": "1", "operation": "Update", "lastUpdated": at} for n in entities]
    one: Any = {"realmId": realm, "dataChangeEvent": {"entities": told}}
    return json.dumps({"eventNotifications": [one]}).encode()


def cloud_events(*entities: str, realm: str = REALM) -> bytes:
    """The new format."""
    events = [
        {
            "specversion": "1.0",
            "id": f"88cd52aa-33b6-4351-9aa4-{number:012}",
            "source": "intuit.dsnfkjqdhsjkqsdhkqsj",
            "type": f"qbo.{entity}.updated.v1",
            "datacontenttype": "application/json",
            "time": "2026-08-14T09:00:00.123456789Z",
            "intuitentityid": "1234",
            "intuitaccountid": realm,
            "data": {},
        }
        for number, entity in enumerate(entities)
    ]
    return json.dumps(events).encode()


REFUSED = frozenset(
    {
        Result.NO_SIGNATURE,
        Result.BAD_SIGNATURE,
        Result.TOO_LARGE,
        Result.WRONG_TYPE,
        Result.WRONG_METHOD,
        Result.WRONG_ADDRESS,
        Result.CUT_SHORT,
        Result.BUSY,
    }
)
