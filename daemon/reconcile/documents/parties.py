"""The two sides of a document: its owner's wishes in the words of the books, and the books.

Everything about *values*: comparing sides happens in ``..merge``, as for any other record. Must
not plan; ``decide`` does.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from ledger.model.capabilities import Access, KindRule, LineRule
from ledger.model.facts import RecordView
from ledger.model.ids import Kind, SystemName
from ledger.model.values import Line, LinePointer, Lines, RecordRef, Reference, Texts, Value

from ..lines import comparable, same_lines
from ..mapping import Rendered, same
from ..policy import Policy
from ..world import Party, World

PARTY_FIELD = {Kind.PURCHASE_ORDER: "vendor", Kind.BILL: "vendor", Kind.INVOICE: "customer"}
"""Whom a document of the kind is about."""


class DocumentParty(Party, frozen=True, kw_only=True):
    """One side of a document; ``wanted`` are the owner's values as the books would show them."""

    wanted: dict[str, Rendered] = msgspec.field(default_factory=dict)
    untaxed: LinePointer = None
    """The code of lines without tax, as a record where the ledger knows it."""

    def render_for(self, target: Party, field: str) -> Rendered:
        return self.wanted.get(field) or Rendered(self.values[field])

    def agrees_with(self, target: Party, field: str) -> bool:
        mine, theirs = self.render_for(target, field).value, target.values[field]
        if isinstance(mine, Lines) and isinstance(theirs, Lines):
            rule = target.rule.lines or self.rule.lines or LineRule()
            return same_lines(
                comparable(mine, rule, untaxed=self.untaxed),
                comparable(theirs, rule, untaxed=self.untaxed),
            )
        return same(mine, theirs)

    def has_moved(self, field: str) -> bool:
        now, then = self.values[field], self.base.get(field)
        if isinstance(now, Lines) and isinstance(then, Lines):
            return not same_lines(now, then)
        return super().has_moved(field)

    @property
    def lines(self) -> Lines:
        value = self.values.get("lines")
        return value if isinstance(value, Lines) else Lines()

    @property
    def agreed_lines(self) -> Lines | None:
        """Its lines when the sides last agreed, with their places in the line map."""
        value = self.base.get("lines")
        return value if isinstance(value, Lines) else None

    def text(self, field: str) -> str:
        value = self.values.get(field)
        return value if isinstance(value, str) else ""

    @property
    def status(self) -> str:
        return self.text("status")


def source_of(kind: Kind, policy: Policy) -> SystemName | None:
    """The system that owns documents of this kind: the one beside the books."""
    return next((s for s in policy.keepers(kind) if s != policy.books), None)


def books_rule(kind: Kind, policy: Policy) -> KindRule | None:
    return policy.rule(policy.books, kind)


def document_party(view: RecordView, system: SystemName, world: World) -> DocumentParty | None:
    """One side as it is; None while it has none that lives."""
    party = world.party(view, system)
    if party is None:
        return None
    rule = party.rule
    if system == world.policy.books:
        # What is given at birth, or only looked at, is not compared later.
        fields = {f: r for f, r in rule.fields.items() if r.access is Access.WRITE}
        rule = msgspec.structs.replace(rule, fields=fields)
    return DocumentParty(
        system=party.system,
        ref=party.ref,
        values=_with_agreed_names(party, view),
        base=party.base,
        rule=rule,
        remaps=party.remaps,
    )


def _with_agreed_names(party: Party, view: RecordView) -> dict[str, Value]:
    """A name that told no product when it was shown stays what it was when the sides agreed, be
    that a product or none at all: to rename items is not to edit their documents."""
    now, then = party.values.get("lines"), party.base.get("lines")
    shown = getattr(view.sides[party.system].record, "lines", None)
    if not (isinstance(now, Lines) and isinstance(then, Lines) and isinstance(shown, Lines)):
        return party.values
    if not any(tells_by_name(said.item) for said in shown.lines):
        return party.values
    goods = Counter(
        line.item for line, said in zip(now.lines, shown.lines, strict=True) if _is_by_id(said.item)
    )
    known = _one_each(_agreed_by_name(then.lines, goods))

    def kept(line: Line, said: Line) -> Line:
        if not tells_by_name(said.item) or line.title not in known:
            return line
        return msgspec.structs.replace(line, item=known[line.title])

    pairs = zip(now.lines, shown.lines, strict=True)
    return {**party.values, "lines": Lines(tuple(kept(line, said) for line, said in pairs))}


def tells_by_name(item: LinePointer) -> bool:
    """Whether a line tells its product by a name that told none when it was shown."""
    return isinstance(item, Reference) and not item.id


def _is_by_id(item: LinePointer) -> bool:
    """Whether a line tells its product by an id of its own, whatever that is called."""
    return isinstance(item, Reference) and bool(item.id) and not item.key


def _agreed_by_name(
    then: Iterable[Line], goods: Counter[LinePointer]
) -> Iterator[tuple[str, LinePointer]]:
    """What the agreed lines were called and about, without those that go by id: a charge may be
    called like the product of one, and be about another."""
    left = goods.copy()
    for line in then:
        if left[line.item] > 0:
            left[line.item] -= 1
        elif not line.id:
            yield line.title, line.item


def _one_each(called: Iterable[tuple[str, LinePointer]]) -> dict[str, LinePointer]:
    """Names that stand for one pointer and no other."""
    found: dict[str, set[LinePointer]] = {}
    for name, item in called:
        if name:
            found.setdefault(name, set()).add(item)
    return {name: next(iter(items)) for name, items in found.items() if len(items) == 1}


def wishing(
    party: DocumentParty, wanted: Mapping[str, Rendered], untaxed: LinePointer
) -> DocumentParty:
    """The owner's side with its wishes; what has none takes no part in the comparison."""
    values: dict[str, Value] = {
        field: value for field, value in party.values.items() if field in wanted
    }
    values |= {field: one.value for field, one in wanted.items() if field not in values}
    return msgspec.structs.replace(party, values=values, wanted=dict(wanted), untaxed=untaxed)


def as_asked(books: DocumentParty, wanted: Mapping[str, Rendered]) -> DocumentParty:
    """The books' side with those custom fields only that the source has a say in: the others are
    the bookkeeper's own."""
    asked = wanted.get("custom_fields")
    if asked is None or not isinstance(asked.value, Texts):
        return books
    names = {name for name, _ in asked.value.entries}

    def kept(values: dict[str, Value]) -> dict[str, Value]:
        shown = values.get("custom_fields")
        if not isinstance(shown, Texts):
            return values
        return values | {"custom_fields": Texts(tuple(e for e in shown.entries if e[0] in names))}

    return msgspec.structs.replace(books, values=kept(books.values), base=kept(books.base))


def chosen_class(source: DocumentParty, rule: KindRule) -> tuple[Reference, str] | None:
    """The class that the configuration gives to new lines, and the key that says so."""
    if rule.lines is None:
        return None
    location = source.text("location")
    if location and location in rule.lines.classes:
        return rule.lines.classes[location], rule.lines.classes_key
    said = rule.lines.classes.get("")
    return None if said is None else (said, rule.lines.default_class_key)


def untaxed_code(rule: LineRule, books: SystemName, world: World) -> LinePointer:
    """The books' code for lines without tax, as the record that the ledger knows it by."""
    code: Reference | None = rule.untaxed
    if code is None:
        return None
    record = world.resolve(books, code)
    return code if record is None else RecordRef(record)
