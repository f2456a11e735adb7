"""A document that the books do not have: was it posted already, may it be, and what is posted.

Must not compare sides; there is only one.
"""

import msgspec

from ledger.model.capabilities import KindRule
from ledger.model.facts import Hold, HoldCode, RecordView
from ledger.model.ids import Kind, SystemName
from ledger.model.keys import fold
from ledger.model.plans import Action, LinkProposal
from ledger.model.values import Value

from ..changes import disabled
from ..explain import created, thing
from ..match import incomplete
from ..names import taken
from ..operations import make_operation, refused
from ..pointers import Ask, Decision
from ..world import World
from .billing import link_lines
from .changes import new_document
from .checks import also_waiting_for, checks, hold
from .matching import keys_in_books, match_document, nearly
from .parties import PARTY_FIELD, DocumentParty, document_party
from .wanted import Wanted


def create_document(
    view: RecordView,
    mine: DocumentParty,
    wanted: Wanted,
    rule: KindRule,
    world: World,
    ask: Ask,
    *,
    is_early: bool,
) -> Decision:
    """The link to what is there already, the create, or everything that stands in its way."""
    if rule.disabled:
        held = disabled(view, world.policy.books, rule.disabled, world)
        return Decision() if is_early else Decision(holds=(held,))
    half_read = world.half_read(view.kind)
    if half_read:
        held = incomplete(view, world.policy.books, half_read, world)
        return Decision() if is_early else Decision(holds=(held,))
    if wanted.awaits_link:
        return Decision(awaits_links=True)
    number = _number(wanted)
    matched = match_document(view, mine, number, world)
    if isinstance(matched, LinkProposal):
        return Decision(links=(matched,))
    if is_early:
        return Decision()
    keys = keys_in_books(view, mine, number, world.policy.books)
    around = (*wanted.pointed, *nearly(view, mine, number, world))
    if matched is not None:
        (asked,) = also_waiting_for([matched], around)
        return Decision(holds=(asked.also_waiting_for(keys),))
    linked = link_lines(view, mine, wanted.lines, world, ask)
    if linked.awaits_link:
        return Decision(awaits_links=True)
    against = [
        *_forbidden(view, world),
        *wanted.holds,
        *linked.holds,
        *checks(view, mine, None, wanted, rule, world),
        *_number_clash(view, mine, number, world, ask),
    ]
    keys += _namesakes(view, mine)
    if against:  # all of it is moot when the document turns up in the books by itself
        waiting = also_waiting_for(against, around)
        return Decision(holds=tuple(one.also_waiting_for(keys) for one in waiting))
    changes = new_document(mine, wanted, linked, rule, world)
    there, here = world.policy.title(mine.system), world.policy.title(world.policy.books)
    why = created(view.kind, view.label, [there], here, changes)
    operation = make_operation(
        view,
        world.policy.books,
        Action.CREATE,
        changes,
        needs=(*wanted.needs, *linked.needs),
        relies_on=around,
        why=" ".join(said for said in (why, linked.remark, wanted.remark) if said),
        world=world,
    )
    refusal = refused(view, operation, world)
    if refusal is not None:
        (waits,) = also_waiting_for([refusal], around)
        return Decision(holds=(waits.also_waiting_for(keys),))
    # A person may enter it in the books while it waits.
    return Decision(operations=(msgspec.structs.replace(operation, watches=keys),))


def _number(wanted: Wanted) -> Value:
    number = wanted.values.get("number")
    return number.value if number is not None else None


def _namesakes(view: RecordView, mine: DocumentParty) -> tuple[tuple[str, str, str, str], ...]:
    """The key of another bill in the source that would want the same number."""
    own = mine.text("number").strip()
    if view.kind is not Kind.BILL or not own:
        return ()
    return ((mine.system, view.kind.value, "number", fold(own)),)


def _forbidden(view: RecordView, world: World) -> list[Hold]:
    books = world.policy.books
    if world.policy.create_policy(view.kind, books) != "never":
        return []
    return [
        hold(
            view,
            HoldCode.CREATE_POLICY,
            f"{thing(view.kind, view.label)} is not in {world.policy.title(books)}, and by policy "
            "none is created there.",
            f"Enter it there by hand, or set kinds.{view.kind.value}.create.{books} to ask or "
            "auto.",
            world,
        )
    ]


def _number_clash(
    view: RecordView, mine: DocumentParty, number: Value, world: World, ask: Ask
) -> list[Hold]:
    """Two documents that want one number, here or among those about to be posted."""
    books = world.policy.books
    clash = taken(view, books, "number", number, world, ask)
    if clash is not None:
        return [clash]
    # Bills of one number in the source get one number in the books, however that is made of it.
    own = mine.text("number").strip()
    if view.kind is not Kind.BILL or not own:
        return []
    party = mine.values.get(PARTY_FIELD[view.kind])
    for ref in world.find(mine.system, view.kind, "number", fold(own)):
        other = world.view_of(ref)
        if other is None or books in other.sides or not _is_before(other, view, mine.system):
            continue
        theirs = document_party(other, mine.system, world)
        if theirs is None or theirs.status not in ("open", "closed"):
            continue
        if theirs.values.get(PARTY_FIELD[view.kind]) == party:
            there = world.policy.title(mine.system)
            return [
                hold(
                    view,
                    HoldCode.NAME_TAKEN,
                    f"{thing(view.kind, view.label)} and another bill of the same vendor "
                    f'({other.label}) have the number "{own}" in {there}.',
                    f"Give one of them the vendor's other number in {there}, or void the one that "
                    "was entered twice.",
                    world,
                    field="number",
                    waits_for=(other.record,),
                )
            ]
    return []


def _is_before(other: RecordView, view: RecordView, source: SystemName) -> bool:
    """Whether the other document goes first: its create may be on its way, or it was seen earlier.

    Whoever was seen first may have been planned by now, without being looked at again.
    """
    if other.record == view.record:
        return False
    if bool(other.open_intent) != bool(view.open_intent):
        return bool(other.open_intent)
    return other.sides[source].seq < view.sides[source].seq
