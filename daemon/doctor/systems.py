"""What a close look at the connected systems means for this configuration.

Pure: the look itself is ``control.examining``. Must not show a token, or more of a company's id
than its end.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from daemon.config.model import Config
from daemon.control.noticing import CLOCK_DOUBTFUL_S
from daemon.control.protocol_connect import ConnectionShown
from daemon.control.protocol_doctor import ExamineAnswer, SystemExamined
from daemon.doctor.check import Check, bad, ok, skipped, warn

CLOCK_WRONG_S = 300
LOGIN_ENDS_SOON = timedelta(days=30)
TOLD_APART = frozenset({"tracked_quantities", "native_link", "default_missing"})
"""Warnings of the connectors that a check of its own says better."""


def checks_of(answer: ExamineAnswer, config: Config, today: date) -> Iterator[Check]:
    """Every system, and how they fit together."""
    for one in answer.systems:
        yield from _system(one, config, today)
    calls = ", ".join(f"{one.connection.system} {one.calls}" for one in answer.systems)
    yield ok("calls that this took", calls)


def _system(one: SystemExamined, config: Config, today: date) -> Iterator[Check]:
    shown = one.connection
    yield _connection(shown)
    yield _clock(one)
    if not shown.connected:
        yield skipped(f"{shown.system} names and accounts", "the system cannot be asked")
        return
    yield from _login(shown, today)
    yield from _warnings(shown)
    yield _closed(one, today)
    for verdict in one.verdicts:
        state, cure = verdict.state, verdict.cure
        if verdict.name.endswith("items that count stock") and state == "warn":
            posts_too = config.dear is not None and config.dear.native_link == "connected"
            state = "bad" if posts_too else state
        yield Check(name=verdict.name, state=state, found=verdict.found, cure=cure)


def _connection(shown: ConnectionShown) -> Check:
    name = f"{shown.system} company"
    if shown.problem:
        return bad(name, shown.problem, shown.cure)
    environment = f", {shown.environment}" if shown.environment else ""
    plan = f", {shown.plan}" if shown.plan else ""
    found = f"{shown.company_name} {shown.company_id}{environment}{plan}, {shown.home_currency}"
    return ok(name, found)


def _clock(one: SystemExamined) -> Check:
    name = f"clock, by {one.connection.system}"
    ahead = one.clock_ahead_s
    if ahead is None:
        return skipped(name, "it told no time")
    way = "ahead of" if ahead > 0 else "behind"
    found = f"this machine is {abs(ahead)} s {way} it"
    cure = "set the clock: timedatectl set-ntp true (a daemon with --clock-scale runs ahead)"
    if abs(ahead) >= CLOCK_WRONG_S:
        return bad(name, found, cure)
    if abs(ahead) >= CLOCK_DOUBTFUL_S:
        return warn(name, found, cure)
    return ok(name, f"within {max(1, abs(ahead))} s")


def _login(shown: ConnectionShown, today: date) -> Iterator[Check]:
    login, name = shown.login, f"{shown.system} login"
    if login is None:
        return
    ends = [
        (datetime.fromisoformat(end).date(), words)
        for end, words in (
            (login.refresh_until, "unused, it ends"),
            (login.refresh_hard_until, "Intuit ends it whatever happens"),
        )
        if end
    ]
    if not ends:
        yield skipped(name, "its end was not told yet")
        return
    found = "; ".join(f"{words} on {day}" for day, words in ends)
    if min(day for day, _ in ends) - today < LOGIN_ENDS_SOON:
        yield warn(name, found, "trueup connect --reconnect")
    else:
        yield ok(name, found)


def _warnings(shown: ConnectionShown) -> Iterator[Check]:
    told = [one for one in shown.warnings if one.code not in TOLD_APART]
    for one in told:
        yield warn(f"{shown.system} {one.code.replace('_', ' ')}", one.message, one.cure)
    if not any(one.code == "feature_missing" for one in told) and shown.plan:
        yield ok(f"{shown.system} plan", f"{shown.plan} has what is configured")


def _closed(one: SystemExamined, today: date) -> Check:
    name = f"{one.connection.system} closed period"
    if not one.closed_until:
        return ok(name, "nothing is closed")
    if date.fromisoformat(one.closed_until) >= today:
        return warn(
            name,
            f"closed up to {one.closed_until}, which is not over yet: every document waits",
            "set the closing date back there, or wait",
        )
    return ok(name, f"closed up to {one.closed_until}; earlier documents are held")
