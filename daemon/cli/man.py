"""``trueup man``: the manual pages of this very version, one of them or all into a folder."""

from pathlib import Path

import click

from daemon.cli.exits import Exit
from daemon.cli.out import note, say
from daemon.cli.settings import shared_options
from daemon.control.text import plural


@click.command("man")
@click.argument("command", nargs=-1)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write all pages there, such as /usr/local/share/man/man1.",
)
@shared_options
def man(*, command: tuple[str, ...], folder: Path | None) -> int:
    """The manual page of COMMAND (of trueup itself without one), for man -l -.

    With --folder every page is written there, over pages of the same name: after that "man
    trueup-drift-list" finds it. The pages are made from the commands, so they say what --help says.
    """
    from daemon.cli.manual import page, pages
    from daemon.cli.root import NAME, root

    if folder is None:
        click.echo(page(root, NAME, command), nl=False)
        return Exit.DONE
    if command:
        raise click.UsageError("--folder writes all pages: name no COMMAND with it")
    folder.mkdir(parents=True, exist_ok=True)
    made = pages(root, NAME)
    for name, text in made.items():
        path = folder / name
        path.write_text(text, encoding="ascii")
        path.chmod(0o644)
    say(f"written: {plural(len(made), 'page')} to {folder}")
    note(f"next: man {NAME}")
    return Exit.DONE
