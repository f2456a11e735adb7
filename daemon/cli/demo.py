"""``trueup demo``: the whole path on two sandboxes, with the ordinary commands and real processes.

Nothing here reaches into the daemon: the demo starts ``trueup sandbox`` and ``trueup run``, edits
both systems the way their users would, and shows what the ordinary commands say. What it says
itself it reads from the simulators at that moment, and it fails when that is not so.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import msgspec

from daemon.clock import SystemClock
from daemon.control.text import cells, clean, columns

CLOCK_SCALE = 40.0
WIDTH = 100
"""Columns where there is no terminal that says its own."""
NARROWEST = 60
WIDEST = 22
"""Columns of one cell in the demo's own tables."""
MONTH = timedelta(days=31)
START_LIMIT_S = 60
FIRST_CYCLE_LIMIT_S = 120
MARK = ".trueup-demo"
DEMO_CONFIG = """\
# Written by `trueup demo`. Every key is explained in config.example.yaml.
version: 1
instance: demo
state_dir: "{state}"
company:
  display_name: "{company}"
  timezone: America/Los_Angeles
  home_currency: USD
schedule: {{poll: 2h}}
qbo:
  environment: sandbox
  base_url: "{qbo[base_url]}"
  token_url: "{qbo[token_url]}"
  realm_id: "{qbo[realm_id]}"
  client_id: {{file: "{secrets}/qbo-client-id"}}
  client_secret: {{file: "{secrets}/qbo-client-secret"}}
  refresh_token: {{file: "{secrets}/qbo-refresh-token"}}
  new_items:
    income_account: "Sales of Product Income"
    expense_account: "Cost of Goods Sold"
dear:
  native_link: none
  base_url: "{dear[base_url]}"
  account_id: "{dear[account_id]}"
  application_key: {{file: "{secrets}/dear-application-key"}}
  home_country: ["USA"]
  expense_account: cogs
  defaults:
    account: {{bank: "House bank", bank_account_number: "000-1"}}
    tax: {{account: "Q90"}}
    supplier:
      tax_rule: "Tax Exempt"
      payment_term: "Net 30"
      account_payable: "Q33"
      currency: USD
    customer:
      tax_rule: "Tax Exempt"
      payment_term: "Net 30"
      account_receivable: "Q84"
      revenue_account: "Q79"
      price_tier: "Retail"
      currency: USD
    product: {{category: "Other", unit: "Item"}}
kinds:
  purchase_order: {{since: "{since}"}}
  bill: {{since: "{since}"}}
  invoice: {{since: "{since}"}}
"""
_encode = msgspec.json.Encoder(decimal_format="number").encode

Rows = Sequence[tuple[str, ...]]


class Demo:
    """One run: a folder, two processes, and a voice."""

    def __init__(self, folder: Path, seed: int, size: str, scale: float) -> None:
        self.folder = folder
        self.config = folder / "demo.yaml"
        self._seed = seed
        self._size = size
        self._scale = scale
        self.twins: dict[str, Any] = {}

    def say(self, text: str) -> None:
        """Tell what happens next."""
        click.echo()
        for line in folded(f"== {text}", indent="   "):
            click.secho(line, bold=True)

    def note(self, text: str) -> None:
        """A quieter line."""
        for line in folded(f"   {clean(text)}", indent="   "):
            click.echo(line)

    def table(self, rows: Rows, *, right: frozenset[int] = frozenset()) -> None:
        """Aligned rows; the columns in ``right`` (from 0) are figures."""
        for line in columns(rows, widest=WIDEST, right=right):
            click.echo(f"     {line}")

    def require(self, claim: str, is_true: bool) -> None:
        """The demo ends when what it just read from the simulators is not so."""
        if not is_true:
            raise click.ClickException(f"the story did not come true: {claim}")

    def show(self, claim: str, is_true: bool) -> None:
        """As ``require``, and say it."""
        self.require(claim, is_true)
        self.note(claim)

    @contextmanager
    def sandbox(self) -> Iterator[None]:
        """Both sandboxes in a process of their own, ready to answer."""
        argv = ["sandbox", "--seed", str(self._seed), "--size", self._size]
        argv += ["--clock-scale", str(self._scale), "--log", str(self.folder / "requests.jsonl")]
        with self._process(argv, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise click.ClickException("the sandbox did not start; see the lines above")
            self.twins = json.loads(line)
            self._write_config()
            yield

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """The daemon in a process of its own, its first cycle under way."""
        log = self.folder / "daemon.log"
        argv = ["run", "--config", str(self.config), "--clock-scale", str(self._scale)]
        with log.open("wb") as stream, self._process(argv, stderr=stream) as process:
            self._wait_for_socket(process, log)
            yield

    @contextmanager
    def _process(self, argv: list[str], **streams: Any) -> Iterator["subprocess.Popen[bytes]"]:
        process = subprocess.Popen([sys.executable, "-m", "daemon", *argv], **streams)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _write_config(self) -> None:
        secrets = self.folder / "secrets"
        secrets.mkdir(mode=0o700, exist_ok=True)
        qbo, dear = self.twins["qbo"], self.twins["dear"]
        for name, value in {
            "qbo-client-id": qbo["client_id"],
            "qbo-client-secret": qbo["client_secret"],
            "qbo-refresh-token": qbo["refresh_token"],
            "dear-application-key": dear["application_key"],
        }.items():
            path = secrets / name
            path.touch(mode=0o600)
            path.write_text(value, encoding="utf-8")
        text = DEMO_CONFIG.format(
            state=self.folder / "state",
            secrets=secrets,
            company=self.twins["company"],
            qbo=qbo,
            dear=dear,
            since=first_day(),
        )
        self.config.write_text(text, encoding="utf-8")

    def _wait_for_socket(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        for _ in range(START_LIMIT_S * 5):
            if process.poll() is not None:
                tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise click.ClickException(f"the daemon ended at once:\n{tail}")
            if self.run("status", "--json", quiet=True).returncode == 0:
                return
            signal.sigtimedwait([], 0.2)
        raise click.ClickException(f"the daemon did not open its socket; see {log}")

    def wait_for_first_cycle(self) -> None:
        """Until the daemon has read both systems once."""
        for _ in range(FIRST_CYCLE_LIMIT_S * 5):
            if self.ask("status")["last_cycle"] is not None:
                return
            signal.sigtimedwait([], 0.2)
        raise click.ClickException("the first cycle did not end; see the daemon's log")

    def wait_for(self, claim: str, is_true: Callable[[], bool]) -> None:
        """Until the simulators show it; the demo ends when they never do."""
        for _ in range(START_LIMIT_S * 5):
            if is_true():
                return
            signal.sigtimedwait([], 0.2)
        self.require(claim, False)

    def run(
        self, *argv: str, quiet: bool = False, until: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Run an ordinary command the way an operator would, and show what it says.

        What follows a line that begins with ``until`` is only counted.
        """
        command = [sys.executable, "-m", "daemon", *argv, "--config", str(self.config)]
        env = {**os.environ, "COLUMNS": str(width())}
        if not quiet:
            click.secho(f"\n$ trueup {shlex.join(argv)}", fg="cyan")
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", env=env, check=False
        )
        if not quiet:
            shown = done.stdout.rstrip().splitlines()
            ends = [n for n, line in enumerate(shown) if until and line.startswith(until)]
            most = ends[0] if ends else len(shown)
            for line in shown[:most]:
                for part in folded(line):
                    click.echo(part)
            if len(shown) > most:
                self.note(f"... {len(shown) - most} more lines: each change, each question")
            elif done.stderr.strip():
                click.echo(done.stderr.rstrip(), err=True)
        return done

    def browse(self) -> None:
        """The terminal front end on the live company, until the person leaves it."""
        click.secho("\n$ trueup tui", fg="cyan")
        command = [sys.executable, "-m", "daemon", "tui", "--config", str(self.config)]
        done = subprocess.run(command, check=False)
        if done.returncode != 0:
            raise click.ClickException(f"`trueup tui` ended with {done.returncode}")

    def must(self, *argv: str, until: str = "") -> str:
        """As ``run``, but the demo ends when the command fails."""
        done = self.run(*argv, until=until)
        if done.returncode != 0:
            raise click.ClickException(f"`trueup {' '.join(argv)}` ended with {done.returncode}")
        return done.stdout

    def ask(self, *argv: str) -> Any:
        """The JSON answer of a command, not shown."""
        done = self.run(*argv, "--json", quiet=True)
        if done.returncode != 0:
            raise click.ClickException(done.stderr or f"trueup {' '.join(argv)} failed")
        return json.loads(done.stdout)

    def edit(self, system: str, body: Mapping[str, Any]) -> Any:
        """Change a record as a user of that system would in its own screens."""
        return self._control(system, "edit", body)

    def switch(self, **switches: Any) -> None:
        """Set switches of the DEAR simulator: habits in which real companies differ."""
        self._control("dear", "switches", switches)

    def dump(self, system: str, kind: str) -> list[dict[str, Any]]:
        """Every record of a kind as the sandbox holds it."""
        data = self._control(system, f"state/{kind}")
        rows: list[dict[str, Any]] = data if isinstance(data, list) else next(iter(data.values()))
        return rows

    def _control(self, system: str, what: str, body: Mapping[str, Any] | None = None) -> Any:
        request = urllib.request.Request(
            f"{self.twins[system]['control_url']}/_sandbox/{what}",
            data=None if body is None else _encode(body),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer, parse_float=Decimal, parse_int=Decimal)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            raise click.ClickException(f"the {system} simulator refused: {said}") from error


def width() -> int:
    """Columns that there are to write in."""
    return max(NARROWEST, shutil.get_terminal_size((WIDTH, 30)).columns)


def folded(line: str, indent: str = "") -> list[str]:
    """A line in as many as fit; a command that somebody may copy stays whole."""
    room = width()
    if cells(line) <= room or line.lstrip().startswith("trueup "):
        return [line]
    hanging = indent or " " * (len(line) - len(line.lstrip()) + 4)
    fold = textwrap.TextWrapper(
        room, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
    )
    return fold.wrap(line)


def first_day() -> date:
    """From which day on documents flow here: the first of last month."""
    return (SystemClock().now().date().replace(day=1) - MONTH).replace(day=1)


@click.command()
@click.option("--seed", type=int, default=7, show_default=True, help="Which world to show.")
@click.option(
    "--size",
    type=click.Choice(["small", "medium"]),
    default="small",
    show_default=True,
    help="How many products and parties it holds.",
)
@click.option(
    "--clock-scale",
    type=click.FloatRange(1, 1000),
    default=CLOCK_SCALE,
    show_default=True,
    help="How many times faster time passes; the vendors' limits are kept on that clock.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-state"),
    show_default=True,
    help="Where the demo keeps its files; emptied at the start.",
)
@click.option(
    "--tui/--no-tui",
    "browse",
    default=None,
    help="End in the terminal front end (default: where there is a terminal).",
)
def demo(seed: int, size: str, clock_scale: float, folder: Path, browse: bool | None) -> int:
    """See the whole path on two simulators: a first plan, edits on both sides, and documents.

    A purchase from its order to two bills, a price corrected after export, invoices, one held for a
    cent, one voided, and the totals of both sides. On a terminal it ends in ``trueup tui``.
    """
    from daemon.cli.demo_story import leave_open_ends, tell

    folder = folder.absolute()
    if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
        raise click.BadParameter(f"{folder} is not empty and not a demo's", param_hint="--folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    show = Demo(folder, seed, size, clock_scale)
    show.say("trueup demo: two simulators, one daemon, the ordinary commands")
    show.note(
        f"Time passes {clock_scale:g} times faster than outside, so clock times below run ahead;"
    )
    show.note("the limits that QuickBooks and DEAR set on calls are kept on that clock.")
    show.note("Starting the simulators and the daemon, and reading both for the first time ...")
    with show.sandbox(), show.daemon():
        show.wait_for_first_cycle()
        tell(show)
        if browse if browse is not None else sys.stdin.isatty() and sys.stdout.isatty():
            leave_open_ends(show)
            show.browse()
    show.say("Done.")
    show.note(f"ledger, configuration and logs are kept in {folder}")
    return 0
