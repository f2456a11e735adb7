"""Viewers never write: every address and method there is, asked by a viewer of a live daemon.

The addresses are read from the server's own table, so a new one is in it by itself: one that looks
must answer (give it a sample here), one that acts must be refused.
"""

import asyncio
import hashlib
import json
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

from daemon.catalogue.conduct import Conductor, Setting
from daemon.control.keeping import VERIFIED_KEY
from daemon.control.roles import act_of
from daemon.control.server import EVENTS, ControlServer
from ledger.model.entries import Refused
from tests.daemon.control.people import OF, VIEWER, hall, needs_root, rules
from tests.tui.conftest import Living, living

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "REPORT")
_ASK = """
import json, os, socket, sys
path, uid, groups, asked = json.loads(sys.stdin.read())
os.setgroups(groups)
os.setgid(uid)
os.setuid(uid)
for method, url, body in asked:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(60)
    sock.connect(path)
    data = body.encode()
    head = [f"{method} {url} HTTP/1.1", "Host: x", "Connection: close"]
    head.append(f"Content-Length: {len(data)}")
    sock.sendall("\\r\\n".join(head).encode() + b"\\r\\n\\r\\n" + data)
    answer = sock.recv(65536)
    while "/v1/events" not in url and (part := sock.recv(65536)):
        answer += part
    sock.close()
    print(json.dumps([int(answer.split()[1]), answer.partition(b"\\r\\n\\r\\n")[2].decode()[:300]]))
"""


class Asked(NamedTuple):
    method: str
    path: str
    url: str
    body: str


class Stands(NamedTuple):
    """Everything that a write would leave a trace in."""

    head: int
    files: Mapping[str, str]
    requests: int
    """Newest row of what the simulators were asked for."""


async def ask(socket: Path, asked: Sequence[Asked]) -> list[tuple[int, str]]:
    """What a viewer hears, from a process of their own."""
    told = [[one.method, one.url, one.body] for one in asked]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", _ASK),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    text = json.dumps([str(socket), VIEWER, list(OF[VIEWER]), told])
    out, _ = await asyncio.wait_for(process.communicate(text.encode()), 300)
    assert process.returncode == 0
    return [(status, said) for status, said in map(json.loads, out.splitlines())]


async def stands(live: Living) -> Stands:
    files = {
        str(path.relative_to(live.town.folder)): _content(path)
        for path in sorted(live.town.folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }
    head = await live.town.ledger.read(lambda views: views.head()[0])
    return Stands(head=head, files=files, requests=live.town.log.last)


def _content(path: Path) -> str:
    """A digest. Of the ledger, of all rows of all tables: when its log goes into the file is the
    engine's own affair. That it was proved, and when, is remembered whoever asked for the proof."""
    if path.name != "ledger.db":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    found = hashlib.sha256()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        names = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
        for name, sql in sorted(names):
            rows = [row for row in db.execute(f'SELECT * FROM "{name}"') if row[0] != VERIFIED_KEY]
            found.update(repr((name, sql, sorted(map(repr, rows)))).encode())
    return found.hexdigest()


async def samples(live: Living) -> Mapping[str, Any]:
    """By address: the query of a look, or the body of a question."""
    plan = await live.desk.plan(limit=1, offset=0)
    one = plan.operations[0]
    return {
        "/v1/history": f"?record={one.record}",
        "/v1/record": f"?record={one.record}",
        "/v1/operation/request": f"?digest={one.digest}",
        "/v1/ledger/export": "?bodies=1",
        "/v1/plan": "?limit=5",
        "/v1/past": {"at": "1", "record": ""},
        "/v1/report": {"period": "2026-10"},
        "/v1/drift": {"filter": "kind:item -x", "sort": "amount"},
        "/v1/queue": {"filter": "state:waiting"},
        "/v1/ledger/entries": {"filter": "entry:observed"},
    }


def everything(app: web.Application, known: Mapping[str, Any]) -> list[Asked]:
    """Every address by every method."""
    paths = sorted(
        {route.resource.canonical for route in app.router.routes() if route.resource is not None}
    )
    found = []
    for path in paths:
        sample = known.get(path, "")
        query = sample if isinstance(sample, str) else ""
        body = sample if isinstance(sample, dict) else {}
        found += [
            Asked(method, path, path + query, "" if method in ("GET", "HEAD") else json.dumps(body))
            for method in METHODS
        ]
    return found


@needs_root
async def test_no_address_lets_a_viewer_write_anything(tmp_path: Path) -> None:
    async with living(tmp_path) as live:
        await live.cycle()
        setting = Setting(
            company="x", people=1, expire_after=live.desk.facts.approvals_expire_after
        )
        conductor = Conductor(live.town.scheduler, setting)
        with hall() as folder:
            server = ControlServer(
                live.desk, folder / "control.sock", conductor=conductor, access=rules()
            )
            await server.start()
            try:
                await _asked_everything(live, server)
            finally:
                await server.close()


async def _asked_everything(live: Living, server: ControlServer) -> None:
    runner = server._runner
    assert runner is not None
    table = everything(runner.app, await samples(live))
    offered = {
        (route.method, route.resource.canonical)
        for route in runner.app.router.routes()
        if route.resource is not None
    }
    looks = [
        one
        for one in table
        if (one.method, one.path) in offered and not act_of(one.method, one.path)
    ]
    assert {one.path for one in looks} >= {"/v1/status", "/v1/drift", "/v1/catalogue", EVENTS}
    before = await stands(live)
    heard = await ask(server.path, looks)
    refused = {
        f"{one.method} {one.url}": answer
        for one, answer in zip(looks, heard, strict=True)
        if answer[0] != 200 and one.method != "HEAD"
    }
    # A look at a job that was never begun finds none.
    refused = {url: answer for url, answer in refused.items() if "no plan" not in answer[1]}
    assert refused == {}, "give these a sample that they answer"
    assert await stands(live) == before, "a look leaves no trace"

    rest = [one for one in table if one not in looks]
    heard = await ask(server.path, rest)
    for one, (status, said) in zip(rest, heard, strict=True):
        act = act_of(one.method, one.path)
        assert status in ({403} if act else {400, 404, 405}), (one, status, said)
    after = await stands(live)
    assert after.requests == before.requests, "no system was asked for anything"
    new = await live.town.ledger.read(lambda views: views.entries(before.head, 10_000))
    assert {type(row.entry) for row in new} == {Refused}, "and what was refused is noted"
    acts = {act_of(one.method, one.path) for one in rest} - {""}
    assert {row.entry.act for row in new if isinstance(row.entry, Refused)} == acts
    assert after.files.keys() == before.files.keys()
