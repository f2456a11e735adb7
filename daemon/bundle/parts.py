"""What goes into a bundle: parts made from what daemon, configuration and machine tell. Pure.

Takes single fields out of answers, and never an answer whole: a field that an answer gets later
must not find its way into a bundle by itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from daemon.bundle.configured import Key
from daemon.bundle.packing import Part, as_json, as_lines
from daemon.control.protocol import StatusAnswer
from daemon.control.protocol_live import HealthAnswer
from daemon.control.protocol_support import ErrorShown, LineShown, StoreShown, SupportAnswer

ABOUT = """\
A support bundle of trueup.

It holds versions, settings by sort, findings of the doctor by name, counts, states, metrics,
reasons to hold by code and pattern, and lines of the log, as far as they are the program's own
words and numbers. It holds no token and no secret, no name of a company, person, record, host,
user or folder, no e-mail address, amount or document number, and no id of a record.

Instants are UTC. A pattern such as rejected:k3v7ab can be looked up where the bundle was made:
trueup desk PATTERN.
"""
SLOW = (100, 300, 1_000, 3_000, 10_000)
"""Bounds in milliseconds by which calls are counted."""


def from_machine(
    *,
    versions: Mapping[str, str],
    files: Mapping[str, Any],
    keys: Sequence[Key] | None,
    checks: Iterable[tuple[str, str]],
) -> Iterator[Part]:
    """What needs no daemon. ``keys``: None when the configuration is not valid."""
    yield Part(name="README", about="what this is", content=ABOUT.encode())
    yield as_json("versions.json", "trueup, Python, system, libraries", versions)
    yield as_json(
        "config.json",
        "keys of the configuration: given or not, numbers, our words",
        keys if keys is not None else "not valid: trueup config check",
    )
    found = [{"name": name, "state": state} for name, state in checks]
    yield as_json("doctor.json", "what trueup doctor found, by name", found)
    yield as_json("files.json", "files by what they are for: size and mode", files)


def from_ledger(errors: Sequence[ErrorShown], store: StoreShown) -> Iterator[Part]:
    """What the ledger tells, by the daemon or read from the file."""
    yield as_json(
        "ledger.json",
        "formats of the ledger, and entries by type",
        {
            "schema_version": store.schema_version,
            "fold_version": store.fold_version,
            "head": store.head,
            "entries": store.entries,
        },
    )
    yield as_json(
        "errors.json",
        "what holds records: codes, patterns, counts",
        [
            {
                "pattern": one.pattern,
                "code": one.code,
                "system": one.system,
                "field": one.field,
                "refusal": one.refusal,
                "records": one.records,
                "set_aside": one.skipped,
                "oldest": one.oldest,
            }
            for one in errors
        ],
    )


def from_daemon(
    status: StatusAnswer, health: HealthAnswer, support: SupportAnswer
) -> Iterator[Part]:
    """What only a running daemon knows."""
    yield as_json("status.json", "states and counts", _status(status))
    yield as_json("health.json", "process, budgets, calls by kind and time", _health(health))
    cycles = [
        {
            "started_at": one.started_at,
            "ended_at": one.ended_at,
            "complete": one.complete,
            "counts": one.counts,
            "problems": one.problems,
        }
        for one in support.cycles
    ]
    yield as_lines("cycles.jsonl", "the newest cycles that did something", cycles)
    yield from from_log(support.log)
    yield Part(name="metrics.txt", about="all metrics", content=support.metrics.encode())


def from_log(lines: Sequence[LineShown]) -> Iterator[Part]:
    """Lines that the daemon remembers, or that systemd's journal has of it."""
    log = [
        {"at": o.at, "level": o.level, "logger": o.logger, "event": o.event, "fields": o.fields}
        for o in lines
    ]
    yield as_lines("log.jsonl", "the newest lines of the log: events, our words, numbers", log)


def _status(status: StatusAnswer) -> dict[str, Any]:
    return {
        "as_of": status.as_of.isoformat(),
        "version": status.version,
        "single_user": status.single_user,
        "head": status.head,
        "systems": [
            {
                "system": one.system,
                "link": one.link,
                "since": one.since,
                "last_observed": one.last_observed,
            }
            for one in status.systems
        ],
        "counts": [
            {
                "system": one.system,
                "kind": one.kind,
                "live": one.live,
                "inactive": one.inactive,
                "removed": one.removed,
                "unreadable": one.unreadable,
                "linked": one.linked,
            }
            for one in status.counts
        ],
        "operations": status.operations,
        "waiting": status.waiting,
        "holds": status.holds,
        "set_aside": status.skipped_by_code,
        "drift": status.drift_by_class,
        "dirty": status.dirty,
        "open_intents": status.open_intents,
        "first_plan_approved": status.first_plan_approved,
        "pauses": [
            {"system": one.system, "kind": one.kind, "since": one.since} for one in status.pauses
        ],
        "closed": status.closed.reason if status.closed is not None else "",
        "config_problems": len(status.config_problems),
        "documents": [{"kind": one.kind, "flow": one.flow} for one in status.documents],
    }


def _health(health: HealthAnswer) -> dict[str, Any]:
    return {
        "started_at": health.started_at,
        "ledger_bytes": health.ledger_bytes,
        "ledger_entries": health.ledger_entries,
        "loop_lag_ms": health.loop_lag_ms,
        "rss_bytes": health.rss_bytes,
        "backup_at": health.backup_at,
        "backup_failed": bool(health.backup_problem),
        "anchors_failed": len(health.anchor_problems),
        "verified_at": health.verified_at,
        "logins": [
            {
                "system": one.system,
                "access_until": one.access_until,
                "refresh_until": one.refresh_until,
                "hard_until": one.refresh_hard_until,
            }
            for one in health.tokens
        ],
        "budgets": [
            {"system": one.system, "name": one.name, "used": one.used, "limit": one.limit}
            for one in health.budgets
        ],
        "calls": _calls(health),
        "webhooks": [
            {"system": one.system, "good": one.good, "refused": one.refused, "missed": one.missed}
            for one in health.webhooks
        ],
    }


def _calls(health: HealthAnswer) -> list[dict[str, Any]]:
    """The newest calls by system, method and answer, and how many took how long at most."""
    groups: dict[tuple[str, str, int], list[int]] = {}
    for call in health.calls:
        groups.setdefault((call.system, call.method, call.status), []).append(call.ms)
    return [
        {
            "system": system,
            "method": method,
            "status": status,
            "calls": len(took),
            "ms": {str(bound): sum(ms <= bound for ms in took) for bound in SLOW},
            "slowest_ms": max(took),
        }
        for (system, method, status), took in sorted(groups.items())
    ]
