"""A bare client for the QBO simulator: it adds the token and decodes JSON, nothing else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import aiohttp

from daemon.sandbox.qbo.app import QboTwin
from daemon.sandbox.qbo.wire import encode
from tests.jumpclock import JumpClock


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw, parse_float=Decimal)

    @property
    def error(self) -> dict[str, Any]:
        """The first error of a fault."""
        errors: list[dict[str, Any]] = self.body["Fault"]["Error"]
        return errors[0]

    @property
    def code(self) -> str:
        return str(self.error["code"])


@dataclass
class Client:
    twin: QboTwin
    url: str
    session: aiohttp.ClientSession
    clock: JumpClock
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def company(self) -> str:
        return f"{self.url}/v3/company/{self.twin.credentials['realm_id']}"

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        **params: str,
    ) -> Answer:
        headers = {
            "Authorization": f"Bearer {self.twin.credentials['access_token']}",
            "Accept": "application/json",
            **self.headers,
        }
        data: bytes | None = None
        if body is not None:
            headers["Content-Type"] = content_type
            data = body.encode() if isinstance(body, str) else encode(body)
        url = path if path.startswith("http") else f"{self.company}/{path}"
        async with self.session.request(
            method, url, data=data, params=params, headers=headers, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, **params: str) -> Answer:
        return await self.send("GET", path, **params)

    async def post(self, path: str, body: Any, **params: str) -> Answer:
        return await self.send("POST", path, body, **params)

    async def create(self, entity: str, **fields: Any) -> dict[str, Any]:
        """Create a record and return it; fails the test on a fault."""
        answer = await self.post(entity.lower(), fields)
        assert answer.status == 200, answer.raw
        created: dict[str, Any] = answer.body[entity]
        return created

    async def sparse(self, entity: str, record: Mapping[str, Any], **changes: Any) -> Answer:
        body = {"Id": record["Id"], "SyncToken": record["SyncToken"], "sparse": True, **changes}
        return await self.post(entity.lower(), body)

    async def read(self, entity: str, record_id: str) -> dict[str, Any]:
        answer = await self.get(f"{entity.lower()}/{record_id}")
        assert answer.status == 200, answer.raw
        record: dict[str, Any] = answer.body[entity]
        return record

    async def query(self, statement: str) -> dict[str, Any]:
        answer = await self.get("query", query=statement)
        assert answer.status == 200, answer.raw
        found: dict[str, Any] = answer.body["QueryResponse"]
        return found

    async def cdc(self, entities: str, since: str) -> list[dict[str, Any]]:
        answer = await self.get("cdc", entities=entities, changedSince=since)
        assert answer.status == 200, answer.raw
        groups: list[dict[str, Any]] = answer.body["CDCResponse"][0]["QueryResponse"]
        return groups

    async def control(self, path: str, body: Any = None) -> Answer:
        method = "GET" if body is None else "POST"
        return await self.send(method, f"{self.url}/_sandbox/{path}", body)
