"""Bills and the orders that they bill: which order line each bill line takes over.

One order may be billed in several parts; every part is linked line by line. Must not decide about
the order itself: its own decision is asked for.
"""

from decimal import Decimal

import msgspec

from ledger.model.facts import Hold, HoldCode, RecordView, Side
from ledger.model.ids import Kind, RecordId
from ledger.model.keys import fold
from ledger.model.plans import Action
from ledger.model.values import Line, Lines, RecordRef

from ..allocate import Claim, allocate
from ..explain import thing
from ..linemap import numbered
from ..pointers import Ask, Decision, Place, point, released
from ..world import World
from .checks import hold
from .parties import DocumentParty, document_party, source_of


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """Bill lines with the order lines they bill, or why they cannot be told yet."""

    lines: Lines
    order: RecordId | None = None
    """The order that the lines point to; None where the bill stands for itself."""
    holds: tuple[Hold, ...] = ()
    needs: tuple[RecordId, ...] = ()
    awaits_link: bool = False
    remark: str = ""
    """A sentence for the person who looks at the plan: more billed than ordered, or no order."""


def link_lines(
    view: RecordView, source: DocumentParty, lines: Lines, world: World, ask: Ask
) -> Linked:
    """``lines`` (rendered, in the source's order) with the lines of the order that they bill."""
    pointer = source.values.get("order")
    rule = world.policy.rule(world.policy.books, view.kind)
    if not isinstance(pointer, RecordRef) or rule is None or rule.lines is None:
        return Linked(lines=lines)
    order = world.view(pointer.record)
    if order is None or not rule.lines.links_orders:
        return Linked(lines=lines)
    if not _is_billable(order, world):
        return Linked(lines=lines, remark=_without(view, order, world))
    early = _before_order(view, source, order, world)
    if early is not None:
        return early if early.holds else Linked(lines=lines)
    place = Place(view=view, field="order", source=source.system, target=world.policy.books)
    pointed = point(pointer, place, world, ask)
    if pointed.hold is not None:
        return Linked(lines=lines, holds=(pointed.hold,))
    decision = ask(pointer.record)
    unsettled = _unsettled(view, order, decision, world)
    if unsettled is not None:
        return Linked(lines=lines, holds=(unsettled,))
    taken, doubts = _allocated(view, source, order, world)
    if doubts:
        return Linked(lines=lines, holds=(_doubtful(view, order, doubts, world),))
    known = _numbers(order, decision, world)
    lacking = any(
        number and number not in known and isinstance(line.item, RecordRef)
        for line, number in zip(lines.lines, taken, strict=True)
    )
    if lacking and decision is not None and decision.holds:
        return Linked(lines=lines, holds=(_waiting(view, order, decision.holds[0], world),))
    taken = tuple(number if number in known else 0 for number in taken)
    return Linked(
        lines=Lines(
            tuple(
                msgspec.structs.replace(
                    line, order=RecordRef(order.record) if number else None, order_number=number
                )
                for line, number in zip(lines.lines, taken, strict=True)
            )
        ),
        order=order.record,
        needs=pointed.needs,
        awaits_link=pointed.awaits_link,
        remark=_excess(lines, taken, order, world),
    )


def _is_billable(order: RecordView, world: World) -> bool:
    """Whether the order is one that bills are linked to: in sync, standing, still open there."""
    policy = world.policy
    source = source_of(order.kind, policy)
    party = document_party(order, source, world) if source is not None else None
    if policy.flow(order.kind) == "off" or party is None:
        return False
    books = order.sides.get(policy.books)
    if books is None:
        return (
            party.status in ("open", "closed")
            and party.text("date") >= policy.document(order.kind).since
        )
    there = document_party(order, policy.books, world)
    if there is None:
        return False
    return there.status == "open" or (there.status == "closed" and _reopens(order, books, world))


def _reopens(order: RecordView, closed: Side, world: World) -> bool:
    """Whether a bill of the order was taken out of the books since they were seen to call it
    closed. That opens it again, though the next look is the first to show it."""
    sides = [bill.sides.get(world.policy.books) for bill in _bills(order, world)]
    return any(side is not None and side.tombstone and side.seq > closed.seq for side in sides)


def _without(view: RecordView, order: RecordView, world: World) -> str:
    """Why a bill is posted without its order, where somebody might look for the link."""
    books = order.sides.get(world.policy.books)
    if world.policy.books in view.sides or books is None:
        return ""
    here = world.policy.title(world.policy.books)
    what = "is no longer there" if books.tombstone else "is closed there"
    return f"It will bill no order in {here}: {thing(order.kind, order.label)} {what}."


def _before_order(
    view: RecordView, source: DocumentParty, order: RecordView, world: World
) -> Linked | None:
    """A bill dated before its order: held, or posted without the link, as configured."""
    system = source_of(order.kind, world.policy)
    party = document_party(order, system, world) if system is not None else None
    ordered, billed = party.text("date") if party is not None else "", source.text("date")
    if not ordered or not billed or billed >= ordered:
        return None
    if world.policy.document(view.kind).before_order == "unlinked":
        return Linked(lines=source.lines)
    there = world.policy.title(source.system)
    held = hold(
        view,
        HoldCode.BEFORE_ORDER,
        f"{thing(view.kind, view.label)} is dated {billed}, before "
        f"{thing(order.kind, order.label)} of {ordered} that it bills.",
        f"Correct one of the dates in {there}, or set kinds.bill.before_order to unlinked to post "
        "such bills without their order.",
        world,
        field="date",
        waits_for=(order.record,),
    )
    return Linked(lines=source.lines, holds=(held,))


def _unsettled(
    view: RecordView, order: RecordView, decision: Decision | None, world: World
) -> Hold | None:
    """A hold while the books show something else of the order than was sent, or have not agreed."""
    if decision is None or world.policy.books not in order.sides:
        return None
    wrong = next((h for h in decision.holds if h.code is HoldCode.DISCREPANT), None)
    baseline = order.baselines.get(world.policy.books)
    in_map = baseline is not None and "lines" in baseline.fields
    coming = decision.agreement is not None or bool(decision.operations)
    if wrong is None and (in_map or coming):
        return None
    return _waiting(view, order, wrong, world)


def _waiting(view: RecordView, order: RecordView, wrong: Hold | None, world: World) -> Hold:
    why, cure = "the two systems do not agree on it yet", "Settle the purchase order first"
    cure = f"{cure} (trueup plan {order.record}); the bill follows by itself."
    if wrong is not None:
        why, cure = wrong.text, released(order, wrong, view)
    return hold(
        view,
        HoldCode.MISSING_REFERENCE,
        f"{thing(view.kind, view.label)} waits for {thing(order.kind, order.label)}: {why}",
        cure,
        world,
        field="order",
        waits_for=(order.record,),
    )


def _numbers(order: RecordView, decision: Decision | None, world: World) -> frozenset[int]:
    """Places of the order's line map that the books have, or will have before the bill goes."""
    system = source_of(order.kind, world.policy)
    party = document_party(order, system, world) if system is not None else None
    all_lines = numbered(party.lines, party.agreed_lines) if party is not None else Lines()
    every = frozenset(line.number for line in all_lines.lines)
    coming = decision is not None and (
        decision.agreement is not None
        or any(o.action in (Action.CREATE, Action.UPDATE) for o in decision.operations)
    )
    books = order.baselines.get(world.policy.books)
    if coming or books is None:
        return every
    agreed = books.fields.get("lines")
    there = agreed.lines if isinstance(agreed, Lines) else ()
    return frozenset(line.number for line in there)


def _allocated(
    view: RecordView, source: DocumentParty, order: RecordView, world: World
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    party = document_party(order, source.system, world)
    lines = numbered(party.lines, party.agreed_lines) if party is not None else Lines()
    claims = [
        claim for sibling in _siblings(view, order, world) if (claim := _claim(sibling, world))
    ]
    # What the books already hold is fixed; the rest is dealt out in order of date and id.
    claims.sort(key=lambda pair: pair[0])
    return allocate(lines, [claim for _, claim in claims], view.record)


def _siblings(view: RecordView, order: RecordView, world: World) -> list[RecordView]:
    """All bills of the order, the one at hand included."""
    found = {view.record: view}
    for other in _bills(order, world):
        found.setdefault(other.record, other)
    return list(found.values())


def _bills(order: RecordView, world: World) -> list[RecordView]:
    """All bills that the source shows of the order."""
    system = source_of(Kind.BILL, world.policy)
    side = order.sides.get(system) if system is not None else None
    if system is None or side is None:
        return []
    refs = world.find(system, Kind.BILL, "order", fold(side.ref.id))
    return [view for ref in refs if (view := world.view_of(ref)) is not None]


def _claim(bill: RecordView, world: World) -> tuple[tuple[bool, str, str], Claim] | None:
    system = source_of(bill.kind, world.policy)
    party = document_party(bill, system, world) if system is not None else None
    if party is None or party.status not in ("open", "closed"):
        return None
    taken = _taken(bill, party, world)
    key = (not any(taken), party.text("date"), bill.record)
    return key, Claim(bill=bill.record, lines=party.lines.lines, taken=taken)


def _taken(bill: RecordView, party: DocumentParty, world: World) -> tuple[int, ...]:
    """Per line of the bill the order line that its counterpart in the books is linked to."""
    books = document_party(bill, world.policy.books, world)
    if books is None or books.agreed_lines is None:
        return ()
    places = {line.number: line.id for line in books.agreed_lines.lines if line.number}
    now = {line.id: line for line in books.lines.lines}
    mine = numbered(party.lines, party.agreed_lines)
    return tuple(_order_place(now.get(places.get(line.number, "")), world) for line in mine.lines)


def _order_place(line: Line | None, world: World) -> int:
    """The place in its order's line map of what a bill line in the books is linked to; 0 = none."""
    if line is None or not isinstance(line.order, RecordRef) or not line.order_line:
        return 0
    order = world.view(line.order.record)
    baseline = order.baselines.get(world.policy.books) if order is not None else None
    agreed = baseline.fields.get("lines") if baseline is not None else None
    rows = agreed.lines if isinstance(agreed, Lines) else ()
    return next((row.number for row in rows if row.id == line.order_line), 0)


def _doubtful(view: RecordView, order: RecordView, doubts: tuple[str, ...], world: World) -> Hold:
    return hold(
        view,
        HoldCode.AMBIGUOUS_LINES,
        f"it is not certain which lines of {thing(order.kind, order.label)} "
        f"{thing(view.kind, view.label)} bills: {'; '.join(doubts[:3])}",
        "Give the lines the prices of the order in the source, or enter the bill in the books by "
        "hand and link the two.",
        world,
        field="lines",
        waits_for=(order.record,),
    )


def _excess(lines: Lines, taken: tuple[int, ...], order: RecordView, world: World) -> str:
    """Billing more than was ordered is shown, never clipped."""
    system = source_of(order.kind, world.policy)
    party = document_party(order, system, world) if system is not None else None
    ordered = numbered(party.lines, party.agreed_lines).lines if party is not None else ()
    for row in ordered:
        billed = sum(
            (
                line.quantity
                for line, number in zip(lines.lines, taken, strict=True)
                if number == row.number and line.quantity is not None
            ),
            Decimal(),
        )
        if row.number and row.quantity is not None and billed > row.quantity:
            return (
                f"It bills {billed:f} where {thing(order.kind, order.label)} has {row.quantity:f}."
            )
    return ""


def dropped_links(
    view: RecordView, source: DocumentParty, books: DocumentParty, world: World
) -> Hold | None:
    """A hold when the books show a bill without the link to its order, which is still open there.

    QuickBooks answers an invalid link with success and leaves it out.
    """
    pointer = source.values.get("order")
    order = world.view(pointer.record) if isinstance(pointer, RecordRef) else None
    if order is None or world.policy.books not in order.sides or not _is_billable(order, world):
        return None
    if any(line.order is not None for line in books.lines.lines):
        return None
    if _before_order(view, source, order, world) is not None:
        return None  # posted without it on purpose
    taken, _ = _allocated(view, source, order, world)
    if not any(taken):
        return None
    here = world.policy.title(world.policy.books)
    return hold(
        view,
        HoldCode.DISCREPANT,
        f"{thing(view.kind, view.label)} is posted in {here} without its link to "
        f"{thing(order.kind, order.label)}, which {here} therefore still shows as not billed.",
        f"Link the two in {here} (copy the order into the bill), or accept it as it is.",
        world,
        field="order",
        waits_for=(order.record,),
    )
