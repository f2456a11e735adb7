"""``trueup config diff``: what a file would change in a running daemon, and what that takes.

Names keys, never values. Changes nothing.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit
from daemon.cli.out import answer, note, say
from daemon.cli.settings import ask, json_option, shared_options

if TYPE_CHECKING:
    from daemon.control.protocol_reload import ReloadAnswer


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--exit-code", is_flag=True, help="Exit 2 when something differs.")
@json_option
@shared_options
def diff(*, file: Path | None, exit_code: bool, as_json: bool) -> int:
    """The keys in which FILE differs from what the running daemon goes by.

    FILE is the daemon's own file unless another is named. Each key is told with what it takes:
    it takes effect between two cycles, or needs a restart; and how many approvals the rules
    that change would put in question.
    """
    told = ask(lambda daemon: daemon.reload(dry_run=True, content=_content(file)))
    if as_json:
        answer(told)
    elif told.ok:
        _show(told, file)
    else:
        for problem in told.problems:
            note(problem)
    if not told.ok:
        return Exit.CONFIG
    return Exit.DRIFT if exit_code and (told.applied or told.restart) else Exit.DONE


def _content(file: Path | None) -> str | None:
    from daemon.config.load import read, text_of

    return None if file is None else text_of(read(file), str(file))


def _show(told: "ReloadAnswer", file: Path | None) -> None:
    name = str(file) if file is not None else told.file
    if not told.applied and not told.restart:
        say(f"{name}: says what is in force")
        return
    for key in told.applied:
        say(f"{key}: takes effect between two cycles")
    for key in told.restart:
        say(f"{key}: needs a restart")
    if told.approved:
        note(
            f"approvals in question: {told.approved}; each is planned anew, and what comes out "
            "otherwise waits again"
        )
