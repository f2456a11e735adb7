"""Doorbells, figures and receivers change over while the daemon runs; one refusal refuses all."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from daemon.app import App, opened
from daemon.clock import SystemClock
from daemon.config.load import load
from daemon.control.client import ControlClient
from daemon.control.protocol_reload import ReloadAnswer
from tests.daemon.webhooks.support import NEW, OLD, notification, signature
from tests.ports import free_port

CONFIG = """
version: 1
instance: acme
company: {{display_name: Acme, timezone: UTC, home_currency: USD}}
state_dir: {folder}/state
reload: {{watch: false}}
qbo:
  environment: sandbox
  base_url: http://127.0.0.1:9
  token_url: http://127.0.0.1:9/token
  realm_id: "9341457021722202"
  client_id: {{env: UNSET}}
  client_secret: {{env: UNSET}}
dear: {{account_id: "1", application_key: {{env: UNSET}}, native_link: none}}
"""
SCALE = 60.0
PATIENCE_S = 60.0


class Running:
    """A daemon in this process, with nobody at the other end of its connections."""

    def __init__(self, app: App, folder: Path, http: aiohttp.ClientSession) -> None:
        self.app = app
        self.folder = folder
        self.http = http

    async def reload(self, more: str) -> ReloadAnswer:
        """The file as it would be after an edit, read anew."""
        (self.folder / "config.yaml").write_text(CONFIG.format(folder=self.folder) + more)
        async with ControlClient(self.app.config.places.socket) as daemon:
            return await daemon.reload(wait=True)

    async def ring(self, port: int, token: bytes, number: int) -> int:
        """What a notice of its own is answered with; 0 where nobody listens."""
        body = notification("Customer", at=f"2026-08-14T09:00:{number:02}Z")
        headers = {"intuit-signature": signature(body, token), "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{port}/qbo"
        try:
            async with self.http.post(url, data=body, headers=headers) as answer:
                return answer.status
        except aiohttp.ClientConnectorError:
            return 0

    async def scrape(self, port: int) -> int:
        try:
            async with self.http.get(f"http://127.0.0.1:{port}/livez") as answer:
                return answer.status
        except aiohttp.ClientConnectorError:
            return 0

    def doors(self, port: int, *names: str) -> str:
        """The section ``webhooks`` with these verifier tokens."""
        tokens = ", ".join(f"{{file: {self.folder}/{name}}}" for name in names)
        return f'webhooks: {{listen: "127.0.0.1:{port}", qbo: {{verifier_tokens: [{tokens}]}}}}\n'

    def good(self) -> tuple[int, ...]:
        """Good notices by token."""
        assert self.app.hooks is not None
        return next(t.by_secret for t in self.app.hooks.tallies if t.system == "qbo")


def listens(path: Path) -> bool:
    """A socket's file is there a moment before anybody listens."""
    with socket.socket(socket.AF_UNIX) as end:
        return end.connect_ex(str(path)) == 0


async def until(what: str, condition: Callable[[], object]) -> None:
    watch = SystemClock()
    for _ in range(round(PATIENCE_S / 0.02)):
        if condition():
            return
        await watch.sleep(0.02)
    raise AssertionError(f"never: {what}")


@asynccontextmanager
async def running(
    folder: Path,
    more: Callable[[Running], str],
    *,
    edit: Callable[[str], str] = str,
    scale: float = SCALE,
) -> AsyncIterator[Running]:
    """``more``: what the file says besides; ``edit``: what becomes of it at last."""
    for name, token in (("new", NEW), ("old", OLD)):
        (folder / name).touch(mode=0o600)
        (folder / name).write_bytes(token)
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(folder=folder))
    async with aiohttp.ClientSession() as http:
        one = Running(None, folder, http)  # type: ignore[arg-type]  # the text comes first
        path.write_text(edit(CONFIG.format(folder=folder) + more(one)))
        async with opened(load(path), SystemClock(scale)) as app:
            one.app = app
            work = asyncio.ensure_future(app.run())
            try:
                socket_file = app.config.places.socket
                await until("it serves", lambda: work.done() or listens(socket_file))
                await until("it rests", lambda: work.done() or app.scheduler.next_at)
                yield one
                assert not work.done(), "it goes on"
            finally:
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)


async def test_42_a_verifier_token_is_changed_in_three_steps_without_a_restart(
    tmp_path: Path,
) -> None:
    port = free_port()
    async with running(tmp_path, lambda one: one.doors(port, "old")) as one:
        assert [await one.ring(port, OLD, 1), await one.ring(port, NEW, 2)] == [200, 401]
        told = await one.reload(one.doors(port, "new", "old"))
        assert (told.ok, told.applied, told.restart, told.in_force) == (
            True,
            ("webhooks.qbo.verifier_tokens",),
            (),
            True,
        )
        assert [await one.ring(port, OLD, 3), await one.ring(port, NEW, 4)] == [200, 200]
        assert one.good() == (1, 2), "what came under the old token is still counted"
        assert (await one.reload(one.doors(port, "new"))).ok
        assert [await one.ring(port, OLD, 5), await one.ring(port, NEW, 6)] == [401, 200]
        assert one.good() == (2,)
        await until("the notices brought a look forward", lambda: one.app.hooks.bell.nudges)  # type: ignore[union-attr]


async def test_the_doorbells_move_end_and_begin(tmp_path: Path) -> None:
    first, second = free_port(), free_port()
    async with running(tmp_path, lambda one: one.doors(first, "new")) as one:
        assert (await one.reload(one.doors(second, "new"))).applied == ("webhooks.listen",)
        assert [await one.ring(first, NEW, 1), await one.ring(second, NEW, 2)] == [0, 200]
        assert (await one.reload("")).applied == ("webhooks",)
        assert await one.ring(second, NEW, 3) == 0
        assert (await one.reload(one.doors(first, "new"))).ok
        assert await one.ring(first, NEW, 4) == 200


@pytest.mark.parametrize("what", ["a token that is not there", "a port that is taken"])
async def test_30_what_the_doorbells_cannot_have_refuses_the_whole_file(
    tmp_path: Path, what: str
) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with running(tmp_path, lambda one: one.doors(port, "old")) as one:
            bad = (
                one.doors(port, "nowhere")
                if "token" in what
                else one.doors(taken.getsockname()[1], "new")
            )
            observed = free_port()
            told = await one.reload(
                f'{bad}observe: {{metrics: "127.0.0.1:{observed}"}}\nnames: hold\n'
            )
            assert not told.ok
            assert told.problems[0].startswith("webhooks.")
            assert one.app.scheduler.company.policy.names == "sanitise"
            assert await one.scrape(observed) == 0, "nothing of it is in force"
            assert [await one.ring(port, OLD, 1), await one.ring(port, NEW, 2)] == [200, 401]


async def test_what_was_opened_is_closed_again_when_another_section_is_refused(
    tmp_path: Path,
) -> None:
    first, second = free_port(), free_port()
    async with running(tmp_path, lambda one: one.doors(first, "new")) as one:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            metrics = f'observe: {{metrics: "127.0.0.1:{taken.getsockname()[1]}"}}\n'
            told = await one.reload(one.doors(second, "new") + metrics)
        assert told.problems[0].startswith("observe.metrics: nobody can listen on ")
        assert [await one.ring(first, NEW, 1), await one.ring(second, NEW, 2)] == [200, 0]


async def test_figures_move_and_are_switched_off_and_on(tmp_path: Path) -> None:
    first, second = free_port(), free_port()

    def at(port: int) -> str:
        return f'observe: {{metrics: "127.0.0.1:{port}"}}\n'

    async with running(tmp_path, lambda _: at(first)) as one:
        assert await one.scrape(first) == 200
        assert (await one.reload(at(second))).applied == ("observe.metrics",)
        assert [await one.scrape(first), await one.scrape(second)] == [0, 200]
        assert (await one.reload("")).ok
        assert await one.scrape(second) == 0
        path = tmp_path / "figures.sock"
        assert (await one.reload(f"observe: {{metrics: {path}}}\n")).ok
        assert path.is_socket()
        assert (await one.reload(at(first))).ok
        assert (path.exists(), await one.scrape(first)) == (False, 200)


async def test_a_receiver_that_is_added_hears_and_one_that_is_taken_away_does_not(
    tmp_path: Path,
) -> None:
    for name in ("ann", "ben"):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\n{{ cat; echo; }} >> {tmp_path}/{name}.told\n")
        script.chmod(0o700)

    def receivers(*names: str, group: str = "1s") -> str:
        told = [
            f"{{on: [reload_rejected], via: {{exec: [{tmp_path}/{name}]}}, group: {group}}}"
            for name in names
        ]
        return f"notify: [{', '.join(told)}]\n"

    def heard(name: str) -> list[bool]:
        """For each message, whether it says that it is over."""
        path = tmp_path / f"{name}.told"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line)["resolved"] for line in lines]

    async with running(tmp_path, lambda _: "") as one:
        assert (await one.reload(receivers("ann"))).applied == ("notify",)
        assert not (await one.reload("nmes: hold\n")).ok
        await until("who was added heard", lambda: heard("ann") == [False])
        assert (await one.reload(receivers("ann", "ben", group="2s"))).ok
        await until("it is over", lambda: heard("ann") == [False, True])
        assert heard("ben") == [], "it was over before ben was to be told"
        assert (await one.reload(receivers("ben"))).ok
        assert not (await one.reload("nmes: hold\n")).ok
        await until("ben is told", lambda: heard("ben") == [False])
        assert heard("ann") == [False, True], "ann is nobody any more, and keeps no place"
