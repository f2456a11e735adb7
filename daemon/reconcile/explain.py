"""Decisions in sentences that a bookkeeper understands.

Only words: every function turns values that are already decided into text. Text from records is
passed on as it is; whoever shows it makes it safe for the screen.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache, lru_cache

from ledger.model.ids import Kind
from ledger.model.plans import Action, FieldChange, FieldConflict
from ledger.model.values import Address, Lines, RecordRef, Reference, Texts, Value

from .authority import BOTH
from .mapping import tidy
from .merge import Foreign, Reason, Take
from .policy import PERSON
from .world import Party, World

LONGEST_VALUE = 80
MOST_FIELDS = 3
NOTHING = "nothing"

_FIELDS = {
    "sku": "SKU",
    "email": "e-mail address",
    "is_1099": "1099 mark",
    "for_sales": "use for sales",
    "for_purchases": "use for purchases",
    "active": "active mark",
}


def field_name(field: str) -> str:
    """A field in words; ``lines[3].item`` is the item of line 3."""
    if field.startswith("lines["):
        line, _, part = field.removeprefix("lines[").partition("].")
        return f"{field_name(part)} of line {line}" if part else f"line {line}"
    return _FIELDS.get(field, field.replace("_", " "))


def a_field(field: str) -> str:
    """The field's name with its article: ``an income account``, ``a unit``."""
    name = field_name(field)
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"


@cache
def noun(kind: Kind) -> str:
    return kind.value.replace("_", " ")


def thing(kind: Kind, label: str) -> str:
    """``item W-7``; quotes only where a label could be read as part of the sentence."""
    return f'{noun(kind)} "{shorten(label)}"'


def sentence(text: str) -> str:
    """The same with a capital at its start."""
    return text[:1].upper() + text[1:]


def shorten(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def money(value: Decimal) -> str:
    """An amount as a person writes it: with two decimals, or with all that it has."""
    exponent = value.as_tuple().exponent
    short = isinstance(exponent, int) and exponent > -2
    return f"{value:.2f}" if short else f"{value:f}"


def show(value: Value, world: World) -> str:
    """A value as a person would write it; amounts with the digits that they came with."""
    value = tidy(value)
    match value:
        case None:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return format(value, "f")
        case Address():
            parts = (*value.lines, value.city, value.region, value.postal_code, value.country)
            return f'"{shorten(", ".join(part for part in parts if part))}"'
        case RecordRef():
            return f'"{shorten(world.label(value.record))}"'
        case Reference():
            return f'"{shorten(str(value))}"'
        case Lines(lines=lines):
            amount = sum((line.amount or Decimal() for line in lines), Decimal())
            return f"{len(lines)} line{'' if len(lines) == 1 else 's'} of {money(amount)} in all"
        case Texts(entries=entries):
            return f'"{shorten(", ".join(f"{name}: {text}" for name, text in entries))}"'
        case str():
            return f'"{shorten(value)}"'


def taken(take: Take, target: Party, after: Value, world: World) -> str:
    """Why one field of one system is changed."""
    now = world.policy.title(target.system)
    if isinstance(after, Lines):
        return _lines_taken(take, target, after, world)
    why = sentence(_because(take, target, world))
    return f"{why}, so {now} will be changed to {show(after, world)}."


def unmarked(target: Party, world: World) -> str:
    """Why a name loses the mark of inactivation."""
    title, name = world.policy.title(target.system), show(target.values["name"], world)
    return (
        f"It is active again in {title} and is still called {show(target.marked, world)} there, "
        f"so it will be called {name} again."
    )


def _lines_taken(take: Take, target: Party, after: Lines, world: World) -> str:
    """The lines are shown beside the sentence; it says whose they are and what they come to."""
    now, then = world.policy.title(target.system), world.policy.title(take.source.system)
    was, new = show(target.values[take.field], world), show(after, world)
    if take.reason is Reason.RESTORE:
        return f"The lines were edited in {now} ({was}); {then} owns them, so they become {new}."
    return f"{then} now has {new} where {now} shows {was}, so {now} will follow."


def _because(take: Take, target: Party, world: World) -> str:
    field, source = take.field, take.source
    now, then = world.policy.title(target.system), world.policy.title(source.system)
    was, new = show(target.values[field], world), show(source.values[field], world)
    subject = field_name(field)
    shown = f"no {subject}" if was == NOTHING else f"{subject} {was}"
    match take.reason:
        case Reason.CHANGED | Reason.OWNER_CHANGED:
            agreed = f"(it was {show(source.base[field], world)} when both agreed)"
            shared = take.owner == BOTH
            why = "nobody else changed it" if shared else f"{then} owns the {subject} here"
            return f"{now} still shows {shown}, {then} now says {new} {agreed}, and {why}"
        case Reason.OWNER_DIFFERS:
            return f"{now} shows {shown}, {then} says {new}, and {then} owns it"
        case Reason.RESTORE:
            return f"{subject} was changed to {was} in {now}, but {then} owns it and says {new}"
        case Reason.FILL:
            return f"{now} shows no {subject} and {then} says {new}"
        case Reason.RESOLVED if source.system == PERSON:
            return f"{now} shows {shown}, and a person said that neither side is right but {new}"
        case Reason.RESOLVED:
            return f"a person chose {then}'s {subject} {new} over {was}"


def updated(sentences: Sequence[str]) -> str:
    """One ``why`` for an operation of several fields."""
    text = " ".join(sentences[:MOST_FIELDS])
    more = len(sentences) - MOST_FIELDS
    return f"{text} {more} more fields follow likewise." if more > 0 else text


def created(
    kind: Kind, label: str, sources: Sequence[str], target: str, changes: Sequence[FieldChange]
) -> str:
    configured = tuple([c.field for c in changes if c.trace.startswith("config ")])
    so = _so_created(tuple(sources), target, configured)
    return sentence(f"{thing(kind, label)} {so}")


@lru_cache(maxsize=64)
def _so_created(sources: tuple[str, ...], target: str, configured: tuple[str, ...]) -> str:
    """What is said alike of every record that the same systems show."""
    text = (
        f"exists in {' and '.join(sources)} and not in {target}, so it will be created in {target}"
    )
    if configured:
        names = ", ".join([field_name(field) for field in configured])
        text += f" ({names} from the configuration)"
    return f"{text}."


def activity(action: Action, kind: Kind, label: str, source: str, target: str) -> str:
    what = thing(kind, label)
    if action is Action.INACTIVATE:
        return f"{source} made {what} inactive, so it will be made inactive in {target} too."
    return f"{source} made {what} active again, so it will be made active in {target} too."


def conflict(kind: Kind, label: str, fields: Sequence[FieldConflict], world: World) -> str:
    """Why neither value can be chosen."""
    title = world.policy.title
    sentences = []
    for one in fields[:MOST_FIELDS]:
        sides = ", ".join(f"{title(s)} says {show(v, world)}" for s, v in one.values.items())
        bases = {show(v, world) for v in one.base.values()}
        if bases:
            past = f"both changed since they agreed on {' / '.join(sorted(bases))}"
        else:
            past = "they never agreed before"
        sentences.append(f"{field_name(one.field)}: {sides}; {past}.")
    if len(fields) > MOST_FIELDS:
        sentences.append(f"{len(fields) - MOST_FIELDS} more fields differ likewise.")
    return sentence(f"{thing(kind, label)}: {' '.join(sentences)} Choose one.")


def foreign(edit: Foreign, kind: Kind, label: str, world: World) -> str:
    title = world.policy.title
    field = edit.field
    here, there = title(edit.edited.system), title(edit.owner.system)
    return (
        f"{field_name(field)} of {thing(kind, label)} was changed to "
        f"{show(edit.edited.values[field], world)} in {here}, but {there} owns it and says "
        f"{show(edit.owner.values[field], world)}."
    )
