"""Steps 3 and 4: what a system shows becomes entries. Nothing is decided or written here.

Content that differs is ``Observed`` and makes its record dirty; a new version or a new derived
figure over the same content is ``VersionMoved`` and does not; anything else appends nothing.
The cursor moves in the same transaction as the page it follows.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from daemon.connectors.base import Connector
from daemon.cycle.company import Company
from daemon.cycle.garbage import few_collections
from daemon.cycle.naming import named
from daemon.cycle.report import Seen
from daemon.reconcile.policy import Policy
from ledger.model.capabilities import Capabilities
from ledger.model.encoding import comparable_bytes
from ledger.model.entries import (
    Observed,
    Quarantined,
    Swept,
    Tombstoned,
    VersionMoved,
)
from ledger.model.errors import Refused, Unsafe
from ledger.model.facts import Cursor, Observation, Page, Tombstone, Unreadable
from ledger.model.ids import DOCUMENT_KINDS, ExternalRef, Kind, SystemName
from ledger.store.ledger import Draft, Ledger
from ledger.store.payloads import pack, unpack
from ledger.store.views import Head

Groups: TypeAlias = dict[Kind, tuple[Kind, ...]]
"""Kinds that are asked for, each with all kinds that its reads bring along, itself included."""


async def observe(company: Company, system: SystemName, seen: Seen, *, cycle: str) -> None:
    """Bring the ledger up to what ``system`` shows now, every kind in service.

    Raises what the connector raises; pages already appended stay, the cursors with them.
    """
    connector = company.connectors[system]
    groups = reading_groups(connector.capabilities, company.policy)
    with few_collections():
        await _catch_up(company, connector, groups, seen, cycle=cycle)


async def resweep(company: Company, system: SystemName, seen: Seen, *, cycle: str) -> None:
    """Read every kind of one system whole: the daily proof, and the look after a restore.

    Kinds whose every record costs a call are read whole once; after that their changes are.
    """
    connector = company.connectors[system]
    costly: Groups = {}
    for kind, together in reading_groups(connector.capabilities, company.policy).items():
        if _is_costly(connector.capabilities, kind):
            costly[kind] = together
            continue
        async for page in connector.sweep(kind, None):
            if not page.sweep_done:
                # The incremental cursor stays until the new sweep is proved.
                page = msgspec.structs.replace(page, cursor=None)
            await _take(company, connector, page, seen, cycle=cycle)
    if costly:
        await _catch_up(company, connector, costly, seen, cycle=cycle)


def reading_groups(capabilities: Capabilities, policy: Policy) -> Groups:
    """What is read of a system.

    Out of service is not read, nor are documents whose flow is off - unless they come along with
    some that are read. When they are switched on, their first sweep follows.
    """
    serving = [kind for kind, rule in capabilities.kinds.items() if not rule.disabled]
    groups: dict[Kind, list[Kind]] = {}
    for kind in serving:
        leader = capabilities.kinds[kind].read_with or kind
        groups.setdefault(leader, []).append(kind)
    return {
        leader: tuple(kinds)
        for leader, kinds in groups.items()
        if leader in serving
        and any(k not in DOCUMENT_KINDS or policy.flow(k) != "off" for k in kinds)
    }


def _is_costly(capabilities: Capabilities, kind: Kind) -> bool:
    """Whether every record of the kind, or of the kind that it comes along with, costs a call."""
    rule = capabilities.kinds[kind]
    leader = capabilities.kinds.get(rule.read_with) if rule.read_with is not None else None
    return rule.costly or (leader is not None and leader.costly)


async def _catch_up(
    company: Company, connector: Connector, groups: Groups, seen: Seen, *, cycle: str
) -> None:
    """Read whole what never was; then what moved since the cursors, of all that once was."""
    cursors = await company.ledger.read(lambda views: views.cursors(connector.name))
    for kind, together in groups.items():
        if not _all_complete(together, cursors):
            async for page in connector.sweep(kind, cursors.get(kind)):
                await _take(company, connector, page, seen, cycle=cycle)
            cursors = await company.ledger.read(lambda views: views.cursors(connector.name))
    kinds = [k for group in groups.values() if _all_complete(group, cursors) for k in group]
    async for page in connector.changes({kind: cursors[kind] for kind in kinds}):
        await _take(company, connector, page, seen, cycle=cycle)


def _all_complete(kinds: Iterable[Kind], cursors: Mapping[Kind, Cursor]) -> bool:
    return all(kind in cursors and cursors[kind].complete for kind in kinds)


async def _take(
    company: Company, connector: Connector, page: Page, seen: Seen, *, cycle: str
) -> None:
    ledger = company.ledger
    refs = [o.ref for o in page.observations]
    refs += [t.ref for t in page.tombstones] + [u.ref for u in page.unreadable]
    heads = await ledger.read(lambda views: views.heads(refs)) if refs else {}
    draft = ledger.draft(actor="daemon", cycle=cycle)
    via = "sweep" if page.sweep else "changes"
    doubtful: list[Observation] = []
    for observation in await named(ledger, page.observations, heads):
        head = heads.get(observation.ref)
        note(ledger, draft, observation, head, via=via, seen=seen, doubtful=doubtful)
    await _look_closer(ledger, draft, doubtful, heads, seen)
    for tombstone in page.tombstones:
        bury(draft, tombstone, heads.get(tombstone.ref), seen)
    for unreadable in page.unreadable:
        _quarantine(ledger, draft, unreadable, heads.get(unreadable.ref), seen)
    if page.sweep:
        draft.seen(page.sweep, refs)
    if page.cursor is not None and not page.sweep_done:
        draft.cursor(page.cursor)
    await ledger.append(draft)
    seen.pages += 1
    if page.sweep_done:
        await _finish_sweep(company, connector, page, seen, cycle=cycle)


def note(
    ledger: Ledger,
    draft: Draft,
    observation: Observation,
    head: Head | None,
    *,
    via: str,
    seen: Seen,
    doubtful: list[Observation] | None = None,
) -> None:
    """Append what is new in one observation, if anything is.

    ``doubtful`` takes in what is the version we know in other bytes, for the caller to look at.
    """
    comparable = ledger.digest(comparable_bytes(observation.record))
    body = pack(observation)
    is_known = (
        head is not None
        and head.comparable == comparable
        and not head.tombstone
        and head.problem is None
        and head.out_of_scope == observation.out_of_scope
    )
    if not is_known:
        draft.add(
            Observed(
                ref=observation.ref,
                version=observation.version,
                comparable=comparable,
                payload=draft.body(body),
                via=via,
                out_of_scope=observation.out_of_scope,
            )
        )
        seen.observed += 1
        seen.changed.add(observation.ref.kind)
        return
    assert head is not None  # is_known says so
    has_version = bool(observation.version) and head.version == observation.version
    if head.payload == ledger.digest(body) and head.version == observation.version:
        return
    if has_version and doubtful is not None:
        doubtful.append(observation)
        return
    _move(draft, observation, seen)


def _move(draft: Draft, observation: Observation, seen: Seen) -> None:
    body = draft.body(pack(observation))
    draft.add(VersionMoved(ref=observation.ref, version=observation.version, payload=body))
    seen.moved += 1


async def _look_closer(
    ledger: Ledger,
    draft: Draft,
    doubtful: Iterable[Observation],
    heads: Mapping[ExternalRef, Head],
    seen: Seen,
) -> None:
    """Of records that show a known version in other bytes, append those with other figures.

    A system may show fewer properties, depending on how it is asked (QBO: a query leaves out some
    that the reply to a write shows). That is no news.
    """
    payloads = {o.ref: heads[o.ref].payload for o in doubtful}
    if not payloads:
        return
    bodies = await ledger.read(lambda views: {r: views.body(d) for r, d in payloads.items()})
    for observation in doubtful:
        body = bodies[observation.ref]
        known = unpack(body) if body is not None else None
        if (
            known is None
            or known.record != observation.record
            or not _is_part(observation.raw, known.raw)
        ):
            _move(draft, observation, seen)


def _is_part(raw: bytes, whole: bytes) -> bool:
    """Whether one wire object says nothing that the other does not say too."""
    try:
        said = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        known = msgspec.json.decode(whole, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return raw == whole
    return all(name in known and bytes(known[name]) == bytes(said[name]) for name in said)


def bury(draft: Draft, tombstone: Tombstone, head: Head | None, seen: Seen) -> None:
    """Append positive evidence of removal, once, for a record that was ever seen."""
    if head is not None and not head.tombstone:
        draft.add(Tombstoned(ref=tombstone.ref, evidence=tombstone.evidence))
        seen.tombstoned += 1
        seen.changed.add(tombstone.ref.kind)


def _quarantine(
    ledger: Ledger, draft: Draft, unreadable: Unreadable, head: Head | None, seen: Seen
) -> None:
    seen.unreadable += 1
    if head is not None and head.problem == unreadable.problem:
        return
    payload = draft.body(unreadable.raw) if unreadable.raw else None
    draft.add(Quarantined(ref=unreadable.ref, problem=unreadable.problem, payload=payload))


async def _finish_sweep(
    company: Company, connector: Connector, page: Page, seen: Seen, *, cycle: str
) -> None:
    """A proved sweep ends: what it did not show is read directly before it may count as gone."""
    ledger, system, kind = company.ledger, page.system, page.kind
    limit, live = await _absence_limit(company, system, kind)
    accepted = await _accepted_absence(company, system, kind)
    limit = max(limit, accepted or 0)
    missing: list[ExternalRef] = []
    if not _is_costly(connector.capabilities, kind):
        missing = await ledger.read(lambda views: views.unseen(page.sweep, system, kind, limit + 1))
    if len(missing) > limit:
        every = await ledger.read(lambda v: v.unseen(page.sweep, system, kind, live + 1))
        raise Unsafe(
            f"{system} no longer lists {len(every)} of {live} {kind.value} records; "
            "nothing is inferred from that and nothing is written",
            cure=f"check in {system} whether those records were removed on purpose. If they come "
            "back, trueup apply goes on by itself; if they are gone for good: trueup "
            f"accept-absence {system} {kind.value} --most N --reason TEXT",
        )
    found, gone = await _ask_for(connector, missing)
    heads = await ledger.read(lambda views: views.heads(missing)) if missing else {}
    draft = ledger.draft(actor="daemon", cycle=cycle)
    for observation in await named(ledger, found, heads):
        note(ledger, draft, observation, heads.get(observation.ref), via="read", seen=seen)
    for tombstone in gone:
        bury(draft, tombstone, heads.get(tombstone.ref), seen)
    previous = await ledger.read(lambda views: views.cursor(system, kind))
    if previous is None or not previous.complete or gone or accepted is not None:
        shown = live - len(missing)
        draft.add(Swept(system=system, kind=kind, sweep=page.sweep, seen=shown, absent=len(gone)))
    if page.cursor is not None:
        draft.cursor(page.cursor)
    await ledger.append(draft)
    seen.swept.append(kind)


async def _absence_limit(company: Company, system: SystemName, kind: Kind) -> tuple[int, int]:
    counts = await company.ledger.read(lambda views: views.counts())
    live = sum(c.live + c.inactive for c in counts if c.system == system and c.kind == kind)
    limit = max(company.pace.absent_limit, int(live * company.pace.absent_fraction))
    # All of a small catalogue vanishing at once is an accident, not a tidy-up.
    return (limit if live > limit or live == 0 else max(live - 1, 0)), live


async def _accepted_absence(company: Company, system: SystemName, kind: Kind) -> int | None:
    """How many records a person said may be missing from this sweep."""
    absences = await company.ledger.read(lambda views: views.absences())
    return next((a.most for a in absences if (a.system, a.kind) == (system, kind)), None)


async def _ask_for(
    connector: Connector, refs: Iterable[ExternalRef]
) -> tuple[list[Observation], list[Tombstone]]:
    found: list[Observation] = []
    gone: list[Tombstone] = []
    for ref in refs:
        try:
            answer = await connector.read(ref)
        except Refused:
            continue  # it is there but cannot be understood: neither seen nor gone
        if isinstance(answer, Tombstone):
            gone.append(answer)
        else:
            found.append(answer)
    return found, gone
