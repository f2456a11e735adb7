"""The query language as text: tokens, grammar, and a parsed statement. Knows no records."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from daemon.sandbox.qbo import faultbodies

MAX_LENGTH: Final = 32_000
_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<string>'(?:\\.|[^'\\])*')
    | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    | (?P<word>[A-Za-z_][\w]*(?:\.[A-Za-z_][\w]*)*)
    | (?P<mark><=|>=|[=<>*(),])
    )""",
    re.VERBOSE,
)
_KEYWORDS: Final = frozenset(
    {"select", "from", "where", "and", "in", "like", "orderby", "order", "by", "asc", "desc"}
    | {"startposition", "maxresults", "count", "or", "not", "null"}
)


class Token(NamedTuple):
    kind: str
    text: str
    column: int

    def says(self, word: str) -> bool:
        """Whether this is the given keyword or mark."""
        return self.kind in ("word", "mark") and self.text.lower() == word


@dataclass(frozen=True, slots=True)
class Condition:
    """``field op values``; ``op`` is =, <, >, <=, >=, like or in. Values are texts."""

    field: str
    op: str
    values: tuple[str, ...]


@dataclass(slots=True)
class Statement:
    """One parsed query. Nobody changes it: whoever asks the same again gets the same."""

    entity: str = ""
    count: bool = False
    star: bool = False
    fields: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    """Property and whether descending."""
    start: int = 1
    size: int = 100
    size_given: bool = False


@lru_cache(maxsize=512)
def parse(text: str) -> Statement:
    """Parse a statement. Raises 4000 for what is not in the grammar."""
    return _Parser(_tokens(text)).statement()


def _tokens(text: str) -> list[Token]:
    if len(text) > MAX_LENGTH:
        raise faultbodies.parse_error("<EOF>", MAX_LENGTH)
    found: list[Token] = []
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None or match.lastgroup is None:
            rest = stripped[at:].lstrip()
            raise faultbodies.parse_error(rest[:1], len(stripped) - len(rest) + 1)
        kind = match.lastgroup
        found.append(Token(kind, match.group(kind), match.start(kind) + 1))
        at = match.end()
    found.append(Token("end", "<EOF>", len(stripped) + 1))
    return found


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def statement(self) -> Statement:
        result = Statement()
        self._expect("select")
        self._projection(result)
        self._expect("from")
        result.entity = self._name()
        if self._accept("where"):
            result.conditions.append(self._condition())
            while self._accept("and"):
                result.conditions.append(self._condition())
        if self._accept("orderby") or (self._accept("order") and self._expect("by")):
            self._order(result)
        seen: set[str] = set()
        while self._peek().kind == "word" and self._peek().text.lower() not in seen:
            word = self._peek().text.lower()
            seen.add(word)
            if self._accept("startposition"):
                result.start = self._whole()
            elif self._accept("maxresults"):
                result.size, result.size_given = self._whole(), True
            else:
                break
        if self._peek().kind != "end":
            raise self._error()
        return result

    def _projection(self, result: Statement) -> None:
        if self._accept("count"):
            for mark in ("(", "*", ")"):
                self._expect(mark)
            result.count = True
            return
        while True:
            if self._accept("*"):
                result.star = True
            else:
                result.fields.append(self._name())
            if not self._accept(","):
                return

    def _condition(self) -> Condition:
        name = self._name()
        if self._accept("in"):
            self._expect("(")
            values = [self._literal()]
            while self._accept(","):
                values.append(self._literal())
            self._expect(")")
            return Condition(name, "in", tuple(values))
        if self._accept("like"):
            return Condition(name, "like", (self._literal(),))
        for op in ("=", "<", ">", "<=", ">="):
            if self._accept(op):
                return Condition(name, op, (self._literal(),))
        raise self._error()

    def _order(self, result: Statement) -> None:
        while True:
            name = self._name()
            descending = self._accept("desc")
            if not descending:
                self._accept("asc")
            result.order.append((name, descending))
            if not self._accept(","):
                return

    def _literal(self) -> str:
        token = self._peek()
        if token.kind == "string":
            self._at += 1
            return re.sub(r"\\(.)", r"\1", token.text[1:-1])
        if token.kind == "number" or token.text.lower() in ("true", "false"):
            self._at += 1
            return token.text
        raise self._error()

    def _whole(self) -> int:
        token = self._peek()
        if token.kind != "number" or not token.text.isdecimal():
            raise self._error()
        self._at += 1
        return int(token.text)

    def _name(self) -> str:
        token = self._peek()
        if token.kind != "word" or token.text.lower() in _KEYWORDS:
            raise self._error()
        self._at += 1
        return token.text

    def _accept(self, word: str) -> bool:
        if self._peek().says(word):
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> bool:
        if not self._accept(word):
            raise self._error()
        return True

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _error(self) -> faultbodies.QboFault:
        token = self._peek()
        return faultbodies.parse_error(token.text, token.column)
