"""``trueup config init``: the first configuration of a company, asked for or given as options.

Writes one new file, readable by its owner only, after it was proved to be valid. Must not write
over anything, and must not ask for a secret: those never stand in a configuration.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.exits import Exit
from daemon.cli.out import may_ask, note, say
from daemon.cli.settings import shared_options

if TYPE_CHECKING:
    from daemon.config.beginning import Beginning

QUESTIONS = {
    "instance": "Short name of this installation (lower-case letters, digits, hyphens)",
    "display_name": "Name of the company, as it is shown",
    "timezone": "Time zone (such as America/Chicago)",
    "home_currency": "Base currency of both systems (three capital letters)",
    "environment": "QuickBooks environment (sandbox or production)",
    "realm_id": "Company ID in QuickBooks (Account and Settings)",
    "dear_account_id": "Account id in DEAR (Integrations > API)",
    "native_link": "DEAR's own accounting link (none or connected)",
}
"""What is asked when it is not given."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("trueup.yaml"))
@click.option("--instance", help="Short name of this installation.")
@click.option("--display-name", help="Name of the company.")
@click.option("--timezone", help="Such as America/Chicago.")
@click.option("--home-currency", help="Such as USD.")
@click.option("--environment", type=click.Choice(["sandbox", "production"]))
@click.option("--realm-id", help="Company ID in QuickBooks.")
@click.option("--dear-account-id", help="Account id in DEAR.")
@click.option("--native-link", type=click.Choice(["none", "connected"]))
@click.option("--state-dir", help="[default: /var/lib/trueup/INSTANCE]")
@click.option(
    "--secrets",
    type=click.Path(path_type=Path),
    help="Folder where files with the secrets will lie [default: credentials of systemd].",
)
@shared_options
def init(*, file: Path, **given: Any) -> int:
    """Write a first FILE that is valid, with a word about every key; never over another file.

    What no option gives is asked for. Secrets are not: the file says where each will lie.
    """
    from daemon.config.beginning import SECRETS, text_of
    from daemon.config.load import parse

    if file.exists() or file.is_symlink():
        note(f"{file}: is there already and was left alone: name another file")
        return Exit.GUARDED
    secrets = given["secrets"].absolute() if given["secrets"] is not None else None
    beginning = _whole(given, secrets)
    data = text_of(beginning).encode()
    parse(data, name=str(file), folder=file.absolute().parent)
    _write_new(file, data)
    say(f"written: {file}")
    note("next:")
    for name in SECRETS:
        place = f"the file {secrets / name} (mode 0400)" if secrets else f"the credential {name}"
        note(f"  put the {name.replace('-', ' ')} into {place}")
    note(f"  trueup config check {file} --secrets")
    note(f"  trueup connect --config {file}")
    note(f"  trueup doctor --online --config {file}")
    return Exit.DONE


def _whole(given: dict[str, Any], secrets: Path | None) -> "Beginning":
    """The answers, given and asked for."""
    from daemon.config.beginning import Beginning

    missing = [name for name in QUESTIONS if not given[name]]
    if missing and not may_ask():
        options = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise click.UsageError(f"there is nobody to ask: give {options}")
    answers = {
        name: str(given[name] or click.prompt(question, err=True)).strip()
        for name, question in QUESTIONS.items()
    }
    state_dir = given["state_dir"] or f"/var/lib/trueup/{answers['instance']}"
    return Beginning(**answers, state_dir=state_dir, secrets=secrets)


def _write_new(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
