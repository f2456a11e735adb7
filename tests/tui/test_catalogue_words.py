"""The words of the catalogue job and of the timeline, by plain asserts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from daemon.control.catalogue_words import options_text, plan_command
from daemon.control.protocol_catalogue import (
    CatalogueJobShown,
    CatalogueOptions,
    CataloguePlanShown,
    CatalogueRowShown,
)
from tui.screens.cataloguing import (
    TITLES,
    Pace,
    nothing_missing,
    of_clash,
    progress_text,
    step_lines,
    steps,
    warnings,
)
from tui.screens.timeline import Period, details, period

NOW = datetime(2026, 8, 14, 14, 41, tzinfo=UTC)
CHICAGO = ZoneInfo("America/Chicago")
STATES = (
    "opened",
    "frozen",
    "read",
    "sorted",
    "settled",
    "planned",
    "approved",
    "running",
    "paused",
    "verifying",
    "done",
    "aborted",
)


def job(state: str, **known: Any) -> CatalogueJobShown:
    plan = CataloguePlanShown(id="abcdefghijkl", acts={"create": 40}, calls=2, minutes=4)
    return CatalogueJobShown(job="catalogue-1", state=state, **{"plan": plan, **known})


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("width", [79, 119])
def test_one_step_at_most_is_under_way_and_every_line_fits(state: str, width: int) -> None:
    told = steps(job(state))
    assert [step.number for step in told] == list(range(1, len(TITLES) + 1))
    here = [step for step in told if step.mark not in {"done", "to come"}]
    assert len(here) == (0 if state == "done" else 1)
    for brief in (False, True):
        lines = step_lines(told, width, brief=brief)
        assert all(len(line) <= width for line in lines)
        assert len(lines) <= (3 if brief else 10)


def test_what_comes_before_the_step_under_way_is_done() -> None:
    told = steps(job("running", done=3, rows=40))
    assert [step.mark for step in told] == ["done"] * 6 + ["doing"] + ["to come"] * 3
    assert told[6].detail == "3 of 40 have their item"
    assert steps(job("paused"))[6].mark == "paused"


def test_the_pace_is_what_was_seen_and_forgets_what_was_before_a_pause() -> None:
    pace = Pace()
    pace.note(0.0, 0)
    assert pace.per_minute() == 0
    assert "about 4 minutes by the limits" in progress_text(job("running", rows=40), pace)
    pace.note(60.0, 10)
    assert pace.per_minute() == 10
    told = progress_text(job("running", rows=40, done=10), pace)
    assert "10 of 40  25%" in told
    assert "10 a minute, about 3 minutes left" in told
    pace.forget()
    assert pace.per_minute() == 0
    assert "minute" not in progress_text(job("paused", rows=40, done=10), pace)


def test_a_plan_says_what_a_person_has_to_know() -> None:
    plan = CataloguePlanShown(
        id="p", unknown=1, clashes=2, with_quantity=212, accounts_change=1, documents=27
    )
    told = list(warnings(plan))
    assert [line[0] for line in told] == ["?", "?", "!", "!", "!"]
    assert "opening balance equity" in told[2]
    assert nothing_missing(CataloguePlanShown(id="p", acts={"skip": 3}))
    assert not nothing_missing(CataloguePlanShown(id="p", acts={"clash": 1}))


def test_options_have_their_twin_on_the_command_line() -> None:
    options = CatalogueOptions(missing_only=True, only=("A", "B"), clashes="suffix")
    assert options_text(options) == "missing only, only A, B, clashes: suffix"
    assert plan_command(options) == (
        "trueup catalogue plan --missing-only --only A --only B --clashes suffix"
    )
    assert options_text(CatalogueOptions()) == "everything that is gone or inactive"


def test_an_answer_that_does_not_fit_is_asked_again() -> None:
    given = {"record": {"what": "reactivate", "by": "mira"}}
    asking = msgspec.convert(
        {"job": "catalogue-1", "state": "sorted", "answers": given}, CatalogueJobShown
    )
    row = CatalogueRowShown(sku="A", record="record", act="clash", why="taken", old="qbo/item/1")
    assert of_clash(row, asking).answer == "reactivate"
    unfit = msgspec.structs.replace(row, why="taken. Answers here: suffix, skip.")
    assert of_clash(unfit, asking).answer == ""
    assert [way for way, _ in of_clash(msgspec.structs.replace(row, old=""), asking).ways] == [
        "suffix",
        "skip",
    ]


@pytest.mark.parametrize(
    ("said", "since", "until"),
    [
        ("", None, None),
        ("today", datetime(2026, 8, 14, tzinfo=CHICAGO), None),
        ("24h", NOW - timedelta(days=1), None),
        ("2d", NOW - timedelta(days=2), None),
        (
            "2026-08-01..2026-08-03",
            datetime(2026, 8, 1, tzinfo=CHICAGO),
            datetime(2026, 8, 4, tzinfo=CHICAGO),
        ),
        (
            "2026-03-08",  # the clocks go forward: a day of 23 hours
            datetime(2026, 3, 8, tzinfo=CHICAGO),
            datetime(2026, 3, 9, tzinfo=CHICAGO),
        ),
        ("..2026-08-03", None, datetime(2026, 8, 4, tzinfo=CHICAGO)),
    ],
)
def test_a_period_is_whole_days_of_the_zone(
    said: str, since: datetime | None, until: datetime | None
) -> None:
    found = period(said, NOW, CHICAGO)
    for text, instant in ((found.since, since), (found.until, until)):
        assert (datetime.fromisoformat(text) if text else None) == instant


@pytest.mark.parametrize("said", ["soon", "2026-13-01", "2026-08-01..later", "1w"])
def test_a_period_that_says_nothing_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month"):
        period(said, NOW, UTC)
    assert period(" ", NOW, UTC) == Period()


def test_details_act_on_no_terminal() -> None:
    told = details({"name": "\x1b]52;c;AAAA\x07", "turned": "a\u202eb", "deep": {"list": [1, "]"]}})
    assert not any(ord(char) < 32 or char in "\u202e\x9b" for line in told for char in line)
    assert any("list" in line for line in told)
