"""What a person should hear of, from what was seen. Pure.

A matter stands or does not, and has a count; it never has a name, an id or an amount of a record.
"""

from datetime import timedelta

import msgspec

from daemon.observe.seen import Books, Seen, SystemSeen, instant

CYCLES = 3
"""So many intervals without a whole cycle are too many ..."""
LEAST_STALE = timedelta(minutes=15)
"""... and so long at least: a first load or a big plan takes its time."""
DOWN_FOR = timedelta(minutes=15)
"""A system that is back sooner is nobody's matter."""
LOGIN_ENDS_WITHIN = timedelta(days=45)
BACKUPS_LATE = 2
"""So many intervals without a copy are too many."""


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that needs somebody."""

    name: str
    count: int
    words: str
    """What it is, with its count."""
    command: str
    """What to type first."""


def matters(seen: Seen) -> dict[str, Matter]:
    """Everything that stands now, by name."""
    found = (*_of_work(seen), *_of_systems(seen), *_of_care(seen))
    return {one.name: one for one in found if one.count}


def is_heard(seen: Seen) -> bool:
    """Whether enough was seen since the start to say that something is over."""
    return sum(seen.cycles[:2]) > 0 and seen.books.head >= 0


def is_stale(seen: Seen) -> bool:
    """No whole cycle for too long."""
    limit = max(LEAST_STALE, timedelta(seconds=CYCLES * seen.interval_s))
    return seen.at - (seen.last_good or seen.started_at) > limit


def _of_work(seen: Seen) -> tuple[Matter, ...]:
    held = min(seen.guard_held, seen.books.waiting)
    return (
        Matter(
            name="needs_person",
            count=seen.books.waiting + seen.books.questions,
            words=_needs(seen.books),
            command="trueup status",
        ),
        Matter(
            name="guard_held",
            count=held,
            words=f"{_many(held, 'change')} stopped by a limit",
            command="trueup plan",
        ),
    )


def _needs(books: Books) -> str:
    parts = [(books.waiting, "change", "at the gate"), (books.questions, "question", "open")]
    return ", ".join(f"{_many(n, what)} {where}" for n, what, where in parts if n)


def _of_systems(seen: Seen) -> tuple[Matter, ...]:
    logins = [one.system for one in seen.systems if one.needs_login]
    down = [one.system for one in seen.systems if _is_down(one, seen)]
    ending = [one.system for one in seen.systems if _ends_soon(one, seen)]
    silent = seen.notices.missing
    return (
        Matter(
            name="auth_broken",
            count=len(logins),
            words=f"no access to {_list(logins)}: a person must let trueup in again",
            command="trueup status",
        ),
        Matter(
            name="login_ends",
            count=len(ending),
            words=f"the login of {_list(ending)} ends within {LOGIN_ENDS_WITHIN.days} days",
            command="trueup connect",
        ),
        Matter(
            name="system_down",
            count=len(down),
            words=f"{_list(down)} cannot be heard",
            command="trueup status",
        ),
        Matter(
            name="webhook_gap",
            count=len(silent),
            words=f"changes in {_list(silent)} come without notice",
            command="trueup status",
        ),
        Matter(
            name="cycle_stale",
            count=int(is_stale(seen)),
            words="no whole cycle for too long",
            command="trueup status",
        ),
    )


def _of_care(seen: Seen) -> tuple[Matter, ...]:
    return (
        Matter(
            name="reload_rejected",
            count=int(not seen.reloads.last_ok),
            words="the configuration on disk is refused, an earlier one is in force",
            command="trueup config check",
        ),
        Matter(
            name="ledger_damaged",
            count=int(bool(seen.books.damaged_at)),
            words="the ledger was found damaged",
            command="trueup ledger verify",
        ),
        Matter(
            name="ledger_unwritable",
            count=int(seen.ledger_refuses),
            words="the ledger cannot be written (mostly a full disk), so nothing is sent",
            command="trueup status",
        ),
        Matter(
            name="backup_stale",
            count=int(seen.backup_failed or _is_backup_late(seen)),
            words="the last backup of the ledger failed"
            if seen.backup_failed
            else "no backup of the ledger for too long",
            command="trueup ledger backup FILE",
        ),
    )


def _is_down(one: SystemSeen, seen: Seen) -> bool:
    if one.is_connected or one.needs_login or one.link.value in {"untried", "throttled"}:
        return False
    since = instant(one.since)
    return since is not None and seen.at - since > DOWN_FOR


def _ends_soon(one: SystemSeen, seen: Seen) -> bool:
    end = (one.login or {}).get("refresh_hard")
    return end is not None and end - seen.at < LOGIN_ENDS_WITHIN


def _is_backup_late(seen: Seen) -> bool:
    if seen.backup_every is None:
        return False
    last = max(
        instant(seen.books.backup_at) or seen.started_at, seen.started_at - seen.backup_every
    )
    return seen.at - last > BACKUPS_LATE * seen.backup_every


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _list(names: "list[str] | tuple[str, ...]") -> str:
    return " and ".join(names)
