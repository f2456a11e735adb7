"""``trueup connect`` and ``trueup disconnect``: give access to QuickBooks, look at it, end it.

Through the daemon where one runs, else with the ledger's lock. What a person brings back from the
browser comes over this machine's own address or over stdin, never as an argument: arguments can be
read by everybody. Must not show or keep a code.
"""

import asyncio
import os
import sys
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

import click

from daemon.cli.completing import systems
from daemon.cli.decide import decided, reason_option
from daemon.cli.exits import Exit
from daemon.cli.out import answer, note, say
from daemon.cli.person import this_person
from daemon.cli.settings import json_option, settings, shared_options
from daemon.clock import SystemClock

if TYPE_CHECKING:
    from daemon.control.protocol import DoneAnswer
    from daemon.control.protocol_connect import (
        ConnectAnswer,
        ConnectFinishRequest,
        ConnectionsAnswer,
        ConnectionShown,
        ConnectRequest,
        DisconnectRequest,
    )

T = TypeVar("T")
LONGEST = 8_000
"""Bytes of an answer that is pasted."""


class Access(Protocol):
    """Whoever does it: the daemon, or this process."""

    async def connect(self, request: "ConnectRequest") -> "ConnectAnswer": ...

    async def connect_finish(self, request: "ConnectFinishRequest") -> "ConnectionsAnswer": ...

    async def connect_check(self) -> "ConnectionsAnswer": ...

    async def disconnect(self, request: "DisconnectRequest") -> "DoneAnswer": ...


@dataclass(frozen=True)
class _Way:
    """How the answer comes back."""

    paste: bool
    browser: bool


@click.command()
@click.option("--reconnect", is_flag=True, help="Also where a login is in force.")
@click.option("--paste", is_flag=True, help="Read the address that the browser shows from stdin.")
@click.option("--no-browser", is_flag=True, help="Only print the address to open.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Of this machine, for the way back.")
@click.option("--check", is_flag=True, help="Only ask every system how it stands, now.")
@json_option
@shared_options
def connect(
    *,
    reconnect: bool,
    paste: bool,
    no_browser: bool,
    port: int | None,
    check: bool,
    as_json: bool,
) -> int:
    """Give trueup access to the QuickBooks company of the configuration.

    Prints the address at which you give access, waits for the answer, and checks what it was given
    to: company, environment, currency, plan. Works while the daemon runs, and without it.

    \b
    On a server without a browser, over ssh:
      trueup connect --paste
    and paste the address that your own browser ends on.

    DEAR has no such login: it goes by dear.account_id and dear.application_key of the
    configuration. --check proves both.
    """
    if check and (reconnect or paste or port):
        raise click.UsageError("--check changes nothing: leave the other options out")
    if paste and port is not None:
        raise click.UsageError(
            "--port is for an answer that comes to this machine: not with --paste"
        )
    if check:
        return _told(_with_access(lambda access: access.connect_check()), as_json)
    from daemon.control.protocol_connect import ConnectRequest

    request = ConnectRequest(reconnect=reconnect, port=port)
    way = _Way(paste=paste, browser=not no_browser)
    found, following = _with_access(lambda access: _connected(access, request, way))
    return _told(found, as_json, following)


@click.command()
@click.option("--system", default="qbo", show_default=True, shell_complete=systems)
@reason_option
@click.option("--force", is_flag=True, help="Forget the login also when Intuit cannot be told.")
@click.option("--dry-run", is_flag=True, help="Only say what would be ended.")
@json_option
@shared_options
def disconnect(*, system: str, reason: str, force: bool, dry_run: bool, as_json: bool) -> int:
    """Revoke the login at Intuit and forget it here; the ledger and all decisions stay.

    Nothing is read or written there until `trueup connect`; the other system is still read.
    """
    from daemon.control.protocol_connect import DisconnectRequest

    request = DisconnectRequest(system=system, reason=reason, force=force, dry_run=dry_run)
    return decided(_with_access(lambda access: access.disconnect(request)), as_json)


def _with_access(do: Callable[[Access], Awaitable[T]]) -> T:
    """Let the daemon do it; without one do it here."""

    async def work() -> T:
        async with _access() as access:
            return await do(access)

    return asyncio.run(work())


@asynccontextmanager
async def _access() -> AsyncIterator[Access]:
    from daemon.control.client import ControlClient, DaemonAbsent

    async with ControlClient(settings().socket_path()) as daemon:
        try:
            await daemon.who()
        except DaemonAbsent:
            pass
        else:
            yield daemon
            return
    async with _here() as access:
        yield access


@asynccontextmanager
async def _here() -> AsyncIterator[Access]:
    """This process, with the ledger's lock: no daemon may renew the login meanwhile."""
    from daemon.app import opened
    from daemon.config.load import load

    os.umask(0o077)
    async with opened(load(settings().config_path()), SystemClock()) as app:
        from daemon.control.connecting import Here

        yield Here(app.scheduler.company, this_person())


async def _connected(
    access: Access, request: "ConnectRequest", way: _Way
) -> tuple["ConnectionsAnswer", str]:
    """What was found, and the command that follows."""
    from daemon.control.client import ControlClient
    from daemon.control.protocol_connect import ConnectFinishRequest

    asked = await access.connect(request)
    text = await (_pasted(asked) if way.paste else _heard(asked, way))
    note("Checking the answer ...")
    answered = ConnectFinishRequest(system=asked.system, answer=text)
    is_running = isinstance(access, ControlClient)
    following = "trueup status" if is_running else f"trueup run --config {settings().config_path()}"
    return await access.connect_finish(answered), following


async def _heard(asked: "ConnectAnswer", way: _Way) -> str:
    """The answer as the browser brings it to this machine."""
    from yarl import URL

    from daemon.cli.callback import listening
    from daemon.control.protocol import Code, Declined

    if URL(asked.redirect_uri).host not in {"localhost", "127.0.0.1", "::1"}:
        raise Declined(
            Code.NOT_READY,
            "the answer goes to qbo.redirect_uri, which is not on this machine",
            cure="paste the address that the browser ends on: trueup connect --paste",
        )
    async with listening(asked.redirect_uri, asked.state) as callback:
        _show(asked, "Open this address in a browser on this machine and choose Connect:")
        if way.browser and _has_screen():
            await asyncio.to_thread(webbrowser.open, asked.url)
        note("Waiting for the answer (ctrl-C ends this and changes nothing) ...")
        try:
            return await callback.answer(_seconds_left(asked))
        except TimeoutError:
            raise Declined(
                Code.STALE,
                "no answer came in time: nothing was changed",
                cure="begin again: trueup connect. Where the browser is on another machine: "
                "trueup connect --paste",
            ) from None


async def _pasted(asked: "ConnectAnswer") -> str:
    """The answer as a person copied it."""
    from daemon.control.protocol import Code, Declined

    _show(asked, "Open this address in any browser and choose Connect:")
    note(f"The browser then goes to {asked.redirect_uri}; whether a page shows there is all one.")
    note("Copy the whole address that it shows, paste it here, and press Enter:")
    text = (await _line()).strip()
    if not text:
        raise Declined(
            Code.BAD_REQUEST, "no address came on stdin", cure="begin again: trueup connect --paste"
        )
    return text


async def _line() -> str:
    """One line of stdin, without keeping ctrl-C waiting."""
    loop = asyncio.get_running_loop()
    read: asyncio.Future[bytes] = loop.create_future()
    data = bytearray()
    try:
        stdin = sys.stdin.fileno()
    except (OSError, ValueError):
        return sys.stdin.readline(LONGEST)

    def more() -> None:
        part = os.read(stdin, LONGEST)
        data.extend(part)
        if (not part or b"\n" in data or len(data) > LONGEST) and not read.done():
            read.set_result(bytes(data))

    try:
        loop.add_reader(stdin, more)
    except PermissionError:  # a file: it never keeps anybody waiting
        return sys.stdin.readline(LONGEST)
    try:
        return (await read).partition(b"\n")[0].decode(errors="replace")
    finally:
        loop.remove_reader(stdin)


def _show(asked: "ConnectAnswer", text: str) -> None:
    note(text)
    note("")
    note(asked.url)
    note("")


def _seconds_left(asked: "ConnectAnswer") -> float:
    left = datetime.fromisoformat(asked.expires_at) - asked.as_of
    return max(1.0, left.total_seconds())


def _has_screen() -> bool:
    # Without one a text browser would take over this terminal.
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _told(found: "ConnectionsAnswer", as_json: bool, following: str = "") -> int:
    if as_json:
        answer(found)
    else:
        for one in found.systems:
            _say_one(one)
        if following:
            say(f"next: {following}")
            say("      trueup connect --check  asks the other system too")
    return _exit(found)


def _exit(found: "ConnectionsAnswer") -> int:
    if not all(one.connected for one in found.systems):
        return Exit.UNAVAILABLE
    return Exit.GUARDED if any(one.problem for one in found.systems) else Exit.DONE


def _say_one(one: "ConnectionShown") -> None:
    say(f"{one.system}  {'connected' if one.connected else 'NOT CONNECTED'}")
    environment = f" ({one.environment})" if one.environment else ""
    company = f"{one.company_name or 'company'} {one.company_id}{environment}"
    rows = {
        "company": company if one.company_name or one.company_id else "",
        "currency": one.home_currency,
        "plan": one.plan,
        "login": _login_text(one),
    }
    for name, value in rows.items():
        if value:
            say(f"  {name:<9} {value}")
    if one.problem:
        say(f"  {one.problem}")
        say(f"    {one.cure}")
    for warning in one.warnings:
        say(f"  warning: {warning.message}")
        say(f"    {warning.cure}")


def _login_text(one: "ConnectionShown") -> str:
    login = one.login
    if login is None or not login.refresh_until:
        return ""
    text = f"renewed by itself; left unused it ends on {login.refresh_until[:10]}"
    if login.refresh_hard_until:
        text += f"; Intuit ends it on {login.refresh_hard_until[:10]} whatever happens"
    return text
