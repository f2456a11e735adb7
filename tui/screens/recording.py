"""One record as text: what differs, what will be sent, what holds it, who points to it, its life.

Pure. Foreign text is made safe here, for it goes into a ``Sheet`` as it is.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from daemon.control.protocol import (
    CandidateShown,
    HistoryRowShown,
    HoldShown,
    OperationShown,
)
from daemon.control.protocol_drift import (
    FieldShown,
    RecordAnswer,
    RequestAnswer,
    SideShown,
    UseShown,
)
from daemon.control.slugs import hold_words, noun, nouns, wait_words
from daemon.control.text import clean, clip, plural
from tui.screens.approval import SHORT, act_text
from tui.screens.asides import end_text
from tui.widgets.diff import (
    SheetLine,
    chunks,
    diff_lines,
    differing,
    rule,
    shown_text,
    stop_of,
    systems_of,
    whole_field,
    wrap,
)

MOST_CHANGES = 12
"""Changes of one operation that are named; enter shows all."""
CURE_LINES = 4

When = Callable[[str], str]


class Candidate(msgspec.Struct, frozen=True):
    """One answer to a hold that asks what belongs together."""

    hold: HoldShown
    candidate: CandidateShown


Spot = FieldShown | OperationShown | HoldShown | Candidate | HistoryRowShown
"""What the cursor may stand on and enter opens."""


def spots(shown: RecordAnswer) -> dict[str, Spot]:
    """By the keys of the lines."""
    found: dict[str, Spot] = {stop_of(field): field for field in shown.fields}
    found |= {_operation_stop(one): one for one in shown.operations}
    found |= {_history_stop(row): row for row in shown.history}
    for hold in shown.holds:
        found[_hold_stop(hold)] = hold
        for candidate in hold.candidates:
            found[_candidate_stop(candidate)] = Candidate(hold, candidate)
    return found


def _operation_stop(operation: OperationShown) -> str:
    return f"operation:{operation.digest}"


def _hold_stop(hold: HoldShown) -> str:
    return f"hold:{hold.code}:{hold.system}:{hold.field}:{hold.seq}"


def _history_stop(row: HistoryRowShown) -> str:
    return f"history:{row.seq}"


def _candidate_stop(candidate: CandidateShown) -> str:
    return f"candidate:{candidate.ref}"


def title_text(shown: RecordAnswer) -> str:
    return f"{noun(shown.kind)} {shown.title or shown.label}"


def side_lines(shown: RecordAnswer, when: When, *, wide: bool) -> list[str]:
    """Per system how it stands and where it is, then when they last agreed."""
    told = [_side(side, when, wide) for side in shown.sides]
    if not shown.agreed_at:
        return [*told, " agreed   never"]
    entry = f", ledger entry {shown.agreed_seq:,}" if wide else ""
    return [*told, f" agreed   {when(shown.agreed_at)}{entry}"]


def _side(side: SideShown, when: When, wide: bool) -> str:
    why = f" ({side.text})" if side.text else ""
    since = f" since {when(side.seen_at)}" if side.seen_at else ""
    version = f"   version {side.version}" if wide and side.version else ""
    ref = side.ref if wide else side.ref.rpartition("/")[2]
    return f" {side.system:<8} {noun(side.state)}{why}{since}   {ref}{version}"


def standing(shown: RecordAnswer) -> str:
    """How it stands, in a line: what holds it first, then what waits, then what goes."""
    open_holds = [hold for hold in shown.holds if not hold.skipped]
    if open_holds:
        more = f" and {len(open_holds) - 1} more" if len(open_holds) > 1 else ""
        return f"HELD, {hold_words(open_holds[0].code)}{more}: {open_holds[0].text}"
    if shown.operations:
        return "; ".join(f"{act_text(one)}: {_needs(one)}" for one in shown.operations)
    if shown.holds:
        return f"SET ASIDE: {shown.holds[0].skipped}"
    if not shown.agreed_at:
        return "nothing is planned and nothing holds it"
    return "in agreement"


def sheet_lines(
    shown: RecordAnswer, width: int, when: When, *, everything: bool
) -> Iterator[SheetLine]:
    """The whole record in the order in which a person asks."""
    changed = differing(shown.fields)
    same = len(shown.fields) - changed
    hint = "" if not same else f", {same:,} the same " + ("shown" if everything else "hidden")
    key = "(= hides them)" if everything else "(= shows them)"
    for part in wrap(standing(shown), width, 2):
        yield SheetLine(part, "bold")
    told = f"{plural(changed, 'field')} differ{'s' if changed == 1 else ''}{hint}"
    yield SheetLine(f"{told} {key}" if same else told)
    systems = systems_of(shown.fields, [side.system for side in shown.sides])
    yield from diff_lines(shown.fields, systems, width, everything=everything)
    yield from _headed("What will be sent", width)
    if not shown.operations:
        yield SheetLine("Nothing is planned to be sent.", "dim")
    for operation in shown.operations:
        yield from _operation(operation, width, when)
    if shown.holds:
        yield from _headed(f"Held ({len(shown.holds)})", width)
        for hold in shown.holds:
            yield from _hold(hold, width, when)
    if shown.uses:
        yield from _headed("Used by", width)
        yield SheetLine(clip(", ".join(map(_use, shown.uses)), width))
    yield from _headed("History, newest first", width)
    for row in shown.history:
        at = f"{when(row.at)}  {clean(row.actor)}: "
        for place, part in enumerate(wrap(f"{at}{_short(row.text, shown.sides)}", width - 2)):
            yield SheetLine(part if place == 0 else f"  {part}", "", _history_stop(row))


def _short(text: str, sides: Sequence[SideShown]) -> str:
    """Without the ids that the head of the screen has."""
    for side in sides:
        text = text.replace(side.ref, side.system)
    return text


def _headed(title: str, width: int) -> Iterator[SheetLine]:
    yield SheetLine("")
    yield SheetLine(rule(title, width, "-"), "bold")


def _use(use: UseShown) -> str:
    return f"{use.count:,} {noun(use.kind) if use.count == 1 else nouns(use.kind)}"


def _operation(operation: OperationShown, width: int, when: When) -> Iterator[SheetLine]:
    stop = _operation_stop(operation)

    def line(text: str, style: str = "") -> SheetLine:
        return SheetLine(clip(text, width), style, stop)

    where = operation.ref or "(new there)"
    yield line(f"{act_text(operation).upper()}  {where}", "bold")
    yield line(f"  digest {operation.digest[:SHORT]}   {_state(operation, when)}")
    if operation.text:
        for part in wrap(f"why it waits: {operation.text}", width - 2):
            yield line(f"  {part}")
    if operation.total_before is not None or operation.total_after is not None:
        before = operation.total_before or "(none)"
        after = operation.total_after or "(none)"
        yield line(f"  total {before} -> {after} {operation.currency}".rstrip())
    if operation.needs:
        yield line(f"  goes after {plural(len(operation.needs), 'other change')}")
    for change in operation.changes[:MOST_CHANGES]:
        before, after = shown_text(change.before), shown_text(change.after)
        trace = f"   [{change.trace}]" if change.trace else ""
        yield line(f"  {noun(change.field)}: {before} -> {after}{trace}")
    more = len(operation.changes) - MOST_CHANGES
    if more > 0:
        yield line(f"  and {plural(more, 'more change')}: enter shows all")


def _state(operation: OperationShown, when: When) -> str:
    since = f" since {when(operation.at)}" if operation.at else ""
    return f"{_needs(operation)}{since}"


def _needs(operation: OperationShown) -> str:
    """What has to happen before it is sent."""
    if operation.reason == "skipped":
        return "set aside, r takes it up"
    reason = f" ({wait_words(operation.reason)})" if operation.reason else ""
    words = {
        "waiting": "waits for a yes",
        "planned": "goes by itself",
        "approved": "approved, u takes it back",
        "sending": "is being sent",
        "unknown": "the reply was lost: it is looked up before anything is sent again",
    }
    return f"{words.get(operation.state, operation.state)}{reason}"


def _hold(hold: HoldShown, width: int, when: When) -> Iterator[SheetLine]:
    stop = _hold_stop(hold)
    mark = "=" if hold.skipped else "!" if hold.conflict or hold.candidates else "?"
    style = "dim" if hold.skipped else "bold"
    for place, part in enumerate(wrap(f"{hold_words(hold.code)}: {hold.text}", width - 2)):
        yield SheetLine(f"{mark if place == 0 else ' '} {part}", style, stop)
    if hold.cure:
        for part in wrap(f"what helps: {hold.cure}", width - 4, CURE_LINES):
            yield SheetLine(f"    {part}", "", stop)
    since = f"    since {when(hold.since)}" if hold.since else ""
    if hold.skipped:
        since += f"   set aside{end_text(hold.until)}: {hold.skipped}"
    if since:
        yield SheetLine(clip(since, width), "", stop)
    for candidate in hold.candidates:
        told = f"candidate {candidate.ref}  {candidate.label}: {candidate.evidence}"
        for place, part in enumerate(wrap(told, width - 6)):
            text = f"    {'+' if place == 0 else ' '} {part}"
            yield SheetLine(text, "green", _candidate_stop(candidate))


def opened(spot: Spot, shown: RecordAnswer, when: When) -> tuple[str, list[str]]:
    """Title and text of what enter opens: everything in full."""
    systems = systems_of(shown.fields, [side.system for side in shown.sides])
    match spot:
        case FieldShown():
            return noun(spot.field), whole_field(spot, systems)
        case OperationShown():
            return act_text(spot), _whole_operation(spot, when)
        case HoldShown():
            return hold_words(spot.code), _whole_hold(spot, when)
        case Candidate(candidate=one):
            told = [f"Ref       {one.ref}", f"Name      {one.label}", "", "Evidence"]
            told += [*chunks(one.evidence), "", "l says that it is this record, d that it is not."]
            return "Candidate", told
        case HistoryRowShown():
            told = [f"At        {when(spot.at)}", f"By        {spot.actor}"]
            told += [f"Cycle     {spot.cycle}"] if spot.cycle else []
            return f"Ledger entry {spot.seq}: {spot.entry}", [*told, "", *chunks(spot.text)]


def _whole_operation(operation: OperationShown, when: When) -> list[str]:
    told = [
        f"Digest    {operation.digest}",
        f"State     {_state(operation, when)}",
        f"Ref       {operation.ref or '(new there)'}",
        f"Why       {operation.why}",
        f"Waits     {operation.text}",
    ]
    for change in operation.changes:
        told += ["", f"{noun(change.field)}   [{change.trace}]", "  before"]
        told += [*chunks(change.before), "  after", *chunks(change.after)]
    return told


def request_lines(answer: RequestAnswer) -> list[str]:
    """The request itself, as it would leave now."""
    if answer.text:
        return ["", f"Request: {answer.text}"]
    batch = "   (may leave with others in one batch)" if answer.batched else ""
    return ["", f"{answer.method} {answer.path}{batch}", *chunks(answer.body)]


def _whole_hold(hold: HoldShown, when: When) -> list[str]:
    told = [hold.text, "", "What helps", *chunks(hold.cure), "", f"Since     {when(hold.since)}"]
    if hold.skipped:
        told.append(f"Set aside{end_text(hold.until)} {hold.skipped}")
    for name, value in hold.sides.items():
        told += ["", f"{name} shows of {noun(hold.field)}", *chunks(value)]
    for conflict in hold.conflict:
        told += ["", noun(conflict.field), "  last agreed"]
        told += [f"    {name}: {shown_text(value)}" for name, value in conflict.base.items()]
        told += ["  now"]
        told += [f"    {name}: {shown_text(value)}" for name, value in conflict.values.items()]
    return told


def candidates(shown: RecordAnswer) -> Sequence[Candidate]:
    """Those that are not part of it already: a hold stays until the next cycle."""
    known = {side.ref for side in shown.sides}
    found = (one for one in spots(shown).values() if isinstance(one, Candidate))
    return [one for one in found if one.candidate.ref not in known]
