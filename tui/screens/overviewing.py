"""What the overview says of a state: facts in lines, and what needs a person. Pure."""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from daemon.control.protocol import StatusAnswer
from daemon.control.protocol_drift import DriftAnswer
from daemon.control.protocol_valves import DeskAnswer
from daemon.control.text import plural
from ledger.model.codes import DECISIONS
from tui.address import Address
from tui.screens.drifting import sums_text
from tui.state import State, fine, verdict
from tui.times import instant, since

NAME = 14
"""Width of the names of facts."""
MOST_NEEDS = 50


class Looked(msgspec.Struct, frozen=True):
    """What was asked beside the state."""

    drift: DriftAnswer | None = None
    oldest: str = ""
    """Since when the oldest open change is open."""


class Need(msgspec.Struct, frozen=True):
    """One thing that waits for a person."""

    glyph: str
    text: str
    ways: tuple[Address, ...] = ()
    """Views where it can be met, the best first."""
    cures: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f"-> {self.ways[0].view}" if self.ways else ""


def facts_lines(
    state: State,
    seen: Looked,
    now: datetime,
    when: Callable[[str], str],
    *,
    wide: bool,
) -> list[str]:
    """One fact a line: is it running, is it equal, how far is it."""
    status = state.status
    if status is None:
        return [_fact("State", verdict(state))]
    return [_fact(name, text) for name, text in _facts(state, status, seen, now, when, wide)]


def _fact(name: str, text: str) -> str:
    return f" {name:<{NAME}} {text}"


def _facts(
    state: State,
    status: StatusAnswer,
    seen: Looked,
    now: datetime,
    when: Callable[[str], str],
    wide: bool,
) -> Iterator[tuple[str, str]]:
    if state.then is not None:
        yield "As of", f"{when(state.then.asked)}, after entry {state.then.seq:,}"
        yield "Drift", _drift(seen.drift, state)
        yield "Pending", _pending(status, seen.oldest, now)
        held = f"{plural(status.questions, 'question')}, {status.skipped_holds:,} set aside"
        yield "Held", held
        return
    yield "State", verdict(state)
    yield (
        "Systems",
        ", ".join(f"{system.system} {system.link.replace('_', ' ')}" for system in status.systems),
    )
    yield "Last cycle", _last_cycle(status, now, when, wide)
    yield "Work", _work(state, now)
    yield "Drift", _drift(seen.drift, state)
    yield "Pending", _pending(status, seen.oldest, now)
    conflicts = state.pulse.conflicts if state.pulse is not None else None
    told = f"{conflicts:,} conflicts, " if conflicts is not None else ""
    yield (
        "Held",
        f"{told}{plural(status.questions, 'question')}, {status.skipped_holds:,} set aside",
    )
    cycle = status.last_cycle
    failed = cycle.rejected if cycle is not None else 0
    yield "Failed", f"{failed:,} refused in the last cycle, {status.open_intents:,} ends unknown"
    if not status.first_plan_approved:
        yield "Observing", "nothing is written before the first plan is approved"


def _last_cycle(status: StatusAnswer, now: datetime, when: Callable[[str], str], wide: bool) -> str:
    cycle = status.last_cycle
    if cycle is None:
        return "none has ended yet"
    whole = "complete" if cycle.complete else "NOT COMPLETE"
    at = f" ({when(cycle.ended_at)})" if wide else ""
    return f"{since(cycle.ended_at, now)}{at}, {whole}"


def _work(state: State, now: datetime) -> str:
    if state.pulse is None:
        return "not told by this daemon"
    work = state.pulse.work
    if work.step == "idle":
        return f"idle, next cycle {since(work.next_at, now)}" if work.next_at else "idle"
    far = f" {work.done:,} of {work.of:,}" if work.of else ""
    return f"{work.step}{far}{f' ({work.reason})' if work.reason else ''}"


def _drift(drift: DriftAnswer | None, state: State) -> str:
    if drift is None:
        return f"{state.pulse.drift:,} records" if state.pulse is not None else "not known"
    if not drift.everything:
        return "none" if drift.complete else "none so far: not everything is compared"
    sums = f", {sums_text(drift.amounts)}" if drift.amounts else ""
    kinds = ", ".join(f"{count:,} {name}" for name, count in drift.by_class.items() if count)
    return f"{plural(drift.everything, 'record')}{sums} ({kinds})"


def _pending(status: StatusAnswer, oldest: str, now: datetime) -> str:
    total = sum(status.operations.values())
    if not total:
        return "no change waits"
    states = ", ".join(f"{count:,} {state}" for state, count in status.operations.items() if count)
    return f"{states}{f', oldest {since(oldest, now)}' if oldest else ''}"


def needs(state: State, desk: DeskAnswer | None) -> tuple[Need, ...]:
    """What waits for a person, what stops most first; at most fifty."""
    if state.status is None:
        return ()
    status = state.status
    if state.then is not None:
        return tuple(_decisions(status))  # systems and warnings are of today
    found = [*_systems(status), *_decisions(status), *_held(desk), *_warnings(status)]
    return tuple(found[:MOST_NEEDS])


def _systems(status: StatusAnswer) -> Iterator[Need]:
    health = (Address("health"),)
    for problem in status.config_problems:
        cures = ("trueup config check shows every problem of the file",)
        yield Need("!", f"configuration on disk is not in force: {problem}", health, cures)
    for system in status.systems:
        if not fine(system.link):
            text = f"{system.system}: {system.text or system.link.replace('_', ' ')}"
            yield Need("!", text, health, (system.cure,) if system.cure else ())


def _warnings(status: StatusAnswer) -> Iterator[Need]:
    for system in status.systems:
        for warning in system.warnings:
            cures = (warning.cure,) if warning.cure else ()
            yield Need("~", f"{system.system}: {warning.message}", (Address("health"),), cures)


def _decisions(status: StatusAnswer) -> Iterator[Need]:
    if status.to_approve:
        first = "" if status.first_plan_approved else " (the first plan)"
        yield Need(
            "~",
            f"{plural(status.to_approve, 'change')} to approve{first}",
            (Address("queue", query={"filter": "state:waiting"}), Address("drift")),
            ("trueup plan shows them; trueup approve says yes to exactly these",),
        )
    elif not status.first_plan_approved and status.last_cycle and status.last_cycle.complete:
        yield Need(
            "~",
            "the first plan is empty and not approved yet",
            (),
            ("trueup approve --all --expect-count 0",),
        )
    for pause in status.pauses:
        scope = " ".join(filter(None, (pause.system, pause.kind))) or "everything"
        at = f" since {pause.since[:16]}Z" if instant(pause.since) else ""
        text = f"{scope} is paused by {pause.by}{at}: {pause.reason}"
        yield Need("~", text, (Address("overview"),), ("p here, or trueup resume",))


def _held(desk: DeskAnswer | None) -> Iterator[Need]:
    for pattern in desk.patterns if desk is not None else ():
        left = pattern.records - pattern.skipped
        if left <= 0:
            continue
        query = {"filter": f"reason:{pattern.code}"}
        ways = [Address("drift", query=query)]
        if pattern.code in DECISIONS:
            ways.insert(0, Address("conflicts", query=query))
        sample = f" ({', '.join(pattern.sample[:3])})" if pattern.sample else ""
        text = f"{plural(left, 'record')}: {pattern.text}{sample}"
        cures = (pattern.cure, f"trueup desk {pattern.pattern} lists them")
        yield Need("!", text, tuple(ways), cures)
