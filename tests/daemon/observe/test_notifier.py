"""Word that really arrives: a receiver over HTTP, a command, restarts and receivers that fail."""

import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from daemon.config.observing import HookRef, NotifyConfig
from daemon.control.health import Lag
from daemon.observe.delivering import Command, Receiver, Webhook
from daemon.observe.lookout import rule_of
from daemon.observe.notifier import KEY, Notifier
from daemon.observe.seen import Notices, Reloads, Sources, Watch
from daemon.observe.telling import Message
from daemon.sandbox.server import serve
from ledger.model.entries import Paused
from ledger.model.errors import Transient
from tests.daemon.control.conftest import Office, office

__all__ = ["office"]


class Inbox:
    """A receiver that keeps what it is sent; ``answers`` are given first, then 200."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []
        self.ids: list[str] = []
        self.answers: list[int] = []
        self.app = web.Application()
        self.app.router.add_post("/hook/{secret}", self._take)

    async def _take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        self.ids.append(request.headers["Idempotency-Key"])
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


@pytest.fixture
async def inbox() -> AsyncIterator[tuple[Inbox, str]]:
    one = Inbox()
    async with serve(one.app) as url:
        yield one, f"{url}/hook/s3cret"


class Desk:
    """A notifier over the office, whose configuration can be said to be refused."""

    def __init__(self, office: Office, receiver: Receiver) -> None:
        self.office = office
        self.receiver = receiver
        self.refused = False
        self.notifier = self._new()

    def _new(self) -> Notifier:
        desk = self.office.desk
        sources = Sources(
            reloads=lambda: Reloads(
                last_ok=not self.refused,
                last_good_at=desk.now(),
                refused=0,
                restart_pending=False,
            ),
            notices=lambda: Notices(by_result={}, missed={}),
            told=lambda: {},
            bugs=lambda: 0,
            lag=Lag(),
            backup_every=None,
        )
        watch = Watch(desk, sources, pace=desk.clock)
        section = NotifyConfig.model_validate(
            {"on": ["reload_rejected"], "via": {"exec": ["/bin/true"]}}
        )
        rule = rule_of(section, "acme", ZoneInfo("UTC"))
        return Notifier(watch, desk.ledger, desk.clock, [(rule, self.receiver)])

    async def passes(self, span: timedelta) -> None:
        """Time passes, with a look every ten seconds."""
        for _ in range(int(span.total_seconds() // 10)):
            await self.notifier.look()
            await self.office.desk.clock.sleep(10)

    def restart(self) -> None:
        self.notifier = self._new()

    async def heard(self) -> None:
        """One cycle, so that what is over is known to be."""
        await self.office.desk.scheduler.run_now("test")


MINUTE = timedelta(minutes=1)


async def test_a_message_arrives_once_and_its_end_too(
    office: Office, inbox: tuple[Inbox, str]
) -> None:
    box, url = inbox
    desk = Desk(office, Webhook(lambda: url, office.desk.clock))
    await desk.heard()
    desk.refused = True
    await desk.passes(60 * MINUTE)
    (told,) = box.bodies
    assert told["schema"] == "trueup.notice/1"
    assert told["instance"] == "acme"
    assert "trueup config check" in str(told["text"])
    desk.refused = False
    await desk.passes(60 * MINUTE)
    assert [body["resolved"] for body in box.bodies] == [False, True]
    assert desk.notifier.told == {"delivered": 2, "failed": 0}


async def test_a_receiver_that_fails_is_asked_again_with_patience_and_the_same_id(
    office: Office, inbox: tuple[Inbox, str], caplog: pytest.LogCaptureFixture
) -> None:
    box, url = inbox
    box.answers = [500, 503, 302]
    desk = Desk(office, Webhook(lambda: url, office.desk.clock))
    desk.refused = True
    await desk.passes(30 * MINUTE)
    assert len(box.bodies) == 4
    assert len(set(box.ids)) == 1
    assert desk.notifier.told == {"delivered": 1, "failed": 3}
    assert [record.getMessage() for record in caplog.records].count("down") == 1
    assert "s3cret" not in caplog.text + str([r.__dict__ for r in caplog.records])


async def test_a_restart_neither_repeats_nor_loses(
    office: Office, inbox: tuple[Inbox, str]
) -> None:
    box, url = inbox
    desk = Desk(office, Webhook(lambda: url, office.desk.clock))
    desk.refused = True
    await desk.passes(5 * MINUTE)
    assert len(box.bodies) == 1
    desk.restart()
    await desk.passes(60 * MINUTE)
    assert len(box.bodies) == 1, "it was told before the restart"
    desk.refused = False
    box.answers = [500]
    await desk.heard()
    await desk.passes(MINUTE - timedelta(seconds=20))
    assert len(box.bodies) == 2, "the end was sent, and refused"
    desk.restart()
    await desk.passes(5 * MINUTE)
    assert len(box.bodies) == 3
    assert box.ids[1] == box.ids[2], "the one under way goes again as it was"
    assert box.bodies[2]["resolved"] is True


async def test_another_receiver_begins_anew(office: Office) -> None:
    ids = {
        rule_of(NotifyConfig.model_validate(section), "acme", ZoneInfo("UTC")).id
        for section in (
            {"on": ["auth_broken"], "via": {"exec": ["/bin/true"]}},
            {"on": ["auth_broken"], "via": {"exec": ["/bin/false"]}},
            {"on": ["guard_held"], "via": {"exec": ["/bin/true"]}},
        )
    }
    assert len(ids) == 3


async def test_a_position_nobody_can_read_begins_anew(
    office: Office, inbox: tuple[Inbox, str]
) -> None:
    box, url = inbox
    desk = Desk(office, Webhook(lambda: url, office.desk.clock))
    (route,) = desk.notifier._routes
    draft = office.ledger.draft()
    draft.runtime(KEY + route.rule.id, b"{broken")
    await office.ledger.append(draft)
    desk.refused = True
    await desk.passes(5 * MINUTE)
    assert len(box.bodies) == 1


@asynccontextmanager
async def script(folder: Path, text: str) -> AsyncIterator[Path]:
    path = folder / "told.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    yield path


async def test_a_command_gets_the_message_and_no_secret_of_ours(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QBO_CLIENT_SECRET", "hush-hush")
    folder = tmp_path / "out"
    folder.mkdir()
    text = f'cat > {folder}/"$TRUEUP_NOTICE"; env > {folder}/env'
    async with script(tmp_path, text) as path:
        desk = Desk(office, Command([str(path)]))
        desk.refused = True
        await desk.passes(60 * MINUTE)
    (told,) = [one for one in folder.iterdir() if one.name != "env"]
    message = json.loads(told.read_text())
    assert (message["id"], message["matters"][0]["matter"]) == (told.name, "reload_rejected")
    said = (folder / "env").read_text()
    assert "TRUEUP_INSTANCE=acme" in said
    assert "hush-hush" not in said


async def test_a_command_that_fails_or_hangs_is_a_failure(tmp_path: Path) -> None:
    message = Message(
        id="i", instance="acme", at="", resolved=True, summary=False, text="", matters=()
    )
    with pytest.raises(Transient, match="ended with 3"):
        await Command(["/bin/sh", "-c", "exit 3"]).deliver(message)
    with pytest.raises(Transient, match="cannot be run"):
        await Command([str(tmp_path / "missing")]).deliver(message)
    pid = tmp_path / "pid"
    hangs = Command(["/bin/sh", "-c", f"echo $$ > {pid}; exec tail -f /dev/null"], patience_s=1)
    with pytest.raises(Transient, match="did not end within 1 s"):
        await hangs.deliver(message)
    assert not Path("/proc", pid.read_text().strip()).exists()


async def test_a_receiver_that_is_not_there_or_not_configured(office: Office) -> None:
    clock = office.desk.clock
    message = Message(
        id="i", instance="acme", at="", resolved=True, summary=False, text="", matters=()
    )
    with pytest.raises(Transient, match=r"127\.0\.0\.1 cannot be reached"):
        await Webhook(lambda: "http://127.0.0.1:9/s3cret", clock).deliver(message)
    unset = HookRef.model_validate({"env": "TRUEUP_TEST_UNSET"})
    with pytest.raises(Transient, match="TRUEUP_TEST_UNSET is missing"):
        await Webhook(unset.resolve, clock).deliver(message)


async def test_the_ledger_is_asked_for_all_receivers_and_scrapes_together(office: Office) -> None:
    watch = Desk(office, Command(["/bin/true"])).notifier._watch
    looks = [await watch.look() for _ in range(50)]
    assert watch.looks == 1
    assert not any(seen.books.is_paused for seen in looks)
    draft = office.ledger.draft(actor="mira (uid 1)")
    draft.add(Paused(reason="month end", by="mira"))
    await office.ledger.append(draft)
    await office.desk.clock.sleep(5)
    assert (await watch.look()).books.is_paused
    assert watch.looks == 2
