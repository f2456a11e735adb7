"""``trueup pause`` and ``trueup resume``: stop writing a part of the traffic, and let it go on."""

import click

from daemon.cli.completing import kinds, systems
from daemon.cli.decide import decided, reason_option
from daemon.cli.settings import ask, json_option, shared_options


@click.command()
@click.option(
    "--system",
    default="",
    shell_complete=systems,
    help="Only what goes to this system (qbo, dear).",
)
@click.option(
    "--kind", default="", shell_complete=kinds, help="Only records of this kind (item, bill ...)."
)
@reason_option
@click.option("--dry-run", is_flag=True, help="Only say what would be paused.")
@json_option
@shared_options
def pause(*, system: str, kind: str, reason: str, dry_run: bool, as_json: bool) -> int:
    """Write nothing until it is resumed. Reading and planning go on; requests under way end.

    Stronger than any approval. Without --system and --kind everything is paused.
    """
    from daemon.control.protocol_valves import PauseRequest

    request = PauseRequest(system=system, kind=kind, reason=reason, dry_run=dry_run)
    return decided(ask(lambda daemon: daemon.pause(request)), as_json)


@click.command()
@click.option("--system", default="", shell_complete=systems, help="The system that was paused.")
@click.option("--kind", default="", shell_complete=kinds, help="The kind that was paused.")
@reason_option
@click.option("--dry-run", is_flag=True, help="Only say what would be resumed.")
@json_option
@shared_options
def resume(*, system: str, kind: str, reason: str, dry_run: bool, as_json: bool) -> int:
    """Lift a pause: the scope is named as it was paused (trueup status shows it)."""
    from daemon.control.protocol_valves import ResumeRequest

    request = ResumeRequest(system=system, kind=kind, reason=reason, dry_run=dry_run)
    return decided(ask(lambda daemon: daemon.resume(request)), as_json)
