"""The error desk: what does not flow, record by record, and grouped by what is the matter.

A pattern is a code and what the sentences of several holds have in common once names and numbers
are taken out of them, so that one cause with a thousand victims is one line. Reads only.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from daemon.control.listing import PENDING
from daemon.control.protocol import Code, Declined
from daemon.control.protocol_valves import (
    DeskAnswer,
    PatternShown,
    QuestionShown,
    SkipShown,
    TroubleShown,
)
from ledger.model.aside import is_operation
from ledger.model.facts import Hold, HoldCode
from ledger.model.ids import RecordId, derive
from ledger.store.rows import HeldRow
from ledger.store.views import Views
from ledger.store.views_valves import SkipRow

PAGE = 2_000
SAMPLE = 5

_QUOTED = re.compile(r'"[^"]*"|“[^”]*”|\'[^\']*\'')
_NUMBER = re.compile(r"\d[\d.,:-]*")
_CODE = re.compile(r"\(code ([^)]*)\)")
ANSWERABLE = (HoldCode.CONFLICT, HoldCode.FOREIGN_EDIT, HoldCode.DISCREPANT)
"""Holds about which value is right."""
_PERSON = frozenset(
    {
        HoldCode.CONFLICT,
        HoldCode.AMBIGUOUS_MATCH,
        HoldCode.PROPOSED_MATCH,
        HoldCode.FOREIGN_EDIT,
        HoldCode.DISCREPANT,
        HoldCode.OSCILLATION,
        HoldCode.LOST_UPDATE,
    }
)


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One hold with its pattern."""

    row: HeldRow
    pattern: str
    said: str
    """The sentence without names and numbers."""
    skipped: bool
    until: str = ""
    """Where it is set aside: the instant at which that ends; ``""``: not by itself."""

    def is_of(self, pattern: str) -> bool:
        """``pattern``: one pattern, or a code, which means all patterns of it."""
        return pattern in (self.pattern, self.row.hold.code.value)


def said(hold: Hold) -> str:
    """The hold's sentence without what differs from record to record."""
    refusal = _CODE.search(hold.text)
    kept = _CODE.sub("", hold.text)
    plain = _NUMBER.sub("#", _QUOTED.sub("...", kept)).strip()
    return f"{plain} (code {refusal[1]})" if refusal else plain


def pattern_of(hold: Hold) -> str:
    """``rejected:k3v7ab``"""
    return f"{hold.code.value}:{derive(said(hold), hold.system, length=6)}"


def troubles(views: Views, code: HoldCode | None = None) -> Iterator[Trouble]:
    """Every hold, or every hold of one code, oldest first."""
    skips = {(s.record, s.subject, s.digest): s.until for s in views.standing_skips()}
    offset = 0
    while page := views.holds(code=code, limit=PAGE, offset=offset):
        offset += len(page)
        for row in page:
            until = skips.get((row.record, row.subject, row.payload))
            yield Trouble(
                row=row,
                pattern=pattern_of(row.hold),
                said=said(row.hold),
                skipped=until is not None,
                until=until or "",
            )


def of_pattern(views: Views, pattern: str) -> list[Trouble]:
    """What is held for a pattern or a code; ``Declined`` when nothing is."""
    found = list(_matching(views, pattern))
    if not found:
        raise Declined(
            Code.STALE, f"nothing is held for {pattern}", cure="trueup desk shows the patterns"
        )
    return found


def _matching(views: Views, pattern: str) -> Iterator[Trouble]:
    code = pattern.partition(":")[0]
    if code in set(HoldCode):
        yield from (t for t in troubles(views, HoldCode(code)) if t.is_of(pattern))


def the_desk(views: Views, *, now: datetime, pattern: str, limit: int, offset: int) -> DeskAnswer:
    """Patterns, the most common first, and a page of what is held; with ``pattern`` of that."""
    every = list(_matching(views, pattern) if pattern else troubles(views))
    page = every[offset : offset + limit]
    return DeskAnswer(
        as_of=now,
        patterns=tuple(_patterns(every)),
        rows=tuple(_shown(views, trouble, now) for trouble in page),
        records=len({trouble.row.record for trouble in every}),
        skipped=len({trouble.row.record for trouble in every if trouble.skipped}),
        limit=limit,
        offset=offset,
        more=len(every) > offset + limit,
    )


def _patterns(every: Iterable[Trouble]) -> list[PatternShown]:
    groups: dict[str, list[Trouble]] = {}
    for trouble in every:
        groups.setdefault(trouble.pattern, []).append(trouble)
    shown = []
    for pattern, group in groups.items():
        first = group[0]
        labels = {trouble.row.record: trouble.row.label for trouble in group}
        shown.append(
            PatternShown(
                pattern=pattern,
                code=first.row.hold.code.value,
                text=first.said,
                cure=first.row.hold.cure,
                records=len(labels),
                skipped=len({trouble.row.record for trouble in group if trouble.skipped}),
                oldest=min(trouble.row.since for trouble in group),
                sample=tuple(sorted(labels.values())[:SAMPLE]),
                fields=_answerable(first.row.hold),
            )
        )
    return sorted(shown, key=lambda one: (-one.records, one.pattern))


def _answerable(hold: Hold) -> tuple[str, ...]:
    """The fields of which a side may be chosen. Sentences name them: a pattern shares them."""
    return tuple(hold.field.split(", ")) if hold.code in ANSWERABLE and hold.field else ()


def _shown(views: Views, trouble: Trouble, now: datetime) -> TroubleShown:
    row, hold = trouble.row, trouble.row.hold
    age = now - datetime.fromisoformat(row.since)
    return TroubleShown(
        record=row.record,
        kind=row.kind.value,
        label=row.label,
        code=hold.code.value,
        pattern=trouble.pattern,
        text=hold.text,
        cure=hold.cure,
        field=hold.field,
        system=hold.system,
        since=row.since,
        age_s=max(0, int(age.total_seconds())),
        next_try=next_try(views, hold),
        skipped=trouble.skipped,
        until=trouble.until,
    )


def next_try(views: Views, hold: Hold) -> str:
    """What makes a held record be tried again; nothing is tried by the clock alone."""
    if hold.code is HoldCode.OPEN_INTENT:
        return "every cycle asks again, until the end of the request is known"
    if hold.code is HoldCode.CATALOGUE_INCOMPLETE:
        return "when both systems were read to the end"
    if hold.code is HoldCode.REJECTED:
        return "when the record changes in either system, or after trueup retry"
    if hold.code in _PERSON:
        return "when a person decides, or the record changes in either system"
    awaited = [view.label for view in views.views(hold.waits_for[:SAMPLE])]
    awaited += [f"{kind} {value}" for _, kind, _, value in hold.waits_for_keys[:SAMPLE]]
    if awaited:
        return f"when it changes, or one of: {', '.join(dict.fromkeys(awaited))}"
    return "when the record changes in either system"


def skipped_holds(views: Views) -> int:
    """How many reasons to hold are set aside."""
    return sum(1 for row in views.standing_skips() if not is_operation(row.subject))


def skipped_codes(views: Views) -> dict[str, int]:
    """The same by the code of what holds."""
    skips = [row for row in views.standing_skips() if not is_operation(row.subject)]
    holds = views.holds_of({row.record for row in skips})
    codes = {(r.record, r.subject): r.hold.code.value for rs in holds.values() for r in rs}
    found = (codes.get((row.record, row.subject)) for row in skips)
    return dict(Counter(code for code in found if code is not None))


def shown_skips(views: Views, skips: Iterable[SkipRow]) -> tuple[SkipShown, ...]:
    """What is set aside, in words."""
    rows = list(skips)
    records = {row.record for row in rows}
    labels = {view.record: view for view in views.views(records)}
    holds = {(r.record, r.subject): r for rs in views.holds_of(records).values() for r in rs}
    work = {
        row.operation.digest: row.operation
        for found in views.operations_of(records, PENDING).values()
        for row in found
    }
    shown = []
    for row in rows:
        view, held = labels.get(row.record), holds.get((row.record, row.subject))
        operation = work.get(row.digest)
        if is_operation(row.subject) and operation is not None:
            what = f"{operation.action.value} in {operation.system}"
        else:
            what = held.hold.text if held is not None else row.subject
        shown.append(
            SkipShown(
                record=row.record,
                kind=view.kind.value if view else "",
                label=view.label if view else row.record,
                subject=row.subject,
                what=what,
                reason=row.reason,
                by=row.by,
                since=row.since,
                seq=row.seq,
                until=row.until,
            )
        )
    return tuple(shown)


def questions(views: Views) -> tuple[QuestionShown, ...]:
    """Groups of records that wait for one and the same answer, the largest first."""
    groups: dict[str, list[HeldRow]] = {}
    for trouble in troubles(views):
        hold = trouble.row.hold
        if hold.group:
            groups.setdefault(hold.group, []).append(trouble.row)
    shown = []
    for group, rows in groups.items():
        target = RecordId(group.partition(":")[2])
        view = views.view(target)
        first = rows[0].hold
        shown.append(
            QuestionShown(
                group=group,
                target=target,
                target_label=view.label if view else target,
                text=first.text,
                cure=first.cure,
                records=len({row.record for row in rows}),
                sample=tuple(sorted({row.label for row in rows})[:SAMPLE]),
            )
        )
    return tuple(sorted(shown, key=lambda one: (-one.records, one.group)))
