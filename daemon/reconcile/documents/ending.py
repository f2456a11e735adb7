"""How documents end: voided by their owner, taken back to draft, or gone from the books.

Nothing that posts is removed while money stands against it or its period is closed. Must not
compare contents; ``decide`` does.
"""

import msgspec

from ledger.model.capabilities import KindRule
from ledger.model.facts import Hold, HoldCode, RecordView
from ledger.model.ids import SystemName
from ledger.model.plans import ENDS, Action

from ..explain import noun, thing
from ..operations import make_operation, refused
from ..pointers import Decision
from ..world import World
from .checks import hold, period_hold
from .matching import Again, entered_again
from .paid import SETTLED_ENDS, applied, is_settled, moved
from .parties import DocumentParty

_DOING = {Action.VOID: "void", Action.DELETE: "delete", Action.CLOSE: "close"}


def remove(
    view: RecordView,
    source: DocumentParty,
    books: DocumentParty,
    rule: KindRule,
    world: World,
    *,
    action: Action | None = None,
) -> Decision:
    """The owner voided it (or closed it): end it in the books too, in the way of its kind."""
    action = action or rule.removal
    if action is None or books.status == "voided":
        return Decision()
    if action is Action.CLOSE and books.status == "closed":
        return Decision()
    here, there = world.policy.title(books.system), world.policy.title(source.system)
    what = thing(view.kind, view.label)
    held = _undone(view, books, action, world)
    if held is None and action is not Action.CLOSE:
        held = _stands_against(view, books, action, world)
    if held is not None:
        return Decision(holds=(held,))
    done = "voided" if source.status == "voided" else "closed"
    why = f"{there} {done} {what}, so it will be {_done(action)} in {here}."
    operation = make_operation(view, books.system, action, (), why=why, world=world)
    refusal = refused(view, operation, world)
    if refusal is not None:
        return Decision(holds=(refusal,))
    # A payment moves no field that is compared: what waits is looked at again for it alone.
    watched = (moved(view, books),) if action in SETTLED_ENDS else ()
    return Decision(operations=(msgspec.structs.replace(operation, watches=watched),))


def _done(action: Action) -> str:
    doing = _DOING[action]
    return f"{doing}d" if doing.endswith("e") else f"{doing}ed"


def _undone(view: RecordView, books: DocumentParty, action: Action, world: World) -> Hold | None:
    """A hold when it was ended again and again: somebody undoes it, or it cannot be seen."""
    times = sum(
        1
        for change in world.confirmed_changes(view.record)
        if change.system == books.system
        and change.field == "status"
        and change.after == ENDS[action]
    )
    if times < world.policy.limits.oscillation_repeats:
        return None
    here, what = world.policy.title(books.system), thing(view.kind, view.label)
    return hold(
        view,
        HoldCode.OSCILLATION,
        f"{what} was {_done(action)} in {here} {times} times, and {here} shows it as "
        f"{books.status} again.",
        f"Look at its audit log in {here}: stop whoever opens it again, or {_DOING[action]} it "
        "there by hand.",
        world,
        field="status",
    )


def _stands_against(
    view: RecordView, books: DocumentParty, action: Action, world: World
) -> Hold | None:
    doing = _DOING[action]
    closed = period_hold(view, [books.text("date")], doing, world)
    if closed is not None:
        return closed
    record = view.sides[books.system].record
    if not is_settled(record):
        return None
    here = world.policy.title(books.system)
    held = hold(
        view,
        HoldCode.SETTLED,
        f"{thing(view.kind, view.label)} was voided in the source, and in {here} payments or "
        f"credits are applied to it{applied(record)}: it is not {_done(action)} while they stand.",
        f"Take the payment off the {noun(view.kind)} in {here} (or delete the payment); the rest "
        "follows by itself.",
        world,
    )
    # Balances are derived figures: their movement alone is what this waits for.
    return msgspec.structs.replace(held, waits_for_keys=(moved(view, books),))


def reopened(view: RecordView, source: DocumentParty, world: World) -> Hold:
    """An authorised document went back to draft after it was posted."""
    here, there = world.policy.title(world.policy.books), world.policy.title(source.system)
    return hold(
        view,
        HoldCode.REOPENED,
        f"{thing(view.kind, view.label)} was taken back to draft in {there} after it had been "
        f"posted; {here} still shows it as it was.",
        f"Authorise it in {there} again (what changed will follow), or void it there.",
        world,
        field="status",
    )


def _unlinking(view: RecordView, world: World) -> str:
    return f"trueup link {view.record} {view.sides[world.policy.books].ref} --unlink"


def voided_in_books(view: RecordView, source: DocumentParty, world: World) -> Hold:
    """The books voided what the source still stands by: a void, neither a deletion nor an edit."""
    here, there = world.policy.title(world.policy.books), world.policy.title(source.system)
    return hold(
        view,
        HoldCode.VOIDED,
        f"{thing(view.kind, view.label)} was voided in {here} and still stands in {there}; nothing "
        "is changed in either.",
        f"Void it in {there} as well; or give what was voided another number in {here} and unlink "
        f"it ({_unlinking(view, world)}), then it is posted to {here} anew.",
        world,
        field="status",
    )


def moved_out(
    view: RecordView, source: DocumentParty, books: DocumentParty, world: World
) -> tuple[Hold, ...]:
    """A hold while the source dates what was agreed on before the first day: written there it would
    be of a time that nothing is written of any more, its end included."""
    day = source.text("date")
    if books.text("date") == day:
        return ()
    here, there = world.policy.title(books.system), world.policy.title(source.system)
    since = world.policy.document(view.kind).since
    held = hold(
        view,
        HoldCode.NOT_AUTOMATIC,
        f"{thing(view.kind, view.label)} was given the date {day} in {there} after both systems "
        f"had agreed on it, and {noun(view.kind)}s are kept in agreement from {since} on: {here} "
        "still shows it as it was.",
        f"Give it a date from {since} on in {there}, or an earlier day to kinds.{view.kind.value}"
        f".since; or change it in {here} by hand.",
        world,
        field="date",
    )
    return (held,)


def gone_from_source(
    view: RecordView, source: SystemName, books: DocumentParty, evidence: str, world: World
) -> Decision:
    """The source no longer has what the books show: neither voided nor taken back, but removed."""
    is_early = books.text("date") < world.policy.document(view.kind).since
    if is_early or books.status == "voided":
        return Decision()
    here, there = world.policy.title(books.system), world.policy.title(source)
    held = hold(
        view,
        HoldCode.REMOVED,
        f"{thing(view.kind, view.label)} was removed in {there} ({evidence}) and still stands in "
        f"{here}; nothing is passed on.",
        f"Delete or void it in {here} as well; or unlink it ({_unlinking(view, world)}), then it "
        f"stays in {here} as a document of its own.",
        world,
    )
    return Decision(holds=(msgspec.structs.replace(held, system=source),))


def gone_from_books(
    view: RecordView, source: DocumentParty, evidence: str, world: World
) -> Decision:
    """The books deleted it. What the source voided itself is simply done."""
    if source.status in ("voided", "draft"):
        return Decision()
    here, there = world.policy.title(world.policy.books), world.policy.title(source.system)
    what = thing(view.kind, view.label)
    again = entered_again(view, source, world)
    moved = [field for field in source.base if field in source.values and source.has_moved(field)]
    code = HoldCode.EDITED_AND_REMOVED if moved else HoldCode.REMOVED
    also = f" and has been edited in {there} since" if moved else f" and still stands in {there}"
    held = hold(
        view,
        code,
        f"{what} was deleted in {here} ({evidence}){also}; nothing is passed on.",
        f"{_instead(view, again, here)}Void it in {there} as well; or unlink it "
        f"({_unlinking(view, world)}), then it is posted to {here} anew as it is in {there} now.",
        world,
        waits_for=again.waits_for,
    )
    held = msgspec.structs.replace(held, candidates=again.candidates)
    return Decision(holds=(held.also_waiting_for(again.waits_for_keys),))


def _instead(view: RecordView, again: Again, here: str) -> str:
    if not again.candidates:
        return ""
    first = again.candidates[0]
    return f"Link what was entered in {here} in its place (trueup link {view.record} {first.ref}). "
