"""Manual pages: one for each command, saying what ``--help`` says, and good input for groff."""

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from daemon.cli.manual import escaped, page, pages
from daemon.cli.root import NAME, root
from tests.daemon.cli.conftest import call

groff = pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
PAGES = pages(root, NAME)


def words(text: str) -> str:
    return " ".join(text.split())


def read(roff: str) -> str:
    """A page as it reads, without its macros."""
    lines = [
        re.sub(r"^\.(?:BR?|SH|TH) ?|^\.(?:TP|PP|nf|fi)$", "", line) for line in roff.split("\n")
    ]
    told = "\n".join(lines)
    for roff_form, plain in (
        *(("\\&", ""), ("\\-", "-"), ("\\(dq", '"'), ("\\(ha", "^")),
        *(("\\(ti", "~"), ("\\(ga", "`"), ("\\e", "\\")),
    ):
        told = told.replace(roff_form, plain)
    return words(re.sub(r"\\\[u([0-9A-F]{4,6})\]", lambda m: chr(int(m[1], 16)), told))


def commands() -> list[tuple[str, ...]]:
    return sorted(_paths(root, click.Context(root, info_name=NAME), ()))


def _paths(
    group: click.Group, context: click.Context, above: tuple[str, ...]
) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [above]
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None
        below = click.Context(command, info_name=word, parent=context)
        if isinstance(command, click.Group):
            found += _paths(command, below, (*above, word))
        else:
            found.append((*above, word))
    return found


def test_every_command_has_its_page() -> None:
    wanted = {"-".join((NAME, *path)) + ".1" for path in commands()}
    assert set(PAGES) == wanted
    assert {"trueup.1", "trueup-status.1", "trueup-drift-show.1", "trueup-tui.1"} <= wanted


@pytest.mark.parametrize("path", commands(), ids="-".join)
def test_a_page_says_what_help_says(path: tuple[str, ...]) -> None:
    said = call(*path, "--help")
    assert said.code == 0
    usage, _, rest = said.out.partition("\n\n")
    told = read(PAGES["-".join((NAME, *path)) + ".1"])
    assert words(usage.removeprefix("Usage: ")) in told
    prose, _, options = rest.partition("\nOptions:\n")
    assert words(prose) in told
    options, _, _ = options.partition("\n\n")
    for one in re.split(r"\n(?=  \S)", options):
        name, _, about = one.strip().partition("  ")
        assert words(name) in told
        assert words(about) in told


def test_one_page_is_printed_and_a_strange_one_refused() -> None:
    said = call("man", "ledger", "verify")
    assert said.out == PAGES["trueup-ledger-verify.1"]
    assert call("man").out == PAGES["trueup.1"]
    assert call("man", "ledgr").code == 64
    with pytest.raises(click.UsageError, match="no command 'trueup status x'"):
        page(root, NAME, ("status", "x"))


def test_all_are_written_to_a_folder(tmp_path: Path) -> None:
    said = call("man", "--folder", str(tmp_path / "man1"))
    assert said.code == 0
    assert f"{len(PAGES)} pages" in said.out
    assert {f.name: f.read_text() for f in (tmp_path / "man1").iterdir()} == PAGES
    assert call("man", "status", "--folder", str(tmp_path)).code == 64


@pytest.mark.parametrize(
    ("text", "roff"),
    [
        ("a-b", "a\\-b"),
        ("c:\\x", "c:\\ex"),
        ("Ä", "\\[u00C4]"),
        ('say "x"', "say \\(dqx\\(dq"),
    ],
)
def test_text_is_printed_as_it_is(text: str, roff: str) -> None:
    assert escaped(text) == roff
    assert read(roff) == text


@groff
def test_groff_has_nothing_to_say_about_them(tmp_path: Path) -> None:
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text)
    files = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8", "-z", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-c", str(tmp_path / "trueup.1")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "2  drift (with --exit-code)" in shown
    assert "trueup plan" in shown
