"""JSON that is nearly right: real answers with some of their leaves, types, keys or order changed.

Trees are lists, dicts, text, booleans, None and ``Token``: a piece of JSON as it stands, so that
numbers keep their digits and what no encoder would write can be said as well.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st


class Token(str):
    """A piece of JSON (or of what is none) that goes out as it is."""

    __slots__ = ()


DEEP = 3_000
NUMBERS = [
    *("-0", "-0.0", "0.00", "1e2", "1E+2", "-1", "0.1", "12.345678901234567890"),
    *("0.1234567890123456789012345678901234567890", "1234567890123456789012345678901234567890"),
    *("1e18", "1e19", "1e400", "1e-400", "1e999999999", "-1e-999999999", "0e999999999"),
    *("1e9999999999999999999", "1e-9999999999999999999", "9" * 30, "9" * 5_000, "0." + "3" * 5_000),
]
TEXTS = [
    *("", " ", "\t\r\n", "x" * 10_000, "\x00", "a\x00b", "\x1b[2J", "\u202e evil", "[bold]x[/]"),
    *("=1+1", "e\u0301", "\u00e9", "\ufeff", "\U0001f600", "\uffff", "İ", "ß", "\u2028"),
    *("NaN", "sNaN", "Infinity", "-inf", "1_000", "１２", "٣", "0x10", "0.1e-5"),
    *("1e999999999", "1e-999999999", "1e999999999999999999999", "9" * 5_000),
    *("true", "null", "Deleted", "(deleted)", "x (deleted)", "VOIDED", "Authorised"),
    *("0001-01-01", "9999-12-31", "2026-02-30", "20260101", "2026-W01-1", "2026-13-01"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00Z"),
    *("2026-05-05T12:00:00", "2026-05-05T24:00:00Z", "2026-05-05T12:00:00+99:99"),
    *("2026-05-05T12:00:00.1234567Z", "2026-05-05 12:00:00", "2026-05-05T12:00:00-23:59"),
    *("00000000-0000-0000-0000-000000000000", "../..", "a/b", "' OR 1=1", "SHIPPING_ITEM_ID"),
]
ODDITIES = [
    Token('"\\ud800"'),
    Token('"\\udc00\\ud800"'),
    Token("NaN"),
    Token("-"),
    Token("01"),
    Token("[" * DEEP + "]" * DEEP),
    Token('{"a":' * DEEP + "1" + "}" * DEEP),
    Token('{"value":1,"value":"2"}'),
    Token('"\xff"'),
]
CONTAINERS = (
    *("[]", "{}", "[[]]", "[null]", "[{}]", '{"value":null}', '{"value":5}', '{"value":[]}'),
)
"""As JSON: each place gets one of its own."""
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, False]),
    st.sampled_from(CONTAINERS),
    st.sampled_from([Token(number) for number in NUMBERS]),
    st.sampled_from(TEXTS),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.integers(-(2**70), 2**70).map(lambda number: Token(number)),
    st.sampled_from(ODDITIES),
)


def tree(body: bytes) -> Any:
    """What a body says, numbers as they stand."""
    return json.loads(body, parse_int=Token, parse_float=Token, parse_constant=Token)


def written(value: Any) -> bytes:
    """The JSON of a tree; a byte that is no UTF-8 stands in it as the character of that number."""
    text = "".join(_pieces(value))
    return text.replace("\xff", "\udcff").encode("utf-8", "surrogateescape")


def _pieces(value: Any) -> Iterator[str]:
    match value:
        case Token():
            yield value
        case dict():
            yield "{"
            for place, (key, inner) in enumerate(value.items()):
                yield "," * bool(place) + json.dumps(key, ensure_ascii=False) + ":"
                yield from _pieces(inner)
            yield "}"
        case list():
            yield "["
            for place, inner in enumerate(value):
                yield "," * bool(place)
                yield from _pieces(inner)
            yield "]"
        case _:
            yield json.dumps(value, ensure_ascii=False)


def places(value: Any, *, below: int = 0) -> list[tuple[Any, Any]]:
    """Every place in a tree that holds something, as its container and key, deeper than ``below``
    levels."""
    found: list[tuple[Any, Any]] = []
    waiting = [(value, 0)]
    while waiting:
        holder, depth = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            inner = holder[key]
            if depth >= below:
                found.append((holder, key))
            if isinstance(inner, dict | list):
                waiting.append((inner, depth + 1))
    return found


class Change(NamedTuple):
    """One thing done to a tree. It is drawn before the tree is known: the same choices do the same
    to whatever is answered."""

    act: str
    at: int
    """Which place, counted round."""
    leaf: Any
    to: int
    """Which name or position, counted round."""

    def do(self, value: Any, *, below: int) -> None:
        there = places(value, below=below)
        if there:
            self._change(*there[self.at % len(there)])

    def _change(self, holder: Any, key: Any) -> None:
        leaf = (
            json.loads(self.leaf)
            if isinstance(self.leaf, str) and self.leaf in CONTAINERS
            else self.leaf
        )
        match self.act, holder:
            case "drop", _:
                del holder[key]
            case "wrap", _:
                holder[key] = [holder[key]] if self.to % 2 else {"value": holder[key]}
            case "again", list():
                holder.insert(self.to % (len(holder) + 1), holder[key])
            case "rename", dict():
                names = (key.upper(), key.lower(), f"{key} ", "Unknown", "")
                holder[names[self.to % len(names)]] = holder.pop(key)
            case "turn", list():
                holder.reverse()
            case "turn", dict():
                turned = list(holder.items())[::-1]
                holder.clear()
                holder.update(turned)
            case _:
                holder[key] = leaf


ACTS = ["leaf", "leaf", "leaf", "leaf", "drop", "wrap", "again", "rename", "turn"]
CHANGES = st.lists(
    st.builds(Change, st.sampled_from(ACTS), st.integers(0, 9_999), LEAVES, st.integers(0, 9)),
    min_size=1,
    max_size=3,
)


def changed(body: bytes, changes: Sequence[Change], *, below: int = 0) -> Any:
    """The tree of ``body`` after some changes below the given level."""
    value = tree(body)
    for change in changes:
        change.do(value, below=below)
    return value


def spoiled(body: bytes, *, below: int = 0) -> st.SearchStrategy[Any]:
    """The tree of ``body`` after changes of chance below the given level."""
    return CHANGES.map(lambda changes: changed(body, changes, below=below))


class Damage(NamedTuple):
    """One thing done to bytes."""

    act: str
    at: int
    length: int
    added: bytes

    def do(self, data: bytearray) -> None:
        at = self.at % (len(data) + 1)
        match self.act:
            case "cut":
                del data[at : at + self.length]
            case "change":
                data[at : at + 1] = self.added
            case "add":
                data[at:at] = self.added
            case _:
                data[at:at] = data[at : at + self.length]


DAMAGES = st.lists(
    st.builds(
        Damage,
        st.sampled_from(["cut", "change", "add", "again"]),
        st.integers(0, 99_999),
        st.integers(1, 64),
        st.sampled_from([b"\x00", b"\xff", b"[", b"}", b'"', b"\\u", b"1e9"])
        | st.binary(max_size=3),
    ),
    min_size=1,
    max_size=4,
)


def broken(body: bytes, damages: Sequence[Damage]) -> bytes:
    """``body`` with some of its bytes lost, changed, repeated or added."""
    data = bytearray(body)
    for damage in damages:
        damage.do(data)
    return bytes(data)


def damaged(body: bytes) -> st.SearchStrategy[bytes]:
    """``body`` after damage of chance."""
    return DAMAGES.map(lambda damages: broken(body, damages))
