"""``trueup ledger writes``: of one record every write, with who, when, why and by which rule.

Puts together what the ledger's entries say; asks the daemon and, where none runs, reads the file.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.completing import records
from daemon.cli.exits import Exit
from daemon.cli.offline import entries_of, life_of, told_by_daemon
from daemon.cli.out import answer_values, note, say
from daemon.cli.settings import json_option, shared_options
from daemon.cli.words import short
from daemon.control.text import clean

if TYPE_CHECKING:
    from daemon.control.protocol import HistoryRowShown

BY_ITSELF = "no rule asked for a person: it goes by itself"
MOST_CONFIGURATIONS = 1000
BRIEF = 12
"""Digits of a digest that tell it from others."""


@dataclass(frozen=True)
class Sent:
    """One operation that left for a system; instants are RFC 3339, ``""`` is not known."""

    operation: str
    what: str
    planned_at: str
    planned_seq: int
    rule: str = ""
    """Slug of the gate's rule; ``""``: none."""
    rule_text: str = BY_ITSELF
    approved_by: str = ""
    approved_at: str = ""
    approved_seq: int = 0
    reason: str = ""
    config: str = ""
    """Digest of the configuration in force when it left."""
    config_since: str = ""
    request: str = ""
    system: str = ""
    sent_at: str = ""
    sent_seq: int = 0
    end: str = "not known yet"
    end_at: str = ""
    end_seq: int = 0
    ref: str = ""
    trace: str = ""
    """The system's own id of the exchange (QuickBooks: intuit_tid)."""


@click.command("writes")
@click.argument("record", shell_complete=records)
@json_option
@shared_options
def writes(*, record: str, as_json: bool) -> int:
    """Every write to RECORD: who approved it, when, why, under which rule and configuration, and
    the id that QuickBooks gave the exchange (intuit_tid)."""
    from daemon.control.protocol_drift import TimelineQuery

    life = told_by_daemon(lambda daemon: daemon.history(record)) or life_of(record)
    query = TimelineQuery(filter="entry:ConfigApplied", limit=MOST_CONFIGURATIONS)
    rules = told_by_daemon(lambda daemon: daemon.timeline(query)) or entries_of(query)
    found = sent(life.rows, rules.rows)
    if as_json:
        as_of = life.as_of.isoformat()
        rows = [asdict(one) for one in found]
        answer_values(
            "trueup.writes/1", as_of=as_of, record=life.record, label=life.label, writes=rows
        )
        return Exit.DONE
    say(f"{clean(life.label)}  {life.record}  {'  '.join(map(clean, life.refs))}")
    for one in found:
        _print(one, life.refs)
    if not found:
        note("nothing was ever sent for it; next: trueup ledger history shows what happened")
    return Exit.DONE


def sent(
    life: "Sequence[HistoryRowShown]", configurations: "Iterable[HistoryRowShown]"
) -> list[Sent]:
    """What left, oldest first. ``life``: entries about one record, oldest first."""
    found: dict[str, Sent] = {}
    digests: dict[str, str] = {}
    rules = sorted((row.seq, row.at, str(row.details["config"])) for row in configurations)
    for row in life:
        details: Mapping[str, Any] = row.details
        match row.entry:
            case "Planned":
                name = str(details["operation"])
                digests[name] = str(details["digest"])
                found[name] = Sent(
                    operation=name,
                    what=row.text.removeprefix("planned: "),
                    planned_at=row.at,
                    planned_seq=row.seq,
                )
            case "Approved":
                for name in [name for name in found if digests[name] in details["digests"]]:
                    found[name] = _approved(found[name], row)
            case "Intended":
                in_force = [rule for rule in rules if rule[0] < row.seq][-1:]
                for item in details["items"]:
                    if (name := str(item["operation"])) in found:
                        found[name] = _left(found[name], row, in_force)
            case "GateHeld" | "Confirmed" | "Rejected":
                if (name := str(details["operation"])) in found:
                    found[name] = _one(found[name], row)
            case _:
                pass
    return [one for one in found.values() if one.request]


def _approved(one: Sent, row: "HistoryRowShown") -> Sent:
    if one.request:
        return one  # it had left before
    if row.details.get("withdrawn"):
        return replace(one, approved_by="", approved_at="", approved_seq=0, reason="")
    return replace(
        one,
        approved_by=str(row.details["by"]),
        approved_at=row.at,
        approved_seq=row.seq,
        reason=str(row.details.get("note", "")),
    )


def _left(one: Sent, row: "HistoryRowShown", in_force: Sequence[tuple[int, str, str]]) -> Sent:
    changed = replace(
        one,
        request=str(row.details["request"]),
        system=str(row.details["system"]),
        sent_at=row.at,
        sent_seq=row.seq,
    )
    for _, since, config in in_force:
        changed = replace(changed, config=config, config_since=since)
    return changed


def _one(one: Sent, row: "HistoryRowShown") -> Sent:
    details = row.details
    if row.entry == "GateHeld":
        text = str(details.get("text") or "waits for a person")
        return replace(one, rule=str(details["reason"]), rule_text=text)
    ended = replace(one, end=row.text, end_at=row.at, end_seq=row.seq)
    if row.entry == "Rejected":
        return ended
    ref: Any = details["ref"]
    shown = f"{ref['system']}/{ref['kind']}/{ref['id']}" if isinstance(ref, dict) else str(ref)
    return replace(ended, ref=shown, trace=str(details.get("trace", "")))


def _print(one: Sent, refs: Sequence[str]) -> None:
    say(clean(f"{one.sent_at[:19]}Z  {short(one.what, refs)}"))
    rule = one.rule_text if not one.rule else f"{one.rule.replace('_', ' ')}: {one.rule_text}"
    approved = "by nobody: none was needed"
    if one.approved_by:
        why = f': "{one.reason}"' if one.reason else ", without a reason"
        when = f"{one.approved_at[:19]}Z, entry {one.approved_seq}"
        approved = f"by {one.approved_by}{why} ({when})"
    config = "not known"
    if one.config:
        config = f"{one.config[:BRIEF]}, in force since {one.config_since[:19]}Z"
    rows = (
        ("planned", f"{one.planned_at[:19]}Z, entry {one.planned_seq}"),
        ("rule", rule),
        ("approved", approved),
        ("config", config),
        ("sent", f"to {one.system} as request {one.request}, entry {one.sent_seq}"),
        ("end", f"{one.end} ({one.end_at[:19]}Z, entry {one.end_seq})" if one.end_seq else one.end),
        ("trace", one.trace or "none was given"),
    )
    for name, text in rows:
        say(clean(f"    {name:<9} {text}"))
