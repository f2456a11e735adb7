"""What one field of a record may hold, and reading fields out of a request's body.

Everything wrong is collected as flaws, so that one refusal names several. References to other
records are text here; the handlers look them up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from daemon.sandbox.dear.errors import Flaw, malformed, missing, not_one_of, too_long
from daemon.sandbox.dear.switches import DearSwitches

MAX_PLACES = 4
MAX_WHOLE = 2_147_483_647
MAX_NUMBER = Decimal("99999999999999.9999")
"""What a database column of 18 digits with 4 places holds."""

Fields: TypeAlias = dict[str, Any]
"""A record's fields under their wire names: text, Decimal, int, bool, None, lists and objects."""


@dataclass(frozen=True, slots=True)
class Text:
    limit: int = 0
    """Longest text in characters; 0 = no limit known."""
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """One of a few words, compared ignoring case and kept in the documented spelling."""

    words: tuple[str, ...]
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Number:
    low: Decimal = -MAX_NUMBER
    high: Decimal = MAX_NUMBER
    places: int = MAX_PLACES
    default: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Whole:
    low: int = 0
    high: int = MAX_WHOLE
    default: int | None = 0


@dataclass(frozen=True, slots=True)
class Flag:
    default: bool = False


Rule: TypeAlias = Text | Word | Number | Whole | Flag
Rules: TypeAlias = Mapping[str, Rule]

TEXT = Text()
AMOUNT = Number(low=Decimal(0))


def blank(rules: Rules) -> Fields:
    """A record on which nobody has entered anything."""
    return {name: rule.default for name, rule in rules.items()}


def read(
    rules: Rules,
    body: Mapping[str, Any],
    switches: DearSwitches,
    flaws: list[Flaw],
    *,
    updating: bool = False,
    prefix: str = "",
) -> Fields:
    """The fields that ``body`` gives, in their kept form. Unknown keys are ignored.

    ``null`` counts as not given (on an update a switch may make it an emptying); ``""`` and ``0``
    are values, and empty the field.
    """
    given: Fields = {}
    for name, rule in rules.items():
        if name not in body:
            continue
        value = body[name]
        if value is None:
            if updating and switches.null_on_put == "clears":
                given[name] = rule.default
            continue
        found = _value(prefix + name, rule, value, switches)
        if isinstance(found, Flaw):
            flaws.append(found)
        else:
            given[name] = found
    return given


def require(fields: Fields, names: Sequence[str], flaws: list[Flaw], *, prefix: str = "") -> None:
    """Every one of ``names`` must hold something."""
    unreadable = {flaw.field for flaw in flaws}
    flaws += [
        missing(prefix + name)
        for name in names
        if fields.get(name) in (None, "") and prefix + name not in unreadable
    ]


def _value(name: str, rule: Rule, value: Any, switches: DearSwitches) -> Any:
    match rule:
        case Text():
            return _text(name, rule, value)
        case Word():
            return _word(name, rule, value)
        case Number():
            return _number(name, rule, value, switches)
        case Whole():
            return _whole(name, rule, value)
        case Flag():
            return value if isinstance(value, bool) else malformed(name, "true or false")


def _text(name: str, rule: Text, value: Any) -> str | Flaw:
    if not isinstance(value, str):
        return malformed(name, "text")
    if rule.limit and len(value) > rule.limit:
        return too_long(name, rule.limit)
    return value


def _word(name: str, rule: Word, value: Any) -> str | Flaw:
    if value == "":
        return ""
    for word in rule.words:
        if isinstance(value, str) and word.casefold() == value.casefold():
            return word
    return not_one_of(name, rule.words)


def _number(name: str, rule: Number, value: Any, switches: DearSwitches) -> Decimal | Flaw:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return malformed(name, "a number")
    number = Decimal(value)
    if not rule.low <= number <= rule.high:
        return malformed(name, f"a number from {rule.low} to {rule.high}")
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > rule.places:
        if switches.excess_places == "refuse":
            return malformed(name, f"a number with up to {rule.places} decimal places")
        number = round(number, rule.places)
    return number


def _whole(name: str, rule: Whole, value: Any) -> int | Flaw:
    if isinstance(value, bool) or not isinstance(value, int):
        return malformed(name, "a whole number")
    if not rule.low <= value <= rule.high:
        return malformed(name, f"a whole number from {rule.low} to {rule.high}")
    return value
