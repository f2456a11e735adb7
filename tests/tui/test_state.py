"""What is known of the daemon, from what was heard: plain values in, plain words out."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from daemon.control.protocol import StatusAnswer, SystemShown
from daemon.control.protocol_live import (
    AliveEvent,
    CycleEvent,
    PulseEvent,
    ResyncEvent,
    Role,
    WhoAnswer,
    WorkShown,
)
from daemon.control.protocol_state import CycleShown
from daemon.control.protocol_valves import ClosedShown, PauseShown
from tui.state import (
    Connection,
    EventHeard,
    Heard,
    LinkLost,
    Seen,
    State,
    StatusRead,
    WhoRead,
    banner,
    counts,
    fold,
    header,
    refusal,
    stale,
    verdict,
)

NOW = datetime(2026, 8, 14, 9, 41, tzinfo=UTC)
CYCLE = CycleShown(cycle="c-1", reason="poll", started_at="", ended_at=NOW.isoformat())
ALL = ("approve", "skip", "send", "cycle", "pause", "resume")


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def status(**changes: object) -> StatusAnswer:
    systems = (SystemShown(system="qbo", link="connected", environment="sandbox"),)
    given = {
        "as_of": NOW,
        "schema": "trueup.control/1",
        "instance": "acme",
        "company": "Acme [REV B]",
        "version": "0",
        "head": 7,
        "systems": systems,
        "counts": (),
        "operations": {},
        "holds": {},
        "dirty": 0,
        "open_intents": 0,
        "first_plan_approved": True,
        "last_cycle": CYCLE,
        **changes,
    }
    return msgspec.convert(given, StatusAnswer)


def who(*may: str, role: Role = Role.ADMIN) -> WhoRead:
    told = {"as_of": NOW, "uid": 1004, "name": "mira", "role": role, "single_user": False}
    return WhoRead(msgspec.convert({**told, "may": may or ALL}, WhoAnswer))


def pulse(head: int = 7, **changes: object) -> PulseEvent:
    told = {"drift": 412, "conflicts": 3, "waiting": 34, "questions": 5, "paused": False}
    basis = {"run": "r", "number": 1, "at": "", "head": head, "work": WorkShown()}
    return msgspec.convert({**basis, **told, **changes}, PulseEvent)


def after(*heard: Heard, read_only: bool = False) -> State:
    state = State(read_only=read_only)
    for one in heard:
        state = fold(state, one)
    return state


LIVE = after(who(), StatusRead(status(), NOW), EventHeard(pulse(), NOW))


def test_nothing_is_known_before_anything_was_heard() -> None:
    state = State()
    assert header(state, NOW).company == "(no daemon)"
    assert header(state, NOW).age == "connecting"
    assert counts(state).drift is None
    assert banner(state, NOW) == ""
    assert verdict(state).startswith("UNKNOWN")
    assert "not connected" in refusal(state, "approve", NOW)


def test_the_header_says_company_environment_mode_user_and_age() -> None:
    words = header(LIVE, later(2))
    assert (words.company, words.environment, words.mode) == ("Acme [REV B]", "SANDBOX", "RW")
    assert (words.user, words.age) == ("mira (admin)", "live, 2s ago")


def test_one_system_in_production_makes_the_company_one() -> None:
    systems = (
        SystemShown(system="dear", link="connected", environment="sandbox"),
        SystemShown(system="qbo", link="connected", environment="production"),
    )
    state = after(StatusRead(status(systems=systems), NOW))
    assert header(state, NOW).environment == "*PRODUCTION*"


def test_views_read_anew_only_when_something_changed() -> None:
    state = LIVE
    for heard in (
        EventHeard(pulse(), later(1)),
        StatusRead(status(), later(1)),
        EventHeard(AliveEvent(run="r", number=2, at=""), later(5)),
    ):
        assert fold(state, heard).changes == state.changes
    for moved in (
        EventHeard(pulse(head=8), later(1)),
        EventHeard(pulse(paused=True), later(1)),
        StatusRead(status(head=8), later(1)),
        EventHeard(ResyncEvent(run="s", number=1, at=""), later(1)),
        EventHeard(CycleEvent(run="r", number=3, at="", report=CYCLE), later(1)),
    ):
        assert fold(state, moved).changes == state.changes + 1


def test_a_lost_daemon_says_so_with_the_cure_and_keeps_what_was_known() -> None:
    lost = LinkLost(later(10), "no daemon is listening", "start it with: trueup run")
    state = fold(fold(LIVE, lost), LinkLost(later(15), "no daemon is listening"))
    assert state.connection is Connection.LOST
    assert header(state, later(22)).age == "LOST 12s"
    assert counts(state).drift == 412
    assert banner(fold(LIVE, lost), later(22)) == (
        "DAEMON LOST 12s: no daemon is listening; start it with: trueup run"
    )
    assert "the daemon is gone" in refusal(state, "approve", later(22))
    back = fold(state, StatusRead(status(), later(30)))
    assert back.connection is Connection.LIVE
    assert back.changes > state.changes
    assert banner(back, later(30)) == ""


def test_a_daemon_that_never_answered_is_not_lost_but_absent() -> None:
    state = after(LinkLost(NOW, "no daemon is listening", "start it"))
    assert state.connection is Connection.CONNECTING
    assert banner(state, later(4)).startswith("NO DAEMON 4s")


@pytest.mark.parametrize(
    ("state", "act", "why"),
    [
        (LIVE, "approve", ""),
        (after(StatusRead(status(), NOW)), "approve", ""),
        (after(who(), StatusRead(status(), NOW), read_only=True), "approve", "read-only"),
        (after(who("skip", role=Role.OPERATOR), StatusRead(status(), NOW)), "send", "operator"),
    ],
)
def test_an_act_is_refused_with_its_reason(state: State, act: str, why: str) -> None:
    told = refusal(state, act, NOW)
    assert bool(told) == bool(why)
    assert why in told


def test_a_viewer_and_a_read_only_session_look_read_only() -> None:
    viewer = WhoRead(msgspec.structs.replace(who().who, may=(), role=Role.VIEWER))
    assert header(after(viewer, StatusRead(status(), NOW)), NOW).mode == "RO"
    assert header(after(who(), StatusRead(status(), NOW), read_only=True), NOW).mode == "RO"


def test_what_is_too_old_decides_nothing() -> None:
    assert not stale(LIVE, later(9))
    assert stale(LIVE, later(11))
    assert header(LIVE, later(11)).age == "STALE, 11s ago"
    assert "too old" in refusal(LIVE, "approve", later(11))


def test_a_view_that_missed_a_change_decides_nothing() -> None:
    current = fold(LIVE, EventHeard(pulse(head=9), later(60)))
    assert refusal(current, "approve", later(60), Seen(later(1), current.changes)) == ""
    missed = Seen(later(1), current.changes - 1)
    assert "R reads it anew" in refusal(current, "approve", later(60), missed)
    just_now = Seen(later(59), current.changes - 1)
    assert refusal(current, "approve", later(60), just_now) == ""


def test_pauses_and_the_calendar_stop_what_writes_at_once() -> None:
    whole = PauseShown(system="", kind="", reason="month-end", by="jon", since="")
    part = PauseShown(system="qbo", kind="bill", reason="checking", by="jon", since="")
    paused = after(who(), StatusRead(status(pauses=(whole, part)), NOW))
    assert "p resumes" in refusal(paused, "send", NOW)
    assert refusal(paused, "approve", NOW) == ""
    assert banner(paused, NOW) == "PAUSED everything and 1 more by jon: month-end"
    partly = after(who(), StatusRead(status(pauses=(part,)), NOW))
    assert banner(partly, NOW) == "PAUSED qbo bill by jon: checking"
    assert refusal(partly, "send", NOW) == ""
    closed = ClosedShown(reason="frozen", text="frozen until Monday")
    shut = after(who(), StatusRead(status(closed=closed), NOW))
    assert "frozen until Monday" in refusal(shut, "send", NOW)
    assert "frozen until Monday" in banner(shut, NOW)


def test_a_configuration_that_is_not_in_force_comes_before_a_pause() -> None:
    pause = PauseShown(system="", kind="", reason="x", by="jon", since="")
    told = status(config_problems=("names: must be hold",), pauses=(pause,))
    assert "names: must be hold" in banner(after(StatusRead(told, NOW)), NOW)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "IN AGREEMENT"),
        ({"last_cycle": None}, "STARTING"),
        ({"systems": (SystemShown(system="qbo", link="reauth_needed"),)}, "NOT COMPARED: qbo is"),
        ({"operations": {"waiting": 1}}, "NEEDS A PERSON: 1 change to approve"),
        ({"holds": {"conflict": 3}}, "NEEDS A PERSON: 3 questions held"),
        ({"operations": {"waiting": 2}, "waiting": {"paused": 2}}, "STOPPED: 2"),
        ({"operations": {"planned": 2}}, "WORKING"),
        ({"holds": {"conflict": 1}, "skipped_holds": 1}, "NOT EQUAL: 1 set aside"),
    ],
)
def test_the_verdict_is_one_word_first(changes: dict[str, object], said: str) -> None:
    assert verdict(after(StatusRead(status(**changes), NOW))).startswith(said)


def test_a_daemon_without_events_still_counts_its_queue() -> None:
    told = status(operations={"waiting": 30, "planned": 4}, holds={"conflict": 2})
    known = counts(after(StatusRead(told, NOW)))
    assert (known.drift, known.queue, known.conflicts) == (None, 34, 2)
    known = counts(fold(after(StatusRead(told, NOW)), EventHeard(pulse(), NOW)))
    assert (known.drift, known.queue, known.conflicts) == (412, 34, 3)
