"""Which line is which: within one system over time, and between two systems.

A line keeps its number as long as it is the same line to a bookkeeper: it may change its price,
its quantity or its text, and move about. Deterministic, for twins too; must not change what a
line says.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from decimal import Decimal
from typing import TypeAlias

import msgspec

from ledger.model.capabilities import LineRule
from ledger.model.money import quantise
from ledger.model.values import Line, LinePointer, Lines

from .assignment import assign, exchangeable
from .lines import WRITTEN_SORTS, comparable, is_remark, named, owned, pointer, subject

_UNEQUAL = 100
"""As many equal pairs as there are, before anything else."""
_OTHER_TEXT, _OTHER_PRICE, _OTHER_QUANTITY, _OTHER_AMOUNT, _OTHER_TAX = 4, 3, 2, 1, 1
"""What a difference says against two lines of one item being the same line. A remark in the text
and the price tell lines of one item apart; quantities are edited daily, amounts follow."""

_PRICE_PLACES = 4

Pairs: TypeAlias = dict[int, int]
"""Index of a line here -> index of its counterpart there."""


def numbered(now: Lines, image: Lines | None) -> Lines:
    """The lines of one system with their numbers in the line map.

    A line that continues one of ``image`` (what the system showed when the sides last agreed)
    keeps its number; new lines get the next numbers in order; texts have none.
    """
    before = () if image is None else tuple(line for line in image.lines if line.number)
    lines = now.lines
    current = [i for i, line in enumerate(lines) if line.sort != "text"]
    pairs = _continued([lines[i] for i in current], before) if before else {}
    numbers = [0] * len(lines)
    following = max((line.number for line in before), default=0) + 1
    for place, index in enumerate(current):
        if place in pairs:
            numbers[index] = before[pairs[place]].number
        else:
            numbers[index] = following
            following += 1
    return _with_numbers(lines, numbers)


def _with_numbers(lines: Sequence[Line], numbers: Sequence[int]) -> Lines:
    return Lines(
        tuple(
            line if line.number == number else msgspec.structs.replace(line, number=number)
            for line, number in zip(lines, numbers, strict=True)
        )
    )


def _continued(now: Sequence[Line], before: Sequence[Line]) -> Pairs:
    pairs = _by_id(now, before)
    if len(pairs) == len(now):
        return pairs
    here, there = [owned(line) for line in now], [owned(line) for line in before]
    _pair_equal(here, there, pairs)
    _pair_cheapest(here, there, pairs, subject)
    # What has another item now is the same line only if its text says so.
    _pair_cheapest(here, there, pairs, lambda line: line.description or None)
    return pairs


def _by_id(now: Sequence[Line], before: Sequence[Line]) -> Pairs:
    known = {line.id: index for index, line in reversed(list(enumerate(before))) if line.id}
    pairs: Pairs = {}
    for index, line in enumerate(now):
        if line.id in known:
            pairs[index] = known.pop(line.id)
    return pairs


def _pair_equal(here: Sequence[Line], there: Sequence[Line], pairs: Pairs) -> None:
    """Pair lines of equal content in order; both are in ``owned`` form."""
    taken = set(pairs.values())
    waiting: defaultdict[Line, deque[int]] = defaultdict(deque)
    for index, line in enumerate(there):
        if index not in taken:
            waiting[line].append(index)
    for index, line in enumerate(here):
        if index not in pairs and waiting.get(line):
            pairs[index] = waiting[line].popleft()


def _pair_cheapest(
    here: Sequence[Line],
    there: Sequence[Line],
    pairs: Pairs,
    group: Callable[[Line], Hashable | None],
) -> None:
    """Pair what is left inside the groups, at the lowest cost; None is no group."""
    for left, right in _groups(here, there, pairs, group):
        costs = [[_cost(here[i], there[k]) for k in right] for i in left]
        for row, column in enumerate(assign(costs)):
            if column is not None:
                pairs[left[row]] = right[column]


def _groups(
    here: Sequence[Line],
    there: Sequence[Line],
    pairs: Pairs,
    group: Callable[[Line], Hashable | None],
) -> list[tuple[list[int], list[int]]]:
    """The unpaired lines that may be paired with each other, by group, in order."""
    if len(pairs) == len(here) or len(pairs) == len(there):
        return []
    taken = set(pairs.values())
    groups: defaultdict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for index, line in enumerate(here):
        if index not in pairs and (key := group(line)) is not None:
            groups[key][0].append(index)
    for index, line in enumerate(there):
        if index not in taken and (key := group(line)) is not None:
            groups[key][1].append(index)
    return [(left, right) for left, right in groups.values() if left and right]


def _cost(one: Line, other: Line) -> int:
    """How much speaks against one line having become the other; 0 for equal ``owned`` lines.

    A sum of plain differences, so no detour over a third line is ever cheaper: equal lines are
    paired in some cheapest assignment, and may be paired first.
    """
    found = (
        _OTHER_TEXT * (one.description != other.description)
        + _OTHER_PRICE * (_price(one) != _price(other))
        + _OTHER_QUANTITY * (one.quantity != other.quantity)
        + _OTHER_AMOUNT * (one.amount != other.amount)
        + _OTHER_TAX * (one.tax_code != other.tax_code)
    )
    return found and found + _UNEQUAL


def _price(line: Line) -> Decimal | None:
    if line.amount is None or not line.quantity:
        return line.amount
    return quantise(line.amount / line.quantity, _PRICE_PLACES)


def paired(
    source: Lines, target: Lines, *, rule: LineRule | None = None, untaxed: LinePointer = None
) -> Lines | None:
    """The target's lines with the numbers of the source's lines that they equal; twins in order.

    ``source`` is numbered and rendered. None when any line has no equal on the other side. With
    ``rule`` (and ``untaxed``) lines are equal as ``comparable`` makes them.
    """
    waiting: defaultdict[Line, deque[int]] = defaultdict(deque)
    expected = 0
    for line, form in zip(source.lines, _forms(source, rule, untaxed), strict=True):
        if not is_remark(line):
            waiting[form].append(line.number)
            expected += 1
    numbers = []
    for line, form in zip(target.lines, _forms(target, rule, untaxed), strict=True):
        if is_remark(line):
            numbers.append(0)
        elif waiting.get(form):
            numbers.append(waiting[form].popleft())
            expected -= 1
        else:
            return None
    return None if expected else _with_numbers(target.lines, numbers)


def _forms(lines: Lines, rule: LineRule | None, untaxed: LinePointer) -> list[Line]:
    shown = lines if rule is None else comparable(lines, rule, untaxed=untaxed)
    return [owned(line) for line in shown.lines]


class Overlaid(msgspec.Struct, frozen=True):
    """The complete list of lines that the target should have."""

    lines: Lines
    doubt: str = ""
    """A sentence, when a line that bills an order could as well be another one."""


def overlay(
    rendered: Lines,
    shown: Lines,
    image: Lines | None,
    *,
    rule: LineRule | None = None,
    untaxed: LinePointer = None,
) -> Overlaid:
    """The source's lines laid over what the target shows: content from the one, ids and what is
    the bookkeeper's from the other.

    ``image`` is what the target showed when the sides agreed, with the numbers that ``rendered``
    has too. Lines that it cannot place (all of them for an adopted document) go by content. Kept
    lines come in the shown order, then new ones, then the target's texts and other lines as they
    are. Remarks of the source are given at creation only.
    """
    here, left = _written(rendered, rule, untaxed)
    there, right = _written(shown, rule, untaxed)
    pairs = _by_number(here, there, image)
    doubtful = _by_content(left, right, there, pairs)
    kept: dict[int, Line] = {}
    fresh: list[Line] = []
    for index, line in enumerate(here):
        standing = there[pairs[index]] if index in pairs else None
        if standing is None:
            fresh.append(msgspec.structs.replace(line, id=""))
        elif standing.order is not None and subject(line) != subject(standing):
            fresh.append(_replacing(line, standing))
        else:
            kept[pairs[index]] = _continuing(line, standing)
    others = (line for line in shown.lines if line.sort not in WRITTEN_SORTS)
    return Overlaid(
        Lines((*(kept[i] for i in sorted(kept)), *fresh, *others)),
        "" if doubtful is None else _doubt(shown, there[doubtful]),
    )


def _doubt(shown: Lines, line: Line) -> str:
    position = next(i for i, known in enumerate(shown.lines, start=1) if known is line)
    return (
        f"{named(position, line)} bills a line of an order, and more than one of the lines that "
        "are now wanted could take its place."
    )


def _written(
    lines: Lines, rule: LineRule | None, untaxed: LinePointer
) -> tuple[list[Line], list[Line]]:
    """The lines that carry the document, as they are and in comparable form."""
    chosen = [i for i, line in enumerate(lines.lines) if line.sort in WRITTEN_SORTS]
    forms = _forms(lines, rule, untaxed)
    return [lines.lines[i] for i in chosen], [forms[i] for i in chosen]


def _continuing(wanted: Line, standing: Line) -> Line:
    """The wanted content in a line that exists. A line that stands keeps the link it has, or has
    none: the place that was worked out for it is of new lines only."""
    return msgspec.structs.replace(
        wanted,
        id=standing.id,
        reporting_class=standing.reporting_class,
        customer=standing.customer,
        billable=standing.billable,
        order=standing.order,
        order_line=standing.order_line,
        order_number=0,
    )


def _replacing(wanted: Line, standing: Line) -> Line:
    """A new line in the stead of one whose link speaks of another item: the old link goes with the
    old line, what the bookkeeper set on it stays."""
    return msgspec.structs.replace(
        wanted,
        id="",
        reporting_class=standing.reporting_class,
        customer=standing.customer,
        billable=standing.billable,
    )


def _by_number(here: Sequence[Line], there: Sequence[Line], image: Lines | None) -> Pairs:
    ids = {line.number: line.id for line in image.lines if line.number} if image else {}
    places = {line.id: place for place, line in enumerate(there) if line.id}
    pairs: Pairs = {}
    for index, line in enumerate(here):
        place = places.pop(ids.get(line.number, ""), None)
        if place is not None:
            pairs[index] = place
    return pairs


def _by_content(
    left: Sequence[Line], right: Sequence[Line], there: Sequence[Line], pairs: Pairs
) -> int | None:
    """Pair what has no number yet; returns the first line of ``there`` that is in doubt.

    ``left`` and ``right`` are in comparable form, ``there`` is ``right`` as it is shown.
    """
    groups = _groups(left, right, pairs, subject)
    _pair_equal(left, right, pairs)
    _pair_cheapest(left, right, pairs, subject)
    doubtful = [
        place
        for group in groups
        if any(there[place].order is not None for place in group[1])
        for place in _doubtful(left, right, there, pairs, group)
    ]
    return min(doubtful, default=None)


def _doubtful(
    left: Sequence[Line],
    right: Sequence[Line],
    there: Sequence[Line],
    pairs: Pairs,
    group: tuple[list[int], list[int]],
) -> Iterator[int]:
    """Linked lines that could get other content at the same cost, so that the link would speak of
    something else."""
    mine, theirs = group
    columns = {place: column for column, place in enumerate(theirs)}
    taken = [columns[pairs[i]] if i in pairs else None for i in mine]
    costs = [[_cost(left[i], right[k]) for k in theirs] for i in mine]
    places, exchanges = exchangeable(costs, taken)

    def content(row: int) -> Line | None:
        return left[mine[row]] if row < len(mine) else None

    def link(column: int) -> tuple[LinePointer, str]:
        if column >= len(theirs):
            return None, ""
        line = there[theirs[column]]
        return pointer(line.order), line.order_line

    for row, other in exchanges:
        column = places[other]
        if link(column)[0] is None or content(row) == content(other):
            continue
        if link(places[row]) != link(column):
            yield theirs[column]
