"""From what the owner wants to field changes of a document, lines aligned with what is there.

Must not compare; ``decide`` has done that. Lines start from what the books show, so that what a
bookkeeper added to them survives.
"""

from collections.abc import Sequence

import msgspec

from ledger.model.capabilities import KindRule, LineTax
from ledger.model.facts import Hold, HoldCode, RecordView
from ledger.model.plans import FieldChange
from ledger.model.values import Line, Lines, RecordRef, Value

from ..changes import oscillates
from ..explain import thing
from ..linemap import overlay
from ..lines import WRITTEN_SORTS
from ..mapping import Rendered
from ..merge import Take
from ..successors import with_own_items
from ..world import World
from .billing import Linked
from .checks import hold
from .parties import DocumentParty, books_rule, chosen_class
from .wanted import Wanted


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    changes: tuple[FieldChange, ...] = ()
    holds: tuple[Hold, ...] = ()


def draft_changes(
    view: RecordView,
    mine: DocumentParty,
    books: DocumentParty,
    takes: Sequence[Take],
    wanted: Wanted,
    linked: Linked,
    world: World,
) -> Changes:
    """The changes that bring the books to what is wanted, field by field."""
    found: list[FieldChange] = []
    holds: list[Hold] = []
    rule = books_rule(view.kind, world.policy)
    assert rule is not None, "the caller has looked"
    plain = Lines()
    for take in takes:
        rendered = wanted.values[take.field]
        after: Value = rendered.value
        field_rule = rule.fields[take.field]
        if after is None and (field_rule.required or not field_rule.clearable):
            continue
        if take.field == "lines":
            laid = overlay(
                linked.lines,
                books.lines,
                books.agreed_lines,
                rule=rule.lines,
                untaxed=wanted.untaxed,
            )
            if laid.doubt:
                holds.append(_doubtful(view, laid.doubt, world))
                continue
            plain = with_own_items(laid.lines, view, world)
            after = with_classes(plain, mine, rule, world)
        held = oscillates(view, take, books, after, world)
        if held is not None:
            holds.append(held)
            continue
        before = books.values.get(take.field)
        change = _change(take.field, before, rendered, after, mine)
        if take.field == "lines":
            change = _with_class_traced(change, plain, mine, rule)
        found.append(change)
    found += _tax_beside(found, mine, books, wanted, rule)
    return Changes(changes=tuple(found) if not holds else (), holds=tuple(holds))


def _tax_beside(
    found: Sequence[FieldChange],
    mine: DocumentParty,
    books: DocumentParty,
    wanted: Wanted,
    rule: KindRule,
) -> list[FieldChange]:
    """Where the books take the tax that is sent, new lines never go without it: they would find a
    tax of their own."""
    fields = {change.field for change in found}
    if "lines" not in fields or "tax_total" in fields or "tax_total" not in wanted.values:
        return []
    if rule.lines is None or rule.lines.tax is not LineTax.TAXED:
        return []
    rendered = wanted.values["tax_total"]
    before = books.values.get("tax_total")
    return [_change("tax_total", before, rendered, rendered.value, mine)]


def new_document(
    mine: DocumentParty, wanted: Wanted, linked: Linked, rule: KindRule, world: World
) -> tuple[FieldChange, ...]:
    """Every field of a document that the books do not have yet."""
    found = []
    for field, rendered in wanted.values.items():
        if field == "lines":
            plain = _as_new(linked.lines)
            after = with_classes(plain, mine, rule, world)
            change = _change(field, None, rendered, after, mine)
            found.append(_with_class_traced(change, plain, mine, rule))
        elif rendered.value is not None:
            found.append(_change(field, None, rendered, rendered.value, mine))
    return tuple(found)


def _change(
    field: str, before: Value, rendered: Rendered, after: Value, mine: DocumentParty
) -> FieldChange:
    trace = rendered.trace(f"{mine.system}.{field}")
    return FieldChange(field=field, before=before, after=after, trace=trace)


def _with_class_traced(
    change: FieldChange, plain: Lines, mine: DocumentParty, rule: KindRule
) -> FieldChange:
    """The change, its trace naming the key that gave lines their class; ``plain`` are the lines
    before any was given."""
    chosen = chosen_class(mine, rule)
    if chosen is None or change.after == plain:
        return change
    trace = f"{change.trace}; class from config {chosen[1]}"
    return msgspec.structs.replace(change, trace=trace)


def _as_new(lines: Lines) -> Lines:
    """What carries the document; the source's own remarks are not lines of the books."""
    written = (line for line in lines.lines if line.sort in WRITTEN_SORTS)
    return Lines(tuple(msgspec.structs.replace(line, id="") for line in written))


def with_classes(lines: Lines, mine: DocumentParty, rule: KindRule, world: World) -> Lines:
    """New lines get the class that the configuration gives to the document's location."""
    chosen = chosen_class(mine, rule)
    record = world.resolve(world.policy.books, chosen[0]) if chosen is not None else None
    if record is None:
        return lines  # a class that the books lack was held by ``checks``
    pointer = RecordRef(record)

    def classed(line: Line) -> Line:
        is_new = not line.id and line.sort in WRITTEN_SORTS and line.reporting_class is None
        return msgspec.structs.replace(line, reporting_class=pointer) if is_new else line

    return Lines(tuple(classed(line) for line in lines.lines))


def _doubtful(view: RecordView, doubt: str, world: World) -> Hold:
    return hold(
        view,
        HoldCode.AMBIGUOUS_LINES,
        f"the lines of {thing(view.kind, view.label)} cannot be told apart with certainty: {doubt}",
        "Change the document in the books by hand to what the source shows.",
        world,
        field="lines",
    )
