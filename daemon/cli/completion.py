"""``trueup completion``: the script with which a shell completes commands, records and digests."""

import click

from daemon.cli.settings import shared_options

HINT = """\b
Install it with one of:
  bash: trueup completion bash > ~/.local/share/bash-completion/completions/trueup
  zsh:  trueup completion zsh > "${fpath[1]}/_trueup"
  fish: trueup completion fish > ~/.config/fish/completions/trueup.fish
"""


@click.command(epilog=HINT)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@shared_options
def completion(*, shell: str) -> None:
    """Print the completion script for SHELL.

    Records, digests, systems and codes are asked of the running daemon; without one they are left
    out.
    """
    from click.shell_completion import get_completion_class

    from daemon.cli.root import COMPLETION, NAME, root

    script = get_completion_class(shell)
    assert script is not None, "click knows these three"
    click.echo(script(root, {}, NAME, COMPLETION).source())
