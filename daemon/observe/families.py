"""Every metric: its name, what it means, and the number. Pure: from what was seen to families.

Instants, not ages; every series is there from the first scrape on, with 0. Labels are bounded:
systems, classes, states, results and sorts of answers, and the company's short name on all. Fewer
than a hundred series for one company, however many records it has.
"""

from collections.abc import Iterator
from datetime import datetime

from daemon.connectors.calls import ANSWERS
from daemon.observe.exposition import Family, Sample, histogram
from daemon.observe.seen import Seen, instant
from ledger.model.drift import UNFINISHED, DriftClass
from ledger.store.views_figures import OUTCOMES


def families(seen: Seen) -> list[Family]:
    """All of them, always the same ones."""
    parts = (_process, _cycles, _systems, _drift, _actions, _calls, _logins, _notices, _care)
    return [family for part in parts for family in part(seen)]


def _process(seen: Seen) -> Iterator[Family]:
    yield _gauge("build_info", "The version that runs; always 1.", 1, version=seen.version)
    yield _at("start_time_seconds", "When this process began to serve.", seen.started_at)
    yield _gauge(
        "event_loop_lag_seconds",
        "The longest that the daemon stood still within the last minute.",
        seen.lag_s,
    )
    yield _gauge("memory_bytes", "Memory of the process that is in use.", seen.memory_bytes)
    yield _counter("internal_errors_total", "Requests that met a bug.", seen.bugs)
    yield _counter(
        "refused_attempts_total",
        "Attempts of people to do what they may not, as noted in the ledger.",
        seen.people_refused,
    )
    yield Family(
        "trueup_notifications_total",
        "counter",
        "Notifications to people, by what became of them.",
        [Sample(count, {"result": result}) for result, count in seen.told.items()],
    )


def _cycles(seen: Seen) -> Iterator[Family]:
    whole, partial, seconds = seen.cycles
    yield _at(
        "cycle_last_success_timestamp_seconds",
        "When a cycle that heard every system to its end was over; 0 = none since the start.",
        seen.last_good,
    )
    yield _gauge(
        "cycle_interval_seconds",
        "Pause between two cycles as it is now; longer than configured where reads are short.",
        seen.interval_s,
    )
    yield Family(
        "trueup_cycles_total",
        "counter",
        "Cycles by result: whole, or partial when a system could not be heard to the end.",
        [Sample(whole, {"result": "whole"}), Sample(partial, {"result": "partial"})],
    )
    yield Family(
        "trueup_cycle_duration_seconds",
        "summary",
        "How long cycles took.",
        [Sample(seconds, suffix="_sum"), Sample(whole + partial, suffix="_count")],
    )
    yield _gauge("paused", "1 while a person or a job has stopped writes.", seen.books.is_paused)
    yield _gauge(
        "first_plan_approved",
        "0 while the daemon only observes, until its first plan is approved.",
        seen.books.first_plan_approved,
    )


def _systems(seen: Seen) -> Iterator[Family]:
    each = [({"system": one.system}, one) for one in seen.systems]
    yield Family(
        "trueup_system_connected",
        "gauge",
        "1 while the system could be heard when it was asked last.",
        [Sample(one.is_connected, labels) for labels, one in each],
    )
    yield Family(
        "trueup_system_login_ok",
        "gauge",
        "0 when only a person can bring the connection back: authorise again, correct a secret.",
        [Sample(not one.needs_login, labels) for labels, one in each],
    )
    yield Family(
        "trueup_system_last_heard_timestamp_seconds",
        "gauge",
        "When the system was last read to the end; 0 = not since the start.",
        [Sample(_seconds(instant(one.last_heard)), labels) for labels, one in each],
    )
    yield Family(
        "trueup_system_clock_ahead_seconds",
        "gauge",
        "How far this machine's clock was before the system's at its last answer; below 0: behind.",
        [Sample(one.clock_ahead_s, labels) for labels, one in each],
    )


def _drift(seen: Seen) -> Iterator[Family]:
    books = seen.books
    yield Family(
        "trueup_drift_records",
        "gauge",
        "Records on which the systems differ, by what is the matter with them.",
        [Sample(books.drift.get(one, 0), {"class": one.value}) for one in DriftClass],
    )
    yield _at(
        "drift_oldest_timestamp_seconds",
        "Since when the oldest difference stands; 0 = there is none.",
        instant(books.drift_since),
    )
    yield _gauge(
        "conflicts", "Records about which a person has to decide (class conflict).", books.conflicts
    )
    yield _at(
        "conflict_oldest_timestamp_seconds",
        "Since when the oldest of them waits; 0 = there is none.",
        instant(books.conflict_since),
    )
    yield _gauge("questions", "Reasons to hold a record that nobody set aside.", books.questions)


def _actions(seen: Seen) -> Iterator[Family]:
    books = seen.books
    states = (*UNFINISHED, "unknown")
    yield Family(
        "trueup_actions",
        "gauge",
        "Operations that are not finished, by state; unknown = sent, and the reply is lost.",
        [Sample(books.unfinished.get(state, 0), {"state": state}) for state in states],
    )
    yield Family(
        "trueup_actions_total",
        "counter",
        "Writes by the system and by what came of them.",
        [
            Sample(
                seen.outcomes.get((one.system, result), 0), {"system": one.system, "result": result}
            )
            for one in seen.systems
            for result in OUTCOMES.values()
        ],
    )
    yield _at(
        "action_oldest_pending_timestamp_seconds",
        "Since when the oldest operation waits at the gate; 0 = none waits.",
        instant(books.waiting_since),
    )
    yield _gauge(
        "guard_held_actions",
        "Operations that a limit (mass change, money, numbers) stopped at the last cycle.",
        seen.guard_held,
    )


def _calls(seen: Seen) -> Iterator[Family]:
    yield Family(
        "trueup_api_requests_total",
        "counter",
        "Calls by sort of answer; none = no whole answer came.",
        [
            Sample(one.tally.answers[code], {"system": one.system, "code": code})
            for one in seen.systems
            for code in ANSWERS
        ],
    )
    yield Family(
        "trueup_api_request_duration_seconds",
        "histogram",
        "How long calls took, without the wait for the pace.",
        [
            sample
            for one in seen.systems
            for sample in histogram(
                one.tally.within, one.tally.calls, one.tally.seconds, {"system": one.system}
            )
        ],
    )
    yield Family(
        "trueup_api_throttled_total",
        "counter",
        "How often the system said that it was called too often.",
        [Sample(one.throttled, {"system": one.system}) for one in seen.systems],
    )
    metered = [(one.system, one.reads) for one in seen.systems]
    yield Family(
        "trueup_metered_reads",
        "gauge",
        "Metered reads of this calendar month (UTC).",
        [Sample(used, {"system": system}) for system, (used, _) in metered],
    )
    yield Family(
        "trueup_metered_reads_limit",
        "gauge",
        "How many this daemon may spend in a month; 0 = no limit is set.",
        [Sample(limit, {"system": system}) for system, (_, limit) in metered],
    )


def _logins(seen: Seen) -> Iterator[Family]:
    logins = [(one, one.login) for one in seen.systems if one.login is not None]
    yield Family(
        "trueup_oauth_expiry_timestamp_seconds",
        "gauge",
        "When a login ends: access and refresh are renewed, refresh_hard needs a person; 0 = not "
        "known.",
        [
            Sample(_seconds(end), {"system": one.system, "kind": kind})
            for one, login in logins
            for kind, end in login.items()
        ],
    )
    yield Family(
        "trueup_oauth_refresh_failures_total",
        "counter",
        "Renewals of a login that brought no token.",
        [Sample(one.tally.logins_failed, {"system": one.system}) for one, _ in logins],
    )


def _notices(seen: Seen) -> Iterator[Family]:
    yield Family(
        "trueup_webhooks_total",
        "counter",
        "Notices that came, by result.",
        [Sample(count, {"result": result}) for result, count in seen.notices.by_result.items()],
    )
    yield Family(
        "trueup_webhook_missed_total",
        "counter",
        "Changes that were found by looking and of which no notice came in time.",
        [
            Sample(seen.notices.missed.get(one.system, 0), {"system": one.system})
            for one in seen.systems
        ],
    )


def _care(seen: Seen) -> Iterator[Family]:
    books, reloads = seen.books, seen.reloads
    yield _gauge(
        "config_last_reload_successful",
        "0 while the file on disk is refused and an earlier one is in force.",
        reloads.last_ok,
    )
    yield _at(
        "config_last_reload_success_timestamp_seconds",
        "When the configuration in force was read.",
        reloads.last_good_at,
    )
    yield _counter("config_refused_total", "Files that were refused.", reloads.refused)
    yield _gauge(
        "config_restart_pending",
        "1 while a changed section waits for a restart.",
        reloads.restart_pending,
    )
    yield _counter("ledger_entries_total", "Entries of the journal, since ever.", books.head)
    yield _gauge("ledger_bytes", "Size of the ledger on disk.", seen.ledger_bytes)
    yield _gauge(
        "ledger_open",
        "1 while the ledger answers; the other numbers then are current.",
        seen.ledger_answers,
    )
    yield _gauge(
        "ledger_verify_ok",
        "0 once the journal was found damaged, until it is found sound again.",
        not books.damaged_at,
    )
    yield _at(
        "ledger_verify_last_success_timestamp_seconds",
        "When the whole journal was last found sound; 0 = never.",
        instant(books.verified_at),
    )
    yield _at(
        "backup_last_success_timestamp_seconds",
        "When a proved copy of the ledger was last made; 0 = never.",
        instant(books.backup_at),
    )
    every = seen.backup_every.total_seconds() if seen.backup_every is not None else 0
    yield _gauge("backup_interval_seconds", "How often copies are to be made; 0 = none are.", every)


def _gauge(name: str, text: str, value: float, **labels: str) -> Family:
    return Family(f"trueup_{name}", "gauge", text, [Sample(value, labels)])


def _counter(name: str, text: str, value: float) -> Family:
    return Family(f"trueup_{name}", "counter", text, [Sample(value)])


def _at(name: str, text: str, at: datetime | None) -> Family:
    return _gauge(name, text, _seconds(at))


def _seconds(at: datetime | None) -> float:
    return 0.0 if at is None else at.timestamp()
