"""YAML text as plain values, each with the place it stands at. Knows nothing of our keys.

YAML 1.2 rules, so ``NO`` stays text; keys are unique; no tags, merges or cycles. Numbers stay
exact (``Decimal``) and their own text is remembered, because ``012345`` is somebody's part number.
"""

import re
import warnings
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_BYTES = 1024 * 1024
MAX_NODES = 50_000
"""Aliases may repeat a part of the file; this ends a file that repeats itself without end."""
MAX_DEPTH = 40

Where = tuple[str | int, ...]
"""Keys and list positions from the top of the file."""
_QUOTED = re.compile(r"'(?!<)[^']{4,}'")
"""A piece of the file in a sentence of the parser: it may be part of a secret."""
_TAG = "tag:yaml.org,2002:"
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


class Spot(NamedTuple):
    """A place in the file, counted from 1."""

    line: int
    column: int


class Finding(NamedTuple):
    """One thing that is wrong, where, and what to do about it."""

    spot: Spot
    path: str
    message: str


class Tree:
    """The values of one file and where each was written."""

    def __init__(self) -> None:
        self.value: Any = None
        self.findings: list[Finding] = []
        self.spots: dict[Where, Spot] = {}
        """Where the key of each path stands (for a list item, the item itself)."""
        self.plain: dict[Where, str] = {}
        """The text of every value written without quotes that is not a string to YAML."""
        self._nodes = 0

    def spot(self, path: Where) -> Spot:
        """The place of ``path`` or of its nearest parent that is in the file."""
        while path and path not in self.spots:
            path = path[:-1]
        return self.spots.get(path, Spot(1, 1))

    def note(self, path: Where, message: str) -> None:
        self.findings.append(Finding(self.spot(path), dotted(path), message))

    def build(self, node: Node, path: Where) -> Any:
        """The plain value of ``node``; what is wrong with it goes to ``findings``."""
        self._nodes += 1
        if self._nodes > MAX_NODES or len(path) > MAX_DEPTH:
            raise _TooLarge
        match node:
            case MappingNode():
                return self._mapping(node, path)
            case SequenceNode():
                return [self._item(child, (*path, i)) for i, child in enumerate(node.value)]
            case ScalarNode():
                return self._scalar(node, path)
            case _:
                raise TypeError(node)

    def _item(self, node: Node, path: Where) -> Any:
        self.spots[path] = _spot(node)
        return self.build(node, path)

    def _mapping(self, node: MappingNode, path: Where) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, child in node.value:
            here = _spot(key_node)
            if not isinstance(key_node, ScalarNode):
                self.findings.append(Finding(here, dotted(path), "a key must be one word"))
                continue
            key = str(key_node.value)
            child_path = (*path, key)
            if key == "<<" and key_node.style is None:
                message = "merge keys (<<) are not YAML 1.2: write the keys out"
                self.findings.append(Finding(here, dotted(path), message))
            elif key in values:
                first = self.spots[child_path]
                message = f"given twice (first on line {first.line}): remove one of them"
                self.findings.append(Finding(here, dotted(child_path), message))
            else:
                self.spots[child_path] = here
                values[key] = self.build(child, child_path)
        return values

    def _scalar(self, node: ScalarNode, path: Where) -> Any:
        text = str(node.value)
        kind = str(node.tag).removeprefix(_TAG)
        if kind == "str" or node.style is not None:
            return text
        value = _value(kind, text)
        if not isinstance(value, str):
            self.plain[path] = text
        return value


class _TooLarge(Exception):
    """More values than a configuration can sensibly have."""


def read_tree(text: str) -> Tree:
    """The tree of one YAML document; syntax errors are findings like any other."""
    tree = Tree()
    if len(text.encode()) > MAX_BYTES:
        return _failed(tree, Spot(1, 1), f"longer than {MAX_BYTES} bytes: this is another file")
    try:
        with warnings.catch_warnings():
            # YAML lets an anchor be used again; the warning would print that part of the file.
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            node = YAML(typ="safe", pure=True).compose(text)
        if node is None:
            return _failed(tree, Spot(1, 1), "the file is empty")
        tree.value = tree.build(node, ())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        spot = Spot(mark.line + 1, mark.column + 1) if mark else Spot(1, 1)
        return _failed(tree, spot, _syntax(error))
    except (YAMLError, ValueError) as error:
        return _failed(tree, Spot(1, 1), f"not YAML: {str(error).splitlines()[0]}")
    except (_TooLarge, RecursionError):
        return _failed(tree, Spot(1, 1), "nested too deep, or it repeats itself through aliases")
    if not isinstance(tree.value, dict):
        return _failed(tree, Spot(1, 1), "the file must be a mapping of keys to values")
    return tree


def dotted(path: Where) -> str:
    """``kinds.vendor.create``, ``windows[0].days``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _failed(tree: Tree, spot: Spot, message: str) -> Tree:
    tree.value = None
    tree.findings.append(Finding(spot, "", message))
    return tree


def _syntax(error: MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "not YAML").strip()
    if "'\\t'" in problem:
        return "a tab where YAML allows only spaces: indent with spaces"
    if "mapping values are not allowed" in problem:
        return "a second ':' in one value: quote the value, or check the indentation above"
    if "alias" in problem or "anchor" in problem:
        return "a value that begins with * or & goes in quotes"
    return f"not YAML: {_QUOTED.sub('what stands there', problem)}"


def _spot(node: Node) -> Spot:
    return Spot(node.start_mark.line + 1, node.start_mark.column + 1)


def _value(kind: str, text: str) -> Any:
    """What YAML 1.2 (core schema) makes of an unquoted word; anything else stays text."""
    match kind:
        case "bool" | "null":
            return _WORDS.get(text.lower(), text)
        case "int":
            return _integer(text)
        case "float":
            return _decimal(text)
        case _:
            return text


def _integer(text: str) -> int | str:
    base = 16 if text.startswith("0x") else 8 if text.startswith("0o") else 10
    try:
        return int(text, base)
    except ValueError:
        return text


def _decimal(text: str) -> Decimal | str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text
