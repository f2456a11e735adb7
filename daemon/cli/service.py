"""``trueup service``: bring the shipped units of systemd into place, after showing them."""

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit
from daemon.cli.out import answer_values, may_ask, note, say
from daemon.cli.settings import json_option, shared_options
from daemon.clock import SystemClock
from ledger.model.errors import ConfigProblem

if TYPE_CHECKING:
    from daemon.cli.units import UnitFile

PREFIX = Path("/etc/systemd/system")


@click.group()
@shared_options
def service() -> None:
    """Run trueup as a service of systemd."""


def _drop_ins(
    _context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    from daemon.cli.units import drop_in_names

    known = drop_in_names() if value else []
    if strange := [name for name in value if name not in known]:
        raise click.BadParameter(f"{strange[0]!r} is none of: {', '.join(known)}")
    return value


def _instance(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    import re

    if value and not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", value):
        raise click.BadParameter("lower-case letters, digits and hyphens, a letter first")
    return value


@service.command()
@click.option("--instance", default="", callback=_instance, help="Name it in the next commands.")
@click.option(
    "--prefix",
    type=click.Path(path_type=Path),
    default=PREFIX,
    show_default=True,
    help="Folder of the units; sysusers.d and tmpfiles.d go two folders above.",
)
@click.option(
    "--executable",
    type=click.Path(path_type=Path),
    help="The trueup that the units run [default: this one].",
)
@click.option("--drop-in", "drop_ins", multiple=True, callback=_drop_ins, help="Also this one.")
@click.option("--replace-edited", is_flag=True, help="Also write over files that were edited.")
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@shared_options
def install(
    *,
    instance: str,
    prefix: Path,
    executable: Path | None,
    drop_ins: tuple[str, ...],
    replace_edited: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Write the units, after showing every line that would change, and say what comes next.

    A file that was edited is left alone. Put changes of your own into drop-ins (systemctl edit):
    they stay when trueup is upgraded.
    """
    from daemon.cli.units import State, check_executable, planned

    program = executable or own_program()
    check_executable(program)
    files = planned(prefix.absolute(), program, drop_ins)
    edited = [one for one in files if one.state is State.EDITED]
    kept = [] if replace_edited else edited
    wanted = [one for one in files if one.state is not State.SAME and one not in kept]
    if not as_json:
        _show(files)
    for one in kept:
        note(f"{one.path}: was edited here and is kept; --replace-edited writes over it")
    agreed = not wanted or (not dry_run and (yes or _agreed(len(wanted))))
    if agreed:
        for one in wanted:
            one.write()
    elif dry_run:
        note(f"{len(wanted)} files would be written (--dry-run)")
    else:
        note("nothing was written")
    steps = _next(prefix.absolute(), instance or "INSTANCE")
    if as_json:
        _answer(files, wanted if agreed else [], steps)
    elif agreed:
        _told(wanted, steps)
    if not agreed and not dry_run and not may_ask():
        return Exit.GUARDED
    return Exit.PARTLY if kept else Exit.DONE


def own_program() -> Path:
    """This very program, by the name under which it was called."""
    called = Path(sys.argv[0]).absolute()
    if called.name == "trueup" and called.is_file():
        return called
    found = shutil.which("trueup")
    if found is None:
        raise ConfigProblem(["trueup is not on the path: name it with --executable /PATH/trueup"])
    return Path(found).absolute()


def _show(files: "list[UnitFile]") -> None:
    for one in files:
        say(f"{one.path}: {one.state.value}")
        for line in one.diff():
            say(f"  {line}")


def _agreed(count: int) -> bool:
    if not may_ask():
        note("there is nobody to ask: look at it with --dry-run, then say --yes")
        return False
    return click.confirm(f"Write {count} files?", err=True)


def _next(prefix: Path, instance: str) -> list[str]:
    """The commands that follow, for root."""
    root = prefix.parents[1]
    unit = f"trueup@{instance}"
    return [
        f"systemd-sysusers {root / 'sysusers.d' / 'trueup.conf'}",
        f"systemd-tmpfiles --create {root / 'tmpfiles.d' / 'trueup.conf'}",
        f"trueup config check /etc/trueup/{instance}.yaml",
        "systemctl daemon-reload",
        "systemctl enable trueup.target",
        f"systemctl enable --now {unit}.socket {unit}.service",
        f"systemctl status {unit}",
        "trueup man --folder /usr/local/share/man/man1",
    ]


def _told(written: "list[UnitFile]", steps: list[str]) -> None:
    for one in written:
        say(f"written: {one.path}")
    note("next, as root:")
    for step in steps:
        note(f"  {step}")


def _answer(files: "list[UnitFile]", written: "list[UnitFile]", steps: list[str]) -> None:
    answer_values(
        "trueup.service/1",
        as_of=SystemClock().now().isoformat(),
        files=[
            {
                "path": str(one.path),
                "state": one.state.value,
                "diff": list(one.diff()),
                "written": one in written,
            }
            for one in files
        ],
        next=steps,
    )
