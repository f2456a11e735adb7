"""Manual pages made from the commands themselves, so that a page and ``--help`` cannot differ.

Pure: commands in, text of the ``man`` macros out. Must not know any command by name.
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version

import click

SECTION = "1"
ENVIRONMENT = (
    ("TRUEUP_CONFIG", "Configuration file, where --config names none."),
    ("TRUEUP_SOCKET", "Control socket of the daemon, where neither option names one."),
    ("NO_COLOR", "No colours, when it is set."),
)
_BLOCK = "\b"
_END = "\f"


def pages(root: click.Group, name: str) -> dict[str, str]:
    """File name -> page, of the program and of every command of it."""
    return {
        f"{'-'.join(path)}.{SECTION}": _page(command, context, path)
        for command, context, path in _walk(root, _top(root, name), (name,))
    }


def page(root: click.Group, name: str, words: Sequence[str]) -> str:
    """The page of one command; ``click.UsageError`` when there is none."""
    command: click.Command = root
    context = _top(root, name)
    for word in words:
        found = command.get_command(context, word) if isinstance(command, click.Group) else None
        if found is None:
            raise click.UsageError(f"there is no command {' '.join((name, *words))!r}")
        command, context = found, click.Context(found, info_name=word, parent=context)
    return _page(command, context, (name, *words))


def _top(root: click.Group, name: str) -> click.Context:
    return click.Context(root, info_name=name, **root.context_settings)


def _walk(
    command: click.Command, context: click.Context, path: tuple[str, ...]
) -> Iterator[tuple[click.Command, click.Context, tuple[str, ...]]]:
    yield command, context, path
    if isinstance(command, click.Group):
        for word in command.list_commands(context):
            inner = command.get_command(context, word)
            if inner is not None and not inner.hidden:
                below = click.Context(inner, info_name=word, parent=context)
                yield from _walk(inner, below, (*path, word))


def _page(command: click.Command, context: click.Context, path: tuple[str, ...]) -> str:
    called = "-".join(path)
    short = command.get_short_help_str(limit=200).rstrip(".")
    lines = [
        f'.TH "{escaped(called.upper())}" "{SECTION}" "" "trueup {version("trueup")}" "trueup"',
        ".SH NAME",
        f"{escaped(called)} \\- {escaped(short)}",
        ".SH SYNOPSIS",
        f".B {escaped(' '.join(path))}",
        escaped(" ".join(command.collect_usage_pieces(context))),
        ".SH DESCRIPTION",
        *_prose(command.help or ""),
        *_options(command, context),
        *_commands(command, context, path),
        *_extras(command, path),
        *_also(command, context, path),
    ]
    return "\n".join(lines) + "\n"


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    told = [record for one in options if (record := one.get_help_record(context)) is not None]
    if told:
        yield ".SH OPTIONS"
    for names, text in told:
        yield ".TP"
        yield f".B {escaped(names)}"
        yield _line(text)


def _commands(
    command: click.Command, context: click.Context, path: tuple[str, ...]
) -> Iterator[str]:
    if not isinstance(command, click.Group):
        return
    yield ".SH COMMANDS"
    for word in command.list_commands(context):
        inner = command.get_command(context, word)
        if inner is not None and not inner.hidden:
            yield ".TP"
            yield f".BR {escaped('-'.join((*path, word)))} ({SECTION})"
            yield _line(inner.get_short_help_str(limit=200))


def _extras(command: click.Command, path: tuple[str, ...]) -> Iterator[str]:
    if command.epilog:
        yield ".SH EXAMPLES"
        yield from _prose(re.sub(r"^(\x08\n)?Examples:\n", "\\1", inspect.cleandoc(command.epilog)))
    if len(path) == 1:
        yield ".SH ENVIRONMENT"
        for name, text in ENVIRONMENT:
            yield from (".TP", f".B {escaped(name)}", _line(text))


def _also(command: click.Command, context: click.Context, path: tuple[str, ...]) -> Iterator[str]:
    if len(path) == 1:
        return
    yield ".SH SEE ALSO"
    yield f".BR {escaped('-'.join(path[:-1]))} ({SECTION})"


def _prose(text: str) -> Iterator[str]:
    """Paragraphs; those marked with a backspace keep their lines."""
    whole = inspect.cleandoc(text).partition(_END)[0].strip("\n")
    for number, paragraph in enumerate(re.split(r"\n\s*\n", whole)):
        if number:
            yield ".PP"
        if paragraph.startswith(_BLOCK):
            yield ".nf"
            yield from map(_line, paragraph.removeprefix(_BLOCK).strip("\n").splitlines())
            yield ".fi"
        else:
            yield _line(" ".join(paragraph.split()))


def _line(text: str) -> str:
    """A line of text that no macro can be read into."""
    return f"\\&{told}" if (told := escaped(text)).startswith((".", "'")) else told


def escaped(text: str) -> str:
    """Text as ``man`` prints it literally: hyphens that can be copied, no escapes of its own."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    plain = plain.replace("^", "\\(ha").replace("~", "\\(ti").replace("`", "\\(ga")
    return "".join(one if one.isascii() else f"\\[u{ord(one):04X}]" for one in plain)
