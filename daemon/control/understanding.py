"""From the bytes of a request to its words, or to a refusal that names the field and the cure.

Must not repeat what was sent: it may be anything.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from daemon.control.frame import UNREADABLE
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_totals import MONTH

_Words = TypeVar("_Words", bound=msgspec.Struct)

_TYPES = MappingProxyType(
    {
        "str": "text",
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "array": "a list",
        "object": "an object",
        "null": "null",
    }
)
_FORMS = MappingProxyType({r"\S": "must not be blank", MONTH: "must be a month: YYYY-MM"})
_SAME_VERSION = "use the same version of trueup as the daemon (trueup version)"


def understood(data: bytes, model: type[_Words]) -> _Words:
    """``Declined`` (bad request) when these bytes do not say what ``model`` asks for."""
    try:
        return msgspec.json.decode(data, type=model)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        field, wrong, cure = _wrong(what, place.rstrip("`").lstrip("."), model)
        raise Declined(Code.BAD_REQUEST, f"{field}: {wrong}" if field else wrong, cure=cure) from (
            error
        )
    except UNREADABLE as error:
        raise Declined(
            Code.BAD_REQUEST,
            "the request is not JSON, or nested too deep",
            cure="send one JSON object, in UTF-8",
        ) from error


def _wrong(what: str, field: str, model: type[msgspec.Struct]) -> tuple[str, str, str]:
    """The field, what is wrong with it, and the cure, of msgspec's own sentence."""
    if named := re.fullmatch(r"Object missing required field `(.*)`", what, re.DOTALL):
        return _below(field, named[1]), "is required", "give it"
    if named := re.fullmatch(r"Object contains unknown field `(.*)`", what, re.DOTALL):
        return _below(field, named[1]), "this daemon knows no such field", _SAME_VERSION
    if what.startswith("Invalid enum value"):
        known = ", ".join(_choices(model, field))
        return field, f"must be one of: {known}", f"give one of: {known}"
    wrong = _limit(what) or _type(what) or what
    return field, wrong, f"change {field}, then ask again" if field else "send one JSON object"


def _below(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _limit(what: str) -> str:
    if told := re.fullmatch(r"Expected `(str|array)` of length (<=|>=) (\d+)", what):
        most, count = told[2] == "<=", int(told[3])
        if not most and count == 1:
            return "must not be empty"
        unit = "characters" if told[1] == "str" else "entries"
        return f"must have {'at most' if most else 'at least'} {count:,} {unit}"
    if told := re.fullmatch(r"Expected `int` (<=|>=) (-?\d+)", what):
        return f"must be {int(told[2]):,} or {'less' if told[1] == '<=' else 'more'}"
    if what.startswith("Expected `str` matching regex "):
        forms = (words for form, words in _FORMS.items() if what.endswith(repr(form)))
        return next(forms, "does not have the form that is asked for")
    return ""


def _type(what: str) -> str:
    told = re.fullmatch(r"Expected `(.*)`, got `(.*)`", what)
    if told is None:
        return ""
    wanted, got = (
        " or ".join(_TYPES.get(name, name) for name in said.split(" | ")) for said in told.groups()
    )
    return f"must be {wanted}, not {got}"


def _choices(model: type[msgspec.Struct], field: str) -> Iterator[str]:
    """The words that one field may be."""
    found: Any = model
    for name in re.sub(r"\[[^]]*]", "", field).split("."):
        inside = next((one for one in _inside(found) if hasattr(one, "__struct_fields__")), None)
        if inside is None:
            return
        found = {one.encode_name: one.type for one in msgspec.structs.fields(inside)}.get(name)
    for one in _inside(found):
        if isinstance(one, type) and issubclass(one, StrEnum):
            yield from (choice.value for choice in one)
        elif get_origin(one) is Literal:
            yield from get_args(one)


def _inside(found: Any) -> Iterator[Any]:
    """A type and those that it is made of."""
    yield found
    if get_origin(found) is not Literal:
        for part in get_args(found):
            yield from _inside(part)
