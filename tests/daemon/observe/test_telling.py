"""When a receiver is told: once, grouped, not at night, and that it is over."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.observe.matters import Matter
from daemon.observe.telling import (
    OVER,
    SETTLE,
    Message,
    Position,
    Rule,
    delivered,
    is_quiet,
    step,
)
from tests.daemon.observe.support import NOW

RULE = Rule(
    id="r",
    instance="acme",
    on=frozenset({"needs_person", "auth_broken"}),
    group=timedelta(minutes=15),
    quiet=None,
    zone=ZoneInfo("America/Chicago"),
)
NIGHT = msgspec.structs.replace(RULE, quiet=(time(22), time(6)))
TICK = timedelta(seconds=10)


def standing(**counts: int) -> dict[str, Matter]:
    return {
        name: Matter(name=name, count=count, words=f"{count} {name}", command="trueup status")
        for name, count in counts.items()
        if count
    }


class Reader:
    """A receiver that gets everything at once, and time that passes."""

    def __init__(self, rule: Rule = RULE, now: datetime = NOW) -> None:
        self.rule = rule
        self.now = now
        self.position = Position()
        self.got: list[Message] = []

    def see(self, lasts: timedelta = TICK, *, heard: bool = True, **counts: int) -> list[Message]:
        """This stands for so long; what was told meanwhile."""
        before = len(self.got)
        end = self.now + lasts
        while self.now < end:
            self.position = step(
                self.position, standing(**counts), self.rule, self.now, heard=heard
            )
            if self.position.pending is not None:
                self.got.append(self.position.pending)
                self.position = delivered(self.position, self.now)
            self.now += TICK
        return self.got[before:]


def states(message: Message) -> dict[str, tuple[str, int]]:
    return {line.matter: (line.state, line.count) for line in message.matters}


HOUR = timedelta(hours=1)


def test_what_stands_is_told_once() -> None:
    reader = Reader()
    (message,) = reader.see(HOUR, needs_person=3)
    assert states(message) == {"needs_person": ("new", 3)}
    assert not message.resolved
    assert "trueup status" in message.text
    assert reader.see(24 * HOUR, needs_person=3) == []


def test_what_comes_together_goes_together() -> None:
    reader = Reader()
    assert reader.see(TICK, needs_person=1) == []
    (message,) = reader.see(HOUR, needs_person=40, auth_broken=1)
    assert states(message) == {"needs_person": ("new", 40), "auth_broken": ("new", 1)}


def test_a_thousand_records_are_one_message_in_each_group() -> None:
    reader = Reader()
    for count in range(1, 1001):
        reader.see(TICK, needs_person=count)
    hours = 1000 * TICK / HOUR
    assert 2 < len(reader.got) <= hours * 4 + 1
    gaps = [
        datetime.fromisoformat(b.at) - datetime.fromisoformat(a.at)
        for a, b in zip(reader.got, reader.got[1:], strict=False)
    ]
    assert min(gaps) >= RULE.group


def test_what_is_over_at_once_is_never_told() -> None:
    reader = Reader()
    reader.see(SETTLE - TICK, auth_broken=1)
    assert reader.see(HOUR) == []


def test_the_end_is_told_with_what_is_left() -> None:
    reader = Reader()
    reader.see(HOUR, needs_person=3, auth_broken=1)
    (message,) = reader.see(HOUR, needs_person=2)
    assert states(message) == {"needs_person": ("stands", 2), "auth_broken": ("over", 1)}
    assert not message.resolved
    (last,) = reader.see(HOUR)
    assert (last.resolved, OVER in last.text) == (True, True)
    assert reader.see(24 * HOUR) == []


def test_less_is_no_news_and_more_than_was_left_is() -> None:
    reader = Reader()
    reader.see(HOUR, needs_person=10)
    assert reader.see(HOUR, needs_person=2) == []
    (message,) = reader.see(HOUR, needs_person=5)
    assert states(message) == {"needs_person": ("more", 5)}


def test_matters_of_another_receiver_are_none_here() -> None:
    assert Reader().see(HOUR, backup_stale=1) == []


def test_after_a_start_nothing_is_called_over_before_it_was_looked_for() -> None:
    reader = Reader()
    reader.see(HOUR, auth_broken=1)
    assert reader.see(HOUR, heard=False) == []
    assert reader.see(HOUR, auth_broken=1) == []
    (message,) = reader.see(HOUR)
    assert message.resolved


def test_the_quiet_hours_are_those_of_the_company() -> None:
    zone = NIGHT.zone
    told = {
        hour: is_quiet(NIGHT, datetime(2026, 3, 2, hour, 30, tzinfo=zone)) for hour in range(24)
    }
    assert [hour for hour, quiet in told.items() if quiet] == [0, 1, 2, 3, 4, 5, 22, 23]
    # The clocks of Chicago go forward on the 8th: 06:00 there is an hour earlier in UTC.
    assert is_quiet(NIGHT, datetime.fromisoformat("2026-03-07T11:30:00+00:00"))
    assert not is_quiet(NIGHT, datetime.fromisoformat("2026-03-08T11:30:00+00:00"))


def test_a_night_ends_with_a_summary() -> None:
    begin = datetime(2026, 3, 2, 22, 0, tzinfo=NIGHT.zone)
    reader = Reader(NIGHT, begin)
    assert reader.see(HOUR, auth_broken=1) == []
    assert reader.see(HOUR, needs_person=7) == []
    assert reader.see(6 * HOUR - TICK, needs_person=4) == []
    (message,) = reader.see(HOUR, needs_person=4)
    assert message.summary
    assert states(message) == {"needs_person": ("new", 4), "auth_broken": ("passed", 1)}
    assert not message.resolved


def test_a_night_in_which_all_passed_ends_with_that() -> None:
    reader = Reader(NIGHT, datetime(2026, 3, 2, 22, 0, tzinfo=NIGHT.zone))
    reader.see(HOUR, auth_broken=1)
    (message,) = reader.see(10 * HOUR)
    assert (message.summary, message.resolved) == (True, True)
    assert reader.see(12 * HOUR) == []


def test_a_quiet_night_ends_without_a_word() -> None:
    reader = Reader(NIGHT, datetime(2026, 3, 2, 21, 0, tzinfo=NIGHT.zone))
    reader.see(timedelta(minutes=30), needs_person=4)
    assert reader.see(12 * HOUR, needs_person=4) == []


def test_a_message_under_way_waits_for_its_arrival_and_keeps_its_id() -> None:
    position, now = Position(), NOW
    for _ in range(10):
        position = step(position, standing(needs_person=1), RULE, now, heard=True)
        now += TICK
    first = position.pending
    assert first is not None
    again = msgspec.json.decode(msgspec.json.encode(position), type=Position)
    again = step(again, standing(needs_person=99), RULE, now + HOUR, heard=True)
    assert again.pending == first


def test_nobody_is_told_a_name() -> None:
    reader = Reader()
    (message,) = reader.see(HOUR, needs_person=3)
    assert set(msgspec.to_builtins(message)) == {
        *("schema", "id", "instance", "at", "resolved", "summary", "text", "matters")
    }


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(1, 200), st.integers(0, 3), st.integers(0, 3), st.booleans()),
        max_size=30,
    ),
    st.booleans(),
)
def test_whatever_happens_the_reader_ends_up_knowing_what_stands(
    life: list[tuple[int, int, int, bool]], sleeps: bool
) -> None:
    """Restarts included: the position goes through its bytes after every look."""
    reader = Reader(NIGHT if sleeps else RULE)
    for ticks, people, logins, restart in life:
        reader.see(ticks * TICK, needs_person=people, auth_broken=logins)
        if restart:
            kept = msgspec.json.encode(reader.position)
            reader.position = msgspec.json.decode(kept, type=Position)
    people, logins = life[-1][1:3] if life else (0, 0)
    for _ in range(180):
        reader.now += TICK * 59
        reader.see(TICK, needs_person=people, auth_broken=logins)
    known: dict[str, int] = {}
    for message in reader.got:
        known = {
            line.matter: line.count
            for line in message.matters
            if line.state not in {"over", "passed"}
        }
        assert message.resolved == (not known)
    assert set(known) == set(standing(needs_person=people, auth_broken=logins))
    assert len({message.id for message in reader.got}) == len(reader.got)
    if sleeps:
        assert not any(is_quiet(NIGHT, datetime.fromisoformat(m.at)) for m in reader.got)
