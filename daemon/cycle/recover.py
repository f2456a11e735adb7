"""Every open intent is settled by looking, before anything is sent again.

A request whose end is not known may have acted. So the system is asked first: found is adopted,
changed as intended is confirmed, proven absent may go again. Absent is only believed once the
vendor has surely given up on the request; until then the record waits, and the rest goes on.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from daemon.connectors.base import Connector
from daemon.cycle.company import Company
from daemon.cycle.execute import attempt, settle
from daemon.cycle.parting import is_parted
from daemon.cycle.perhaps import perhaps_deleted, perhaps_made, perhaps_renamed
from daemon.cycle.prepare import recovery_value
from daemon.cycle.report import CycleReport
from daemon.cycle.stops import stops
from daemon.reconcile.lines import comparable, same_lines, subtotal
from daemon.reconcile.mapping import without_deleted_suffix
from daemon.reconcile.match import NOT_THE_SAME
from ledger.model.capabilities import KindRule
from ledger.model.encoding import decode
from ledger.model.errors import Refused
from ledger.model.facts import REPLACED_BY, Observation, Tombstone
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind, RecordId, SystemName
from ledger.model.keys import fold
from ledger.model.outcomes import (
    Confirmed,
    Intent,
    IntentItem,
    Outcome,
    RefusalKind,
    Rejected,
    Write,
    WriteRequest,
)
from ledger.model.plans import REMOVALS, Action
from ledger.model.records import Document, Record, comparable_values
from ledger.model.values import Lines, Reference, Value
from ledger.store.views import Views

_ENDS = {Action.VOID: "voided", Action.CLOSE: "closed"}
"""The status that a document shows once it was ended so; a deleted one is gone."""

_WITHDRAWN = frozenset({"voided", "draft"})
"""The status of a document that is not, or no longer, to be posted."""
_KNOWN_BY: tuple[str, ...] = ("vendor", "customer", "date")
"""Fields by which a document is known beside its number and its sum."""
MOST_STRANGERS = 3
"""Candidates that are named when a lost create may have been renamed."""


async def recover(company: Company, connector: Connector, report: CycleReport) -> None:
    """Settle what can be settled of one system's open intents."""
    intents = await company.ledger.read(lambda views: views.open_intents(connector.name))
    for done, intent in enumerate(intents):
        report.doing("settling", done=done, of=len(intents))
        await _settle_intent(company, connector, intent, report)
    if intents:
        report.doing("reading")


async def _settle_intent(
    company: Company, connector: Connector, intent: Intent, report: CycleReport
) -> None:
    request: WriteRequest = decode(intent.request, WriteRequest)
    writes = {write.b_id: write for write in request.writes}
    outcomes: list[Outcome] = []
    absent: list[IntentItem] = []
    unclear = 0
    for item in intent.items:
        try:
            outcome = await _probe(company, connector, item, writes[item.b_id])
        except Refused:
            unclear += 1  # it cannot be read or looked up now: neither there nor absent
            continue
        if outcome is None:
            absent.append(item)
        else:
            outcomes.append(outcome)
    if outcomes:
        await settle(company, intent, one_each(outcomes, writes), report, how="probe")
    report.open_intents += bool(unclear)
    report.settled_intents += not absent and not unclear
    if not absent or unclear:
        return
    if _age(company, intent.at) < company.pace.settle_after_s:
        report.open_intents += 1
        return
    is_young = _age(company, intent.first_at) < company.pace.replay_ttl_s
    is_whole = len(absent) == len(request.writes)
    replays = connector.capabilities.replays_requests
    wanted = all(company.policy.flow(item.kind) != "off" for item in absent)
    may_go = replays and is_whole and is_young and wanted and await _may_write(company)
    may_go = may_go and not await is_parted(company, intent.system, absent)
    may_go = may_go and not await _is_withdrawn(company, absent)
    if may_go and not await _is_overtaken(company, absent, writes, intent.first_at):
        now = await stops(company, (item.digest for item in intent.items))
        if any(now.holds_back(intent.system, item.kind, item.digest) for item in intent.items):
            report.open_intents += 1  # it keeps its id, and goes when it may
            return
        # The very same request: should the probe have been wrong, the first answer is replayed.
        await attempt(company, connector, intent, request, report, again=True)
        return
    # A batch of which nothing is there never acted: somebody would have renamed all that it made.
    asks = len(request.writes) == 1 or not is_whole or not replays
    lost = [writes[item.b_id] for item in absent]
    acted = not is_whole and await _acted(company, request)
    said = {"asks": asks, "acted": acted}
    gone = [await _absent(company, connector, intent, write, **said) for write in lost]
    await settle(company, intent, gone, report, how="probe")
    report.settled_intents += 1


async def _is_overtaken(
    company: Company, absent: Sequence[IntentItem], writes: Mapping[str, Write], since: str
) -> bool:
    """Whether something turned up, or took such a key, since the request first left, that may be
    what one of its creates would make: that is planned anew, and the match ladder has a look at it.
    """
    creates = [item for item in absent if item.action is Action.CREATE]
    mine = {item.record for item in creates}

    def ask(views: Views) -> bool:
        turned_up: list[int] = []
        for item in creates:
            row = views.operation(item.operation)
            keys = row.operation.watches if row is not None else ()
            found = [ref for s, k, *key in keys for ref in views.find(SystemName(s), Kind(k), *key)]
            heads = [h for h in views.heads(found).values() if h.record not in mine]
            if item.kind in DOCUMENT_KINDS:
                alike = _alone_and_alike(views, [h.record for h in heads], writes[item.b_id])
                heads = [h for h in heads if h.record in alike]
            turned_up += [head.seq for head in heads if not head.out_of_scope]
        return any(at > since for at in views.instants(turned_up).values())

    return bool(creates) and await company.ledger.read(ask)


async def _is_withdrawn(company: Company, absent: Sequence[IntentItem]) -> bool:
    """Whether the owner of a document that was to be created no longer stands by it: it was voided,
    taken back or removed since the request left."""

    def ask(views: Views) -> bool:
        lost = [i.record for i in absent if i.action is Action.CREATE and i.kind in DOCUMENT_KINDS]
        sides = (side for view in views.views(lost) for side in view.sides.values())
        return any(s.tombstone or getattr(s.record, "status", "") in _WITHDRAWN for s in sides)

    return await company.ledger.read(ask)


def _alone_and_alike(views: Views, records: Sequence[RecordId], write: Write) -> set[RecordId]:
    """Documents without a counterpart, of the party and the day of a lost one. They have its number
    or its sum too, by which they were found: a person may have entered it under another number."""
    known = {f: v for f, v in write.fields.items() if f in _KNOWN_BY}
    return {
        view.record
        for view in views.views(records)
        for side in view.sides.values()
        if len(view.sides) == 1 and side.record is not None and _shows_all(side.record, known)
    }


async def _absent(
    company: Company,
    connector: Connector,
    intent: Intent,
    write: Write,
    *,
    asks: bool,
    acted: bool,
) -> Outcome:
    """No trace under its key: it never acted - unless a person renamed what it made meanwhile, or
    deleted it, as can be done to documents: the rest of its batch, which ``acted``, is there.

    A new record without a counterpart may be it. What is sent from here on has another id, which
    no system would recognise: a person looks before there can be two. A create without a key was
    never looked for: it is not sent anew at all.
    """
    strangers: list[ExternalRef] = []
    if write.action is Action.CREATE:
        rule = connector.capabilities.kinds[write.kind]
        if not recovery_value(write, rule):
            return perhaps_made(write, rule)
        if asks:
            of = (connector.name, write.kind, intent.first_at, MOST_STRANGERS)
            strangers = await company.ledger.read(lambda views: views.strangers(*of))
    if strangers:
        return perhaps_renamed(write, strangers)
    if acted and write.action is Action.CREATE and write.kind in DOCUMENT_KINDS:
        return perhaps_deleted(write)
    return Rejected(
        b_id=write.b_id,
        refusal=RefusalKind.NOT_SENT,
        code="proved_absent",
        message="the request was lost before it acted: a look-up found no trace of it",
    )


async def _acted(company: Company, request: WriteRequest) -> bool:
    """Whether something that left with this request is known to have been done."""

    def ask(views: Views) -> bool:
        rows = (views.operation(write.operation) for write in request.writes)
        return any(row is not None and row.state == "confirmed" for row in rows)

    return await company.ledger.read(ask)


async def _may_write(company: Company) -> bool:
    """Whether writes leave at all; what was lost is else planned anew, and waits at the gate."""
    return await company.ledger.read(lambda views: views.first_plan_approved())


def _age(company: Company, instant: str) -> float:
    """Seconds since an instant that the ledger noted."""
    return (company.clock.now() - datetime.fromisoformat(instant)).total_seconds()


async def _probe(
    company: Company, connector: Connector, item: IntentItem, write: Write
) -> Outcome | None:
    """What became of one write; None when the system shows no trace of it."""
    rule = connector.capabilities.kinds[write.kind]
    if write.action is Action.CREATE:
        return await _probe_create(company, connector, item, write)
    assert write.ref is not None  # only creates have no reference
    answer = await connector.read(write.ref)
    if isinstance(answer, Tombstone):
        if write.action is Action.DELETE:
            return Confirmed(b_id=write.b_id, shown=answer)
        return Rejected(
            b_id=write.b_id,
            refusal=RefusalKind.STALE,
            code="removed",
            message=f"the record is gone: {answer.evidence}",
        )
    if write.action in REMOVALS:
        is_done = getattr(answer.record, "status", None) == _ENDS.get(write.action)
        return Confirmed(b_id=write.b_id, shown=answer) if is_done else None
    if shows(answer.record, write.fields, rule):
        return Confirmed(b_id=write.b_id, shown=answer)
    if shows(answer.record, write.before, rule):
        return None
    return Rejected(
        b_id=write.b_id,
        refusal=RefusalKind.STALE,
        code="moved_meanwhile",
        message="the record was changed by someone else while the request was under way",
        shown=answer,
    )


async def _probe_create(
    company: Company, connector: Connector, item: IntentItem, write: Write
) -> Outcome | None:
    rule = connector.capabilities.kinds[write.kind]
    key, value = rule.recovery_key, recovery_value(write, rule)
    if not value:
        return None
    also = {field: write.fields.get(field) for field in rule.recovery_also}
    found = [
        o
        for o in await connector.find(write.kind, key, value)
        if _is(o.record, key, value) and _shows_all(o.record, also)
    ]
    found = await _not_told_apart(company, found, item.record)
    if not found:
        return None
    ours = [o for o in found if _is_as_sent(o.record, write)]
    if found and not ours:
        # Somebody else's document of that number. Ours never acted, or was edited since: it is
        # planned anew, and what stands there is then shown to a person.
        return Rejected(
            b_id=write.b_id,
            refusal=RefusalKind.NOT_SENT,
            code="another_one",
            message=f"a {write.kind.value} with {key} {value!r} is there, and it is not the one "
            "that was sent",
            field=key,
            shown=found[0],
        )
    if len(ours) == 1 and await _is_free(company, ours[0].ref, item.record):
        return Confirmed(b_id=write.b_id, shown=ours[0])
    return Rejected(
        b_id=write.b_id,
        refusal=RefusalKind.DUPLICATE,
        code="found_elsewhere",
        message=f"{len(found)} records with {key} {value!r} exist and belong to something else",
        field=key,
        cure=f"link one of them with trueup link, or change the {key}",
        shown=found[0],
    )


def one_each(outcomes: Sequence[Outcome], writes: Mapping[str, Write]) -> list[Outcome]:
    """Two creates of one request under one name: at most one of them acted, so what both of them
    found belongs to the one of which it shows more; the other was refused for its name."""
    claims: dict[ExternalRef, list[Confirmed]] = {}
    for outcome in outcomes:
        if isinstance(outcome, Confirmed) and writes[outcome.b_id].action is Action.CREATE:
            claims.setdefault(outcome.shown.ref, []).append(outcome)
    lost: dict[str, Outcome] = {}
    for ref, rivals in claims.items():
        owner = max(rivals, key=lambda one: _alike(one, writes[one.b_id]))  # the first of equals
        for one in rivals:
            if one is not owner:
                lost[one.b_id] = Rejected(
                    b_id=one.b_id,
                    refusal=RefusalKind.DUPLICATE,
                    code="found_elsewhere",
                    message=f"{ref} has its name, and was made by another create of this request",
                    cure="give one of the two another name",
                )
    return [lost.get(outcome.b_id, outcome) for outcome in outcomes]


def _alike(outcome: Confirmed, write: Write) -> int:
    """How many of the fields sent are shown."""
    if isinstance(outcome.shown, Tombstone):
        return 0
    shown = comparable_values(outcome.shown.record)
    return sum(shown.get(field) == value for field, value in write.fields.items())


async def _not_told_apart(
    company: Company, found: list[Observation], record: RecordId
) -> list[Observation]:
    """Without those that are known to be something else: an item that this one replaces has its
    name too, marked as inactive."""
    view = await company.ledger.read(lambda views: views.view(record))
    apart = {resolution.field for resolution in view.resolutions} if view is not None else set()
    return [one for one in found if f"{NOT_THE_SAME}{one.ref}" not in apart]


def _is_as_sent(record: Record, write: Write) -> bool:
    """Whether a document found by its number is the one that was sent: of the same party and day,
    over the same sum. Of other records the key says enough."""
    if not isinstance(record, Document):
        return True
    known = {f: v for f, v in write.fields.items() if f in _KNOWN_BY}
    shown, sent = comparable_values(record).get("lines"), write.fields.get("lines")
    if not isinstance(shown, Lines) or not isinstance(sent, Lines):
        return False
    return subtotal(shown) == subtotal(sent) and shows(record, known)


async def _is_free(company: Company, ref: ExternalRef, record: RecordId) -> bool:
    """Whether a found record may be adopted: it is ours already, or it stands alone."""
    owner = await company.ledger.read(lambda views: views.record_of(ref))
    if owner is None or owner == record:
        return True
    view = await company.ledger.read(lambda views: views.view(owner))
    if view is None or len(view.sides) != 1:
        return False
    # Documents with an item that a re-export replaced mean another product: nobody takes it.
    replaced = (r for r in view.resolutions if r.field.startswith(REPLACED_BY))
    return not any(resolution.value_digest for resolution in replaced)


def _is(record: Record, key: str, value: str) -> bool:
    shown = getattr(record, key, None)
    if key == "name" and isinstance(shown, str) and getattr(record, "active", None) is False:
        shown = without_deleted_suffix(shown)  # made, and made inactive since
    return isinstance(shown, str) and fold(shown.strip()) == fold(value.strip())


def shows(record: Record, fields: Mapping[str, Value], rule: KindRule | None = None) -> bool:
    """Whether a record shows all of these fields as they were to be written.

    A document is judged by those of them that its system shows: it may take a field that it does
    not show again, but one that shows none of them tells nothing.
    """
    if not isinstance(record, Document):
        return _shows_all(record, fields, rule)
    seen = comparable_values(record).keys() & fields.keys()
    return bool(seen) and _shows_all(record, {field: fields[field] for field in seen}, rule)


def _shows_all(record: Record, fields: Mapping[str, Value], rule: KindRule | None = None) -> bool:
    shown = comparable_values(record)
    return all(_same(shown.get(field), value, rule) for field, value in fields.items())


def _same(shown: Value, wanted: Value, rule: KindRule | None) -> bool:
    if isinstance(wanted, Reference) and isinstance(shown, Reference):
        return shown.id == wanted.id if shown.id else shown.key == wanted.key
    if isinstance(wanted, Lines) and isinstance(shown, Lines):
        if rule is None or rule.lines is None:
            return same_lines(shown, wanted)
        return same_lines(comparable(shown, rule.lines), comparable(wanted, rule.lines))
    return (shown or None) == (wanted or None) if isinstance(wanted, str) else shown == wanted
