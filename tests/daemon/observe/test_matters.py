"""What counts as something that needs somebody, and what does not."""

from datetime import timedelta
from typing import Any

import pytest

from daemon.config.observing import MATTERS
from daemon.cycle.report import Link
from daemon.observe.matters import is_heard, matters
from daemon.observe.seen import Books, Notices, Reloads
from tests.daemon.observe.support import NOW, a_look, a_system

WELL = a_look()
CASES: dict[str, dict[str, Any]] = {
    "needs_person": {"books": Books(head=1, unfinished={"waiting": 34}, questions=3)},
    "guard_held": {"books": Books(head=1, unfinished={"waiting": 40}), "guard_held": 40},
    "auth_broken": {"systems": (a_system(link=Link.REAUTH_NEEDED), a_system("dear"))},
    "login_ends": {
        "systems": (
            a_system(
                login={
                    "access": None,
                    "refresh": None,
                    "refresh_hard": NOW + timedelta(days=44),
                }
            ),
        )
    },
    "system_down": {"systems": (a_system("dear", link=Link.DOWN),)},
    "cycle_stale": {"last_good": NOW - timedelta(minutes=16)},
    "reload_rejected": {
        "reloads": Reloads(last_ok=False, last_good_at=NOW, refused=1, restart_pending=False)
    },
    "ledger_damaged": {"books": Books(head=1, damaged_at="2026-03-02T14:00:00+00:00")},
    "ledger_unwritable": {"ledger_refuses": True},
    "backup_stale": {
        "started_at": NOW - timedelta(days=9),
        "books": Books(head=1, backup_at="2026-02-28T14:00:00+00:00"),
    },
    "webhook_gap": {"notices": Notices(by_result={}, missed={"qbo": 2}, missing=("qbo",))},
}
NOT_YET: dict[str, dict[str, Any]] = {
    "system_down": {"systems": (a_system(link=Link.DOWN, since="2026-03-02T14:50:00Z"),)},
    "system_down, throttled": {"systems": (a_system(link=Link.THROTTLED),)},
    "system_down, untried": {"systems": (a_system(link=Link.UNTRIED, since=""),)},
    "cycle_stale": {"last_good": NOW - timedelta(minutes=14)},
    "cycle_stale, long pauses": {
        "last_good": NOW - timedelta(hours=2),
        "interval_s": 3600.0,
    },
    "cycle_stale, just begun": {"last_good": None, "started_at": NOW - timedelta(minutes=5)},
    "backup_stale, not wanted": {"backup_every": None, "started_at": NOW - timedelta(days=9)},
    "backup_stale, just begun": {"books": Books(head=1, backup_at="2026-01-01T00:00:00+00:00")},
    "login_ends": {
        "systems": (
            a_system(
                login={"access": NOW, "refresh": NOW, "refresh_hard": NOW + timedelta(days=46)}
            ),
        )
    },
}


def test_a_daemon_that_is_well_needs_nobody() -> None:
    assert matters(WELL) == {}


def test_every_word_of_the_configuration_has_a_case() -> None:
    assert set(CASES) == set(MATTERS)


@pytest.mark.parametrize("name", CASES)
def test_it_stands(name: str) -> None:
    found = matters(a_look(**CASES[name]))
    assert name in found
    assert found[name].command.startswith("trueup ")
    assert str(found[name].words)


@pytest.mark.parametrize("name", NOT_YET)
def test_it_does_not_stand_yet(name: str) -> None:
    assert matters(a_look(**NOT_YET[name])) == {}


def test_the_words_say_how_many() -> None:
    words = matters(a_look(**CASES["needs_person"]))["needs_person"].words
    assert words == "34 changes at the gate, 3 questions open"


def test_before_the_first_cycle_nothing_is_known_to_be_over() -> None:
    assert is_heard(WELL)
    assert not is_heard(a_look(cycles=(0, 0, 0.0)))
    assert not is_heard(a_look(books=Books()))
