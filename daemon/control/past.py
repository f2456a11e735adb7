"""How things stood at a moment, exactly: the same answers as today's, over the ledger as it was.

Works with a daemon and without one. Rules are those in force today, for the ledger keeps only their
digests: what a system *will* show is told by them, everything else by entries. Reads only.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from daemon.control.drifting import the_drift
from daemon.control.moments import moment
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_past import PastAnswer, PastRequest, StandingShown
from daemon.control.recording import record_of
from daemon.control.shapes import shown_count, shown_pause
from daemon.control.trouble import skipped_holds
from daemon.reconcile.policy import Policy
from ledger.model.ids import SystemName
from ledger.store.ledger import Ledger
from ledger.store.shadow import Progress
from ledger.store.views import Views

if TYPE_CHECKING:
    from daemon.control.desk import Desk

UNFINISHED = ("planned", "waiting", "approved", "intended")
LONGEST_LINE = 3
"""Questions that wait for the one that is answered: somebody types a filter, or two people ask."""
_TICK = timedelta(microseconds=1)


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """An entry, and the moment that was meant."""

    seq: int
    at: datetime
    asked: datetime


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to tell of records."""

    policy: Policy
    systems: Sequence[SystemName]
    timezone: str


async def past(desk: "Desk", request: PastRequest) -> PastAnswer:
    """One at a time, for each folds the ledger anew; a few wait in line."""
    if desk.waiting_to_look_back >= LONGEST_LINE:
        raise Declined(
            Code.BUSY,
            f"{desk.waiting_to_look_back} others wait to look back already",
            cure="try again when they are done",
        )
    company = desk.scheduler.company
    rules = Rules(policy=company.rules(), systems=desk.systems, timezone=desk.facts.timezone)
    desk.waiting_to_look_back += 1
    try:
        await desk.looks_back.acquire()
    finally:
        desk.waiting_to_look_back -= 1
    try:
        return await looked_back(desk.ledger, rules, request, now=desk.now())
    finally:
        desk.looks_back.release()


async def looked_back(
    ledger: Ledger,
    rules: Rules,
    request: PastRequest,
    *,
    now: datetime,
    progress: Progress | None = None,
) -> PastAnswer:
    """``Declined`` for a moment that is none, has not come, or was before the first entry."""
    zone = ZoneInfo(rules.timezone)
    meant = await ledger.ask(lambda views: _moment(views, request.at, zone, now))

    def ask(views: Views) -> PastAnswer:
        query = request.drift
        return PastAnswer(
            as_of=now,
            seq=meant.seq,
            at=meant.at.astimezone(zone).isoformat(),
            asked=meant.asked.astimezone(zone).isoformat(),
            timezone=rules.timezone,
            standing=_standing(views),
            drift=None
            if query is None
            else the_drift(
                views,
                query,
                as_of=meant.asked,
                systems=rules.systems,
                home_currency=rules.policy.home_currency,
                complete=True,
            ),
            record=record_of(views, request.record, policy=rules.policy, as_of=meant.asked)
            if request.record
            else None,
        )

    return await ledger.at(meant.seq, ask, progress=progress)


def _moment(views: Views, text: str, zone: ZoneInfo, now: datetime) -> Moment:
    """The last entry that was there then."""
    head, _ = views.head()
    said = text.strip()
    if said.isascii() and said.isdigit() and len(said) <= len(str(10**12)):
        seq, asked = int(said), None
        if not 1 <= seq <= head:
            raise Declined(
                Code.BAD_REQUEST,
                f"at: there is no entry {seq}: the newest is {head}",
                cure="trueup ledger list shows entries with their numbers",
            )
    else:
        asked = moment(said, zone, what="--at")
        if asked > now:
            raise Declined(
                Code.BAD_REQUEST,
                f"at: {said} has not come yet: it is {now.astimezone(zone).isoformat()}",
                cure="give a moment that is over, or leave --at out",
            )
        seq = views.first_entry_since(asked + _TICK) - 1
    first = _instant(views, 1)
    if seq < 1 or first is None:
        begins = "it has no entry yet" if first is None else f"it begins {first.isoformat()}"
        raise Declined(
            Code.NOT_FOUND,
            f"at: the ledger knows nothing of {said}: {begins}",
            cure="give a later moment",
        )
    at = _instant(views, seq) or first
    return Moment(seq=seq, at=at, asked=asked or at)


def _instant(views: Views, seq: int) -> datetime | None:
    text = views.instants([seq]).get(seq)
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _standing(views: Views) -> StandingShown:
    by_state, drift = views.operations_count(), views.drift_counts()
    return StandingShown(
        counts=tuple(map(shown_count, views.counts())),
        operations={state: by_state[state] for state in UNFINISHED if by_state.get(state)},
        waiting=views.waiting_by_reason(),
        holds={code.value: n for code, n in views.holds_count().items()},
        skipped_holds=skipped_holds(views),
        drift=drift.records,
        drift_by_class={one.value: n for one, n in drift.by_class.items()},
        open_intents=len(views.open_intents()),
        first_plan_approved=views.first_plan_approved(),
        pauses=tuple(map(shown_pause, views.pauses())),
    )
