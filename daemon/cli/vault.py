"""``trueup vault``: the key that the QuickBooks login is sealed with. Never shows one."""

import click

from daemon.cli.out import note, say
from daemon.cli.settings import settings, shared_options
from daemon.clock import SystemClock


@click.group()
@shared_options
def vault() -> None:
    """The key that the QuickBooks login is sealed with."""


@vault.command("rotate-key")
@shared_options
def rotate_key() -> int:
    """Make a new key and seal the login with it, while the daemon is stopped.

    For a key that trueup keeps in its state directory. One that the configuration names is changed
    there: the new one as vault.key, the old one as vault.former_key.
    """
    from daemon.app import open_vault
    from daemon.config.load import load
    from ledger.store.lock import Lock

    loaded = load(settings().config_path())
    lock = Lock.take(loaded.config.places.ledger, now=SystemClock().now())
    try:
        had_login = open_vault(loaded.config).rotate()
    finally:
        lock.release()
    say("the vault has a new key" + (", and the login is sealed with it" if had_login else ""))
    note("Copies of the vault that were made before still open with the key that was in them.")
    return 0
