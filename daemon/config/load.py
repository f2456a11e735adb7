"""A configuration file as a ``Config``, or every problem in it at once, each with its place.

Reads one file and nothing else: secrets stay references, no system is contacted. A message never
repeats a value that might be a secret.
"""

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from daemon.config.model import SOURCES, Config
from daemon.config.schema import all_keys, known_keys
from daemon.config.tree import Finding, Tree, Where, dotted, read_tree
from daemon.connectors.secrets import SecretRef
from ledger.model.errors import ConfigProblem
from ledger.model.ids import DOCUMENT_KINDS

SECRET_FORM = (
    "secrets are never written here: give {credential: NAME}, {file: /PATH} or {env: NAME}"
)
_PATTERNS = {
    "instance": "lower-case letters, digits and hyphens only, beginning with a letter",
    "company.home_currency": "a currency is three capital letters, such as USD",
    **dict.fromkeys(
        [f"kinds.{kind.value}.number_prefix" for kind in DOCUMENT_KINDS],
        "letters, digits and . _ / # - only",
    ),
}
_INSTEAD: dict[str | int, str] = {
    "authority": "the source owns documents",
    "create": "the source owns documents: `since` and `flow` say which are written",
    "mode": "it is called `flow`",
}
_REFERENCE = frozenset(SecretRef.model_fields)
LONGEST_SOCKET = 107
"""Bytes that a unix socket address can hold."""


@dataclass(frozen=True)
class Loaded:
    """A valid configuration and the file that it came from."""

    config: Config
    path: Path
    content: str
    """SHA-256 of the file, to tell a change from a touch."""


def load(path: Path) -> Loaded:
    """Read ``path``. ``ConfigProblem`` lists every problem as ``file:line:col: key: message``."""
    data = read(path)
    config = parse(data, name=str(path), folder=path.resolve().parent)
    return Loaded(config=config, path=path, content=content_hash(data))


def read(path: Path) -> bytes:
    """The bytes of a configuration file; ``ConfigProblem`` when there is none to read."""
    try:
        return path.read_bytes()
    except OSError as error:
        cure = "name another with --config FILE, or copy config.example.yaml and edit it"
        raise ConfigProblem([f"{path}: cannot be read: {error.strerror}; {cure}"]) from error


def content_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def parse(data: bytes, *, name: str, folder: Path) -> Config:
    """The configuration that ``data`` says; relative paths in it start at ``folder``."""
    tree = read_tree(text_of(data, name))
    config = _validate(tree, folder) if isinstance(tree.value, dict) else None
    if config is not None:
        _check_whole(tree, config)
    if tree.findings or config is None:
        raise ConfigProblem(list(_lines(tree, name)))
    return config


def text_of(data: bytes, name: str) -> str:
    """The text of a configuration file."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigProblem([f"{name}:{line}:1: not UTF-8 text: save the file as UTF-8"]) from error


def _lines(tree: Tree, name: str) -> Iterator[str]:
    for finding in sorted(dict.fromkeys(_discreet(finding) for finding in tree.findings)):
        spot, path, message = finding
        where = f"{name}:{spot.line}:{spot.column}:"
        yield f"{where} {path}: {message}" if path else f"{where} {message}"


def _discreet(finding: Finding) -> Finding:
    """A secret that somebody wrote as a key, ``{hunter2}``, is not repeated as one."""
    parts = finding.path.split(".")
    for count in range(1, len(parts)):
        if parts[count] not in _REFERENCE and set(known_keys(_where(parts[:count]))) == _REFERENCE:
            return Finding(finding.spot, ".".join(parts[:count]), SECRET_FORM)
    return finding


def _where(parts: list[str]) -> Where:
    """The path that was written with dots."""
    where: list[str | int] = []
    for part in parts:
        name, *places = part.replace("]", "").split("[")
        where += [name, *(int(place) for place in places if place.isdecimal())]
    return tuple(where)


def _validate(tree: Tree, folder: Path) -> Config | None:
    if not any(source in tree.value for source in SOURCES):
        sections = " or ".join(f"`{source}:`" for source in SOURCES)
        message = f"no operations system is configured: add a section {sections}"
        tree.note((), message)
    _fill_empty(tree.value, ())
    try:
        return Config.model_validate(tree.value, context={"folder": folder})
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=True):
            _note(tree, detail)
        return None


def _fill_empty(values: dict[str, Any], where: Where) -> None:
    """A section whose every line is commented out means its defaults."""
    for key, value in values.items():
        if value is None and known_keys((*where, key)):
            values[key] = {}
        elif isinstance(value, dict):
            _fill_empty(value, (*where, key))


def _note(tree: Tree, detail: ErrorDetails) -> None:
    # A mapping key that fails is reported as (..., key, "[key]").
    where: Where = tuple(part for part in detail["loc"] if part != "[key]")
    known = _in_file(tree, where)
    match detail["type"]:
        case "missing":
            name = str(where[-1])
            message = f"missing: this key is required{_near_key(tree, where)}"
            tree.note((*known, name), message)
        case "extra_forbidden":
            near = _did_you_mean(str(where[-1]), known_keys(where[:-1]))
            tree.note(where, f"unknown key{_instead(where) or near or _belongs(where)}")
        case _:
            message = _message(tree, detail, known)
            tree.note(known, message)


def _instead(where: Where) -> str:
    """Why kinds of documents lack a key that other kinds have, or what it is called."""
    of_documents = where[0] == "kinds" and where[1:2] and where[1] in DOCUMENT_KINDS
    return f"; {_INSTEAD[where[-1]]}" if of_documents and where[-1] in _INSTEAD else ""


def _belongs(where: Where) -> str:
    """The one place in the file at which there is a key of that name."""
    places = [dotted(key) for key in all_keys() if key[-1] == where[-1]]
    # What one kind of record has and another lacks was mostly meant for that other.
    is_told = len(places) == 1 and not (where[0] == "kinds" and places[0].startswith("kinds."))
    return f"; it belongs at {places[0]}" if is_told else ""


def _message(tree: Tree, detail: ErrorDetails, known: Where) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "model_type" and context.get("class_name") == SecretRef.__name__:
        return SECRET_FORM
    if detail["input"] is None and kind != "value_error":
        return "is empty: give it a value or remove the key"
    written = tree.plain.get(known)
    if kind in {"string_type", "path_type", "quote_it"} and written is not None:
        return f'YAML reads {written} as {_reading(detail["input"])}: quote it: "{written}"'
    if kind == "literal_error":
        return _choice(detail["input"], str(context.get("expected", "")))
    if kind == "field_name":
        word, choices = str(context["word"]), list(context["choices"])
        near = _did_you_mean(word, choices)
        return f"no such field{near or '; known: ' + ', '.join(choices)}"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(dotted(known), f"must look like {context.get('pattern', '')}")
    if kind in {"model_type", "dict_type"}:
        return "must be a section of keys, indented below this line"
    if kind.startswith("bool_"):
        return "write true or false"
    if kind == "value_error":
        return str(context.get("error", detail["msg"]))
    return detail["msg"][:1].lower() + detail["msg"][1:]


def _reading(value: object) -> str:
    return "true or false" if isinstance(value, bool) else "a number"


def _choice(given: object, expected: str) -> str:
    words = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
    message = f"must be one of: {', '.join(words)}"
    if isinstance(given, str):
        message += _did_you_mean(given, words)
    elif isinstance(given, bool):
        message += f" (quoted, where YAML reads {str(given).lower()} as true or false)"
    return message


def _did_you_mean(word: str, choices: list[str]) -> str:
    folded = {choice.casefold(): choice for choice in choices}
    near = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]}?" if near else ""


def _near_key(tree: Tree, where: Where) -> str:
    """A missing key is often one that was misspelt right there."""
    parent = _value_at(tree.value, where[:-1])
    if not isinstance(parent, dict):
        return ""
    strange = [key for key in parent if key not in known_keys(where[:-1])]
    near = difflib.get_close_matches(str(where[-1]), strange, n=1, cutoff=0.6)
    return f" (there is {near[0]})" if near else ""


def _in_file(tree: Tree, where: Where) -> Where:
    """``where`` without the parts that only the validator knows (members of a union)."""
    known: Where = ()
    for part in where:
        if (*known, part) in tree.spots:
            known = (*known, part)
    return known


def _value_at(value: Any, where: Where) -> Any:
    for part in where:
        match value:
            case dict():
                value = value.get(part)
            case list() if isinstance(part, int) and part < len(value):
                value = value[part]
            case _:
                return None
    return value


def _check_whole(tree: Tree, config: Config) -> None:
    """What only the whole file can say."""
    socket = str(config.places.socket)
    if len(socket.encode()) > LONGEST_SOCKET:
        where: Where = ("control", "socket") if config.control.socket else ("state_dir",)
        tree.note(where, f"{socket} is too long for a unix socket: set a shorter control.socket")
    for where, reference in _secrets(config, ()):
        if reference.file is not None and not reference.file.is_absolute():
            tree.note((*where, "file"), "give the whole path of the secret, from / on")


def secret_references(config: BaseModel) -> list[tuple[str, SecretRef]]:
    """Every secret that the configuration refers to, with its key."""
    return [(dotted(where), reference) for where, reference in _secrets(config, ())]


def _secrets(value: object, where: Where) -> Iterator[tuple[Where, SecretRef]]:
    """Every secret reference below ``value``."""
    if isinstance(value, SecretRef):
        yield where, value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _secrets(item, (*where, index))
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _secrets(getattr(value, name), (*where, field.alias or name))
