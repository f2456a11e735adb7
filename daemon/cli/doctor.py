"""``trueup doctor``: look at everything that can be wrong with an installation, and name the cure.

Works with a daemon and without one. Changes nothing; with ``--online`` the systems are asked, by
the daemon where one runs, because two processes must not renew one login.
"""

import asyncio
import os
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit
from daemon.cli.out import answer_values, note, say
from daemon.cli.settings import json_option, settings, shared_options
from daemon.clock import SystemClock
from ledger.model.errors import ConfigProblem, TrueupError

if TYPE_CHECKING:
    from daemon.config.load import Loaded
    from daemon.config.places import Places
    from daemon.control.protocol_doctor import ExamineAnswer, ExamineRequest
    from daemon.doctor.check import Check

SCHEMA = "trueup.doctor/1"
OF_THE_LEDGER = ("ledger", "ledger key", "one daemon")
MARKS = {"ok": "ok", "warn": "WARN", "bad": "BAD", "skipped": "-"}


@click.command()
@click.option("--online", is_flag=True, help="Also ask the systems. Only reads; they are counted.")
@click.option("--exit-code", is_flag=True, help="Exit 1 when something is bad, 4 for warnings.")
@json_option
@shared_options
def doctor(*, online: bool, exit_code: bool, as_json: bool) -> int:
    """Look at everything that can be wrong here, each with its cure.

    Files, secrets, ledger, disk, backups, the service; with --online also the login, the company,
    and every account, term, class and tax code that the configuration names. Changes nothing.
    """
    from daemon.doctor.check import worst

    checks = asyncio.run(looked_at(online=online))
    state = worst(checks)
    if as_json:
        answer_values(
            SCHEMA,
            as_of=SystemClock().now().isoformat(),
            state=state,
            checks=[
                {"name": c.name, "state": c.state, "found": c.found, "cure": c.cure} for c in checks
            ],
        )
    else:
        _show(checks)
    if not exit_code or state == "ok":
        return Exit.DONE
    return Exit.FAILED if state == "bad" else Exit.NEEDS_PERSON


async def looked_at(*, online: bool) -> "list[Check]":
    """Every check, in the order in which they are shown."""
    from daemon.doctor.files import check_configuration_mode, check_files
    from daemon.doctor.machine import check_packages, check_room
    from daemon.doctor.settings import check_configuration, check_secrets

    path, clock = settings().config_path(), SystemClock()
    loaded, found = check_configuration(path, clock.now().date())
    checks = [check_packages(), check_configuration_mode(path), *found]
    try:
        places = loaded.config.places if loaded is not None else settings().places()
    except ConfigProblem:
        return checks  # it does not even say where things lie
    if loaded is not None:
        checks += check_secrets(loaded)
    checks += check_files(places)
    checks += await _memory(places, loaded)
    checks += check_room(places)
    checks += _units()
    if online:
        is_sound = not any(c.name in OF_THE_LEDGER and c.state == "bad" for c in checks)
        checks += await _systems(loaded, is_sound=is_sound)
    return checks


async def _memory(places: "Places", loaded: "Loaded | None") -> "list[Check]":
    from daemon.doctor.memory import check_holder, check_ledger

    instance = loaded.config.instance if loaded is not None else ""
    every = loaded.config.ledger.backup.every if loaded is not None else None
    holder = check_holder(places, instance=instance, answering=await _answering())
    return [
        holder,
        *await check_ledger(places, now=SystemClock().now(), backup_every=every),
    ]


async def _answering() -> str | None:
    """The instance at the socket; None when nobody answers."""
    from daemon.control.client import ControlClient, DaemonAbsent
    from daemon.control.protocol import Declined

    try:
        async with ControlClient(settings().socket_path()) as daemon:
            return (await daemon.status()).instance
    except (DaemonAbsent, ConfigProblem):
        return None
    except Declined:
        return ""  # there is one, and this user may not ask it


def _units() -> "list[Check]":
    from daemon.cli.service import PREFIX, own_program
    from daemon.cli.units import State, planned
    from daemon.doctor.check import skipped
    from daemon.doctor.units import NAME, Installed, check_units

    try:
        files = planned(PREFIX, own_program())
    except (ConfigProblem, OSError) as error:
        return [skipped(NAME, str(error))]
    # Folders that the system ships itself say nothing: what counts is a unit of ours.
    return list(
        check_units(
            [
                Installed(
                    one.path,
                    one.present is not None,
                    one.state is State.SAME,
                    one.state is State.EDITED,
                )
                for one in files
            ]
        )
    )


async def _systems(loaded: "Loaded | None", *, is_sound: bool) -> "list[Check]":
    from daemon.doctor.check import bad, skipped
    from daemon.doctor.naming import names
    from daemon.doctor.systems import checks_of

    if loaded is None:
        return [skipped("systems", "the configuration is not valid")]
    from daemon.control.protocol_doctor import ExamineRequest

    try:
        request = ExamineRequest(names=names(loaded.config))
        answer = await _examined(request, loaded, is_sound=is_sound)
    except TrueupError as error:
        return [bad("systems", str(error), error.cure or "trueup status")]
    if answer is None:
        return [
            skipped("systems", "no daemon is running, and the ledger cannot be opened as it is")
        ]
    return list(checks_of(answer, loaded.config, answer.as_of.date()))


async def _examined(
    request: "ExamineRequest", loaded: "Loaded", *, is_sound: bool
) -> "ExamineAnswer | None":
    """By the daemon; without one by this process, with the ledger's lock. None: by nobody, because
    opening the ledger would do more than look (upgrade it, or write over a key)."""
    from daemon.control.client import ControlClient, DaemonAbsent

    async with ControlClient(settings().socket_path()) as daemon:
        try:
            await daemon.who()
        except DaemonAbsent:
            pass
        else:
            return await daemon.examine(request)
    if not is_sound:
        return None
    from daemon.app import opened
    from daemon.control.examining import examine

    os.umask(0o077)
    async with opened(loaded, SystemClock()) as app:
        return await examine(app.scheduler.company, request)


def _show(checks: "list[Check]") -> None:
    for check in checks:
        say(f"{MARKS[check.state]:<5} {check.name}: {check.found}")
        if check.cure and check.state != "ok":
            say(f"      {check.cure}")
    count = {state: sum(c.state == state for c in checks) for state in MARKS}
    note(
        f"{count['ok']} fine, {count['warn']} to look at, {count['bad']} bad, "
        f"{count['skipped']} not looked at"
    )
