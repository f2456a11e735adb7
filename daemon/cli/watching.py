"""``trueup status --watch``: one line whenever something changed, until it is interrupted.

Lines are added, never redrawn, so that it reads the same in a file, a pipe and over a slow line.
With ``--json`` each line is an object; the first one names the schema.
"""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from daemon.cli.exits import Exit
from daemon.cli.out import note, say
from daemon.cli.settings import settings
from daemon.clock import SystemClock
from daemon.control.text import clean, plural

if TYPE_CHECKING:
    from daemon.control.protocol_live import CycleEvent, Event, PulseEvent

SCHEMA = "trueup.events/1"
AGAIN_S = 1.0


def watch(*, as_json: bool) -> int:
    asyncio.run(_watch(settings().socket_path(), as_json=as_json))
    return Exit.DONE


async def _watch(socket: Path, *, as_json: bool) -> None:
    """Follow the daemon; when it goes away, wait for it and take up where it was."""
    from daemon.control.client import ControlClient, DaemonAbsent, NoAnswer

    clock = SystemClock()
    run, number, is_first = "", 0, True
    told_gone = False
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "as_of": clock.now().isoformat()}))
    while True:
        try:
            async with ControlClient(socket) as daemon:
                async for event in daemon.events(run, number):
                    is_first, told_gone = False, False
                    run, number = event.run, event.number
                    _tell(event, as_json=as_json)
        except (DaemonAbsent, NoAnswer):
            if is_first:
                raise
        if not told_gone:
            note("the daemon is gone; waiting for it (ctrl-C ends this)")
            told_gone = True
        await clock.sleep(AGAIN_S)


def _tell(event: "Event", *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(event).decode())
        return
    from daemon.control.protocol_live import AliveEvent, CycleEvent, PulseEvent, ResyncEvent

    match event:
        case PulseEvent():
            say(pulse_line(event))
        case CycleEvent():
            say(cycle_line(event))
        case ResyncEvent():
            note("some changes were missed: trueup status shows how it stands")
        case AliveEvent():
            pass


def pulse_line(event: "PulseEvent") -> str:
    """``12:00:01Z  writing 12 of 40; 3 differ, 1 conflict, 2 to approve``."""
    work = event.work
    doing = f"{work.step} {work.done:,} of {work.of:,}" if work.of else work.step
    facts = [
        f"{plural(event.drift, 'record')} differ" if event.drift else "nothing differs",
        plural(event.conflicts, "conflict") if event.conflicts else "",
        f"{event.waiting:,} to approve" if event.waiting else "",
        f"{plural(event.questions, 'question')} held" if event.questions else "",
        "paused" if event.paused else "",
        f"catalogue {clean(event.catalogue)}" if event.catalogue else "",
        "configuration on disk is wrong" if event.config_problems else "",
        *(
            f"{system} is {clean(link.replace('_', ' '))}"
            for system, link in event.links.items()
            if link not in ("connected", "untried")
        ),
    ]
    return f"{event.at[11:19]}Z  {doing}; {', '.join(filter(None, facts))}"


def cycle_line(event: "CycleEvent") -> str:
    """What a cycle did that did something."""
    report = event.report
    counts = (
        (report.planned, "planned"),
        (report.sent, "sent"),
        (report.confirmed, "confirmed"),
        (report.rejected, "refused"),
        (report.unknown, "without an answer"),
        (report.held, "held"),
    )
    told = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    return f"{event.at[11:19]}Z  cycle ended: {told or 'nothing new'}"
