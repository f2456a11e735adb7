"""A value of a person's own for a field in conflict: read, tried on each side, and told.

It is taken only where every side that shows another one can be given it, and would then agree.
Notes nothing; ``deciding`` does.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import get_args

import msgspec

from daemon.control.finding import the_record
from daemon.control.frame import Json
from daemon.control.pointing import records_in
from daemon.control.protocol import Code, Declined
from daemon.control.shapes import Labels, shown_value
from daemon.reconcile.answering import own_party
from daemon.reconcile.changes import draft_update
from daemon.reconcile.decide import Decider
from daemon.reconcile.explain import show
from daemon.reconcile.merge import Reason, Take
from daemon.reconcile.policy import PERSON
from daemon.reconcile.world import Party, World, reference_kind
from ledger.model.facts import OwnValue, RecordView
from ledger.model.ids import DOCUMENT_KINDS, Kind, SystemName
from ledger.model.records import RECORD_TYPES
from ledger.model.values import Address, RecordRef, Reference, Value
from ledger.store.views import Views

_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,10})?", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_FLAGS = {"yes": True, "true": True, "no": False, "false": False}


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that every side can be given."""

    body: OwnValue
    becomes: dict[str, Json]
    """What each system will show."""
    text: str
    """What is right, and what is written where."""


def own_answer(
    views: Views, view: RecordView, field: str, text: str, *, world: World, parties: Sequence[Party]
) -> Own:
    """What ``text`` says, and what each system makes of it; ``Declined`` says why not."""
    if view.kind in DOCUMENT_KINDS:
        raise Declined(
            Code.BAD_REQUEST,
            f"{field} of {view.label!r} is one side's or the other's: what a document says is its "
            "source's",
            cure="take a side, or correct the document in its source: the change follows by itself",
        )
    value = _read(views, view, field, text, world=world, parties=parties)
    source = own_party(field, value, parties)
    targets = tuple(p for p in parties if not source.agrees_with(p, field))
    if not targets:
        raise Declined(
            Code.BAD_REQUEST, f"every system shows {show(value, world)} already", cure="look again"
        )
    take = Take(field, source, targets, Reason.RESOLVED, PERSON)
    becomes = {p.system: p.values[field] for p in parties}
    ask = Decider(world)
    for target in targets:
        drafted = draft_update(view, take, target, world, ask)
        if drafted.hold is not None or drafted.change is None:
            why = drafted.hold.text if drafted.hold is not None else "it cannot be written there"
            cure = drafted.hold.cure if drafted.hold is not None else "take a side"
            raise Declined(Code.BAD_REQUEST, why, cure=cure)
        becomes[target.system] = drafted.change.after
    _require_agreement(field, parties, becomes, world)
    body = OwnValue(
        value=value,
        seen={p.system: p.values[field] for p in parties},
        base={p.system: p.base[field] for p in parties if field in p.base},
    )
    records = {record for shown in becomes.values() for record in records_in(shown)}
    labels = Labels(titles={record: world.label(record) for record in records})
    return Own(
        body=body,
        becomes={system: shown_value(shown, labels) for system, shown in becomes.items()},
        text=_told(value, parties, field, becomes, world),
    )


def _require_agreement(
    field: str, parties: Sequence[Party], becomes: Mapping[SystemName, Value], world: World
) -> None:
    """Each would show it in its own way; if that differs again, it would be asked again."""
    after = [
        msgspec.structs.replace(p, values={**p.values, field: becomes[p.system]}) for p in parties
    ]
    if any(all(one.agrees_with(p, field) for p in after if p is not one) for one in after):
        return
    shown = ", ".join(
        f"{world.policy.title(s)} {show(value, world)}" for s, value in becomes.items()
    )
    raise Declined(
        Code.BAD_REQUEST,
        f"the systems would keep it differently: {shown}",
        cure="give a value that each of them can hold as it is",
    )


def _read(
    views: Views, view: RecordView, field: str, text: str, *, world: World, parties: Sequence[Party]
) -> Value:
    """The value in the type of its field."""
    sort = _sort(view.kind, field)
    text = text.strip()
    if not text:
        return None
    if sort is Reference:
        kind = reference_kind(view.kind, field)
        return RecordRef(the_record(views, text, systems=world.policy.systems, kind=kind).record)
    if sort is Decimal:
        if _NUMBER.fullmatch(text) is None:
            raise _unread(field, text, "a number such as 12.95, without other signs")
        return Decimal(text)
    if sort is bool:
        if text.casefold() not in _FLAGS:
            raise _unread(field, text, "yes or no")
        return _FLAGS[text.casefold()]
    if sort is Address:
        return _address(field, text)
    if _CONTROLS.search(text):
        raise _unread(field, text, "text without control characters")
    known = {word for p in parties for word in p.rule.fields[field].words}
    shown = {value for p in parties if isinstance(value := p.values[field], str)}
    if known and text not in known | shown:
        raise _unread(field, text, f"one of: {', '.join(sorted(known))}")
    return text


@cache
def _sort(kind: Kind, field: str) -> type:
    """What a field holds: text, a number, a flag, a pointer or an address."""
    fields = msgspec.structs.fields(RECORD_TYPES[kind])
    (held,) = (get_args(one.type) for one in fields if one.name == field)
    return next((sort for sort in (Reference, Decimal, bool, Address) if sort in held), str)


def _address(field: str, text: str) -> Address:
    parts = ", ".join(Address.__struct_fields__)
    expected = (
        f'an object of these parts: {parts}; such as {{"lines": ["Dock 7"], "city": "Bergen"}}'
    )
    try:
        found = msgspec.json.decode(text, type=dict[str, str | tuple[str, ...]])
        if not found.keys() <= {*Address.__struct_fields__, "type"}:
            raise _unread(field, text, expected)
        return msgspec.convert({k: v for k, v in found.items() if k != "type"}, Address)
    except msgspec.MsgspecError as error:
        raise _unread(field, text, expected) from error


def _unread(field: str, text: str, expected: str) -> Declined:
    return Declined(
        Code.BAD_REQUEST, f"{text!r} is no value of {field}", cure=f"give {expected}; empty clears"
    )


def _told(
    value: Value,
    parties: Sequence[Party],
    field: str,
    becomes: Mapping[SystemName, Value],
    world: World,
) -> str:
    """``12.99 is right: dear 12.95 -> 12.99 (+0.04)``, with each system that is written to."""
    told = []
    for party in parties:
        before, after = party.values[field], becomes[party.system]
        was, will_be = show(before, world), show(after, world)
        if was == will_be:
            continue
        by = ""
        if isinstance(before, Decimal) and isinstance(after, Decimal):
            by = f" ({after - before:+f})"
        told.append(f"{party.system} {was} -> {will_be}{by}")
    return f"{show(value, world)} is right: {', '.join(told)}"
