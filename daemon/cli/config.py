"""``trueup config``: begin, check, show, describe and compare the configuration of a company."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.config_diff import diff
from daemon.cli.config_init import init
from daemon.cli.edge import report
from daemon.cli.out import answer_values, note, say
from daemon.cli.settings import json_option, settings, shared_options
from daemon.clock import SystemClock
from ledger.model.errors import ConfigProblem

if TYPE_CHECKING:
    from pydantic import BaseModel

    from daemon.config.model import Config


@click.group()
@shared_options
def config() -> None:
    """Begin, check, show, describe and compare the configuration."""


@config.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--secrets", is_flag=True, help="Also prove that every secret can be read here.")
@json_option
@shared_options
def check(*, file: Path | None, secrets: bool, as_json: bool) -> int:
    """Name every problem of FILE at once, as file:line:column: key: message."""
    from daemon.config.load import load

    path = file or settings().config_path()
    try:
        loaded = load(path)
        if secrets:
            _resolve_all(loaded.config, str(path))
    except ConfigProblem as problem:
        if as_json:
            _answer(path, problem.problems)
        return report(problem)
    warnings = _doubts(loaded.config)
    if as_json:
        _answer(path, (), warnings)
    else:
        say(f"{path}: ok")
        for warning in warnings:
            note(f"warning: {warning}")
    return 0


def _doubts(config: "Config") -> list[str]:
    from daemon.config.documents import doubts
    from daemon.config.policy import document_sections

    return doubts(document_sections(config), SystemClock().now().date())


def _answer(path: Path, problems: tuple[str, ...], warnings: Sequence[str] = ()) -> None:
    answer_values(
        "trueup.config-check/1",
        as_of=SystemClock().now().isoformat(),
        file=str(path),
        ok=not problems,
        problems=list(problems),
        warnings=list(warnings),
    )


@config.command()
@shared_options
def schema() -> None:
    """The JSON Schema, for editors (the first line of config.example.yaml points to it)."""
    from daemon.config.schema import schema_text

    click.echo(schema_text(), nl=False)


@config.command()
@json_option
@shared_options
def show(*, as_json: bool) -> None:
    """The configuration with every default filled in; secrets are shown as where they lie."""
    from daemon.config.load import load

    path = settings().config_path()
    loaded = load(path)
    values = loaded.config.model_dump(mode="json", by_alias=True)
    if as_json:
        now = SystemClock().now().isoformat()
        answer_values("trueup.config/1", as_of=now, file=str(path), config=values)
        return
    note(f"# {path}")
    for line in _yaml(values, 0):
        say(line)


config.add_command(init)
config.add_command(diff)


def _yaml(values: dict[str, object], depth: int) -> Iterator[str]:
    pad = "  " * depth
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield f"{pad}{key}:"
            yield from _yaml(value, depth + 1)
        elif value is not None:
            yield f"{pad}{key}: {json.dumps(value, ensure_ascii=True)}"


def _resolve_all(model: "BaseModel", name: str) -> None:
    """Read every secret once and forget it. ``ConfigProblem`` lists those that cannot be had."""
    from daemon.config.load import secret_references

    problems = []
    for key, reference in secret_references(model):
        try:
            reference.resolve()
        except ConfigProblem as problem:
            problems += [f"{name}: {key}: {text}" for text in problem.problems]
    if problems:
        raise ConfigProblem(problems)
