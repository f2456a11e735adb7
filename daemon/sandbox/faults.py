"""Fault scripts: which requests of a twin go wrong, and how. Data only; the twins act on it.

A script is a list of plain mappings, checked as a whole: every mistake is named at once. Rules
are counted per matching request, so a script plays the same way every time.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

SYSTEMS: Final = ("qbo", "dear")

KINDS: Final[Mapping[str, str]] = {
    "lost_request": "the connection closes before anything is done",
    "lost_reply": "the request is carried out, then the connection closes without an answer",
    "status": "answer with `status`, `body` and `headers`; nothing is done",
    "throttle": "the system's own 'too many requests' answer, in the given `flavour`",
    "html_200": "HTTP 200 with an HTML page; nothing is done",
    "fault_200": "HTTP 200 with an error body; nothing is done",
    "slow": "`seconds` pass (by the twin's clock) before the request is carried out",
    "truncated_body": "the request is carried out; half of the answer arrives, then the line drops",
    "stale": "the version is said to be out of date (QBO 5010); nothing is done",
    "expire_token": "the access token is said to be expired; nothing is done",
    "invalid_grant": "the token endpoint refuses the grant",
    "drop_page": "a page of a list comes back empty",
    "repeat_page": "a page of a list is the page before it once more",
    "shift_page": "a page of a list starts one row late, as if an earlier row had gone",
}
"""Every kind of fault, with what it means."""

MAX_RULES: Final = 10_000

_TEXT_KEYS: Final = ("method", "path", "query", "flavour")
_COUNT_KEYS: Final = ("after", "times")
_ALL_KEYS: Final = frozenset(
    {"system", "kind", "status", "body", "headers", "seconds", *_TEXT_KEYS, *_COUNT_KEYS}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request."""

    kind: str
    status: int = 500
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    flavour: str = ""
    """Variant of a throttle answer; each twin lists its own, ``""`` is its usual one."""


@dataclass(slots=True)
class _Rule:
    system: str
    fault: Fault
    method: str
    path: str
    query: str
    after: int
    times: int
    seen: int = 0
    used: int = 0

    def matches(self, system: str, method: str, path: str, query: str) -> bool:
        return (
            self.system == system
            and self.method in ("", method.upper())
            and fnmatchcase(path, self.path or "*")
            and fnmatchcase(query.lower(), self.query.lower() or "*")
        )


class FaultScript:
    """An ordered list of rules; the first rule that is due decides about a request.

    Keys of a rule: ``system`` ("qbo" or "dear") and ``kind`` are required; ``method``, ``path``
    (glob over the path without query), ``query`` (glob over the decoded query string, ignoring
    case), ``after`` (matching requests to let pass first, default 0), ``times`` (how often,
    default 1; 0 means for ever), and what the kind needs: ``status``, ``body`` (text, or any JSON
    value, which is then encoded), ``headers``, ``seconds``, ``flavour``.
    """

    def __init__(self, rules: Iterable[Mapping[str, object]] = ()) -> None:
        self._rules: list[_Rule] = []
        self.extend(rules)

    @classmethod
    def load(cls, path: Path) -> "FaultScript":
        """Read a JSON file holding a list of rules. Raises ``ValueError`` naming every problem."""
        try:
            rules = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}: not JSON: {error}") from error
        if not isinstance(rules, list):
            raise ValueError(f"{path}: a fault script is a list of rules")
        return cls(rules)

    def extend(self, rules: Iterable[Mapping[str, object]]) -> None:
        """Append rules; either all of them or, when one is wrong, none. Raises ``ValueError``."""
        parsed: list[_Rule] = []
        problems: list[str] = []
        for number, rule in enumerate(rules):
            found = _problems(rule)
            if found:
                problems += [f"rule {number}: {text}" for text in found]
            else:
                parsed.append(_parse(rule))
        if len(self._rules) + len(parsed) > MAX_RULES:
            problems.append(f"more than {MAX_RULES} rules")
        if problems:
            raise ValueError("fault script: " + "; ".join(problems))
        self._rules += parsed

    def take(self, system: str, method: str, path: str, *, query: str = "") -> Fault | None:
        """The fault to play on this request, if any. Counts the request in every matching rule."""
        chosen: Fault | None = None
        for rule in self._rules:
            if not rule.matches(system, method, path, query):
                continue
            rule.seen += 1
            due = rule.seen > rule.after and (rule.times == 0 or rule.used < rule.times)
            if chosen is None and due:
                rule.used += 1
                chosen = rule.fault
        return chosen

    @property
    def pending(self) -> int:
        """Rules that have not yet been played as often as they say (endless ones not counted)."""
        return sum(1 for rule in self._rules if rule.times and rule.used < rule.times)

    def clear(self) -> None:
        """Forget every rule."""
        self._rules.clear()


def _problems(rule: object) -> list[str]:
    if not isinstance(rule, Mapping):
        return ["is not a mapping"]
    found = [f"unknown key {key!r}" for key in rule if key not in _ALL_KEYS]
    found += _one_of(rule, "system", SYSTEMS) + _one_of(rule, "kind", tuple(KINDS))
    for key in _TEXT_KEYS:
        if not isinstance(rule.get(key, ""), str):
            found.append(f"{key} must be text")
    for key in _COUNT_KEYS:
        if not _is_count(rule.get(key, 0)):
            found.append(f"{key} must be a whole number, 0 or more")
    status = rule.get("status", 500)
    if not _is_count(status) or not 100 <= int(str(status)) <= 599:
        found.append("status must be an HTTP status (100 to 599)")
    seconds = rule.get("seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        found.append("seconds must be a number, 0 or more")
    headers = rule.get("headers", {})
    if not isinstance(headers, Mapping) or not all(
        isinstance(name, str) and isinstance(value, str) for name, value in headers.items()
    ):
        found.append("headers must map text to text")
    return found


def _one_of(rule: Mapping[str, object], key: str, allowed: Sequence[str]) -> list[str]:
    if key not in rule:
        return [f"{key} is missing"]
    if rule[key] not in allowed:
        return [f"unknown {key} {rule[key]!r} (one of: {', '.join(allowed)})"]
    return []


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _parse(rule: Mapping[str, object]) -> _Rule:
    headers = rule.get("headers", {})
    body = rule.get("body", "")
    seconds = rule.get("seconds", 0)
    return _Rule(
        system=str(rule["system"]),
        method=str(rule.get("method", "")).upper(),
        path=str(rule.get("path", "")),
        query=str(rule.get("query", "")),
        after=int(str(rule.get("after", 0))),
        times=int(str(rule.get("times", 1))),
        fault=Fault(
            kind=str(rule["kind"]),
            status=int(str(rule.get("status", 500))),
            body=body if isinstance(body, str) else json.dumps(body),
            headers=dict(headers) if isinstance(headers, Mapping) else {},
            seconds=float(str(seconds)),
            flavour=str(rule.get("flavour", "")),
        ),
    )
