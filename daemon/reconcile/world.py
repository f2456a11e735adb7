"""What one planning pass sees: the records at hand, the ledger's answers, and each side's values.

Answers are remembered for the length of the pass, which is one read transaction. Must not decide.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache

import msgspec

from ledger.model.capabilities import FieldRule, KindRule
from ledger.model.facts import REPLACED_BY, ConfirmedChange, RecordView, Side
from ledger.model.ids import ExternalRef, Kind, RecordId, SystemName
from ledger.model.plans import FieldChange
from ledger.model.records import comparable_fields, comparable_values
from ledger.model.values import Line, LinePointer, Lines, RecordRef, Reference, Value

from .calling import SUFFIX, suffixes, with_suffix
from .lines import POINTERS, map_pointers, pointers
from .mapping import Rendered, render, same, without_deleted_suffix
from .policy import Lookups, Policy

MOST_REMAPS = 10
"""Longest chain of standing answers that is followed."""


class Remap(msgspec.Struct, frozen=True):
    """A standing answer, followed to its end: what a system gets where ``said`` is pointed to."""

    record: RecordId
    said: str
    """What is pointed to, in words: ``account 4000``."""
    mapping: str
    """``remap to 4010``"""
    problem: str = ""
    """Why it cannot be followed."""


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """One system's part in one record: what it shows, what it showed, what it can hold."""

    system: SystemName
    ref: ExternalRef
    values: dict[str, Value]
    """Shown fields; pointers are ``RecordRef`` where the ledger knows the record they mean."""
    base: dict[str, Value]
    """What it showed when the sides agreed; fields never agreed are absent."""
    rule: KindRule
    remaps: Mapping[RecordId, Remap] = msgspec.field(default_factory=dict)
    """Answers for pointers that are written to this system."""
    suffixes: Mapping[SystemName, str] = msgspec.field(default_factory=dict)
    """What its name ends in elsewhere, because a person said so."""
    marked: str = ""
    """The name that an active record shows with the mark of inactivation behind the one that was
    agreed: whoever made it active again left the mark. ``values`` has the name without it."""

    def field_rule(self, field: str) -> FieldRule:
        return self.rule.fields[field]

    def render_for(self, target: "Party", field: str) -> Rendered:
        """This party's value as ``target`` would show it."""
        value = self.values[field]
        if target.remaps and isinstance(value, RecordRef) and value.record in target.remaps:
            remap = target.remaps[value.record]
            return Rendered(RecordRef(remap.record), (remap.mapping,), remap.said)
        rule = target.field_rule(field)
        rendered = render(value, rule=rule, values=self.values, source_id=self.ref.id)
        suffix = self.suffixes.get(target.system) if field == "name" and self.suffixes else None
        if suffix is None or not isinstance(rendered.value, str):
            return rendered
        name = with_suffix(rendered.value, suffix, rule.max_length)
        return Rendered(name, (*rendered.mappings, SUFFIX), rendered.said)

    def agrees_with(self, target: "Party", field: str) -> bool:
        """Whether ``target`` shows just what this party's value looks like over there."""
        theirs = target.values[field]
        if same(self.render_for(target, field).value, theirs):
            return True
        if not self.remaps or not isinstance(theirs, RecordRef) or theirs.record not in self.remaps:
            return False
        # What the target points to is this party's own pointer, by a standing answer.
        return RecordRef(self.remaps[theirs.record].record) == self.values[field]

    def has_moved(self, field: str) -> bool:
        """Whether a field that was once agreed shows something else now."""
        return field in self.base and not same(self.values[field], self.base[field])

    @property
    def is_active(self) -> bool:
        return self.values.get("active") is not False


class World:
    """The ledger as one pass sees it."""

    def __init__(self, views: Iterable[RecordView], lookups: Lookups, policy: Policy) -> None:
        self.policy = policy
        self._lookups = lookups
        self._given = {view.record: view for view in views}
        self._views: dict[RecordId, RecordView | None] = {}
        self._resolved: dict[tuple[SystemName, Reference], RecordId | None] = {}
        self._pointed: dict[SystemName, dict[Reference, RecordRef | Reference]] = {}
        self._found: dict[tuple[SystemName, Kind, str, str], tuple[ExternalRef, ...]] = {}
        self._parties: dict[RecordId, tuple[Party, ...]] = {}
        self._half_read: dict[Kind, tuple[SystemName, ...]] = {}
        self._answers: dict[SystemName, dict[RecordId, Remap]] = {}
        self._remaps: dict[SystemName, dict[RecordId, Remap]] = {}
        self.configured: dict[tuple[SystemName, Kind, str], FieldChange] = {}
        """For ``create`` to remember what configured values come to."""

    def view(self, record: RecordId) -> RecordView | None:
        known = self._views.get(record)
        if known is None and record not in self._views:
            view = self._given.get(record) or self._lookups.view(record)
            known = self._views[record] = _in_order(view) if view is not None else None
        return known

    def view_of(self, ref: ExternalRef) -> RecordView | None:
        record = self._lookups.record_of(ref)
        return self.view(record) if record is not None else None

    def label(self, record: RecordId) -> str:
        view = self.view(record)
        return view.label if view else record

    def resolve(self, system: SystemName, reference: Reference) -> RecordId | None:
        key = (system, reference)
        found = self._resolved.get(key)
        if found is None and key not in self._resolved:
            found = self._resolved[key] = self._lookups.resolve(system, reference)
        return found

    def pointed(self, system: SystemName, reference: Reference) -> RecordRef | Reference:
        """A pointer in our own terms: the record that it means, else as the system writes it."""
        known = self._pointed.setdefault(system, {})
        found = known.get(reference)
        if found is None:
            record = self.resolve(system, reference)
            is_item = reference.kind is Kind.ITEM and system == self.policy.books
            meant = self.stands_for(record) if record is not None and is_item else record
            found = known[reference] = reference if meant is None else RecordRef(meant)
        return found

    def stands_for(self, item: RecordId) -> RecordId:
        """The product that an old item of the books has been replaced for; else the item itself."""
        view = self.view(item)
        for said in view.resolutions if view is not None else ():
            if said.field.startswith(REPLACED_BY) and said.value_digest:
                return RecordId(said.field.removeprefix(REPLACED_BY))
        return item

    def find(self, system: SystemName, kind: Kind, key: str, value: str) -> tuple[ExternalRef, ...]:
        question = (system, kind, key, value)
        known = self._found.get(question)
        if known is None:
            found = self._lookups.find(system, kind, key, value)
            known = self._found[question] = tuple(sorted(found) if len(found) > 1 else found)
        return known

    def half_read(self, kind: Kind) -> tuple[SystemName, ...]:
        """Systems that keep the kind, and can be asked for it, but have not shown all of it yet."""
        if kind not in self._half_read:
            self._half_read[kind] = tuple(
                system
                for system in self.policy.keepers(kind)
                if not self._is_disabled(system, kind)
                and not self._lookups.catalogue_complete(system, kind)
            )
        return self._half_read[kind]

    def _is_disabled(self, system: SystemName, kind: Kind) -> bool:
        rule = self.policy.rule(system, kind)
        return rule is not None and bool(rule.disabled)

    def meant(self, system: SystemName, record: RecordId) -> Remap | None:
        """The standing answer for pointers to ``record`` that are written to ``system``."""
        if system not in self._answers:
            given = self._lookups.remapped(system)
            self._answers[system] = {old: self._followed(old, given) for old in sorted(given)}
        return self._answers[system].get(record)

    def remaps(self, system: SystemName) -> Mapping[RecordId, Remap]:
        """The standing answers of a system that can be followed."""
        if system not in self._remaps:
            found = ((old, self.meant(system, old)) for old in self._lookups.remapped(system))
            self._remaps[system] = {old: r for old, r in found if r is not None and not r.problem}
        return self._remaps[system]

    def _followed(self, old: RecordId, given: Mapping[RecordId, RecordId]) -> Remap:
        view = self.view(old)
        said = f"{view.kind.value.replace('_', ' ')} {view.label}" if view else old
        chain = [old]
        while chain[-1] in given and len(chain) <= MOST_REMAPS:
            chain.append(given[chain[-1]])
            if chain[-1] in chain[:-1]:
                way = " -> ".join(self.label(record) for record in chain)
                return Remap(old, said, "", f"the remaps go round in a circle: {way}")
        if chain[-1] in given:
            return Remap(old, said, "", f"more than {MOST_REMAPS} remaps follow each other")
        return Remap(chain[-1], said, f"remap to {self.label(chain[-1])}")

    def confirmed_changes(self, record: RecordId) -> Sequence[ConfirmedChange]:
        return self._lookups.confirmed_changes(record)

    def values(self, side: Side) -> dict[str, Value]:
        """The compared fields of a live side, pointers resolved, those of document lines too."""
        assert side.record is not None, "a live side has a record"
        system = side.ref.system

        def resolved(pointer: LinePointer) -> LinePointer:
            return self.pointed(system, pointer) if isinstance(pointer, Reference) else pointer

        shown = comparable_values(side.record)
        for field in _may_point(side.ref.kind):
            value = shown.get(field)
            if isinstance(value, Reference):
                shown[field] = self.pointed(system, value)
            elif isinstance(value, Lines):
                shown[field] = map_pointers(value, resolved)
        name = shown.get("name")
        if shown.get("active") is False and isinstance(name, str):
            # Making a record inactive on QBO's screen renames it; nobody meant a rename.
            shown["name"] = without_deleted_suffix(name)
        return shown

    def parties(self, view: RecordView) -> tuple[Party, ...]:
        """All live parts of a record, by system name: no answer depends on configured order."""
        known = self._parties.get(view.record)
        if known is None:
            found = [self._party(view, system) for system in self.policy.keepers(view.kind)]
            known = self._parties[view.record] = tuple([p for p in found if p is not None])
        return known

    def party(self, view: RecordView, system: SystemName) -> Party | None:
        """The live part of ``system`` in a record; None while it has none."""
        for party in self.parties(view):
            if party.system == system:
                return party
        return None

    def _party(self, view: RecordView, system: SystemName) -> Party | None:
        side = view.sides.get(system)
        rule = self.policy.rule(system, view.kind)
        if side is None or rule is None or not side.is_live:
            return None
        baseline = view.baselines.get(system)
        values = self.values(side)
        marked = _marked(values, baseline.fields) if baseline else ""
        if marked:
            values["name"] = without_deleted_suffix(marked)
        return Party(
            system=system,
            ref=side.ref,
            values=values,
            base=self._still_known(baseline.fields, values) if baseline else {},
            rule=rule,
            remaps=self.remaps(system),
            suffixes=suffixes(view.resolutions, system, values.get("name"))
            if view.resolutions
            else {},
            marked=marked,
        )

    def _still_known(self, base: dict[str, Value], values: dict[str, Value]) -> dict[str, Value]:
        """Without pointers to records that have since been joined to others: never agreed.

        Lines are kept all the same, for they are the line map: such a pointer becomes what the
        line points to now.
        """
        kept: dict[str, Value] = {}
        for field, value in base.items():
            now = values.get(field)
            if isinstance(value, Lines) and isinstance(now, Lines):
                kept[field] = self._repointed(value, now)
            elif (
                not isinstance(value, RecordRef)
                or value == now
                or self.view(value.record) is not None
            ):
                kept[field] = value
        return kept

    def _repointed(self, base: Lines, now: Lines) -> Lines:
        shown = {pointer for _, _, pointer in pointers(now)}
        gone = {
            pointer
            for pointer in {pointer for _, _, pointer in pointers(base)} - shown
            if isinstance(pointer, RecordRef) and self.view(pointer.record) is None
        }
        if not gone:
            return base
        return Lines(tuple(_as_shown(line, now, gone) for line in base.lines))


def _as_shown(line: Line, now: Lines, gone: Collection[LinePointer]) -> Line:
    """The line with pointers to records that are no more replaced by those of the same line now:
    the one with its id, or the only one that says the same otherwise."""
    stale = [field for field in POINTERS if getattr(line, field) in gone]
    if not stale:
        return line
    if line.id:
        found = [one for one in now.lines if one.id == line.id]
    else:
        found = [one for one in now.lines if _figures(one) == _figures(line)]
    if len(found) != 1:
        return line
    return msgspec.structs.replace(line, **{field: getattr(found[0], field) for field in stale})


def _figures(line: Line) -> tuple[object, ...]:
    return (line.sort, line.description, line.quantity, line.unit_price, line.amount)


def replaced_by_field(product: RecordId) -> str:
    return f"{REPLACED_BY}{product}"


def _in_order(view: RecordView) -> RecordView:
    """The view with its sides by system name, so that labels and sentences never vary."""
    names = [*view.sides]
    if len(names) < 2 or names == sorted(names):
        return view  # the ledger answers in this order
    return msgspec.structs.replace(view, sides={name: view.sides[name] for name in sorted(names)})


@cache
def _may_point(kind: Kind) -> tuple[str, ...]:
    """The fields of a kind that hold pointers, or lines with some."""
    return tuple(f for f in comparable_fields(kind) if f == "lines" or reference_kind(kind, f))


def reference_kind(kind: Kind, field: str) -> Kind | None:
    """The kind that a pointer field points to, of a record or of a document line; None for fields
    that are no pointers."""
    if field == "parent":
        return kind
    if field.endswith("_account"):
        return Kind.ACCOUNT
    return _POINTERS.get(field)


_POINTERS = {
    "terms": Kind.TERM,
    "tax_code": Kind.TAX_CODE,
    "sales_tax_code": Kind.TAX_CODE,
    "purchase_tax_code": Kind.TAX_CODE,
    "vendor": Kind.VENDOR,
    "customer": Kind.CUSTOMER,
    "order": Kind.PURCHASE_ORDER,
    "item": Kind.ITEM,
    "account": Kind.ACCOUNT,
    "reporting_class": Kind.CLASS,
}


def _marked(values: Mapping[str, Value], agreed: Mapping[str, Value]) -> str:
    """The name, where nothing has been done to it but that it was marked as inactive once."""
    name = values.get("name")
    if values.get("active") is False or not isinstance(name, str) or same(name, agreed.get("name")):
        return ""
    plain = without_deleted_suffix(name)
    return name if plain != name and same(plain, agreed.get("name")) else ""
