"""The lines of a document in all columns: which line is which, and what each system says of it.

Pairs by the line map of the last agreement and, where a line is new, as an update would lay it
over what stands in the books; never by position. Reads values; decides nothing.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from daemon.control.comparing import Row, Status, Values
from daemon.reconcile.documents.parties import DocumentParty
from daemon.reconcile.documents.wanted import Wanted
from daemon.reconcile.linemap import numbered, overlay
from daemon.reconcile.lines import comparable, is_remark, owned
from daemon.reconcile.mapping import same
from ledger.model.capabilities import LineRule
from ledger.model.ids import RecordId, SystemName
from ledger.model.values import Line, Lines, RecordRef, Value

FIELDS = (
    "item",
    "account",
    "description",
    "quantity",
    "unit_price",
    "discount_percent",
    "amount",
    "tax_code",
    "tax",
    "order",
    "reporting_class",
    "customer",
    "billable",
)
"""Of a line, in the order in which a person reads them."""
OF_BOOKKEEPER = frozenset({"reporting_class", "customer", "billable"})
DERIVED = frozenset({"tax"})
COMPARED = ("item", "account", "description", "quantity", "amount", "tax_code")
"""What two systems have to agree on."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides of a document, as the core compares them; either may be lacking."""

    source: DocumentParty | None
    books: DocumentParty | None
    source_name: SystemName
    books_name: SystemName
    wanted: Wanted | None = None
    """What the source's lines would be in the books; None where nothing would be written."""
    rule: LineRule | None = None
    agreed: Mapping[SystemName, Lines]
    """The images of both, for sides that are gone as well."""
    after: Lines | None = None
    """What the books will show, if something is planned."""
    is_awaited: bool = True
    """It stands on both sides, or something is planned for it or holds it."""
    is_asked: bool = False
    """A person is asked which lines are right."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One line, as every system has it."""

    place: int
    """In the system that it is counted in, from 1."""
    counted_in: str
    """``""``: nobody shows it any more."""
    now: dict[SystemName, Line]
    agreed: dict[SystemName, Line]
    after: Line | None = None
    unequal: frozenset[str] = frozenset()
    """Compared fields in which the books show another thing than the source means."""


def line_rows(document: Document, items: Mapping[RecordId, str]) -> list[Row]:
    """Every field of every line, the lines in the order of the document's owner."""
    groups = _groups(document)
    total = sum(1 for group in groups if group.counted_in == document.source_name)
    rows: list[Row] = []
    for group in groups:
        heading = _heading(group, document, total, items)
        rows += [row for field in FIELDS for row in _row(heading, field, group, document)]
    return [*rows, *_remarks(document)]


def _groups(document: Document) -> list[Group]:
    source, books = document.source, document.books
    mine = _numbered_source(document)
    theirs = _numbered_books(document, {line.number for line in mine if line.number})
    agreed = {
        s: {x.number: x for x in shown.lines if x.number} for s, shown in document.agreed.items()
    }
    after = _planned(document, theirs)
    unequal = _unequal(document, mine, theirs)
    now = {
        party.system: {line.number: line for line in lines if line.number}
        for party, lines in ((source, mine), (books, theirs))
        if party is not None
    }
    found: list[Group] = []
    used: set[int] = set()

    def group(number: int, place: int, counted_in: str) -> Group:
        used.add(number)
        return Group(
            place=place,
            counted_in=counted_in,
            now={s: lines[number] for s, lines in now.items() if number in lines},
            agreed={s: lines[number] for s, lines in agreed.items() if number in lines},
            after=after.get(number),
            unequal=unequal.get(number, frozenset()),
        )

    for party, lines in ((source, mine), (books, theirs)):
        shown = [line for line in lines if not is_remark(line)]
        for place, line in enumerate(shown, start=1):
            if party is not None and line.number and line.number not in used:
                found.append(group(line.number, place, party.system))
    former = sorted({n for lines in agreed.values() for n in lines} - used)
    found += [group(number, place, "") for place, number in enumerate(former, start=1)]
    return found


def _numbered_source(document: Document) -> list[Line]:
    if document.source is None:
        return []
    lines = document.source.lines
    wanted = document.wanted.lines.lines if document.wanted is not None else ()
    if len(wanted) == len(lines.lines):
        # The core has numbered them already, one for one and in order.
        pairs = zip(lines.lines, wanted, strict=True)
        return [msgspec.structs.replace(line, number=other.number) for line, other in pairs]
    return list(numbered(lines, document.agreed.get(document.source_name)).lines)


def _numbered_books(document: Document, taken: Collection[int]) -> list[Line]:
    """The books' lines under the numbers of the source's lines that they are; a line of theirs
    alone keeps its own, or gets one that nobody has."""
    books = document.books
    if books is None:
        return []
    image = document.agreed.get(document.books_name)
    by_id: dict[str, int] = {}
    if document.wanted is not None:
        laid = overlay(
            document.wanted.lines,
            books.lines,
            image,
            rule=document.rule,
            untaxed=document.wanted.untaxed,
        )
        by_id = {line.id: line.number for line in laid.lines.lines if line.id and line.number}
    if image is not None:
        used = set(by_id.values())
        for line in image.lines:
            if line.id and line.number not in used:
                by_id.setdefault(line.id, line.number)
    free = max([0, *taken, *by_id.values()]) + 1
    found = []
    for line in books.lines.lines:
        number = 0 if is_remark(line) else by_id.get(line.id, 0)
        if not number and not is_remark(line):
            number, free = free, free + 1
        found.append(msgspec.structs.replace(line, number=number))
    return found


def _planned(document: Document, theirs: Sequence[Line]) -> dict[int, Line]:
    """What will stand in the books, by the numbers that the lines have here."""
    if document.after is None:
        return {}
    numbers = {line.id: line.number for line in theirs if line.id}
    found: dict[int, Line] = {}
    for line in document.after.lines:
        number = numbers.get(line.id, 0) if line.id else line.number
        if number:
            found[number] = line
    return found


def _unequal(
    document: Document, mine: Sequence[Line], theirs: Sequence[Line]
) -> dict[int, frozenset[str]]:
    if document.wanted is None or document.books is None:
        return {}
    rule, untaxed = document.rule or LineRule(), document.wanted.untaxed
    meant = {line.number: line for line in _compared(document.wanted.lines.lines, rule, untaxed)}
    there = {line.number: line for line in _compared(theirs, rule, untaxed)}
    found = {}
    for number in meant.keys() & there.keys():
        one, other = owned(meant[number]), owned(there[number])
        found[number] = frozenset(f for f in COMPARED if getattr(one, f) != getattr(other, f))
    return found


def _compared(lines: Sequence[Line], rule: LineRule, untaxed: object) -> Iterator[Line]:
    shown = Lines(tuple(line for line in lines if line.number))
    yield from comparable(shown, rule, untaxed=untaxed).lines  # type: ignore[arg-type]


def _heading(group: Group, document: Document, total: int, items: Mapping[RecordId, str]) -> str:
    lines = [*group.now.values(), *group.agreed.values(), *([group.after] if group.after else [])]
    what = ", ".join(dict.fromkeys(part for part in (_subject(lines, items), _text(lines)) if part))
    if group.counted_in == document.source_name:
        where = f"line {group.place} of {total}"
    elif group.counted_in:
        where = f"line {group.place} in {group.counted_in} only"
    else:
        where = f"former line {group.place}"
    return f"{where}: {what}" if what else where


def _subject(lines: Sequence[Line], items: Mapping[RecordId, str]) -> str:
    for line in lines:
        for pointer in (line.item, line.account):
            if isinstance(pointer, RecordRef):
                return items.get(pointer.record, pointer.record)
            if pointer is not None:
                return str(pointer)
    return ""


def _text(lines: Sequence[Line]) -> str:
    texts = (text for line in lines for text in (line.description, line.title))
    return " ".join(next((text for text in texts if text.strip()), "").split())


def _row(heading: str, field: str, group: Group, document: Document) -> Iterator[Row]:
    """The field, if any system says anything about it."""
    now = _shown(group.now, field)
    agreed = _shown(group.agreed, field)
    if group.after is None and not (now or agreed):
        return
    planned = None if group.after is None else _said(group.after, field)
    there = now.get(document.books_name)
    will_be: Values = {}
    if group.after is not None and not same(planned, there):
        will_be = {document.books_name: planned}
    if not (now or agreed or will_be):
        return
    moved = tuple(s for s in sorted(group.agreed) if not same(now.get(s), agreed.get(s)))
    yield Row(
        group=heading,
        field=field,
        status=_status(field, moved, bool(will_be), group, document),
        agreed=agreed,
        now=now,
        changed_in=moved,
        owner=_owner(field, document),
        will_be=will_be,
    )


def _status(
    field: str, moved: tuple[str, ...], is_planned: bool, group: Group, document: Document
) -> Status:
    is_owned = field not in OF_BOOKKEEPER and field not in DERIVED
    books_moved = document.books_name in moved
    if document.is_asked and is_owned and (books_moved or field in group.unequal):
        return "conflict"
    if group.agreed and len(group.now) < len(group.agreed):
        return "gone"
    if not group.agreed and len(group.now) < 2:
        return "new" if document.is_awaited else "same"
    if moved or is_planned or field in group.unequal:
        return "changed"
    return "same"


def _owner(field: str, document: Document) -> str:
    if field in DERIVED:
        return ""
    return document.books_name if field in OF_BOOKKEEPER else document.source_name


def _shown(lines: Mapping[SystemName, Line], field: str) -> Values:
    return {s: said for s, line in lines.items() if (said := _said(line, field)) is not None}


def _said(line: Line, field: str) -> Value:
    value: Value = getattr(line, field)
    if isinstance(value, Decimal):
        return value
    return value or None


def _remarks(document: Document) -> Iterator[Row]:
    """Texts without figures: each system's own, and nobody's to compare."""
    for party in (document.source, document.books):
        if party is None:
            continue
        texts = [line.description for line in party.lines.lines if is_remark(line)]
        for place, text in enumerate(texts, start=1):
            yield Row(
                group=f"remark {place} in {party.system}",
                field="description",
                status="same",
                agreed={},
                now={party.system: text},
            )
