"""The JSON Schema of the configuration: for editors, and to know which keys exist where."""

import json
from functools import cache
from typing import Any

from daemon.config.model import Config
from daemon.config.tree import Where

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def json_schema() -> dict[str, Any]:
    """The schema as plain values; do not change it."""
    schema = Config.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": _DIALECT, **schema, "title": "trueup configuration"}


def schema_text() -> str:
    """The text of ``config.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def known_keys(where: Where) -> list[str]:
    """The keys that may stand at ``where``; empty where any key may."""
    keys: list[str] = []
    for node in _at(json_schema(), where):
        keys += list(node.get("properties", {}))
        keys += list(node.get("propertyNames", {}).get("enum", []))
    return keys


def all_keys() -> list[Where]:
    """Every key of the model, from the top, in declared order."""
    return list(_walk(json_schema(), ()))


def _walk(node: dict[str, Any], where: Where) -> list[Where]:
    found: list[Where] = []
    for branch in _branches(node):
        for key, child in branch.get("properties", {}).items():
            found += [(*where, key), *_walk(child, (*where, key))]
    return found


def _at(node: dict[str, Any], where: Where) -> list[dict[str, Any]]:
    nodes = _branches(node)
    for part in where:
        children: list[dict[str, Any]] = []
        for branch in nodes:
            child = branch.get("items") if isinstance(part, int) else _property(branch, part)
            if isinstance(child, dict):
                children += _branches(child)
        nodes = children
    return nodes


def _property(node: dict[str, Any], name: str) -> Any:
    properties = node.get("properties", {})
    return properties[name] if name in properties else node.get("additionalProperties")


def _branches(node: dict[str, Any]) -> list[dict[str, Any]]:
    """``node`` with its reference followed and its alternatives spread out."""
    if "$ref" in node:
        name = str(node["$ref"]).rsplit("/", 1)[-1]
        return _branches(json_schema()["$defs"][name])
    alternatives = [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]
    if not alternatives:
        return [node]
    return [branch for alternative in alternatives for branch in _branches(alternative)]
