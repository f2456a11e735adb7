"""The ``trueup`` command: its sub-commands, found by name and imported only when they are used."""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

import click

from daemon.cli.edge import Edge
from daemon.cli.settings import Settings, shared_options

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

NAME = "trueup"
COMPLETION = "_TRUEUP_COMPLETE"
"""Set by the completion script of a shell, which click writes and answers."""

SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Begin": {
        "demo": ("daemon.cli.demo:demo", "See the whole path on two simulators."),
        "sandbox": ("daemon.cli.sandbox:sandbox", "Serve simulators of QuickBooks and DEAR."),
        "config": ("daemon.cli.config:config", "Begin, check, show and compare the configuration."),
        "connect": (
            "daemon.cli.connect:connect",
            "Give access to QuickBooks, or look how it stands.",
        ),
        "disconnect": ("daemon.cli.connect:disconnect", "End the login; the ledger stays."),
        "vault": ("daemon.cli.vault:vault", "The key that the login is kept under."),
        "run": ("daemon.cli.run:run", "Run the daemon, or one cycle of it."),
        "reload": ("daemon.cli.reload:reload", "Read the configuration again, between two cycles."),
        "service": ("daemon.cli.service:service", "Install the units of systemd."),
    },
    "Look": {
        "status": ("daemon.cli.status:status", "Is it running, is it equal, what needs me."),
        "tui": ("tui.command:tui", "Look and decide on the whole screen."),
        "plan": ("daemon.cli.plan:plan", "What would be written, what waits, and why."),
        "drift": ("daemon.cli.drift:drift", "The records that differ, and one of them whole."),
        "queue": ("daemon.cli.queue:queue", "Every operation and how far it has come."),
        "desk": ("daemon.cli.skip:desk", "What does not flow, by what is the matter with it."),
        "totals": ("daemon.cli.totals:totals", "Both sides' totals, every difference explained."),
        "report": (
            "daemon.cli.report:report",
            "The reconciliation of a period, made to be signed.",
        ),
        "ledger": ("daemon.cli.ledger:ledger", "Verify, show, export, back up and restore."),
    },
    "Decide": {
        "approve": ("daemon.cli.approve:approve", "Say yes to exactly these changes."),
        "withdraw": ("daemon.cli.approve:withdraw", "Take an approval back."),
        "apply": ("daemon.cli.apply:apply_now", "Run a cycle now and show what it did."),
        "send": ("daemon.cli.apply:send", "Send one record through the gate."),
        "conflict": ("daemon.cli.conflict:conflict", "List and decide conflicts."),
        "link": ("daemon.cli.decide:link", "Say that two records are, or are not, one thing."),
        "retry": ("daemon.cli.decide:retry", "Try again what a system refused."),
        "skip": ("daemon.cli.skip:skip", "Set something aside; it stays a difference."),
        "remap": ("daemon.cli.remap:remap", "Say where pointers to a lost account go."),
        "accept-absence": ("daemon.cli.remap:accept_absence", "Say that records are really gone."),
        "catalogue": ("daemon.cli.catalogue:catalogue", "Export the product catalogue anew."),
    },
    "Stop and go on": {
        "pause": ("daemon.cli.pause:pause", "Write nothing (of a system, of a kind) for now."),
        "resume": ("daemon.cli.pause:resume", "Lift a pause."),
    },
    "Help": {
        "doctor": ("daemon.cli.doctor:doctor", "What is wrong here, each with its cure."),
        "support-bundle": ("daemon.cli.bundle:support_bundle", "A file for whoever helps you."),
        "man": ("daemon.cli.man:man", "The manual pages."),
        "completion": ("daemon.cli.completion:completion", "The completion script of your shell."),
        "version": ("daemon.cli.version:show_version", "Show the version."),
    },
}
COMMANDS = {name: one for section in SECTIONS.values() for name, one in section.items()}

WIDEST = max(map(len, COMMANDS))
"""So that all sections have one edge."""

EPILOG = """\b
Examples:
  trueup config check config.yaml
  trueup run --config config.yaml
  trueup status
  trueup plan
  trueup approve --all --expect-count 12
"""


def _load(name: str, context: click.Context) -> click.Command:
    module, _, attribute = COMMANDS[name][0].partition(":")
    command = getattr(import_module(module), attribute)
    assert isinstance(command, click.Command), f"{module} has no command {attribute}"
    if not module.startswith("daemon."):
        # It does not import the command line: it gets the shared options here, and learns from its
        # context's object which installation is meant.
        context.ensure_object(Settings)
        if not any(parameter.name == "socket" for parameter in command.params):
            shared_options(command)
    return command


class LazyGroup(click.Group):
    """Commands by name; their help lines come from the table, not from their modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _load(cmd_name, ctx) if cmd_name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = not args or args[0] in COMMANDS or args[0].startswith("-")
        if not known:
            raise click.UsageError(f"No such command {args[0]!r}.{_did_you_mean(args[0])}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """As click does it, without importing every command for its help line."""
        from click.shell_completion import CompletionItem

        words = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return words + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                rows = [(name, text) for name, (_, text) in commands.items()]
                formatter.write_dl([(name.ljust(WIDEST), text) for name, text in rows])


def _did_you_mean(word: str) -> str:
    import difflib  # only for who mistypes

    near = difflib.get_close_matches(word, COMMANDS, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="trueup", prog_name="trueup")
@shared_options
def root() -> None:
    """Keep QuickBooks Online and an operations system in agreement.

    Data goes to stdout, words to stderr.

    \b
    Exit codes:
       0  done                        66  no such record, operation or entry
       1  failed                      69  a system cannot be heard
       2  drift (with --exit-code)    70  a bug, with an incident to report
       3  no daemon                   74  disk, or a damaged ledger
       4  needs a person (status)     75  try again
       5  done in part                77  not permitted
       6  stale plan or digest        78  configuration
       7  stopped by a guard         130  interrupted
      64  wrong use                   65  input that makes no sense
    """


def main(args: list[str] | None = None) -> NoReturn:
    """Run the command line and leave the process with its exit code."""
    if COMPLETION in os.environ:
        root.main(prog_name=NAME)
    with Edge() as edge:
        # Not ``root.main``: it would end the process itself when the reader of stdout leaves.
        with root.make_context(NAME, sys.argv[1:] if args is None else args) as context:
            code = root.invoke(context)
        edge.code = code if isinstance(code, int) else 0
    sys.exit(edge.code)
