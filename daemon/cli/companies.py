"""``trueup status --all``: every company of this machine in one list, one line each.

Asks each control socket by itself and at once: a daemon that is away, or whom this user may not
ask, is a line that says so and hides none of the others.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit
from daemon.cli.out import Row, answer_values, note, say, table
from daemon.cli.standing import exit_of, state_of
from daemon.clock import SystemClock
from daemon.control.text import clean, plural
from ledger.model.errors import TrueupError

if TYPE_CHECKING:
    from daemon.control.protocol import StatusAnswer

SOCKETS = Path("/run/trueup")
"""Where the units of the service put them."""
WITHIN_S = 5.0
"""A daemon that takes longer is told as one that does not answer."""
HEADERS = ("instance", "company", "state", "drift", "to approve", "questions", "last good cycle")
FIGURES = frozenset({3, 4, 5})
PRESSING = (Exit.NEEDS_PERSON, Exit.UNAVAILABLE, Exit.NO_DAEMON, Exit.DRIFT)
"""Which code stands for all companies: the first that is true of one of them."""


@dataclass(frozen=True)
class Told:
    """What one socket said, or why it said nothing."""

    socket: Path
    status: "StatusAnswer | None" = None
    trouble: str = ""

    @property
    def instance(self) -> str:
        return self.status.instance if self.status is not None else self.socket.stem

    @property
    def exit_code(self) -> Exit:
        return exit_of(self.status) if self.status is not None else Exit.NO_DAEMON


def all_companies(folder: Path, *, as_json: bool, exit_code: bool) -> int:
    sockets = sorted(path for path in folder.glob("*.sock") if path.is_socket())
    if not sockets:
        cure = "name their folder with --sockets, or ask one company with --socket or --config"
        raise click.UsageError(f"no control socket lies in {folder}: {cure}")
    told = asyncio.run(_asked(sockets))
    if as_json:
        as_of = SystemClock().now().isoformat()
        answer_values("trueup.companies/1", as_of=as_of, companies=[_values(one) for one in told])
    else:
        table(HEADERS, [_row(one) for one in told], right=FIGURES)
        silent = sum(1 for one in told if one.status is None)
        say(f"{plural(len(told), 'company', 'companies')}, {silent:,} without an answer")
        note(f"next: trueup status --socket {folder}/INSTANCE.sock, or trueup tui with the same")
    codes = {one.exit_code for one in told}
    worst = next((code for code in PRESSING if code in codes), Exit.DONE)
    return worst if exit_code else Exit.DONE


async def _asked(sockets: Sequence[Path]) -> list[Told]:
    return list(await asyncio.gather(*map(_ask, sockets)))


async def _ask(socket: Path) -> Told:
    from daemon.control.client import ControlClient

    try:
        async with asyncio.timeout(WITHIN_S), ControlClient(socket) as daemon:
            return Told(socket, await daemon.status())
    except TimeoutError:
        return Told(socket, trouble=f"no answer within {WITHIN_S:g} s")
    except TrueupError as error:
        return Told(socket, trouble=str(error))


def _row(one: Told) -> Row:
    status = one.status
    if status is None:
        return (one.instance, "?", clean(one.trouble), "?", "?", "?", "?")
    cycle = status.last_cycle
    last = "never" if cycle is None else f"{cycle.ended_at[:19]}Z"
    if cycle is not None and not cycle.complete:
        last += " (not complete)"
    return (
        status.instance,
        clean(status.company),
        state_of(status).value.replace("_", " "),
        f"{status.drift:,}",
        f"{status.to_approve:,}",
        f"{status.questions:,}",
        last,
    )


def _values(one: Told) -> dict[str, object]:
    status = one.status
    if status is None:
        return {"instance": one.instance, "socket": str(one.socket), "trouble": one.trouble}
    return {
        "instance": one.instance,
        "socket": str(one.socket),
        "company": status.company,
        "state": state_of(status).value,
        "drift": status.drift,
        "to_approve": status.to_approve,
        "questions": status.questions,
        "last_cycle": status.last_cycle.ended_at if status.last_cycle is not None else None,
        "complete": status.last_cycle.complete if status.last_cycle is not None else None,
    }
