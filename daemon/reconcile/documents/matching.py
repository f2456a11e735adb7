"""The ladder for documents: was it posted already, by a person or another integration?

Number, party, date and total together link; less is shown to a person before anything is created.
Must not create and must not guess.
"""

from decimal import Decimal
from typing import TypeAlias

import msgspec

from ledger.model.facts import Candidate, Hold, HoldCode, RecordView
from ledger.model.ids import ExternalRef, RecordId, SystemName
from ledger.model.keys import dated_total, fold
from ledger.model.money import quantise
from ledger.model.plans import LinkProposal
from ledger.model.values import RecordRef, Value

from ..explain import noun, thing
from ..match import MOST_CANDIDATES, is_free, told_apart
from ..world import World
from .checks import hold
from .parties import PARTY_FIELD, DocumentParty, document_party, source_of

ALL = frozenset({"number", "party", "date", "total"})
WORDS = {"number": "number", "party": "party", "date": "date", "total": "total"}


class Likeness(msgspec.Struct, frozen=True):
    """A document of the other system and what it has in common with ours."""

    view: RecordView
    ref: ExternalRef
    same: frozenset[str]


Matched: TypeAlias = LinkProposal | Hold | None


def match_document(view: RecordView, source: DocumentParty, number: Value, world: World) -> Matched:
    """Look for a document of the source in the books; ``number`` is its number over there."""
    found = _candidates(view, source, number, world)
    free = [one for one in found if is_free(one.view, view)]
    exact = [one for one in free if one.same >= ALL]
    if len(exact) == 1 and _chooses(exact[0], view, world):
        return _proposal(view, exact[0])
    taken = [one for one in found if one not in free and {"number", "party"} <= one.same]
    if taken:
        return _number_taken(view, taken, world)
    likely = [one for one in free if _is_likely(one)]
    return _proposed(view, likely, world) if likely else None


def renumbered(
    view: RecordView, source: DocumentParty, number: Value, world: World
) -> tuple[Hold | None, tuple[tuple[str, str, str, str], ...]]:
    """What stands against giving a document that is posted another number: one of the same party
    that has it and keeps it. And the key under which such a one may yet turn up."""
    key = (world.policy.books, view.kind.value, "number", fold(str(number or "").strip()))
    taken = [
        one
        for one in _candidates(view, source, number, world)
        if {"number", "party"} <= one.same and not _gives_up(one.view, source, number, world)
    ]
    return _number_taken(view, taken, world) if taken else None, (key,)


def _gives_up(other: RecordView, source: DocumentParty, number: Value, world: World) -> bool:
    """Whether the source calls the other document otherwise by now."""
    theirs = document_party(other, source.system, world)
    wanted = {fold(n.strip()) for n in (number, source.values.get("number")) if isinstance(n, str)}
    return theirs is not None and fold(theirs.text("number").strip()) not in wanted


def nearly(
    view: RecordView, source: DocumentParty, number: Value, world: World
) -> tuple[RecordId, ...]:
    """Documents of the books that may become likely by an edit that moves none of their keys: of
    the same number, or of the same sum on the same day."""
    found = _candidates(view, source, number, world)
    return tuple(sorted(one.view.record for one in found[:MOST_CANDIDATES]))


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """Documents of the books that may stand for one that was deleted there."""

    candidates: tuple[Candidate, ...] = ()
    waits_for: tuple[RecordId, ...] = ()
    waits_for_keys: tuple[tuple[str, str, str, str], ...] = ()


def entered_again(view: RecordView, source: DocumentParty, world: World) -> Again:
    """What a person may have entered in the books in the place of a document deleted there."""
    books = world.policy.books
    given = source.text("number")
    number = f"{world.policy.document(view.kind).number_prefix}{given}" if given else None
    likely = [
        one
        for one in _candidates(view, source, number, world)
        if len(one.view.sides) == 1 and _is_likely(one)
    ]
    return Again(
        candidates=_rows(likely),
        waits_for=tuple(sorted(one.view.record for one in likely[:MOST_CANDIDATES])),
        waits_for_keys=keys_in_books(view, source, number, books),
    )


def match_from_books(view: RecordView, world: World) -> LinkProposal | None:
    """A document that only the books have, when it is exactly one of the source's."""
    source, books = source_of(view.kind, world.policy), world.policy.books
    party = document_party(view, books, world)
    if source is None or party is None or party.status == "voided":
        return None
    total, date = party.values.get("total"), party.text("date")
    if not isinstance(total, Decimal) or not date:
        return None
    linked = []
    for ref in world.find(source, view.kind, "dated_total", dated_total(date, total)):
        other = world.view_of(ref)
        mine = document_party(other, source, world) if other is not None else None
        if other is None or mine is None or not is_free(other, view) or told_apart(view, other):
            continue
        prefix = world.policy.document(view.kind).number_prefix
        numbers = {fold(f"{prefix}{mine.text('number')}"), fold(mine.text("number"))} - {""}
        if fold(party.text("number")) in numbers and _party_of(mine, world) == _party_of(
            party, world
        ):
            linked.append(_proposal(other, Likeness(view, party.ref, ALL)))
    return linked[0] if len(linked) == 1 else None


def _candidates(
    view: RecordView, source: DocumentParty, number: Value, world: World
) -> list[Likeness]:
    books = world.policy.books
    refs: dict[ExternalRef, None] = {}
    for text in {number, source.values.get("number")}:
        if isinstance(text, str) and text.strip():
            refs |= dict.fromkeys(world.find(books, view.kind, "number", fold(text.strip())))
    total, date = source.values.get("total"), source.text("date")
    if isinstance(total, Decimal) and date:
        key = dated_total(date, total)
        refs |= dict.fromkeys(world.find(books, view.kind, "dated_total", key))
    found = []
    for ref in sorted(refs):
        other = world.view_of(ref)
        there = document_party(other, books, world) if other is not None else None
        if other is None or there is None or other.record == view.record:
            continue
        if there.status == "voided" or told_apart(view, other):
            continue
        found.append(Likeness(other, ref, _in_common(source, there, number, world)))
    return found


def _in_common(
    source: DocumentParty, there: DocumentParty, number: Value, world: World
) -> frozenset[str]:
    found = set()
    mine = {fold(n.strip()) for n in (number, source.values.get("number")) if isinstance(n, str)}
    if fold(there.text("number").strip()) in mine - {""}:
        found.add("number")
    party = _party_of(source, world)
    if party is not None and party == _party_of(there, world):
        found.add("party")
    if source.text("date") == there.text("date"):
        found.add("date")
    one, other = source.values.get("total"), there.values.get("total")
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        found |= {"total"} if quantise(one, 2) == quantise(other, 2) else set()
    return frozenset(found)


def _party_of(party: DocumentParty, world: World) -> RecordId | None:
    """Whom a document is about, in the books' terms."""
    value = party.values.get(PARTY_FIELD[party.ref.kind])
    if not isinstance(value, RecordRef):
        return None
    meant = world.meant(world.policy.books, value.record)
    return value.record if meant is None or party.system == world.policy.books else meant.record


def _chooses(one: Likeness, view: RecordView, world: World) -> bool:
    """Whether the document of the books is exactly this one of the source's, and no other."""
    back = match_from_books(one.view, world)
    return back is None or back.record == view.record


def _is_likely(one: Likeness) -> bool:
    """The same number from the same party, or the same sum on one day under another number."""
    return {"number", "party"} <= one.same or {"party", "date", "total"} <= one.same


def _proposal(view: RecordView, one: Likeness) -> LinkProposal:
    return LinkProposal(
        record=view.record,
        ref=one.ref,
        how="number",
        evidence="both show the same number, party, date and total",
    )


def _evidence(one: Likeness) -> str:
    common = [WORDS[w] for w in ("number", "party", "date", "total") if w in one.same]
    differs = [WORDS[w] for w in ("number", "party", "date", "total") if w not in one.same]
    text = f"same {', '.join(common)}"
    return f"{text}; another {' and '.join(differs)}" if differs else text


def _rows(found: list[Likeness]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(ref=one.ref, label=one.view.label, evidence=_evidence(one))
        for one in found[:MOST_CANDIDATES]
    )


def keys_in_books(
    view: RecordView, source: DocumentParty, number: Value, books: SystemName
) -> tuple[tuple[str, str, str, str], ...]:
    """Keys under which the document would show up in the books by itself."""
    found = {
        (books, view.kind.value, "number", fold(text.strip()))
        for text in (number, source.values.get("number"))
        if isinstance(text, str) and text.strip()
    }
    total, date = source.values.get("total"), source.text("date")
    if isinstance(total, Decimal) and date:
        found.add((books, view.kind.value, "dated_total", dated_total(date, total)))
    return tuple(sorted(found))


def _proposed(view: RecordView, likely: list[Likeness], world: World) -> Hold:
    here = world.policy.title(world.policy.books)
    kind = noun(view.kind)
    several = "a document" if len(likely) == 1 else f"{len(likely)} documents"
    held = hold(
        view,
        HoldCode.PROPOSED_MATCH,
        f"{here} has {several} that may be {thing(view.kind, view.label)}: {_evidence(likely[0])}.",
        f"Link it if it is the same {kind}, or say that it is not; then it will be created.",
        world,
        waits_for=(one.view.record for one in likely[:MOST_CANDIDATES]),
    )
    return msgspec.structs.replace(held, candidates=_rows(likely))


def _number_taken(view: RecordView, taken: list[Likeness], world: World) -> Hold:
    here = world.policy.title(world.policy.books)
    first, kind = taken[0], noun(view.kind)
    is_alone = len(first.view.sides) == 1
    whose = "it stands there alone" if is_alone else f"it belongs to another {kind}"
    way_out = "unlink the other one"
    if is_alone:
        apart = f"trueup link {view.record} {first.ref} --apart"
        way_out = f"correct or delete that one in {here}, or say that it is another one ({apart})"
    held = hold(
        view,
        HoldCode.NAME_TAKEN,
        f"{here} has {thing(first.view.kind, first.view.label)} of the same party under this "
        f"number, and {whose}.",
        f"Give one of the two another number in the source, or {way_out}.",
        world,
        field="number",
        waits_for=(one.view.record for one in taken[:MOST_CANDIDATES]),
    )
    return msgspec.structs.replace(held, candidates=_rows(taken))
