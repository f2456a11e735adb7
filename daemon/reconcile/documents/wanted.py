"""What the owner of a document wants the books to show: header and lines, pointers followed.

Every value is rendered from one source field, or comes from a configuration key. Must not compare
with what the books show, and must not look at sums; ``decide`` and ``checks`` do.
"""

from decimal import Decimal

import msgspec

from ledger.model.capabilities import Access, FieldRule, KindRule, LineRule
from ledger.model.facts import Hold, HoldCode, RecordView
from ledger.model.ids import Kind, RecordId
from ledger.model.keys import fold
from ledger.model.records import TaxCode, comparable_fields
from ledger.model.values import Line, LinePointer, Lines, RecordRef, Reference, Value

from ..authority import NONE, owner
from ..explain import a_field, noun, shorten, thing
from ..linemap import numbered
from ..lines import map_pointers, pointers, render_lines
from ..mapping import Rendered, render
from ..numbers import document_number
from ..pointers import Ask, Place, Pointed, point
from ..world import Remap, World, reference_kind
from .parties import DocumentParty, tells_by_name, untaxed_code


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The wishes, and whatever stands in their way."""

    values: dict[str, Rendered]
    untaxed: LinePointer = None
    holds: tuple[Hold, ...] = ()
    needs: tuple[RecordId, ...] = ()
    awaits_link: bool = False
    pointed: tuple[RecordId, ...] = ()
    """Everything that it points to: whatever of that changes, it is to be looked at again."""
    remark: str = ""
    """What whoever reads the plan of its lines has to know of them; ``""`` for nothing."""

    @property
    def lines(self) -> Lines:
        one = self.values.get("lines")
        return one.value if one is not None and isinstance(one.value, Lines) else Lines()


class _Collecting:
    """Gathers what following the pointers of one document brings up."""

    def __init__(
        self,
        view: RecordView,
        source: DocumentParty,
        books: DocumentParty | None,
        world: World,
        ask: Ask,
    ) -> None:
        self.view = view
        self.source = source
        self.books = books
        self.world = world
        self.ask = ask
        self.holds: list[Hold] = []
        self.needs: list[RecordId] = []
        self.awaits_link = False
        self.pointed: set[RecordId] = set()
        self.remarks: list[str] = []

    def follow(self, value: RecordRef | Reference, field: str) -> Pointed:
        if isinstance(value, RecordRef):
            self.pointed.add(value.record)
        place = Place(
            view=self.view,
            field=field,
            source=self.source.system,
            target=self.world.policy.books,
        )
        return point(value, place, self.world, self.ask)

    def shows(self, field: str, value: Value) -> bool:
        """Whether the books' own document says so already."""
        there = self.world.party(self.view, self.world.policy.books)
        return there is not None and there.values.get(field) == value

    def take(self, pointed: Pointed) -> None:
        self.needs += pointed.needs
        self.awaits_link = self.awaits_link or pointed.awaits_link
        if pointed.hold is not None:
            self.holds.append(pointed.hold)


def want(
    view: RecordView,
    source: DocumentParty,
    books: DocumentParty | None,
    rule: KindRule,
    world: World,
    ask: Ask,
) -> Wanted:
    """The whole document as the books would show it; ``books`` is what they show of it now."""
    found = _Collecting(view, source, books, world, ask)
    values: dict[str, Rendered] = {}
    for field in comparable_fields(view.kind):
        field_rule = rule.fields.get(field)
        if field_rule is None or field_rule.access is Access.READ or field == "lines":
            continue
        if owner(view.kind, field, world.policy) == NONE:
            continue
        rendered = _header(field, field_rule, found)
        if rendered is not None:
            values[field] = rendered
        elif field_rule.required and not found.awaits_link:
            found.holds += _missing(field, found)
    order = source.values.get("order")
    if isinstance(order, RecordRef):
        found.pointed.add(order.record)  # the links of the lines follow from how it stands
    untaxed: LinePointer = None
    if rule.lines is not None:
        untaxed = untaxed_code(rule.lines, world.policy.books, world)
        values["lines"] = _lines(rule.lines, untaxed, found)
    return Wanted(
        values=values,
        untaxed=untaxed,
        holds=tuple(found.holds),
        needs=tuple(sorted(set(found.needs))),
        awaits_link=found.awaits_link,
        pointed=tuple(sorted(found.pointed)),
        remark=" ".join(found.remarks),
    )


def _header(field: str, rule: FieldRule, found: _Collecting) -> Rendered | None:
    """One field of the head; None when there is nothing to say about it."""
    source = found.source
    if field == "number":
        return _number(rule, found)
    if field not in source.values:
        return None
    value = source.values[field]
    if reference_kind(found.view.kind, field) is None:
        return render(value, rule=rule, values=source.values, source_id=source.ref.id)
    if not isinstance(value, RecordRef | Reference):
        return None if rule.required else Rendered(None)
    pointed = found.follow(value, field)
    if pointed.hold is not None and pointed.value is not None and found.shows(field, pointed.value):
        pointed = msgspec.structs.replace(pointed, hold=None)  # it rests, and stays where it is
    if pointed.hold is not None and not rule.required:
        return None  # such as terms that the books do not have: the due date says enough
    found.take(pointed)
    if pointed.value is None:
        return None
    if pointed.remap is None:
        return Rendered(pointed.value)
    return Rendered(pointed.value, (pointed.remap.mapping,), pointed.remap.said)


def _number(rule: FieldRule, found: _Collecting) -> Rendered | None:
    view, source = found.view, found.source
    number, mappings = document_number(
        view.kind,
        source.values.get("number"),
        source.values.get("order_number"),
        source.ref.id,
        prefix=found.world.policy.document(view.kind).number_prefix,
        max_length=rule.max_length or 21,
    )
    return Rendered(number, mappings) if number else None


def _missing(field: str, found: _Collecting) -> list[Hold]:
    """A hold for a required field that the source leaves empty, unless its pointer has one."""
    if any(hold.field == field for hold in found.holds):
        return []
    title = found.world.policy.title
    here, there = title(found.world.policy.books), title(found.source.system)
    return [
        Hold(
            record=found.view.record,
            code=HoldCode.MISSING_VALUE,
            text=(
                f"{here} demands {a_field(field)} for "
                f"{thing(found.view.kind, found.view.label)}, and {there} shows none."
            ),
            cure=f"Enter it in {there}.",
            field=field,
            system=found.world.policy.books,
        )
    ]


def _lines(rule: LineRule, untaxed: LinePointer, found: _Collecting) -> Rendered:
    # Numbered as the source shows them, for that is how the line map holds them.
    known = numbered(found.source.lines, found.source.agreed_lines)
    in_map = Lines(tuple(_named(i, line, rule, found) for i, line in enumerate(known.lines, 1)))
    rates: dict[LinePointer, Decimal | None] = {}

    def is_untaxed(line: Line) -> bool:
        if line.tax is not None and line.tax != 0:
            return False
        code = line.tax_code
        if code not in rates:
            rates[code] = rate_of(code, found.world)
        return not rates[code]

    meant, remaps = _meant(_described(in_map, found.books), found)
    rendered = render_lines(meant, rule, untaxed=untaxed, is_untaxed=is_untaxed)
    for index, part, pointer in pointers(rendered.lines):
        if part == "order" or (part == "tax_code" and pointer == untaxed):
            continue
        if isinstance(pointer, RecordRef | Reference):
            _follow_line(index, part, pointer, found)
    if not rule.accounts:
        _need_items(rendered.lines, found)
    said = " and ".join(remap.said for remap in remaps)
    mappings = (*(remap.mapping for remap in remaps), *rendered.mappings)
    return Rendered(rendered.lines, mappings, said)


def _meant(lines: Lines, found: _Collecting) -> tuple[Lines, tuple[Remap, ...]]:
    """The lines with pointers as the standing answers for the books say, and those answers."""
    remaps = found.world.remaps(found.world.policy.books)
    used: dict[RecordId, Remap] = {}

    def meant(pointer: LinePointer) -> LinePointer:
        if not isinstance(pointer, RecordRef) or pointer.record not in remaps:
            return pointer
        used[pointer.record] = remaps[pointer.record]
        return RecordRef(remaps[pointer.record].record)

    changed = map_pointers(lines, meant) if remaps else lines
    return changed, tuple(remap for _, remap in sorted(used.items()))


def _described(lines: Lines, books: DocumentParty | None) -> Lines:
    """Where nobody wrote a description a new line gets the item's name, and a line that the books
    have keeps the one it has there: to rename a product is not to edit its documents."""
    agreed = books.agreed_lines if books is not None else None
    places = {line.number: line.id for line in agreed.lines if line.number} if agreed else {}
    there = {line.id: line for line in books.lines.lines} if books is not None else {}

    def described(line: Line) -> Line:
        if line.description or not line.title:
            return msgspec.structs.replace(line, title="")
        standing = there.get(places.get(line.number, ""))
        kept = standing.description if standing is not None else line.title
        return msgspec.structs.replace(line, description=kept, title="")

    return Lines(tuple(described(line) for line in lines.lines))


def _follow_line(index: int, part: str, pointer: RecordRef | Reference, found: _Collecting) -> None:
    found.take(found.follow(pointer, f"lines[{index + 1}].{part}"))


def _named(place: int, line: Line, rule: LineRule, found: _Collecting) -> Line:
    """A charge whose name several products have goes straight to its account where that is
    allowed, and the plan says so; so does what was agreed to be about none. A product that nobody
    has shown, by id or by name, is on its way or gone: the line waits for it."""
    unknown = line.item
    if not isinstance(unknown, Reference) or not tells_by_name(unknown) or not rule.accounts:
        return line
    if not isinstance(line.account, RecordRef):
        return line
    alike = _called(unknown, found)
    if alike < 2 and not unknown.shared and not _is_agreed(line, found):
        return line
    if alike > 1 or unknown.shared:
        title, account = found.world.policy.title(found.source.system), line.account.record
        many = f"{alike} active products of {title} are called"
        found.remarks.append(
            f'Line {place} goes straight to account "{found.world.label(account)}", without a '
            f"product: {many if alike > 1 else f'several products of {title} were called'} "
            f'"{shorten(unknown.key)}".'
        )
    return msgspec.structs.replace(line, item=None, sort="account")


def _is_agreed(line: Line, found: _Collecting) -> bool:
    """Whether the line was about no product of ours when the sides agreed."""
    agreed = found.source.agreed_lines
    return agreed is not None and any(one.item == line.item for one in agreed.lines)


def _called(unknown: Reference, found: _Collecting) -> int:
    """How many active products of the source have the name that a pointer gives."""
    world, system = found.world, found.source.system
    shown = [world.view_of(ref) for ref in world.find(system, Kind.ITEM, "name", fold(unknown.key))]
    parties = (world.party(view, system) for view in shown if view is not None)
    return sum(party is not None and party.is_active for party in parties)


def rate_of(code: LinePointer, world: World) -> Decimal | None:
    """Percent of a tax code, as the books say, else as the source says; None if nobody does."""
    if not isinstance(code, RecordRef):
        return None
    view = world.view(code.record)
    if view is None:
        return None
    books = world.policy.books
    sides = sorted(view.sides.items(), key=lambda pair: pair[0] != books)
    for _, side in sides:
        if isinstance(side.record, TaxCode) and isinstance(side.record.rate, Decimal):
            return side.record.rate
    return None


def _need_items(lines: Lines, found: _Collecting) -> None:
    world, view = found.world, found.view
    here, there = world.policy.title(world.policy.books), world.policy.title(found.source.system)
    for index, line in enumerate(lines.lines):
        if line.sort == "account" and line.item is None:
            found.holds.append(
                Hold(
                    record=view.record,
                    code=HoldCode.NOT_REPRESENTABLE,
                    text=(
                        f"line {index + 1} of {thing(view.kind, view.label)} "
                        f'("{line.description}") names no product, and {here} takes only products '
                        f"and services on {noun(view.kind)}s."
                    ),
                    cure=f"Choose a product or service for it in {there}.",
                    field=f"lines[{index + 1}]",
                    system=world.policy.books,
                )
            )
