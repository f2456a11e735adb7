"""One document, from all that is known of it to everything that follows: the order of questions.

Does the source stand by it? Is it in the books already? May it be posted, and would the books
come to the same sum? What has moved since? Must not order operations or rule on them.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from ledger.model.facts import Hold, HoldCode, RecordView
from ledger.model.ids import SystemName
from ledger.model.plans import Action, Agreement, Operation
from ledger.model.values import Lines, RecordRef, Value

from ..explain import foreign, money, taken, thing, updated
from ..linemap import numbered, paired
from ..lines import pointers
from ..mapping import same
from ..merge import Agreed, FieldMerge, Foreign, Reason, Take, merge, values_digest
from ..operations import make_operation, refused
from ..pointers import Ask, Decision, group_of
from ..policy import Policy
from ..totals import Difference, Predicted, difference, is_variance
from ..world import World
from .billing import Linked, dropped_links, link_lines
from .changes import draft_changes
from .checks import also_waiting_for, checks, foreseen, hold
from .create import create_document
from .ending import gone_from_books, gone_from_source, moved_out, remove, reopened, voided_in_books
from .matching import match_from_books, renumbered
from .paid import below_paid, is_payable, moved, with_additions
from .parties import DocumentParty, as_asked, books_rule, document_party, source_of, wishing
from .wanted import Wanted, want

STANDING = ("open", "closed")


def decide_document(view: RecordView, world: World, ask: Ask) -> Decision:
    """Everything that follows from one look at a document that can be read and is in sync."""
    policy = world.policy
    source = source_of(view.kind, policy)
    rule = books_rule(view.kind, policy)
    if source is None or rule is None:
        return Decision()
    mine = document_party(view, source, world)
    there = view.sides.get(policy.books)
    books = document_party(view, policy.books, world)
    if mine is None:
        left = view.sides.get(source)
        if books is None or left is None or not left.tombstone:
            return _only_in_books(view, world)
        return gone_from_source(view, source, books, left.tombstone, world)
    is_early = _is_early(view, mine, policy)
    if there is not None and books is None and there.tombstone:
        gone = gone_from_books(view, mine, there.tombstone, world)
        return Decision() if is_early else gone
    if mine.status not in STANDING:
        return _not_standing(view, mine, books, is_early=is_early, world=world)
    wanted = want(view, mine, books, rule, world, ask)
    if books is None:
        return create_document(view, mine, wanted, rule, world, ask, is_early=is_early)
    if books.status == "voided":
        return Decision() if is_early else Decision(holds=(voided_in_books(view, mine, world),))
    if not is_early and mine.text("date") < policy.document(view.kind).since:
        agreed = _compare(view, mine, books, wanted, world, ask, is_early=True)
        return msgspec.structs.replace(agreed, holds=moved_out(view, mine, books, world))
    return _compare(view, mine, books, wanted, world, ask, is_early=is_early)


def _is_early(view: RecordView, mine: DocumentParty, policy: Policy) -> bool:
    """Whether it belongs to the time before the first day; not what both had agreed on after that
    day, and what got an earlier date since."""
    since, agreed = policy.document(view.kind).since, mine.base.get("date")
    was_later = policy.books in view.sides and isinstance(agreed, str) and agreed >= since
    return mine.text("date") < since and not was_later


def _only_in_books(view: RecordView, world: World) -> Decision:
    """A document that nobody entered in the source stays where it is; it is only recognised."""
    if world.half_read(view.kind):
        return Decision()
    link = match_from_books(view, world)
    return Decision(links=(link,)) if link is not None else Decision()


def _not_standing(
    view: RecordView,
    mine: DocumentParty,
    books: DocumentParty | None,
    *,
    is_early: bool,
    world: World,
) -> Decision:
    """Draft or voided in the source: nothing to post, and perhaps something to take back."""
    rule = books_rule(view.kind, world.policy)
    if books is None or rule is None or is_early or books.status == "voided":
        return Decision()
    if mine.status == "voided":
        return remove(view, mine, books, rule, world)
    return Decision(holds=(reopened(view, mine, world),))


def _compare(
    view: RecordView,
    mine: DocumentParty,
    books: DocumentParty,
    wanted: Wanted,
    world: World,
    ask: Ask,
    *,
    is_early: bool,
) -> Decision:
    """Both systems show it: what moved, what is to be written, what they agree on."""
    if wanted.awaits_link:
        return Decision(awaits_links=True)
    asking = wishing(mine, wanted.values, wanted.untaxed)
    books = as_asked(books, wanted.values)
    both = tuple(sorted((asking, books), key=lambda party: party.system))
    merged, accepted = _with_answers(view, merge(view, both, world.policy), books.system)
    takes = [m for m in merged if isinstance(m, Take) and books in m.targets]
    edits = [m for m in merged if isinstance(m, Foreign)]
    agreement = _agreement(view, mine, books, merged, accepted, wanted, world)
    if is_early:
        return Decision(agreement=agreement)
    asked = [_foreign_edit(view, edit, world) for edit in edits]
    holds = list(also_waiting_for(asked, wanted.pointed))
    if takes:
        linked = _linked_update(view, mine, books, takes, wanted, world, ask)
        made = _update(view, mine, books, takes, wanted, linked, world)
        return Decision(
            operations=() if linked.awaits_link else made.operations,
            agreement=agreement,
            holds=(*holds, *made.holds),
            awaits_links=linked.awaits_link,
        )
    holds += also_waiting_for(_unsaid(mine, wanted), wanted.pointed)
    if not edits and _same_lines(asking, books):
        odd = _discrepancy(view, mine, books, world) or _unlinked(view, mine, books, world)
        holds += [odd] if odd is not None else []
    ending = _closing(view, mine, books, world)
    return Decision(
        operations=ending.operations, agreement=agreement, holds=(*holds, *ending.holds)
    )


def _unsaid(mine: DocumentParty, wanted: Wanted) -> list[Hold]:
    """Where the source points to another record than was agreed on, which the books lack: there is
    nothing to compare, and the two differ."""
    fields = mine.values.keys() - wanted.values.keys()
    return [one for one in wanted.holds if one.field in fields and mine.has_moved(one.field)]


def _same_lines(asking: DocumentParty, books: DocumentParty) -> bool:
    """Whether the sums can be compared: where a person let the books differ, they do differ."""
    shown = "lines" in asking.values and "lines" in books.values
    return shown and asking.agrees_with(books, "lines")


def _closing(view: RecordView, mine: DocumentParty, books: DocumentParty, world: World) -> Decision:
    """An order that the source closed short is closed in the books as well."""
    rule = books_rule(view.kind, world.policy)
    if rule is None or mine.status != "closed" or books.status != "open":
        return Decision()
    if rule.removal not in (Action.CLOSE, Action.DELETE):
        return Decision()
    return remove(view, mine, books, rule, world, action=Action.CLOSE)


def _with_answers(
    view: RecordView, merged: tuple[FieldMerge, ...], books: SystemName
) -> tuple[tuple[FieldMerge, ...], frozenset[str]]:
    """Answers of a person that let the books keep what they show: nothing is written for them."""
    accepted = frozenset(
        m.field
        for m in merged
        if isinstance(m, Take) and m.reason is Reason.RESOLVED and m.source.system == books
    )
    settled: list[FieldMerge] = [Agreed(m.field) if m.field in accepted else m for m in merged]
    return tuple(settled), accepted


def _foreign_edit(view: RecordView, edit: Foreign, world: World) -> Hold:
    closed = world.policy.closed_until.get(world.policy.books, "")
    books = document_party(view, world.policy.books, world)
    in_closed = books is not None and closed and books.text("date") <= closed
    text = foreign(edit, view.kind, view.label, world)
    gone = _gone_pointer(edit.owner.values.get(edit.field), world)
    if in_closed:
        text = f"In a closed period: {text}"
    return Hold(
        record=view.record,
        code=HoldCode.FOREIGN_EDIT,
        text=text,
        cure="Take one of the two; nothing is written to the source.",
        field=edit.field,
        system=edit.edited.system,
        waits_for=(gone.record,) if gone is not None else (),
        group=group_of(gone.record, gone.kind) if gone is not None else "",
    )


def _gone_pointer(value: Value, world: World) -> RecordView | None:
    """What the source points to and the books merged away or made inactive: then the edit may be
    their own; None for edits of people."""
    shown = [p for _, _, p in pointers(value)] if isinstance(value, Lines) else [value]
    for pointer in shown:
        pointed = world.view(pointer.record) if isinstance(pointer, RecordRef) else None
        side = pointed.sides.get(world.policy.books) if pointed is not None else None
        if pointed is None or side is None:
            continue
        if side.tombstone or getattr(side.record, "active", True) is False:
            return pointed
    return None


# -- writing -------------------------------------------------------------------------------------


class Made(msgspec.Struct, frozen=True, kw_only=True):
    operations: tuple[Operation, ...] = ()
    holds: tuple[Hold, ...] = ()


def _linked_update(
    view: RecordView,
    mine: DocumentParty,
    books: DocumentParty,
    takes: Sequence[Take],
    wanted: Wanted,
    world: World,
    ask: Ask,
) -> Linked:
    """The order lines that new lines of a bill bill; lines already there keep their links."""
    if not any(take.field == "lines" for take in takes):
        return Linked(lines=wanted.lines)
    return link_lines(view, mine, wanted.lines, world, ask)


def _update(
    view: RecordView,
    mine: DocumentParty,
    books: DocumentParty,
    takes: Sequence[Take],
    wanted: Wanted,
    linked: Linked,
    world: World,
) -> Made:
    rule = books_rule(view.kind, world.policy)
    assert rule is not None, "the caller has looked"
    against = [*wanted.holds, *checks(view, mine, books, wanted, rule, world), *linked.holds]
    if against:
        return Made(holds=also_waiting_for(against, wanted.pointed))
    drafted = draft_changes(view, mine, books, takes, wanted, linked, world)
    if not drafted.changes:
        return Made(holds=also_waiting_for(drafted.holds, wanted.pointed))
    watched: tuple[tuple[str, str, str, str], ...] = ()
    number = next((c.after for c in drafted.changes if c.field == "number"), None)
    if number is not None:
        clash, watched = renumbered(view, mine, number, world)
        if clash is not None:
            return Made(holds=also_waiting_for([clash], wanted.pointed))
    if is_payable(view, books, drafted.changes):
        worth = foreseen(mine, wanted, rule, world)
        too_little = None
        if worth is not None:
            too_little = below_paid(view, books, with_additions(worth, books.lines), world)
        if too_little is not None:
            return Made(holds=also_waiting_for([too_little], wanted.pointed))
        watched = (*watched, moved(view, books))
    why = updated([taken(t, books, wanted.values[t.field].value, world) for t in takes])
    remark = wanted.remark if any(change.field == "lines" for change in drafted.changes) else ""
    operation = make_operation(
        view,
        books.system,
        Action.UPDATE,
        drafted.changes,
        needs=(*wanted.needs, *linked.needs),
        relies_on=wanted.pointed,
        why=" ".join(said for said in (why, linked.remark, remark) if said),
        world=world,
    )
    refusal = refused(view, operation, world)
    if refusal is not None:
        return Made(holds=(*drafted.holds, *also_waiting_for([refusal], wanted.pointed)))
    operation = msgspec.structs.replace(operation, watches=watched)
    return Made(operations=(operation,), holds=drafted.holds)


# -- agreement -----------------------------------------------------------------------------------


def _agreement(
    view: RecordView,
    mine: DocumentParty,
    books: DocumentParty,
    merged: tuple[FieldMerge, ...],
    accepted: frozenset[str],
    wanted: Wanted,
    world: World,
) -> Agreement | None:
    """The complete new images of both sides, when any field is agreed that was not just so."""
    agreed = [m.field for m in merged if isinstance(m, Agreed)]
    if not agreed:
        return None
    images: dict[SystemName, dict[str, Value]] = {}
    news = False
    in_map = _line_map(mine, books, wanted, is_accepted="lines" in accepted)
    for party in (mine, books):
        image = dict(party.base)
        fields = {f: party.values[f] for f in agreed if f in party.values}
        if "lines" in fields:
            fields["lines"] = in_map[party.system]
            # The sums belong to the lines: where they differ by a tolerated cent, it shows here.
            fields |= {f: party.values[f] for f in ("total", "tax_total") if f in party.values}
        for field, value in fields.items():
            is_same = (
                image.get(field) == value
                if isinstance(value, Lines)
                else field in image and same(image[field], value)
            )
            news = news or not is_same
            image[field] = value
        old = view.baselines.get(party.system)
        news = news or old is None or old.mapping_version != world.policy.mapping_version
        images[party.system] = image
    return Agreement(record=view.record, images=images) if news else None


def _line_map(
    mine: DocumentParty, books: DocumentParty, wanted: Wanted, *, is_accepted: bool
) -> dict[SystemName, Lines]:
    """Both sides' lines with their places: lines of one number are one line."""
    source = numbered(mine.lines, mine.agreed_lines)
    rule = books.rule.lines
    there = None
    if not is_accepted:
        there = paired(wanted.lines, books.lines, rule=rule, untaxed=wanted.untaxed)
    if there is None:
        # Accepted as it is: what was in the map stays in it, what is new there stands alone.
        highest = max((line.number for line in source.lines), default=0)
        there = numbered(books.lines, books.agreed_lines or Lines())
        there = Lines(
            tuple(
                msgspec.structs.replace(line, number=0) if line.number > highest else line
                for line in there.lines
            )
        )
    return {mine.system: source, books.system: there}


def _discrepancy(
    view: RecordView, mine: DocumentParty, books: DocumentParty, world: World
) -> Hold | None:
    """The same lines, and yet another sum: posted, shown, and left for a person."""
    one, other = mine.values.get("total"), books.values.get("total")
    if not isinstance(one, Decimal) or not isinstance(other, Decimal):
        return None
    tax, tax_there = mine.values.get("tax_total"), books.values.get("tax_total")
    tax = tax if isinstance(tax, Decimal) else Decimal()
    tax_there = tax_there if isinstance(tax_there, Decimal) else Decimal()
    posted = Predicted(subtotal=other - tax_there, tax=tax_there, total=other)
    found: Difference = difference(posted, total=one, tax_total=tax)
    if not found.total or is_variance(found, world.policy.document(view.kind).tax_tolerance):
        return None
    if _is_accepted(view, "total", {mine.system: one, books.system: other}):
        return None
    here, there = world.policy.title(books.system), world.policy.title(mine.system)
    return hold(
        view,
        HoldCode.DISCREPANT,
        f"{thing(view.kind, view.label)} has the same lines in both systems, but {here} shows "
        f"{money(other)} (tax {money(tax_there)}) where {there} says {money(one)} "
        f"(tax {money(tax)}): {found.total:+f}.",
        f"Accept what {here} shows, or correct the tax there, or void it in {there} and enter it "
        "anew. What depends on it waits.",
        world,
        field="total",
    )


def _unlinked(
    view: RecordView, mine: DocumentParty, books: DocumentParty, world: World
) -> Hold | None:
    held = dropped_links(view, mine, books, world)
    if held is None:
        return None
    shown = {mine.system: mine.values.get("order"), books.system: None}
    return None if _is_accepted(view, "order", shown) else held


def _is_accepted(view: RecordView, field: str, values: dict[SystemName, Value]) -> bool:
    """Whether a person has said that the books are right as they are, of just these values."""
    return any(
        r.field == field and r.value_digest == values_digest(field, values)
        for r in view.resolutions
    )
