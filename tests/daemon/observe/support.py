"""What a daemon that has just begun shows, without one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from daemon.connectors.calls import CallTally
from daemon.cycle.report import Link
from daemon.observe.exposition import Family
from daemon.observe.families import families
from daemon.observe.seen import Books, Notices, Reloads, Seen, SystemSeen

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def a_system(name: str = "qbo", **changes: Any) -> SystemSeen:
    """A connection that is well."""
    one = SystemSeen(
        system=name,
        link=Link.CONNECTED,
        since="2026-03-02T14:00:00Z",
        last_heard="2026-03-02T14:59:00Z",
        throttled=0,
        tally=CallTally(),
        reads=(0, 0),
        login=dict.fromkeys(("access", "refresh", "refresh_hard")) if name == "qbo" else None,
    )
    return msgspec.structs.replace(one, **changes)


def a_look(**changes: Any) -> Seen:
    """A daemon that began an hour ago, has run cycles, and needs nobody."""
    seen = Seen(
        at=NOW,
        company="acme",
        version="1",
        started_at=NOW - timedelta(hours=1),
        books=Books(head=10),
        ledger_answers=True,
        ledger_bytes=4096,
        outcomes={},
        people_refused=0,
        systems=(a_system("qbo"), a_system("dear")),
        last_good=NOW,
        cycles=(60, 0, 12.5),
        interval_s=60.0,
        guard_held=0,
        backup_every=timedelta(hours=24),
        backup_failed=False,
        ledger_refuses=False,
        reloads=Reloads(last_ok=True, last_good_at=NOW, refused=0, restart_pending=False),
        notices=Notices(
            by_result=dict.fromkeys(("accepted", "duplicate", "other", "refused"), 0),
            missed={"qbo": 0, "dear": 0},
        ),
        lag_s=0.001,
        memory_bytes=10**8,
        bugs=0,
        told={"delivered": 0, "failed": 0},
    )
    return msgspec.structs.replace(seen, **changes)


def families_of_nothing() -> list[Family]:
    return families(a_look())
