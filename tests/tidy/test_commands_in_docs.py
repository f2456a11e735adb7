"""Commands as the documents write them: each exists, with each option that is given it."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from daemon.cli.root import root
from daemon.cli.settings import VALUES

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"^(?:\$ |ssh -t host )?trueup ([a-z-].*)$")
WORD, OPTION = re.compile(r"[a-z][a-z-]*"), re.compile(r"--[a-z][a-z-]*")


def written(page: Path) -> Iterator[str]:
    """What stands in a fenced block, or whole between backticks."""
    fenced = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            fenced = not fenced
            continue
        for part in [line] if fenced else re.findall(r"`([^`]+)`", line):
            found = COMMAND.match(part.strip())
            if found:
                yield found[1].partition("  #")[0]


def wrong(line: str) -> str:
    """What of a command line does not exist; empty: all of it does."""
    context, path = click.Context(root), "trueup"
    words = iter(re.sub(r"'[^']*'|\"[^\"]*\"", "TEXT", line).split())
    for word in words:
        command = context.command
        usual = getattr(command, "usual", "") if word.startswith("-") else ""
        if word in VALUES:
            next(words, None)
        elif isinstance(command, click.Group) and (usual or WORD.fullmatch(word)):
            inner = command.get_command(context, usual or word)
            if inner is None:
                return f"{path} has no command {word}"
            context = click.Context(inner, parent=context)
            path += "" if usual else f" {word}"
        option = OPTION.match(word)
        if option is not None and option[0] not in taken(context.command):
            return f"{path} has no option {option[0]}"
    return ""


def taken(command: click.Command) -> set[str]:
    names = (name for one in command.params for name in (*one.opts, *one.secondary_opts))
    return {*names, "--help", *VALUES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_tells_to_type_exists(page: Path) -> None:
    found = [f"`trueup {line}`: {told}" for line in written(page) if (told := wrong(line))]
    assert not found, found


def test_a_command_that_is_not_there_would_be_found() -> None:
    assert wrong("history BRK-100") == "trueup has no command history"
    assert wrong("ledger histories") == "trueup ledger has no command histories"
    assert wrong("status --wach") == "trueup status has no option --wach"
    assert not wrong("drift -f FILTER --sort oldest")
    assert sum(1 for page in PAGES for _ in written(page)) > 200
